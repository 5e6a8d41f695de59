"""What the layers of examples/upsampling make of a small picture, by PyTorch in float64.

    pip install -r ../requirements.txt
    python generate.py                  # writes layers.safetensors beside it

    picture      F64 (1, 1, 6, 6)
    transposed_3, transposed_4, sub_pixel, icnr, resized    F64 (1, 1, 24, 24)   each layer twice, with seeds 1 and 2

The weights are those of the example's formula, computed here once more.
"""

import json
import pathlib
import struct

import torch
import torch.nn.functional as F


def untrained(shape, seed, brightness):
    count = torch.Size(shape).numel()
    values = [(((i + 97 * seed + 1) * 2654435761) % 2**32 >> 16) / 65536 for i in range(count)]
    scale = torch.tensor(brightness / sum(values), dtype=torch.float32)
    return (torch.tensor(values, dtype=torch.float32) * scale).reshape(shape).double()


def icnr(weight, r):
    return weight.repeat_interleave(r * r, dim=0)


def transposed(x, kernel, seed):
    w = untrained((1, 1, kernel, kernel), seed, 4)
    return F.conv_transpose2d(x, w, stride=2, padding=1, output_padding=kernel % 2)


def sub_pixel(x, weight):
    return F.pixel_shuffle(F.conv2d(x, weight, padding=1), 2)


LAYERS = {
    "transposed_3": lambda x, seed: transposed(x, 3, seed),
    "transposed_4": lambda x, seed: transposed(x, 4, seed),
    "sub_pixel": lambda x, seed: sub_pixel(x, untrained((4, 1, 3, 3), seed, 4)),
    "icnr": lambda x, seed: sub_pixel(x, icnr(untrained((1, 1, 3, 3), seed, 1), 2)),
    "resized": lambda x, seed: F.conv2d(
        F.interpolate(x, scale_factor=2, mode="nearest"), untrained((1, 1, 3, 3), seed, 1), padding=1
    ),
}


def save(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for key, tensor in tensors.items():
        content = tensor.contiguous().numpy().tobytes()
        header[key] = {
            "dtype": "F64",
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(content)],
        }
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    torch.set_num_threads(1)
    picture = untrained((1, 1, 6, 6), 3, 18)
    tensors = {"picture": picture} | {name: layer(layer(picture, 1), 2) for name, layer in LAYERS.items()}
    metadata = {"torch": torch.__version__.split("+")[0], "recipe": "python generate.py"}
    save(pathlib.Path(__file__).with_name("layers.safetensors"), tensors, metadata)


if __name__ == "__main__":
    main()
