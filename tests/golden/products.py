"""matmul: cases of generate.py, whose helpers are `g`."""

import torch

F32, F64, I8, I64 = torch.float32, torch.float64, torch.int8, torch.int64

# Vectors, matrices, batches of both kinds that PyTorch folds or broadcasts, and what has no elements.
SHAPES = [
    ((3,), (3,)),
    ((4, 3), (3,)),
    ((3,), (3, 4)),
    ((4, 3), (3, 5)),
    ((2, 4, 3), (3,)),
    ((2, 4, 3), (3, 5)),
    ((3,), (2, 3, 5)),
    ((4, 3), (2, 3, 5)),
    ((2, 4, 3), (2, 3, 5)),
    ((2, 1, 4, 3), (3, 3, 5)),
    ((2, 3, 4, 3), (2, 1, 3, 2)),
    ((1, 4, 3), (2, 3, 5)),
    ((0, 4, 3), (3, 5)),
    ((2, 3, 0), (2, 0, 4)),
    ((0,), (0,)),
    ((2, 0, 3), (3,)),
    ((5,), (0, 5, 2)),
]

ERRORS = [
    ((), ()),
    ((3,), ()),
    ((3,), (4,)),
    ((2, 3), (4,)),
    ((2, 3), (4, 5)),
    ((3,), (4, 5)),
    ((2, 2, 3), (4,)),
    ((2, 2, 3), (1, 2)),
    ((0, 2, 3), (4, 5)),
    ((2, 2, 3), (3, 3, 5)),
    ((4, 2, 2, 3), (3, 4, 5)),
    ((1, 2, 3), (2, 4, 5)),
    ((2, 3), (1, 1, 4, 6)),
    ((4,), (2, 3, 5)),
    ((4,), (2, 1, 5)),
    ((4,), (3, 2, 1, 5)),
    ((4,), (0, 3, 5)),
    ((4,), (2, 3, 0)),
    ((3, 0, 2, 3), (3, 1, 4, 2)),
]


def run_matmul(inputs):
    return {"output": torch.matmul(inputs["a"], inputs["b"])}


def matmul_cases(g):
    for number, (a, b) in enumerate(SHAPES):
        for dtype in (F32, (F64, I8, I64)[number % 3]):
            draw = g.Draw(f"matmul/{number}/{dtype}")
            inputs = {"a": draw.tensor(a, dtype, False), "b": draw.tensor(b, dtype, False)}
            exact = dtype in (I8, I64)
            yield g.value(f"{g.shape_name(a)}_by_{g.shape_name(b)}_{g.NAMES[dtype]}", inputs, exact)
    for number, (a, b) in enumerate(ERRORS):
        yield g.error(f"error_{number}", {"a": g.zeros(*a), "b": g.zeros(*b)})


def ops(g):
    """What generate.py adds to its operations."""
    return {"matmul": g.Op(run_matmul, lambda: matmul_cases(g), "torch.matmul")}
