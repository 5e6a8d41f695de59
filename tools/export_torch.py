"""A PyTorch module as a graph in tenfold's text form (tenfold/graph_text.hpp) with its weights as safetensors.

    python tools/export_torch.py FILE.py:CLASS --checkpoint F.pt --input 1,3,-1,-1 --out STEM

writes STEM.graph and STEM.safetensors. The module is traced by torch.fx, as it is in eval(), so that it may have any
operation that `OPERATIONS` below translates; MaxUnpool2d, which torch.onnx cannot write, is one. A checkpoint is a
state_dict or a pickled module; nothing of it is run (of a module only its parameters are taken). A size of -1 may be any
when the graph runs; where a size is needed as a number, as by an upsampling to another tensor's size, a graph with fixed
sizes has it written down, the other computes it.

Needs torch and numpy.
"""

import argparse
import collections
import importlib.util
import operator
import pathlib
import pickle
import sys
import types
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp

import tensor_file


class CannotExport(Exception):
    pass


# ------------------------------------------------------------------------------------------------------------ the text


def quoted(text):
    letters = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(letters.get(c, c if c >= " " and c != "\x7f" else f"\\x{ord(c):02x}") for c in text) + '"'


def name_text(name):
    plain = name and name not in ("-", "input", "output") and not any(c <= " " or c in ',;=()[]#@"\\\x7f' for c in name)
    return name if plain else quoted(name)


def value_text(value):
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(value_text, value)) + "]"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return str(value)
    text = repr(float(value))
    return text if any(c in text for c in ".en") else text + ".0"


def node_text(node):
    outputs, op, inputs, attributes = node
    line = f"{', '.join(map(name_text, outputs))} = {op}("
    line += ", ".join("-" if i is None else name_text(i) for i in inputs)
    if attributes:
        line += "; " + ", ".join(f"{key}={value_text(value)}" for key, value in attributes.items())
    return line + ")"


# --------------------------------------------------------------------------------------------------------- translation

# What need not be said. (docs/net.md has more defaults; these are the frequent ones.)
DEFAULTS = {
    "padding": [0, 0], "dilation": [1, 1], "groups": 1, "output_padding": [0, 0], "ceil_mode": False,
    "count_include_pad": True, "align_corners": False, "eps": 1e-5,
}  # fmt: skip

# The sizes of a tensor from dimension `begin` on, which are not known before it runs, and the number of its dimensions.
Size = collections.namedtuple("Size", "tensor begin dimensions")


def pair(value):
    return list(value) if isinstance(value, (list, tuple)) else [value, value]


