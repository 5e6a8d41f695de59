"""Average pooling, reductions, softmax, normalisations and linear: cases of generate.py, whose helpers are `g`."""

import math

import torch
import torch.nn.functional as F

F32, F64, I8, I32, I64 = torch.float32, torch.float64, torch.int8, torch.int32, torch.int64
FLOATS = (F32, F64)
aten = torch.ops.aten


def types_of(number):
    """float64 for every third case."""
    return FLOATS if number % 3 == 0 else (F32,)


# ---- average pooling


def run_avg_pool2d(
    inputs, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    output = F.avg_pool2d(
        inputs["input"], kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )
    return {"output": output}


def run_adaptive_avg_pool2d(inputs, output_size):
    return {"output": F.adaptive_avg_pool2d(inputs["input"], output_size)}


def run_avg_pool2d_backward(inputs, input_size, **options):
    x = torch.zeros(input_size, dtype=inputs["grad_output"].dtype)
    if "output_size" in options:
        return {"output": aten._adaptive_avg_pool2d_backward(inputs["grad_output"], x)}
    o = {"stride": options["kernel_size"], "padding": [0, 0], "ceil_mode": False} | options
    arguments = [o[key] for key in ("kernel_size", "stride", "padding", "ceil_mode")]
    arguments += [o.get("count_include_pad", True), o.get("divisor_override")]
    return {"output": aten.avg_pool2d_backward(inputs["grad_output"], x, *arguments)}


AVERAGES = {
    "halves": ((2, 2, 6, 8), {"kernel_size": [2, 2]}),
    "unbatched": ((3, 6, 9), {"kernel_size": [2, 2]}),
    "empty_batch": ((0, 3, 6, 6), {"kernel_size": [2, 2]}),
    "overlapping": ((1, 1, 6, 19), {"kernel_size": [3, 3], "stride": [1, 1], "padding": [1, 1]}),
    "strided": ((1, 1, 9, 21), {"kernel_size": [3, 3], "stride": [2, 2], "padding": [1, 1]}),
    "uncounted": (
        (1, 1, 6, 19),
        {"kernel_size": [3, 3], "stride": [2, 1], "padding": [1, 1], "count_include_pad": False},
    ),
    "rectangle": ((1, 1, 7, 13), {"kernel_size": [2, 5], "stride": [3, 2], "padding": [1, 2]}),
    "ceil": ((1, 1, 7, 11), {"kernel_size": [2, 2], "ceil_mode": True}),
    "ceil_padded": ((1, 1, 6, 8), {"kernel_size": [3, 3], "stride": [2, 2], "padding": [1, 1], "ceil_mode": True}),
    "ceil_padded_uncounted": (
        (1, 1, 4, 20),
        {
            "kernel_size": [3, 3],
            "stride": [2, 2],
            "padding": [1, 1],
            "ceil_mode": True,
            "count_include_pad": False,
        },
    ),
    "ceil_drops": ((1, 1, 5, 5), {"kernel_size": [2, 2], "stride": [3, 3], "padding": [1, 1], "ceil_mode": True}),
    "divisor": ((1, 1, 7, 9), {"kernel_size": [3, 3], "padding": [1, 1], "divisor_override": -7}),
    "whole": ((2, 2, 5, 7), {"kernel_size": [5, 7]}),
}

AVERAGE_ERRORS = {
    "huge_kernel": ((1, 2, 5, 6), {"kernel_size": [2**31, 2]}),
    "zero_stride": ((1, 2, 5, 6), {"kernel_size": [2, 2], "stride": [1, 0]}),
    "zero_kernel": ((1, 2, 5, 6), {"kernel_size": [0, 2], "stride": [1, 1]}),
    "negative_padding": ((1, 2, 5, 6), {"kernel_size": [2, 2], "padding": [-1, 0]}),
    "large_padding": ((1, 2, 5, 6), {"kernel_size": [2, 2], "padding": [0, 2]}),
    "negative_kernel": ((1, 2, 5, 6), {"kernel_size": [-1, 2], "stride": [1, 1]}),
    "negative_stride": ((1, 2, 5, 6), {"kernel_size": [2, 2], "stride": [1, -1]}),
    "kernel_above_image": ((1, 2, 5, 6), {"kernel_size": [6, 2]}),
    "zero_divisor": ((1, 2, 5, 6), {"kernel_size": [2, 2], "padding": [-1, 0], "divisor_override": 0}),
    "rank_2": ((5, 6), {"kernel_size": [0, 0]}),
    "rank_0": ((), {"kernel_size": [2, 2]}),
    "rank_5": ((1, 1, 1, 5, 6), {"kernel_size": [9, 9]}),
    "no_channels": ((1, 0, 5, 6), {"kernel_size": [2, 2]}),
    "no_batch": ((0, 5, 6), {"kernel_size": [2, 2]}),
    "no_columns": ((1, 2, 5, 0), {"kernel_size": [2, 2]}),
}


def avg_pool2d_cases(g):
    for number, (name, (shape, options)) in enumerate(AVERAGES.items()):
        for dtype in (*types_of(number), I64)[: 3 if number % 4 == 0 else 2]:
            draw = g.Draw(f"avg_pool2d/{name}/{dtype}")
            yield g.value(
                f"{name}_{g.NAMES[dtype]}", {"input": draw.tensor(shape, dtype, False)}, dtype == I64, **options
            )
    yield g.value("minus_zeros", {"input": torch.full((1, 2, 2), -0.0)}, False, kernel_size=[1, 2])
    for name, (shape, options) in AVERAGE_ERRORS.items():
        yield g.error(name, {"input": g.zeros(*shape)}, **options)


ADAPTIVE = [((2, 3, 8, 8), [2, 4]), ((3, 7, 9), [2, 5]), ((1, 2, 13, 13), [6, 6]), ((1, 2, 3, 4), [7, 9])]


def adaptive_avg_pool2d_cases(g):
    sizes = [((0, 2, 5, 6), [2, 2]), ((2, 0, 5, 6), [2, 2]), ((1, 2, 5, 6), [0, 2]), ((2, 3, 7, 7), [1, 1])]
    sizes += [((1, 2, 5, 0), [1, 1]), ((1, 1, 1, 5, 6), [1, 1])]
    for number, (shape, size) in enumerate(ADAPTIVE + sizes):
        for dtype in FLOATS:
            draw = g.Draw(f"adaptive_avg_pool2d/{number}/{dtype}")
            yield g.value(
                f"size_{number}_{g.NAMES[dtype]}", {"input": draw.tensor(shape, dtype, False)}, False, output_size=size
            )
    for number, (shape, size) in enumerate(
        [((5, 6), [-1, 2]), ((1, 2, 5, 0), [-1, 2]), ((1, 2, 5, 0), [2, 3]), ((1, 1, 1, 5, 6), [2, 3])]
    ):
        yield g.error(f"error_{number}", {"input": g.zeros(*shape)}, output_size=size)


def avg_pool2d_backward_cases(g):
    for number, (name, (shape, options)) in enumerate(AVERAGES.items()):
        for dtype in types_of(number):
            draw = g.Draw(f"avg_pool2d_backward/{name}/{dtype}")
            out = F.avg_pool2d(torch.zeros(shape), **options).shape
            inputs = {"grad_output": draw.tensor(out, dtype, False)}
            yield g.value(f"{name}_{g.NAMES[dtype]}", inputs, False, input_size=list(shape), **options)
    for number, (shape, size) in enumerate(ADAPTIVE):
        for dtype in types_of(number):
            draw = g.Draw(f"adaptive_avg_pool2d_backward/{number}/{dtype}")
            inputs = {"grad_output": draw.tensor((*shape[:-2], *size), dtype, False)}
            yield g.value(
                f"adaptive_{number}_{g.NAMES[dtype]}", inputs, False, input_size=list(shape), output_size=size
            )
    for number, shape in enumerate([(2, 2, 2, 2), (2, 3, 2, 2), (2, 2, 2, 3), (2, 2, 3), (1, 2, 3, 2)]):
        inputs = {"grad_output": g.zeros(*shape)}
        yield g.error(f"error_{number}", inputs, input_size=[1, 2, 5, 6], kernel_size=[2, 2])
    for number, (shape, size) in enumerate([((1, 2, 0, 3), [1, 2, 5, 6]), ((2, 3), [5, 6])]):
        inputs = {"grad_output": g.zeros(*shape)}
        yield g.error(f"adaptive_error_{number}", inputs, input_size=size, output_size=[0, 0])


# ---- reductions


def run_reduction(inputs, function, dim, keepdim=False):
    return {"output": getattr(torch, function)(inputs["input"], dim, keepdim)}


def reduction_cases(g):
    shapes = [(3, 5), (2, 3, 4), (2, 2, 2, 5), (2, 1, 19), (0, 3)]
    dims = {2: [[], [0], [1], [0, -1]], 3: [[], [1], [0, 2], [-1, 1]], 4: [[2, 3], [1], [0, 2], [1, 3], [-1]]}
    for shape in shapes:
        for number, dim in enumerate(dims[len(shape)]):
            for function in ("sum", "mean"):
                for dtype in types_of(number):
                    draw = g.Draw(f"{function}/{shape}/{dim}/{dtype}")
                    name = f"{function}_{g.shape_name(shape)}_{number}_{g.NAMES[dtype]}"
                    inputs = {"input": draw.tensor(shape, dtype, False)}
                    yield g.value(name, inputs, False, function=function, dim=dim, keepdim=number % 2 == 1)
    for dtype in (I8, I32, I64):
        inputs = {"input": g.Draw(f"sum/{dtype}").tensor((3, 4, 5), dtype)}
        yield g.value(f"sum_{g.NAMES[dtype]}", inputs, function="sum", dim=[0, 2])
    scalar = torch.tensor(3.0)
    yield g.value("sum_scalar", {"input": scalar}, function="sum", dim=[-1])
    for dtype in (F32, I8, I64):
        shapes = [((3, 40), 0), ((3, 40), -1), ((2, 9, 5), 1), ((3, 7), None), ((3, 0), 0)]
        for number, (shape, dim) in enumerate(shapes):
            inputs = {"input": g.Draw(f"argmax/{number}/{dtype}").small_integers(shape, dtype, 2)}
            yield g.value(
                f"argmax_{number}_{g.NAMES[dtype]}", inputs, function="argmax", dim=dim, keepdim=number % 2 == 1
            )
    specials = torch.tensor([[1, math.nan, 3, math.nan], [-math.inf, -math.inf, -math.inf, -math.inf], [-0.0, 0, 0, 0]])
    yield g.value("argmax_specials", {"input": specials}, function="argmax", dim=1)
    yield g.value("argmax_specials_inner", {"input": specials.T.contiguous()}, function="argmax", dim=0)
    for function in ("amax", "amin"):
        for number, (shape, dim) in enumerate([((3, 40), [0]), ((2, 9, 5), [0, 2]), ((2, 3, 7), []), ((3, 0), [0])]):
            for dtype in (F32, (F64, I8, I64, I32)[number]):
                inputs = {"input": g.Draw(f"{function}/{number}/{dtype}").tensor(shape, dtype)}
                options = {"function": function, "dim": dim, "keepdim": number % 2 == 1}
                yield g.value(f"{function}_{number}_{g.NAMES[dtype]}", inputs, **options)
        yield g.value(f"{function}_specials", {"input": specials}, function=function, dim=[1])
        yield g.value(f"{function}_specials_inner", {"input": specials.T.contiguous()}, function=function, dim=[0])
        for number, (shape, dim) in enumerate([((3, 0), [1]), ((3, 0), []), ((3, 0), [0, 1]), ((2, 0, 0), [0, 0])]):
            yield g.error(f"{function}_empty_{number}", {"input": g.zeros(*shape)}, function=function, dim=dim)
    mistakes = [((2, 3), [2]), ((2, 3), [0, -3]), ((2, 3), [0, -2]), ((), [1]), ((), [0, -1])]
    for number, (shape, dim) in enumerate(mistakes):
        for function in ("sum", "mean", "amax", "amin"):
            yield g.error(f"{function}_error_{number}", {"input": g.zeros(*shape)}, function=function, dim=dim)
    yield g.value("argmin_specials", {"input": specials}, function="argmin", dim=1)
    yield g.value("argmin_specials_inner", {"input": specials.T.contiguous()}, function="argmin", dim=0)
    for number, (shape, dim) in enumerate([((2, 3), 2), ((3, 0), 1), ((0, 3), None), ((), 1)]):
        for function in ("argmax", "argmin"):
            yield g.error(f"{function}_error_{number}", {"input": g.zeros(*shape)}, function=function, dim=dim)


# ---- softmax


def run_softmax(inputs, function, dim):
    if "grad_output" not in inputs:
        return {"output": getattr(F, function)(inputs["input"], dim)}
    backward = getattr(aten, f"_{function}_data")
    return {"output": backward(inputs["grad_output"], inputs["input"], dim, inputs["input"].dtype)}


def softmax_cases(g):
    lines = [[math.inf, 1, 2], [math.nan, 1, 2], [-math.inf, 1, 2], [-math.inf] * 3, [1e30, 0, -1e30], [100, 0, -100]]
    shapes = [((), 0), ((5,), 0), ((3, 17), 1), ((3, 17), -2), ((2, 5, 9), 1), ((0, 3), 0), ((2, 3, 2, 5), 1)]
    for dtype in FLOATS:
        for function in ("softmax", "log_softmax"):
            for number, (shape, dim) in enumerate(shapes):
                if dtype not in types_of(number):
                    continue
                draw = g.Draw(f"{function}/{number}/{dtype}")
                name = f"{function}_{number}_{g.NAMES[dtype]}"
                inputs = {"input": draw.tensor(shape, dtype, False) * 3}
                yield g.value(name, inputs, False, function=function, dim=dim)
                result = getattr(F, function)(inputs["input"], dim)
                inputs = {"grad_output": draw.tensor(shape, dtype, False), "input": result}
                yield g.value(f"backward_{name}", inputs, False, function=f"{function}_backward", dim=dim)
            inputs = {"input": torch.tensor(lines, dtype=dtype)}
            yield g.value(f"{function}_specials_{g.NAMES[dtype]}", inputs, False, function=function, dim=1)
            inputs = {"input": torch.tensor(lines, dtype=dtype).T.contiguous()}
            yield g.value(f"{function}_specials_inner_{g.NAMES[dtype]}", inputs, False, function=function, dim=0)
    for function in ("softmax", "log_softmax"):
        for number, (shape, dim) in enumerate([((2, 3), 2), ((2, 3), -3), ((), 1), ((0, 3), 5)]):
            yield g.error(f"{function}_error_{number}", {"input": g.zeros(*shape)}, function=function, dim=dim)
        inputs = {"grad_output": g.zeros(2, 3), "input": g.zeros(2, 3)}
        yield g.error(f"{function}_backward_error", inputs, function=f"{function}_backward", dim=2)
    inputs = {"grad_output": g.zeros(2, 3), "input": g.zeros(3, 2)}
    yield g.error("softmax_backward_shapes", inputs, function="softmax_backward", dim=2)


# ---- normalisations


def run_normalization(inputs, function, eps=1e-5, groups=None, normalized_shape=None):
    x, w, b = inputs["input"], inputs.get("weight"), inputs.get("bias")
    if function == "batch_norm":
        return {"output": F.batch_norm(x, inputs["mean"], inputs["var"], w, b, eps=eps)}
    if function == "instance_norm":
        return {"output": F.instance_norm(x, weight=w, bias=b, eps=eps)}
    if function == "group_norm":
        return {"output": F.group_norm(x, groups, w, b, eps)}
    return {"output": F.layer_norm(x, normalized_shape, w, b, eps)}


def normalization_inputs(g, name, shape, of, dtype, affine, statistics):
    draw = g.Draw(f"normalization/{name}/{shape}/{dtype}/{affine}")
    inputs = {"input": draw.tensor(shape, dtype, False)}
    if statistics:
        inputs |= {"mean": draw.tensor(of, dtype, False), "var": draw.tensor(of, dtype, False).abs()}
    if affine:
        inputs |= {"weight": draw.tensor(of, dtype, False), "bias": draw.tensor(of, dtype, False)}
    return inputs


def normalization_cases(g):
    for dtype in FLOATS:
        for affine in (True, False) if dtype == F32 else (True,):
            suffix = f"{'affine' if affine else 'plain'}_{g.NAMES[dtype]}"
            for shape in [(2, 6, 1, 3), (1, 6, 2), (3, 6), (0, 6, 2), (2, 6, 0)]:
                name = f"{g.shape_name(shape)}_{suffix}"
                inputs = normalization_inputs(g, "batch_norm", shape, shape[1:2], dtype, affine, True)
                yield g.value(f"batch_norm_{name}", inputs, False, function="batch_norm")
                for groups in (1, 3) if shape[-1] else ():
                    inputs = normalization_inputs(g, f"group_norm{groups}", shape, shape[1:2], dtype, affine, False)
                    yield g.value(f"group_norm_{groups}_{name}", inputs, False, function="group_norm", groups=groups)
                if len(shape) > 2 and (shape[0] or not affine):
                    inputs = normalization_inputs(g, "instance_norm", shape, shape[1:2], dtype, affine, False)
                    yield g.value(f"instance_norm_{name}", inputs, False, function="instance_norm", eps=0.01)
            for shape, normalized in [((2, 19), (19,)), ((2, 3, 4), (3, 4)), ((7,), (7,)), ((0, 4), (4,))]:
                inputs = normalization_inputs(g, "layer_norm", shape, normalized, dtype, affine, False)
                name = f"layer_norm_{g.shape_name(shape)}_{g.shape_name(normalized)}_{suffix}"
                yield g.value(name, inputs, False, function="layer_norm", normalized_shape=list(normalized))
    three, four, x = g.zeros(3), g.zeros(4), g.zeros(2, 3, 4)
    for role in ("mean", "var", "weight", "bias"):
        inputs = {"input": x, "mean": three, "var": three, "weight": three, "bias": three} | {role: four}
        yield g.error(f"batch_norm_{role}", inputs, function="batch_norm")
    inputs = {"input": three, "mean": three, "var": three}
    yield g.error("batch_norm_rank", inputs, function="batch_norm")
    yield g.error("batch_norm_eps", inputs, function="batch_norm", eps=-1e-5)
    for number, shape in enumerate([(2, 3, 1, 1), (2, 3), (3,)]):
        yield g.error(f"instance_norm_{number}", {"input": g.zeros(*shape)}, function="instance_norm")
    for number, shape in enumerate([(2, 4, 3), (0, 3, 4)]):
        inputs = {"input": g.zeros(*shape), "weight": three, "bias": three}
        yield g.error(f"instance_norm_affine_{number}", inputs, function="instance_norm")
    mistakes = [((6,), 0), ((2, 5, 4), 0), ((2, 6, 4), -1), ((2, 6, 0), -1), ((2, 0, 4), -1), ((2, 5, 4), 3)]
    mistakes += [((1, 6, 1), 6), ((2, 3, 1), 6)]
    for number, (shape, groups) in enumerate(mistakes):
        yield g.error(f"group_norm_{number}", {"input": g.zeros(*shape)}, function="group_norm", groups=groups)
    for role in ("weight", "bias"):
        inputs = {"input": g.zeros(2, 6, 4), "weight": g.zeros(6), "bias": g.zeros(6)} | {role: g.zeros(5)}
        yield g.error(f"group_norm_{role}", inputs, function="group_norm", groups=3)
        inputs = {"input": x, "weight": four, "bias": four} | {role: three}
        yield g.error(f"layer_norm_{role}", inputs, function="layer_norm", normalized_shape=[4])
    for number, normalized in enumerate([[], [3], [9, 2, 3, 4], [1, 4]]):
        yield g.error(f"layer_norm_{number}", {"input": x}, function="layer_norm", normalized_shape=normalized)


# ---- linear


def run_linear(inputs):
    return {"output": F.linear(inputs["input"], inputs["weight"], inputs.get("bias"))}


def linear_cases(g):
    shapes = [((2, 3), (4, 3)), ((3,), (4, 3)), ((2, 5, 3), (4, 3)), ((1, 40), (9, 40)), ((0, 3), (4, 3))]
    shapes += [((2, 0, 3), (4, 3)), ((2, 0), (4, 0)), ((2, 3), (0, 3))]
    for dtype in (F32, F64, I8, I64):
        for number, (x, w) in enumerate(shapes):
            draw = g.Draw(f"linear/{number}/{dtype}")
            inputs = {"input": draw.tensor(x, dtype, False), "weight": draw.tensor(w, dtype, False)}
            exact = dtype not in FLOATS
            yield g.value(f"plain_{number}_{g.NAMES[dtype]}", inputs, exact)
            yield g.value(
                f"bias_{number}_{g.NAMES[dtype]}", inputs | {"bias": draw.tensor(w[:1], dtype, False)}, exact
            )
    draw = g.Draw("linear/vector")
    inputs = {"input": draw.tensor((2, 5, 3), F32, False), "weight": draw.tensor((3,), F32, False)}
    yield g.value("vector", inputs, False)
    inputs = {"input": draw.tensor((2, 3), F32, False), "weight": draw.tensor((4, 3), F32, False)}
    yield g.value("bias_of_one", inputs | {"bias": torch.tensor([2.5])}, False)
    mistakes = [((2, 2, 5), (4, 3)), ((2, 0, 5), (4, 3)), ((), (4, 3)), ((2, 3), ()), ((2, 3), (2, 4, 3))]
    mistakes += [((2, 5), (3,)), ((5,), (3,))]
    for number, (x, w) in enumerate(mistakes):
        yield g.error(f"error_{number}", {"input": g.zeros(*x), "weight": g.zeros(*w)})
    mistakes = [((5,), (4, 3), (3,)), ((2, 2, 3), (4, 3), (3,)), ((2, 3), (3,), (1,)), ((2, 3), (4, 3), (3,))]
    for number, (x, w, b) in enumerate(mistakes):
        yield g.error(f"bias_error_{number}", {"input": g.zeros(*x), "weight": g.zeros(*w), "bias": g.zeros(*b)})


def ops(g):
    """What generate.py adds to its operations."""

    def op(run, cases, recipe):
        return g.Op(run, lambda: cases(g), recipe)

    return {
        "avg_pool2d": op(run_avg_pool2d, avg_pool2d_cases, "F.avg_pool2d"),
        "adaptive_avg_pool2d": op(run_adaptive_avg_pool2d, adaptive_avg_pool2d_cases, "F.adaptive_avg_pool2d"),
        "avg_pool2d_backward": op(
            run_avg_pool2d_backward,
            avg_pool2d_backward_cases,
            "torch.ops.aten.avg_pool2d_backward, and with an output_size _adaptive_avg_pool2d_backward",
        ),
        "reduction": op(run_reduction, reduction_cases, "torch.sum, mean, amax, amin, argmax and argmin"),
        "softmax": op(
            run_softmax,
            softmax_cases,
            "F.softmax, F.log_softmax, torch.ops.aten._softmax_backward_data and _log_softmax_backward_data",
        ),
        "normalization": op(
            run_normalization, normalization_cases, "F.batch_norm, F.instance_norm, F.group_norm and F.layer_norm"
        ),
        "linear": op(run_linear, linear_cases, "F.linear"),
    }
