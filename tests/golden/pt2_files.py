"""Writes pt2/NAME.pt2 and pt2/NAME_core.pt2, small networks as torch.export.save writes them, before and after
run_decompositions, and pt2/NAME.safetensors, inputs and what PyTorch answers. README.md says how.

    pip install torch==2.15.0 onnx==1.23.2 numpy
    python pt2_files.py [NAME ...]
"""

import io
import json
import pathlib
import sys
import warnings
import zipfile

import torch
import torch.nn as nn
import torch.nn.functional as F

import onnx_files
from generate import compact, safetensors
from onnx_files import NAMES, rand, settled

FOLDER = pathlib.Path(__file__).parent / "pt2"


# ---- networks beside those of onnx_files.py


class SegNet(nn.Module):
    """Pooling whose indices the unpooling takes, and activations in place."""

    def __init__(self):
        super().__init__()
        self.first, self.second = onnx_files.conv_bn_relu(2, 4), nn.Conv2d(4, 6, 3, padding=1)
        self.pool, self.unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)
        self.third, self.fourth = nn.Conv2d(6, 4, 3, padding="same"), nn.Conv2d(4, 2, 3, padding=1)
        self.leaky = nn.Sequential(nn.LeakyReLU(0.1, inplace=True), nn.Dropout(0.2, inplace=True))

    def forward(self, x):
        y, first = self.pool(self.first(x))
        y, second = self.pool(F.relu_(self.second(y)))
        y = self.leaky(self.third(self.unpool(y, second)))
        return self.fourth(self.unpool(y, first)), second


class Bare(nn.Module):
    """Moves and arithmetic that PyTorch has operators of its own for."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4, -0.2, 0.1, 0.3]).view(4, 1, 1), persistent=False)
        self.register_buffer("taps", rand(3, 3, 4, 4).permute(3, 2, 0, 1))  # stored in another order
        self.table = nn.Embedding(6, 4)

    def forward(self, x, tokens):
        y = F.conv2d((x - self.mean) / 0.5, self.taps, padding=1, stride=(1, 2))
        y = F.pad(y, (1, 2, 0, 1), mode="replicate") + F.pad(y, (2, 1, 1, 0), value=0.25)
        y = torch.stack([y, 2 * y, torch.rsub(y, 1, alpha=3)], 1).flatten(1, 2)
        a, b, c = y.split([3, 5, 4], 1)
        y = torch.cat([F.channel_shuffle(b.narrow(1, 1, 4), 2), F.celu(a) * 2, F.mish(c), F.softsign(c.flip(-1))], 1)
        y = F.pixel_unshuffle(y[:, :8, 1:, :-1].repeat(1, 1, 2, 2), 2).transpose(-1, -2)
        y = torch.clamp(F.hardtanh(y, -2, 2) + F.log_softmax(y, 1), min=-30).unsqueeze(1).sum(1) ** 2 * 0.02
        return y.select(1, 2).softmax(-1, dtype=torch.float32), self.table(tokens).to(torch.float64), y.max() < 3


class Adapt(nn.Module):
    """Pools and norms of whole numbers of groups, of a batch, and of one dimension."""

    def __init__(self):
        super().__init__()
        self.group, self.line = nn.GroupNorm(3, 6), nn.BatchNorm1d(6)
        self.instance = nn.InstanceNorm2d(6)

    def forward(self, x):
        y = self.instance(F.adaptive_avg_pool2d(self.group(x), (3, 4)))
        z = self.line(F.avg_pool1d(y.flatten(2), 3, stride=2, padding=1, ceil_mode=True))
        q = z.permute(0, 2, 1)
        z = F.scaled_dot_product_attention(q, q, F.selu(q)) + F.rms_norm(q, (6,)).square().mean(1, keepdim=True)
        return z.std(1), F.max_pool1d(z, 2), torch.baddbmm(z, q @ q.mT, z), F.relu6(y).amin((2, 3))


# ---- exporting

BATCH_AND_SIZE = {0: "n", 2: "h", 3: "w"}


def case(make, inputs, dynamic=None, more=(), core=True):
    """Its inputs, those of other sizes where sizes may be any, and whether the decomposed program is written too."""
    return make, inputs, dynamic, more, core


o = onnx_files
CASES = {
    "unet": case(o.UNet, (rand(1, 3, 8, 12),)),
    "unet_bilinear": case(o.BilinearUNet, (rand(1, 1, 15, 9),), core=False),
    "dcgan": case(o.dcgan, (rand(1, 5, 1, 1),)),
    "discriminator": case(o.discriminator, (rand(1, 3, 16, 16),)),
    "espcn": case(o.espcn, (rand(2, 1, 9, 7),), dynamic={0: "n"}, more=[(rand(3, 1, 9, 7),)]),
    "style": case(o.Style, (rand(1, 4, 7, 8),)),
    "autoencoder": case(o.Autoencoder, (rand(2, 1, 10, 10),)),
    "mobilenet_v2": case(o.MobileNetV2, (rand(2, 3, 10, 10),), dynamic={0: "n"}, more=[(rand(3, 3, 10, 10),)]),
    "resnet": case(o.ResNet, (rand(1, 3, 14, 15),)),
    "convnext": case(o.ConvNeXt, (rand(1, 6, 8, 8),)),
    "shufflenet": case(o.ShuffleNet, (rand(2, 8, 4, 6),), dynamic=BATCH_AND_SIZE, more=[(rand(3, 8, 5, 3),)]),
    "squeeze_excite": case(o.SqueezeExcite, (rand(1, 3, 12, 12),)),
    "attention": case(o.Attention, (rand(2, 8, 3, 4),)),
    "temporal": case(o.Temporal, (rand(2, 2, 20),)),
    "pyramid": case(o.Pyramid, (rand(1, 4, 9, 7),), core=False),
    "arithmetic": case(o.Depth, (rand(1, 4, 5, 6),)),
    "warp": case(o.Warp, (rand(2, 3, 6, 5),), core=False),
    "dynamic": case(o.Dynamic, (rand(2, 3, 6, 8),), dynamic=BATCH_AND_SIZE, more=[(rand(3, 3, 5, 7),)], core=False),
    "darknet": case(o.Darknet, (rand(1, 3, 12, 14),)),
    "deeplab": case(o.Deeplab, (rand(1, 3, 6, 7),), core=False),
    "segnet": case(SegNet, (rand(2, 2, 12, 8),)),
    "bare": case(Bare, (rand(2, 4, 6, 8), torch.tensor([[1, 0, 5], [2, 2, 4]]))),
    "adapt": case(Adapt, (rand(1, 6, 7, 9),)),
}


def without_traces(archive, name):
    """The archive without the places in source files and the example's inputs, its records as they were: each at a
    multiple of 64 bytes and not deflated. Of most networks the graphs are, so that the files are small."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(result, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if "/sample_inputs/" in entry.filename or "/.data/" in entry.filename:
                continue
            if entry.filename.endswith("models/model.json"):
                program = json.loads(content)
                for node in program["graph_module"]["graph"]["nodes"]:
                    node["metadata"] = {}
                program["graph_module"]["module_call_graph"] = program["graph_module"]["module_call_graph"][:1]
                content = json.dumps(program, separators=(",", ":")).encode()
            record = zipfile.ZipInfo(entry.filename)
            begin = new.fp.tell() + 30 + len(record.filename)
            padding = -(begin + 4) % 64
            record.extra = b"FB" + padding.to_bytes(2, "little") + bytes(padding)
            is_graph = len(content) > 4096 and entry.filename.endswith(".json") and not name.startswith("unet")
            new.writestr(record, content, zipfile.ZIP_DEFLATED if is_graph else zipfile.ZIP_STORED)
    return result.getvalue()


