"""Upsamplings that weigh, sampling by a grid, channels normalised in place: cases of generate.py, whose helpers are `g`."""

import math

import torch
import torch.nn.functional as F

F32, F64 = torch.float32, torch.float64
aten = torch.ops.aten

# name, input shape, size or scale
SIZES = {
    "one_pixel": ((1, 2, 1, 1), [3, 5]),
    "doubles": ((1, 1, 3, 5), [6, 10]),
    "halves": ((1, 2, 6, 8), [3, 4]),
    "equal_sizes": ((1, 2, 3, 5), [3, 5]),
    "equal_heights": ((1, 1, 3, 5), [3, 13]),
    "higher_and_narrower": ((1, 1, 5, 9), [7, 4]),
    "far_smaller": ((1, 1, 14, 11), [2, 3]),
    "empty_batch": ((0, 2, 3, 4), [6, 8]),
}
SCALES = {
    "scale_2": ((1, 1, 3, 6), [2.0, 2.0]),
    "scale_of_no_integer": ((1, 1, 4, 9), [1.37, 2.9]),
    "scale_that_rounds_down": ((1, 1, 3, 14), [1.2, 1.06]),
    "scale_below_1": ((1, 1, 9, 11), [0.3, 0.71]),
}

ERRORS = [
    ((2, 3, 4), {"size": [5, 6]}),
    ((1, 0, 3, 4), {"size": [5, 6]}),
    ((1, 2, 0, 4), {"size": [5, 6]}),
    ((1, 2, 3, 4), {"size": [0, 6]}),
    ((2, 3, 4), {"scale": [2.0, 2.0]}),
    ((1, 2, 3, 4), {"scale": [0.1, 2.0]}),
    ((1, 2, 3, 4), {"scale": [-1.0, 2.0]}),
    ((1, 2, 3, 4), {"scale": [1e300, 2.0]}),
]

MODES = {
    "upsample_bicubic2d": ("bicubic", False),
    "upsample_bilinear2d_aa": ("bilinear", True),
    "upsample_bicubic2d_aa": ("bicubic", True),
}


def calls():
    for name, (shape, size) in SIZES.items():
        yield name, shape, {"size": size}
    for name, (shape, scale) in SCALES.items():
        yield name, shape, {"scale": scale}


def run_nearest_exact(inputs, function, size=None, scale=None, input_size=None):
    if function == "backward":
        arguments = [inputs["grad_output"], size, input_size] + (scale or [])
        return {"output": aten._upsample_nearest_exact2d_backward(*arguments)}
    return {"output": F.interpolate(inputs["input"], size, scale, "nearest-exact")}


def nearest_exact_cases(g):
    for number, (name, shape, options) in enumerate(calls()):
        for dtype in (F32, F64) if number % 3 == 0 else (F32,):
            draw = g.Draw(f"upsample_nearest_exact2d/{name}/{dtype}")
            x = draw.tensor(shape, dtype, False)
            yield g.value(f"{name}_{g.NAMES[dtype]}", {"input": x}, function="forward", **options)
            y = F.interpolate(x, options.get("size"), options.get("scale"), "nearest-exact")
            inputs = {"grad_output": draw.small_integers(y.shape, dtype)}
            sizes = {"size": list(y.shape[2:]), "input_size": list(shape)}
            yield g.value(f"backward_{name}_{g.NAMES[dtype]}", inputs, function="backward", **(options | sizes))
    for number, (shape, options) in enumerate(ERRORS):
        yield g.error(f"error_{number}", {"input": g.zeros(*shape)}, function="forward", **options)


GRADIENTS = {
    "upsample_bicubic2d_backward": aten.upsample_bicubic2d_backward,
    "upsample_bilinear2d_aa_backward": aten._upsample_bilinear2d_aa_backward,
    "upsample_bicubic2d_aa_backward": aten._upsample_bicubic2d_aa_backward,
}


def run_filtered(inputs, function, size=None, scale=None, align_corners=False, input_size=None):
    if function in GRADIENTS:
        size = size or [int(s * n) for s, n in zip(scale, input_size[2:])]
        arguments = [inputs["grad_output"], size, input_size, align_corners] + (scale or [])
        return {"output": GRADIENTS[function](*arguments)}
    mode, antialias = MODES[function]
    output = F.interpolate(inputs["input"], size, scale, mode, align_corners, antialias=antialias)
    return {"output": output}


def filtered_cases(g):
    for function in MODES:
        for number, (name, shape, options) in enumerate(calls()):
            for corners in (False, True) if number % 4 == 0 else (False,):
                for dtype in (F32, F64) if number % 4 == 1 else (F32,):
                    draw = g.Draw(f"{function}/{name}/{corners}/{dtype}")
                    inputs = {"input": draw.tensor(shape, dtype, False)}
                    case = f"{function}_{name}{'_corners' if corners else ''}_{g.NAMES[dtype]}"
                    yield g.value(case, inputs, False, function=function, align_corners=corners, **options)
        for number, (shape, options) in enumerate(ERRORS):
            yield g.error(f"{function}_error_{number}", {"input": g.zeros(*shape)}, function=function, **options)
    for function in GRADIENTS:
        mode, antialias = MODES[function.removesuffix("_backward")]
        for number, (name, shape, options) in enumerate(calls()):
            if number % 2 == 1 and name != "equal_heights":
                continue
            y = F.interpolate(torch.zeros(shape), options.get("size"), options.get("scale"), mode, antialias=antialias)
            inputs = {"grad_output": g.Draw(f"{function}/{name}").tensor(y.shape, F32, False)}
            options = options | {"input_size": list(shape), "align_corners": number % 4 == 0}
            yield g.value(f"{function}_{name}", inputs, False, function=function, **options)
        mistakes = [((1, 2, 5, 6), [1, 2, 3]), ((2, 5, 6), [1, 2, 3, 4]), ((1, 2, 5, 7), [1, 2, 3, 4])]
        mistakes += [((2, 2, 5, 6), [1, 2, 3, 4]), ((1, 2, 5, 6), [1, 2, 0, 4])]
        for number, (shape, sizes) in enumerate(mistakes):
            inputs, options = {"grad_output": g.zeros(*shape)}, {"size": [5, 6], "input_size": sizes}
            if number != 2:  # tenfold takes the gradient's own size where there is no scale
                yield g.error(f"{function}_error_{number}", inputs, function=function, **options)


