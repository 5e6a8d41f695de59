"""DeconvNet of Noh, Hong and Han (ICCV 2015; HyeonwooNoh/DeconvNet) in PyTorch, with its weights by tools/formula.py.

`layers(width)` lists its layers; `weights(width)` all weights; `run(weights, x)` gives the 21 scores of each pixel.
Every convolution and deconvolution but the last has a batch norm in its inference form behind it (a scale and a shift
for each channel) and a ReLU.
"""

import pathlib
import sys

import torch
import torch.nn.functional as F

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
import formula  # noqa: E402

MEAN_BGR = (104.00698793, 116.66876762, 122.67891434)
SIDE = 224


def layers(width=1):
    """(name, kind, batch norm's name, in, out, kernel, padding, inputs of an output); pools and unpools have a name and
    their number. Channels are divided by width, those of the picture and the classes not."""
    result = []
    channels = 3
    for block, (count, out) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], 1):
        for i in range(1, count + 1):
            # Pixels are some 64 times as large as what a batch norm gives.
            inputs = channels * 9 * (64 * 64 if channels == 3 else 1)
            result.append((f"conv{block}_{i}", "conv", f"bn{block}_{i}", channels, out // width, 3, 1, inputs))
            channels = out // width
        result.append((f"pool{block}", "pool", block))
    wide = 4096 // width
    result.append(("fc6", "conv", "bnfc6", channels, wide, 7, 0, channels * 49))
    result.append(("fc7", "conv", "bnfc7", wide, wide, 1, 0, wide))
    result.append(("fc6-deconv", "deconv", "fc6-deconv-bn", wide, 512 // width, 7, 0, wide))  # of one pixel
    channels = 512 // width
    for block, outs in zip([5, 4, 3, 2, 1], [(512, 512, 512), (512, 512, 256), (256, 256, 128), (128, 64), (64, 64)]):
        result.append((f"unpool{block}", "unpool", block))
        for i, out in enumerate(outs, 1):
            inputs = channels * 9 / (4 if i == 1 else 1)  # behind an unpool three of four are 0
            result.append((f"deconv{block}_{i}", "deconv", f"debn{block}_{i}", channels, out // width, 3, 1, inputs))
            channels = out // width
    result.append(("seg-score-voc", "conv", None, channels, 21, 1, 0, channels))
    return result


def described(width=1):
    """name -> (shape, bound, centre) of every weight."""
    result = {}
    for layer in layers(width):
        if len(layer) == 3:
            continue
        name, kind, norm, i, o, kernel, _, inputs = layer
        result[name + ".weight"] = ((o, i) if kind == "conv" else (i, o)) + (kernel, kernel), formula.he_bound(inputs), 0
        result[name + ".bias"] = (o,), 1 / 8, 0
        if norm:
            result[norm + ".weight"] = (o,), 1 / 4, 1
            result[norm + ".bias"] = (o,), 1 / 8, 0
    return result


def weights(width=1):
    return {
        name: torch.from_numpy(formula.values(name, shape, bound, centre))
        for name, (shape, bound, centre) in described(width).items()
    }


def pixels(picture):
    """uint8 (H, W, 3) of red, green and blue -> what the network takes: (1, 3, H, W) of blue, green and red."""
    x = torch.from_numpy(picture[:, :, ::-1].copy()).permute(2, 0, 1)[None].to(torch.float32)
    return x - torch.tensor(MEAN_BGR, dtype=torch.float32).view(1, 3, 1, 1)


def run(w, x, width=1, pool=lambda name, x: F.max_pool2d(x, 2, return_indices=True)):
    switches = {}
    for layer in layers(width):
        name, kind = layer[:2]
        if kind == "pool":
            sizes = x.shape[-2:]
            x, indices = pool(name, x)
            switches[layer[2]] = indices, sizes
        elif kind == "unpool":
            indices, sizes = switches[layer[2]]
            x = F.max_unpool2d(x, indices, 2, output_size=sizes)
        else:
            norm, padding = layer[2], layer[6]
            operation = F.conv2d if kind == "conv" else F.conv_transpose2d
            x = operation(x, w[name + ".weight"], w[name + ".bias"], padding=padding)
            if norm:
                x = x * w[norm + ".weight"].view(1, -1, 1, 1) + w[norm + ".bias"].view(1, -1, 1, 1)
                x = F.relu(x, inplace=True)
    return x
