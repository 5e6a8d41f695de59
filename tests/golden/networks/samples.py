"""Samples of a network's output that rounding does not decide.

Where the two largest numbers of a pool's window are all but equal, two correct float32 programs may remember different
places, and an unpool then puts a number elsewhere. So a network runs twice in float64, the second time with the other
place in each such window, and samples are taken where that changes nothing.
"""

import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
import tensor_file  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[3]
NEAR = 1e-5  # of the standard deviation of the pool's input: some ten times float32's error there
KEPT = 1e-6  # of the greatest output: what the other places may change at a sample


def middle_of_coins(side):
    """The middle of examples/segment/data/coins.png, uint8 (side, side, 3)."""
    picture = np.asarray(Image.open(ROOT / "examples/segment/data/coins.png").convert("RGB"))
    top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    return picture[top : top + side, left : left + side]


def pool(_, x):
    return F.max_pool2d(x, 2, return_indices=True)


def other_pool(_, x):
    """pool, but with the second of two maxima that are all but equal (zeros of a ReLU, which are, decide nothing)."""
    values, indices = F.max_pool2d(x, 2, return_indices=True)
    height, width = x.shape[-2:]
    rows, columns = height // 2 * 2, width // 2 * 2
    windows = F.unfold(x[0, :, None, :rows, :columns], 2, stride=2)  # (C, 4, windows)
    top, order = windows.topk(2, dim=1)
    near = ((top[:, 0] - top[:, 1] < NEAR * x.std()) & (top[:, 0] > 0)).view(values.shape)
    place = order[:, 1].view(values.shape)
    oh = torch.arange(rows // 2).view(-1, 1) * 2
    ow = torch.arange(columns // 2) * 2
    other = (oh + place // 2) * width + ow + place % 2
    return torch.where(near, top[:, 1].view(values.shape), values), torch.where(near, other, indices)


def write(path, run, count, metadata=None):
    """run(dtype, pool) -> the output. Writes `count` samples: where (an index into all of the output), score (PyTorch's,
    of float32), score64, and the greatest of the output."""
    single = run(torch.float32, pool)
    exact = run(torch.float64, pool)
    changed = (run(torch.float64, other_pool) - exact).abs()
    scale = exact.abs().max()
    kept = torch.nonzero(changed.flatten() <= KEPT * scale).flatten()
    print(f"{path}: {len(kept) / exact.numel():.1%} of {tuple(exact.shape)} are undisputed, greatest {scale:.3g}")
    where = kept[torch.randperm(len(kept), generator=torch.Generator().manual_seed(1))[:count]].sort().values
    deviation = ((single.flatten()[where] - exact.flatten()[where]).abs().max() / scale).item()
    print(f"  PyTorch's float32 differs there by {deviation:.2g} of that from its float64")
    # A tenth of what the tests ask for, or the samples would ask for luck.
    assert len(where) == count and deviation < 1e-5
    tensor_file.write(
        path,
        {
            "where": where.numpy(),
            "score": single.flatten()[where].numpy(),
            "score64": exact.flatten()[where].numpy(),
            "greatest": scale.to(torch.float32).view(1).numpy(),
        },
        {"torch": torch.__version__, "shape": str(list(exact.shape)), **(metadata or {})},
    )
