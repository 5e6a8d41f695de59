"""The operations that move elements, for generate.py: permute, cat, slice, pad, the shuffles, and pad's gradient."""

import re

import torch
import torch.nn.functional as F

HUGE = (2**31 - 1, 2**32, 2**61, 2**62, 2**63 - 1, -(2**31), -(2**62))
# Where sizes leave int64 or memory, and what says more of PyTorch's types than of the call; lines are pad_test.cpp's.
NO_ANSWER = "memory|SymInt|overflow|Trying to create|numel|\n"


def run_permute(inputs, function, **o):
    call = {
        "permute": lambda x: x.permute(o["dims"]),
        "swapdims": lambda x: x.swapdims(*o["dims"]),
        "reshape": lambda x: x.reshape(o["shape"]),
        "flatten": lambda x: x.flatten(*o["dims"]),
    }
    return {"output": call[function](inputs["input"]).contiguous()}


def run_cat(inputs, dim):
    return {"output": torch.cat([inputs[f"input{i}"] for i in range(len(inputs))], dim)}


def run_slice(inputs, function, **o):
    call = {
        "narrow": lambda x: x.narrow(o["dim"], o["start"], o["length"]),
        "slice": lambda x: torch.ops.aten.slice.Tensor(x, o["dim"], o["start"], o["end"], o["step"]),
    }
    return {"output": call[function](inputs["input"]).contiguous()}


def run_pad(inputs, pads, mode="constant", value=0):
    return {"output": F.pad(inputs["input"], pads, mode, value)}


def run_pixel_shuffle(inputs, function, factor):
    call = {"pixel_shuffle": F.pixel_shuffle, "pixel_unshuffle": F.pixel_unshuffle, "channel_shuffle": F.channel_shuffle}
    return {"output": call[function](inputs["input"], factor)}


def run_pad_backward(inputs, pads, mode, input_size):
    dy = inputs["grad_output"]
    if mode == "constant":
        with torch.enable_grad():
            x = torch.zeros(input_size, dtype=dy.dtype, requires_grad=True)
            return {"output": torch.autograd.grad(F.pad(x, pads), x, dy)[0]}
    name = {"reflect": "reflection", "replicate": "replication"}[mode]
    backward = getattr(torch.ops.aten, f"{name}_pad{len(pads) // 2}d_backward")
    return {"output": backward(dy, torch.zeros(input_size, dtype=dy.dtype), pads)}


class Cases:
    """Random calls, of which PyTorch decides whether they are values or errors."""

    def __init__(self, by, op, run):
        self.by, self.op, self.run, self.texts = by, op, run, {}

    def decided(self, name, inputs, **options):
        """The case, unless there are enough of its kind, or its answer is of no use."""
        is_integer = any(x.dtype in self.by.INTEGERS for x in inputs.values())
        try:  # PyTorch has sums of floating-point numbers alone
            wide = {role: x.double() for role, x in inputs.items()} if "grad_output" in inputs and is_integer else inputs
            output = self.run(wide, **options)["output"]
        except Exception as caught:
            text = re.sub(r"-?\d+", "", str(caught))[:60]
            self.texts[text] = self.texts.get(text, 0) + 1
            if self.texts[text] > 12 or re.search(NO_ANSWER, str(caught)):
                return
            yield self.by.error(name, {role: self.by.zeros(*x.shape) for role, x in inputs.items()}, **options)
            return
        if output.numel() <= 100 and all(x.numel() <= 150 for x in inputs.values()):
            yield self.by.value(name, inputs, **options)

    def draw(self, i):
        return self.by.Draw(f"{self.op}/{i}")

    def tensor(self, draw, shape):
        return draw.tensor(shape, draw.dtype_and_exact()[0])


def number(draw, low, high):
    return draw.pick(*HUGE) if draw.int(1, 12) == 1 else draw.int(low, high)


def sizes(draw, rank, most=5):
    return [0 if draw.int(1, 15) == 1 else draw.int(1, most) for _ in range(rank)]


