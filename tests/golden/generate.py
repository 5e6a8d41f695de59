#!/usr/bin/env python3
"""Writes <op>.safetensors: what PyTorch answers on the CPU, values and error texts. The format is in README.md.

    python generate.py [--check] [OP ...]

--check writes nothing and fails if the files differ from what would be written.

Every text and every value is provoked by running PyTorch. A case says whether it is to be a value or an error, and the
script stops where PyTorch disagrees. To add cases: extend the op's <op>_cases function; every case seeds its own
numbers from its name, so the others keep theirs. Random calls and mistakes come from calls.py; there PyTorch decides
whether a call with mistakes is a value or an error.
"""

import argparse
import collections
import itertools
import json
import math
import pathlib
import random
import re
import struct
import sys
import warnings

warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
warnings.filterwarnings("ignore", message="Using padding='same' with even kernel lengths")

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

import calls  # noqa: E402
import elementwise  # noqa: E402
import gradients  # noqa: E402
import moves  # noqa: E402
import products  # noqa: E402
import reductions  # noqa: E402
import resampling  # noqa: E402

TORCH = "2.15.0"
F32, F64 = torch.float32, torch.float64
I8, I16, I32, I64 = torch.int8, torch.int16, torch.int32, torch.int64
FLOATS = (F32, F64)
INTEGERS = (I8, I16, I32, I64)
NAMES = {F32: "F32", F64: "F64", I8: "I8", I16: "I16", I32: "I32", I64: "I64"}
NAN, INF = math.nan, math.inf


# ---- cases -----------------------------------------------------------------------------------------------------------

# fails: the case has to end in an error; exact: see README.md
Case = collections.namedtuple("Case", "name inputs options fails exact")


def value(name, inputs, exact=True, **options):
    return Case(name, inputs, options, False, exact)


def error(name, inputs, **options):
    return Case(name, inputs, options, True, False)


class Draw:
    """Random numbers that depend on nothing but the seed string."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.generator = torch.Generator().manual_seed(self.random.getrandbits(63))

    def int(self, low, high):
        return self.random.randint(low, high)

    def pair(self, low, high):
        return [self.int(low, high), self.int(low, high)]

    def pick(self, *choices):
        return choices[self.int(0, len(choices) - 1)]

    def small_integers(self, shape, dtype=F32, high=4):
        return torch.randint(-high, high + 1, shape, generator=self.generator, dtype=I64).to(dtype)

    def tensor(self, shape, dtype=F32, exact=True):
        """Integers over the whole range of their type; floats that are small integers if exact, else normal."""
        if dtype in INTEGERS:
            words = torch.randint(0, 2**16, (4, *shape), generator=self.generator, dtype=I64)
            return (words[0] << 48 | words[1] << 32 | words[2] << 16 | words[3]).to(dtype)
        if exact:
            return self.small_integers(shape, dtype)
        return torch.randn(shape, generator=self.generator, dtype=F64).to(dtype)

    def dtype_and_exact(self):
        """Floats three times out of four, half of those with exact sums."""
        dtype = self.pick(F32, F32, F32, F32, F64, F64, self.pick(*INTEGERS), self.pick(*INTEGERS))
        return dtype, dtype in INTEGERS or self.pick(True, False)


def zeros(*shape, dtype=F32):
    """Beyond what memory is for, one zero that is seen as a tensor of that size."""
    if math.prod(shape) < 2**20:
        return torch.zeros(shape, dtype=dtype)
    return torch.zeros((), dtype=dtype).expand(shape)


def mistaken(op, draw_call, mistakes):
    """Valid calls with mistakes made: each one, each two, and three at random. They show which check comes first."""
    names = list(mistakes)
    random_threes = Draw(f"{op}/mistaken").random
    wanted = [(name,) for name in names for _ in range(3)] + list(itertools.combinations(names, 2))
    wanted += [tuple(sorted(random_threes.sample(names, 3), key=names.index)) for _ in range(3 * len(names))]
    seen, count, texts = set(), collections.Counter(), collections.Counter()
    for chosen in wanted:
        count[chosen] += 1
        for attempt in range(20):  # where PyTorch has no answer of its own, another call is drawn
            draw = Draw(f"{op}/{chosen}/{count[chosen]}/{attempt}")
            call = draw_call(draw)
            for name in chosen:
                mistakes[name](call, draw)
            case, text = mistaken_case(op, call, dtype=draw.pick(F32, F32, F32, F64))
            content = repr((call.shapes, call.options, call.index))
            beginning = re.sub(r"-?\d+", "", text)[:40]
            if case is None or content in seen or texts[beginning] == 40:
                continue
            seen.add(content)
            texts[beginning] += 1
            number = [] if len(chosen) == 2 else [str(count[chosen])]
            yield case._replace(name="_".join(["mistaken", *chosen, *number]))
            break


def mistaken_case(op, call, dtype):
    """The call as a case, which is None where it is of no use here, and the error's text."""
    o = call.options
    if not is_expressible(op, call):
        return None, ""
    inputs = {role: zeros(*shape, dtype=dtype) for role, shape in call.shapes.items()}
    if "indices" in inputs:
        inputs["indices"] = torch.tensor(call.index).expand(call.shapes["indices"])
    try:
        outputs = OPS[op].run(inputs, **o)
    except Exception as caught:
        text = str(caught)
        return (error("", inputs, **o) if is_about_the_call(op, call, text) else None), text
    # Values are worth keeping too, where a mistake is none.
    is_small = all(t.numel() <= 64 for t in outputs.values())
    return (value("", inputs, **o) if is_small and not calls.leaves_int64(call.shapes, o) else None), ""


def is_expressible(op, call):
    """Tensors whose bytes can be counted, and options that do not exclude each other."""
    o = call.options
    if op.startswith("conv_transpose2d") and "output_size" in o:
        if "output_padding" in o or len(call.shapes["weight"]) != 4:
            return False
    return all(math.prod(max(1, size) for size in shape) < 2**60 for shape in call.shapes.values())


def is_about_the_call(op, call, text):
    """Not about memory, nor where sizes have left their type: int64, or int32 in the transposed kernel."""
    o = call.options
    if re.search("memory|numel|Storage size|Stride calculation|Trying to create|SymInt|no answer", text):
        return False
    if "conv_transpose2d" in op and re.search("_height|Calculated", text) and not calls.is_within_int32(o):
        return False
    if o.get("padding") == "same" and calls.leaves_int64(call.shapes, o):
        return False
    # What is said before any size is computed can be told by its text.
    late = r"alculated|sizes range|must be between|max_unpooling:|shape dim|reshape|inferred|, but got \[|Only zero"
    return not re.search(late, text) or not calls.leaves_int64(call.shapes, o)


# ---- conv2d ----------------------------------------------------------------------------------------------------------


