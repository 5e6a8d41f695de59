"""Cases of the elementwise operations: arithmetic with broadcasting, and the activations as functions."""

import itertools
import math

import torch
import torch.nn.functional as F

NAN, INF = math.nan, math.inf
F32, F64 = torch.float32, torch.float64
FLOATS = (F32, F64)
INTEGERS = (torch.int8, torch.int16, torch.int32, torch.int64)
NAMES = dict(zip((*FLOATS, *INTEGERS), ("F32", "F64", "I8", "I16", "I32", "I64")))

# Whole vectors: PyTorch answers some of them otherwise behind the last one.
SPECIALS = [NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 3.0, -3.0, 2.9999998, 6.0, 20.0, 20.1, -20.0, 1e30, -1e30]


def tensor(draw, shape, dtype):
    """Small numbers of either sign, of integers from the type's whole range too."""
    return draw.tensor(shape, dtype, False) * (4 if dtype in FLOATS else 1)


# ---- arithmetic ------------------------------------------------------------------------------------------------------


def run_arithmetic(inputs, function, number=None, alpha=None):
    """Where there is no b, it is `number`."""
    operands = inputs["a"], inputs["b"] if "b" in inputs else number
    scaled = {} if alpha is None else {"alpha": alpha}
    return {"output": getattr(torch, function)(*operands, **scaled)}


SHAPES = {
    "scalars": ((), ()),
    "line": ((19,), (19,)),
    "row": ((3, 4, 5), (5,)),
    "column": ((3, 4, 5), (4, 1)),
    "channels": ((2, 3, 2, 3), (3, 1, 1)),
    "outer": ((7, 1), (1, 5)),
    "both": ((2, 1, 4, 1), (3, 1, 5)),
    "first_missing": ((5,), (3, 4, 5)),
    "empty": ((2, 0, 3), (1, 3)),
    "empty_by_one": ((0,), (1,)),
}
MISMATCHES = [
    ((2, 3), (4, 3)),
    ((2, 3), (4,)),
    ((2, 0), (2, 3)),
    ((5, 4, 2, 3), (5, 3, 2, 2)),
    ((5, 4, 2, 3), (5, 3, 2, 3)),
    ((3,), (2, 2, 2)),
]


def operator_cases(functions, value, Draw):
    for function, dtype in itertools.product(functions, (*FLOATS, *INTEGERS)):
        all_shapes = (function, dtype) in (("add", F32), ("mul", torch.int16), ("div", torch.int32))
        for name, (a, b) in SHAPES.items() if all_shapes else [("channels", SHAPES["channels"])]:
            draw = Draw(f"arithmetic/{function}/{name}/{NAMES[dtype]}")
            inputs = {"a": tensor(draw, a, dtype), "b": tensor(draw, b, dtype)}
            yield value(f"{function}_{name}_{NAMES[dtype]}", inputs, function=function)
        draw = Draw(f"arithmetic/{function}/number/{NAMES[dtype]}")
        inputs = {"a": tensor(draw, (2, 3), dtype)}
        yield value(f"{function}_number_{NAMES[dtype]}", inputs, function=function, number=-3)
        if dtype in FLOATS:
            x = torch.tensor([*SPECIALS[:7], 1e30], dtype=dtype)
            inputs = {"a": x[:, None], "b": x}
            yield value(f"{function}_specials_{NAMES[dtype]}", inputs, function=function)
        if function in ("add", "sub"):
            inputs = {"a": draw.small_integers((2, 3), dtype), "b": draw.small_integers((2, 1), dtype)}
            yield value(f"{function}_alpha_{NAMES[dtype]}", inputs, function=function, alpha=3)


def mismatch_cases(function, error):
    for number, (a, b) in enumerate(MISMATCHES):
        inputs = {"a": torch.zeros(a), "b": torch.zeros(b)}
        yield error(f"{function}_mismatch_{number}", inputs, function=function)


def arithmetic_cases(value, error, Draw):
    yield from operator_cases(("add", "sub", "mul"), value, Draw)
    yield from mismatch_cases("mul", error)
    integers = {"a": torch.zeros(3, dtype=torch.int8), "b": torch.zeros(3, dtype=torch.int8)}
    yield error("add_fractional_alpha", integers, function="add", alpha=3.5)
    yield error("add_alpha_beyond_int8", integers, function="add", alpha=300)


