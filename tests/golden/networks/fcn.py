"""The FCN of renkexinmay/SemanticSegmentation-FCN-DeconvNet in PyTorch: a ResNet-50 whose stages are each taken to class
scores by a global convolution network (k x 1 then 1 x k, plus 1 x k then k x 1) and a refinement, and added from the
coarsest up, each resized bilinearly to the next.

Parameters have that repository's names. (It makes a few more, which its forward does not use.)
"""

import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
import formula  # noqa: E402

CLASSES = 21


class Bottleneck(nn.Module):
    """torchvision's: the stride is in the 3 x 3 convolution."""

    def __init__(self, before, inner, stride):
        super().__init__()
        after = 4 * inner
        self.conv1, self.bn1 = nn.Conv2d(before, inner, 1, bias=False), nn.BatchNorm2d(inner)
        self.conv2, self.bn2 = nn.Conv2d(inner, inner, 3, stride, 1, bias=False), nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = nn.Conv2d(inner, after, 1, bias=False), nn.BatchNorm2d(after)
        self.downsample = None
        if stride != 1 or before != after:
            self.downsample = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class GCN(nn.Module):
    def __init__(self, before, after, k=7):
        super().__init__()
        self.conv_l1 = nn.Conv2d(before, after, (k, 1), padding=(k // 2, 0))
        self.conv_l2 = nn.Conv2d(after, after, (1, k), padding=(0, k // 2))
        self.conv_r1 = nn.Conv2d(before, after, (1, k), padding=(0, k // 2))
        self.conv_r2 = nn.Conv2d(after, after, (k, 1), padding=(k // 2, 0))

    def forward(self, x):
        return self.conv_l2(self.conv_l1(x)) + self.conv_r2(self.conv_r1(x))


class Refine(nn.Module):
    """One batch norm serves twice."""

    def __init__(self, channels):
        super().__init__()
        self.bn = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        y = self.conv1(F.relu(self.bn(x)))
        return x + self.conv2(F.relu(self.bn(y)))


def resized(x, like):
    return F.interpolate(x, like.size()[2:], mode="bilinear", align_corners=True)


class FCN(nn.Module):
    def __init__(self, width=1):
        super().__init__()
        c = [64 // width * factor for factor in (1, 4, 8, 16, 32)]
        self.conv1, self.bn0 = nn.Conv2d(3, c[0], 7, 2, 3, bias=False), nn.BatchNorm2d(c[0])
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        before = c[0]
        for i, (inner, count) in enumerate(zip([64, 128, 256, 512], [3, 4, 6, 3]), 1):
            blocks = []
            for block in range(count):
                blocks.append(Bottleneck(before, inner // width, 2 if i > 1 and block == 0 else 1))
                before = 4 * inner // width
            setattr(self, f"layer{i}", nn.Sequential(*blocks))
        for i, channels in enumerate([c[4], c[3], c[2], c[0], c[0]], 1):
            setattr(self, f"gcn{i}", GCN(channels, CLASSES))
        for i in range(1, 11):
            setattr(self, f"refine{i}", Refine(CLASSES))

    def forward(self, x):
        conv_x = F.relu(self.bn0(self.conv1(x)))
        pool_x = self.maxpool(conv_x)
        fm2 = self.layer2(self.layer1(pool_x))
        fm3 = self.layer3(fm2)
        fm4 = self.layer4(fm3)
        fs = self.refine1(self.gcn1(fm4))
        fs = self.refine6(resized(fs, fm3) + self.refine2(self.gcn2(fm3)))
        fs = self.refine7(resized(fs, fm2) + self.refine3(self.gcn3(fm2)))
        fs = self.refine8(resized(fs, pool_x) + self.refine4(self.gcn4(pool_x)))
        fs = self.refine9(resized(fs, conv_x) + self.refine5(self.gcn5(conv_x)))
        return self.refine10(resized(fs, x))


def load_formula(module):
    """Fills all parameters and statistics. The last batch norm of a residual branch is a quarter of the others, or the
    sums of sixteen blocks would grow to 2^8."""
    state = {}
    for name, tensor in module.state_dict().items():
        shape = tuple(tensor.shape)
        role = name.rsplit(".", 1)[1]
        if role == "num_batches_tracked":
            continue
        if role == "weight" and len(shape) == 4:
            settings = formula.he_bound(shape[1] * shape[2] * shape[3]), 0
        elif role == "weight":
            settings = (1 / 16, 1 / 4) if name.endswith("bn3.weight") else (1 / 4, 1)
        else:
            settings = (1 / 4, 1) if role == "running_var" else (1 / 8, 0)
        state[name] = torch.from_numpy(formula.values(name, shape, *settings))
    module.load_state_dict(state, strict=False)
    return module.eval()


def pixels(picture):
    """uint8 (H, W, 3) -> (1, 3, H, W) from 0 to 1, as the repository has it."""
    return torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].to(torch.float32) / 255
