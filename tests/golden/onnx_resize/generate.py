"""What ONNX's reference implementation makes of its operator Resize: cases in the format of ../README.md.

    pip install -r ../requirements.txt onnx==1.23.2
    python generate.py                  # writes onnx_resize.safetensors beside it

The inputs and outputs of ONNX's own node tests, test_resize_*, and of random calls. `options` are the operator's
attributes, with `sizes` or `scales`, `roi` and `axes`. Left out are calls whose answer hangs on the last bit of a place
(one that is all but an integer or a half), outputs of one element where a coordinate transformation has a rule of its
own for them, which the reference applies by the length before it is rounded down, and exclude_outside with mode nearest.
"""

import collections
import json
import pathlib
import random
import sys

import numpy as np
import onnx
from onnx.backend.test.case.node import collect_testcases
from onnx.reference import ReferenceEvaluator
from onnx.reference.ops.op_resize import _compute_x_ori

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from generate import safetensors  # noqa: E402

COORDINATES = ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"]
COORDINATES += ["tf_crop_and_resize"]
ROUNDINGS = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
TYPES = {np.dtype(np.float32): "F32", np.dtype(np.float64): "F64", np.dtype(np.int8): "I8", np.dtype(np.int32): "I32"}
Case = collections.namedtuple("Case", "name options input output")


def node_cases():
    for test in collect_testcases("Resize"):
        graph, node = test.model.graph, test.model.graph.node[0]
        options = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        options = {key: o.decode() if isinstance(o, bytes) else o for key, o in options.items()}
        for inputs, outputs in test.data_sets:
            named = dict(zip([value.name for value in graph.input], inputs))
            given = [named.get(name) for name in node.input]
            for key, value in zip(("roi", "scales", "sizes"), given[1:]):
                if value is not None and value.size:
                    options[key] = value.tolist()
            yield Case(test.name.removeprefix("test_resize_"), options, given[0], outputs[0])


def evaluated(x, options):
    attributes = {k: o for k, o in options.items() if k not in ("roi", "scales", "sizes")}
    names, feeds = ["X"], {"X": x}
    for key, dtype in (("roi", np.float64), ("scales", np.float32), ("sizes", np.int64)):
        names.append(key if key in options else "")
        if key in options:
            feeds[key] = np.array(options[key], dtype=dtype)
    node = onnx.helper.make_node("Resize", names, ["Y"], **attributes)

    def info(name, array):
        return onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)

    output = onnx.helper.make_tensor_value_info("Y", onnx.helper.np_dtype_to_tensor_dtype(x.dtype), None)
    graph = onnx.helper.make_graph([node], "resize", [info(name, feed) for name, feed in feeds.items()], [output])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 19)])
    return ReferenceEvaluator(model).run(None, feeds)[0]


def is_clear(x, options, output):
    axes = options.get("axes", list(range(x.ndim)))
    mode = options["coordinate_transformation_mode"]
    for i, axis in enumerate(axes):
        before, after = x.shape[axis], output.shape[axis]
        if after == 1 and mode in ("pytorch_half_pixel", "tf_crop_and_resize", "align_corners"):
            return False
        scale = float(np.float32(options["scales"][i])) if "scales" in options else after / before
        roi = [options["roi"][i], options["roi"][len(axes) + i]] if "roi" in options else None
        places, _ = _compute_x_ori(mode, np.arange(after) * 1.0, scale, before, scale * before, after, roi)
        distance = np.abs(places - np.round(2 * places) / 2)
        if np.any((distance > 0) & (distance < 1e-6)):
            return False
    return True


def drawn(seed):
    draw = random.Random(f"onnx_resize/{seed}")
    x = np.random.default_rng(seed).standard_normal([draw.randint(1, 5) for _ in range(draw.choice([1, 2, 3, 4, 4]))])
    dtype = draw.choice([np.float32, np.float32, np.float64, np.int8, np.int32])
    x = x.astype(dtype) if dtype in (np.float32, np.float64) else np.clip(np.round(60 * x), -128, 127).astype(dtype)
    axes = list(range(x.ndim))
    options = {"mode": draw.choice(["nearest", "linear", "cubic"])}
    options["coordinate_transformation_mode"] = draw.choice(COORDINATES)
    if draw.random() < 0.3 and x.ndim > 1:
        axes = options["axes"] = draw.sample(axes, 2)
    if options["mode"] == "nearest":
        options["nearest_mode"] = draw.choice(ROUNDINGS)
    else:
        options |= {"antialias": draw.randint(0, 1), "exclude_outside": draw.randint(0, 1)}
    if options["mode"] == "cubic":
        options["cubic_coeff_a"] = draw.choice([-0.75, -0.5])
    if options["coordinate_transformation_mode"] == "tf_crop_and_resize":
        begin, end = [draw.choice([0.0, 0.25, -0.25]) for _ in axes], [draw.choice([1.0, 1.25, 0.75]) for _ in axes]
        options |= {"roi": begin + end, "extrapolation_value": 10.0}
    if draw.random() < 0.5:
        options["sizes"] = [draw.choice([x.shape[a], draw.randint(1, 8)]) for a in axes]
    else:
        options["scales"] = [draw.choice([1.0, 2.0, 0.5, draw.uniform(0.5, 2.5)]) for _ in axes]
    return x, options


def random_cases():
    for seed in range(130):
        x, options = drawn(seed)
        axes = options.get("axes", range(x.ndim))
        if any(int(s * x.shape[a]) == 0 for s, a in zip(options.get("scales", []), axes)):
            continue
        output = evaluated(x, options)
        if 0 < output.size <= 120 and is_clear(x, options, output):
            yield Case(f"random_{seed:03}", options, x, output)


def main():
    keys, records = {}, []

    def key(array, wanted):
        return keys.setdefault((TYPES[array.dtype], array.shape, np.ascontiguousarray(array).tobytes()), wanted)

    for number, case in enumerate([*node_cases(), *random_cases()]):
        record = {"name": case.name, "op": "onnx_resize", "dtype": TYPES[case.input.dtype], "options": case.options}
        record["inputs"] = {"input": key(case.input, f"{number}.input")}
        record["outputs"] = {"output": key(case.output, f"{number}.output")}
        records.append(record)
    metadata = {"onnx": onnx.__version__, "recipe": __doc__.split("\n")[0], "cases": json.dumps(records)}
    content = safetensors(keys, metadata)
    pathlib.Path(__file__).with_name("onnx_resize.safetensors").write_bytes(content)
    print(len(records), "cases", len(content), "bytes")


if __name__ == "__main__":
    main()
