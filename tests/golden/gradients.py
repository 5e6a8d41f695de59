"""Gradients of normalisations and of grid_sample: cases of generate.py, whose helpers are `g`."""

import math

import torch
import torch.nn.functional as F

F32, F64 = torch.float32, torch.float64
aten = torch.ops.aten


# ---- normalisations


def normalized(x, w, b, function, eps, statistics, groups, normalized_shape):
    if function == "batch_norm":
        return F.batch_norm(x, *statistics, w, b, eps=eps)
    if function == "instance_norm":
        return F.instance_norm(x, weight=w, bias=b, eps=eps)
    if function == "group_norm":
        return F.group_norm(x, groups, w, b, eps)
    if function == "layer_norm":
        return F.layer_norm(x, normalized_shape, w, b, eps)
    order = [d for d in range(x.dim()) if d != x.dim() - 3] + [x.dim() - 3]
    turned = F.layer_norm(x.permute(order), x.shape[-3:-2], w, b, eps)
    return turned.permute([order.index(d) for d in range(x.dim())])


@torch.enable_grad()
def run_normalization_backward(inputs, function, eps=1e-5, groups=None, normalized_shape=None):
    x = inputs["input"].clone().requires_grad_()
    w = inputs["weight"].clone().requires_grad_() if "weight" in inputs else None
    b = None if w is None else torch.zeros_like(w).requires_grad_()
    statistics = [inputs[role] for role in ("mean", "var")] if function == "batch_norm" else None
    y = normalized(x, w, b, function, eps, statistics, groups, normalized_shape)
    of = {"grad_input": x} | ({} if w is None else {"grad_weight": w, "grad_bias": b})
    return dict(zip(of, torch.autograd.grad(y, list(of.values()), inputs["grad_output"])))


NORMALIZATIONS = [
    ("batch_norm", (2, 6, 1, 3), {}),
    ("batch_norm", (3, 6), {}),
    ("batch_norm", (0, 6, 2), {}),
    ("batch_norm", (2, 6, 0), {}),
    ("instance_norm", (2, 6, 1, 3), {}),
    ("instance_norm", (2, 3, 19), {}),
    ("group_norm", (2, 6, 1, 3), {"groups": 3}),
    ("group_norm", (1, 6, 19), {"groups": 1}),
    ("group_norm", (3, 6), {"groups": 2}),
    ("layer_norm", (2, 19), {"normalized_shape": [19]}),
    ("layer_norm", (2, 3, 4), {"normalized_shape": [3, 4]}),
    ("layer_norm", (7,), {"normalized_shape": [7]}),
    ("layer_norm", (0, 4), {"normalized_shape": [4]}),
    ("layer_norm", (5, 6), {"normalized_shape": [6]}),
    ("layer_norm2d", (2, 6, 3, 3), {}),
    ("layer_norm2d", (7, 4, 3), {}),
    ("layer_norm2d", (2, 5, 1, 1), {}),
    ("layer_norm2d", (0, 3, 2, 2), {}),
]

NORMALIZATION_ERRORS = [
    ("batch_norm", (2, 6, 4), {"mean": (5,)}, {}),
    ("batch_norm", (2, 6, 4), {"var": (5,)}, {}),
    ("batch_norm", (2, 6, 4), {"weight": (5,)}, {}),
    ("batch_norm", (2, 6, 4), {}, {"eps": -1.0}),
    ("instance_norm", (2, 6, 1), {}, {}),
    ("group_norm", (2, 6, 4), {}, {"groups": 4}),
    ("group_norm", (2, 6, 4), {"weight": (5,)}, {"groups": 3}),
    ("group_norm", (6,), {}, {"groups": 3}),
    ("layer_norm", (2, 3, 4), {"weight": (3,)}, {"normalized_shape": [4]}),
    ("layer_norm", (2, 3, 4), {"weight": (3,)}, {"normalized_shape": [3]}),
    ("layer_norm", (2, 3, 4), {}, {"normalized_shape": []}),
    ("layer_norm2d", (2, 6, 4, 4), {"weight": (5,)}, {}),
]


def of_shape(function, shape, options):
    """The shape of a weight."""
    if function == "layer_norm":
        return options["normalized_shape"]
    return shape[-3:-2] if function == "layer_norm2d" else shape[1:2]