def permute_cases(by):
    cases = Cases(by, "permute", run_permute)
    for name, shape, function, options in (
        ("duplicate_dims", (2, 3, 4), "permute", {"dims": [0, 1, -3]}),
        ("dims_of_a_scalar", (), "permute", {"dims": [0]}),
        ("no_dims", (), "permute", {"dims": []}),
        ("two_inferred", (2, 3, 4), "reshape", {"shape": [-1, -1]}),
        ("size_below_minus_one", (2, 3, 4), "reshape", {"shape": [-1, -2]}),
        ("ambiguous", (0, 3), "reshape", {"shape": [0, -1]}),
        ("inferred_none", (0, 3), "reshape", {"shape": [3, -1]}),
        ("product_beyond_int64", (2, 3, 4), "reshape", {"shape": [2**32, 2**32]}),
        ("scalar_to_line", (), "reshape", {"shape": [-1]}),
        ("ends_exchanged", (2, 3, 4), "flatten", {"dims": [2, 1]}),
        ("scalar", (), "flatten", {"dims": [0, -1]}),
        ("scalar", (), "swapdims", {"dims": [0, -1]}),
    ):
        inputs = {"input": cases.tensor(cases.draw(name), shape)}
        yield from cases.decided(f"{function}_{name}", inputs, function=function, **options)
    for i in range(160):
        draw = cases.draw(i)
        rank = draw.int(0, 5)
        x = cases.tensor(draw, sizes(draw, rank))
        function = draw.pick("permute", "permute", "swapdims", "reshape", "flatten")
        if function == "permute":
            dims = torch.randperm(rank, generator=draw.generator).tolist()
            dims = [d - rank if draw.int(1, 4) == 1 else d for d in dims]
            if draw.int(1, 4) == 1:
                dims = [number(draw, -rank - 1, rank) for _ in range(draw.int(0, rank + 1))]
            options = {"dims": dims}
        elif function == "reshape":
            left, shape = x.numel(), []
            while left > 1 and len(shape) < 6:
                factor = draw.pick(*[f for f in range(1, left + 1) if left % f == 0])
                shape.append(factor)
                left //= factor
            shape = shape + [left] if draw.int(1, 4) > 1 else [number(draw, -2, 6) for _ in range(draw.int(0, 4))]
            if shape and draw.int(1, 2) == 1:
                shape[draw.int(0, len(shape) - 1)] = -1
            options = {"shape": shape}
        else:
            options = {"dims": [number(draw, -rank - 1, rank), number(draw, -rank - 1, rank)]}
        yield from cases.decided(f"{i:03}_{function}", {"input": x}, function=function, **options)


def cat_cases(by):
    cases = Cases(by, "cat", run_cat)
    for i in range(120):
        draw = cases.draw(i)
        rank, dtype = draw.int(1, 5), draw.dtype_and_exact()[0]
        dim, first = draw.int(-rank, rank - 1), sizes(draw, rank, 4)
        inputs = {}
        for k in range(draw.int(1, 4)):
            shape = list(first)
            shape[dim] = draw.int(0, 5)
            if draw.int(1, 8) == 1:
                shape = [0]
            if draw.int(1, 12) == 1:
                shape[draw.int(0, len(shape) - 1)] = draw.int(0, 5)
            if draw.int(1, 25) == 1:
                shape = draw.pick([], shape[1:], [1, *shape])
            inputs[f"input{k}"] = draw.tensor(shape, dtype)
        if draw.int(1, 10) == 1:
            dim = number(draw, -rank - 2, rank + 1)
        yield from cases.decided(f"{i:03}", inputs, dim=dim)


def slice_cases(by):
    cases = Cases(by, "slice", run_slice)
    for i in range(140):
        draw = cases.draw(i)
        rank = draw.int(0, 4)
        shape = sizes(draw, rank, 7)
        dim = draw.int(-rank, max(0, rank - 1)) if draw.int(1, 8) > 1 else number(draw, -6, 6)
        size = shape[dim] if -rank <= dim < rank else 3
        x, start = cases.tensor(draw, shape), number(draw, -size, size)
        if draw.pick(True, False):
            length = number(draw, 0, max(0, size - start % max(size, 1))) if draw.int(1, 5) > 1 else number(draw, -1, 8)
            yield from cases.decided(
                f"{i:03}_narrow", {"input": x}, function="narrow", dim=dim, start=start, length=length
            )
        else:  # a huge step wraps in PyTorch
            step = draw.pick(1, 1, 2, 3, 5, 100) if draw.int(1, 10) > 1 else draw.int(-1, 0)
            end = number(draw, -9, 9)
            yield from cases.decided(
                f"{i:03}_slice", {"input": x}, function="slice", dim=dim, start=start, end=end, step=step
            )