class Exporter:
    def __init__(self, module, sizes, input_names=("x",), output_names=()):
        self.module, self.sizes = module, sizes
        self.static = all(size >= 0 for one in sizes for size in one)
        self.traced = fx.symbolic_trace(module)
        example = [torch.zeros([64 if size < 0 else size for size in one]) for one in sizes]
        with torch.no_grad():
            ShapeProp(self.traced).propagate(*example)
        self.inputs, self.outputs, self.nodes = [], [], []
        self.constants = {}
        self.input_names, self.output_names = list(input_names), list(output_names)

    # What translations ask for.

    def parameter(self, name):
        """The name of a parameter or buffer as a constant; None where the module has none there."""
        tensor = self.traced
        for part in name.split("."):
            tensor = getattr(tensor, part)
        if tensor is None:
            return None
        array = tensor.detach().cpu().numpy()
        self.constants[name] = array
        return name

    def scalar(self, value):
        name = f"scalar.{float(value)!r}"
        self.constants[name] = np.array(value, np.float32)
        return name

    def emit(self, op, inputs, attributes=None, outputs=None):
        outputs = outputs or [self.name]
        said = {
            key: value
            for key, value in (attributes or {}).items()
            if value is not None and not (key in DEFAULTS and DEFAULTS[key] == value)
        }
        if said.get("stride") == said.get("kernel_size", [1, 1]):  # a pool's stride, or a convolution's
            said.pop("stride", None)
        self.nodes.append((outputs, op, [self.tensor(i) for i in inputs], said))
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def tensor(self, value):
        """The name of what an operation takes: a tensor, a number, or a size that the run will know."""
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, (int, float)):
            return self.scalar(value)
        if isinstance(value, Size):
            name = f"{value.tensor}.size{value.begin or ''}"
            if not any(name in node[0] for node in self.nodes):
                self.nodes.append(([name], "shape", [value.tensor], {"start": value.begin} if value.begin else {}))
            return name
        if isinstance(value, (list, tuple)) and all(isinstance(v, int) for v in value):
            name = "sizes." + "x".join(map(str, value))
            self.constants[name] = np.array(value, np.int64)
            return name
        raise CannotExport(f"{self.name}: an operand {value!r}")

    # The walk.

    def value_of(self, argument):
        if isinstance(argument, fx.Node):
            return self.values[argument]
        if isinstance(argument, (list, tuple)):  # fx's own kinds of them too
            return (tuple if isinstance(argument, tuple) else list)(map(self.value_of, argument))
        if isinstance(argument, slice):
            return slice(*map(self.value_of, (argument.start, argument.stop, argument.step)))
        if isinstance(argument, dict):
            return {key: self.value_of(value) for key, value in argument.items()}
        return argument

    def shape_of(self, node):
        """A tensor's sizes, of which only the number of dimensions is true where an input's may be any."""
        return tuple(node.meta["tensor_meta"].shape)

    def size_of(self, node, value):
        return self.shape_of(node) if self.static else Size(value, 0, len(self.shape_of(node)))

    def run(self):
        self.values = {}
        for node in self.traced.graph.nodes:
            self.name, self.node = node.name, node
            args, kwargs = self.value_of(node.args), self.value_of(node.kwargs)
            if node.op == "placeholder":
                self.name = self.input_names[len(self.inputs)]
                self.inputs.append(self.name)
                value = self.name
            elif node.op == "output":
                self.finish(args[0])
                continue
            elif node.op == "get_attr":
                value = self.parameter(node.target)
            elif node.op == "call_module":
                value = self.call_module(self.traced.get_submodule(node.target), node.target, args)
            else:
                value = self.call(node, args, kwargs)
            self.values[node] = value
        clash = {name for node in self.nodes for name in node[0]} & set(self.constants)
        if clash:
            raise CannotExport(f"{sorted(clash)} are names of weights and of results")

    def finish(self, result):
        flat = [result] if isinstance(result, str) else list(result.values() if isinstance(result, dict) else result)
        if not all(isinstance(one, str) for one in flat):
            raise CannotExport(f"an output {result!r}")
        renamed = dict(zip(flat, self.output_names))
        self.nodes = [
            ([renamed.get(o, o) for o in outputs], op, [renamed.get(i, i) for i in inputs], attributes)
            for outputs, op, inputs, attributes in self.nodes
        ]
        self.outputs = [renamed.get(one, one) for one in flat]

    def call_module(self, m, target, args):
        for cls in type(m).__mro__:
            if cls in MODULES:
                return MODULES[cls](self, m, target, *args)
        raise CannotExport(f"{target}: a module of type {type(m).__name__}")

    def call(self, node, args, kwargs):
        target = node.target
        if target is operator.getitem:
            return self.getitem(*args)
        if (target == "size" and node.op == "call_method") or (target is getattr and args[1] == "shape"):
            size = self.size_of(node.args[0], args[0])
            return self.getitem(size, args[1]) if target == "size" and len(args) > 1 else size
        if target in ARITHMETIC and all(isinstance(a, (int, float)) for a in args):
            return target(*args)  # of sizes
        key = target if isinstance(target, str) else OPERATIONS_OF.get(target, getattr(target, "__name__", None))
        if key not in OPERATIONS:
            raise CannotExport(f"{node.name}: {getattr(target, '__name__', target)}")
        return OPERATIONS[key](self, *args, **kwargs)

    def getitem(self, value, index):
        if isinstance(value, Size):
            if isinstance(index, slice) and index.stop is None and index.step is None:
                begin = index.start or 0
                from_front = value.begin + begin if begin >= 0 else max(value.begin, value.dimensions + begin)
                return Size(value.tensor, from_front, value.dimensions)
            raise CannotExport(f"{self.name}: [{index}] of a size that is not known; give --input fixed sizes")
        if isinstance(value, (tuple, list)):
            return value[index]
        raise CannotExport(f"{self.name}: indexing a tensor")

    def text(self):
        lines = []
        for name, sizes in zip(self.inputs, self.sizes):
            lines.append(f"input {name_text(name)} float32 {value_text(list(sizes))}")
        return "\n".join(lines + [*map(node_text, self.nodes)] + [f"output {name_text(o)}" for o in self.outputs]) + "\n"