def normalization_backward_cases(g):
    for function, shape, options in NORMALIZATIONS:
        of = of_shape(function, shape, options)
        for dtype, affine in ((F32, True), (F64, True), (F64, False)):
            draw = g.Draw(f"normalization_backward/{function}/{shape}/{options}/{dtype}/{affine}")
            inputs = {role: draw.tensor(shape, dtype, False) for role in ("grad_output", "input")}
            if affine:
                inputs["weight"] = draw.tensor(of, dtype, False)
            if function == "batch_norm":
                inputs |= {"mean": draw.tensor(of, dtype, False), "var": draw.tensor(of, dtype, False).abs()}
            name = f"{function}_{g.shape_name(shape)}_{'affine' if affine else 'plain'}_{g.NAMES[dtype]}"
            yield g.value(name, inputs, False, function=function, eps=0.1, **options)
    for number, (function, shape, mistake, options) in enumerate(NORMALIZATION_ERRORS):
        inputs = {"grad_output": g.zeros(*shape), "input": g.zeros(*shape)}
        if function == "batch_norm":
            inputs |= {"mean": g.zeros(6), "var": g.zeros(6)}
        inputs |= {role: g.zeros(*size) for role, size in mistake.items()}
        yield g.error(f"{function}_error_{number}", inputs, function=function, **options)


# ---- grid_sample

MODES = ("bilinear", "nearest")
PADDINGS = ("zeros", "border", "reflection")


def run_grid_sample_backward(inputs, mode="bilinear", padding_mode="zeros", align_corners=False):
    arguments = [inputs[role] for role in ("grad_output", "input", "grid")]
    arguments += [MODES.index(mode), PADDINGS.index(padding_mode), align_corners, [True, True]]
    return dict(zip(("grad_input", "grad_grid"), aten.grid_sampler_2d_backward(*arguments)))


GRID_ERRORS = [
    ((2, 2, 5, 6), (2, 2, 3, 4), (1, 5, 6, 2)),
    ((1, 2, 5, 6), (1, 2, 3, 4), (1, 5, 6, 3)),
    ((1, 2, 5, 6), (1, 2, 0, 4), (1, 5, 6, 2)),
    ((1, 2, 5, 6), (1, 2, 3, 4), (5, 6, 2)),
    ((1, 2, 5, 5), (1, 2, 3, 4), (1, 5, 6, 2)),
    ((2, 2, 5, 6), (1, 2, 3, 4), (1, 5, 6, 2)),
    ((2, 5, 6), (1, 2, 3, 4), (1, 5, 6, 2)),
    ((1, 2, 5, 5), (2, 2, 3, 4), (1, 5, 6, 3)),
]


def grid_sample_backward_cases(g):
    for mode, padding, corners in ((m, p, c) for m in MODES for p in PADDINGS for c in (False, True)):
        options = {"mode": mode, "padding_mode": padding, "align_corners": corners}
        label = f"{mode}_{padding}{'_corners' if corners else ''}"
        for dtype in (F32, F64):
            draw = g.Draw(f"grid_sample_backward/{label}/{dtype}")
            inputs = {"grad_output": draw.tensor((1, 2, 3, 6), dtype, False)}
            inputs |= {"input": draw.tensor((1, 2, 4, 5), dtype, False), "grid": draw.tensor((1, 3, 6, 2), dtype, False)}
            yield g.value(f"{label}_{g.NAMES[dtype]}", inputs, False, **options)
        # Whole pixels, and what is no place, which PyTorch survives in some of the modes.
        last = math.nan if mode == "nearest" or padding == "zeros" else 1.25
        places = torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0, -2.5, 3.0, last])
        grid = torch.stack(torch.meshgrid(places, places, indexing="xy"), 2)[None]
        draw = g.Draw(f"grid_sample_backward/{label}/pixels")
        inputs = {"grad_output": draw.small_integers((1, 1, 8, 8)), "input": draw.small_integers((1, 1, 5, 5))}
        yield g.value(f"{label}_pixels", inputs | {"grid": grid}, **options)
    for name, shape, grid in (("empty_batch", (0, 2, 3, 4), (0, 2, 3, 2)), ("no_places", (1, 2, 3, 4), (1, 0, 3, 2))):
        inputs = {"grad_output": g.zeros(*shape[:2], *grid[1:3])}
        yield g.value(name, inputs | {"input": g.zeros(*shape), "grid": g.zeros(*grid)})
    for number, (dy, x, grid) in enumerate(GRID_ERRORS):
        yield g.error(f"error_{number}", {"grad_output": g.zeros(*dy), "input": g.zeros(*x), "grid": g.zeros(*grid)})


def ops(g):
    """What generate.py adds to its operations."""

    def op(run, cases, recipe):
        return g.Op(run, lambda: cases(g), recipe)

    return {
        "normalization_backward": op(
            run_normalization_backward,
            normalization_backward_cases,
            "torch.autograd.grad of F.batch_norm, F.instance_norm, F.group_norm and F.layer_norm",
        ),
        "grid_sample_backward": op(
            run_grid_sample_backward, grid_sample_backward_cases, "torch.ops.aten.grid_sampler_2d_backward"
        ),
    }
