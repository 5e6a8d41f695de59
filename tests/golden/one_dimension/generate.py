#!/usr/bin/env python3
"""Writes <op>.safetensors beside it: what PyTorch answers to the operations of one dimension, in the format of ../README.md.

    python generate.py [--check]

Values are exact (small integers, whose sums are; maxima; averages, whose order of additions is told), but for those of
linear upsamplings whose weights are not. Mistakes are made one by one and by twos, so that the order of the checks shows; of each call PyTorch decides whether it is a mistake.
"""

import itertools
import pathlib
import sys

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import generate as g  # noqa: E402

BIG = 2**62


def run_conv1d(inputs, **o):
    return {"output": F.conv1d(inputs["input"], inputs["weight"], inputs.get("bias"), **o)}


def run_conv_transpose1d(inputs, output_size=None, **o):
    input, weight, bias = inputs["input"], inputs["weight"], inputs.get("bias")
    if output_size is None:
        return {"output": F.conv_transpose1d(input, weight, bias, **o)}
    # As ../generate.py does it for two dimensions: the module's constructor has checks of its own.
    module = torch.nn.ConvTranspose1d(1, 1, 1)
    module.kernel_size, module.groups = tuple(weight.shape[-1:]), o.get("groups", 1)
    for name, usual in (("stride", 1), ("padding", 0), ("dilation", 1)):
        setattr(module, name, (o.get(name, usual),))
    module.weight = torch.nn.Parameter(weight, requires_grad=False)
    module.bias = None if bias is None else torch.nn.Parameter(bias, requires_grad=False)
    return {"output": module(input, output_size=[output_size])}


def run_conv_backward(transposed):
    def run(inputs, stride=1, padding=0, dilation=1, output_padding=0, groups=1):
        weight = inputs["weight"]
        channels = weight.shape[1] * groups if transposed else weight.shape[0]
        input, weight, bias = torch.ops.aten.convolution_backward(
            inputs["grad_output"], inputs["input"], weight, [channels], [stride], [padding], [dilation], transposed,
            [output_padding], groups, [True, True, True],
        )  # fmt: skip
        return {"output": input, "grad_weight": weight, "grad_bias": bias}

    return run


def run_max_pool1d(inputs, **o):
    return {"output": F.max_pool1d(inputs["input"], **o)}


def run_max_pool1d_with_indices(inputs, **o):
    values, indices = F.max_pool1d(inputs["input"], return_indices=True, **o)
    return {"output": values, "indices": indices}


def run_max_unpool1d(inputs, output_size=None, **o):
    size = None if output_size is None else [output_size]
    return {"output": F.max_unpool1d(inputs["input"], inputs["indices"], output_size=size, **o)}


def run_avg_pool1d(inputs, **o):
    return {"output": F.avg_pool1d(inputs["input"], **o)}


def run_adaptive_avg_pool1d(inputs, output_size):
    return {"output": F.adaptive_avg_pool1d(inputs["input"], output_size)}


MODES = {"nearest": "nearest", "exact": "nearest-exact", "linear": "linear"}


def run_upsample(inputs, mode, size=None, scale=None, align_corners=None):
    # As lists, so that the number of dimensions is told.
    size, scale = (None if given is None else [given] for given in (size, scale))
    return {"output": F.interpolate(inputs["input"], size, scale, MODES[mode], align_corners)}


def run_upsample_backward(inputs, input_size, mode, scale=None, align_corners=False):
    names = {
        "nearest": "upsample_nearest1d_backward",
        "exact": "_upsample_nearest_exact1d_backward",
        "linear": "upsample_linear1d_backward",
    }
    backward = getattr(torch.ops.aten, names[mode])
    corners = [align_corners] if mode == "linear" else []
    grad = inputs["grad_output"]
    length = int(input_size[-1] * scale) if scale else grad.shape[-1] if grad.dim() else 1
    return {"output": backward(grad, [length], input_size, *corners, scale)}


def run_gradient(forward):
    """By autograd: of the first output, or of max_unpool1d's input."""

    def run(inputs, input_size, **o):
        with torch.enable_grad():
            x = inputs["x"].clone().requires_grad_()
            rest = {role: t for role, t in inputs.items() if role == "indices"}
            output = next(iter(forward({"input": x} | rest, **o).values()))
            return {"output": torch.autograd.grad(output, x, inputs["grad_output"])[0]}

    return run


