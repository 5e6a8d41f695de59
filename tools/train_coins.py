#!/usr/bin/env python3
"""Trains the network of examples/segment to mark coins, and says how well it does on the part it has not seen.

    pip install torch==2.15.0 scikit-image scipy
    python tools/train_coins.py      # reads and writes examples/segment/data; two minutes on one core

The labels come from classical segmentation of the same picture: a watershed on the gradient, flooded from the pixels
that are surely dark and surely bright. Three channels are learnt: 0 the coin, 1 its rim (a ring along its edge), 2 the
background. The rim keeps neighbouring coins apart when the coins are counted.

Training sees the columns left of SPLIT only; the scores printed last are those of the columns from SPLIT on.
The same machine and versions give the same weights: one thread, one seed.
"""

import argparse
import json
import math
import pathlib
import struct

import numpy
import scipy.ndimage
import skimage.filters
import skimage.io
import skimage.morphology
import skimage.segmentation
import torch
import torch.nn.functional as F

SEED = 1
SPLIT = 256  # of 384 columns: two thirds for training
STEPS, BATCH, CROP = 900, 8, 112
RIM = 2  # the ring reaches that many pixels to either side of a coin's edge

# How examples/segment counts: 4-connected components of coin - rim > THRESHOLD with at least MIN_AREA pixels.
THRESHOLD, MIN_AREA = 0.5, 150


class ConvDeconv(torch.nn.Module):
    """Three convolutions, two max-pools whose indices steer two unpools, three transposed convolutions."""

    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 16, 4)
        self.conv2 = torch.nn.Conv2d(16, 32, 5)
        self.conv3 = torch.nn.Conv2d(32, 64, 3)
        self.deconv1 = torch.nn.ConvTranspose2d(64, 32, 3)
        self.deconv2 = torch.nn.ConvTranspose2d(32, 16, 5)
        self.deconv3 = torch.nn.ConvTranspose2d(16, 3, 4)

    def logits(self, x):
        x = F.relu(self.conv1(x))
        size1 = x.shape[-2:]
        x, indices1 = F.max_pool2d(x, 2, return_indices=True)
        x = F.relu(self.conv2(x))
        size2 = x.shape[-2:]
        x, indices2 = F.max_pool2d(x, 2, return_indices=True)
        x = F.relu(self.conv3(x))
        x = F.relu(self.deconv1(x))
        x = F.max_unpool2d(x, indices2, 2, output_size=size2)
        x = F.relu(self.deconv2(x))
        x = F.max_unpool2d(x, indices1, 2, output_size=size1)
        return self.deconv3(x)

    def forward(self, x):
        return torch.sigmoid(self.logits(x))


def coin_mask(picture):
    """Watershed on the gradient. picture: grey, 0 to 255."""
    markers = numpy.zeros(picture.shape, dtype=numpy.int32)
    markers[picture < 30] = 1
    markers[picture > 150] = 2
    flooded = skimage.segmentation.watershed(skimage.filters.sobel(picture), markers)
    mask = scipy.ndimage.binary_fill_holes(flooded == 2)
    mask = scipy.ndimage.binary_opening(mask, skimage.morphology.disk(4))
    labels, count = scipy.ndimage.label(mask)
    areas = scipy.ndimage.sum_labels(mask, labels, range(1, count + 1))
    return numpy.isin(labels, 1 + numpy.flatnonzero(areas >= 500))


def targets(mask):
    """(3, H, W): coin, rim, background."""
    disk = skimage.morphology.disk(RIM)
    rim = scipy.ndimage.binary_dilation(mask, disk) & ~scipy.ndimage.binary_erosion(mask, disk, border_value=1)
    return torch.from_numpy(numpy.stack([mask, rim, ~mask]).astype(numpy.float32))


def uniform(low, high, shape, generator):
    return low + (high - low) * torch.rand(shape, generator=generator)


def augmented_crops(stack, generator):
    """(BATCH, C, CROP, CROP) from stack (C, H, W): turned, mirrored and scaled; channel 0 is the picture."""
    height, width = stack.shape[-2:]

    def each(low, high):
        return uniform(low, high, BATCH, generator)

    angle, scale = each(0, 2 * math.pi), torch.exp(each(math.log(0.75), math.log(1.35)))
    flip = torch.where(each(-1, 1) < 0, -1.0, 1.0)
    reach_y, reach_x = CROP / 2 / height, CROP / 2 / width  # the centre stays half a crop away from the border
    centre_y = each(-1 + 2 * reach_y, 1 - 2 * reach_y)
    centre_x = each(-1 + 2 * reach_x, 1 - 2 * reach_x)
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    rows = torch.stack(
        [
            torch.stack([cos * flip * CROP / width, -sin * CROP / width, centre_x], 1),
            torch.stack([sin * flip * CROP / height, cos * CROP / height, centre_y], 1),
        ],
        1,
    )
    grid = F.affine_grid(rows, (BATCH, len(stack), CROP, CROP), align_corners=False)
    return F.grid_sample(stack.expand(BATCH, -1, -1, -1), grid, padding_mode="reflection", align_corners=False)