def padding_of(value):
    return value if isinstance(value, str) else pair(value)


def conv2d(e, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if padding == "same":
        padding = "same_upper"  # of an odd padding the larger half lies behind, as torch has it
    attributes = {"stride": pair(stride), "padding": padding_of(padding), "dilation": pair(dilation), "groups": groups}
    return e.emit("conv2d", [x, weight] + ([bias] if bias else []), attributes)


def conv2d_module(e, m, target, x):
    if getattr(m, "padding_mode", "zeros") != "zeros":
        raise CannotExport(f"{target}: padding_mode {m.padding_mode}")
    return conv2d(e, x, e.parameter(target + ".weight"), e.parameter(target + ".bias"), m.stride, m.padding, m.dilation,
                  m.groups)  # fmt: skip


def conv_transpose2d_module(e, m, target, x, output_size=None):
    attributes = {"stride": pair(m.stride), "padding": pair(m.padding), "dilation": pair(m.dilation), "groups": m.groups}
    if output_size is None:
        attributes["output_padding"] = pair(m.output_padding)
    elif isinstance(output_size, Size):
        raise CannotExport(f"{target}: an output_size that is not known; give --input fixed sizes")
    else:
        attributes["output_size"] = list(output_size)[-2:]
    inputs = [x, e.parameter(target + ".weight")]
    bias = e.parameter(target + ".bias")
    return e.emit("conv_transpose2d", inputs + ([bias] if bias else []), attributes)


def batch_norm_module(e, m, target, x):
    if m.running_mean is None:
        raise CannotExport(f"{target}: a batch norm without running statistics")
    inputs = [x] + [e.parameter(f"{target}.{role}") for role in ("running_mean", "running_var", "weight", "bias")]
    while inputs[-1] is None:
        inputs.pop()
    return e.emit("batch_norm", inputs, {"eps": float(m.eps)})


def max_pool2d(e, x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    attributes = {
        "kernel_size": pair(kernel_size), "stride": pair(stride or kernel_size), "padding": pair(padding),
        "dilation": pair(dilation), "ceil_mode": bool(ceil_mode),
    }  # fmt: skip
    return e.emit("max_pool2d", [x], attributes, [e.name, e.name + ".indices"] if return_indices else None)


def max_unpool2d(e, x, indices, kernel_size, stride=None, padding=0, output_size=None):
    attributes = {"kernel_size": pair(kernel_size), "stride": pair(stride or kernel_size), "padding": pair(padding)}
    if isinstance(output_size, Size):
        return e.emit("max_unpool2d", [x, indices, output_size], attributes)
    if output_size is not None:
        attributes["output_size"] = list(output_size)[-2:]
    return e.emit("max_unpool2d", [x, indices], attributes)


def avg_pool2d(e, x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    attributes = {
        "kernel_size": pair(kernel_size), "stride": pair(stride or kernel_size), "padding": pair(padding),
        "ceil_mode": bool(ceil_mode), "count_include_pad": bool(count_include_pad),
    }  # fmt: skip
    if divisor_override:
        attributes["divisor_override"] = divisor_override
    return e.emit("avg_pool2d", [x], attributes)


def interpolate(e, x, size=None, scale_factor=None, mode="nearest", align_corners=None, **others):
    if others.get("antialias") or others.get("recompute_scale_factor"):
        raise CannotExport(f"{e.name}: antialias or recompute_scale_factor")
    operations = {"nearest": "upsample_nearest2d", "nearest-exact": "upsample_nearest_exact2d",
                  "bilinear": "upsample_bilinear2d", "bicubic": "upsample_bicubic2d"}  # fmt: skip
    if mode not in operations:
        raise CannotExport(f"{e.name}: interpolation mode {mode}")
    corners = {"align_corners": bool(align_corners)} if mode in ("bilinear", "bicubic") else {}
    if scale_factor is not None:
        return e.emit(operations[mode], [x], {"scale": [float(s) for s in pair(scale_factor)], **corners})
    if not isinstance(size, Size):
        return e.emit(operations[mode], [x], {"output_size": pair(size), **corners})
    if mode != "bilinear" or size.begin != 2:
        raise CannotExport(f"{e.name}: a size that is not known, of mode {mode}; give --input fixed sizes")
    place = "align_corners" if align_corners else "pytorch_half_pixel"
    attributes = {"coordinate_transformation_mode": place, "mode": "linear", "dims": [2, 3]}
    return e.emit("onnx_resize", [x, None, None, size], attributes)


def flatten(e, x, start_dim=0, end_dim=-1):
    return e.emit("flatten", [x], {"start_dim": start_dim, "end_dim": end_dim})


def reshape(e, x, *sizes):
    sizes = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (list, tuple)) else sizes
    if not all(isinstance(size, int) for size in sizes):
        raise CannotExport(f"{e.name}: a shape that is not known; give --input fixed sizes")
    return e.emit("reshape", [x, list(sizes)], {"allowzero": 1})


def permute(e, x, *dims):
    return e.emit("permute", [x], {"dims": list(dims[0] if isinstance(dims[0], (list, tuple)) else dims)})


def binary(op):
    def translate(e, a, b, *, alpha=1):
        if alpha != 1:
            raise CannotExport(f"{e.name}: alpha")
        return e.emit(op, [a, b])

    return translate


def unary(op, *allowed):
    def translate(e, x, *ignored, inplace=False, **settings):
        unknown = set(settings) - set(allowed)
        if unknown:
            raise CannotExport(f"{e.name}: {sorted(unknown)}")
        return e.emit(op, [x], settings)

    return translate


def softmax(e, x, dim=None, **_):
    return e.emit("softmax", [x], {"dim": dim})


def clamp(e, x, min=None, max=None):
    bounds = {key: float(value) for key, value in (("min", min), ("max", max)) if value is not None}
    return e.emit("clamp", [x], bounds)


def mean(e, x, dim=None, keepdim=False):
    dims = {} if dim is None else {"dims": list(dim) if isinstance(dim, (list, tuple)) else [dim]}
    return e.emit("mean", [x], {**dims, "keepdim": bool(keepdim)})


def layer_norm(e, x, normalized_shape, weight=None, bias=None, eps=1e-5):
    inputs = [x] + ([weight] if weight is not None or bias is not None else []) + ([bias] if bias is not None else [])
    return e.emit("layer_norm", inputs, {"dim": -len(normalized_shape), "eps": float(eps)})


def transpose(e, x, first, second):
    dims = list(range(len(e.shape_of(e.node.args[0]))))
    dims[first], dims[second] = dims[second], dims[first]
    return e.emit("permute", [x], {"dims": dims})


def chunk(e, x, chunks, dim=0):
    size = e.shape_of(e.node.args[0])[dim]
    if not e.static and dim != 1:
        raise CannotExport(f"{e.name}: a dimension that is not known is cut; give --input fixed sizes")
    step = -(-size // chunks)
    outputs = [f"{e.name}.{i}" for i in range(-(-size // step))]
    parts = e.emit("split", [x], {"dim": dim, "split_size": step}, outputs)
    return parts if isinstance(parts, tuple) else (parts,)


MODULES = {
    nn.Conv2d: conv2d_module,
    nn.ConvTranspose2d: conv_transpose2d_module,
    nn.BatchNorm2d: batch_norm_module,
    nn.Linear: lambda e, m, t, x: e.emit(
        "linear", [x, e.parameter(t + ".weight")] + ([e.parameter(t + ".bias")] if m.bias is not None else [])
    ),
    nn.MaxPool2d: lambda e, m, t, x: max_pool2d(
        e, x, m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode, m.return_indices
    ),
    nn.MaxUnpool2d: lambda e, m, t, x, indices, size=None: max_unpool2d(
        e, x, indices, m.kernel_size, m.stride, m.padding, size
    ),
    nn.AvgPool2d: lambda e, m, t, x: avg_pool2d(
        e, x, m.kernel_size, m.stride, m.padding, m.ceil_mode, m.count_include_pad, m.divisor_override
    ),
    nn.AdaptiveAvgPool2d: lambda e, m, t, x: e.emit("adaptive_avg_pool2d", [x], {"output_size": pair(m.output_size)}),
    nn.Upsample: lambda e, m, t, x: interpolate(e, x, m.size, m.scale_factor, m.mode, m.align_corners),
    nn.PixelShuffle: lambda e, m, t, x: e.emit("pixel_shuffle", [x], {"upscale_factor": m.upscale_factor}),
    nn.Flatten: lambda e, m, t, x: flatten(e, x, m.start_dim, m.end_dim),
    nn.Softmax: lambda e, m, t, x: softmax(e, x, m.dim),
    nn.ReLU: lambda e, m, t, x: e.emit("relu", [x]),
    nn.Sigmoid: lambda e, m, t, x: e.emit("sigmoid", [x]),
    nn.Tanh: lambda e, m, t, x: e.emit("tanh", [x]),
    nn.SiLU: lambda e, m, t, x: e.emit("silu", [x]),
    nn.Hardswish: lambda e, m, t, x: e.emit("hardswish", [x]),
    nn.LeakyReLU: lambda e, m, t, x: e.emit("leaky_relu", [x], {"negative_slope": float(m.negative_slope)}),
    nn.ELU: lambda e, m, t, x: e.emit("elu", [x], {"alpha": float(m.alpha)}),
    nn.GELU: lambda e, m, t, x: e.emit("gelu", [x], {"approximate": m.approximate}),
    nn.LayerNorm: lambda e, m, t, x: layer_norm(
        e, x, m.normalized_shape, e.parameter(t + ".weight"), e.parameter(t + ".bias"), m.eps
    ),
    nn.ReLU6: lambda e, m, t, x: clamp(e, x, 0, 6),
    nn.Hardtanh: lambda e, m, t, x: clamp(e, x, m.min_val, m.max_val),
    nn.Hardsigmoid: lambda e, m, t, x: e.emit("hardsigmoid", [x]),
    nn.Identity: lambda e, m, t, x: x,
    nn.Dropout: lambda e, m, t, x: x,
    nn.Dropout2d: lambda e, m, t, x: x,
}

OPERATIONS = {
    "add": binary("add"), "sub": binary("sub"), "mul": binary("mul"), "div": binary("div"),
    "relu": unary("relu"), "sigmoid": unary("sigmoid"), "tanh": unary("tanh"), "silu": unary("silu"),
    "softmax": softmax, "flatten": flatten, "view": reshape, "reshape": reshape, "permute": permute,
    "contiguous": lambda e, x: x, "dropout": lambda e, x, *a, **k: x,
    "cat": lambda e, tensors, dim=0: e.emit("cat", tensors, {"dim": dim}),
    "conv2d": conv2d, "max_pool2d": max_pool2d, "max_unpool2d": max_unpool2d, "avg_pool2d": avg_pool2d,
    "adaptive_avg_pool2d": lambda e, x, size: e.emit("adaptive_avg_pool2d", [x], {"output_size": pair(size)}),
    "interpolate": interpolate, "clamp": clamp, "mean": mean, "layer_norm": layer_norm, "transpose": transpose,
    "chunk": chunk, "hardswish": unary("hardswish"), "hardsigmoid": unary("hardsigmoid"),
    "relu6": lambda e, x, *_, **__: clamp(e, x, 0, 6),
    "stochastic_depth": lambda e, x, *_, **__: x,  # torchvision's, which does nothing in eval()
}  # fmt: skip

ARITHMETIC = {operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod}

OPERATIONS_OF = {
    operator.add: "add", operator.iadd: "add", operator.sub: "sub", operator.mul: "mul", operator.truediv: "div",
    torch.add: "add", torch.sub: "sub", torch.mul: "mul", torch.div: "div", torch.cat: "cat", torch.flatten: "flatten",
    torch.relu: "relu", F.relu: "relu", torch.sigmoid: "sigmoid", torch.tanh: "tanh", F.silu: "silu",
    F.softmax: "softmax", torch.softmax: "softmax", F.dropout: "dropout", torch.reshape: "reshape",
    torch.conv2d: "conv2d", F.conv2d: "conv2d", F.max_unpool2d: "max_unpool2d", F.avg_pool2d: "avg_pool2d",
    torch.clamp: "clamp", torch.mean: "mean", F.layer_norm: "layer_norm", torch.transpose: "transpose",
    torch.chunk: "chunk", torch.permute: "permute", F.adaptive_avg_pool2d: "adaptive_avg_pool2d", F.interpolate: "interpolate", F.max_pool2d: "max_pool2d",
}  # fmt: skip


def export(module, sizes, stem, input_names=("x",), output_names=(), weights=True):
    """Writes stem.graph and, if asked for, stem.safetensors."""
    exporter = Exporter(module.eval(), sizes, input_names, output_names)
    exporter.run()
    pathlib.Path(f"{stem}.graph").write_text(exporter.text())
    if weights:
        tensor_file.write(f"{stem}.safetensors", exporter.constants, {"format": "pt"})
    return exporter


# ---------------------------------------------------------------------------------------------------------- checkpoints


class Lookalike(nn.Module):
    """Stands in for a pickled module's own class, which is not run."""


class Unpickler(pickle.Unpickler):
    """Makes tensors and modules, and calls nothing else: a checkpoint is somebody else's program."""

    def find_class(self, module, name):
        if module == "collections" and name == "OrderedDict":
            return collections.OrderedDict
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter"):
            return super().find_class(module, name)
        if module == "torch" and (name.endswith("Storage") or name in ("Size", "float32", "float64", "int64")):
            return super().find_class(module, name)
        if module in ("torch.nn.parameter", "torch") and name == "Parameter":
            return nn.Parameter
        # Modules, whose classes are only looked at; and the backend's name in checkpoints of old versions.
        if module.startswith("torch.nn.") and isinstance(getattr(nn, name, None), type):
            found = getattr(nn, name)
            return found if issubclass(found, nn.Module) else Lookalike
        if module.startswith("torch.nn.backends"):
            return lambda *_: None
        if module.split(".")[0] in ("torch", "builtins", "os", "sys", "posix", "nt", "subprocess"):
            raise pickle.UnpicklingError(f"{module}.{name} is not taken from a checkpoint")
        return type(name, (Lookalike,), {})


def load_checkpoint(path):
    """The state_dict that a file holds, or that of the module in it."""
    restricted = types.SimpleNamespace(
        __name__="restricted", Unpickler=Unpickler, load=lambda f, **k: Unpickler(f, **k).load(), loads=None
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old checkpoints bring the source text of their modules, and torch compares it
        found = torch.load(path, map_location="cpu", weights_only=False, pickle_module=restricted)
    if isinstance(found, nn.Module):
        return found.state_dict()
    for key in ("state_dict", "model_state_dict"):
        if isinstance(found, dict) and key in found:
            found = found[key]
    if not isinstance(found, dict) or not all(isinstance(v, torch.Tensor) for v in found.values()):
        raise CannotExport(f"{path}: neither a state_dict nor a module")
    return found


def module_of(reference):
    file, _, name = reference.rpartition(":")
    spec = importlib.util.spec_from_file_location(pathlib.Path(file).stem, file)
    if spec is None:
        raise CannotExport(f"{reference}: FILE.py:CLASS is wanted")
    loaded = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(pathlib.Path(file).resolve().parent))
    spec.loader.exec_module(loaded)
    return getattr(loaded, name)()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("module", metavar="FILE.py:CLASS", help="called without arguments, gives the module")
    parser.add_argument("--checkpoint", help="a state_dict or a pickled module")
    parser.add_argument("--input", action="append", default=[], help="an input's sizes, such as 1,3,-1,-1")
    parser.add_argument("--outputs", default="", help="names of the outputs, with commas")
    parser.add_argument("--out", required=True, metavar="STEM", help="writes STEM.graph and STEM.safetensors")
    arguments = parser.parse_args()
    sizes = [[int(size) for size in one.split(",")] for one in arguments.input or ["1,3,-1,-1"]]
    names = ["x"] if len(sizes) == 1 else [f"x{i}" for i in range(len(sizes))]
    try:
        module = module_of(arguments.module)
        if arguments.checkpoint:
            missing, unused = module.load_state_dict(load_checkpoint(arguments.checkpoint), strict=False)
            if missing:
                raise CannotExport(f"{arguments.checkpoint} has no {', '.join(missing)}")
            if unused:
                print(f"not used: {', '.join(unused)}")
        outputs = [name for name in arguments.outputs.split(",") if name]
        exporter = export(module, sizes, arguments.out, names, outputs)
    except (CannotExport, pickle.UnpicklingError, RuntimeError) as e:
        sys.exit(f"export_torch.py: {e}")
    print(f"{arguments.out}.graph: {len(exporter.nodes)} nodes, {len(exporter.constants)} weights")


if __name__ == "__main__":
    main()
