"""The projection of csgwon/pytorch-deconvnet in PyTorch: VGG16 up to a layer, one of its maps back to the picture.

`features(w, x, last)` gives the layer's output and the switches of the pools before it. `project(w, map, ...)` goes back
by transposed convolutions with the forward weights, and by unpools. Two rules:

    repository   as it does: each transposed convolution but the last adds the bias of the convolution whose output it
                 makes; no ReLU. (Its last one's bias is what PyTorch initialises it with, at random: 0 here.)
    zeiler       Zeiler and Fergus (ECCV 2014): a ReLU before each transposed convolution, no biases
"""

import pathlib
import sys

import torch
import torch.nn.functional as F

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
import formula  # noqa: E402

# By their number in torchvision's vgg16().features: channels of a convolution (a ReLU behind it), or a pool.
PLAN = [64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512, "pool"]


def layers(width=1):
    """(kind, in, out) for each of the 31 layers."""
    result, channels = [], 3
    for step in PLAN:
        if step == "pool":
            result.append(("pool", channels, channels))
        else:
            result += [("conv", channels, step // width), ("relu", step // width, step // width)]
            channels = step // width
    return result


def weights(width=1):
    result = {}
    for i, (kind, before, out) in enumerate(layers(width)):
        if kind == "conv":
            inputs = before * 9 * (128 * 128 if before == 3 else 1)  # pixels are some 128
            for role, shape, bound in [("weight", (out, before, 3, 3), formula.he_bound(inputs)), ("bias", (out,), 1 / 8)]:
                name = f"features.{i}.{role}"
                result[name] = torch.from_numpy(formula.values(name, shape, bound))
    return result


def pixels(picture):
    """uint8 (H, W, 3) -> (1, 3, H, W) from 0 to 255, as the repository has it."""
    return torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].to(torch.float32)


def features(w, x, last, pool):
    switches = {}
    for i, (kind, _, _) in enumerate(layers()[: last + 1]):
        if kind == "conv":
            x = F.conv2d(x, w[f"features.{i}.weight"], w[f"features.{i}.bias"], padding=1)
        elif kind == "relu":
            x = F.relu(x)
        else:
            sizes = x.shape[-2:]
            x, indices = pool(str(i), x)
            switches[i] = indices, sizes
    return x, switches


def project(w, activations, number, last, switches, rule):
    """activations (1, 1, h, w): map `number` of the layer `last`, a convolution or the ReLU behind one."""
    kinds = [kind for kind, _, _ in layers()]
    first = last if kinds[last] == "conv" else last - 1
    x = activations
    for i in range(first, -1, -1):
        if kinds[i] == "pool":
            indices, sizes = switches[i]
            x = F.max_unpool2d(x, indices, 2, output_size=sizes)
        elif kinds[i] == "conv":
            weight = w[f"features.{i}.weight"]
            if i == first:
                weight = weight[number : number + 1]
            if rule == "zeiler":
                x = F.relu(x)
            # Of the convolution before this one, which may stand before a pool.
            before = max((j for j in range(i) if kinds[j] == "conv"), default=None)
            adds = rule == "repository" and before is not None
            x = F.conv_transpose2d(x, weight, w[f"features.{before}.bias"] if adds else None, padding=1)
    return x