def relight(picture, generator):
    """Another contrast, brightness and slope of the light, and a little noise. picture (BATCH, 1, CROP, CROP)."""

    def each(low, high):
        return uniform(low, high, (BATCH, 1, 1, 1), generator)

    ramp = torch.linspace(-0.5, 0.5, CROP)
    light = each(-0.2, 0.2) + each(-0.2, 0.2) * ramp[:, None] + each(-0.2, 0.2) * ramp
    noise = 0.02 * torch.randn(picture.shape, generator=generator)
    return (picture * each(0.7, 1.3) + light + noise).clamp(0, 1)


def train(network, picture, target):
    generator = torch.Generator().manual_seed(SEED)
    stack = torch.cat([picture[None], target])[:, :, :SPLIT].contiguous()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=STEPS, pct_start=0.1)
    for step in range(1, STEPS + 1):
        crops = augmented_crops(stack, generator)
        x = relight(crops[:, :1], generator).expand(-1, 3, -1, -1)
        loss = F.binary_cross_entropy_with_logits(network.logits(x), crops[:, 1:].round())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step:4}  loss {loss.item():.4f}", flush=True)


def intersection_over_union(a, b):
    return float((a & b).sum() / (a | b).sum())


def count_coins(probability, threshold=THRESHOLD, min_area=MIN_AREA):
    """Areas of the components that count as a coin, and of those that are too small."""
    core = probability[0] - probability[1] > threshold
    labels, count = scipy.ndimage.label(core)
    areas = scipy.ndimage.sum_labels(core, labels, range(1, count + 1)).astype(int)
    return sorted(areas[areas >= min_area].tolist()), sorted(areas[areas < min_area].tolist())


def save(path, tensors, metadata):
    """safetensors: header length, JSON header, data. Written here so that the same weights give the same bytes."""
    header, data = {"__metadata__": metadata}, b""
    for key, tensor in sorted(tensors.items()):
        content = tensor.detach().contiguous().numpy().astype("<f4").tobytes()
        span = [len(data), len(data) + len(content)]
        header[key] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": span}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    folder = pathlib.Path(__file__).resolve().parent.parent / "examples" / "segment" / "data"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=pathlib.Path, default=folder / "coins.png")
    parser.add_argument("--weights", type=pathlib.Path, default=folder / "coins.safetensors")
    parser.add_argument("--preview", type=pathlib.Path, help="also write picture, label and answer side by side (PNG)")
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)

    grey = skimage.io.imread(arguments.picture, as_gray=True)
    assert grey.dtype == numpy.uint8, "an 8-bit grey picture is needed"
    mask = coin_mask(grey)
    print(f"labels: {scipy.ndimage.label(mask)[1]} coins")
    picture, target = torch.from_numpy(grey.astype(numpy.float32) / 255), targets(mask)
    network = ConvDeconv()
    train(network, picture, target)

    with torch.no_grad():
        probability = network(picture.expand(1, 3, -1, -1))[0].numpy()
    coin = probability[0] > 0.5
    seen = intersection_over_union(coin[:, :SPLIT], mask[:, :SPLIT])
    unseen = intersection_over_union(coin[:, SPLIT:], mask[:, SPLIT:])
    coins, crumbs = count_coins(probability)
    score = (
        f"IoU of channel 0 > 0.5: {seen:.3f} on the training columns (below {SPLIT}), {unseen:.3f} on the held-out ones"
    )
    counting = f"{len(coins)} coins: 4-connected components of coin - rim > {THRESHOLD} with at least {MIN_AREA} pixels"
    print(f"{score}\n{counting}\nareas of the coins: {coins}\nareas left out: {crumbs}")
    save(
        arguments.weights,
        network.state_dict(),
        {
            "torch": torch.__version__.split("+")[0],
            "script": "tools/train_coins.py",
            "input": "(N, 3, H, W), grey repeated three times, scaled to [0, 1]",
            "channels": "after the sigmoid: 0 coin, 1 rim of a coin, 2 background",
            "score": score,
            "counting": counting,
        },
    )
    if arguments.preview:
        panels = numpy.concatenate([numpy.stack([grey / 255] * 3), target.numpy(), probability], axis=2)
        skimage.io.imsave(arguments.preview, (panels.transpose(1, 2, 0) * 255).astype(numpy.uint8))


if __name__ == "__main__":
    main()