# ---- grid_sample


def run_grid_sample(inputs, mode="bilinear", padding_mode="zeros", align_corners=False):
    return {"output": F.grid_sample(inputs["input"], inputs["grid"], mode, padding_mode, align_corners)}


GRID_ERRORS = [
    ((2, 2, 3, 4), (1, 5, 6, 2)),
    ((1, 2, 3, 4), (1, 5, 6, 3)),
    ((1, 2, 3, 4), (5, 6, 2)),
    ((1, 2, 0, 4), (1, 5, 6, 3)),
    ((1, 2, 0, 4), (1, 5, 6, 2)),
    ((1, 2, 3, 0), (1, 5, 6, 2)),
    ((), ()),
    ((1,), (1,)),
    ((1, 2), (1, 2)),
    ((1, 2, 3), (1, 2, 1)),
    ((1, 2, 3, 4), (1, 5, 2)),
    ((1, 2, 3, 4), (1, 2, 3, 4, 2)),
    ((1, 2, 3, 4, 5), (1, 5, 6, 3)),
    ((1, 2, 3, 4, 5, 6), (1, 2, 3, 4, 5, 4)),
]


def grid_sample_cases(g):
    number = 0
    for mode in ("bilinear", "nearest"):
        for padding in ("zeros", "border", "reflection"):
            for corners in (False, True):
                options = {"mode": mode, "padding_mode": padding, "align_corners": corners}
                for dtype in (F32, F64) if number % 3 == 0 else (F32,):
                    draw = g.Draw(f"grid_sample/{mode}/{padding}/{corners}/{dtype}")
                    inputs = {"input": draw.tensor((1, 2, 4, 5), dtype, False)}
                    inputs["grid"] = draw.tensor((1, 3, 6, 2), dtype, False)
                    name = f"{mode}_{padding}{'_corners' if corners else ''}_{g.NAMES[dtype]}"
                    yield g.value(name, inputs, mode == "nearest", **options)
                number += 1
                # Whole pixels, and what is no place.
                places = torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0, -2.5, 3.0, math.nan])
                grid = torch.stack(torch.meshgrid(places, places, indexing="xy"), 2)[None]
                inputs = {"input": draw.small_integers((1, 1, 5, 5)), "grid": grid}
                yield g.value(f"{mode}_{padding}{'_corners' if corners else ''}_pixels", inputs, **options)
    yield g.value("empty_batch", {"input": g.zeros(0, 2, 3, 4), "grid": g.zeros(0, 2, 3, 2)})
    yield g.value("no_channels", {"input": g.zeros(1, 0, 3, 4), "grid": g.zeros(1, 2, 3, 2)})
    for number, (x, grid) in enumerate(GRID_ERRORS):
        yield g.error(f"error_{number}", {"input": g.zeros(*x), "grid": g.zeros(*grid)})


# ---- layer_norm2d


def run_layer_norm2d(inputs, eps=1e-5):
    x, channels = inputs["input"], inputs["input"].dim() - 3
    order = [d for d in range(x.dim()) if d != channels] + [channels]
    turned = F.layer_norm(x.permute(order), x.shape[channels : channels + 1], inputs.get("weight"), inputs.get("bias"), eps)
    return {"output": turned.permute([order.index(d) for d in range(x.dim())])}


def layer_norm2d_cases(g):
    for shape in [(2, 6, 3, 3), (7, 4, 3), (1, 19, 1, 1), (2, 3, 1, 9), (0, 3, 2, 2), (1, 1, 2, 3), (1, 5, 2, 2)]:
        for dtype in (F32, F64):
            for affine in (True, False) if dtype == F32 else (True,):
                draw = g.Draw(f"layer_norm2d/{shape}/{dtype}/{affine}")
                inputs = {"input": draw.tensor(shape, dtype, False)}
                if affine:
                    of = shape[-3:-2]
                    inputs |= {"weight": draw.tensor(of, dtype, False), "bias": draw.tensor(of, dtype, False)}
                name = f"{g.shape_name(shape)}_{'affine' if affine else 'plain'}_{g.NAMES[dtype]}"
                yield g.value(name, inputs, False, eps=0.01 if affine else 1e-5)
    x, three, four = g.zeros(2, 3, 4, 5), g.zeros(3), g.zeros(4)
    yield g.error("weight", {"input": x, "weight": four, "bias": four})
    yield g.error("bias", {"input": x, "weight": three, "bias": four})


def ops(g):
    """What generate.py adds to its operations."""

    def op(run, cases, recipe):
        return g.Op(run, lambda: cases(g), recipe)

    return {
        "upsample_nearest_exact2d": op(
            run_nearest_exact,
            nearest_exact_cases,
            "F.interpolate mode nearest-exact, torch.ops.aten._upsample_nearest_exact2d_backward",
        ),
        "upsample_filtered": op(run_filtered, filtered_cases, "F.interpolate modes bicubic and, antialiased, bilinear"),
        "grid_sample": op(run_grid_sample, grid_sample_cases, "F.grid_sample"),
        "layer_norm2d": op(run_layer_norm2d, layer_norm2d_cases, "F.layer_norm of the channels, between permutations"),
    }