def saved(program, name):
    buffer = io.BytesIO()
    torch.export.save(program, buffer)
    return without_traces(buffer.getvalue(), name)


def names_of(program):
    users = [s.arg.name for s in program.graph_signature.input_specs if s.kind.name == "USER_INPUT"]
    return users, [s.arg.name for s in program.graph_signature.output_specs]


def calls_file(calls):
    keys, listed = {}, []
    for number, call in enumerate(calls):
        listed.append([])
        for role, tensors in zip(("in", "out"), call):
            listed[-1].append([])
            for place, value in enumerate(tensors):
                value = value.numpy()
                value = value.astype("int64") if value.dtype == bool else value
                key = (NAMES[str(value.dtype)], value.shape, value.tobytes())
                listed[-1][-1].append(keys.setdefault(key, f"{number}.{role}.{place}"))
    recipe = "tests/golden/pt2_files.py, CPU, one thread, oneDNN off"
    return safetensors(keys, {"torch": torch.__version__.split("+")[0], "recipe": recipe, "calls": compact(listed)})


def write(name):
    make, inputs, dynamic, more, core = CASES[name]
    module = settled(make())
    sizes = tuple({d: torch.export.Dim(n, min=2 if n == "n" else 3) for d, n in dynamic.items()} for _ in inputs) if dynamic else None
    program = torch.export.export(module, inputs, dynamic_shapes=sizes)
    files = {f"{name}.pt2": saved(program, name)}
    operators = {str(n.target) for n in program.graph.nodes if n.op == "call_function"}
    if core:
        decomposed = program.run_decompositions()
        files[f"{name}_core.pt2"] = saved(decomposed, name)
        operators |= {str(n.target) for n in decomposed.graph.nodes if n.op == "call_function"}
    calls = []
    for given in (inputs, *more):
        results = module(*given)
        calls.append((given, results if isinstance(results, tuple) else (results,)))
    files[f"{name}.safetensors"] = calls_file(calls)
    for file, content in files.items():
        (FOLDER / file).write_bytes(content)
    print(f"{name:16} {sum(map(len, files.values())):8} bytes  {sorted(operators)}")
    return sum(map(len, files.values()))


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
        total += write(name)
    print(f"{'together':16} {total:8} bytes")


if __name__ == "__main__":
    main()
