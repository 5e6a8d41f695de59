#!/usr/bin/env python3
"""Shows which of PyTorch's texts the cases have: one line per text and operation, with the number of cases.

    python coverage.py [--missing]

Fails if a text has no case. A "%" stands for whatever PyTorch puts in (a number, a shape, a pair). Needs only Python.
"""

import json
import pathlib
import re
import struct
import sys

CONVOLUTION = [
    "weight should have at least three dimensions",
    "non-positive groups is not supported",
    "expected stride to be a single integer value or a list of % values to match the convolution dimensions, but "
    "got stride=%",
    "negative padding is not supported",
    "non-positive stride is not supported",
    "dilation should be greater than zero",
    "Given groups=%, expected weight to be at least % at dimension 0, but got weight of size % instead",
    "Given groups=%, expected weight to be divisible by % at dimension 0, but got weight of size [[%]] instead",
    "Given padding=% at dimension 0 , expected padding to be at most 4611686018427387903",
    "Given padding=% at dimension 1 , expected padding to be at most 4611686018427387903",
    "Only zero batch or zero channel inputs are supported, but got input shape: %",
    "select(): index 0 out of range for tensor of size [0] at dimension 0",
]
TRANSPOSED_KERNEL = [
    "kernel size should be greater than zero, but got kernel_height: % kernel_width: %",
    "dilation should be greater than zero, but got dilation_height: %, dilation_width: %",
    "output padding must be smaller than either stride or dilation, but got output_padding_height: % "
    "output_padding_width: % stride_height: % stride_width: % dilation_height: % dilation_width: %",
    "non-empty 2D or 4D weight tensor expected, but got: %",
    "Given input size per channel: (% x %). Calculated output size per channel: (% x %). Output size is too small",
]
BLOCKS = [
    "kernel size should be greater than zero, but got kernel_height: % kernel_width: %",
    "dilation should be greater than zero, but got dilation_height: % dilation_width: %",
    "padding should be non-negative, but got pad_height: % pad_width: %",
    "stride should be greater than zero, but got stride_height: % stride_width: %",
]
FOLD_SETTINGS = "Given output_size=%, kernel_size=%, dilation=%, padding=%, stride=%, "
UPSAMPLING = [
    "Input and output must have the same number of spatial dimensions, but got input with spatial dimensions of % "
    "and output size of %. Please provide input tensor in (N, C, d1, d2, ...,dK) format and output size in (o1, "
    "o2, ...,oK) format.",
    "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial dimensions "
    "of % and scale_factor of shape %. Please provide input tensor in (N, C, d1, d2, ...,dK) format and "
    "scale_factor in (s1, s2, ...,sK) format.",
    "Input and output sizes should be greater than 0, but got input (H: %, W: %) output (H: %, W: %)",
    "Non-empty 4D data tensor expected but got a tensor with sizes %",
    "value cannot be converted to type int64_t without overflow",
]

UPSAMPLING_BACKWARD = [
    "It is expected input_size equals to 4, but got size %",
    "Input and output sizes should be greater than 0, but got input (H: %, W: %) output (H: %, W: %)",
    "Expected grad_output to be a tensor of dimension 4 but got: dimension %",
    "Expected grad_output to have the same shape as output; output.size(%) = % but got grad_output.size(%) = %",
]