def div_cases(value, error, Draw):
    """By themselves, because of integers they are floats."""
    yield from operator_cases(("div",), value, Draw)
    yield from mismatch_cases("div", error)
    yield value("div_fraction_I16", {"a": torch.tensor([7, -7, 0], dtype=torch.int16)}, function="div", number=2.5)


# ---- activations -----------------------------------------------------------------------------------------------------


def bound(number):
    return float(number) if isinstance(number, str) else number


def run_elementwise(inputs, function, low=None, high=None, approximate="none"):
    x = inputs["input"]
    low, high = bound(low), bound(high)
    call = {
        "leaky_relu": lambda: F.leaky_relu(x, low),
        "prelu": lambda: F.prelu(x, inputs["slopes"]),
        "hardtanh": lambda: F.hardtanh(x, low, high),
        "clamp": lambda: torch.clamp(x, low, high),
        "silu": lambda: F.silu(x),
        "hardswish": lambda: F.hardswish(x),
        "hardsigmoid": lambda: F.hardsigmoid(x),
        "tanh": lambda: torch.tanh(x),
        "elu": lambda: F.elu(x, low),
        "gelu": lambda: F.gelu(x, approximate=approximate),
        "softplus": lambda: F.softplus(x, low, high),
    }
    return {"output": call[function]()}


EXACT = {
    "leaky_relu": {"function": "leaky_relu", "low": 0.2},
    "hardswish": {"function": "hardswish"},
    "hardsigmoid": {"function": "hardsigmoid"},
    "hardtanh": {"function": "hardtanh", "low": -1.0, "high": 2.5},
    "hardtanh_nan": {"function": "hardtanh", "low": -1.0, "high": "nan"},
    "clamp": {"function": "clamp", "low": -1.0, "high": 2.5},
    "clamp_low": {"function": "clamp", "low": -0.5},
    "clamp_high": {"function": "clamp", "high": 0.5},
    "clamp_wrong_way_round": {"function": "clamp", "low": 3.0, "high": 1.0},
    "clamp_nan": {"function": "clamp", "low": "nan", "high": 1.0},
}
ROUNDED = {
    "silu": {"function": "silu"},
    "tanh": {"function": "tanh"},
    "elu": {"function": "elu", "low": 1.0},
    "elu_negative": {"function": "elu", "low": -1.5},
    "gelu": {"function": "gelu"},
    "gelu_tanh": {"function": "gelu", "approximate": "tanh"},
    "softplus": {"function": "softplus", "low": 1.0, "high": 20.0},
    "softplus_beta": {"function": "softplus", "low": 2.0, "high": 5.0},
    "softplus_negative": {"function": "softplus", "low": -1.0, "high": 20.0},
}


def elementwise_cases(value, error, Draw):
    for (name, options), dtype in itertools.product((EXACT | ROUNDED).items(), FLOATS):
        exact = name in EXACT
        for shape in [(), (0, 3), (3, 9)] if name in ("leaky_relu", "gelu") else [(3, 8)]:
            draw = Draw(f"elementwise/{name}/{NAMES[dtype]}/{len(shape)}{sum(shape)}")
            label = "x".join(map(str, shape)) if shape else "scalar"
            yield value(f"{name}_{label}_{NAMES[dtype]}", {"input": tensor(draw, shape, dtype)}, exact, **options)
        x = torch.tensor(SPECIALS, dtype=dtype)
        yield value(f"{name}_specials_{NAMES[dtype]}", {"input": x}, exact, **options)
    for dtype in FLOATS:
        for x, slopes in [((2, 3, 2, 3), (3,)), ((5, 7), (7,)), ((), ()), ((9,), (1,)), ((0, 3, 4), (3,))]:
            draw = Draw(f"elementwise/prelu/{NAMES[dtype]}/{x}")
            inputs = {"input": tensor(draw, x, dtype), "slopes": draw.tensor(slopes, dtype, False)}
            yield value(f"prelu_{len(x)}d_{sum(x)}_{NAMES[dtype]}", inputs, function="prelu")
    for dtype in INTEGERS:
        x = {"input": tensor(Draw(f"elementwise/{NAMES[dtype]}"), (2, 7), dtype)}
        yield value(f"hardtanh_{NAMES[dtype]}", x, function="hardtanh", low=-50.5, high=90.5)
        yield value(f"clamp_{NAMES[dtype]}", x, function="clamp", low=-50, high=90)
        yield value(f"clamp_high_{NAMES[dtype]}", x, function="clamp", high=-9)
    x, integers = {"input": torch.zeros(3)}, {"input": torch.zeros(3, dtype=torch.int8)}
    yield error("hardtanh_wrong_way_round", x, function="hardtanh", low=3.0, high=1.0)
    yield error("hardtanh_nan_of_integers", integers, function="hardtanh", low="nan", high=1.0)
    yield error("hardtanh_beyond_int64", integers, function="hardtanh", low=-1e30, high=1.0)
    yield error("hardtanh_beyond_int8", integers, function="hardtanh", low=300.0, high=400.0)
    yield error("clamp_without_bounds", x, function="clamp")
    yield error("clamp_beyond_int8", integers, function="clamp", low=300, high=200)
    yield error("clamp_below_int8", integers, function="clamp", high=-300)
    for number, (shape, slopes) in enumerate([((2, 3, 4), (2,)), ((2,), (2,)), ((), (2,)), ((2, 3), (3, 1))]):
        inputs = {"input": torch.zeros(shape), "slopes": torch.zeros(slopes)}
        yield error(f"prelu_mismatch_{number}", inputs, function="prelu")


