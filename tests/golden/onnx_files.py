"""Writes onnx/NAME.onnx, small networks as PyTorch's exporters and the onnx package's helpers make them, and
onnx/NAME.safetensors, inputs and what PyTorch (for networks of helpers: onnxruntime) answers. README.md says how.

    pip install torch==2.15.0 onnx==1.23.2 onnxscript onnxruntime==1.32.0 numpy
    python onnx_files.py [NAME ...]
"""

import io
import pathlib
import sys
import warnings

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

from generate import compact, safetensors

FOLDER = pathlib.Path(__file__).parent / "onnx"
NAMES = {"float32": "F32", "float64": "F64", "int8": "I8", "int16": "I16", "int32": "I32", "int64": "I64"}


# ---- networks


def conv_bn_relu(i, o, kernel=3, stride=1, groups=1, relu=nn.ReLU):
    return nn.Sequential(
        nn.Conv2d(i, o, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(o), relu()
    )


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2 = conv_bn_relu(3, 4), conv_bn_relu(4, 6)
        self.bottom = conv_bn_relu(6, 6)
        self.up2, self.up1 = nn.ConvTranspose2d(6, 6, 2, 2), nn.ConvTranspose2d(6, 4, 2, 2)
        self.join2, self.join1 = conv_bn_relu(12, 6), conv_bn_relu(8, 4)
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        y = self.bottom(F.max_pool2d(b, 2))
        y = self.join2(torch.cat([self.up2(y), b], 1))
        return self.head(self.join1(torch.cat([self.up1(y), a], 1)))


class BilinearUNet(nn.Module):
    """With sizes that do not halve, and padding to the skipped tensor's: arithmetic of shapes."""

    def __init__(self):
        super().__init__()
        self.down, self.bottom, self.join = conv_bn_relu(1, 4), conv_bn_relu(4, 4), conv_bn_relu(8, 4)

    def forward(self, x):
        a = self.down(x)
        y = F.interpolate(self.bottom(F.max_pool2d(a, 2)), scale_factor=2, mode="bilinear", align_corners=True)
        h, w = a.shape[2] - y.shape[2], a.shape[3] - y.shape[3]
        y = F.pad(y, [w // 2, w - w // 2, h // 2, h - h // 2])
        return torch.sigmoid(self.join(torch.cat([a, y], 1)))


def dcgan():
    return nn.Sequential(
        nn.ConvTranspose2d(5, 6, 4, 1, 0, bias=False), nn.BatchNorm2d(6), nn.ReLU(True),
        nn.ConvTranspose2d(6, 4, 4, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(True),
        nn.ConvTranspose2d(4, 3, 4, 2, 1, bias=False), nn.Tanh())  # fmt: skip


def discriminator():
    return nn.Sequential(
        nn.Conv2d(3, 4, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(4, 6, 4, 2, 1, bias=False), nn.BatchNorm2d(6),
        nn.LeakyReLU(0.2), nn.Conv2d(6, 1, 4), nn.Sigmoid(), nn.Flatten())  # fmt: skip


def espcn():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.Conv2d(6, 4, 3, padding=1), nn.Tanh(),
        nn.Conv2d(4, 4, 3, padding=1), nn.PixelShuffle(2))  # fmt: skip


class Style(nn.Module):
    """A residual block of fast style transfer, its normalisation of images, and nearest upsampling."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)
        self.norm = nn.InstanceNorm2d(4, affine=True)
        self.last = nn.Conv2d(4, 3, 5)

    def forward(self, x):
        y = F.relu(self.norm(self.first(F.pad(x, [1, 1, 1, 1], mode="reflect"))))
        y = x + self.norm(self.second(F.pad(y, [1, 1, 1, 1], mode="reflect")))
        y = F.interpolate(y, scale_factor=2, mode="nearest")
        return self.last(F.pad(y, [2, 2, 2, 2], mode="reflect"))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 3, 3, 2, 1), nn.ELU(), nn.Flatten(), nn.Linear(3 * 5 * 5, 6), nn.Softplus())
        self.decoder = nn.Sequential(
            nn.Linear(6, 3 * 5 * 5), nn.ReLU(), nn.Unflatten(1, (3, 5, 5)),
            nn.ConvTranspose2d(3, 1, 3, 2, 1, output_padding=1), nn.Sigmoid())  # fmt: skip

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code), code


class MobileNetV2(nn.Module):
    class Block(nn.Module):
        def __init__(self, i, o, stride):
            super().__init__()
            self.layers = nn.Sequential(
                conv_bn_relu(i, 2 * i, 1, relu=nn.ReLU6), conv_bn_relu(2 * i, 2 * i, 3, stride, 2 * i, nn.ReLU6),
                nn.Conv2d(2 * i, o, 1, bias=False), nn.BatchNorm2d(o))  # fmt: skip
            self.same = stride == 1 and i == o

        def forward(self, x):
            return x + self.layers(x) if self.same else self.layers(x)

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            conv_bn_relu(3, 4, 3, 2, relu=nn.ReLU6), self.Block(4, 8, 2), self.Block(8, 8, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(8, 5))

    def forward(self, x):
        x = self.features(x)
        return self.classifier(F.adaptive_avg_pool2d(x, 1).reshape(x.shape[0], -1))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 7, 2, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU())
        self.a, self.b = conv_bn_relu(4, 8, 3, 2), nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8))
        self.short = nn.Sequential(nn.Conv2d(4, 8, 1, 2), nn.BatchNorm2d(8))
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        x = F.max_pool2d(self.stem(x), 3, 2, 1)
        x = F.relu(self.b(self.a(x)) + self.short(x))
        return F.softmax(self.fc(torch.flatten(F.adaptive_avg_pool2d(x, (1, 1)), 1)), -1)


class ConvNeXt(nn.Module):
    def __init__(self):
        super().__init__()
        self.depthwise, self.norm = nn.Conv2d(6, 6, 7, padding=3, groups=6), nn.LayerNorm(6, eps=1e-6)
        self.first, self.second = nn.Linear(6, 12), nn.Linear(12, 6)
        self.scale = nn.Parameter(torch.rand(6))

    def forward(self, x):
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.scale * self.second(F.gelu(self.first(y)))
        return x + y.permute(0, 3, 1, 2)


class ShuffleNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch = nn.Sequential(conv_bn_relu(4, 4, 1), nn.Conv2d(4, 4, 3, padding=1, groups=4),
                                    nn.BatchNorm2d(4), conv_bn_relu(4, 4, 1))  # fmt: skip

    def forward(self, x):
        a, b = x.chunk(2, 1)
        y = torch.cat([a, self.branch(b)], 1)
        n, c, h, w = y.shape
        return y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


class SqueezeExcite(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.down, self.up = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)

    def forward(self, x):
        x = F.hardswish(self.conv(x))
        return x * F.hardsigmoid(self.up(F.silu(self.down(x.mean((2, 3), keepdim=True)))))


class Attention(nn.Module):
    """Single head, over pixels, as in diffusion's decoders: group norm, products of matrices, softmax."""

    def __init__(self):
        super().__init__()
        self.norm, self.qkv, self.out = nn.GroupNorm(2, 8), nn.Conv2d(8, 24, 1), nn.Conv2d(8, 8, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, 3, c, h * w).unbind(1)
        weights = torch.softmax(q.transpose(1, 2) @ k * c**-0.5, -1)
        return x + self.out((v @ weights.transpose(1, 2)).reshape(n, c, h, w))


class Temporal(nn.Module):
    """Of one dimension: dilated convolutions, pooling, transposed convolution, PReLU."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv1d(2, 6, 3, padding=2, dilation=2), nn.Conv1d(6, 6, 5, padding=2, groups=3)
        self.norm, self.slope = nn.BatchNorm1d(6), nn.PReLU(6)
        self.up = nn.ConvTranspose1d(6, 2, 4, 2, 1)

    def forward(self, x):
        y = self.slope(self.norm(self.first(x)))
        return self.up(F.avg_pool1d(F.max_pool1d(self.second(y), 2), 3, 1, 1))


class Pyramid(nn.Module):
    """Pooling to several sizes and back, as PSPNet and feature pyramids do; sizes taken from other tensors."""

    def __init__(self):
        super().__init__()
        self.lateral, self.smooth = nn.Conv2d(4, 6, 1), nn.Conv2d(6, 6, 3, padding=1)
        self.pool = nn.Conv2d(4, 6, 1)

    def forward(self, x):
        a = self.lateral(x)
        b = self.pool(F.avg_pool2d(x, 3, 2, 1, count_include_pad=False))
        b = F.interpolate(b, size=a.shape[2:], mode="bilinear", align_corners=False)
        c = F.interpolate(F.max_pool2d(a, 3, 2, ceil_mode=True), size=a.shape[2:], mode="nearest")
        return self.smooth(a + b + c).amax(1, keepdim=True), a.argmax(1)


class Depth(nn.Module):
    """Elementwise arithmetic and indexing as exporters write them."""

    def forward(self, x):
        rows = torch.tensor([0, 0, 1, 1, 2])
        y = torch.where(x > 0, x.clamp(0.1, 0.8), x.abs().sqrt())
        y = (y - y.mean(1, keepdim=True)) / (y.var(1, keepdim=True, unbiased=False) + 1e-5).sqrt()
        y = torch.cat([y[:, ::2], y[:, 1:3] ** 2, -y[:, -1:, 1:-1, :].repeat(1, 2, 1, 1).index_select(2, rows)], 1)
        return torch.log1p(torch.exp(torch.minimum(y, torch.full_like(y, 1.5)))).flip(3)


class Warp(nn.Module):
    """Moves pixels along a flow, as interpolators of frames do."""

    def __init__(self):
        super().__init__()
        self.flow = nn.Conv2d(3, 2, 3, padding=1)

    def forward(self, x):
        n, _, h, w = x.shape
        ys, xs = torch.arange(h).float() * 2 / (h - 1) - 1, torch.arange(w).float() * 2 / (w - 1) - 1
        grid = torch.stack([xs.expand(h, w), ys.unsqueeze(1).expand(h, w)], -1).unsqueeze(0)
        grid = grid + torch.tanh(self.flow(x)).permute(0, 2, 3, 1) * 0.2
        return F.grid_sample(x, grid, padding_mode="border", align_corners=True)


class Dynamic(nn.Module):
    """Any batch and any size, with arithmetic of shapes."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3, 2, 1), nn.Linear(4, 3)

    def forward(self, x):
        y = F.relu(self.conv(x))
        n, c, h, w = y.shape
        y = y.view(n, c, h * w).permute(0, 2, 1)
        return self.head(y).permute(0, 2, 1).reshape(n, 3, h, w), F.interpolate(x, size=(h * 2, w * 2), mode="nearest")


class Darknet(nn.Module):
    """A YOLO's neck: SiLU, the pools of SPPF, upsampling to join, boxes by broadcasting."""

    def __init__(self):
        super().__init__()
        self.a, self.b = conv_bn_relu(3, 6, 3, 2, relu=nn.SiLU), conv_bn_relu(24, 8, 1, relu=nn.SiLU)
        self.head = nn.Conv2d(14, 10, 1)

    def forward(self, x):
        x = self.a(x)
        p = [x]
        for _ in range(3):
            p.append(F.max_pool2d(p[-1], 5, 1, 2))
        y = self.head(torch.cat([F.interpolate(self.b(torch.cat(p, 1)), scale_factor=1.0), x], 1))
        n, _, h, w = y.shape
        y = y.view(n, 2, 5, h, w).permute(0, 1, 3, 4, 2).contiguous().sigmoid()
        xy, rest = y.split((2, 3), 4)
        return torch.cat([(xy * 2 - 0.5) * 8, rest], 4).view(n, -1, 5)


class Deeplab(nn.Module):
    """Dilated branches, a pooled one that is expanded, cubic upsampling."""

    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList(nn.Conv2d(3, 4, 3, padding=d, dilation=d) for d in (1, 2, 3))
        self.pooled, self.project = nn.Conv2d(3, 4, 1), nn.Conv2d(16, 3, 1)

    def forward(self, x):
        y = [F.relu(b(x)) for b in self.branches]
        pooled = F.interpolate(self.pooled(F.adaptive_avg_pool2d(x, 1)), size=x.shape[-2:], mode="bilinear")
        y = self.project(torch.cat([*y, pooled], 1))
        return F.log_softmax(F.interpolate(y, scale_factor=2, mode="bicubic", align_corners=False), 1)


# ---- exporting


def rand(*sizes):
    return torch.rand(*sizes) * 2 - 1


def settled(module):
    """In evaluation, its normalisations with statistics of their own."""
    for m in module.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
            m.running_mean.copy_(torch.randn(m.num_features) * 0.1)
            m.running_var.copy_(torch.rand(m.num_features) + 0.5)
            m.weight.copy_(torch.rand(m.num_features) + 0.5)
            m.bias.copy_(torch.randn(m.num_features) * 0.1)
    return module.eval()


def exported(make, inputs, opset=17, dynamic=None, more=(), dynamo=False):
    """A model of torch's exporter, and its calls: of `inputs`, and of each of `more` where sizes may be any."""

    def build():
        module = settled(make())
        buffer = io.BytesIO()
        names = [f"x{i}" if i else "x" for i in range(len(inputs))]
        if dynamo:
            sizes = None
            if dynamic:
                sizes = tuple({d: torch.export.Dim(n) for d, n in dynamic.items()} for _ in inputs)
            program = torch.onnx.export(module, inputs, dynamo=True, opset_version=opset, input_names=names,
                                        dynamic_shapes=sizes, verbose=False)  # fmt: skip
            program.save(buffer)
        else:
            axes = {name: dynamic for name in names} if dynamic else None
            torch.onnx.export(module, inputs, buffer, dynamo=False, opset_version=opset, input_names=names,
                              dynamic_axes=axes)  # fmt: skip
        model = onnx.load_from_string(buffer.getvalue())
        calls = []
        for given in (inputs, *more):
            results = module(*given)
            results = results if isinstance(results, tuple) else (results,)
            calls.append((dict(zip(names, given)), dict(zip((o.name for o in model.graph.output), results))))
        return model, calls

    return build


def unnamed(model):
    """Without what says where and by whom it was made."""
    for message in (model, model.graph, *model.graph.node):
        message.ClearField("doc_string")
    for message in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input,
                    *model.graph.output, *model.graph.initializer):  # fmt: skip
        if "metadata_props" in message.DESCRIPTOR.fields_by_name:
            message.ClearField("metadata_props")
    return model


# ---- built by hand


def helped(nodes, inputs, outputs, weights, opset):
    """A model of nodes as they are written here, answered by onnxruntime."""

    def build():
        import onnxruntime

        infos = [
            helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for k, v in inputs.items()
        ]
        graph = helper.make_graph(
            nodes, "g", infos, [helper.make_tensor_value_info(o, t, None) for o, t in outputs.items()],
            [numpy_helper.from_array(v, k) for k, v in weights.items()])  # fmt: skip
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=min(8, opset))
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return model, [(inputs, dict(zip(outputs, session.run(list(outputs), inputs))))]

    return build


def array(*sizes, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, sizes).astype(np.float32)


def segnet():
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
        node("Relu", ["c1"], ["r1"]),
        node("MaxPool", ["r1"], ["p1", "i1"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["p1", "w2"], ["c2"], pads=[1, 1, 1, 1]),
        node("MaxPool", ["c2"], ["p2", "i2"], kernel_shape=[2, 2], strides=[2, 2]),
        node("MaxUnpool", ["p2", "i2"], ["u2"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["u2", "w3"], ["c3"], pads=[1, 1, 1, 1]),
        node("MaxUnpool", ["c3", "i1"], ["u1"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["u1", "w4"], ["y"], auto_pad="SAME_UPPER"),
    ]
    weights = {"w1": array(4, 2, 3, 3), "b1": array(4), "w2": array(6, 4, 3, 3, seed=1) / 4,
               "w3": array(4, 6, 3, 3, seed=2) / 4, "w4": array(2, 4, 3, 3, seed=3)}  # fmt: skip
    return helped(nodes, {"x": array(2, 2, 12, 8, seed=4)}, {"y": 1, "i2": 7}, weights, 11)


def opset7():
    """What was an attribute then, and the semantics of softmax."""
    node = helper.make_node
    nodes = [
        node("Pad", ["x"], ["a"], mode="edge", pads=[0, 0, 1, 2, 0, 0, 2, 1]),
        node("Slice", ["a"], ["b"], axes=[2, 3], starts=[1, -7], ends=[9223372036854775807, -1]),
        node("Upsample", ["b"], ["c"], mode="nearest", scales=[1.0, 1.0, 2.0, 3.0]),
        node("Clip", ["c"], ["d"], min=-0.5, max=0.75),
        node("Split", ["d"], ["e", "f"], axis=1, split=[1, 2]),
        node("ReduceSum", ["f"], ["g"], axes=[1], keepdims=0),
        node("Squeeze", ["e"], ["h"], axes=[1]),
        node("Sum", ["g", "h", "g"], ["i"]),
        node("Unsqueeze", ["i"], ["j"], axes=[0, 2]),
        node("Dropout", ["j"], ["k"], ratio=0.25),
        node("Softmax", ["k"], ["l"], axis=3),
        node("Flatten", ["l"], ["m"], axis=4),
        node("ConvTranspose", ["d", "w"], ["n"], auto_pad="SAME_LOWER", strides=[2, 1]),
        node("GlobalMaxPool", ["n"], ["o"]),
    ]
    weights = {"w": array(3, 2, 3, 2, seed=1)}
    return helped(nodes, {"x": array(1, 3, 4, 5)}, {"m": 1, "o": 1, "n": 1}, weights, 7)


def resizes():
    """Resize in its many ways, group norm of version 18, and types of weights that are stored otherwise."""
    node = helper.make_node
    nodes = [
        node("Resize", ["x", "", "scales"], ["a"], mode="linear", coordinate_transformation_mode="half_pixel"),
        node("Resize", ["x", "", "", "sizes"], ["b"], mode="nearest", nearest_mode="floor", axes=[2, 3],
             coordinate_transformation_mode="asymmetric"),
        node("Resize", ["x", "", "scales"], ["c"], mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1,
             coordinate_transformation_mode="align_corners"),
        node("Resize", ["x", "", "scales"], ["d"], mode="linear", antialias=1,
             coordinate_transformation_mode="pytorch_half_pixel"),
        node("GroupNormalization", ["x", "two", "half"], ["e"], num_groups=2),
        node("Pad", ["e", "pads", "", "axes"], ["f"], mode="reflect"),
        node("Mean", ["f", "f"], ["g"]),
        node("DepthToSpace", ["g"], ["h"], blocksize=2, mode="DCR"),
        node("SpaceToDepth", ["h"], ["i"], blocksize=2),
        node("ReduceL2", ["i", "axes"], ["j"]),
        node("Split", ["i"], ["k", "l", "m"], axis=3, num_outputs=3),
    ]  # fmt: skip
    weights = {"scales": np.array([1, 1, 1.5, 0.5], np.float32), "sizes": np.array([5, 9]), "two": array(2),
               "half": array(2, seed=1), "pads": np.array([1, 0, 2, 1]), "axes": np.array([2, 3])}  # fmt: skip
    return helped(nodes, {"x": array(1, 4, 4, 6)}, dict.fromkeys("abcdijkm", 1), weights, 18)


BATCH_AND_SIZE = {0: "n", 2: "h", 3: "w"}
CASES = {
    "unet": exported(UNet, (rand(1, 3, 8, 12),), dynamic=BATCH_AND_SIZE, more=[(rand(2, 3, 4, 8),)]),
    "unet_bilinear": exported(BilinearUNet, (rand(1, 1, 15, 9),), opset=12),
    "unet_bilinear_dynamo": exported(BilinearUNet, (rand(1, 1, 15, 9),), opset=18, dynamo=True),
    "dcgan": exported(dcgan, (rand(1, 5, 1, 1),), opset=9),
    "discriminator": exported(discriminator, (rand(1, 3, 16, 16),), opset=9),
    "espcn": exported(espcn, (rand(1, 1, 9, 7),), dynamic=BATCH_AND_SIZE, more=[(rand(1, 1, 4, 5),)]),
    "espcn_dynamo": exported(espcn, (rand(1, 1, 9, 7),), opset=18, dynamo=True),
    "style": exported(Style, (rand(1, 4, 7, 8),), opset=11),
    "style_dynamo": exported(Style, (rand(1, 4, 7, 8),), opset=20, dynamo=True),
    "autoencoder": exported(Autoencoder, (rand(2, 1, 10, 10),), opset=13),
    "mobilenet_v2": exported(MobileNetV2, (rand(1, 3, 10, 10),), opset=10, dynamic={0: "n"}, more=[(rand(2, 3, 10, 10),)]),
    "mobilenet_v2_dynamo": exported(
        MobileNetV2, (rand(2, 3, 9, 9),), opset=18, dynamic={0: "n"}, more=[(rand(3, 3, 9, 9),)], dynamo=True),
    "resnet": exported(ResNet, (rand(1, 3, 14, 15),), opset=9),
    "resnet_dynamo": exported(ResNet, (rand(1, 3, 13, 12),), opset=18, dynamo=True),
    "convnext": exported(ConvNeXt, (rand(1, 6, 8, 8),), opset=14),
    "convnext_dynamo": exported(ConvNeXt, (rand(1, 6, 8, 8),), opset=20, dynamo=True),
    "shufflenet": exported(ShuffleNet, (rand(1, 8, 4, 6),), dynamic=BATCH_AND_SIZE, more=[(rand(2, 8, 5, 3),)]),
    "shufflenet_dynamo": exported(
        ShuffleNet, (rand(2, 8, 4, 3),), opset=18, dynamic=BATCH_AND_SIZE, more=[(rand(3, 8, 2, 4),)], dynamo=True),
    "squeeze_excite": exported(SqueezeExcite, (rand(1, 3, 12, 12),), opset=14),
    "attention": exported(Attention, (rand(2, 8, 3, 4),), opset=16),
    "attention_dynamo": exported(Attention, (rand(2, 8, 4, 5),), opset=21, dynamo=True),
    "temporal": exported(Temporal, (rand(2, 2, 20),), opset=13, dynamic={0: "n", 2: "t"}, more=[(rand(1, 2, 32),)]),
    "temporal_dynamo": exported(Temporal, (rand(2, 2, 20),), opset=18, dynamo=True),
    "pyramid": exported(Pyramid, (rand(1, 4, 9, 7),), dynamic=BATCH_AND_SIZE, more=[(rand(2, 4, 6, 5),)]),
    "pyramid_dynamo": exported(Pyramid, (rand(1, 4, 9, 7),), opset=18, dynamo=True),
    "arithmetic": exported(Depth, (rand(1, 4, 5, 6),), opset=13),
    "arithmetic_dynamo": exported(Depth, (rand(1, 4, 5, 6),), opset=18, dynamo=True),
    "warp": exported(Warp, (rand(2, 3, 6, 5),), opset=16),
    "warp_dynamo": exported(Warp, (rand(2, 3, 6, 5),), opset=20, dynamo=True),
    "dynamic": exported(Dynamic, (rand(1, 3, 6, 8),), opset=11, dynamic=BATCH_AND_SIZE, more=[(rand(2, 3, 5, 7),)]),
    "dynamic_dynamo": exported(
        Dynamic, (rand(2, 3, 6, 8),), opset=18, dynamic=BATCH_AND_SIZE, more=[(rand(3, 3, 5, 4),)], dynamo=True),
    "darknet": exported(Darknet, (rand(1, 3, 12, 14),), opset=12),
    "darknet_dynamo": exported(Darknet, (rand(1, 3, 12, 14),), opset=18, dynamo=True),
    "deeplab": exported(Deeplab, (rand(1, 3, 6, 7),), opset=11),
    "deeplab_dynamo": exported(Deeplab, (rand(1, 3, 6, 7),), opset=18, dynamo=True),
    "segnet": segnet(),
    "opset7": opset7(),
    "resizes": resizes(),
}  # fmt: skip


def calls_file(calls):
    keys, listed = {}, []
    for number, call in enumerate(calls):
        listed.append([])
        for role, tensors in zip(("in", "out"), call):
            listed[-1].append({})
            for name, value in tensors.items():
                value = np.ascontiguousarray(value)
                key = (NAMES[str(value.dtype)], value.shape, value.tobytes())
                listed[-1][-1][name] = keys.setdefault(key, f"{number}.{role}.{name}")
    recipe = "tests/golden/onnx_files.py, CPU, one thread, oneDNN off"
    return safetensors(keys, {"torch": torch.__version__.split("+")[0], "recipe": recipe, "calls": compact(listed)})


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    torch.backends.mkldnn.set_flags(False)
    torch.backends.nnpack.set_flags(False)
    FOLDER.mkdir(exist_ok=True)
    total = 0
    for name in sys.argv[1:] or CASES:
        torch.manual_seed(0)
        model, calls = CASES[name]()
        content = unnamed(model).SerializeToString(deterministic=True)
        answers = calls_file(calls)
        (FOLDER / f"{name}.onnx").write_bytes(content)
        (FOLDER / f"{name}.safetensors").write_bytes(answers)
        total += len(content) + len(answers)
        print(f"{name:24} {len(content):8} {len(answers):8} bytes  {sorted({n.op_type for n in model.graph.node})}")
    print(f"{'together':24} {total:17} bytes")


if __name__ == "__main__":
    torch.manual_seed(1)
    main()
