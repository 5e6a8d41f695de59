"""Upsampling by the nearest exact pixel, by cubics and with antialiasing: cases of generate.py, whose helpers are `g`."""

import torch
import torch.nn.functional as F

F32, F64 = torch.float32, torch.float64
aten = torch.ops.aten

# name, input shape, size or scale
SIZES = {
    "one_pixel": ((1, 2, 1, 1), [3, 5]),
    "doubles": ((2, 1, 3, 5), [6, 10]),
    "halves": ((1, 2, 6, 8), [3, 4]),
    "equal_sizes": ((1, 2, 3, 5), [3, 5]),
    "equal_heights": ((1, 1, 3, 5), [3, 13]),
    "higher_and_narrower": ((1, 1, 5, 13), [11, 6]),
    "far_smaller": ((1, 1, 23, 17), [2, 3]),
    "empty_batch": ((0, 2, 3, 4), [6, 8]),
}
SCALES = {
    "scale_2": ((1, 1, 3, 6), [2.0, 2.0]),
    "scale_of_no_integer": ((1, 1, 4, 9), [1.37, 2.9]),
    "scale_that_rounds_down": ((1, 1, 3, 14), [1.2, 1.06]),
    "scale_below_1": ((1, 1, 13, 17), [0.3, 0.71]),
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


def run_filtered(inputs, function, size=None, scale=None, align_corners=False):
    mode, antialias = MODES[function]
    output = F.interpolate(inputs["input"], size, scale, mode, align_corners, antialias=antialias)
    return {"output": output}


def filtered_cases(g):
    for function in MODES:
        for number, (name, shape, options) in enumerate(calls()):
            for corners in (False, True) if number % 2 == 0 else (False,):
                for dtype in (F32, F64) if number % 4 == 1 else (F32,):
                    draw = g.Draw(f"{function}/{name}/{corners}/{dtype}")
                    inputs = {"input": draw.tensor(shape, dtype, False)}
                    case = f"{function}_{name}{'_corners' if corners else ''}_{g.NAMES[dtype]}"
                    yield g.value(case, inputs, False, function=function, align_corners=corners, **options)
        for number, (shape, options) in enumerate(ERRORS):
            yield g.error(f"{function}_error_{number}", {"input": g.zeros(*shape)}, function=function, **options)


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
    }