def padded_call(draw, modes):
    """A shape, pads and a mode, mostly valid."""
    mode = draw.pick(*modes)
    rank = draw.int(0, 5) if mode == "constant" else draw.int(2, 4)
    count = draw.int(0, rank)
    if mode != "constant":
        count = draw.pick(*[c for c in (1, 2) if rank - 2 <= c < rank])
    wild = draw.int(1, 4) == 1
    low, high = (-7, 7) if wild else (-1, 3)
    pads = [number(draw, low, high) if wild else draw.int(low, high) for _ in range(2 * count)]
    if draw.int(1, 15) == 1:
        pads = [draw.int(0, 2) for _ in range(draw.int(0, 2 * rank + 2))]
    return mode, pads, sizes(draw, rank, 6)


def leaves_int64(pads):
    return any(abs(p) > 2**60 for p in pads)


def pad_cases(by):
    cases = Cases(by, "pad", run_pad)
    for i in range(235):
        draw = cases.draw(i)
        mode, pads, shape = padded_call(draw, ("constant", "constant", "reflect", "replicate", "circular"))
        options = {"value": draw.int(-5, 5)} if mode == "constant" or draw.int(1, 15) == 1 else {}
        # Circular padding of what a negative padding has cut reads what is not written yet.
        if leaves_int64(pads) and mode != "constant" or mode == "circular" and min(pads, default=0) < 0:
            continue
        yield from cases.decided(
            f"{i:03}_{mode}", {"input": cases.tensor(draw, shape)}, pads=pads, mode=mode, **options
        )


def pad_backward_cases(by):
    cases = Cases(by, "pad_backward", run_pad_backward)
    for i in range(160):
        draw = cases.draw(i)
        mode, pads, shape = padded_call(draw, ("constant", "reflect", "replicate"))
        if leaves_int64(pads):
            continue
        try:
            output = list(F.pad(torch.zeros(shape), pads, mode).shape)
        except Exception:
            continue
        if mode != "constant" and draw.int(1, 4) == 1 and output:
            d = draw.int(len(shape) - len(pads) // 2 - 1, len(output) - 1)
            output[d] += 1
        dtype = draw.pick(by.F32, by.F64) if mode == "constant" else draw.dtype_and_exact()[0]
        dy = draw.tensor(output, dtype, False)
        yield from cases.decided(f"{i:03}_{mode}", {"grad_output": dy}, pads=pads, mode=mode, input_size=shape)


def pixel_shuffle_cases(by):
    cases = Cases(by, "pixel_shuffle", run_pixel_shuffle)
    for function in ("pixel_shuffle", "pixel_unshuffle", "channel_shuffle"):
        for factor in (0, -2):
            inputs = {"input": by.zeros(1, 8, 4, 4)}
            yield from cases.decided(f"{function}_by_{factor}".replace("-", "minus_"), inputs, function=function, factor=factor)
    for i in range(130):
        draw = cases.draw(i)
        function = draw.pick("pixel_shuffle", "pixel_unshuffle", "channel_shuffle")
        rank, r = draw.int(3, 5) if draw.int(1, 10) > 1 else draw.int(0, 2), draw.int(1, 4)
        shape = sizes(draw, rank, 3)
        if draw.int(1, 8) > 1 and rank > 2:
            for d in {"pixel_shuffle": [-3, -3], "pixel_unshuffle": [-2, -1], "channel_shuffle": [1]}[function]:
                shape[d] *= r
        factor = r if draw.int(1, 6) > 1 else number(draw, -1, 5)
        yield from cases.decided(
            f"{i:03}_{function}", {"input": cases.tensor(draw, shape)}, function=function, factor=factor
        )


def ops(by):
    """What generate.py, the module `by`, adds to its own."""

    def op(run, cases, recipe, widen=None):
        return by.Op(run, lambda: cases(by), recipe, widen)

    return {
        "permute": op(run_permute, permute_cases, "Tensor.permute, swapdims, reshape and flatten, contiguous"),
        "cat": op(run_cat, cat_cases, "torch.cat"),
        "slice": op(run_slice, slice_cases, "torch.narrow and torch.ops.aten.slice"),
        "pad": op(run_pad, pad_cases, "F.pad"),
        "pad_backward": op(
            run_pad_backward,
            pad_backward_cases,
            "torch.ops.aten.reflection_pad2d_backward and its kin, of constant pads by autograd",
            by.widened_to_float64,
        ),
        "pixel_shuffle": op(run_pixel_shuffle, pixel_shuffle_cases, "F.pixel_shuffle, pixel_unshuffle, channel_shuffle"),
    }