# ---- gradients -------------------------------------------------------------------------------------------------------


def run_elementwise_backward(inputs, function, low=None, high=None, approximate="none"):
    gradient, saved, aten = inputs["grad_output"], inputs["saved"], torch.ops.aten
    call = {
        "hardsigmoid": lambda: aten.hardsigmoid_backward(gradient, saved),
        "tanh": lambda: aten.tanh_backward(gradient, saved),
        "elu": lambda: aten.elu_backward(gradient, low, 1, 1, False, saved),
        "gelu": lambda: aten.gelu_backward(gradient, saved, approximate=approximate),
        "softplus": lambda: aten.softplus_backward(gradient, saved, low, high),
    }
    return {"output": call[function]()}


def elementwise_backward_cases(value, error, Draw):
    functions = {name: options for name, options in ROUNDED.items() if options["function"] != "silu"}
    functions |= {"hardsigmoid": {"function": "hardsigmoid"}}
    for (name, options), dtype in itertools.product(functions.items(), FLOATS):
        exact = name == "hardsigmoid"
        for shape in [(0,), (3, 9)] if dtype == F32 else [(3, 9)]:
            draw = Draw(f"elementwise_backward/{name}/{NAMES[dtype]}/{len(shape)}{sum(shape)}")
            label = "x".join(map(str, shape)) if shape else "scalar"
            inputs = {role: tensor(draw, shape, dtype) for role in ("grad_output", "saved")}
            yield value(f"{name}_{label}_{NAMES[dtype]}", inputs, exact, **options)
        # Without numbers whose squares are beyond float, but not beyond the double that the answer is compared with.
        x = torch.tensor([*SPECIALS[:-2], 1e15, -1e15], dtype=dtype)
        for label, gradient in {"one": 1.0, "minus_zero": -0.0}.items():
            inputs = {"grad_output": torch.full_like(x, gradient), "saved": x}
            yield value(f"{name}_specials_{label}_{NAMES[dtype]}", inputs, exact, **options)


def operations(Op, value, error, Draw):
    """What generate.py adds to its OPS."""

    def cases(make):
        return lambda: make(value, error, Draw)

    return {
        "arithmetic": Op(run_arithmetic, cases(arithmetic_cases), "torch.add, sub and mul"),
        "div": Op(run_arithmetic, cases(div_cases), "torch.div"),
        "elementwise": Op(
            run_elementwise,
            cases(elementwise_cases),
            "F.leaky_relu, prelu, hardtanh, silu, hardswish, hardsigmoid, elu, gelu and softplus, torch.clamp and tanh",
        ),
        "elementwise_backward": Op(
            run_elementwise_backward,
            cases(elementwise_backward_cases),
            "torch.ops.aten.hardsigmoid_backward, tanh_backward, elu_backward, gelu_backward and softplus_backward",
        ),
    }