# ---- cases


def drawn(seed, dtype=g.F32, **shapes):
    draw = g.Draw(seed)
    return {role: draw.small_integers(shape, dtype) for role, shape in shapes.items() if shape is not None}


CONVOLUTIONS = {
    "one_tap": ((1, 1, 1), (1, 1, 1), (1,), {}),
    "plain": ((2, 3, 10), (4, 3, 3), (4,), {}),
    "without_bias": ((2, 3, 10), (4, 3, 3), None, {}),
    "unbatched": ((3, 9), (4, 3, 2), (4,), {"padding": 1}),
    "pointwise": ((2, 5, 33), (7, 5, 1), (7,), {}),
    "strided": ((1, 4, 21), (3, 4, 4), (3,), {"stride": 3, "padding": 2}),
    "stride_above_kernel": ((1, 2, 17), (3, 2, 2), None, {"stride": 5}),
    "dilated": ((1, 2, 19), (3, 2, 3), (3,), {"dilation": 4, "padding": 4}),
    "two_groups": ((2, 4, 12), (6, 2, 3), (6,), {"groups": 2, "padding": 1}),
    "depthwise": ((1, 8, 24), (8, 1, 5), (8,), {"groups": 8, "padding": 2}),
    "wide_kernel": ((1, 2, 100), (3, 2, 31), None, {"padding": 15}),
    "many_channels": ((1, 70, 9), (5, 70, 3), (5,), {"padding": 1}),
    "empty_batch": ((0, 4, 10), (6, 4, 3), (6,), {}),
    "kernel_only_fits_into_padding": ((1, 2, 2), (3, 2, 4), (3,), {"padding": 2}),
}
SAMES = {
    "same_odd": ((1, 2, 9), (3, 2, 5), (3,), {"padding": "same"}),
    "same_even": ((1, 2, 9), (3, 2, 4), (3,), {"padding": "same"}),
    "same_even_dilated": ((2, 9), (3, 2, 4), None, {"padding": "same", "dilation": 3}),
    "valid": ((1, 2, 9), (3, 2, 4), None, {"padding": "valid", "stride": 2}),
}
TRANSPOSED = {
    "output_padding": ((1, 4, 7), (4, 3, 3), (3,), {"stride": 3, "output_padding": 2}),
    "output_size": ((2, 4, 7), (4, 3, 3), (3,), {"stride": 3, "output_size": 22}),
    "output_size_unbatched": ((4, 7), (4, 3, 3), None, {"stride": 2, "output_size": 16}),
    "crops": ((1, 4, 7), (4, 3, 4), None, {"stride": 2, "padding": 3}),
}


