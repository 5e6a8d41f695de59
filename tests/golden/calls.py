"""Random calls that are valid, and what can be wrong with a call. generate.py asks PyTorch for the answers.

A mistake is a function of a call and a draw that changes the call. Some are none by themselves (an empty batch), but
change what the checks see. The mistakes of an operation are in the order of its checks.
"""

import math

# Around the limits of int32, of uint32, and where twice a size leaves int64.
HUGE = (2**31 - 1, 2**31, 2**32, 2**32 + 1, 2**61, 2**62)


class Call:
    """shapes: role -> sizes; options: what the operation is called with; index: the value of all indices."""

    def __init__(self, shapes, **options):
        self.shapes = {role: list(sizes) for role, sizes in shapes.items() if sizes is not None}
        self.options = options
        self.index = 0


# ---- mistakes of every operation -------------------------------------------------------------------------------------


def one_or_both(draw):
    return draw.pick([0], [1], [0, 1])


def setting(option, *wrong):
    """Puts a wrong value into the height, the width or both."""

    def mistake(call, draw):
        given = call.options.get(option)
        pair = list(given) if isinstance(given, list) else [1, 1]
        for d in one_or_both(draw):
            pair[d] = draw.pick(*wrong)
        call.options[option] = pair

    return mistake


def dimension(role, places, *sizes):
    """Gives one of the dimensions another size; a tensor without that dimension stays."""

    def mistake(call, draw):
        place = draw.pick(*places)
        if len(call.shapes[role]) >= max(-place, place + 1):
            call.shapes[role][place] = draw.pick(*sizes)

    return mistake


def huge_image(call, draw):
    """Half of them without an image at all, whose size then costs nothing."""
    input = call.shapes["input"]
    if len(input) == 4 and draw.pick(True, False):
        input[0] = 0
    if len(input) > 1:
        input[draw.pick(-1, -2)] = draw.pick(*HUGE)


def rank(role, *shapes):
    def mistake(call, draw):
        call.shapes[role] = list(draw.pick(*shapes))

    return mistake


def empty_batch(call, draw):
    if len(call.shapes["input"]) == 4:
        call.shapes["input"][0] = 0


# ---- sizes that leave their type -------------------------------------------------------------------------------------


def leaves_int64(shapes, o):
    """Whether some size on the way to the output's leaves int64. PyTorch's texts may hold wrapped sizes then."""
    if "input" not in shapes or ("kernel_size" not in o and "weight" not in shapes):
        return False  # gradients have all their sizes; an upsampling checks for itself
    kernel = o["kernel_size"] if "kernel_size" in o else shapes["weight"][-2:]
    image = o["output_size"] if "output_size" in o and len(shapes) == 1 else shapes["input"][-2:]
    steps = []

    def pair(option, otherwise):
        given = o.get(option)
        return given if isinstance(given, list) else [otherwise] * 2

    settings = pair("stride", 1), pair("padding", 0), pair("dilation", 1), pair("output_padding", 0)
    for n, k, s, p, d, x in zip(image, kernel, *settings):
        span = d * (k - 1) + 1
        steps += [span, 2 * p, n + 2 * p, n + 2 * p - span, (n - 1) * s, (n - 1) * s - 2 * p + span + x, n + s, p + n]
    if len(image) == len(kernel) == 2 and all(pair("stride", 1)):
        steps.append(math.prod(block_counts(image, kernel, settings[2], settings[1], settings[0])))
    return any(abs(step) >= 2**63 for step in steps)


def is_within_int32(o):
    """Twice a setting too, which is how ATen's transposed kernel takes its padding."""
    return all(abs(n) < 2**30 for option in o.values() if isinstance(option, list) for n in option)


# ---- convolutions ----------------------------------------------------------------------------------------------------