def run_conv2d(inputs, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    return {
        "output": F.conv2d(inputs["input"], inputs["weight"], inputs.get("bias"), stride, padding, dilation, groups)
    }


def conv_inputs(seed, input, weight, bias=None, dtype=F32, exact=True):
    """input, weight, bias are shapes."""
    draw = Draw(seed)
    shapes = {"input": input, "weight": weight} | ({} if bias is None else {"bias": bias})
    return {role: draw.tensor(shape, dtype, exact) for role, shape in shapes.items()}


def conv_zeros(input=(1, 4, 5, 5), weight=(6, 4, 3, 3), bias=None):
    shapes = {"input": input, "weight": weight} | ({} if bias is None else {"bias": bias})
    return {role: zeros(*shape) for role, shape in shapes.items()}


def conv2d_cases():
    def named(name, input, weight, bias=None, dtype=F32, exact=True, **options):
        return value(name, conv_inputs(f"conv2d/{name}", input, weight, bias, dtype, exact), exact, **options)

    yield named("one_tap", (1, 1, 1, 1), (1, 1, 1, 1), (1,))
    yield named("pointwise_with_bias", (2, 3, 4, 5), (4, 3, 1, 1), (4,))
    yield named("plain_3x3", (1, 4, 5, 5), (6, 4, 3, 3), (6,))
    yield named("unbatched", (3, 5, 6), (2, 3, 3, 2), (2,))
    yield named("unbatched_without_bias", (3, 5, 6), (2, 3, 3, 2))
    yield named("kernel_as_large_as_input", (1, 2, 4, 3), (3, 2, 4, 3), (3,))
    yield named("kernel_only_fits_into_padding", (1, 2, 1, 2), (3, 2, 5, 4), (3,), padding=[2, 1])
    yield named("row_kernel_column_kernel", (1, 2, 6, 7), (3, 2, 1, 5), padding=[0, 2])
    yield named("column_kernel", (1, 2, 7, 6), (3, 2, 5, 1), padding=[2, 0])
    yield named("stride_drops_the_last_row", (1, 2, 6, 8), (3, 2, 3, 3), stride=[2, 2])
    yield named("stride_above_kernel_skips_pixels", (1, 2, 9, 8), (3, 2, 2, 2), stride=[3, 4])
    yield named("stride_above_input", (1, 2, 3, 3), (3, 2, 3, 3), stride=[7, 5])
    yield named("stride_differs_by_dimension", (1, 3, 8, 9), (2, 3, 3, 3), (2,), stride=[1, 3], padding=[1, 0])
    yield named("padding_above_kernel_gives_bias_only_rows", (1, 2, 3, 3), (3, 2, 2, 2), (3,), padding=[3, 4])
    yield named("dilation_leaves_holes", (1, 2, 8, 9), (3, 2, 3, 3), dilation=[2, 3])
    yield named("dilation_reaches_padding_only", (1, 2, 3, 3), (3, 2, 3, 3), padding=[4, 4], dilation=[4, 4])
    yield named("dilation_one_dimension_only", (1, 2, 5, 8), (3, 2, 2, 3), dilation=[1, 3], stride=[2, 1])
    yield named("dilation_of_a_one_tap_kernel_is_void", (1, 2, 3, 4), (3, 2, 1, 1), dilation=[5, 9])
    yield named("two_groups", (2, 4, 5, 5), (6, 2, 3, 3), (6,), groups=2, padding=[1, 1])
    yield named("depthwise", (1, 4, 5, 6), (4, 1, 3, 3), (4,), groups=4, padding=[1, 1])
    yield named("depthwise_with_multiplier", (1, 3, 5, 4), (6, 1, 3, 2), groups=3, stride=[2, 1])
    yield named("groups_with_dilation", (1, 6, 7, 7), (3, 2, 3, 3), (3,), groups=3, dilation=[2, 2])
    yield named("same_odd_kernel", (1, 2, 5, 6), (3, 2, 3, 5), (3,), padding="same")
    yield named("same_even_kernel_pads_bottom_right", (1, 2, 5, 6), (3, 2, 4, 2), (3,), padding="same")
    yield named("same_even_height_only", (1, 2, 5, 6), (3, 2, 4, 3), padding="same")
    yield named("same_even_width_only", (1, 2, 5, 6), (3, 2, 3, 4), padding="same")
    yield named("same_even_kernel_odd_dilation", (1, 2, 5, 6), (3, 2, 2, 2), padding="same", dilation=[3, 1])
    yield named("same_even_dilation_is_symmetric", (1, 2, 5, 6), (3, 2, 2, 2), padding="same", dilation=[2, 4])
    yield named("same_kernel_above_input", (1, 1, 2, 2), (1, 1, 6, 5), padding="same")
    yield named("same_unbatched_groups", (4, 3, 5), (2, 2, 2, 4), (2,), padding="same", groups=2)
    yield named("valid_with_stride", (1, 2, 6, 7), (3, 2, 3, 2), (3,), padding="valid", stride=[2, 3])
    yield named("empty_batch", (0, 4, 5, 5), (6, 4, 3, 3), (6,))
    yield named("empty_batch_stride_padding", (0, 4, 6, 5), (6, 2, 3, 3), groups=2, stride=[2, 1], padding=[1, 2])
    yield named("empty_batch_dilation_zero", (0, 4, 5, 5), (6, 4, 3, 3), dilation=[0, 0])
    yield named("no_channels_answers_no_channels", (1, 0, 5, 5), (6, 0, 3, 3))
    yield named("input_one_row", (2, 3, 1, 9), (4, 3, 1, 3), (4,), stride=[1, 2])
    yield named("input_one_column", (2, 3, 9, 1), (4, 3, 3, 1), (4,), stride=[2, 1])
    yield named("many_channels_cross_a_block", (1, 70, 3, 3), (5, 70, 2, 2), (5,))
    yield named("many_outputs_cross_a_tile", (1, 3, 4, 4), (37, 3, 2, 2), (37,))
    yield named("long_row_crosses_a_panel", (1, 2, 2, 53), (3, 2, 2, 3), padding=[0, 1])
    for dtype in INTEGERS:
        yield named(f"wraps_{NAMES[dtype]}", (2, 3, 5, 5), (4, 3, 3, 3), (4,), dtype, padding=[1, 1])
        yield named(
            f"wraps_{NAMES[dtype]}_dilated_groups", (1, 4, 6, 5), (4, 2, 2, 2), (4,), dtype, dilation=[2, 3], groups=2
        )
    yield named("normal_F64", (2, 3, 6, 5), (4, 3, 3, 3), (4,), F64, False, padding=[1, 1])
    yield named("long_sum_F32", (1, 64, 4, 4), (2, 64, 3, 3), (2,), F32, False)

    for i in range(150):
        yield random_conv(f"random_{i:03}", "conv2d")
    for i in range(12):
        yield random_conv_with_specials(f"specials_{i:03}", "conv2d")

    big = 2**62
    yield error("input_rank_2", conv_zeros(input=(4, 5)))
    yield error("input_rank_0", conv_zeros(input=()))
    yield error("input_rank_5", conv_zeros(input=(1, 1, 4, 5, 5)))
    yield error("weight_rank_2", conv_zeros(weight=(6, 4)))
    yield error("weight_rank_0", conv_zeros(weight=()))
    yield error("weight_rank_3_wants_one_setting", conv_zeros(weight=(6, 4, 3)))
    yield error("weight_rank_5_wants_three_settings", conv_zeros(weight=(6, 4, 1, 3, 3)))
    yield error("groups_zero", conv_zeros(), groups=0)
    yield error("groups_negative", conv_zeros(), groups=-2)
    yield error("padding_negative", conv_zeros(), padding=[0, -1])
    yield error("stride_zero", conv_zeros(), stride=[0, 1])
    yield error("stride_negative", conv_zeros(), stride=[1, -1])
    yield error("dilation_negative", conv_zeros(), dilation=[1, -1])
    yield error("dilation_zero", conv_zeros(), dilation=[0, 0])
    yield error("dilation_zero_in_one_dimension", conv_zeros(), dilation=[1, 0])
    yield error("dilation_zero_same", conv_zeros(), dilation=[0, 0], padding="same")
    yield error("dilation_negative_same", conv_zeros(), dilation=[-1, -1], padding="same")
    yield error("fewer_outputs_than_groups", conv_zeros(weight=(1, 2, 3, 3)), groups=2)
    yield error("no_outputs", conv_zeros(weight=(0, 4, 3, 3)))
    yield error("outputs_not_divisible_by_groups", conv_zeros(weight=(6, 1, 3, 3)), groups=4)
    yield error("channels_differ", conv_zeros(weight=(6, 3, 3, 3)))
    yield error("channels_differ_unbatched", conv_zeros(input=(4, 5, 5), weight=(6, 3, 3, 3)))
    yield error("channels_differ_by_groups", conv_zeros(weight=(6, 4, 3, 3)), groups=2)
    yield error("bias_of_wrong_length", conv_zeros(bias=(5,)))
    yield error("bias_rank_2", conv_zeros(bias=(1, 6)))
    yield error("bias_rank_0", conv_zeros(bias=()))
    yield error("padding_overflows_h", conv_zeros(), padding=[big, 0])
    yield error("padding_overflows_w", conv_zeros(), padding=[0, big])
    yield error("kernel_above_input_h", conv_zeros(weight=(6, 4, 6, 3)))
    yield error("kernel_above_input_w", conv_zeros(weight=(6, 4, 3, 6)))
    yield error("dilated_kernel_above_padded_input", conv_zeros(), dilation=[4, 3], padding=[1, 0])
    yield error("kernel_above_input_valid", conv_zeros(weight=(6, 4, 6, 6)), padding="valid")
    yield error("kernel_above_input_unbatched", conv_zeros(input=(4, 2, 5)))
    yield error("kernel_above_input_empty_batch", conv_zeros(input=(0, 4, 2, 5)))
    yield error("input_without_rows", conv_zeros(input=(1, 4, 0, 5)), padding=[2, 0])
    yield error("input_without_columns_unbatched", conv_zeros(input=(4, 5, 0)), padding=[0, 2])
    yield error("kernel_without_rows", conv_zeros(weight=(6, 4, 0, 3)))
    yield error("kernel_without_columns", conv_zeros(weight=(6, 4, 3, 0)))
    yield error("kernel_without_rows_dilated", conv_zeros(weight=(6, 4, 0, 3)), dilation=[1, 2])
    yield error("kernel_without_rows_empty_batch", conv_zeros(input=(0, 4, 5, 5), weight=(6, 4, 0, 3)))
    yield named("kernel_without_rows_no_channels", (1, 0, 5, 2), (2, 0, 0, 4), padding=[0, 1], dilation=[2, 1])
    yield error("kernel_empty_before_dilation_zero", conv_zeros(weight=(6, 4, 0, 3)), dilation=[0, 0])
    yield error("same_with_stride", conv_zeros(), stride=[1, 2], padding="same")
    yield error("same_with_stride_zero", conv_zeros(), stride=[0, 0], padding="same")
    yield error("same_weight_rank_2", conv_zeros(weight=(6, 4)), padding="same")
    yield error("same_weight_rank_3", conv_zeros(weight=(6, 4, 3)), padding="same")
    yield error("same_weight_rank_5", conv_zeros(weight=(6, 4, 1, 3, 3)), padding="same")
    yield error("same_input_rank_2", conv_zeros(input=(5, 5)), padding="same")
    yield error("same_groups_zero", conv_zeros(), groups=0, padding="same")
    yield error("same_shows_the_padded_input", conv_zeros(weight=(6, 3, 3, 4)), padding="same")
    yield error("same_bias_of_wrong_length", conv_zeros(bias=(5,), weight=(6, 4, 2, 2)), padding="same")
    yield error("same_no_outputs", conv_zeros(weight=(0, 4, 3, 3)), padding="same")
    yield error("valid_channels_differ", conv_zeros(weight=(6, 3, 3, 3)), padding="valid")
    yield error("rank_before_groups", conv_zeros(input=(5, 5)), groups=0)
    yield error("groups_before_padding", conv_zeros(), groups=0, padding=[-1, -1])
    yield error("padding_before_stride", conv_zeros(), stride=[0, 0], padding=[-1, 0])
    yield error("stride_before_dilation", conv_zeros(), stride=[0, 1], dilation=[-1, 1])
    yield error("dilation_before_channels", conv_zeros(weight=(6, 3, 3, 3)), dilation=[-1, 1])
    yield error("channels_before_bias", conv_zeros(weight=(6, 3, 3, 3), bias=(5,)))
    yield error("bias_before_size", conv_zeros(weight=(6, 4, 6, 6), bias=(5,)))
    yield error("size_before_dilation_zero", conv_zeros(input=(1, 4, 0, 5)), dilation=[0, 0])
    yield from mistaken("conv2d", lambda draw: calls.conv_call(draw, "conv2d"), calls.CONV2D_MISTAKES)


def random_conv(name, op):
    draw = Draw(f"{op}/{name}")
    dtype, exact = draw.dtype_and_exact()
    call = calls.conv_call(draw, op)
    if op != "slow_conv_transpose2d" and draw.int(1, 12) == 1:
        calls.empty_batch(call, draw)
    inputs = {role: draw.tensor(shape, dtype, exact) for role, shape in call.shapes.items()}
    o, input = call.options, call.shapes["input"]
    traits = {
        "same": o["padding"] == "same",
        "valid": o["padding"] == "valid",
        "groups": o.get("groups", 1) > 1,
        "dilated": max(o["dilation"]) > 1,
        "output_size": "output_size" in o,
        "unbatched": len(input) == 3,
        "empty_batch": input[0] == 0,
    }
    return value("_".join([name, NAMES[dtype], *with_trait(traits)]), inputs, exact, **o)


def with_trait(traits):
    return [trait for trait, is_so in traits.items() if is_so]


def random_conv_with_specials(name, op):
    """NaN and infinities here and there, but not where zeros of padding are factors in some kernels and not in others:
    in a padded convolution, and in the weight of a transposed one."""
    attempt = 0
    while True:
        attempt += 1
        case = random_conv(f"{name}_{attempt}", op)
        plain = op != "conv2d" or case.options["padding"] in ([0, 0], "valid")
        if case.exact and plain and dtype_of(case.inputs) in FLOATS and case.inputs["input"].numel():
            inputs = case.inputs | {
                role: with_specials(f"{op}/{name}/{role}", case.inputs[role])
                for role in ("input", "weight" if op == "conv2d" else "bias")
                if role in case.inputs
            }
            return case._replace(name=case.name.replace(f"{name}_{attempt}", name), inputs=inputs)


def with_specials(seed, tensor):
    draw, tensor = Draw(seed), tensor.clone()
    places = tensor.view(-1)
    for _ in range(draw.int(0, 1 + tensor.numel() // 24)):
        places[draw.int(0, tensor.numel() - 1)] = draw.pick(NAN, INF, INF, -INF, -0.0)
    return tensor


# ---- conv_transpose2d, slow_conv_transpose2d -------------------------------------------------------------------------


def run_conv_transpose2d(
    inputs, stride=(1, 1), padding=(0, 0), output_padding=(0, 0), output_size=None, groups=1, dilation=(1, 1)
):
    input, weight, bias = inputs["input"], inputs["weight"], inputs.get("bias")
    if output_size is None:
        return {"output": F.conv_transpose2d(input, weight, bias, stride, padding, output_padding, groups, dilation)}
    # The module's constructor has checks of its own that the functional interface does not know: go round it.
    module = torch.nn.ConvTranspose2d(1, 1, 1)
    module.kernel_size, module.groups = tuple(weight.shape[-2:]), groups
    module.stride, module.padding, module.dilation = tuple(stride), tuple(padding), tuple(dilation)
    module.weight = torch.nn.Parameter(weight, requires_grad=False)
    module.bias = None if bias is None else torch.nn.Parameter(bias, requires_grad=False)
    return {"output": module(input, output_size=output_size)}


def conv_transpose2d_cases():
    def named(name, input, weight, bias=None, dtype=F32, exact=True, **options):
        return value(name, conv_inputs(f"conv_transpose2d/{name}", input, weight, bias, dtype, exact), exact, **options)

    yield named("one_tap", (1, 1, 1, 1), (1, 1, 1, 1), (1,))
    yield named("pointwise_with_bias", (2, 3, 4, 5), (3, 4, 1, 1), (4,))
    yield named("stride_1_is_a_flipped_convolution", (1, 3, 4, 5), (3, 2, 3, 3), (2,))
    yield named("unbatched", (3, 4, 5), (3, 2, 3, 2), (2,), stride=[2, 2])
    yield named("unbatched_without_bias", (3, 4, 5), (3, 2, 3, 2))
    yield named("holes_stride_above_kernel", (1, 2, 4, 4), (2, 3, 2, 2), (3,), stride=[3, 3])
    yield named("tiles_stride_equals_kernel", (1, 2, 4, 3), (2, 3, 2, 2), (3,), stride=[2, 2])
    yield named("one_phase_empty", (1, 1, 3, 3), (1, 1, 1, 1), (1,), stride=[2, 2])
    yield named("phases_of_unequal_taps", (1, 2, 4, 5), (2, 3, 3, 3), (3,), stride=[2, 2])
    yield named("phases_merge_k4_s2", (1, 3, 4, 4), (3, 2, 4, 4), (2,), stride=[2, 2], padding=[1, 1])
    yield named("phases_merge_k16_s8", (1, 2, 2, 3), (2, 1, 16, 16), (1,), stride=[8, 8], padding=[4, 4])
    yield named("stride_differs_by_dimension", (1, 2, 4, 5), (2, 3, 3, 4), (3,), stride=[1, 3])
    yield named("stride_and_kernel_differ_by_dimension", (1, 2, 4, 5), (2, 3, 1, 5), stride=[2, 1], padding=[0, 2])
    yield named("padding_crops_to_one_pixel", (1, 2, 2, 2), (2, 3, 3, 3), (3,), stride=[2, 2], padding=[2, 2])
    yield named("padding_above_kernel", (1, 2, 6, 6), (2, 3, 2, 2), (3,), padding=[2, 2])
    yield named(
        "output_padding_adds_bias_only_rows", (1, 2, 3, 3), (2, 3, 2, 2), (3,), stride=[4, 4], output_padding=[3, 3]
    )
    yield named(
        "output_padding_is_computed_not_filled",
        (1, 2, 3, 3),
        (2, 3, 3, 3),
        (3,),
        stride=[2, 2],
        padding=[1, 1],
        output_padding=[1, 1],
    )
    yield named("output_padding_one_dimension", (1, 2, 3, 3), (2, 3, 3, 3), stride=[2, 3], output_padding=[0, 2])
    yield named("op_allowed_by_dilation_only", (1, 2, 4, 4), (2, 3, 3, 3), (3,), dilation=[3, 3], output_padding=[2, 2])
    yield named(
        "op_allowed_by_dilation_in_h_by_stride_in_w",
        (1, 2, 3, 3),
        (2, 1, 2, 2),
        stride=[1, 3],
        dilation=[3, 1],
        output_padding=[2, 2],
    )
    yield named("dilation_shares_factor_with_stride", (1, 3, 5, 5), (3, 2, 3, 3), (2,), stride=[2, 2], dilation=[2, 2])
    yield named("dilation_6_stride_4_share_2", (1, 2, 3, 3), (2, 2, 3, 2), (2,), stride=[4, 4], dilation=[6, 6])
    yield named("dilation_coprime_to_stride", (1, 2, 4, 3), (2, 2, 3, 3), (2,), stride=[2, 3], dilation=[3, 2])
    yield named("dilation_of_a_one_tap_kernel_is_void", (1, 2, 3, 4), (2, 3, 1, 1), dilation=[5, 9])
    yield named("two_groups", (2, 4, 3, 3), (4, 3, 3, 3), (6,), groups=2, stride=[2, 2])
    yield named("depthwise", (1, 4, 4, 5), (4, 1, 4, 4), (4,), groups=4, stride=[2, 2], padding=[1, 1])
    yield named("groups_with_dilation", (1, 6, 3, 3), (6, 1, 2, 3), (3,), groups=3, dilation=[2, 2])
    yield named("empty_batch", (0, 4, 5, 5), (4, 6, 3, 3), (6,), stride=[2, 2])
    yield named("empty_batch_output_padding_unchecked", (0, 4, 5, 5), (4, 6, 3, 3), output_padding=[3, 5])
    yield named("empty_batch_dilation_zero", (0, 4, 5, 5), (4, 6, 3, 3), dilation=[0, 0])
    yield named("empty_batch_size_zero", (0, 4, 2, 3), (4, 6, 3, 3), padding=[2, 0])
    yield named("input_one_pixel", (1, 5, 1, 1), (5, 3, 4, 5), (3,), stride=[3, 2])
    yield named("input_one_row", (2, 3, 1, 9), (3, 2, 2, 3), (2,), stride=[2, 2])
    yield named("many_channels_cross_a_block", (1, 70, 2, 2), (70, 3, 2, 2), (3,), stride=[2, 2])
    yield named("many_outputs_cross_a_tile", (1, 3, 3, 3), (3, 37, 2, 2), (37,))
    yield named("long_row_crosses_a_panel", (1, 2, 2, 37), (2, 3, 2, 3), stride=[1, 2])
    yield named("formula_alone_6_to_11", (1, 2, 6, 6), (2, 1, 3, 3), stride=[2, 2], padding=[1, 1])
    yield named("output_size_6_to_12", (1, 2, 6, 6), (2, 1, 3, 3), stride=[2, 2], padding=[1, 1], output_size=[12, 12])
    yield named("output_size_smallest", (1, 2, 6, 6), (2, 1, 3, 3), stride=[2, 2], padding=[1, 1], output_size=[11, 11])
    yield named(
        "output_size_differs_by_dimension", (1, 2, 3, 4), (2, 1, 3, 2), (1,), stride=[3, 4], output_size=[11, 15]
    )
    yield named(
        "output_size_unbatched", (2, 6, 6), (2, 1, 3, 3), (1,), stride=[2, 2], padding=[1, 1], output_size=[12, 11]
    )
    yield named(
        "output_size_groups_dilation",
        (1, 4, 3, 3),
        (4, 1, 3, 3),
        (2,),
        stride=[2, 2],
        dilation=[2, 2],
        groups=2,
        output_size=[9, 10],
    )
    yield named(
        "output_size_empty_batch", (0, 2, 6, 6), (2, 1, 3, 3), stride=[2, 2], padding=[1, 1], output_size=[12, 12]
    )
    for dtype in INTEGERS:
        yield named(f"wraps_{NAMES[dtype]}", (2, 3, 3, 3), (3, 2, 3, 3), (2,), dtype, stride=[2, 1])
        yield named(f"wraps_{NAMES[dtype]}_groups", (1, 4, 3, 3), (4, 1, 2, 2), (2,), dtype, groups=2, dilation=[2, 1])
    yield named("normal_F64", (2, 3, 4, 5), (3, 2, 3, 3), (2,), F64, False, stride=[2, 2])
    yield named("long_sum_F32", (1, 96, 3, 3), (96, 2, 3, 3), (2,), F32, False)

    for i in range(170):
        yield random_conv(f"random_{i:03}", "conv_transpose2d")
    for i in range(12):
        yield random_conv_with_specials(f"specials_{i:03}", "conv_transpose2d")

    def bad(input=(1, 4, 5, 5), weight=(4, 6, 3, 3), bias=None):
        return conv_zeros(input, weight, bias)

    yield error("input_rank_2", bad(input=(4, 5)))
    yield error("input_rank_5", bad(input=(1, 1, 4, 5, 5)))
    yield error("weight_rank_2", bad(weight=(4, 6)))
    yield error("weight_rank_3_wants_one_setting", bad(weight=(4, 6, 3)))
    yield error("weight_rank_5_wants_three_settings", bad(weight=(4, 6, 1, 3, 3)))
    yield error("groups_zero", bad(), groups=0)
    yield error("groups_negative", bad(), groups=-1)
    yield error("padding_negative", bad(), padding=[-1, 0])
    yield error("output_padding_negative", bad(), output_padding=[0, -1])
    yield error("stride_zero", bad(), stride=[1, 0])
    yield error("stride_negative", bad(), stride=[-1, 1])
    yield error("dilation_negative", bad(), dilation=[-1, 1])
    yield error("dilation_zero", bad(), dilation=[0, 1])
    yield error("fewer_inputs_than_groups", bad(weight=(1, 6, 3, 3)), groups=2)
    yield error("weight_without_inputs", bad(weight=(0, 6, 3, 3)))
    yield error("inputs_not_divisible_by_groups", bad(), groups=3)
    yield error("padding_overflows", bad(), padding=[0, 2**62])
    yield error("channels_differ", bad(weight=(3, 6, 3, 3)))
    yield error("channels_differ_unbatched", bad(input=(4, 5, 5), weight=(3, 6, 3, 3)))
    yield error("bias_of_wrong_length", bad(bias=(5,)))
    yield error("bias_of_wrong_length_groups", bad(bias=(6,)), groups=2)
    yield error("bias_rank_2", bad(bias=(6, 1)))
    yield error("input_without_rows", bad(input=(1, 4, 0, 5)))
    yield error("input_without_columns_unbatched", bad(input=(4, 5, 0)))
    yield error("kernel_without_rows", bad(weight=(4, 6, 0, 3)))
    yield error("kernel_without_columns_groups", bad(weight=(4, 6, 3, 0)), groups=2)
    yield error("no_outputs", bad(weight=(4, 0, 3, 3)))
    yield error("no_outputs_shows_its_group", bad(weight=(4, 0, 2, 2)), groups=2)
    yield error("output_padding_not_below_stride", bad(), stride=[2, 2], output_padding=[2, 2])
    yield error("output_padding_not_below_stride_in_w", bad(), stride=[2, 2], output_padding=[1, 2])
    yield error("output_padding_not_below_either", bad(), stride=[2, 3], dilation=[3, 1], output_padding=[3, 0])
    yield error("output_too_small", bad(), padding=[4, 0])
    yield error("output_zero", bad(input=(1, 4, 1, 1), weight=(4, 6, 2, 2)), padding=[1, 1])
    yield error("output_too_small_unbatched_groups", bad(input=(4, 2, 3)), padding=[0, 4], groups=2)
    yield error("empty_batch_both_sizes_negative", bad(input=(0, 4, 1, 1)), padding=[3, 3])
    yield error("empty_batch_one_size_minus_one", bad(input=(0, 4, 1, 3)), padding=[2, 1])
    yield error("empty_batch_both_sizes_minus_one", bad(input=(0, 4, 1, 1)), padding=[2, 2])
    yield error("empty_batch_size_minus_one_and_below", bad(input=(0, 4, 1, 1)), padding=[2, 3])
    yield error("empty_batch_size_minus_one_and_zero", bad(input=(0, 4, 1, 2)), padding=[2, 2])
    yield error("empty_batch_kernel_without_rows", bad(input=(0, 4, 5, 5), weight=(4, 6, 0, 3)))
    yield error("empty_batch_no_outputs", bad(input=(0, 4, 5, 5), weight=(4, 0, 3, 3)))
    yield error("empty_batch_no_outputs_before_size", bad(input=(0, 4, 1, 1), weight=(4, 0, 3, 3)), padding=[2, 2])
    yield error("groups_before_padding", bad(), groups=0, padding=[-1, 0])
    yield error("padding_before_output_padding", bad(), padding=[-1, 0], output_padding=[-1, 0])
    yield error("output_padding_before_stride", bad(), output_padding=[-1, 0], stride=[0, 0])
    yield error("stride_before_dilation", bad(), stride=[0, 1], dilation=[-1, 1])
    yield error("channels_before_bias", bad(weight=(3, 6, 3, 3), bias=(5,)))
    yield error("bias_before_dilation_zero", bad(bias=(5,)), dilation=[0, 0])
    yield error("dilation_zero_before_output_padding", bad(), dilation=[0, 0], output_padding=[5, 5])
    yield error("output_padding_before_size", bad(), output_padding=[1, 1], padding=[6, 6])

    small, up = bad(input=(1, 2, 6, 6), weight=(2, 1, 3, 3)), {"stride": [2, 2], "padding": [1, 1]}
    yield error("output_size_below_range", small, output_size=[10, 11], **up)
    yield error("output_size_above_range", small, output_size=[12, 13], **up)
    yield error("output_size_above_range_stride_1", small, output_size=[9, 8])
    yield error("output_size_reached_by_dilation_only", small, output_size=[9, 9], padding=[2, 2], dilation=[3, 3])
    yield error(
        "output_size_above_range_empty_batch", bad(input=(0, 2, 6, 6), weight=(2, 1, 3, 3)), output_size=[13, 12], **up
    )
    yield error(
        "output_size_unbatched_prints_the_last_size",
        bad(input=(2, 6, 6), weight=(2, 1, 3, 3)),
        output_size=[12, 13],
        **up,
    )
    yield error(
        "output_size_negative_in_range",
        bad(input=(1, 2, 1, 1), weight=(2, 1, 1, 1)),
        output_size=[-1, -1],
        padding=[1, 1],
    )
    yield error("output_size_zero", small, output_size=[0, 0], **up)
    yield error("output_size_input_rank_2", bad(input=(6, 6), weight=(2, 1, 3, 3)), output_size=[12, 12], **up)
    yield error("output_size_before_channels", bad(input=(1, 3, 6, 6), weight=(2, 1, 3, 3)), output_size=[12, 13], **up)
    yield error(
        "output_size_good_channels_differ", bad(input=(1, 3, 6, 6), weight=(2, 1, 3, 3)), output_size=[12, 12], **up
    )
    yield from mistaken(
        "conv_transpose2d", lambda draw: calls.conv_call(draw, "conv_transpose2d"), calls.CONV_TRANSPOSE2D_MISTAKES
    )


def run_slow_conv_transpose2d(
    inputs, kernel_size, stride=(1, 1), padding=(0, 0), output_padding=(0, 0), dilation=(1, 1)
):
    return {
        "output": torch.ops.aten.slow_conv_transpose2d(
            inputs["input"].clone(),  # the kernel makes the tensor that it is given 4-D
            inputs["weight"],
            kernel_size,
            inputs.get("bias"),
            stride,
            padding,
            output_padding,
            dilation,
        )
    }


def slow_conv_transpose2d_cases():
    def named(name, input, weight, bias=None, dtype=F32, exact=True, **options):
        inputs = conv_inputs(f"slow_conv_transpose2d/{name}", input, weight, bias, dtype, exact)
        return value(name, inputs, exact, kernel_size=list(weight[-2:]), **options)

    yield named("one_tap", (1, 1, 1, 1), (1, 1, 1, 1), (1,))
    yield named("stride_1", (1, 3, 4, 5), (3, 2, 3, 3), (2,))
    yield named("unbatched_answers_batched", (3, 4, 5), (3, 2, 3, 2), (2,), stride=[2, 2])
    yield named("unbatched_one_tap", (1, 2, 2), (1, 1, 1, 1))
    yield named("holes_stride_above_kernel", (2, 2, 3, 3), (2, 3, 2, 2), (3,), stride=[3, 3])
    yield named("one_phase_empty", (1, 1, 3, 3), (1, 1, 1, 1), (1,), stride=[2, 2])
    yield named(
        "output_padding_adds_bias_only_rows", (1, 2, 3, 3), (2, 3, 2, 2), (3,), stride=[4, 4], output_padding=[3, 3]
    )
    yield named("op_allowed_by_dilation_only", (1, 2, 4, 4), (2, 3, 3, 3), (3,), dilation=[3, 3], output_padding=[2, 2])
    yield named("dilation_shares_factor_with_stride", (1, 3, 4, 4), (3, 2, 3, 3), (2,), stride=[2, 2], dilation=[2, 2])
    yield named("padding_crops", (1, 2, 3, 4), (2, 3, 4, 3), stride=[2, 2], padding=[2, 1])
    yield named("negative_padding_extends", (1, 2, 3, 3), (2, 3, 2, 2), (3,), padding=[-1, -2])
    yield named("negative_padding_with_stride", (1, 2, 3, 3), (2, 1, 3, 3), stride=[2, 2], padding=[-2, 1])
    yield named(
        "negative_output_padding_crops", (1, 2, 3, 3), (2, 3, 3, 3), (3,), stride=[2, 2], output_padding=[-1, -2]
    )
    yield named("long_sum_F32", (1, 96, 3, 3), (96, 2, 3, 3), (2,), F32, False)
    for dtype in INTEGERS:
        yield named(f"wraps_{NAMES[dtype]}", (1, 3, 3, 3), (3, 2, 3, 3), (2,), dtype, stride=[2, 1])

    for i in range(70):
        yield random_conv(f"random_{i:03}", "slow_conv_transpose2d")
    for i in range(6):
        yield random_conv_with_specials(f"specials_{i:03}", "slow_conv_transpose2d")

    def bad(name, input=(1, 2, 4, 4), weight=(2, 3, 3, 3), bias=None, kernel_size=(3, 3), **options):
        return error(name, conv_zeros(input, weight, bias), kernel_size=list(kernel_size), **options)

    yield bad("kernel_zero", kernel_size=[0, 3])
    yield bad("kernel_negative", kernel_size=[3, -1])
    yield bad("stride_zero", stride=[0, 1])
    yield bad("stride_negative", stride=[1, -2])
    yield bad("dilation_zero", dilation=[0, 1])
    yield bad("dilation_negative", dilation=[1, -1])
    yield bad("output_padding_not_below_either_h", stride=[2, 2], output_padding=[2, 0])
    yield bad("output_padding_not_below_either_w", stride=[3, 2], dilation=[1, 2], output_padding=[0, 2])
    yield bad("weight_empty", weight=(2, 0, 3, 3))
    yield bad("weight_rank_3", weight=(2, 3, 3))
    yield bad("weight_rank_5", weight=(2, 3, 3, 3, 1))
    yield bad("weight_rank_1", weight=(2,))
    yield bad("bias_of_wrong_length", bias=(2,))
    yield bad("bias_rank_2", bias=(1, 3))
    yield bad("bias_rank_0", bias=())
    yield bad("empty_batch_is_refused", input=(0, 2, 4, 4))
    yield bad("input_without_channels", input=(1, 0, 4, 4))
    yield bad("input_without_rows_unbatched", input=(2, 0, 4))
    yield bad("input_rank_2", input=(4, 4))
    yield bad("input_rank_5", input=(1, 1, 2, 4, 4))
    yield bad("output_too_small_h", padding=[4, 0])
    yield bad("output_zero_w", padding=[0, 3])
    yield bad("output_too_small_by_output_padding", input=(1, 2, 1, 1), output_padding=[-4, -3])
    yield bad("channels_differ", input=(1, 3, 4, 4))
    yield bad("channels_differ_unbatched", input=(3, 4, 4))
    yield bad("kernel_before_stride", kernel_size=[0, 0], stride=[0, 0])
    yield bad("stride_before_dilation", stride=[0, 0], dilation=[0, 0])
    yield bad("dilation_before_output_padding", dilation=[0, 1], output_padding=[9, 9])
    yield bad("output_padding_before_weight", weight=(2, 0, 3, 3), output_padding=[1, 1])
    yield bad("weight_before_bias", weight=(2, 0, 3, 3), bias=(5,))
    yield bad("bias_before_input", input=(0, 2, 4, 4), bias=(5,))
    yield bad("input_before_size", input=(0, 2, 4, 4), padding=[9, 9])
    yield bad("size_before_channels", input=(1, 3, 4, 4), padding=[9, 9])

    yield from mistaken(
        "slow_conv_transpose2d",
        lambda draw: calls.conv_call(draw, "slow_conv_transpose2d"),
        calls.SLOW_CONV_TRANSPOSE2D_MISTAKES,
    )


# ---- gradients of the convolutions -----------------------------------------------------------------------------------


def convolution_gradients(forward, kernel, inputs, channels):
    """The gradients of forward(input, weight, bias) by autograd. It does not ask the convolution about a grad_output of
    another shape than the output's; kernel(grad_output, input, weight) is asked then, with a batch. `channels` is that
    of the bias, None where there is no weight to tell it."""
    grad_output, input, weight = inputs["grad_output"], inputs["input"], inputs["weight"]
    with torch.enable_grad():
        leaves = [input.detach().requires_grad_(), weight.detach().requires_grad_()]
        bias = None if channels is None else torch.zeros(channels, dtype=input.dtype, requires_grad=True)
        output = forward(*leaves, bias)
    if output.shape == grad_output.shape:
        gradients = torch.autograd.grad(output, [*leaves, bias], grad_output)
        return dict(zip(("grad_input", "grad_weight", "grad_bias"), gradients))
    if kernel is None or output.numel() == 0 or (input.dim() == 3 and grad_output.dim() != 3):
        raise RuntimeError("no answer: PyTorch does not look at grad_output")
    as_batch = (lambda t: t.unsqueeze(0)) if input.dim() == 3 else (lambda t: t)
    kernel(as_batch(grad_output), as_batch(input), weight)
    raise RuntimeError("no answer: PyTorch takes that grad_output")


def convolution_kernel(stride, padding, dilation, groups=1, output_padding=None):
    """aten.convolution_backward, but for calls where it reads other memory, or compares the channels of a group."""
    transposed = output_padding is not None

    def kernel(grad_output, input, weight):
        same_rank = grad_output.dim() == input.dim()
        unchecked = transposed or max(dilation) == 1
        if same_rank and (groups > 1 or (unchecked and grad_output.shape[0] != input.shape[0])):
            raise RuntimeError("no answer: PyTorch compares it with nothing, or with a part")
        return torch.ops.aten.convolution_backward(
            grad_output, input, weight, [1], stride, padding, dilation, transposed, output_padding or [0, 0], groups,
            [True] * 3,
        )  # fmt: skip

    return kernel


def run_conv2d_backward(inputs, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    weight = inputs["weight"]
    kernel = None if isinstance(padding, str) else convolution_kernel(stride, padding, dilation, groups)
    return convolution_gradients(
        lambda x, w, b: F.conv2d(x, w, b, stride, padding, dilation, groups),
        kernel,
        inputs,
        weight.shape[0] if weight.dim() else None,
    )


def run_conv_transpose2d_backward(
    inputs, stride=(1, 1), padding=(0, 0), output_padding=(0, 0), output_size=None, groups=1, dilation=(1, 1)
):
    weight = inputs["weight"]
    if output_size is not None:
        forward = {role: inputs[role] for role in ("input", "weight")}
        output = run_conv_transpose2d(forward, stride, padding, (0, 0), output_size, groups, dilation)["output"]
        settings = zip(inputs["input"].shape[-2:], weight.shape[-2:], stride, padding, dilation)
        without = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, k, s, p, d in settings]
        output_padding = [wanted - size for wanted, size in zip(output.shape[-2:], without)]
    return convolution_gradients(
        lambda x, w, b: F.conv_transpose2d(x, w, b, stride, padding, output_padding, groups, dilation),
        convolution_kernel(stride, padding, dilation, groups, output_padding),
        inputs,
        weight.shape[1] * max(0, groups) if weight.dim() > 1 else None,
    )


def run_slow_conv_transpose2d_backward(
    inputs, kernel_size, stride=(1, 1), padding=(0, 0), output_padding=(0, 0), dilation=(1, 1)
):
    """By aten.slow_conv_transpose2d, whose gradient is aten.convolution_backward's."""
    input, weight = inputs["input"], inputs["weight"]
    forward = {"input": input, "weight": weight}
    run_slow_conv_transpose2d(forward, kernel_size, stride, padding, output_padding, dilation)  # its checks
    as_given = (lambda t: t.squeeze(0)) if input.dim() == 3 else (lambda t: t)
    if input.dim() == 3:
        inputs = inputs | {"input": input.unsqueeze(0)}  # an unbatched one would have no gradient of its own shape
    gradients = convolution_gradients(
        lambda x, w, b: torch.ops.aten.slow_conv_transpose2d(
            x, w, kernel_size, b, stride, padding, output_padding, dilation
        ),
        convolution_kernel(stride, padding, dilation, 1, output_padding),
        inputs,
        weight.shape[1] if weight.dim() > 1 else None,
    )
    return gradients | {"grad_input": as_given(gradients["grad_input"])}


def backward_inputs(seed, shapes, dtype=F32, exact=True):
    draw = Draw(seed)
    return {role: draw.tensor(shape, dtype, exact) for role, shape in shapes.items()}


def conv_backward_named(op):
    """name, input, weight and the options that are not the default: a case with a grad_output of the output's shape."""

    def named(name, input, weight, dtype=F32, exact=True, **options):
        o = {"stride": [1, 1], "padding": [0, 0], "dilation": [1, 1]} | options
        shapes = {"input": list(input), "weight": list(weight)}
        grad_output = calls.conv_output_shape(calls.Call(shapes, **o), op)
        inputs = backward_inputs(f"{op}_backward/{name}", {"grad_output": grad_output} | shapes, dtype, exact)
        kernel_size = {"kernel_size": list(weight[2:])} if op == "slow_conv_transpose2d" else {}
        return value(name, inputs, exact, **options, **kernel_size)

    return named


def conv_backward_zeros(grad_output, input, weight):
    return {"grad_output": zeros(*grad_output), "input": zeros(*input), "weight": zeros(*weight)}


def random_conv_backward(name, op):
    draw = Draw(f"{op}_backward/{name}")
    dtype, exact = draw.pick(F32, F32, F32, F64), draw.pick(True, False)
    call = calls.conv_backward_call(draw, op)
    if op != "slow_conv_transpose2d" and draw.int(1, 12) == 1:
        calls.empty_batch_of_both(call, draw)
    inputs = {role: draw.tensor(shape, dtype, exact) for role, shape in call.shapes.items()}
    o, input = call.options, call.shapes["input"]
    traits = {
        "same": o["padding"] == "same",
        "groups": o.get("groups", 1) > 1,
        "dilated": max(o["dilation"]) > 1,
        "output_size": "output_size" in o,
        "unbatched": len(input) == 3,
        "empty_batch": input[0] == 0,
    }
    return value("_".join([name, NAMES[dtype], *with_trait(traits)]), inputs, exact, **o)


def random_conv_backward_with_specials(name, op):
    """NaN and infinities in grad_output and input, but not where zeros of padding meet them in some kernels and not in
    others."""
    attempt = 0
    while True:
        attempt += 1
        case = random_conv_backward(f"{name}_{attempt}", op)
        if case.exact and case.options["padding"] in ([0, 0], "valid") and case.inputs["input"].numel():
            seed = f"{op}_backward/{name}"
            specials = {
                role: with_specials(f"{seed}/{role}", case.inputs[role]) for role in ("grad_output", "input")
            }
            return case._replace(name=case.name.replace(f"{name}_{attempt}", name), inputs=case.inputs | specials)


def mistaken_conv_backward(op, mistakes):
    return mistaken(
        f"{op}_backward", lambda draw: calls.conv_backward_call(draw, op), calls.backward_mistakes(mistakes)
    )


def conv2d_backward_cases():
    named = conv_backward_named("conv2d")
    yield named("one_tap", (1, 1, 1, 1), (1, 1, 1, 1))
    yield named("pointwise", (2, 3, 4, 5), (4, 3, 1, 1))
    yield named("pointwise_strided_leaves_pixels_unread", (2, 3, 4, 5), (4, 3, 1, 1), stride=[2, 3])
    yield named("plain_3x3", (1, 4, 5, 5), (6, 4, 3, 3))
    yield named("padded_3x3", (2, 4, 5, 6), (6, 4, 3, 3), padding=[1, 1])
    yield named("unbatched", (3, 5, 6), (2, 3, 3, 2))
    yield named("kernel_as_large_as_input", (2, 2, 4, 3), (3, 2, 4, 3))
    yield named("kernel_only_fits_into_padding", (1, 2, 1, 2), (3, 2, 5, 4), padding=[2, 1])
    yield named("stride_drops_the_last_row", (1, 2, 6, 8), (3, 2, 3, 3), stride=[2, 2])
    yield named("stride_above_kernel_skips_pixels", (1, 2, 9, 8), (3, 2, 2, 2), stride=[3, 4])
    yield named("stride_above_input", (1, 2, 3, 3), (3, 2, 3, 3), stride=[7, 5])
    yield named("stride_differs_by_dimension", (1, 3, 8, 9), (2, 3, 3, 3), stride=[1, 3], padding=[1, 0])
    yield named("padding_above_kernel_sees_zeros_only", (1, 2, 3, 3), (3, 2, 2, 2), padding=[3, 4])
    yield named("dilation_leaves_holes", (1, 2, 8, 9), (3, 2, 3, 3), dilation=[2, 3])
    yield named("dilation_reaches_padding_only", (1, 2, 3, 3), (3, 2, 3, 3), padding=[4, 4], dilation=[4, 4])
    yield named("dilation_one_dimension_only", (1, 2, 5, 8), (3, 2, 2, 3), dilation=[1, 3], stride=[2, 1])
    yield named("two_groups", (2, 4, 5, 5), (6, 2, 3, 3), groups=2, padding=[1, 1])
    yield named("depthwise", (2, 4, 5, 6), (4, 1, 3, 3), groups=4, padding=[1, 1])
    yield named("depthwise_strided", (1, 4, 7, 6), (4, 1, 3, 3), groups=4, stride=[2, 2], padding=[1, 1])
    yield named("depthwise_with_multiplier", (1, 3, 5, 4), (6, 1, 3, 2), groups=3, stride=[2, 1])
    yield named("groups_with_dilation", (1, 6, 7, 7), (3, 2, 3, 3), groups=3, dilation=[2, 2])
    yield named("same_odd_kernel", (1, 2, 5, 6), (3, 2, 3, 5), padding="same")
    yield named("same_even_kernel_pads_bottom_right", (1, 2, 5, 6), (3, 2, 4, 2), padding="same")
    yield named("same_even_kernel_odd_dilation", (1, 2, 5, 6), (3, 2, 2, 2), padding="same", dilation=[3, 1])
    yield named("same_kernel_above_input", (1, 1, 2, 2), (1, 1, 6, 5), padding="same")
    yield named("same_unbatched_groups", (4, 3, 5), (2, 2, 2, 4), padding="same", groups=2)
    yield named("valid_with_stride", (1, 2, 6, 7), (3, 2, 3, 2), padding="valid", stride=[2, 3])
    yield named("empty_batch_has_zero_gradients", (0, 4, 5, 5), (6, 4, 3, 3))
    yield named("empty_batch_groups", (0, 4, 6, 5), (6, 2, 3, 3), groups=2, stride=[2, 1], padding=[1, 2])
    yield value(
        "no_channels", {"grad_output": zeros(1, 0, 3, 3), "input": zeros(1, 0, 5, 5), "weight": zeros(6, 0, 3, 3)}
    )
    yield named("many_channels_cross_a_block", (1, 70, 3, 3), (5, 70, 2, 2))
    yield named("many_outputs_cross_a_tile", (1, 3, 4, 4), (37, 3, 2, 2))
    yield named("long_row_crosses_a_panel", (1, 2, 2, 53), (3, 2, 2, 3), padding=[0, 1])
    yield named("many_images", (9, 2, 3, 4), (3, 2, 2, 2))
    yield named("stem_7x7_stride_2", (1, 3, 13, 14), (4, 3, 7, 7), stride=[2, 2], padding=[3, 3])
    yield named("normal_F64", (2, 3, 6, 5), (4, 3, 3, 3), F64, False, padding=[1, 1])
    yield named("long_sum_F32", (2, 16, 14, 14), (16, 16, 3, 3), F32, False, padding=[1, 1])
    for i in range(120):
        yield random_conv_backward(f"random_{i:03}", "conv2d")
    for i in range(12):
        yield random_conv_backward_with_specials(f"specials_{i:03}", "conv2d")

    def bad(name, grad_output=(1, 6, 3, 3), input=(1, 4, 5, 5), weight=(6, 4, 3, 3), **options):
        return error(name, conv_backward_zeros(grad_output, input, weight), **options)

    dilated = {"dilation": [2, 2], "padding": [1, 1]}
    yield bad("grad_output_of_other_rank", (6, 3, 3))
    yield bad("grad_output_of_rank_5", (1, 6, 3, 3, 1))
    yield bad("grad_output_of_other_channels", (1, 5, 3, 3))
    yield bad("grad_output_of_other_height", (1, 6, 4, 3))
    yield bad("grad_output_of_other_width", (1, 6, 3, 2))
    yield bad("grad_output_without_rows", (1, 6, 0, 3))
    yield bad("grad_output_of_the_input_s_size", (1, 6, 5, 5))
    yield bad("channels_before_height", (1, 5, 4, 4))
    yield bad("height_before_width", (1, 6, 4, 4))
    yield bad("dilated_grad_output_of_other_channels", (1, 5, 3, 3), **dilated)
    yield bad("dilated_grad_output_of_other_height", (1, 6, 4, 3), **dilated)
    yield bad("dilated_grad_output_of_other_width", (1, 6, 3, 4), **dilated)
    yield bad("dilated_grad_output_of_other_batch", (2, 6, 3, 3), **dilated)
    yield bad("dilated_batch_before_channels", (2, 5, 3, 3), **dilated)
    yield bad("dilated_channels_before_size", (1, 5, 4, 3), **dilated)
    yield bad("dilated_in_one_dimension", (1, 6, 3, 2), dilation=[1, 2])
    yield bad("input_channels_before_grad_output", (1, 5, 3, 3), weight=(6, 3, 3, 3))
    yield bad("kernel_above_input_before_grad_output", (6, 3, 3), weight=(6, 4, 6, 3))
    yield bad("kernel_empty_before_grad_output", (1, 5, 3, 3), weight=(6, 4, 0, 3))
    yield bad("same_with_stride", padding="same", stride=[1, 2])
    yield from mistaken_conv_backward("conv2d", calls.CONV2D_MISTAKES)


def conv_transpose2d_backward_cases():
    named = conv_backward_named("conv_transpose2d")
    k2, k3 = (2, 3, 2, 2), (2, 3, 3, 3)
    yield named("one_tap", (1, 1, 1, 1), (1, 1, 1, 1))
    yield named("pointwise", (2, 3, 4, 5), (3, 4, 1, 1))
    yield named("stride_1", (2, 3, 4, 5), (3, 2, 3, 3))
    yield named("unbatched", (3, 4, 5), (3, 2, 3, 2), stride=[2, 2])
    yield named("holes_stride_above_kernel", (1, 2, 4, 4), k2, stride=[3, 3])
    yield named("tiles_stride_equals_kernel", (2, 2, 4, 3), k2, stride=[2, 2])
    yield named("one_phase_empty", (1, 1, 3, 3), (1, 1, 1, 1), stride=[2, 2])
    yield named("phases_of_unequal_taps", (1, 2, 4, 5), k3, stride=[2, 2])
    yield named("k4_s2_p1", (2, 3, 4, 4), (3, 2, 4, 4), stride=[2, 2], padding=[1, 1])
    yield named("k16_s8_p4", (1, 2, 2, 3), (2, 1, 16, 16), stride=[8, 8], padding=[4, 4])
    yield named("stride_differs_by_dimension", (1, 2, 4, 5), (2, 3, 3, 4), stride=[1, 3])
    yield named("padding_crops_to_one_pixel", (1, 2, 2, 2), k3, stride=[2, 2], padding=[2, 2])
    yield named("padding_above_kernel", (1, 2, 6, 6), k2, padding=[2, 2])
    yield named("output_padding_is_read_by_no_tap", (1, 2, 3, 3), k2, stride=[4, 4], output_padding=[3, 3])
    yield named("output_padding_is_read", (1, 2, 3, 3), k3, stride=[2, 2], padding=[1, 1], output_padding=[1, 1])
    yield named("output_padding_one_dimension", (1, 2, 3, 3), k3, stride=[2, 3], output_padding=[0, 2])
    yield named("op_allowed_by_dilation_only", (1, 2, 4, 4), k3, dilation=[3, 3], output_padding=[2, 2])
    yield named("dilation_shares_factor_with_stride", (1, 3, 5, 5), (3, 2, 3, 3), stride=[2, 2], dilation=[2, 2])
    yield named("dilation_coprime_to_stride", (1, 2, 4, 3), (2, 2, 3, 3), stride=[2, 3], dilation=[3, 2])
    yield named("two_groups", (2, 4, 3, 3), (4, 3, 3, 3), groups=2, stride=[2, 2])
    yield named("depthwise", (1, 4, 4, 5), (4, 1, 4, 4), groups=4, stride=[2, 2], padding=[1, 1])
    yield named("groups_with_dilation", (1, 6, 3, 3), (6, 1, 2, 3), groups=3, dilation=[2, 2])
    yield named("empty_batch_has_zero_gradients", (0, 4, 5, 5), (4, 6, 3, 3), stride=[2, 2])
    yield named("input_one_pixel", (1, 5, 1, 1), (5, 3, 4, 5), stride=[3, 2])
    yield named("input_one_row", (2, 3, 1, 9), (3, 2, 2, 3), stride=[2, 2])
    yield named("many_channels_cross_a_block", (1, 70, 2, 2), (70, 3, 2, 2), stride=[2, 2])
    yield named("many_outputs_cross_a_tile", (1, 3, 3, 3), (3, 37, 2, 2))
    yield named("long_row_crosses_a_panel", (1, 2, 2, 37), (2, 3, 2, 3), stride=[1, 2])
    yield named("many_images", (9, 2, 3, 4), (2, 3, 2, 2), stride=[2, 2])
    up = {"stride": [2, 2], "padding": [1, 1]}
    yield named("output_size_6_to_12", (1, 2, 6, 6), (2, 1, 3, 3), output_size=[12, 12], **up)
    yield named("output_size_smallest", (1, 2, 6, 6), (2, 1, 3, 3), output_size=[11, 11], **up)
    yield named("output_size_unbatched", (2, 6, 6), (2, 1, 3, 3), output_size=[12, 11], **up)
    yield named("output_size_groups", (1, 4, 3, 3), (4, 1, 3, 3), stride=[2, 2], groups=2, output_size=[8, 7])
    yield named("normal_F64", (2, 3, 4, 5), (3, 2, 3, 3), F64, False, stride=[2, 2])
    yield named("long_sum_F32", (2, 16, 7, 7), (16, 16, 4, 4), F32, False, **up)
    for i in range(120):
        yield random_conv_backward(f"random_{i:03}", "conv_transpose2d")
    for i in range(12):
        yield random_conv_backward_with_specials(f"specials_{i:03}", "conv_transpose2d")

    def bad(name, grad_output=(1, 6, 7, 7), input=(1, 4, 5, 5), weight=(4, 6, 3, 3), **options):
        return error(name, conv_backward_zeros(grad_output, input, weight), **options)

    yield bad("grad_output_of_other_rank", (6, 7, 7))
    yield bad("grad_output_of_other_channels", (1, 5, 7, 7))
    yield bad("grad_output_of_other_height", (1, 6, 8, 7))
    yield bad("grad_output_of_other_width", (1, 6, 7, 6))
    yield bad("grad_output_without_columns", (1, 6, 7, 0))
    yield bad("dilated_grad_output_of_other_height", (1, 6, 7, 9), dilation=[2, 2])
    yield bad("grad_output_without_the_output_padding", (1, 6, 11, 11), stride=[2, 2], output_padding=[1, 0])
    yield bad("grad_output_of_another_output_size", (1, 6, 10, 9), output_size=[9, 9], **up)
    yield bad("channels_before_height", (1, 5, 8, 8))
    yield bad("height_before_width", (1, 6, 8, 8))
    yield bad("input_channels_before_grad_output", (1, 5, 7, 7), weight=(3, 6, 3, 3))
    yield bad("output_padding_before_grad_output", (1, 5, 7, 7), output_padding=[1, 1])
    yield bad("output_too_small_before_grad_output", (1, 5, 7, 7), padding=[4, 4])
    yield bad("empty_batch_both_sizes_minus_one", (0, 6, 1, 1), input=(0, 4, 1, 1), padding=[2, 2])
    yield from mistaken_conv_backward("conv_transpose2d", calls.CONV_TRANSPOSE2D_MISTAKES)


def slow_conv_transpose2d_backward_cases():
    named = conv_backward_named("slow_conv_transpose2d")
    yield named("one_tap", (1, 1, 1, 1), (1, 1, 1, 1))
    yield named("stride_1", (2, 3, 4, 5), (3, 2, 3, 3))
    yield named("unbatched_takes_a_batched_grad_output", (3, 4, 5), (3, 2, 3, 2), stride=[2, 2])
    yield named("padding_crops", (1, 2, 3, 4), (2, 3, 4, 3), stride=[2, 2], padding=[2, 1])
    yield named("op_allowed_by_dilation_only", (1, 2, 4, 4), (2, 3, 3, 3), dilation=[3, 3], output_padding=[2, 2])
    yield named("normal_F64", (2, 3, 4, 5), (3, 2, 3, 3), F64, False, stride=[2, 2])
    for i in range(40):
        yield random_conv_backward(f"random_{i:03}", "slow_conv_transpose2d")
    for i in range(6):
        yield random_conv_backward_with_specials(f"specials_{i:03}", "slow_conv_transpose2d")

    def bad(name, grad_output=(1, 3, 6, 6), input=(1, 2, 4, 4), weight=(2, 3, 3, 3), **options):
        return error(name, conv_backward_zeros(grad_output, input, weight), **({"kernel_size": [3, 3]} | options))

    yield bad("grad_output_of_other_rank", (3, 6, 6))
    yield bad("grad_output_of_other_channels", (1, 2, 6, 6))
    yield bad("grad_output_of_other_height", (1, 3, 7, 6))
    yield bad("grad_output_of_other_width", (1, 3, 6, 5))
    yield bad("empty_batch_is_refused", (0, 3, 6, 6), input=(0, 2, 4, 4))
    yield bad("input_channels_before_grad_output", (1, 2, 6, 6), input=(1, 3, 4, 4))
    yield from mistaken_conv_backward("slow_conv_transpose2d", SLOW_BACKWARD_MISTAKES)


# The gradient of PyTorch's kernel does not take the negative settings that the kernel takes.
SLOW_BACKWARD_MISTAKES = {
    name: mistake for name, mistake in calls.SLOW_CONV_TRANSPOSE2D_MISTAKES.items() if "negative" not in name
}


# ---- pooling ---------------------------------------------------------------------------------------------------------


def run_max_pool2d(inputs, kernel_size, stride=None, padding=(0, 0), dilation=(1, 1), ceil_mode=False):
    values, indices = F.max_pool2d(
        inputs["input"], kernel_size, stride, padding, dilation, ceil_mode, return_indices=True
    )
    return {"values": values, "indices": indices}


def pool_values(draw, shape, dtype, specials=True):
    """Few distinct values, so that windows tie; in floats also NaN, infinities and zeros of both signs."""
    if dtype in INTEGERS:
        info = torch.iinfo(dtype)
        table = [info.min, info.min, -1, 0, 1, 2, info.max]
    else:
        table = [-INF, -1.0, -0.0, 0.0, 1.0, 2.0, INF, NAN] if specials else [-2.0, -1.0, -0.0, 0.0, 1.0, 2.0, 3.0]
    picks = [table[draw.int(0, len(table) - 1)] for _ in range(math.prod(shape))]
    return torch.tensor(picks, dtype=dtype).reshape(shape)


def max_pool2d_cases():
    def plane(name, rows, dtype=F32, **options):
        return value(name, {"input": torch.tensor([rows], dtype=dtype)}, **options)

    def named(name, shape, dtype=F32, **options):
        return value(name, {"input": Draw(f"max_pool2d/{name}").tensor(shape, dtype, False)}, **options)

    k2 = {"kernel_size": [2, 2]}
    yield plane("tie_takes_the_first", [[1, 5, 5, 0], [5, 5, 5, 5]], **k2)
    yield plane("tie_in_overlapping_windows", [[3, 3, 3], [3, 3, 3], [3, 3, 3]], kernel_size=[2, 2], stride=[1, 1])
    yield plane("zeros_of_both_signs_tie", [[-0.0, 0.0, 0.0, -0.0], [0.0, -0.0, -0.0, 0.0]], **k2)
    yield plane("nan_wins", [[1, NAN, 9, 2], [3, 4, INF, NAN]], **k2)
    yield plane("several_nans_take_the_last", [[NAN, NAN, NAN, 1], [NAN, 1, 2, NAN]], **k2)
    yield plane("nan_before_larger_values", [[NAN, 1, 2, 3, 4, 5]], kernel_size=[1, 6])
    yield plane("all_minus_infinity", [[-INF, -INF, -INF], [-INF, -INF, -INF]], kernel_size=[2, 2], stride=[1, 1])
    yield plane("all_minus_infinity_with_padding", [[-INF] * 3] * 3, kernel_size=[3, 3], stride=[2, 2], padding=[1, 1])
    yield plane("minus_infinity_then_finite", [[-INF, -5, -INF, -INF], [-INF, -INF, -INF, -7]], **k2)
    yield plane("padding_is_never_the_maximum", [[-3, -2], [-5, -4]], kernel_size=[2, 2], padding=[1, 1])
    yield plane("all_equal_to_the_lowest_I8", [[-128, -128], [-128, -128]], I8, **k2)
    yield plane(
        "all_equal_to_the_lowest_I64",
        [[-(2**63), -(2**63)], [-(2**63), -(2**63)]],
        I64,
        kernel_size=[2, 2],
        padding=[1, 1],
    )
    yield plane("neighbours_above_2_to_53_I64", [[2**53, 2**53 + 1], [2**53 + 1, 2**53]], I64, **k2)
    yield plane("neighbours_above_2_to_24_I32", [[2**24, 2**24 + 1], [2**24 + 1, 2**24]], I32, **k2)
    yield named("one_pixel", (1, 1, 1, 1), kernel_size=[1, 1])
    yield named("kernel_1_copies", (2, 2, 3, 4), kernel_size=[1, 1])
    yield named("kernel_1_stride_2_samples", (1, 2, 5, 6), kernel_size=[1, 1], stride=[2, 2])
    yield named("odd_size_drops_the_last", (1, 2, 5, 7), **k2)
    yield named("odd_size_ceil_keeps_the_last", (1, 2, 5, 7), ceil_mode=True, **k2)
    yield named("unbatched", (3, 6, 5), kernel_size=[3, 2], stride=[2, 1])
    yield named("whole_plane", (2, 2, 4, 5), kernel_size=[4, 5])
    yield named("overlapping_3_2", (1, 2, 9, 8), kernel_size=[3, 3], stride=[2, 2], padding=[1, 1])
    yield named("stride_above_kernel_skips", (1, 2, 9, 10), kernel_size=[2, 2], stride=[4, 3])
    yield named("kernel_differs_by_dimension", (1, 2, 7, 8), kernel_size=[1, 4], stride=[2, 1], padding=[0, 2])
    yield named("dilation", (1, 2, 8, 9), kernel_size=[2, 3], stride=[1, 2], dilation=[3, 2])
    yield named(
        "dilation_starts_before_the_edge",
        (1, 1, 7, 7),
        kernel_size=[3, 3],
        stride=[1, 1],
        padding=[1, 1],
        dilation=[3, 2],
    )
    yield named("ceil_window_longer_than_input", (1, 2, 4, 4), kernel_size=[5, 5], stride=[2, 2], ceil_mode=True)
    yield named(
        "ceil_window_in_the_padding_is_dropped",
        (1, 2, 3, 3),
        kernel_size=[2, 2],
        stride=[2, 2],
        padding=[1, 1],
        ceil_mode=True,
    )
    yield named("ceil_one_dimension_only", (1, 2, 6, 7), ceil_mode=True, **k2)
    yield named("ceil_with_dilation", (1, 2, 8, 7), kernel_size=[2, 2], stride=[3, 3], dilation=[2, 2], ceil_mode=True)
    yield plane("window_without_element", [[1, 2], [3, 4]], kernel_size=[2, 2], padding=[1, 1], dilation=[3, 3])
    yield plane(
        "window_without_element_I32", [[1, 2], [3, 4]], I32, kernel_size=[2, 2], padding=[1, 1], dilation=[3, 3]
    )
    yield named("empty_batch", (0, 2, 5, 5), **k2)
    yield named("long_row", (1, 1, 4, 67), **k2)
    yield named("long_row_3_2", (1, 1, 5, 51), kernel_size=[3, 3], stride=[2, 2], padding=[1, 1])
    yield named("short_rows", (1, 3, 6, 3), kernel_size=[2, 1])
    yield named("normal_F64", (2, 2, 6, 6), F64, kernel_size=[3, 3])
    for dtype in (F32, F64, *INTEGERS):
        for name, options in {
            "k2": {"kernel_size": [2, 2]},
            "k3_s2_p1": {"kernel_size": [3, 3], "stride": [2, 2], "padding": [1, 1]},
        }.items():
            draw = Draw(f"max_pool2d/specials_{NAMES[dtype]}_{name}")
            yield value(
                f"specials_{NAMES[dtype]}_{name}", {"input": pool_values(draw, (1, 2, 7, 18), dtype)}, **options
            )
    for i in range(170):
        yield random_max_pool2d(f"random_{i:03}")

    def bad(name, shape=(1, 2, 4, 4), **options):
        return error(name, {"input": zeros(*shape)}, **options)

    yield bad("rank_2", (4, 4), **k2)
    yield bad("rank_5", (1, 1, 2, 4, 4), **k2)
    yield bad("rank_0", (), **k2)
    yield bad("stride_zero_h", stride=[0, 1], **k2)
    yield bad("stride_zero_w", stride=[1, 0], **k2)
    yield bad("kernel_zero_without_stride_blames_the_stride", kernel_size=[0, 2])
    yield bad("kernel_zero", kernel_size=[0, 2], stride=[1, 1])
    yield bad("kernel_negative", kernel_size=[2, -1], stride=[1, 1])
    yield bad("padding_negative_h", padding=[-1, 0], **k2)
    yield bad("padding_negative_w", padding=[0, -2], **k2)
    yield bad("padding_above_half_h", padding=[2, 0], **k2)
    yield bad("padding_above_half_w", padding=[0, 2], kernel_size=[3, 3])
    yield bad("padding_above_half_shows_the_effective_kernel", padding=[5, 0], kernel_size=[3, 3], dilation=[3, 3])
    yield bad(
        "padding_above_half_of_the_plain_kernel", (1, 2, 9, 9), padding=[2, 1], kernel_size=[3, 3], dilation=[2, 2]
    )
    yield bad("stride_negative", stride=[-1, 1], **k2)
    yield bad("dilation_zero", dilation=[0, 1], **k2)
    yield bad("dilation_negative", dilation=[1, -1], **k2)
    yield bad("no_channels", (1, 0, 4, 4), **k2)
    yield bad("no_rows", (1, 2, 0, 4), **k2)
    yield bad("no_columns_empty_batch", (0, 2, 4, 0), **k2)
    yield bad("no_channels_unbatched", (0, 4, 4), **k2)
    yield bad("output_zero", kernel_size=[5, 2], stride=[1, 1])
    yield bad("output_zero_unbatched", (2, 4, 4), kernel_size=[2, 6])
    yield bad("output_negative", kernel_size=[9, 9], stride=[1, 1])
    yield bad("output_zero_ceil", kernel_size=[8, 2], stride=[2, 2], ceil_mode=True)
    yield bad("output_zero_dilated", kernel_size=[2, 2], dilation=[4, 5])
    yield bad("output_zero_empty_batch", (0, 2, 4, 4), kernel_size=[5, 5])
    yield bad("kernel_above_int32", kernel_size=[2**31, 2])
    yield bad("padding_below_int32", padding=[-(2**31) - 1, 0], **k2)
    yield bad("int32_before_rank", (4, 4), kernel_size=[2**31, 2])
    yield bad("rank_before_stride", (4, 4), stride=[0, 0], **k2)
    yield bad("stride_zero_h_before_padding", stride=[0, 1], padding=[-1, -1], **k2)
    yield bad("padding_h_before_stride_zero_w", stride=[1, 0], padding=[-1, 0], **k2)
    yield bad("padding_half_h_before_padding_negative_w", padding=[2, -1], **k2)
    yield bad("padding_before_kernel", kernel_size=[2, 0], stride=[1, 1], padding=[-1, 0])
    yield bad("kernel_before_stride_negative", kernel_size=[0, 2], stride=[-1, 1])
    yield bad("stride_before_dilation", stride=[-1, 1], dilation=[0, 1], **k2)
    yield bad("dilation_before_empty", (1, 0, 4, 4), dilation=[0, 1], **k2)
    yield bad("empty_before_plain_half", (1, 0, 4, 4), kernel_size=[3, 3], padding=[2, 2], dilation=[2, 2])
    yield bad("plain_half_before_size", (1, 2, 1, 1), kernel_size=[3, 3], padding=[2, 2], dilation=[9, 9])

    yield from mistaken("max_pool2d", calls.max_pool2d_call, calls.MAX_POOL2D_MISTAKES)


def random_max_pool2d(name):
    draw = Draw(f"max_pool2d/{name}")
    dtype = draw.pick(F32, F32, F32, F64, *INTEGERS)
    call = calls.max_pool2d_call(draw)
    if draw.int(1, 15) == 1:
        calls.empty_batch(call, draw)
    shape, o = call.shapes["input"], call.options
    input = pool_values(draw, shape, dtype, specials=draw.pick(True, False))
    traits = {
        "ceil": o["ceil_mode"],
        "dilated": max(o["dilation"]) > 1,
        "padded": max(o["padding"]) > 0,
        "unbatched": len(shape) == 3,
        "empty_batch": shape[0] == 0,
        "window_without_element": calls.has_window_without_element(call),
    }
    return value("_".join([name, NAMES[dtype], *with_trait(traits)]), {"input": input}, **o)


def run_max_unpool2d(inputs, kernel_size, stride=None, padding=(0, 0), output_size=None):
    # A tuple, because the functional interface indexes the options; output_size stays a list for the text.
    stride = None if stride is None else tuple(stride)
    return {
        "output": F.max_unpool2d(
            inputs["input"], inputs["indices"], tuple(kernel_size), stride, tuple(padding), output_size
        )
    }


def unpool_inputs(seed, shape, plane, dtype=F32, duplicates=False):
    """Values, and indices below `plane` that are all different within a plane unless duplicates are wanted."""
    draw = Draw(seed)
    planes = math.prod(shape[:-2])
    count = shape[-2] * shape[-1]
    rows = []
    for _ in range(planes):
        some = plane if not duplicates else max(1, count // 3)
        rows += (
            draw.random.sample(range(plane), count) if not duplicates else [draw.int(0, some - 1) for _ in range(count)]
        )
    return {"input": draw.tensor(shape, dtype, False), "indices": torch.tensor(rows, dtype=I64).reshape(shape)}


def max_unpool2d_cases():
    def named(name, shape, output, dtype=F32, duplicates=False, **options):
        seed = f"max_unpool2d/{name}"
        return value(name, unpool_inputs(seed, shape, math.prod(output), dtype, duplicates), **options)

    k2 = {"kernel_size": [2, 2]}
    yield named("one_pixel", (1, 1, 1, 1), (1, 1), kernel_size=[1, 1])
    yield named("k2", (1, 2, 3, 4), (6, 8), **k2)
    yield named("unbatched", (2, 3, 4), (6, 8), **k2)
    yield named("stride_1_overlaps", (1, 2, 3, 4), (4, 5), kernel_size=[2, 2], stride=[1, 1])
    yield named("stride_above_kernel", (1, 2, 3, 2), (8, 5), kernel_size=[2, 2], stride=[3, 3])
    yield named("padding_shrinks", (1, 2, 3, 3), (5, 5), kernel_size=[3, 3], stride=[2, 2], padding=[1, 1])
    yield named("kernel_differs_by_dimension", (1, 2, 3, 4), (3, 12), kernel_size=[1, 3])
    yield named("output_size_odd", (1, 2, 3, 3), (7, 7), output_size=[7, 7], **k2)
    yield named("output_size_smaller", (1, 2, 3, 3), (5, 5), output_size=[5, 5], **k2)
    yield named("output_size_differs_by_dimension", (1, 2, 3, 3), (5, 7), output_size=[5, 7], **k2)
    yield named("output_size_unbatched", (2, 3, 3), (7, 6), output_size=[7, 6], **k2)
    yield named("duplicates_last_wins", (1, 2, 3, 4), (6, 8), duplicates=True, **k2)
    yield named("duplicates_last_wins_F64", (2, 1, 5, 4), (10, 8), F64, duplicates=True, **k2)
    yield value(
        "all_to_one_place",
        {"input": torch.arange(1.0, 13).reshape(1, 3, 4), "indices": zeros(1, 3, 4, dtype=I64)},
        **k2,
    )
    yield value(
        "values_are_copied",
        {"input": torch.tensor([[[NAN, -0.0], [INF, -INF]]]), "indices": torch.tensor([[[0, 3], [9, 15]]])},
        **k2,
    )
    yield value(
        "zero_overwrites_duplicate",
        {"input": torch.tensor([[[5.0, -0.0], [7.0, 0.0]]]), "indices": torch.tensor([[[2, 2], [4, 4]]])},
        **k2,
    )
    yield named("empty_batch", (0, 2, 3, 3), (6, 6), **k2)
    yield named("no_channels_unbatched", (0, 3, 3), (6, 6), **k2)
    yield named("kernel_zero_empty_output", (1, 1, 1, 1), (1, 1), kernel_size=[0, 0])
    yield named("stride_zero_in_the_formula", (1, 1, 2, 2), (3, 3), kernel_size=[3, 3], stride=[0, 0])
    yield named("stride_negative_in_the_formula", (1, 1, 2, 2), (3, 4), kernel_size=[4, 5], stride=[-1, -1])
    yield named("padding_negative_in_the_formula", (1, 1, 2, 2), (6, 4), padding=[-1, 0], **k2)
    for dtype in INTEGERS:
        yield named(f"copies_{NAMES[dtype]}", (1, 2, 3, 4), (6, 8), dtype, **k2)
        yield named(f"duplicates_{NAMES[dtype]}", (1, 2, 3, 3), (7, 6), dtype, True, output_size=[7, 6], **k2)

    for i in range(110):
        name = f"random_{i:03}"
        draw = Draw(f"max_unpool2d/{name}")
        call, size = calls.max_unpool2d_call(draw)
        shape, plane = call.shapes["input"], math.prod(size)
        duplicates = plane < shape[-2] * shape[-1] or draw.pick(True, False)
        dtype = draw.pick(F32, F32, F64, *INTEGERS)
        inputs = unpool_inputs(f"max_unpool2d/{name}/values", shape, plane, dtype, duplicates)
        if duplicates:
            inputs["indices"] = inputs["indices"] % plane
        traits = {"duplicates": duplicates, "output_size": "output_size" in call.options, "unbatched": len(shape) == 3}
        yield value("_".join([name, NAMES[dtype], *with_trait(traits)]), inputs, **call.options)

    def bad(name, shape=(1, 2, 2, 2), indices=None, **options):
        index = zeros(*shape, dtype=I64) if indices is None else indices
        return error(name, {"input": zeros(*shape), "indices": index}, **(k2 | options))

    def at(*places, shape=(1, 1, 2, 2)):
        return {"shape": shape, "indices": torch.tensor(places, dtype=I64).reshape(shape)}

    yield bad("output_size_below_h", output_size=[2, 4])
    yield bad("output_size_above_w", output_size=[4, 6])
    yield bad("output_size_bad_in_both_names_h", output_size=[9, 9])
    yield bad("output_size_below_unbatched", (2, 2, 2), output_size=[4, 2])
    yield bad("output_size_with_stride_zero", stride=[0, 0], output_size=[2, 2])
    yield bad("output_size_negative", (1, 2, 1, 1), kernel_size=[1, 1], stride=[4, 4], output_size=[-1, 1])
    yield bad("formula_negative_h", padding=[3, 0])
    yield bad("formula_negative_w", padding=[0, 4])
    yield bad("rank_2", (2, 2))
    yield bad("rank_5", (1, 1, 2, 2, 2))
    yield bad("rank_1", (4,))
    yield bad("indices_of_other_shape", indices=zeros(1, 2, 2, 3, dtype=I64))
    yield bad("indices_of_other_rank", indices=zeros(2, 2, 2, dtype=I64))
    yield bad("no_channels", (1, 0, 2, 2))
    yield bad("no_rows", (1, 2, 0, 2), output_size=[1, 4])
    yield bad("no_columns_unbatched", (2, 2, 0), output_size=[4, 1])
    yield bad("no_columns_empty_batch", (0, 2, 2, 0), output_size=[4, 1])
    yield bad("index_negative", **at(0, 1, -1, 3))
    yield bad("index_at_the_end", **at(0, 1, 16, 3))
    yield bad("index_far_outside", **at(0, 2**62, 2, 3))
    yield bad("index_last_bad_one_is_named", **at(99, 1, -7, 77))
    yield bad("index_last_bad_one_of_all_planes", **at(99, 1, 2, 3, 4, 5, 50, 7, 0, 1, 2, 3, shape=(3, 1, 2, 2)))
    yield bad("index_beyond_a_smaller_output_size", **at(0, 1, 2, 9), output_size=[3, 3])
    yield bad("output_size_before_rank", (2, 2), output_size=[9, 9])
    yield bad("output_size_before_indices", indices=zeros(1, 2, 2, 3, dtype=I64), output_size=[9, 9])
    yield bad("rank_before_indices", (2, 2), indices=zeros(2, 3, dtype=I64))
    yield bad("indices_before_empty", (1, 0, 2, 2), indices=zeros(1, 2, 2, 2, dtype=I64))

    yield from mistaken("max_unpool2d", lambda draw: calls.max_unpool2d_call(draw)[0], calls.MAX_UNPOOL2D_MISTAKES)


# ---- unfold, fold ----------------------------------------------------------------------------------------------------


def run_unfold(inputs, kernel_size, dilation=(1, 1), padding=(0, 0), stride=(1, 1)):
    return {"output": F.unfold(inputs["input"], kernel_size, dilation, padding, stride)}


def run_fold(inputs, output_size, kernel_size, dilation=(1, 1), padding=(0, 0), stride=(1, 1)):
    return {"output": F.fold(inputs["input"], output_size, kernel_size, dilation, padding, stride)}


# name, image shape, options: every one serves unfold, and fold back to the image
BLOCKS = [
    ("one_pixel", (1, 1, 1, 1), {"kernel_size": [1, 1]}),
    ("kernel_1_is_a_reshape", (2, 2, 3, 4), {"kernel_size": [1, 1]}),
    ("plain_3x3", (1, 2, 5, 6), {"kernel_size": [3, 3]}),
    ("unbatched", (2, 4, 5), {"kernel_size": [2, 3]}),
    ("whole_plane", (2, 2, 3, 4), {"kernel_size": [3, 4]}),
    ("kernel_differs_by_dimension", (1, 2, 5, 4), {"kernel_size": [4, 1]}),
    ("padding", (1, 2, 3, 4), {"kernel_size": [3, 2], "padding": [1, 1]}),
    ("padding_above_kernel_gives_zero_columns", (1, 1, 2, 2), {"kernel_size": [2, 2], "padding": [3, 4]}),
    ("stride_tiles", (1, 2, 4, 6), {"kernel_size": [2, 3], "stride": [2, 3]}),
    ("stride_above_kernel_leaves_holes", (1, 2, 7, 8), {"kernel_size": [2, 2], "stride": [3, 4]}),
    ("stride_drops_the_edge", (1, 2, 6, 6), {"kernel_size": [3, 3], "stride": [2, 2]}),
    ("dilation", (1, 2, 6, 7), {"kernel_size": [2, 3], "dilation": [3, 2]}),
    ("dilation_reaches_padding_only", (1, 1, 2, 3), {"kernel_size": [3, 3], "dilation": [3, 3], "padding": [3, 3]}),
    (
        "everything_differs_by_dimension",
        (2, 3, 6, 9),
        {"kernel_size": [2, 3], "dilation": [2, 1], "padding": [1, 2], "stride": [1, 3]},
    ),
    ("empty_batch", (0, 2, 4, 4), {"kernel_size": [2, 2]}),
    ("long_row", (1, 1, 2, 41), {"kernel_size": [2, 3], "padding": [0, 1]}),
]


def unfold_cases():
    def named(name, image, options, dtype=F32):
        return value(name, {"input": Draw(f"unfold/{name}").tensor(image, dtype, False)}, **options)

    for block in BLOCKS:
        yield named(*block)
    for dtype in (F64, *INTEGERS):
        yield named(f"copies_{NAMES[dtype]}", (1, 2, 4, 5), {"kernel_size": [2, 3], "padding": [1, 0]}, dtype)
    yield value(
        "values_are_copied", {"input": torch.tensor([[[NAN, -0.0], [INF, -INF]]])}, kernel_size=[2, 2], padding=[1, 1]
    )
    for i in range(100):
        draw = Draw(f"unfold/random_{i:03}")
        call = calls.blocks_call(draw)
        dtype = draw.pick(F32, F32, F64, *INTEGERS)
        input = draw.tensor(call.shapes["input"], dtype, False)
        yield value(f"random_{i:03}_{NAMES[dtype]}", {"input": input}, **call.options)

    def bad(name, shape=(1, 2, 4, 5), **options):
        return error(name, {"input": zeros(*shape)}, **({"kernel_size": [2, 2]} | options))

    yield bad("kernel_zero", kernel_size=[0, 2])
    yield bad("kernel_negative", kernel_size=[2, -1])
    yield bad("dilation_zero", dilation=[0, 1])
    yield bad("dilation_negative", dilation=[1, -1])
    yield bad("padding_negative", padding=[-1, 0])
    yield bad("stride_zero", stride=[1, 0])
    yield bad("stride_negative", stride=[-1, 1])
    yield bad("rank_0", ())
    yield bad("rank_1", (4,))
    yield bad("rank_2", (4, 5))
    yield bad("rank_2_without_rows", (0, 5))
    yield bad("rank_2_without_columns", (4, 0))
    yield bad("rank_1_empty", (0,))
    yield bad("rank_5", (1, 1, 2, 4, 5))
    yield bad("no_channels", (1, 0, 4, 5))
    yield bad("no_rows", (1, 2, 0, 5))
    yield bad("no_channels_unbatched", (0, 4, 5))
    yield bad("no_columns_empty_batch", (0, 2, 4, 0))
    yield bad("no_blocks_h", kernel_size=[5, 2])
    yield bad("no_blocks_w", kernel_size=[2, 7])
    yield bad("no_blocks_dilated_padded", dilation=[6, 1], padding=[1, 0])
    yield bad("no_blocks_unbatched", (2, 4, 5), kernel_size=[5, 6])
    yield bad("no_blocks_empty_batch", (0, 2, 4, 5), kernel_size=[5, 6])
    yield bad("no_blocks_rounds_down_with_stride", kernel_size=[6, 2], stride=[3, 1])
    yield bad("kernel_before_dilation", kernel_size=[0, 2], dilation=[0, 1])
    yield bad("dilation_before_padding", dilation=[0, 1], padding=[-1, 0])
    yield bad("padding_before_stride", padding=[-1, 0], stride=[0, 1])
    yield bad("stride_before_rank", (4, 5), stride=[0, 1])
    yield bad("kernel_before_rank_0", (), kernel_size=[0, 2])
    yield bad("stride_before_rank_5", (1, 1, 2, 4, 5), stride=[0, 1])

    yield from mistaken("unfold", calls.blocks_call, calls.UNFOLD_MISTAKES)


def fold_cases():
    def named(name, image, options, dtype=F32, integers=True):
        draw = Draw(f"fold/{name}")
        input = draw.tensor(calls.columns_shape(image, **options), dtype, integers)
        return value(name, {"input": input}, output_size=list(image[-2:]), **options)

    for block in BLOCKS:
        yield named(*block)
    for dtype in FLOATS:
        yield named(
            f"order_of_summation_{NAMES[dtype]}",
            (2, 2, 5, 6),
            {"kernel_size": [3, 3], "padding": [1, 1]},
            dtype,
            integers=False,
        )
    for dtype in INTEGERS:
        yield named(f"wraps_{NAMES[dtype]}", (1, 2, 4, 5), {"kernel_size": [2, 3], "padding": [1, 0]}, dtype)
    yield value(
        "minus_zero_becomes_zero", {"input": torch.full((1, 4, 2), -0.0)}, output_size=[2, 3], kernel_size=[2, 2]
    )
    yield value(
        "nan_and_infinity_spread",
        {"input": torch.tensor([[[NAN, 1], [INF, 2], [-INF, INF], [3, 4]]])},
        output_size=[2, 3],
        kernel_size=[2, 2],
    )
    for i in range(100):
        draw = Draw(f"fold/random_{i:03}")
        call = calls.fold_call(draw)
        dtype = draw.pick(F32, F32, F64, *INTEGERS)
        input = draw.tensor(call.shapes["input"], dtype, draw.pick(True, False))
        yield value(f"random_{i:03}_{NAMES[dtype]}", {"input": input}, **call.options)

    def bad(name, shape=(1, 8, 6), **options):
        return error(name, {"input": zeros(*shape)}, **({"output_size": [3, 4], "kernel_size": [2, 2]} | options))

    yield bad("kernel_zero", kernel_size=[0, 2])
    yield bad("kernel_negative", kernel_size=[2, -1])
    yield bad("stride_zero", stride=[0, 1])
    yield bad("stride_negative", stride=[1, -1])
    yield bad("dilation_zero", dilation=[1, 0])
    yield bad("padding_negative", padding=[0, -1])
    yield bad("rank_0", ())
    yield bad("rank_1", (8,))
    yield bad("rank_4", (1, 1, 8, 6))
    yield bad("no_rows", (1, 0, 6))
    yield bad("no_columns", (1, 8, 0))
    yield bad("no_rows_unbatched", (0, 6))
    yield bad("kernel_product_overflows", kernel_size=[2**32, 2**32])
    yield bad("kernel_product_overflows_int64_only", kernel_size=[2**32, 2**31])
    yield bad("rows_not_divisible_by_kernel", (1, 7, 6))
    yield bad("rows_not_divisible_by_kernel_unbatched", (7, 6))
    yield bad("columns_do_not_match", (1, 8, 5))
    yield bad("columns_do_not_match_unbatched", (8, 7), padding=[1, 0], stride=[2, 1])
    yield bad("columns_do_not_match_empty_batch", (0, 8, 5))
    yield bad("columns_do_not_match_dilated", dilation=[2, 3])
    yield bad("blocks_negative_in_one_dimension", (1, 9, 1), output_size=[1, 3], kernel_size=[3, 3])
    yield bad("blocks_negative_in_both_match", (1, 9, 1), output_size=[1, 1], kernel_size=[3, 3])
    yield bad("blocks_negative_in_both_match_2", (1, 16, 2), output_size=[1, 2], kernel_size=[4, 4])
    yield bad("output_zero", (1, 1, 4), output_size=[0, 0], kernel_size=[1, 1], padding=[1, 1])
    yield bad("output_zero_in_one_dimension", (1, 1, 6), output_size=[1, 0], kernel_size=[1, 1], padding=[1, 1])
    yield bad("output_negative", (1, 1, 4), output_size=[-2, 2], kernel_size=[1, 1], padding=[2, 0])
    yield bad("kernel_before_stride", kernel_size=[0, 2], stride=[0, 1])
    yield bad("stride_before_dilation", stride=[0, 1], dilation=[0, 1])
    yield bad("dilation_before_padding", dilation=[0, 1], padding=[-1, 0])
    yield bad("padding_before_rank", (8,), padding=[-1, 0])
    yield bad("rows_before_columns", (1, 7, 5))
    yield bad("columns_before_output_size", (1, 1, 5), output_size=[0, 0], kernel_size=[1, 1], padding=[1, 1])

    yield from mistaken("fold", calls.fold_call, calls.FOLD_MISTAKES)


# ---- upsampling ------------------------------------------------------------------------------------------------------


def run_upsample_nearest2d(inputs, size=None, scale=None):
    return {"output": F.interpolate(inputs["input"], size, scale, "nearest")}


def run_upsample_bilinear2d(inputs, size=None, scale=None, align_corners=False):
    return {"output": F.interpolate(inputs["input"], size, scale, "bilinear", align_corners)}


def upsample_errors(op):
    def bad(name, shape=(1, 2, 3, 4), **options):
        return error(name, {"input": zeros(*shape)}, **options)

    double = {"size": [6, 8]}
    yield bad("rank_0", (), **double)
    yield bad("rank_1", (4,), **double)
    yield bad("rank_2", (3, 4), **double)
    yield bad("rank_3_size", (2, 3, 4), **double)
    yield bad("rank_3_scale", (2, 3, 4), scale=[2.0, 0.5])
    yield bad("rank_5_size", (1, 1, 2, 3, 4), **double)
    yield bad("rank_5_scale", (1, 1, 2, 3, 4), scale=[2.0, 1.25])
    yield bad("rank_6", (1, 1, 1, 2, 3, 4), **double)
    yield bad("size_zero_h", size=[0, 4])
    yield bad("size_zero_w", size=[3, 0])
    yield bad("size_negative", size=[-1, 4])
    yield bad("input_without_rows", (1, 2, 0, 4), size=[3, 4])
    yield bad("input_without_columns", (1, 2, 3, 0), size=[3, 4])
    yield bad("input_without_rows_scale", (1, 2, 0, 4), scale=[2.0, 2.0])
    yield bad("no_channels", (1, 0, 3, 4), **double)
    yield bad("size_before_channels", (1, 0, 3, 4), size=[0, 4])
    yield bad("empty_batch_size_zero", (0, 2, 3, 4), size=[0, 4])
    yield bad("scale_too_small", scale=[0.1, 1.0])
    yield bad("scale_zero", scale=[1.0, 0.0])
    yield bad("scale_negative", scale=[-2.0, 1.0])
    yield bad("scale_nan", scale=[NAN, 1.0])
    yield bad("scale_infinite", scale=[1.0, INF])
    yield bad("scale_minus_infinite", scale=[-INF, 1.0])
    yield bad("scale_nan_before_channels", (1, 0, 3, 4), scale=[NAN, 1.0])
    yield from mistaken(op, calls.upsample_call, calls.UPSAMPLE_MISTAKES)


# name, input shape, options: they serve nearest and bilinear
UPSAMPLINGS = [
    ("one_pixel", (1, 1, 1, 1), {"size": [1, 1]}),
    ("one_pixel_spreads", (1, 2, 1, 1), {"size": [3, 4]}),
    ("same_size_copies", (1, 2, 3, 4), {"size": [3, 4]}),
    ("double_size", (1, 2, 3, 4), {"size": [6, 8]}),
    ("double_scale", (2, 2, 3, 4), {"scale": [2.0, 2.0]}),
    ("triple_and_same", (1, 2, 3, 4), {"size": [9, 4]}),
    ("to_one_pixel", (1, 2, 5, 6), {"size": [1, 1]}),
    ("one_row", (1, 2, 1, 5), {"size": [3, 7]}),
    ("one_column", (1, 2, 5, 1), {"size": [7, 3]}),
    ("shrinks", (1, 2, 7, 9), {"size": [3, 4]}),
    ("grows_and_shrinks", (1, 2, 4, 9), {"size": [7, 5]}),
    ("scale_one_is_a_copy", (1, 2, 3, 4), {"scale": [1.0, 1.0]}),
    ("scale_truncates_size", (1, 1, 5, 7), {"scale": [1.3, 1.9]}),
    ("scale_given_steers_the_map", (1, 1, 5, 5), {"scale": [2.3, 1.7]}),
    ("scale_shrinks", (1, 1, 9, 8), {"scale": [0.5, 0.4]}),
    ("scale_one_third", (1, 1, 9, 10), {"scale": [1 / 3, 0.34]}),
    ("scale_gives_same_size", (1, 1, 5, 4), {"scale": [1.1, 1.2]}),
    ("scale_gives_double_size", (1, 1, 3, 4), {"scale": [2.2, 2.1]}),
    ("scale_0_6_size_7", (1, 1, 7, 11), {"scale": [0.6, 0.7]}),
    ("empty_batch", (0, 2, 3, 4), {"size": [6, 5]}),
    ("empty_batch_scale", (0, 2, 3, 4), {"scale": [2.0, 1.5]}),
    ("many_channels", (1, 19, 2, 3), {"size": [4, 5]}),
    ("long_row", (1, 1, 2, 33), {"size": [3, 50]}),
]


def upsample_nearest2d_cases():
    for name, shape, options in UPSAMPLINGS:
        yield value(name, {"input": Draw(f"upsample_nearest2d/{name}").tensor(shape, F32, False)}, **options)
    yield value("values_are_copied", {"input": torch.tensor([[[[NAN, -0.0], [INF, -INF]]]])}, size=[3, 5])
    # Here i * in / out is an integer that the product with a float32 scale just misses; double would hit it.
    for size, out in ((14, 46), (26, 22), (26, 44), (30, 58), (39, 33), (52, 44), (54, 38), (58, 54), (60, 58)):
        for dtype in FLOATS:
            name = f"float32_scale_{size}_to_{out}_{NAMES[dtype]}"
            yield value(name, {"input": torch.arange(size, dtype=dtype).reshape(1, 1, 1, size)}, size=[1, out])
    for dtype in (F64, *INTEGERS):
        draw = Draw(f"upsample_nearest2d/copies_{NAMES[dtype]}")
        yield value(f"copies_{NAMES[dtype]}", {"input": draw.tensor((1, 2, 3, 5), dtype, False)}, size=[5, 7])
    for factor in calls.SCALES:
        input = torch.arange(2 * 40, dtype=F32).reshape(1, 1, 2, 40)
        yield value(f"scale_{factor!r}".replace(".", "_"), {"input": input}, scale=[1.0, factor])
    for i in range(100):
        draw = Draw(f"upsample_nearest2d/random_{i:03}")
        call = calls.upsample_call(draw)
        dtype = draw.pick(F32, F32, F64, *INTEGERS)
        input = draw.tensor(call.shapes["input"], dtype, False)
        yield value(f"random_{i:03}_{NAMES[dtype]}", {"input": input}, **call.options)
    yield from upsample_errors("upsample_nearest2d")


def upsample_bilinear2d_cases():
    for name, shape, options in UPSAMPLINGS:
        for align in (False, True):
            label = name + ("_aligned" if align else "")
            input = Draw(f"upsample_bilinear2d/{name}").tensor(shape, F32, False)
            copies = (
                math.prod(shape) == 0 or options.get("size") == list(shape[-2:]) or options.get("scale") == [1.0, 1.0]
            )
            yield value(label, {"input": input}, copies, **options, align_corners=align)
    special = {"input": torch.tensor([[[[NAN, 1.0, 2.0], [3.0, INF, 4.0], [-0.0, 5.0, -INF]]]])}
    yield value("same_size_keeps_nan_in_place", special, size=[3, 3])
    yield value("nan_spreads_with_zero_weights", special, size=[5, 5], align_corners=True)
    yield value("nan_and_infinity_spread", special, size=[6, 6])
    quarters = {"input": Draw("upsample_bilinear2d/quarters").small_integers((2, 2, 3, 4))}
    yield value("double_has_exact_quarters", quarters, size=[6, 8])
    yield value(
        "halving_averages_exactly",
        {"input": Draw("upsample_bilinear2d/halving").small_integers((1, 2, 6, 8))},
        size=[3, 4],
    )
    yield value(
        "aligned_2_to_3_has_exact_halves",
        {"input": Draw("upsample_bilinear2d/halves").small_integers((1, 2, 2, 2))},
        size=[3, 3],
        align_corners=True,
    )
    # places rounded to just below an input, which PyTorch finds in float: the last one (30 / 11 * 11), one in the middle
    for name, width, out, before in (("last", 31, 12, 29), ("middle", 19, 67, 14)):
        values = torch.ones((1, 1, 1, width), dtype=F64)
        values[..., before] = INF
        yield value(f"aligned_place_below_the_{name}", {"input": values}, False, size=[1, out], align_corners=True)
    for factor in calls.SCALES:
        input = Draw(f"upsample_bilinear2d/scale/{factor}").tensor((1, 1, 2, 40), F32, False)
        yield value(f"scale_{factor!r}".replace(".", "_"), {"input": input}, False, scale=[1.0, factor])
    for i in range(110):
        draw = Draw(f"upsample_bilinear2d/random_{i:03}")
        call = calls.upsample_call(draw)
        dtype = draw.pick(F32, F32, F64)
        input = draw.tensor(call.shapes["input"], dtype, False)
        options = call.options | {"align_corners": draw.pick(False, True)}
        yield value(f"random_{i:03}_{NAMES[dtype]}", {"input": input}, False, **options)
    yield from upsample_errors("upsample_bilinear2d")


# ---- activations -----------------------------------------------------------------------------------------------------


def run_relu(inputs):
    return {"output": F.relu(inputs["input"])}


def run_sigmoid(inputs):
    return {"output": torch.sigmoid(inputs["input"])}


SHAPES = [
    (),
    (0,),
    (1,),
    (3,),
    (8,),
    (17,),
    (2, 3),
    (1, 2, 3),
    (2, 3, 5),
    (0, 2, 3, 4),
    (1, 2, 3, 4),
    (2, 3, 4, 5),
    (3, 1, 7, 9),
    (2, 2, 1, 2, 3),
]
SPECIALS = [
    NAN,
    INF,
    -INF,
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-40,
    -1e-40,
    3.4e38,
    -3.4e38,
    1e-45,
    -1e-45,
    0.5,
    -0.5,
    2.0,
    -2.0,
    7.0,
]


def shape_name(shape):
    return "x".join(map(str, shape)) if shape else "scalar"


def relu_cases():
    for dtype in (F32, F64, *INTEGERS):
        for shape in SHAPES if dtype in FLOATS else [(0,), (5,), (2, 3, 4, 5)]:
            draw = Draw(f"relu/{NAMES[dtype]}/{shape_name(shape)}")
            yield value(f"shape_{shape_name(shape)}_{NAMES[dtype]}", {"input": draw.tensor(shape, dtype, False)})
    for dtype in FLOATS:
        yield value(f"specials_{NAMES[dtype]}", {"input": torch.tensor(SPECIALS, dtype=dtype)})
    for dtype in INTEGERS:
        info = torch.iinfo(dtype)
        yield value(
            f"limits_{NAMES[dtype]}", {"input": torch.tensor([info.min, info.min + 1, -1, 0, 1, info.max], dtype=dtype)}
        )


def sigmoid_cases():
    for dtype in FLOATS:
        for shape in SHAPES:
            draw = Draw(f"sigmoid/{NAMES[dtype]}/{shape_name(shape)}")
            yield value(f"shape_{shape_name(shape)}_{NAMES[dtype]}", {"input": draw.tensor(shape, dtype, False)}, False)
        yield value(f"specials_{NAMES[dtype]}", {"input": torch.tensor(SPECIALS, dtype=dtype)}, False)
        for name, limit in {"usual": 10.0, "overflowing_exp_float": 110.0, "overflowing_exp_double": 800.0}.items():
            yield value(
                f"{name}_range_{NAMES[dtype]}", {"input": torch.linspace(-limit, limit, 101, dtype=dtype)}, False
            )


def run_activation(inputs, function, low=None, high=None):
    """The functions of prepared layers beyond relu and sigmoid; low is the slope of leaky_relu."""
    x = inputs["input"]
    call = {
        "leaky_relu": lambda: F.leaky_relu(x, low),
        "prelu": lambda: F.prelu(x, inputs["slopes"]),
        "hardtanh": lambda: F.hardtanh(x, low, high),
        "silu": lambda: F.silu(x),
        "hardswish": lambda: F.hardswish(x),
    }
    return {"output": call[function]()}


ACTIVATIONS = {  # name of a case: what it is called with
    "leaky_relu": {"function": "leaky_relu", "low": 0.01},
    "leaky_relu_above_1": {"function": "leaky_relu", "low": 2.5},
    "leaky_relu_negative": {"function": "leaky_relu", "low": -0.3},
    "prelu": {"function": "prelu"},
    "hardtanh": {"function": "hardtanh", "low": -1.0, "high": 1.0},
    "relu6": {"function": "hardtanh", "low": 0.0, "high": 6.0},
    "silu": {"function": "silu"},
    "hardswish": {"function": "hardswish"},
}


def activation_cases():
    for name, options in ACTIVATIONS.items():
        exact = name != "silu"
        for dtype in FLOATS:
            draw = Draw(f"activation/{name}/{NAMES[dtype]}")
            for label, shape in {"batch": (2, 3, 4, 5), "unbatched": (1, 3, 37), "empty": (0, 3, 4, 5)}.items():
                x = 4 * draw.tensor(shape, dtype, False)
                slopes = {"slopes": draw.tensor((shape[-3],), dtype, False)} if name == "prelu" else {}
                yield value(f"{name}_{label}_{NAMES[dtype]}", {"input": x} | slopes, exact, **options)
            x = torch.tensor([*SPECIALS, 3.0, -3.0, 6.0, 2.9999998, -90.0, -800.0], dtype=dtype).reshape(1, 2, 3, 4)
            slopes = {"slopes": torch.tensor([0.25], dtype=dtype)} if name == "prelu" else {}
            yield value(f"{name}_specials_{NAMES[dtype]}", {"input": x} | slopes, exact, **options)
    for dtype in INTEGERS:
        x = Draw(f"activation/hardtanh/{NAMES[dtype]}").tensor((1, 2, 5, 7), dtype)
        yield value(f"hardtanh_{NAMES[dtype]}", {"input": x}, function="hardtanh", low=-50.0, high=90.0)


# ---- gradients -------------------------------------------------------------------------------------------------------


def run_max_pool2d_backward(
    inputs, input_size, kernel_size, stride=None, padding=(0, 0), dilation=(1, 1), ceil_mode=False
):
    grad_output = inputs["grad_output"]
    image = zeros(*input_size, dtype=grad_output.dtype)
    window = list(kernel_size), stride or [], list(padding), list(dilation), ceil_mode
    gradient = torch.ops.aten.max_pool2d_with_indices_backward(grad_output, image, *window, inputs["indices"])
    return {"output": gradient}


def max_pool2d_backward_cases():
    def named(name, shape, dtype=F32, grad=None, indices=None, **options):
        draw = Draw(f"max_pool2d_backward/{name}")
        x = pool_values(draw, shape, dtype, specials=False)
        pooled = run_max_pool2d({"input": x}, **options)["indices"]
        gradient = draw.tensor(tuple(pooled.shape), dtype, False) if grad is None else grad
        inputs = {"grad_output": gradient, "indices": pooled if indices is None else torch.tensor(indices)}
        return value(name, inputs, input_size=list(shape), **options)

    k2, k3 = {"kernel_size": [2, 2]}, {"kernel_size": [3, 3], "stride": [2, 2], "padding": [1, 1]}
    yield named("k2", (2, 3, 6, 8), **k2)
    yield named("k2_unbatched", (3, 7, 9), **k2)
    yield named("k2_wide", (1, 2, 4, 38), **k2)
    yield named("k2_odd_wide_F64", (1, 2, 5, 39), F64, **k2)
    yield named("k2_ceil", (1, 2, 5, 7), ceil_mode=True, **k2)
    yield named("k3_s2_p1", (2, 2, 8, 36), **k3)
    yield named("k3_s2_p1_odd", (1, 2, 9, 37), **k3)
    yield named("k3_s2", (1, 2, 9, 37), kernel_size=[3, 3], stride=[2, 2])
    yield named("k5_s1_p2", (1, 2, 7, 9), kernel_size=[5, 5], stride=[1, 1], padding=[2, 2])
    yield named("dilated", (1, 2, 8, 9), kernel_size=[2, 3], stride=[1, 2], dilation=[3, 2])
    yield named("stride_above_kernel", (1, 2, 9, 10), kernel_size=[2, 2], stride=[4, 3])
    yield named("empty_batch", (0, 2, 6, 8), **k2)
    for dtype in INTEGERS:
        yield named(f"k2_{NAMES[dtype]}", (1, 2, 5, 12), dtype, **k2)
        yield named(f"wraps_{NAMES[dtype]}", (1, 2, 6, 7), dtype, kernel_size=[3, 3], stride=[1, 1], padding=[1, 1])
    special = torch.tensor([[[NAN, -0.0, INF, -INF]]])
    one = [[[0, 2, 4, 6]]]
    yield named("values_are_added_to_0", (1, 2, 8), grad=special, indices=one, **k2)
    yield named("all_to_one_place", (1, 2, 8), grad=special, indices=[[[5, 5, 5, 5]]], **k2)
    yield named("minus_1_is_no_place", (1, 2, 8), grad=special, indices=[[[-1, 2, 2, -1]]], **k2)
    yield named("outside_its_window", (1, 2, 8), indices=[[[15, 0, 8, 7]]], **k2)
    for i in range(60):
        name = f"random_{i:03}"
        draw = Draw(f"max_pool2d_backward/{name}")
        call = calls.max_pool2d_call(draw)
        while calls.has_window_without_element(call):  # whose index PyTorch writes to, outside the plane
            call = calls.max_pool2d_call(draw)
        dtype = draw.pick(F32, F32, F64, *INTEGERS)
        yield named(f"{name}_{NAMES[dtype]}", tuple(call.shapes["input"]), dtype, **call.options)
    mistakes = calls.MAX_POOL2D_BACKWARD_MISTAKES
    yield from mistaken("max_pool2d_backward", calls.max_pool2d_backward_call, mistakes)


def run_max_unpool2d_backward(inputs):
    """Autograd's, as PyTorch has no function of that name."""
    grad_output, indices = inputs["grad_output"], inputs["indices"]
    if not grad_output.is_floating_point():
        raise NotImplementedError
    with torch.enable_grad():
        x = torch.zeros(indices.shape, dtype=grad_output.dtype, requires_grad=True)
        y = torch.ops.aten.max_unpool2d(x, indices, list(grad_output.shape[-2:]))
        (gradient,) = torch.autograd.grad(y, x, grad_output)
    return {"output": gradient}


def max_unpool2d_backward_cases():
    def named(name, shape, output, dtype=F32, duplicates=False):
        seed = f"max_unpool2d_backward/{name}"
        indices = unpool_inputs(seed, shape, math.prod(output), dtype, duplicates)["indices"]
        gradient = Draw(seed + "/gradient").tensor((*shape[:-2], *output), dtype, False)
        return value(name, {"grad_output": gradient, "indices": indices})

    for dtype in (*FLOATS, *INTEGERS):
        yield named(f"doubles_{NAMES[dtype]}", (1, 2, 3, 4), (6, 8), dtype)
        yield named(f"unbatched_{NAMES[dtype]}", (2, 3, 5), (7, 9), dtype)
        yield named(f"every_copy_gathers_{NAMES[dtype]}", (2, 1, 5, 4), (10, 8), dtype, True)
    yield named("one_pixel", (1, 1, 1, 1), (1, 1))
    yield named("empty_batch", (0, 2, 3, 4), (6, 8))
    special = torch.tensor([[[NAN, -0.0], [INF, -INF]]])
    yield value("values_are_copied", {"grad_output": special, "indices": torch.tensor([[[3, 1, 1], [2, 0, 0]]])})

    def bad(name, indices, shape=(1, 1, 4, 4)):
        return error(name, {"grad_output": zeros(*shape), "indices": indices})

    def at(*places):
        return torch.tensor(places).reshape(1, 1, 2, 2)

    yield bad("index_negative", at(0, 1, -1, 2))
    yield bad("index_behind_the_plane", at(0, 16, 1, 2))
    yield bad("the_last_bad_index_is_named", at(17, 1, -5, 2))
    yield bad("rank_2", torch.zeros(2, 2, dtype=I64), (4, 4))
    yield bad("rank_5", torch.zeros(1, 1, 1, 2, 2, dtype=I64), (1, 1, 1, 4, 4))


def upsampled(inputs, input_size, scale):
    """The output's size: what the scale makes of the input, or else the gradient's own."""
    if scale and len(input_size) == 4:
        return [math.trunc(n * s) for n, s in zip(input_size[-2:], scale)]
    shape = list(inputs["grad_output"].shape[-2:])
    return shape if len(shape) == 2 else [1, 1]


def run_upsample_nearest2d_backward(inputs, input_size, scale=None):
    out = upsampled(inputs, input_size, scale)
    gradient = torch.ops.aten.upsample_nearest2d_backward(inputs["grad_output"], out, input_size, *(scale or ()))
    return {"output": gradient}


def run_upsample_bilinear2d_backward(inputs, input_size, scale=None, align_corners=False):
    out = upsampled(inputs, input_size, scale)
    arguments = inputs["grad_output"], out, input_size, align_corners, *(scale or ())
    return {"output": torch.ops.aten.upsample_bilinear2d_backward(*arguments)}


def upsample_nearest2d_backward_cases():
    def named(name, size, out, dtype=F32, **options):
        gradient = Draw(f"upsample_nearest2d_backward/{name}").tensor((*size[:2], *out), dtype, False)
        return value(name, {"grad_output": gradient}, input_size=list(size), **options)

    yield named("doubles", (1, 2, 3, 19), (6, 38))
    yield named("equal_sizes", (1, 2, 3, 4), (3, 4))
    yield named("eightfold", (1, 1, 2, 5), (16, 40))
    yield named("one_pixel_spreads", (2, 1, 1, 1), (5, 7))
    yield named("halves", (1, 2, 6, 8), (3, 4))
    yield named("no_common_factor", (1, 2, 5, 7), (11, 9))
    yield named("empty_batch", (0, 2, 3, 4), (6, 8))
    yield named("no_channels", (1, 0, 3, 4), (6, 8))
    special = torch.tensor([[[[NAN, -0.0, -0.0, 1.0], [INF, -INF, -0.0, -0.0]]]])
    yield value("specials", {"grad_output": special}, input_size=[1, 1, 1, 2])
    yield value("zeros_start_from_plus_0", {"grad_output": special}, input_size=[1, 1, 2, 4])
    for dtype in (F64, *INTEGERS):
        yield named(f"sums_{NAMES[dtype]}", (1, 2, 3, 5), (7, 12), dtype)
        yield named(f"doubles_{NAMES[dtype]}", (1, 2, 3, 5), (6, 10), dtype)
    for i in range(60):
        draw = Draw(f"upsample_nearest2d_backward/random_{i:03}")
        call = calls.upsample_backward_call(draw)
        dtype = draw.pick(F32, F32, F64, *INTEGERS)
        gradient = draw.tensor(call.shapes["grad_output"], dtype, False)
        yield value(f"random_{i:03}_{NAMES[dtype]}", {"grad_output": gradient}, **call.options)
    mistakes = calls.UPSAMPLE_BACKWARD_MISTAKES
    yield from mistaken("upsample_nearest2d_backward", calls.upsample_backward_call, mistakes)


def upsample_bilinear2d_backward_cases():
    def named(name, size, out, exact=False, dtype=F32, **options):
        gradient = Draw(f"upsample_bilinear2d_backward/{name}").tensor((*size[:2], *out), dtype, exact)
        return value(name, {"grad_output": gradient}, exact, input_size=list(size), **options)

    yield named("double_has_exact_quarters", (2, 2, 3, 19), (6, 38), True)
    yield named("eightfold_is_exact", (1, 1, 3, 5), (24, 40), True)
    yield named("halving_is_exact", (1, 2, 6, 8), (3, 4), True)
    yield named("aligned_5_to_9_is_exact", (1, 2, 5, 5), (9, 9), True, align_corners=True)
    yield named("equal_sizes", (1, 2, 3, 4), (3, 4), True)
    yield named("one_pixel_gathers", (1, 2, 1, 1), (4, 8), True)
    yield named("empty_batch", (0, 2, 3, 4), (6, 8), True)
    yield named("no_channels", (1, 0, 3, 4), (6, 8), True)
    special = torch.tensor([[[[NAN, 1.0, -0.0, 1.0], [2.0, INF, 3.0, -INF]]]])
    yield value("equal_sizes_specials", {"grad_output": special}, input_size=[1, 1, 2, 4])
    yield value("doubled_specials", {"grad_output": special}, input_size=[1, 1, 1, 2])
    last = torch.zeros((1, 1, 1, 12), dtype=F64)
    last[..., 11] = 1  # its place, 30 / 11 * 11, is rounded to below 30
    yield value("aligned_place_below_the_last", {"grad_output": last}, input_size=[1, 1, 1, 31], align_corners=True)
    yield value("halved_specials", {"grad_output": special}, input_size=[1, 1, 4, 8])
    for i in range(80):
        draw = Draw(f"upsample_bilinear2d_backward/random_{i:03}")
        call = calls.upsample_backward_call(draw)
        dtype = draw.pick(F32, F32, F64)
        gradient = draw.tensor(call.shapes["grad_output"], dtype, False)
        options = call.options | {"align_corners": draw.pick(False, True)}
        yield value(f"random_{i:03}_{NAMES[dtype]}", {"grad_output": gradient}, False, **options)
    mistakes = calls.UPSAMPLE_BACKWARD_MISTAKES
    yield from mistaken("upsample_bilinear2d_backward", calls.upsample_backward_call, mistakes)


def run_activation_backward(inputs, function, low=None, high=None):
    """`saved` is relu's and sigmoid's result, the others' input; low is the slope of leaky_relu."""
    gradient, saved, aten = inputs["grad_output"], inputs["saved"], torch.ops.aten
    call = {
        "relu": lambda: aten.threshold_backward(gradient, saved, 0),
        "sigmoid": lambda: aten.sigmoid_backward(gradient, saved),
        "leaky_relu": lambda: aten.leaky_relu_backward(gradient, saved, low, False),
        "hardtanh": lambda: aten.hardtanh_backward(gradient, saved, low, high),
        "silu": lambda: aten.silu_backward(gradient, saved),
        "hardswish": lambda: aten.hardswish_backward(gradient, saved),
    }
    return {"output": call[function]()}


def activation_backward_cases():
    functions = {name: options for name, options in ACTIVATIONS.items() if name != "prelu"}
    functions |= {"relu": {"function": "relu"}, "sigmoid": {"function": "sigmoid"}}
    functions |= {"hardtanh_wrong_way_round": {"function": "hardtanh", "low": 3.0, "high": -1.0}}
    for name, options in functions.items():
        exact = name != "silu"
        for dtype in FLOATS:
            for shape in [(), (0,), (3,), (17,), (2, 3, 4, 5)]:
                draw = Draw(f"activation_backward/{name}/{NAMES[dtype]}/{shape_name(shape)}")
                inputs = {role: 4 * draw.tensor(shape, dtype, False) for role in ("grad_output", "saved")}
                yield value(f"{name}_{shape_name(shape)}_{NAMES[dtype]}", inputs, exact, **options)
            # Whole vectors: PyTorch's hardtanh and hardswish answer a NaN behind the last one otherwise.
            x = torch.tensor([*SPECIALS, 3.0, -3.0, 6.0, 2.9999998, -90.0, -800.0], dtype=dtype).repeat(8)
            for label, gradient in {"one": 1.0, "minus_zero": -0.0, "infinite": INF, "nan": NAN}.items():
                if name == "silu" and label == "infinite":
                    continue  # times a logistic function that underflows, or does not
                inputs = {"grad_output": torch.full_like(x, gradient), "saved": x}
                yield value(f"{name}_specials_{label}_{NAMES[dtype]}", inputs, exact, **options)
    for dtype in INTEGERS:
        draw = Draw(f"activation_backward/{NAMES[dtype]}")
        inputs = {"grad_output": draw.tensor((3, 37), dtype), "saved": draw.small_integers((3, 37), dtype, 100)}
        yield value(f"relu_{NAMES[dtype]}", inputs, function="relu")
        inputs = inputs | {"grad_output": draw.small_integers((3, 37), dtype, 100)}
        yield value(f"hardtanh_{NAMES[dtype]}", inputs, function="hardtanh", low=-50.0, high=90.0)


def run_prelu_backward(inputs):
    with torch.enable_grad():
        x, slopes = (inputs[role].clone().requires_grad_() for role in ("input", "slopes"))
        gradients = torch.autograd.grad(F.prelu(x, slopes), (x, slopes), inputs["grad_output"])
    return dict(zip(("grad_input", "grad_slopes"), gradients))


def prelu_backward_cases():
    shapes = {(2, 3, 4, 5): (3,), (5, 7): (7,), (): (), (7,): (1,), (2, 3, 37): (), (2, 3, 4): (1,), (0, 3, 4): (3,)}
    shapes |= {(40, 19): (19,), (2, 4, 1, 3, 2): (4,)}
    for dtype in FLOATS:
        for shape, slopes in shapes.items():
            draw = Draw(f"prelu_backward/{NAMES[dtype]}/{shape_name(shape)}")
            for exact in (True, False):
                inputs = {role: draw.tensor(shape, dtype, exact) for role in ("grad_output", "input")}
                inputs["slopes"] = draw.tensor(slopes, dtype, exact)
                yield value(f"{shape_name(shape)}_{'exact' if exact else 'rounds'}_{NAMES[dtype]}", inputs, exact)
        for label, slope in {"slope": 0.25, "slope_0": 0.0}.items():
            x = torch.tensor([NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0], dtype=dtype)
            for of, gradient in {"one": 1.0, "infinity": INF, "nan": NAN}.items():
                inputs = {"grad_output": torch.full((1, 7), gradient, dtype=dtype), "input": x.reshape(1, 7)}
                inputs["slopes"] = torch.full((7,), slope, dtype=dtype)
                yield value(f"specials_{label}_gradient_{of}_{NAMES[dtype]}", inputs)

    def bad(name, shape, slopes):
        return error(name, {"grad_output": zeros(*shape), "input": zeros(*shape), "slopes": zeros(*slopes)})

    yield bad("slopes_for_other_channels", (2, 3, 4), (2,))
    yield bad("slopes_of_a_vector", (2,), (2,))
    yield bad("slopes_of_a_scalar", (), (2,))
    yield bad("slopes_of_rank_2", (2, 3), (3, 1))
    yield bad("slope_of_rank_2", (2, 3), (1, 1))


# ---- gemm ------------------------------------------------------------------------------------------------------------


def matrix(buffer, rows, columns, ld, order):
    strides = (ld, 1) if order == "row_major" else (1, ld)
    return buffer.as_strided((rows, columns), strides)


def run_gemm(inputs, order, trans_a, trans_b, m, n, k, alpha, beta, lda, ldb, ldc):
    a = matrix(inputs["a"], *((k, m) if trans_a else (m, k)), lda, order)
    b = matrix(inputs["b"], *((n, k) if trans_b else (k, n)), ldb, order)
    result = inputs["c"].clone()
    c = matrix(result, m, n, ldc, order)
    c.copy_(torch.addmm(c, a.t() if trans_a else a, b.t() if trans_b else b, beta=beta, alpha=alpha))
    return {"output": result}


def gemm_buffer(draw, rows, columns, gap, order, dtype, exact, between):
    """A matrix with `gap` unused elements after each row (column), as a flat buffer, and its leading dimension."""
    lines, length = (rows, columns) if order == "row_major" else (columns, rows)
    ld = max(1, length) + gap
    buffer = torch.full((lines * ld,), between, dtype=dtype)
    matrix(buffer, rows, columns, ld, order).copy_(draw.tensor((rows, columns), dtype, exact))
    return buffer, ld


def gemm_case(
    name,
    m,
    n,
    k,
    dtype=F32,
    exact=True,
    order="row_major",
    trans_a=False,
    trans_b=False,
    alpha=1,
    beta=0,
    gaps=(0, 0, 0),
    change=None,
):
    draw = Draw(f"gemm/{name}")
    unread = torch.iinfo(dtype).min if dtype in INTEGERS else NAN
    a, lda = gemm_buffer(draw, *((k, m) if trans_a else (m, k)), gaps[0], order, dtype, exact, unread)
    b, ldb = gemm_buffer(draw, *((n, k) if trans_b else (k, n)), gaps[1], order, dtype, exact, unread)
    c, ldc = gemm_buffer(draw, m, n, gaps[2], order, dtype, exact, -77)
    inputs = {"a": a, "b": b, "c": c}
    for role, number in (change or {}).items():
        inputs[role].fill_(number)
    return value(
        name,
        inputs,
        exact,
        order=order,
        trans_a=trans_a,
        trans_b=trans_b,
        m=m,
        n=n,
        k=k,
        alpha=alpha,
        beta=beta,
        lda=lda,
        ldb=ldb,
        ldc=ldc,
    )


def gemm_cases():
    for order in ("row_major", "col_major"):
        for trans_a in (False, True):
            for trans_b in (False, True):
                label = f"{order}_{'T' if trans_a else 'N'}{'T' if trans_b else 'N'}"
                form = {"order": order, "trans_a": trans_a, "trans_b": trans_b}
                yield gemm_case(f"{label}_plain", 5, 7, 3, **form)
                yield gemm_case(f"{label}_gaps_alpha_beta", 4, 5, 6, **form, alpha=2, beta=-3, gaps=(1, 2, 3))
                yield gemm_case(f"{label}_normal", 6, 5, 9, exact=False, **form, alpha=0.5, beta=1.5, gaps=(2, 0, 1))
    yield gemm_case("one_by_one", 1, 1, 1)
    yield gemm_case("row_times_column", 1, 1, 40)
    yield gemm_case("column_times_row", 9, 8, 1)
    yield gemm_case("matrix_times_vector", 13, 1, 7)
    yield gemm_case("vector_times_matrix", 1, 13, 7)
    yield gemm_case("tile_6x16_exactly", 6, 16, 4)
    yield gemm_case("tile_6x16_and_one_more", 7, 17, 5)
    yield gemm_case("k_crosses_a_block_of_256", 2, 3, 259)
    yield gemm_case("k_crosses_a_block_normal", 2, 3, 300, exact=False)
    yield gemm_case("m_crosses_a_block_of_144", 147, 2, 3)
    yield gemm_case("n_wide", 2, 131, 3)
    yield gemm_case("k_zero_beta_zero_clears", 3, 4, 0)
    yield gemm_case("k_zero_scales_c", 3, 4, 0, beta=3, gaps=(0, 0, 2))
    yield gemm_case("m_zero", 0, 4, 3, gaps=(0, 0, 1))
    yield gemm_case("n_zero", 3, 0, 4, gaps=(0, 0, 1))
    yield gemm_case("beta_zero_ignores_nan", 3, 4, 5, change={"c": NAN})
    yield gemm_case("beta_zero_ignores_infinity", 3, 4, 5, change={"c": INF})
    yield gemm_case("beta_one_keeps_nan", 2, 3, 4, beta=1, change={"c": NAN})
    yield gemm_case("alpha_zero_does_not_read_a_and_b", 3, 4, 5, alpha=0, beta=2, change={"a": NAN, "b": INF})
    yield gemm_case("alpha_zero_beta_zero_clears", 3, 4, 5, alpha=0, change={"a": NAN, "c": NAN})
    yield gemm_case("nan_in_a_spreads", 2, 3, 4, change={"a": NAN})
    yield gemm_case("zero_times_infinity", 2, 3, 4, change={"a": 0.0, "b": INF})
    yield gemm_case("normal_F64", 5, 6, 7, F64, False, alpha=-1.25, beta=0.75)
    for dtype in INTEGERS:
        yield gemm_case(f"wraps_{NAMES[dtype]}", 5, 6, 7, dtype, alpha=3, beta=-5, gaps=(1, 0, 2))
        yield gemm_case(f"wraps_{NAMES[dtype]}_col_major", 4, 3, 5, dtype, order="col_major", trans_a=True)
    for i in range(120):
        draw = Draw(f"gemm/shape/{i}")
        dtype, exact = draw.dtype_and_exact()
        yield gemm_case(
            f"random_{i:03}_{NAMES[dtype]}",
            draw.int(1, 12),
            draw.int(1, 20),
            draw.int(0, 14),
            dtype,
            exact,
            draw.pick("row_major", "col_major"),
            draw.pick(False, True),
            draw.pick(False, True),
            draw.pick(1, 1, -1, 2),
            draw.pick(0, 0, 1, -2),
            (draw.int(0, 2), draw.int(0, 2), draw.int(0, 2)),
        )


# ---- others who answer the same call ---------------------------------------------------------------------------------


def with_onednn(run):
    """Asked for the mistakes of float32 calls only: that is what oneDNN takes, and its values differ by rounding."""

    def answer(case):
        if not case.fails or dtype_of(case.inputs) != F32:
            return None
        torch.backends.mkldnn.set_flags(True)
        try:
            return run(case.inputs, **case.options)
        finally:
            torch.backends.mkldnn.set_flags(False)

    return answer


def conv_transpose2d_by_its_kernel(case):
    o, weight = case.options, case.inputs["weight"]
    askable = weight.dim() == 4 and o.get("groups", 1) == 1 and "output_size" not in o and calls.is_within_int32(o)
    if not askable or dtype_of(case.inputs) not in (*FLOATS, I64):
        return None
    settings = {key: setting for key, setting in o.items() if key != "groups"}
    return run_slow_conv_transpose2d(case.inputs, kernel_size=list(weight.shape[2:]), **settings)


def slow_conv_transpose2d_by_the_public_function(case):
    settings = dict(case.options)
    if list(case.inputs["weight"].shape[2:]) != settings.pop("kernel_size") or dtype_of(case.inputs) not in FLOATS:
        return None
    return run_conv_transpose2d(case.inputs, **settings)


def max_unpool2d_by_its_kernel(case):
    input, indices, o = case.inputs["input"], case.inputs["indices"], case.options
    if not case.fails or input.dim() < 2:
        return None
    kernel = o["kernel_size"]
    stride, padding = o.get("stride") or kernel, o.get("padding", [0, 0])
    usual = [(n - 1) * s - 2 * p + k for n, s, p, k in zip(input.shape[-2:], stride, padding, kernel)]
    size = o.get("output_size") or usual
    return {"output": torch.ops.aten.max_unpool2d(input, indices, size)} if abs(math.prod(size)) < 2**20 else None


def upsample_nearest2d_by_its_kernel(case):
    o = case.options
    return {"output": torch.ops.aten.upsample_nearest2d(case.inputs["input"], o.get("size"), o.get("scale"))}


def upsample_bilinear2d_by_its_kernel(case):
    o, align = case.options, case.options.get("align_corners", False)
    return {"output": torch.ops.aten.upsample_bilinear2d(case.inputs["input"], o.get("size"), align, o.get("scale"))}


def others(op, case, answer):
    """Those whose answer to the case is another one: [{"by": who, and "outputs" or "error" and "error_class"}]."""
    found = []
    if calls.leaves_int64({role: tensor.shape for role, tensor in case.inputs.items()}, case.options):
        return found
    for by, run in OPS[op].also.items():
        try:
            outputs = run(case)
            other = None if outputs is None else {"outputs": outputs}
        except Exception as caught:
            other = {"error": str(caught), "error_class": type(caught).__name__}
        if other and not is_same_answer(other, answer) and is_worth_telling(other):
            found.append({"by": by} | other)
    return found


def is_same_answer(a, b):
    if "error" in a or "error" in b:
        return a.get("error") == b.get("error")
    return all(content_of(tensor) == content_of(b["outputs"][role]) for role, tensor in a["outputs"].items())


def is_worth_telling(answer):
    if "error" in answer:
        return not re.search("not implemented for|memory", answer["error"])
    return all(tensor.numel() <= 64 for tensor in answer["outputs"].values())


# ---- running ---------------------------------------------------------------------------------------------------------


def widened_to_int64(run, inputs, options):
    """Sums and products modulo 2^64, cut to the type, are those modulo 2^bits."""
    return run({role: tensor.to(I64) for role, tensor in inputs.items()}, **options)


def widened_to_float64(run, inputs, options):
    """For operations that only copy and add: the two halves of an int64 each fit a float64."""
    role = "input" if "input" in inputs else "grad_output"
    wide = inputs[role].to(I64)
    halves = [
        run(inputs | {role: half.to(F64)}, **options)["output"].to(I64) for half in (wide >> 32, wide & 0xFFFFFFFF)
    ]
    return {"output": (halves[0] << 32) + halves[1]}


def widened_whole_to_float64(run, inputs, options):
    """For integers that a float64 holds."""
    return {"output": run({role: tensor.to(F64) for role, tensor in inputs.items()}, **options)["output"].to(I64)}


# recipe: the call in torch's words; widen: how to compute integer types that PyTorch refuses; also: others who answer
# the same call, as name -> function of a case, which gives None where they can not be asked
Op = collections.namedtuple("Op", "run cases recipe widen also", defaults=(None, {}))

OPS = {
    "conv2d": Op(run_conv2d, conv2d_cases, "F.conv2d", widened_to_int64, {"oneDNN": with_onednn(run_conv2d)}),
    "conv_transpose2d": Op(
        run_conv_transpose2d,
        conv_transpose2d_cases,
        "F.conv_transpose2d, with output_size nn.ConvTranspose2d",
        widened_to_int64,
        {
            "oneDNN": with_onednn(run_conv_transpose2d),
            "torch.ops.aten.slow_conv_transpose2d": conv_transpose2d_by_its_kernel,
        },
    ),
    "slow_conv_transpose2d": Op(
        run_slow_conv_transpose2d,
        slow_conv_transpose2d_cases,
        "torch.ops.aten.slow_conv_transpose2d",
        widened_to_int64,
        {"F.conv_transpose2d": slow_conv_transpose2d_by_the_public_function},
    ),
    "conv2d_backward": Op(
        run_conv2d_backward, conv2d_backward_cases, "the gradients of F.conv2d by autograd, errors by the kernel"
    ),
    "conv_transpose2d_backward": Op(
        run_conv_transpose2d_backward,
        conv_transpose2d_backward_cases,
        "the gradients of F.conv_transpose2d by autograd, errors by the kernel",
    ),
    "slow_conv_transpose2d_backward": Op(
        run_slow_conv_transpose2d_backward,
        slow_conv_transpose2d_backward_cases,
        "the gradients of torch.ops.aten.slow_conv_transpose2d by autograd, errors by the kernel",
    ),
    "max_pool2d": Op(run_max_pool2d, max_pool2d_cases, "F.max_pool2d with return_indices"),
    "max_unpool2d": Op(
        run_max_unpool2d,
        max_unpool2d_cases,
        "F.max_unpool2d",
        widened_to_float64,
        {"torch.ops.aten.max_unpool2d": max_unpool2d_by_its_kernel},
    ),
    "unfold": Op(run_unfold, unfold_cases, "F.unfold", widened_to_float64),
    "fold": Op(run_fold, fold_cases, "F.fold", widened_to_float64),
    "upsample_nearest2d": Op(
        run_upsample_nearest2d,
        upsample_nearest2d_cases,
        "F.interpolate mode nearest",
        widened_to_float64,
        {"torch.ops.aten.upsample_nearest2d": upsample_nearest2d_by_its_kernel},
    ),
    "upsample_bilinear2d": Op(
        run_upsample_bilinear2d,
        upsample_bilinear2d_cases,
        "F.interpolate mode bilinear",
        also={"torch.ops.aten.upsample_bilinear2d": upsample_bilinear2d_by_its_kernel},
    ),
    "relu": Op(run_relu, relu_cases, "F.relu"),
    "sigmoid": Op(run_sigmoid, sigmoid_cases, "torch.sigmoid"),
    "activation": Op(run_activation, activation_cases, "F.leaky_relu, prelu, hardtanh, silu and hardswish"),
    "gemm": Op(run_gemm, gemm_cases, "torch.addmm", widened_to_int64),
    "max_pool2d_backward": Op(
        run_max_pool2d_backward,
        max_pool2d_backward_cases,
        "torch.ops.aten.max_pool2d_with_indices_backward",
        widened_to_float64,
    ),
    "max_unpool2d_backward": Op(
        run_max_unpool2d_backward,
        max_unpool2d_backward_cases,
        "torch.autograd.grad of torch.ops.aten.max_unpool2d",
        widened_to_float64,
    ),
    "upsample_nearest2d_backward": Op(
        run_upsample_nearest2d_backward,
        upsample_nearest2d_backward_cases,
        "torch.ops.aten.upsample_nearest2d_backward",
        widened_to_float64,
    ),
    "upsample_bilinear2d_backward": Op(
        run_upsample_bilinear2d_backward,
        upsample_bilinear2d_backward_cases,
        "torch.ops.aten.upsample_bilinear2d_backward",
    ),
    "activation_backward": Op(
        run_activation_backward,
        activation_backward_cases,
        "torch.ops.aten.threshold_backward, sigmoid_backward, leaky_relu_backward, hardtanh_backward, silu_backward and "
        "hardswish_backward",
        widened_whole_to_float64,
    ),
    "prelu_backward": Op(run_prelu_backward, prelu_backward_cases, "torch.autograd.grad of F.prelu"),
}
OPS |= moves.ops(sys.modules[__name__])
OPS |= elementwise.operations(Op, value, error, Draw)
OPS |= reductions.ops(sys.modules[__name__])
OPS |= products.ops(sys.modules[__name__])
OPS |= resampling.ops(sys.modules[__name__])
OPS |= gradients.ops(sys.modules[__name__])


def dtype_of(inputs):
    return next(tensor.dtype for role, tensor in inputs.items() if role != "indices")


def compute(op, case):
    """The outputs, and whether they had to be computed in a wider type."""
    dtype = dtype_of(case.inputs)
    narrow = dtype in INTEGERS and dtype != I64 and OPS[op].widen is widened_to_int64
    wide = None
    try:
        outputs = OPS[op].run(case.inputs, **case.options)
    except NotImplementedError:
        if dtype not in INTEGERS:
            raise
        outputs = None
    if outputs is None or narrow:
        wide = {role: t.to(dtype) for role, t in OPS[op].widen(OPS[op].run, case.inputs, case.options).items()}
    if outputs is not None and wide is not None:
        assert all(torch.equal(outputs[role], wide[role]) for role in wide), f"{op}/{case.name}: does not wrap"
    return (wide, True) if outputs is None else (outputs, False)


def answer(op, case):
    """What a case adds to its record: outputs (tensors), or error and its class."""
    try:
        outputs, widened = compute(op, case)
    except Exception as caught:  # whatever class PyTorch raises is the answer
        assert case.fails, f"{op}/{case.name} fails: {caught}"
        text = str(caught)
        assert "\n" not in text and text, f"{op}/{case.name}: {text!r}"
        return {"error": text, "error_class": type(caught).__name__}
    assert not case.fails, f"{op}/{case.name} does not fail"
    if dtype_of(case.inputs) == F32 and not case.exact:
        wide = {role: tensor.to(F64) for role, tensor in case.inputs.items()}
        outputs = outputs | {f"{role}64": output for role, output in OPS[op].run(wide, **case.options).items()}
    return {"outputs": outputs} | ({"widened": True} if widened else {})


def without_defaults(op, options):
    """Leaves out what PyTorch would take anyway, and spells the numbers that JSON has not."""
    defaults = {
        "stride": None
        if op in ("max_pool2d", "max_unpool2d", "max_pool2d_backward", "avg_pool2d", "avg_pool2d_backward")
        else [1, 1],
        "padding": [0, 0],
        "dilation": [1, 1],
        "output_padding": [0, 0],
        "groups": 1,
        "output_size": None,
        "ceil_mode": False,
        "align_corners": False,
    }
    kept = {key: option for key, option in options.items() if key not in defaults or option != defaults[key]}
    if "scale" in kept:
        kept["scale"] = [s if math.isfinite(s) else str(s) for s in kept["scale"]]
    return kept


class Pool:
    """The tensors of a file; equal ones are stored once."""

    def __init__(self):
        self.keys = {}

    def key(self, tensor, wanted):
        return self.keys.setdefault(content_of(tensor), wanted)

    def input(self, tensor, wanted):
        """Zeros are stored as their sizes."""
        return list(tensor.shape) if is_zeros(tensor) else self.key(tensor, wanted)


def content_of(tensor):
    return NAMES[tensor.dtype], tuple(tensor.shape), bytes_of(tensor)


def is_zeros(tensor):
    """+0 everywhere. What comes from zeros() may be too large to look at every element."""
    if not any(tensor.stride()):
        tensor = tensor[(0,) * tensor.dim()] if tensor.numel() else tensor
    return not any(bytes_of(tensor))


def bytes_of(tensor):
    # Through a list of integers, so that NumPy is not needed.
    if not tensor.numel():
        return b""
    integers = {F32: I32, F64: I64}.get(tensor.dtype, tensor.dtype)
    code = {I8: "b", I16: "h", I32: "i", I64: "q"}[integers]
    numbers = tensor.contiguous().flatten().view(integers).tolist()
    return struct.pack(f"<{len(numbers)}{code}", *numbers)


def compact(thing):
    return json.dumps(thing, separators=(",", ":"), allow_nan=False)


def file_of(op):
    """The bytes of <op>.safetensors, and how many cases are values and errors."""
    pool, records = Pool(), []
    for number, case in enumerate(OPS[op].cases()):
        record = {"name": case.name, "op": op, "dtype": NAMES[dtype_of(case.inputs)]}
        record["options"] = without_defaults(op, case.options)
        # Keys are made before the call, so that an operation that wrote to its inputs would show.
        record["inputs"] = {role: pool.input(tensor, f"{number}.{role}") for role, tensor in case.inputs.items()}
        record |= answer(op, case)
        also = others(op, case, record)
        record |= {"also": also} if also else {}
        if "outputs" in record:
            record |= {"exact": True} if case.exact else {}
        for prefix, told in (number, record), *((f"{number}.also", other) for other in also):
            if "outputs" in told:
                told["outputs"] = {role: pool.key(t, f"{prefix}.{role}") for role, t in told["outputs"].items()}
        records.append(record)
    names = collections.Counter(record["name"] for record in records)
    assert max(names.values()) == 1, f"{op}: {names.most_common(1)}"
    errors = sum("error" in record for record in records)
    recipe = f"tests/golden/generate.py {op}: {OPS[op].recipe}, CPU, one thread, oneDNN off"
    metadata = {"torch": TORCH, "recipe": recipe, "cases": compact(records)}
    return safetensors(pool.keys, metadata), len(records) - errors, errors


def safetensors(keys, metadata):
    """keys: (dtype, shape, bytes) -> key. Wide types first, so that every tensor starts at a multiple of its size."""
    header, data = {"__metadata__": metadata}, b""
    widths = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "I16": 2, "I8": 1}
    for (dtype, shape, content), key in sorted(keys.items(), key=lambda item: -widths[item[0][0]]):
        header[key] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = compact(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def limit_memory():
    """Calls that would be answered with a huge tensor fail at once, on every machine."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (2**33, resource.getrlimit(resource.RLIMIT_AS)[1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ops", nargs="*", metavar="OP", help="all if none is named: " + " ".join(OPS))
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    if torch.__version__.split("+")[0] != TORCH:
        sys.exit(f"PyTorch {TORCH} is needed, this is {torch.__version__}")
    unknown = set(arguments.ops) - set(OPS)
    if unknown:
        sys.exit(f"no such operation: {' '.join(sorted(unknown))}")
    limit_memory()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    torch.backends.mkldnn.set_flags(False)
    torch.backends.nnpack.set_flags(False)
    folder, total, stale = pathlib.Path(__file__).parent, 0, []
    for op in arguments.ops or OPS:
        content, values, errors = file_of(op)
        path = folder / f"{op}.safetensors"
        if not arguments.check:
            path.write_bytes(content)
        elif not path.exists() or path.read_bytes() != content:
            stale.append(op)
        total += len(content)
        print(f"{op:22} {values:4} values {errors:4} errors {len(content):8} bytes")
    print(f"{'together':22} {total:33} bytes")
    if stale:
        sys.exit(f"differs from the file: {' '.join(stale)}")


if __name__ == "__main__":
    main()