TEXTS = {
    "conv2d": [
        "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: %",
        *CONVOLUTION,
        "Given groups=%, weight of size %, expected input% to have % channels, but got % channels instead",
        "Given weight of size %, expected bias to be 1-dimensional with % elements, but got bias of size % instead",
        "Calculated padded input size per channel: (% x %). Kernel size: (% x %). Kernel size can't be greater "
        "than actual input size",
        "kernel size should be greater than zero, but got kernel_height: % kernel_width: %",
        "kernel size should be greater than zero, but got [%]",
        "dilation should be greater than zero, but got [%]",
        "Expected %-dimensional input for %-dimensional weight[%], but got %-dimensional input of size % instead",
        "padding='same' is not supported for strided convolutions",
    ],
    "conv_transpose2d": [
        "Expected 3D (unbatched) or 4D (batched) input to conv_transpose2d, but got input of size: %",
        *CONVOLUTION,
        "negative output_padding is not supported",
        "Given transposed=1, weight of size %, expected input% to have % channels, but got % channels instead",
        "Given transposed=1, weight of size %, expected bias to be 1-dimensional with % elements, but got bias of "
        "size % instead",
        "only one dimension can be inferred",
        "cannot reshape tensor of 0 elements into shape % because the unspecified dimension size -1 can be any "
        "value and is ambiguous",
        "invalid shape dimension % at index % of shape %",
        *TRANSPOSED_KERNEL,
        "requested an output size of [%], but valid sizes range from [%] to [%] (for an input of torch.Size([%]))",
        "Dimension out of range (expected to be in range of [-2, 1], but got 2)",
        "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
        "Dimension specified as 1 but tensor has no dimensions",
    ],
    "slow_conv_transpose2d": [
        *TRANSPOSED_KERNEL,
        "stride should be greater than zero, but got stride_height: % stride_width: %",
        "Expected a tensor of dimension 1 and tensor.size[0] == % but got: dimension 1 and tensor.size[0] = %",
        "Expected a tensor of dimension 1 and tensor.size[0] == % but got: dimension 2 and tensor.size[0] = %",
        "Dimension specified as 0 but tensor has no dimensions",
        "non-empty 3D or 4D input tensor expected but got a tensor with size %",
        "Expected a tensor of dimension 3 and tensor.size[0] == % but got: dimension 3 and tensor.size[0] = %",
        "Expected a tensor of dimension 4 and tensor.size[1] == % but got: dimension 4 and tensor.size[1] = %",
    ],
    "max_pool2d": [
        "value cannot be converted to type int without overflow",
        "non-empty 3D or 4D (batch mode) tensor expected for input",
        "stride should not be zero",
        "pad must be non-negative, but got pad: %",
        "pad should be at most half of effective kernel size, but got pad=%, kernel_size=% and dilation=%",
        "kernel size should be greater than zero, but got kH: % kW: %",
        "stride should be greater than zero, but got dH: % dW: %",
        "dilation should be greater than zero, but got dilationH: % dilationW: %",
        "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:%",
        "pad should be smaller than or equal to half of kernel size, but got padW = %, padH = %, kW = %, kH = %",
        "Given input size: (%x%x%). Calculated output size: (%x%x%). Output size is too small",
    ],
    "max_unpool2d": [
        "tuple index out of range",
        'invalid output_size "[%]" (dim 0 must be between % and %)',
        'invalid output_size "[%]" (dim 1 must be between % and %)',
        "max_unpooling: output_size must contain non-negative spatial dimensions, but got output_size[0]=%",
        "max_unpooling: output_size must contain non-negative spatial dimensions, but got output_size[1]=%",
        "Input to max_unpooling2d should be a 3d or 4d Tensor, but got a tensor with % dimensions.",
        "Expected shape of indices to be same as that of the input tensor (%) but got indices tensor with shape: %",
        "max_unpooling2d_forward_out_cpu(): Expected input to have non-zero size for non-batch dimensions, but "
        "input has sizes % with dimension % being empty",
        "Found an invalid max index: % (output volumes are of size %x%)",
    ],
    "unfold": [
        *BLOCKS,
        "Dimension out of range (expected to be in range of [-2, 1], but got 2)",
        "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
        "Dimension specified as 1 but tensor has no dimensions",
        "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, "
        "but got: %",
        "Given input with spatial size %, kernel_size=%, dilation=%, padding=%, calculated shape of the array of "
        "sliding blocks as %, but its components must be at least one.",
    ],
    "fold": [
        *BLOCKS,
        "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for "
        "input, but got: %",
        "Given kernel_width = % and kernel_height = % the product of kernel_width and kernel_height overflowed.",
        "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
        "input.size(1)=% and kernel_size=%.",
        FOLD_SETTINGS + "expected size of input's dimension 2 to match the calculated number of sliding blocks % * "
        "% = %, but got input.size(2)=%.",
        FOLD_SETTINGS + "calculated shape of the array of sliding blocks as %, which is too small (non-positive)",
        "Expected output spatial size to be positive, but got: output_size=%.",
    ],
    "upsample_nearest2d": UPSAMPLING,
    "upsample_bilinear2d": UPSAMPLING,
    "max_pool2d_backward": [
        "non-empty 3D or 4D (batch mode) tensor expected for input",
        "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:%",
        "Expected a tensor of dimension 3 and tensor.size[%] == % but got: dimension % and tensor.size[%] = %",
        "Expected a tensor of dimension 4 and tensor.size[%] == % but got: dimension % and tensor.size[%] = %",
        "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
        "Dimension specified as 0 but tensor has no dimensions",
        "Dimension specified as 1 but tensor has no dimensions",
    ],
    "max_unpool2d_backward": [
        "Input to max_unpooling2d should be a 3d or 4d Tensor, but got a tensor with % dimensions.",
        "Found an invalid max index: % (output volumes are of size %x%)",
    ],
    "upsample_nearest2d_backward": UPSAMPLING_BACKWARD,
    "upsample_bilinear2d_backward": UPSAMPLING_BACKWARD,
    "prelu_backward": [
        "Mismatch of parameter numbers and input channel size. Found parameter numbers = % and channel size = %.",
        "Not allow zero-dim input tensor.",
        "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = %",
    ],
}