def conv_call(draw, op):
    """Draws until the output has at least one pixel."""
    transposed, grouped = op != "conv2d", op != "slow_conv_transpose2d"
    while True:
        groups = draw.pick(1, 1, 2, 3) if grouped else 1
        c, o = groups * draw.int(1, 3), groups * draw.int(1, 3)
        size, kernel, stride, dilation = draw.pair(1, 7), draw.pair(1, 4), draw.pair(1, 3), draw.pair(1, 3)
        padding, extra = draw.pair(0, 3), [draw.int(0, max(s, d) - 1) for s, d in zip(stride, dilation)]
        batch = draw.pick([], [1], [2], [3])
        spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
        if transposed:
            output = [(n - 1) * s - 2 * p + e + x for n, s, p, e, x in zip(size, stride, padding, spans, extra)]
            if min(output) >= 1:
                break
        elif all(n + 2 * p >= e for n, p, e in zip(size, padding, spans)):
            break
    weight = [c, o // groups, *kernel] if transposed else [o, c // groups, *kernel]
    shapes = {"input": [*batch, c, *size], "weight": weight, "bias": draw.pick(None, [o])}
    call = Call(shapes, stride=stride, padding=padding, dilation=dilation)
    if grouped:
        call.options["groups"] = groups
    else:
        call.options["kernel_size"] = kernel
    if not transposed:
        draw_padding_word(draw, call)
    elif grouped and all(x < s for x, s in zip(extra, stride)) and draw.int(1, 3) == 1:
        call.options["output_size"] = output
    else:
        call.options["output_padding"] = extra
    return call


def draw_padding_word(draw, call):
    word = draw.pick(*[None] * 6, "same", "valid")
    spans = [(k - 1) * d + 1 for k, d in zip(call.shapes["weight"][2:], call.options["dilation"])]
    if word == "same":
        call.options |= {"padding": word, "stride": [1, 1]}
    if word == "valid" and all(n >= e for n, e in zip(call.shapes["input"][-2:], spans)):
        call.options["padding"] = word


def drop_a_dimension_of_the_weight(call, draw):
    weight = call.shapes["weight"]
    call.shapes["weight"] = draw.pick(weight[:3], [*weight[:2], 1, *weight[2:]])


def fewer_filters_than_groups(call, draw):
    groups = call.options["groups"]
    if call.shapes["weight"]:
        call.shapes["weight"][0] = draw.pick(0, max(0, groups - 1))


def indivisible_filters(call, draw):
    call.options["groups"] = groups = draw.int(2, 4)
    if call.shapes["weight"]:
        call.shapes["weight"][0] = groups * draw.int(1, 2) + 1


def other_channels(call, draw):
    if len(call.shapes["input"]) > 2:
        call.shapes["input"][-3] = draw.pick(0, 1, call.shapes["input"][-3] + draw.pick(1, 2, 2**31, 2**32))


def other_bias(channels):
    def mistake(call, draw):
        n = max(0, channels(call))
        call.shapes["bias"] = list(draw.pick([n + 1], [max(0, n - 1)], [1, n], [n, 1], [], [0], [2**31]))

    return mistake


def filters(call):
    return (call.shapes["weight"] or [1])[0]


def filters_of_all_groups(call):
    return (call.shapes["weight"] + [1, 1])[1] * call.options.get("groups", 1)


def no_channels(call, draw):
    for role, place in ("input", -3), ("weight", 1):
        if len(call.shapes[role]) > 2:
            call.shapes[role][place] = 0


def out_of_reach(call, draw):
    """An output_size which is not one of those that the stride can give."""
    call.options.pop("output_padding", None)
    call.options["output_size"] = draw.pair(-3, 40)


PUBLIC_CONV_SETTINGS = {
    "input_rank": rank("input", (), (5,), (4, 5), (1, 1, 4, 5, 5), (1, 1, 1, 4, 5, 5)),
    "weight_rank": rank("weight", (), (6,), (6, 4)),
    "groups": lambda call, draw: call.options.update(groups=draw.pick(0, -1, -3)),
    "weight_dimensions": drop_a_dimension_of_the_weight,
    "padding_negative": setting("padding", -1, -2, -(2**31), -(2**62)),
}

CONV2D_MISTAKES = PUBLIC_CONV_SETTINGS | {
    "stride": setting("stride", 0, -1, -(2**31)),
    "dilation_negative": setting("dilation", -1, -5, -(2**31)),
    "few_filters": fewer_filters_than_groups,
    "indivisible_filters": indivisible_filters,
    "channels": other_channels,
    "bias": other_bias(filters),
    "padding_overflow": setting("padding", 2**62, 2**63 - 1),
    "kernel_above_input": dimension("weight", (2, 3), 20, 21, 2**31, 2**32),
    "dilation_huge": setting("dilation", *HUGE),
    "image_empty": dimension("input", (-1, -2), 0),
    "image_huge": huge_image,
    "kernel_empty": dimension("weight", (2, 3), 0),
    "dilation_zero": setting("dilation", 0),
    "empty_batch": empty_batch,
    "no_channels": no_channels,
}

CONV_TRANSPOSE2D_MISTAKES = (
    {"output_size": out_of_reach}
    | PUBLIC_CONV_SETTINGS
    | {
        "output_padding_negative": setting("output_padding", -1, -2, -(2**31)),
        "stride": setting("stride", 0, -1, -(2**31)),
        "dilation_negative": setting("dilation", -1, -5, -(2**31)),
        "few_filters": fewer_filters_than_groups,
        "indivisible_filters": indivisible_filters,
        "padding_overflow": setting("padding", 2**62, 2**63 - 1),
        "channels": other_channels,
        "bias": other_bias(filters_of_all_groups),
        "image_empty": dimension("input", (-1, -2), 0),
        "kernel_empty": dimension("weight", (2, 3), 0),
        "dilation_zero": setting("dilation", 0),
        "output_padding": setting("output_padding", 3, 4, 9),
        "no_outputs": dimension("weight", (1,), 0),
        "padding_crops_all": setting("padding", 40, 41),
        "image_huge": huge_image,
        "padding_huge": setting("padding", 2**31, 2**32, 2**61),
        "empty_batch": empty_batch,
    }
)

SLOW_CONV_TRANSPOSE2D_MISTAKES = {
    "kernel": setting("kernel_size", 0, -1, -3),
    "stride": setting("stride", 0, -1),
    "dilation": setting("dilation", 0, -1),
    "output_padding": setting("output_padding", 3, 4, 9),
    "weight_rank": rank("weight", (2,), (2, 3, 3), (2, 3, 3, 3, 1)),
    "weight_empty": dimension("weight", (0, 1, 2, 3), 0),
    "bias": other_bias(filters_of_all_groups),
    "input_rank": rank("input", (5,), (4, 5), (1, 1, 4, 5, 5)),
    "input_empty": dimension("input", (-1, -2, -3), 0),
    "empty_batch": empty_batch,
    "padding_crops_all": setting("padding", 40, 41),
    "output_padding_crops_all": setting("output_padding", -40, -41),
    "padding_negative": setting("padding", -1, -2),
    "output_padding_negative": setting("output_padding", -1),
    "channels": other_channels,
    "image_huge": huge_image,
}


# ---- gradients of the convolutions -----------------------------------------------------------------------------------


def conv_output_shape(call, op):
    """Of a valid call. ATen's kernel answers a batch of one where the input has none."""
    o, input, weight = call.options, call.shapes["input"], call.shapes["weight"]
    spans = [(k - 1) * d + 1 for k, d in zip(weight[2:], o["dilation"])]
    padding = o["padding"] if isinstance(o["padding"], list) else [0, 0]
    settings = zip(input[-2:], o["stride"], padding, spans, o.get("output_padding", [0, 0]))
    channels = weight[0]
    if op != "conv2d":
        channels = weight[1] * o.get("groups", 1)
        size = o.get("output_size") or [(n - 1) * s - 2 * p + e + x for n, s, p, e, x in settings]
    else:
        size = input[-2:] if o["padding"] == "same" else [(n + 2 * p - e) // s + 1 for n, s, p, e, _ in settings]
    batch = input[:-3] or ([1] if op == "slow_conv_transpose2d" else [])
    return [*batch, channels, *size]


def conv_backward_call(draw, op):
    call = conv_call(draw, op)
    call.shapes.pop("bias", None)
    call.shapes = {"grad_output": conv_output_shape(call, op)} | call.shapes
    return call


def empty_batch_of_both(call, draw):
    for role in "grad_output", "input":
        if len(call.shapes[role]) == 4:
            call.shapes[role][0] = 0


GRAD_OUTPUT_MISTAKES = {
    "grad_rank": rank("grad_output", (), (5,), (4, 5), (4, 5, 5), (1, 1, 4, 5, 5)),
    "grad_channels": dimension("grad_output", (-3,), 0, 17, 18, 2**31),
    "grad_height": dimension("grad_output", (-2,), 0, 97, 98, 2**31),
    "grad_width": dimension("grad_output", (-1,), 0, 99, 100, 2**32),
}


def backward_mistakes(mistakes):
    """Of the forward, whose checks come first, and of grad_output."""
    forward = {name: mistake for name, mistake in mistakes.items() if name not in ("bias", "empty_batch")}
    return forward | {"empty_batch": empty_batch_of_both} | GRAD_OUTPUT_MISTAKES


# ---- pooling ---------------------------------------------------------------------------------------------------------


def pooled(n, k, s, p, d, ceil_mode):
    count = (n + 2 * p - d * (k - 1) - 1 + (s - 1 if ceil_mode else 0)) // s + 1
    return count - 1 if ceil_mode and (count - 1) * s >= n + p else count


def max_pool2d_call(draw):
    """Windows without any element inside the image are among them."""
    while True:
        size, kernel, dilation, stride = draw.pair(1, 11), draw.pair(1, 5), draw.pair(1, 4), draw.pair(1, 4)
        padding, ceil_mode = [draw.int(0, k // 2) for k in kernel], draw.pick(True, False)
        if all(pooled(*one, ceil_mode) >= 1 for one in zip(size, kernel, stride, padding, dilation)):
            break
    shape = [*draw.pick([], [1], [2]), draw.int(1, 3), *size]
    return Call(
        {"input": shape}, kernel_size=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )


def has_window_without_element(call):
    o = call.options
    for n, k, s, p, d in zip(call.shapes["input"][-2:], o["kernel_size"], o["stride"], o["padding"], o["dilation"]):
        windows = range(pooled(n, k, s, p, d, o["ceil_mode"]))
        if any(not any(0 <= i * s - p + j * d < n for j in range(k)) for i in windows):
            return True
    return False


def kernel_zero_and_no_stride(call, draw):
    call.options |= {"kernel_size": draw.pick([0, 1], [1, 0], [0, 0]), "stride": None}


def above_half_of_the_plain_kernel(call, draw):
    call.options |= {"kernel_size": [3, 3], "padding": draw.pick([2, 1], [1, 2], [2, 2]), "dilation": [2, 3]}


def beyond_int32(call, draw):
    option = draw.pick("kernel_size", "stride", "padding", "dilation")
    setting(option, 2**31, -(2**31) - 1, 2**32, 2**62)(call, draw)


MAX_POOL2D_MISTAKES = {
    "beyond_int32": beyond_int32,
    "input_rank": rank("input", (), (4,), (4, 4), (1, 1, 2, 4, 4)),
    "stride_zero": setting("stride", 0),
    "kernel_zero_and_no_stride": kernel_zero_and_no_stride,
    "padding_negative": setting("padding", -1, -2, -(2**31)),
    "padding_above_half": setting("padding", 9, 12, 2**31 - 1),
    "kernel": setting("kernel_size", 0, -1),
    "stride_negative": setting("stride", -1, -(2**31)),
    "dilation": setting("dilation", 0, -1),
    "empty": dimension("input", (-1, -2, -3), 0),
    "above_half_of_the_plain_kernel": above_half_of_the_plain_kernel,
    "kernel_above_input": setting("kernel_size", 30, 41, 2**31 - 1),
    "dilation_huge": setting("dilation", 50, 2**31 - 1),
    "stride_huge": setting("stride", 2**31 - 1),
    "image_huge": huge_image,
    "empty_batch": empty_batch,
}


def max_unpool2d_call(draw):
    while True:
        shape = [*draw.pick([], [1], [2]), draw.int(1, 3), *draw.pair(1, 4)]
        kernel, stride = draw.pair(2, 4), draw.pair(1, 3)
        padding = [draw.int(0, k // 2) for k in kernel]
        size = [(n - 1) * s - 2 * p + k for n, s, p, k in zip(shape[-2:], stride, padding, kernel)]
        call = Call({"input": shape, "indices": shape}, kernel_size=kernel, stride=stride, padding=padding)
        if draw.pick(True, False):
            call.options["output_size"] = size = [n + draw.int(1 - s, s - 1) for n, s in zip(size, stride)]
        if min(size) >= 1:
            return call, size


def unpool_rank(call, draw):
    call.shapes["input"] = list(draw.pick((4,), (2, 2), (1, 1, 2, 2, 2)))
    call.shapes["indices"] = list(call.shapes["input"])


def indices_of_other_shape(call, draw):
    shape = list(call.shapes["input"])
    call.shapes["indices"] = draw.pick(shape[1:], [1, *shape], [*shape[:-1], shape[-1] + 1], shape[::-1] + [2])


def unpool_dimension(places, *sizes):
    def mistake(call, draw):
        place = draw.pick(*places)
        for role in call.shapes:
            if len(call.shapes[role]) >= -place:
                call.shapes[role][place] = draw.pick(*sizes)

    return mistake


def wrong_index(call, draw):
    call.index = draw.pick(-1, -(2**63), 2**63 - 1, 2**32, 100000)


def stride_zero_with_output_size(call, draw):
    call.options |= {"stride": draw.pick([0, 1], [1, 0], [0, 0]), "output_size": draw.pair(1, 6)}


MAX_UNPOOL2D_MISTAKES = {
    "output_size": setting("output_size", -9, 0, 40, 2**31, 2**62, -(2**62)),
    "stride_zero_with_output_size": stride_zero_with_output_size,
    "formula_negative": setting("padding", 20, 21, 2**31, 2**60),
    "input_rank": unpool_rank,
    "indices_of_other_shape": indices_of_other_shape,
    "empty": unpool_dimension((-1, -2, -3), 0),
    "index": wrong_index,
    "kernel_zero": setting("kernel_size", 0, -1),
    "stride_negative": setting("stride", -1),
    "padding_negative": setting("padding", -1),
    "empty_batch": unpool_dimension((-4,), 0),
}


# ---- unfold, fold ----------------------------------------------------------------------------------------------------


def block_counts(image, kernel_size, dilation=(1, 1), padding=(0, 0), stride=(1, 1)):
    return [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, d, p, s in zip(image[-2:], kernel_size, dilation, padding, stride)
    ]


def columns_shape(image, **options):
    kh, kw = options["kernel_size"]
    return [*image[:-3], image[-3] * kh * kw, math.prod(block_counts(image, **options))]


def blocks_call(draw):
    """A call of unfold."""
    while True:
        image = [*draw.pick([], [1], [2]), draw.int(1, 3), *draw.pair(1, 7)]
        options = {
            "kernel_size": draw.pair(1, 3),
            "dilation": draw.pair(1, 3),
            "padding": draw.pair(0, 2),
            "stride": draw.pair(1, 3),
        }
        if min(block_counts(image, **options)) >= 1:
            return Call({"input": image}, **options)


def fold_call(draw):
    unfold = blocks_call(draw)
    image = unfold.shapes["input"]
    return Call({"input": columns_shape(image, **unfold.options)}, output_size=image[-2:], **unfold.options)


BLOCK_KERNEL = {"kernel": setting("kernel_size", 0, -1, -(2**31))}
BLOCK_STRIDE = {"stride": setting("stride", 0, -1, -(2**62))}
BLOCK_DILATION = {"dilation": setting("dilation", 0, -1, -(2**31))}
BLOCK_PADDING = {"padding": setting("padding", -1, -2, -(2**62))}

UNFOLD_MISTAKES = (
    BLOCK_KERNEL
    | BLOCK_DILATION
    | BLOCK_PADDING
    | BLOCK_STRIDE
    | {
        "rank_low": rank("input", (), (4,), (4, 5), (0, 4), (4, 0)),
        "rank_high": rank("input", (1, 1, 2, 4, 5), (1,) * 6),
        "empty": dimension("input", (-1, -2, -3), 0),
        "kernel_above_input": setting("kernel_size", 30, 31, 2**31, 2**32, 2**61),
        "dilation_huge": setting("dilation", 50, *HUGE),
        "image_huge": huge_image,
        "stride_huge": setting("stride", 50, *HUGE),
        "empty_batch": empty_batch,
    }
)


def fold_output_size(call, draw):
    """Blocks there are, but no image to put them into."""
    call.shapes["input"] = [*draw.pick([], [2]), 1, 4]
    call.options |= {
        "output_size": draw.pick([0, 0], [0, 2], [-2, 2], [-2, 0]),
        "kernel_size": [1, 1],
        "stride": [1, 1],
        "padding": [1, 1],
    }
    blocks = block_counts(call.options["output_size"], [1, 1], padding=[1, 1])
    call.shapes["input"][-1] = max(1, math.prod(blocks))


def blocks_negative_in_both(call, draw):
    call.shapes["input"] = [*draw.pick([], [2]), 16, draw.pick(1, 2)]
    call.options |= {
        "output_size": draw.pick([2, 2], [2, 1]),
        "kernel_size": [4, 4],
        "dilation": [1, 1],
        "stride": [1, 1],
        "padding": [0, 0],
    }


FOLD_MISTAKES = (
    BLOCK_KERNEL
    | BLOCK_STRIDE
    | BLOCK_DILATION
    | BLOCK_PADDING
    | {
        "input_rank": rank("input", (), (8,), (1, 1, 8, 6)),
        "empty": dimension("input", (-1, -2), 0),
        "kernel_product_overflows": lambda call, draw: call.options.update(
            kernel_size=draw.pick([2**32, 2**32], [2**62, 2], [3, 2**62])
        ),
        "rows": lambda call, draw: call.options.update(kernel_size=draw.pick([5, 7], [11, 1], [2**31, 3], [2**32, 1])),
        "columns": dimension("input", (-1,), 97, 101, 2**31, 2**32),
        "blocks_negative_in_both": blocks_negative_in_both,
        "output_size": fold_output_size,
        "output_size_huge": setting("output_size", 2**31, 2**32, 2**61),
        "stride_huge": setting("stride", 50, 2**31, 2**62),
    }
)


# ---- upsampling ------------------------------------------------------------------------------------------------------

# Some lie between a float and its neighbour, some beside a whole number, where the output's size is cut off.
SCALES = (0.3, 0.7, 1 / 3, 2 / 3, 0.49999997, 0.9999999, 1.0000001, 1.1, 1.7, 1.9999999, 2.0000001, 2.3, 2.9999999, 3.3)


def upsample_call(draw):
    shape = [draw.int(1, 2), draw.int(1, 3), *draw.pair(1, 9)]
    if draw.pick(True, False):
        return Call({"input": shape}, size=draw.pair(1, 12))
    while True:
        scale = [draw.pick(draw.int(10, 260) / 100, draw.pick(*SCALES)) for _ in range(2)]
        if all(math.trunc(n * s) >= 1 for n, s in zip(shape[-2:], scale)):
            return Call({"input": shape}, scale=scale)


def upsample_setting(sizes, scales):
    def mistake(call, draw):
        setting("size", *sizes)(call, draw) if "size" in call.options else setting("scale", *scales)(call, draw)

    return mistake


UPSAMPLE_MISTAKES = {
    "input_rank": rank("input", (), (4,), (3, 4), (2, 3, 4), (1, 1, 2, 3, 4), (1, 1, 1, 2, 3, 4)),
    "scale_beyond_int64": upsample_setting((2**62,), (math.nan, math.inf, -math.inf, 1e30, -1e300)),
    "size": upsample_setting((0, -1, -(2**31), -(2**62)), (0.0, -2.0, 0.01, -1e17)),
    "image_empty": dimension("input", (-1, -2), 0),
    "no_channels": dimension("input", (1,), 0),
    "image_huge": huge_image,
    "empty_batch": empty_batch,
}


# ---- gradients -------------------------------------------------------------------------------------------------------


def max_pool2d_backward_call(draw):
    call = max_pool2d_call(draw)
    o, size = call.options, call.shapes["input"]
    settings = zip(size[-2:], o["kernel_size"], o["stride"], o["padding"], o["dilation"])
    shape = [*size[:-2], *(pooled(*one, o["ceil_mode"]) for one in settings)]
    return Call({"grad_output": shape, "indices": shape}, input_size=size, **o)


def size_rank(*sizes):
    return lambda call, draw: call.options.update(input_size=list(draw.pick(*sizes)))


def size_dimension(places, *sizes):
    """Gives one of the input's dimensions another size."""

    def mistake(call, draw):
        place = draw.pick(*places)
        if len(call.options["input_size"]) >= -place:
            call.options["input_size"] = list(call.options["input_size"])
            call.options["input_size"][place] = draw.pick(*sizes)

    return mistake


def no_batch(call, draw):
    """None in all of them."""
    if len(call.options["input_size"]) == 4:
        for shape in (*call.shapes.values(), call.options["input_size"]):
            if len(shape) == 4:
                shape[0] = 0


# The pooled height and width, which PyTorch computes anew, stay: tenfold takes them from grad_output.
MAX_POOL2D_BACKWARD_MISTAKES = {
    "input_rank": size_rank((4, 4), (1, 1, 2, 4, 4), (4,)),
    "input_empty": size_dimension((-1, -2, -3), 0),
    "grad_output_rank": lambda call, draw: call.shapes.update(
        grad_output=draw.pick([], [2], [1, *call.shapes["grad_output"]], call.shapes["grad_output"][1:])
    ),
    "grad_output_channels": dimension("grad_output", (-3,), 0, 5, 2**31),
    "grad_output_batch": dimension("grad_output", (-4,), 0, 5),
    "indices_rank": lambda call, draw: call.shapes.update(
        indices=draw.pick([], [2], [1, *call.shapes["indices"]], call.shapes["indices"][1:])
    ),
    "indices_of_other_shape": dimension("indices", (-1, -2, -3, -4), 0, 29, 31),
    "empty_batch": no_batch,
}


def upsample_backward_call(draw):
    call = upsample_call(draw)
    size = call.shapes["input"]
    scale = call.options.get("scale")
    out = [math.trunc(n * s) for n, s in zip(size[-2:], scale)] if scale else call.options["size"]
    return Call({"grad_output": [*size[:2], *out]}, input_size=size, **({"scale": scale} if scale else {}))


UPSAMPLE_BACKWARD_MISTAKES = {
    "input_rank": size_rank((), (4,), (3, 4), (2, 3, 4), (1, 1, 2, 3, 4)),
    "input_empty": size_dimension((-1, -2), 0, -1, -(2**31)),
    "output_empty": dimension("grad_output", (-1, -2), 0),
    "grad_output_rank": lambda call, draw: call.shapes.update(
        grad_output=draw.pick([1, *call.shapes["grad_output"]], call.shapes["grad_output"][1:], [3, 4])
    ),
    "batch_or_channels": dimension("grad_output", (-3, -4), 0, 7, 9),
    "input_batch_or_channels": size_dimension((-3, -4), 0, 6, 8),
    "empty_batch": no_batch,
}
