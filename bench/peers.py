"""The runtimes that compare.py sets beside tenfold, one process each:

    python peers.py PEER THREADS

Requests come as lines of JSON on stdin, one answer each goes to stdout:

    {"load": [op, variant, sizes]}  {"norm": ...}, the norm of the output; or {"skip": the reason}
    {"time": seconds}               {"ms": ...}, the median of 5 means over a fifth of the time each

All peers get the same numbers, so that equal norms show that they compute the same. Weights are constants for
onnxruntime, openvino and ncnn, which prepare them once; torch gets them at each call. onnxruntime, openvino and
torch_out write to outputs that are allocated beforehand, torch and ncnn allocate theirs.
"""

import ctypes
import gc
import importlib.metadata
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

BLOCKS = 5


class Skip(Exception):
    """This peer does not have that operation."""


# ---- operands --------------------------------------------------------------------------------------------------------


def randoms(*shapes, dtype=np.float32):
    generator = np.random.default_rng(0)
    return [generator.standard_normal(shape, dtype) for shape in shapes]


class Convolution:
    """A line of layers.txt for conv2d or conv_transpose2d, and its operands."""

    def __init__(self, op, sizes):
        self.transposed = op.startswith("conv_transpose2d")
        if not self.transposed:
            sizes = [*sizes[:8], 0, *sizes[8:]]
        (self.n, self.c, self.h, self.w, self.o, self.kernel, self.stride, self.padding, self.output_padding,
         self.dilation, self.groups) = sizes
        outer, inner = (self.c, self.o) if self.transposed else (self.o, self.c)
        self.x, self.weight, self.bias = randoms((self.n, self.c, self.h, self.w),
                                                 (outer, inner // self.groups, self.kernel, self.kernel), (self.o,))
        self.weight *= 0.05


class Columns:
    """A line of layers.txt for im2col, and the operands of im2col (x) and col2im (columns)."""

    def __init__(self, sizes):
        n, c, h, w, self.kernel, self.stride, self.padding, self.dilation = sizes
        count = [(side + 2 * self.padding - self.dilation * (self.kernel - 1) - 1) // self.stride + 1 for side in (h, w)]
        self.image = (h, w)
        self.x, self.columns = randoms((n, c, h, w), (n, c * self.kernel**2, count[0] * count[1]))


# ---- peers: load(op, variant, sizes) gives (call, output of a call) --------------------------------------------------


class Torch:
    def __init__(self, threads):
        import torch
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        torch.set_grad_enabled(False)
        self.torch, self.version = torch, torch.__version__

    def load(self, op, variant, sizes):
        call = getattr(self, op)(op, variant, sizes)
        result = call()
        if isinstance(result, tuple):  # gradients that are left out are None
            result = next(part for part in result if part is not None)
        return call, result.numpy()

    def tensors(self, *arrays):
        return map(self.torch.from_numpy, arrays)

    def conv2d(self, op, variant, sizes):
        l = Convolution(op, sizes)
        x, w, b = self.tensors(l.x, l.weight, l.bias)
        return lambda: self.torch.nn.functional.conv2d(x, w, b, l.stride, l.padding, l.dilation, l.groups)

    def conv_transpose2d(self, op, variant, sizes):
        l = Convolution(op, sizes)
        x, w, b = self.tensors(l.x, l.weight, l.bias)
        return lambda: self.torch.nn.functional.conv_transpose2d(x, w, b, l.stride, l.padding, l.output_padding,
                                                                 l.groups, l.dilation)

    def conv2d_backward(self, op, variant, sizes):
        l = Convolution(op, sizes)
        x, w, b = self.tensors(l.x, l.weight, l.bias)
        forward = dict(stride=l.stride, padding=l.padding, dilation=l.dilation, groups=l.groups)
        if l.transposed:
            y = self.torch.nn.functional.conv_transpose2d(x, w, b, output_padding=l.output_padding, **forward)
        else:
            y = self.torch.nn.functional.conv2d(x, w, b, **forward)
        mask = [variant != "weight", True, True]
        return lambda: self.torch.ops.aten.convolution_backward(
            y, x, w, [l.o], [l.stride] * 2, [l.padding] * 2, [l.dilation] * 2, l.transposed, [l.output_padding] * 2,
            l.groups, mask)

    conv_transpose2d_backward = conv2d_backward

    def gradient(self, name, *arguments):
        """A call of a gradient of torch.ops.aten."""
        operator = getattr(self.torch.ops.aten, name)
        return lambda: operator(*arguments)

    def max_pool2d(self, op, variant, sizes):
        *shape, kernel, stride, padding = sizes
        x, = self.tensors(*randoms(shape))
        if variant == "backward":
            values, indices = Torch.max_pool2d(self, op, "indices", sizes)()
            window = [kernel] * 2, [stride] * 2, [padding] * 2, [1, 1], False
            return self.gradient("max_pool2d_with_indices_backward", values, x, *window, indices)
        return lambda: self.torch.nn.functional.max_pool2d(x, kernel, stride, padding,
                                                           return_indices=variant == "indices")

    def max_unpool2d(self, op, variant, sizes):
        n, c, h, w, kernel, stride = sizes
        values, indices = Torch.max_pool2d(self, op, "indices", [*sizes, 0])()
        if variant == "backward":  # what autograd does
            gradient = self.torch.from_numpy(randoms((n, c, h * w))[0])
            return lambda: gradient.gather(-1, indices.view(n, c, -1)).view(indices.shape)
        return lambda: self.torch.nn.functional.max_unpool2d(values, indices, kernel, stride, 0, (h, w))

    def upsample2d(self, op, variant, sizes):
        *shape, height, width = sizes
        if variant.endswith("backward"):
            gradient, = self.tensors(*randoms((*shape[:2], height, width)))
            align_corners = [False] if variant.startswith("bilinear") else []
            name = f"upsample_{variant.replace('_', '2d_')}"
            return self.gradient(name, gradient, [height, width], shape, *align_corners)
        x, = self.tensors(*randoms(shape))
        return lambda: self.torch.nn.functional.interpolate(x, (height, width), mode=variant)

    def im2col(self, op, variant, sizes):
        l = Columns(sizes)
        x, columns = self.tensors(l.x, l.columns)
        window = l.kernel, l.dilation, l.padding, l.stride
        if variant == "im2col":
            return lambda: self.torch.nn.functional.unfold(x, *window)
        return lambda: self.torch.nn.functional.fold(columns, l.image, *window)

    def activation(self, op, variant, sizes):
        if variant == "prelu_backward":  # what autograd does
            gradient, x, slope = *self.tensors(*randoms(sizes, sizes)), self.torch.full((1,), 0.25)

            def call():
                of_input, of_slopes = self.torch.ops.aten._prelu_kernel_backward(gradient, x, slope)
                return of_input, of_slopes.sum_to_size(1)

            return call
        if variant.endswith("backward"):
            parameters = {"relu_backward": (0,), "leaky_relu_backward": (0.01, False), "hardtanh_backward": (-1, 1)}
            name = "threshold_backward" if variant == "relu_backward" else variant
            return self.gradient(name, *self.tensors(*randoms(sizes, sizes)), *parameters.get(variant, ()))
        x, = self.tensors(*randoms(sizes))
        call = getattr(self.torch if variant in ("sigmoid", "tanh") else self.torch.nn.functional, variant)
        return lambda: call(x)

    def arithmetic_operands(self, variant, sizes):
        others = {"channels": (sizes[1], 1, 1), "row": (sizes[3],)}
        name, *other = variant.split("_")
        return name, self.tensors(*randoms(sizes, others[other[0]] if other else sizes))

    def arithmetic(self, op, variant, sizes):
        name, operands = self.arithmetic_operands(variant, sizes)
        return lambda: getattr(self.torch, name)(*operands)


class TorchOut(Torch):
    """PyTorch's kernels with out=, where they have it: torch.nn.functional hides it, but tenfold's _into has it too."""

    def into(self, name, *arguments):
        operator = getattr(self.torch.ops.aten, name)
        results = operator(*arguments)
        outputs = dict(zip(("out", "indices"), results if isinstance(results, tuple) else (results,)))
        return lambda: operator.out(*arguments, **outputs)

    def gradient(self, name, *arguments):
        operator = getattr(self.torch.ops.aten, name)
        result = operator(*arguments)
        if "grad_input" in operator.overloads():
            return lambda: operator.grad_input(*arguments, grad_input=result)
        return lambda: operator.out(*arguments, out=result)

    def max_pool2d(self, op, variant, sizes):
        if variant == "values":
            raise Skip("no out= without indices")
        if variant == "backward":
            return super().max_pool2d(op, variant, sizes)
        *shape, kernel, stride, padding = sizes
        return self.into("max_pool2d_with_indices", *self.tensors(*randoms(shape)), [kernel] * 2, [stride] * 2,
                         [padding] * 2)

    def max_unpool2d(self, op, variant, sizes):
        if variant == "backward":
            raise Skip("several operators")
        values, indices = super().max_pool2d(op, "indices", [*sizes, 0])()
        return self.into("max_unpool2d", values, indices, sizes[2:4])

    def upsample2d(self, op, variant, sizes):
        if variant.endswith("backward"):
            return super().upsample2d(op, variant, sizes)
        *shape, height, width = sizes
        align_corners = [False] if variant == "bilinear" else []
        return self.into(f"upsample_{variant}2d", *self.tensors(*randoms(shape)), [height, width], *align_corners)

    def im2col(self, op, variant, sizes):
        l = Columns(sizes)
        x, columns = self.tensors(l.x, l.columns)
        window = [l.kernel] * 2, [l.dilation] * 2, [l.padding] * 2, [l.stride] * 2
        if variant == "im2col":
            return self.into("im2col", x, *window)
        return self.into("col2im", columns, l.image, *window)

    def activation(self, op, variant, sizes):
        if variant == "prelu_backward":
            raise Skip("several operators")
        if variant.endswith("backward"):
            return super().activation(op, variant, sizes)
        x, = self.tensors(*randoms(sizes))
        if variant == "relu":
            return self.into("clamp_min", x, 0)  # what PyTorch's relu is on the CPU
        return self.into(variant, x)

    def arithmetic(self, op, variant, sizes):
        name, operands = self.arithmetic_operands(variant, sizes)
        return self.into(name, *operands)


class SlowConvTranspose2d(Torch):
    """torch.ops.aten.slow_conv_transpose2d: the column-matrix kernel under its own name."""

    def conv_transpose2d(self, op, variant, sizes):
        l = Convolution(op, sizes)
        if l.groups > 1:
            raise Skip("no groups")
        x, w, b = self.tensors(l.x, l.weight, l.bias)
        return lambda: self.torch.ops.aten.slow_conv_transpose2d(
            x, w, [l.kernel] * 2, b, [l.stride] * 2, [l.padding] * 2, [l.output_padding] * 2, [l.dilation] * 2)


def onnx_model(op, attributes, inputs, constants={}, outputs=("y",)):
    """A model of one node, and its inputs. inputs, constants: {name: array}; a constant None is left out."""
    from onnx import helper, numpy_helper
    kind = helper.np_dtype_to_tensor_dtype
    names = [*inputs, *("" if array is None else name for name, array in constants.items())]
    types = [np.float32, np.int64][:len(outputs)]
    graph = helper.make_graph(
        [helper.make_node(op, names, outputs, **attributes)], "layer",
        [helper.make_tensor_value_info(name, kind(array.dtype), array.shape) for name, array in inputs.items()],
        [helper.make_tensor_value_info(name, kind(np.dtype(t)), None) for name, t in zip(outputs, types)],
        [numpy_helper.from_array(array, name) for name, array in constants.items() if array is not None])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 8
    return model.SerializeToString(), inputs


class Onnx:
    """The layers as ONNX models: op(op, variant, sizes) gives (model, {input: array})."""

    @staticmethod
    def conv2d(op, variant, sizes):
        l = Convolution(op, sizes)
        attributes = dict(strides=[l.stride] * 2, pads=[l.padding] * 4, dilations=[l.dilation] * 2, group=l.groups,
                          kernel_shape=[l.kernel] * 2)
        if l.transposed:
            attributes["output_padding"] = [l.output_padding] * 2
        return onnx_model("ConvTranspose" if l.transposed else "Conv", attributes, {"x": l.x},
                          {"w": l.weight, "b": l.bias})

    conv_transpose2d = conv2d

    @staticmethod
    def max_pool2d(op, variant, sizes):
        *shape, kernel, stride, padding = sizes
        attributes = dict(strides=[stride] * 2, pads=[padding] * 4, kernel_shape=[kernel] * 2)
        return onnx_model("MaxPool", attributes, {"x": randoms(shape)[0]},
                          outputs=("y", "i") if variant == "indices" else ("y",))

    @staticmethod
    def upsample2d(op, variant, sizes):
        modes = {"nearest": dict(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
                 "bilinear": dict(mode="linear", coordinate_transformation_mode="pytorch_half_pixel")}
        return onnx_model("Resize", modes[variant], {"x": randoms(sizes[:4])[0]},
                          {"roi": None, "scales": None, "sizes": np.array([*sizes[:2], *sizes[4:]])})

    @staticmethod
    def im2col(op, variant, sizes):
        if variant == "im2col":
            raise Skip("ONNX has no im2col")
        l = Columns(sizes)
        attributes = dict(dilations=[l.dilation] * 2, pads=[l.padding] * 4, strides=[l.stride] * 2)
        return onnx_model("Col2Im", attributes, {"x": l.columns},
                          {"image": np.array(l.image), "block": np.array([l.kernel] * 2)})

    @staticmethod
    def activation(op, variant, sizes):
        names = {"relu": "Relu", "sigmoid": "Sigmoid", "leaky_relu": "LeakyRelu", "hardswish": "HardSwish",
                 "tanh": "Tanh", "elu": "Elu", "softplus": "Softplus"}
        if variant not in names:
            raise Skip("no operator in opset 18")
        return onnx_model(names[variant], {}, {"x": randoms(sizes)[0]})


class OnnxRuntime:
    def __init__(self, threads):
        import onnxruntime
        self.runtime, self.version, self.threads = onnxruntime, onnxruntime.__version__, threads

    def session(self, model):
        options = self.runtime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.log_severity_level = 3
        return self.runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def load(self, op, variant, sizes):
        call, results = self.bound(*self.model(op, variant, sizes))
        return call, results[0]

    def bound(self, model, inputs):
        """A call whose outputs lie where those of a first run did, and that run's outputs."""
        session = self.session(model)
        results = session.run(None, inputs)
        binding = session.io_binding()
        for name, array in inputs.items():
            binding.bind_cpu_input(name, array)
        for output, result in zip(session.get_outputs(), results):
            binding.bind_ortvalue_output(output.name, self.runtime.OrtValue.ortvalue_from_numpy(result))
        return lambda: session.run_with_iobinding(binding), results

    def model(self, op, variant, sizes):
        if op != "max_unpool2d":
            return getattr(Onnx, op)(op, variant, sizes)
        n, c, h, w, kernel, stride = sizes
        values, indices = self.bound(*Onnx.max_pool2d(op, "indices", [*sizes, 0]))[1]
        return onnx_model("MaxUnpool", dict(kernel_shape=[kernel] * 2, strides=[stride] * 2),
                          {"x": values, "i": indices, "s": np.array([n, c, h, w])})


class OpenVino:
    def __init__(self, threads):
        import openvino
        self.core, self.version = openvino.Core(), openvino.__version__.split("-")[0]
        self.core.set_property("CPU", {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1})

    def load(self, op, variant, sizes):
        model, inputs = getattr(Onnx, op)(op, variant, sizes)
        compiled = self.core.compile_model(self.core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        request = compiled.create_infer_request()
        call = lambda: request.infer({0: inputs["x"]}, share_inputs=True, share_outputs=True)
        return call, call()[0]


class Ncnn:
    winograd = False

    def __init__(self, threads):
        import ncnn
        self.ncnn, self.version, self.threads = ncnn, ncnn.__version__, threads

    def load(self, op, variant, sizes):
        if op != "activation" and sizes[0] > 1:
            raise Skip("no batches")
        kind, settings, x, *weights = getattr(self, op)(op, variant, sizes)
        net = self.net(kind, settings, weights)
        x = self.ncnn.Mat(x).clone()

        def call():
            extractor = net.create_extractor()
            extractor.input("in", x)
            return extractor.extract("out")[1]

        return call, np.array(call())

    def net(self, kind, settings, weights):
        net = self.ncnn.Net()
        net.opt.num_threads = self.threads
        net.opt.use_winograd_convolution = self.winograd
        for option in ("use_vulkan_compute", "use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic",
                       "use_bf16_storage"):
            setattr(net.opt, option, False)
        layer = " ".join(f"{key}={value}" for key, value in settings.items())
        with tempfile.TemporaryDirectory() as folder:
            param, stored = os.path.join(folder, "layer.param"), os.path.join(folder, "layer.bin")
            pathlib.Path(param).write_text(f"7767517\n2 2\nInput in 0 1 in\n{kind} layer 1 1 in out {layer}\n")
            pathlib.Path(stored).write_bytes(b"".join(weights))
            if net.load_param(param) or net.load_model(stored):
                raise RuntimeError("ncnn does not load the layer")
        return net

    # Each gives the kind of ncnn's layer, its settings by number, the input, and what the file of weights holds.

    def conv2d(self, op, variant, sizes):
        l = Convolution(op, sizes)
        kind = ("Deconvolution" if l.transposed else "Convolution") + ("DepthWise" if l.groups > 1 else "")
        settings = {0: l.o, 1: l.kernel, 2: l.dilation, 3: l.stride, 4: l.padding, 5: 1, 6: l.weight.size}
        if l.groups > 1:
            settings[7] = l.groups
        if l.output_padding:
            settings[18] = l.output_padding
        return kind, settings, l.x[0], bytes(4), self.stored_weight(l).tobytes(), l.bias.tobytes()

    conv_transpose2d = conv2d

    @staticmethod
    def stored_weight(l):
        """ncnn keeps (O, C, kh, kw) per group, for transposed convolutions too."""
        if not l.transposed:
            return l.weight
        grouped = l.weight.reshape(l.groups, l.c // l.groups, l.o // l.groups, l.kernel, l.kernel)
        return np.ascontiguousarray(grouped.swapaxes(1, 2))

    def max_pool2d(self, op, variant, sizes):
        if variant == "indices":
            raise Skip("no indices")
        *shape, kernel, stride, padding = sizes
        return "Pooling", {0: 0, 1: kernel, 2: stride, 3: padding, 5: 1}, randoms(shape)[0][0]  # 5=1: floor

    def upsample2d(self, op, variant, sizes):
        *shape, height, width = sizes
        return "Interp", {0: {"nearest": 1, "bilinear": 2}[variant], 3: height, 4: width}, randoms(shape)[0][0]

    def im2col(self, op, variant, sizes):
        l = Columns(sizes)
        settings = {1: l.kernel, 2: l.dilation, 3: l.stride, 4: l.padding}
        if variant == "im2col":
            return "Unfold", settings, l.x[0]
        return "Fold", settings | {20: l.image[1], 21: l.image[0]}, l.columns[0]

    def activation(self, op, variant, sizes):
        names = {"relu": "ReLU", "sigmoid": "Sigmoid", "silu": "Swish", "tanh": "TanH"}
        if variant not in names:
            raise Skip("no such layer, or with other parameters")
        return names[variant], {}, randoms(sizes)[0]


class NcnnWinograd(Ncnn):
    """ncnn as it is by default. Its F(6x6, 3x3) is not within the accuracy of the other peers."""

    winograd = True

    def conv2d(self, op, variant, sizes):
        l = Convolution(op, sizes)
        if (l.kernel, l.stride, l.dilation, l.groups) != (3, 1, 1, 1):
            raise Skip("not a Winograd layer")
        return super().conv2d(op, variant, sizes)


class Gemm:
    """Common to the BLAS libraries: C (m, n) = op(A) op(B), row-major. load() gives (run(calls) in seconds, C)."""

    def __init__(self):
        source = pathlib.Path(__file__).with_name("gemm_loop.c")
        with tempfile.TemporaryDirectory() as folder:
            library = os.path.join(folder, "gemm_loop.so")
            subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
            self.loop = ctypes.CDLL(library)

    def load(self, op, variant, sizes):
        m, n, k, trans_a, trans_b = sizes
        dtype = np.dtype({"float": np.float32, "double": np.float64}[variant])
        a, b = randoms((k, m) if trans_a else (m, k), (n, k) if trans_b else (k, n), dtype=dtype)
        c = np.empty((m, n), dtype)
        run = self.timer(variant, m, n, k, trans_a, trans_b, a, b, c, np.ones(1, dtype), np.zeros(1, dtype))
        run(1)
        return run, c


class FortranGemm(Gemm):
    def __init__(self, library, prefix):
        super().__init__()
        self.library = ctypes.CDLL(library)
        self.gemm = {"float": getattr(self.library, prefix + "sgemm_"),
                     "double": getattr(self.library, prefix + "dgemm_")}
        self.loop.time_fortran.restype = ctypes.c_double

    def timer(self, variant, m, n, k, trans_a, trans_b, a, b, c, alpha, beta):
        """Row-major C = A B is column-major C' = B' A'."""
        flag = lambda transposed: ctypes.c_char(b"T" if transposed else b"N")
        at = lambda array: ctypes.c_void_p(array.ctypes.data)

        def run(calls):
            return self.loop.time_fortran(self.gemm[variant], ctypes.c_int64(calls), flag(trans_b), flag(trans_a), n,
                                          m, k, at(alpha), at(b), b.shape[1], at(a), a.shape[1], at(beta), at(c), n)

        return run


class OpenBlas(FortranGemm):
    def __init__(self, threads):
        import scipy_openblas32
        folder = pathlib.Path(scipy_openblas32.get_lib_dir())
        super().__init__(str(next(folder.glob("*.so"))), "scipy_")
        self.version = scipy_openblas32.__version__


class Mkl(FortranGemm):
    """The one inside PyTorch."""

    def __init__(self, threads):
        import torch
        torch.set_num_threads(threads)
        super().__init__(str(pathlib.Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"), "")
        found = re.search(r"Math Kernel Library Version ([\d.]+)", torch.__config__.show())
        self.version = found.group(1) if found else "unknown"


class Blis(Gemm):
    def __init__(self, threads):
        import blis.cy
        super().__init__()
        self.library = ctypes.CDLL(blis.cy.__file__)
        if threads > 1 and not self.library.bli_info_get_enable_threading():
            raise Skip("built without threads")
        self.gemm = {"float": self.library.bli_sgemm, "double": self.library.bli_dgemm}
        self.loop.time_blis.restype = ctypes.c_double
        self.version = importlib.metadata.version("blis")

    def timer(self, variant, m, n, k, trans_a, trans_b, a, b, c, alpha, beta):
        wide = ctypes.c_int64
        at = lambda array: ctypes.c_void_p(array.ctypes.data)
        strides = lambda array, transposed: map(wide, (1, array.shape[1]) if transposed else (array.shape[1], 1))

        def run(calls):
            return self.loop.time_blis(self.gemm[variant], wide(calls), wide(m), wide(n), wide(k), at(alpha), at(a),
                                       *strides(a, trans_a), at(b), *strides(b, trans_b), at(beta), at(c), wide(n),
                                       wide(1))

        return run


PEERS = {"torch": Torch, "torch_out": TorchOut, "slow_conv_transpose2d": SlowConvTranspose2d,
         "onnxruntime": OnnxRuntime, "openvino": OpenVino, "ncnn": Ncnn, "ncnn_winograd": NcnnWinograd,
         "openblas": OpenBlas, "blis": Blis, "mkl": Mkl}


# ---- timing ----------------------------------------------------------------------------------------------------------


def repeated(call):
    def run(calls):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        return time.perf_counter() - start

    return run


def median_ms(run, seconds):
    """As Google Benchmark does it with 5 repetitions: as many calls in each as fill a fifth of the time."""
    run(1)
    calls = 1
    while (taken := run(calls)) < seconds / BLOCKS / 10:
        calls *= 10
    calls = max(1, round(calls * seconds / BLOCKS / taken))
    return 1e3 * statistics.median(run(calls) / calls for _ in range(BLOCKS))


def serve(peer, answer):
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        if "load" in request:
            run = None
            gc.collect()  # the layer before may have held half a gigabyte
            try:
                if request["load"][1].endswith("backward") and not isinstance(peer, Torch):
                    raise Skip("no gradients")
                call, output = peer.load(*request["load"])
            except Skip as reason:
                answer(skip=str(reason))
                continue
            except Exception as error:  # the others go on without this one
                answer(skip=f"{type(error).__name__}: {error}")
                continue
            run = call if isinstance(peer, Gemm) else repeated(call)
            answer(norm=float(np.linalg.norm(output.ravel().astype(np.float64))))
            del call, output
        else:
            answer(ms=median_ms(run, request["time"]))


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the runtimes print themselves

    def answer(**values):
        print(json.dumps(values), file=answers, flush=True)

    try:
        peer = PEERS[sys.argv[1]](int(sys.argv[2]))
    except Skip as reason:
        answer(skip=str(reason))
        return
    answer(version=peer.version)
    serve(peer, answer)


if __name__ == "__main__":
    main()