# Of a gradient: the forward's texts but for the bias's, then those of grad_output.
GRAD_OUTPUT = ["Expected input and grad_output to have the same number of dimensions, but got: % and %"] + [
    f"Expected a tensor of dimension 4 and tensor.size[{d}] == % but got: dimension 4 and tensor.size[{d}] = %"
    for d in (1, 2, 3)
]
DILATED_GRAD_OUTPUT = [
    "grad_output.size(0)=% must be input.size(0)=%",
    "grad_output.size(1)=% must be weight.size(0)=%",
    "grad_output[2:] shape[%] must be equal to output size % %",
]


def without_bias(texts):
    return [text for text in texts if not re.search("bias|dimension [12] and|Dimension specified as 0", text)]


TEXTS |= {
    "conv2d_backward": [*without_bias(TEXTS["conv2d"]), *GRAD_OUTPUT, *DILATED_GRAD_OUTPUT],
    "conv_transpose2d_backward": [*without_bias(TEXTS["conv_transpose2d"]), *GRAD_OUTPUT],
    "slow_conv_transpose2d_backward": list(
        dict.fromkeys(without_bias(TEXTS["slow_conv_transpose2d"]) + GRAD_OUTPUT)
    ),
}


def cases_of(path):
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["cases"])


def pattern(text):
    return re.compile(".+".join(re.escape(part) for part in text.split("%")))


def main():
    folder, missing = pathlib.Path(__file__).parent, 0
    for op, texts in TEXTS.items():
        errors = [case["error"] for case in cases_of(folder / f"{op}.safetensors") if "error" in case]
        known = set()
        for text in texts:
            found = [error for error in errors if pattern(text).fullmatch(error)]
            known.update(found)
            missing += not found
            if not found or "--missing" not in sys.argv:
                print(f"{op:22} {len(found):4}  {text}")
        for error in sorted(set(errors) - known):  # a text of PyTorch's that the list above does not know
            missing += 1
            print(f"{op:22}    ?  {error}")
    sys.exit(f"{missing} texts without a case, or cases without a text" if missing else 0)


if __name__ == "__main__":
    main()