def transposed(settings):
    """The same settings with a weight of the other order."""
    input, weight, bias, o = settings
    groups = o.get("groups", 1)
    return input, (weight[1] * groups, weight[0] // groups, weight[2]), bias, o


def conv_cases(op, named):
    for name, (input, weight, bias, o) in named.items():
        for dtype in (g.F32, g.I64):
            inputs = drawn(f"{op}/{name}", dtype, input=input, weight=weight, bias=bias)
            yield g.value(f"{name}_{g.NAMES[dtype]}", inputs, **o)


def mistakes_of(op, shapes, options, mistakes):
    """Each mistake and each two: of a call's shapes and options."""
    names = [(name,) for name in mistakes] + list(itertools.combinations(mistakes, 2))
    for chosen in names:
        these, o = dict(shapes), dict(options)
        for name in chosen:
            for key, value in mistakes[name].items():
                if key in ("input", "weight", "bias", "indices", "grad_output", "x"):
                    these[key] = value
                else:
                    o[key] = value
        kinds = {"indices": g.I64}
        inputs = {role: g.zeros(*shape, dtype=kinds.get(role, g.F32)) for role, shape in these.items()}
        try:
            g.OPS[op].run(inputs, **o)
        except Exception as caught:
            # ATen's arithmetic leaves int64, or memory is short: no answer of its own.
            if not any(word in str(caught) for word in ("memory", "Storage size", "Stride", "Trying to create")):
                yield g.error("mistaken_" + "_".join(chosen), inputs, **o)


CONV_MISTAKES = {
    "input_rank_1": {"input": (4,)},
    "input_rank_4": {"input": (1, 4, 1, 10)},
    "weight_rank_2": {"weight": (6, 4)},
    "weight_rank_4": {"weight": (6, 4, 1, 3)},
    "groups_zero": {"groups": 0},
    "groups_negative": {"groups": -1},
    "groups_do_not_divide": {"groups": 4},
    "groups_too_many": {"groups": 2},
    "padding_negative": {"padding": -1},
    "padding_huge": {"padding": BIG},
    "stride_zero": {"stride": 0},
    "stride_negative": {"stride": -2},
    "dilation_zero": {"dilation": 0},
    "dilation_negative": {"dilation": -1},
    "channels": {"input": (1, 5, 10)},
    "channels_unbatched": {"input": (5, 10)},
    "bias_length": {"bias": (5,)},
    "bias_rank": {"bias": (6, 1)},
    "kernel_too_long": {"input": (1, 4, 2)},
    "no_length": {"input": (1, 4, 0)},
    "no_kernel": {"weight": (6, 4, 0)},
    "no_outputs": {"weight": (0, 4, 3)},
    "empty_batch": {"input": (0, 4, 10)},
}


def conv1d_cases():
    yield from conv_cases("conv1d", CONVOLUTIONS | SAMES)
    same = {"same": {"padding": "same"}, "same_strided": {"padding": "same", "stride": 2}}
    shapes = {"input": (1, 4, 10), "weight": (6, 4, 3)}
    yield from mistakes_of("conv1d", shapes, {}, CONV_MISTAKES | same)


def conv_transpose1d_cases():
    yield from conv_cases(
        "conv_transpose1d",
        {name: transposed(settings) for name, settings in CONVOLUTIONS.items() if "only_fits" not in name} | TRANSPOSED,
    )
    mistakes = {name: dict(mistake) for name, mistake in CONV_MISTAKES.items() if name != "kernel_too_long"}
    mistakes |= {
        "weight_rank_4": {"weight": (4, 6, 1, 3)},
        "no_kernel": {"weight": (4, 6, 0)},
        "no_outputs": {"weight": (4, 0, 3)},
        "no_inputs": {"weight": (0, 6, 3)},
        "output_padding_negative": {"output_padding": -1},
        "output_padding_large": {"output_padding": 2},
        "crops_all": {"padding": 6},
    }
    shapes = {"input": (1, 4, 10), "weight": (4, 6, 3)}
    yield from mistakes_of("conv_transpose1d", shapes, {}, mistakes)
    sizes = {
        "size_above": {"output_size": 23},
        "size_below": {"output_size": 20},
        "size_unbatched": {"output_size": 40, "input": (4, 10)},
        "size_rank_1": {"output_size": 22, "input": (10,)},
        "size_rank_4": {"output_size": 22, "input": (1, 4, 1, 10)},
    }
    yield from mistakes_of("conv_transpose1d", shapes, {"stride": 2}, sizes)


def conv_backward_cases(op, named, forward):
    for name, (input, weight, bias, o) in named.items():
        if len(input) != 3 or "output_size" in o:
            continue
        inputs = drawn(f"{op}/{name}", input=input, weight=weight)
        output = forward(inputs, **o)["output"].shape
        yield g.value(name, drawn(f"{op}/{name}", input=input, weight=weight, grad_output=output), **o)


def conv1d_backward_cases():
    yield from conv_backward_cases("conv1d_backward", CONVOLUTIONS, run_conv1d)
    shapes = {"grad_output": (1, 6, 8), "input": (1, 4, 10), "weight": (6, 4, 3)}
    mistakes = {
        "rank_2": {"grad_output": (6, 8)},
        "length": {"grad_output": (1, 6, 7)},
        "channels": {"grad_output": (1, 5, 8)},
        "dilated_length": {"grad_output": (1, 6, 7), "dilation": 2},
        "dilated_channels": {"grad_output": (1, 5, 6), "dilation": 2},
    }
    yield from mistakes_of("conv1d_backward", shapes, {}, mistakes)


def conv_transpose1d_backward_cases():
    named = {name: transposed(settings) for name, settings in CONVOLUTIONS.items() if "only_fits" not in name}
    yield from conv_backward_cases("conv_transpose1d_backward", named | TRANSPOSED, run_conv_transpose1d)
    shapes = {"grad_output": (1, 6, 12), "input": (1, 4, 10), "weight": (4, 6, 3)}
    mistakes = {
        "rank_2": {"grad_output": (6, 12)},
        "length": {"grad_output": (1, 6, 7)},
        "channels": {"grad_output": (1, 5, 12)},
    }
    yield from mistakes_of("conv_transpose1d_backward", shapes, {}, mistakes)


POOLS = {
    "halves": ((2, 3, 10), {"kernel_size": 2}),
    "unbatched": ((3, 11), {"kernel_size": 2}),
    "empty_batch": ((0, 3, 10), {"kernel_size": 2}),
    "overlapping": ((2, 2, 40), {"kernel_size": 3, "stride": 1, "padding": 1}),
    "strided": ((2, 2, 41), {"kernel_size": 3, "stride": 2, "padding": 1}),
    "gaps": ((1, 2, 23), {"kernel_size": 2, "stride": 5}),
    "ceil": ((1, 2, 11), {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
    "ceil_padded": ((1, 2, 12), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    "whole": ((1, 3, 17), {"kernel_size": 17}),
}
DILATED = {
    "dilated": ((1, 2, 30), {"kernel_size": 3, "stride": 1, "dilation": 4}),
    "dilated_padded": ((1, 2, 30), {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 3}),
}
POOL_MISTAKES = {
    "rank_1": {"input": (10,)},
    "rank_4": {"input": (1, 4, 1, 10)},
    "no_channels": {"input": (1, 0, 10)},
    "no_channels_unbatched": {"input": (0, 10)},
    "no_length": {"input": (1, 4, 0)},
    "kernel_zero": {"kernel_size": 0},
    "kernel_negative": {"kernel_size": -1},
    "kernel_too_long": {"kernel_size": 20},
    "kernel_huge": {"kernel_size": 2**40},
    "stride_zero": {"stride": 0},
    "stride_negative": {"stride": -1},
    "padding_negative": {"padding": -1},
    "padding_above_half": {"padding": 2},
}
DILATION_MISTAKES = {
    "dilation_zero": {"dilation": 0},
    "dilation_negative": {"dilation": -1},
    "dilation_too_long": {"dilation": 30},
    "dilation_hides_the_padding": {"dilation": 3, "padding": 2},
}


def max_pool_cases(op):
    for name, (input, o) in (POOLS | DILATED).items():
        yield g.value(name, drawn(f"{op}/{name}", input=input), **o)
    special = drawn(f"{op}/special", input=(2, 2, 40))
    special["input"] = g.with_specials(f"{op}/special", special["input"])
    yield g.value("special", special, kernel_size=3, stride=1, padding=1)
    shapes = {"input": (1, 4, 10)}
    yield from mistakes_of(op, shapes, {"kernel_size": 2}, POOL_MISTAKES | DILATION_MISTAKES)


def max_unpool1d_cases():
    for name, (input, o) in POOLS.items():
        if "ceil" in name or name == "overlapping":
            continue
        for size in (None, input[-1]):
            pooled = run_max_pool1d_with_indices(drawn(f"max_unpool1d/{name}", input=input), **o)
            inputs = {"input": pooled["output"], "indices": pooled["indices"]}
            outside = size is None and pooled["indices"].numel() and name != "halves"
            if not outside:
                yield g.value(name + ("" if size is None else "_sized"), inputs, output_size=size, **o)
    shapes = {"input": (1, 4, 10), "indices": (1, 4, 10)}
    mistakes = {
        "rank_1": {"input": (10,), "indices": (10,)},
        "rank_4": {"input": (1, 4, 1, 10), "indices": (1, 4, 1, 10)},
        "indices_length": {"indices": (1, 4, 9)},
        "indices_rank": {"indices": (4, 10)},
        "no_length": {"input": (1, 4, 0), "indices": (1, 4, 0)},
        "no_channels": {"input": (1, 0, 10), "indices": (1, 0, 10)},
        "kernel_negative": {"kernel_size": -1},
        "stride_negative": {"stride": -1},
        "padding_above_all": {"padding": 11},
        "size_above": {"output_size": 22},
        "size_below": {"output_size": 18},
    }
    yield from mistakes_of("max_unpool1d", shapes, {"kernel_size": 2}, mistakes)
    for name, index in (("index_above", 20), ("index_negative", -1)):
        inputs = {"input": g.zeros(1, 4, 10), "indices": torch.full((1, 4, 10), index)}
        yield g.error(name, inputs, kernel_size=2)


def avg_pool1d_cases():
    uncounted = {"uncounted": ((2, 2, 41), {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False})}
    for name, (input, o) in (POOLS | uncounted).items():
        for dtype in (g.F32, g.I64):
            yield g.value(f"{name}_{g.NAMES[dtype]}", drawn(f"avg_pool1d/{name}", dtype, input=input), **o)
    shapes = {"input": (1, 4, 10)}
    yield from mistakes_of("avg_pool1d", shapes, {"kernel_size": 2}, POOL_MISTAKES)


LENGTHS = {
    "to_3": ((2, 3, 10), 3),
    "to_1": ((2, 3, 10), 1),
    "up": ((2, 3, 5), 12),
    "unbatched": ((3, 7), 2),
    "to_0": ((2, 3, 10), 0),
    "empty_batch": ((0, 3, 10), 3),
    "no_channels": ((1, 0, 10), 3),
}


def adaptive_avg_pool1d_cases():
    for name, (input, size) in LENGTHS.items():
        yield g.value(name, drawn(f"adaptive_avg_pool1d/{name}", input=input), output_size=size)
    mistakes = {
        "rank_1": {"input": (10,)},
        "rank_4": {"input": (1, 4, 1, 10)},
        "no_length": {"input": (1, 4, 0)},
        "size_negative": {"output_size": -1},
    }
    yield from mistakes_of("adaptive_avg_pool1d", {"input": (1, 4, 10)}, {"output_size": 3}, mistakes)


def gradient_cases(op, forward, named):
    """The input x is the forward's, so that a test can ask for its indices."""
    for name, (input, o) in named.items():
        if 0 in input:
            continue
        x = drawn(f"{op}/{name}", input=input)
        output = next(iter(forward(x, **o).values()))
        grad = drawn(f"{op}/{name}/grad", grad_output=output.shape)
        yield g.value(name, {"x": x["input"]} | grad, input_size=list(input), **o)


def max_unpool1d_backward_cases():
    for name, (input, o) in POOLS.items():
        if 0 in input or "ceil" in name or name == "overlapping":
            continue
        pooled = run_max_pool1d_with_indices(drawn(f"max_unpool1d_backward/{name}", input=input), **o)
        grad = drawn(f"max_unpool1d_backward/{name}/grad", grad_output=input)
        inputs = {"x": pooled["output"], "indices": pooled["indices"]} | grad
        yield g.value(name, inputs, input_size=[], output_size=input[-1], **o)


UPSAMPLINGS = {
    "twice": ((2, 3, 10), {"size": 20}),
    "odd": ((2, 3, 10), {"size": 17}),
    "less": ((2, 3, 40), {"size": 13}),
    "same": ((1, 2, 9), {"size": 9}),
    "scaled": ((2, 3, 10), {"scale": 1.7}),
    "scaled_down": ((2, 3, 50), {"scale": 0.3}),
    "one": ((2, 3, 1), {"size": 5}),
    "long": ((1, 2, 100), {"scale": 3.0}),
}


# Of numbers that are not infinite, with weights that are multiples of 1/8.
EXACTLY = {
    "twice": ((2, 3, 10), {"size": 20}),
    "twice_scaled": ((2, 3, 37), {"scale": 2.0}),
    "four_times": ((1, 2, 33), {"size": 132}),
    "half": ((2, 3, 40), {"size": 20}),
    "same": ((1, 2, 9), {"size": 9}),
    "same_by_another_scale": ((1, 2, 5), {"scale": 1.125}),
    "one": ((2, 3, 1), {"size": 4}),
    "one_to_one": ((1, 1, 1), {"size": 1}),
    "to_one": ((2, 3, 8), {"size": 1}),
    "corners": ((2, 3, 9), {"size": 17, "align_corners": True}),
    "corners_scaled": ((1, 3, 9), {"scale": 1.9, "align_corners": True}),
    "corners_down": ((1, 3, 65), {"size": 17, "align_corners": True}),
    "corners_of_one": ((2, 3, 1), {"size": 4, "align_corners": True}),
    "corners_to_one": ((2, 3, 8), {"size": 1, "align_corners": True}),
}
# With weights that are rounded.
ROUNDED = {
    "odd": ((2, 3, 10), {"size": 17}),
    "less": ((2, 3, 40), {"size": 13}),
    "scaled": ((9, 3, 10), {"scale": 1.7}),
    "scaled_down": ((2, 3, 50), {"scale": 0.3}),
    "more_than_a_block": ((1, 2, 100), {"size": 333}),
    "corners_odd": ((2, 3, 10), {"size": 26, "align_corners": True}),
    "corners_less": ((2, 3, 50), {"scale": 0.37, "align_corners": True}),
}


def linear_cases(op, make):
    """make(name, input, options) gives the inputs and the options of a call; the first input's infinities are asked for, too."""
    for name, (input, o) in (EXACTLY | ROUNDED).items():
        inputs, options = make(name, input, o)
        yield g.value(f"linear_{name}", inputs, name in EXACTLY, mode="linear", **options)
        if name in EXACTLY:
            special = {role: with_infinities(f"{op}/{name}/special", t) for role, t in inputs.items()}
            yield g.value(f"linear_{name}_special", special, mode="linear", **options)


def with_infinities(seed, tensor):
    """Neighbours of the same sign among them."""
    draw, tensor = g.Draw(seed), tensor.clone()
    for line in tensor.flatten(0, -2):
        at = draw.int(0, line.numel() - 1)
        line[at : at + draw.int(1, 3)] = draw.pick(g.INF, -g.INF, g.NAN, -0.0)
    return tensor


def upsample1d_cases():
    yield from linear_cases("upsample1d", lambda name, input, o: (drawn(f"upsample1d/{name}", input=input), o))
    yield g.value("linear_empty_batch", drawn("", input=(0, 3, 10)), mode="linear", size=5)
    for mode in ("nearest", "exact"):
        for name, (input, o) in (UPSAMPLINGS | {"empty_batch": ((0, 3, 10), {"size": 5})}).items():
            yield g.value(f"{mode}_{name}", drawn(f"upsample1d/{name}", input=input), mode=mode, **o)
    mistakes = {
        "rank_2": {"input": (4, 10)},
        "rank_4": {"input": (1, 4, 1, 10)},
        "no_channels": {"input": (1, 0, 10)},
        "no_length": {"input": (1, 4, 0)},
    }
    sizes = {"size_zero": {"size": 0}, "size_negative": {"size": -1}}
    yield from mistakes_of("upsample1d", {"input": (1, 4, 10)}, {"mode": "nearest", "size": 7}, mistakes | sizes)
    scales = {"scale_small": {"scale": 0.01}}
    for case in mistakes_of("upsample1d", {"input": (1, 4, 10)}, {"mode": "exact", "scale": 1.5}, mistakes | scales):
        yield case._replace(name=case.name.replace("mistaken", "mistaken_scaled"))
    o = {"mode": "linear", "size": 7, "align_corners": True}
    for case in mistakes_of("upsample1d", {"input": (1, 4, 10)}, o, mistakes | sizes):
        yield case._replace(name=case.name.replace("mistaken", "mistaken_linear"))


def linear_gradient(name, input, o):
    length = o.get("size") or int(input[-1] * o["scale"])
    options = {key: option for key, option in o.items() if key != "size"}
    return drawn(f"upsample1d_backward/{name}", grad_output=(*input[:2], length)), {"input_size": list(input)} | options


def upsample1d_backward_cases():
    yield from linear_cases("upsample1d_backward", linear_gradient)
    for mode in ("nearest", "exact"):
        for name, (input, o) in UPSAMPLINGS.items():
            length = o.get("size") or int(input[-1] * o["scale"])
            o = {"input_size": list(input)} | {key: option for key, option in o.items() if key == "scale"}
            grad = drawn(f"upsample1d_backward/{name}", grad_output=(*input[:2], length))
            yield g.value(f"{mode}_{name}", grad, mode=mode, **o)
    mistakes = {
        "input_rank": {"input_size": [4, 10]},
        "rank_2": {"grad_output": (4, 7)},
        "rank_4": {"grad_output": (1, 4, 1, 7)},
        "channels": {"grad_output": (1, 3, 7)},
        "batch": {"grad_output": (2, 4, 7)},
        "no_length": {"input_size": [1, 4, 0]},
        "scaled_otherwise": {"scale": 2.0},
    }
    o = {"mode": "nearest", "input_size": [1, 4, 10]}
    yield from mistakes_of("upsample1d_backward", {"grad_output": (1, 4, 7)}, o, mistakes)
    for case in mistakes_of("upsample1d_backward", {"grad_output": (1, 4, 7)}, o | {"mode": "linear"}, mistakes):
        yield case._replace(name=case.name.replace("mistaken", "mistaken_linear"))


def adaptive(inputs, output_size):
    return run_adaptive_avg_pool1d(inputs, output_size)


g.OPS.clear()
g.OPS |= {
    "conv1d": g.Op(run_conv1d, conv1d_cases, "F.conv1d"),
    "conv_transpose1d": g.Op(run_conv_transpose1d, conv_transpose1d_cases, "F.conv_transpose1d, nn.ConvTranspose1d"),
    "conv1d_backward": g.Op(run_conv_backward(False), conv1d_backward_cases, "torch.ops.aten.convolution_backward"),
    "conv_transpose1d_backward": g.Op(
        run_conv_backward(True), conv_transpose1d_backward_cases, "torch.ops.aten.convolution_backward"
    ),
    "max_pool1d": g.Op(run_max_pool1d, lambda: max_pool_cases("max_pool1d"), "F.max_pool1d"),
    "max_pool1d_with_indices": g.Op(
        run_max_pool1d_with_indices, lambda: max_pool_cases("max_pool1d_with_indices"), "F.max_pool1d"
    ),
    "max_unpool1d": g.Op(run_max_unpool1d, max_unpool1d_cases, "F.max_unpool1d"),
    "avg_pool1d": g.Op(run_avg_pool1d, avg_pool1d_cases, "F.avg_pool1d"),
    "adaptive_avg_pool1d": g.Op(run_adaptive_avg_pool1d, adaptive_avg_pool1d_cases, "F.adaptive_avg_pool1d"),
    "upsample1d": g.Op(run_upsample, upsample1d_cases, "F.interpolate"),
    "upsample1d_backward": g.Op(
        run_upsample_backward,
        upsample1d_backward_cases,
        "torch.ops.aten.upsample_nearest1d_backward, _upsample_nearest_exact1d_backward, upsample_linear1d_backward",
    ),
    "max_pool1d_backward": g.Op(
        run_gradient(run_max_pool1d_with_indices),
        lambda: gradient_cases("max_pool1d_backward", run_max_pool1d_with_indices, POOLS | DILATED),
        "torch.autograd.grad of F.max_pool1d",
    ),
    "max_unpool1d_backward": g.Op(
        run_gradient(run_max_unpool1d), max_unpool1d_backward_cases, "torch.autograd.grad of F.max_unpool1d"
    ),
    "avg_pool1d_backward": g.Op(
        run_gradient(run_avg_pool1d),
        lambda: gradient_cases("avg_pool1d_backward", run_avg_pool1d, POOLS),
        "torch.autograd.grad of F.avg_pool1d",
    ),
    "adaptive_avg_pool1d_backward": g.Op(
        run_gradient(adaptive),
        lambda: gradient_cases(
            "adaptive_avg_pool1d_backward",
            adaptive,
            {name: (input, {"output_size": size}) for name, (input, size) in LENGTHS.items() if size > 0},
        ),
        "torch.autograd.grad of F.adaptive_avg_pool1d",
    ),
}


if __name__ == "__main__":
    g.__file__, g.others, g.without_defaults = __file__, lambda *_: [], lambda _, options: options
    g.main()
