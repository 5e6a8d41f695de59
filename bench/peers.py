"""The runtimes that compare.py sets beside tenfold, one process each:

    python peers.py PEER THREADS

Requests come as lines of JSON on stdin, one answer each goes to stdout:

    {"load": [op, variant, sizes]}  {"norm": ...}, the norm of the output; or {"skip": the reason}
    {"time": seconds}               {"ms": ...}, the median of 5 means over a fifth of the time each

All peers get the same numbers, so that equal norms show that they compute the same. Weights are constants for
onnxruntime, openvino and ncnn, which prepare them once; torch gets them at each call. onnxruntime and openvino write to
outputs that are allocated beforehand, torch and ncnn allocate theirs.
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
        self.transposed = op == "conv_transpose2d"
        if not self.transposed:
            sizes = [*sizes[:8], 0, *sizes[8:]]
        (self.n, self.c, self.h, self.w, self.o, self.kernel, self.stride, self.padding, self.output_padding,
         self.dilation, self.groups) = sizes
        outer, inner = (self.c, self.o) if self.transposed else (self.o, self.c)
        self.x, self.weight, self.bias = randoms((self.n, self.c, self.h, self.w),
                                                 (outer, inner // self.groups, self.kernel, self.kernel), (self.o,))
        self.weight *= 0.05


# ---- peers: load(op, variant, sizes) gives (call, output of a call) --------------------------------------------------


class Torch:
    def __init__(self, threads):
        import torch
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        torch.set_grad_enabled(False)
        self.torch, self.version = torch, torch.__version__

    def load(self, op, variant, sizes):
        call = getattr(self, op)(op, sizes)
        result = call()
        return call, (result[0] if isinstance(result, tuple) else result).numpy()

    def conv2d(self, op, sizes):
        l = Convolution(op, sizes)
        x, w, b = map(self.torch.from_numpy, (l.x, l.weight, l.bias))
        return lambda: self.torch.nn.functional.conv2d(x, w, b, l.stride, l.padding, l.dilation, l.groups)

    def conv_transpose2d(self, op, sizes):
        l = Convolution(op, sizes)
        x, w, b = map(self.torch.from_numpy, (l.x, l.weight, l.bias))
        return lambda: self.torch.nn.functional.conv_transpose2d(x, w, b, l.stride, l.padding, l.output_padding,
                                                                 l.groups, l.dilation)

    def max_pool2d(self, op, sizes):
        n, c, h, w, kernel, stride, padding = sizes
        x = self.torch.from_numpy(randoms((n, c, h, w))[0])
        return lambda: self.torch.nn.functional.max_pool2d(x, kernel, stride, padding, return_indices=True)

    def max_unpool2d(self, op, sizes):
        n, c, h, w, kernel, stride = sizes
        values, indices = self.max_pool2d(op, [*sizes, 0])()
        return lambda: self.torch.nn.functional.max_unpool2d(values, indices, kernel, stride, 0, (h, w))


class SlowConvTranspose2d(Torch):
    """torch.ops.aten.slow_conv_transpose2d: the column-matrix kernel under its own name."""

    def conv_transpose2d(self, op, sizes):
        l = Convolution(op, sizes)
        if l.groups > 1:
            raise Skip("no groups")
        x, w, b = map(self.torch.from_numpy, (l.x, l.weight, l.bias))
        return lambda: self.torch.ops.aten.slow_conv_transpose2d(
            x, w, [l.kernel] * 2, b, [l.stride] * 2, [l.padding] * 2, [l.output_padding] * 2, [l.dilation] * 2)


def onnx_model(op, attributes, inputs, constants=(), outputs=(("y", np.float32),)):
    """inputs: (name, shape, type), constants: (name, array), outputs: (name, type)."""
    from onnx import helper, numpy_helper
    kind = helper.np_dtype_to_tensor_dtype
    node = helper.make_node(op, [i[0] for i in inputs] + [c[0] for c in constants], [o[0] for o in outputs],
                            **attributes)
    graph = helper.make_graph(
        [node], "layer",
        [helper.make_tensor_value_info(name, kind(np.dtype(t)), shape) for name, shape, t in inputs],
        [helper.make_tensor_value_info(name, kind(np.dtype(t)), None) for name, t in outputs],
        [numpy_helper.from_array(array, name) for name, array in constants])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model.SerializeToString()


def convolution_model(l):
    attributes = dict(strides=[l.stride] * 2, pads=[l.padding] * 4, dilations=[l.dilation] * 2, group=l.groups,
                      kernel_shape=[l.kernel] * 2)
    if l.transposed:
        attributes["output_padding"] = [l.output_padding] * 2
    return onnx_model("ConvTranspose" if l.transposed else "Conv", attributes, [("x", l.x.shape, np.float32)],
                      [("w", l.weight), ("b", l.bias)])


def max_pool2d_model(x, kernel, stride, padding):
    return onnx_model("MaxPool", dict(strides=[stride] * 2, pads=[padding] * 4, kernel_shape=[kernel] * 2),
                      [("x", x.shape, np.float32)], outputs=[("y", np.float32), ("i", np.int64)])


class OnnxRuntime:
    def __init__(self, threads):
        import onnxruntime
        self.runtime, self.version, self.threads = onnxruntime, onnxruntime.__version__, threads

    def session(self, model):
        options = self.runtime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.log_severity_level = 3
        return self.runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def bound(self, model, **inputs):
        """A call whose outputs lie where those of a first run did, and that run's outputs."""
        session = self.session(model)
        results = session.run(None, inputs)
        binding = session.io_binding()
        for name, array in inputs.items():
            binding.bind_cpu_input(name, array)
        for output, result in zip(session.get_outputs(), results):
            binding.bind_ortvalue_output(output.name, self.runtime.OrtValue.ortvalue_from_numpy(result))
        return lambda: session.run_with_iobinding(binding), results

    def load(self, op, variant, sizes):
        call, results = getattr(self, op)(op, sizes)
        return call, results[0]

    def conv2d(self, op, sizes):
        l = Convolution(op, sizes)
        return self.bound(convolution_model(l), x=l.x)

    conv_transpose2d = conv2d

    def max_pool2d(self, op, sizes):
        n, c, h, w, kernel, stride, padding = sizes
        x = randoms((n, c, h, w))[0]
        return self.bound(max_pool2d_model(x, kernel, stride, padding), x=x)

    def max_unpool2d(self, op, sizes):
        n, c, h, w, kernel, stride = sizes
        values, indices = self.max_pool2d(op, [*sizes, 0])[1]
        model = onnx_model("MaxUnpool", dict(kernel_shape=[kernel] * 2, strides=[stride] * 2),
                           [("x", values.shape, np.float32), ("i", indices.shape, np.int64), ("s", (4,), np.int64)])
        return self.bound(model, x=values, i=indices, s=np.array([n, c, h, w]))


class OpenVino:
    def __init__(self, threads):
        import openvino
        self.core, self.version = openvino.Core(), openvino.__version__.split("-")[0]
        self.core.set_property("CPU", {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1})

    def load(self, op, variant, sizes):
        if op == "max_pool2d":
            n, c, h, w, kernel, stride, padding = sizes
            x = randoms((n, c, h, w))[0]
            model = max_pool2d_model(x, kernel, stride, padding)
        else:
            l = Convolution(op, sizes)
            x, model = l.x, convolution_model(l)
        compiled = self.core.compile_model(self.core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        request = compiled.create_infer_request()
        call = lambda: request.infer({0: x}, share_inputs=True, share_outputs=True)
        return call, call()[0]


class Ncnn:
    winograd = False

    def __init__(self, threads):
        import ncnn
        self.ncnn, self.version, self.threads = ncnn, ncnn.__version__, threads

    def load(self, op, variant, sizes):
        l = Convolution(op, sizes)
        if l.n > 1:
            raise Skip("no batches")
        net = self.ncnn.Net()
        net.opt.num_threads = self.threads
        net.opt.use_winograd_convolution = self.winograd
        for option in ("use_vulkan_compute", "use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic",
                       "use_bf16_storage"):
            setattr(net.opt, option, False)
        with tempfile.TemporaryDirectory() as folder:
            param, weights = os.path.join(folder, "layer.param"), os.path.join(folder, "layer.bin")
            pathlib.Path(param).write_text(self.description(l))
            pathlib.Path(weights).write_bytes(bytes(4) + self.stored_weight(l).tobytes() + l.bias.tobytes())
            if net.load_param(param) or net.load_model(weights):
                raise RuntimeError("ncnn does not load the layer")
        x = self.ncnn.Mat(l.x[0]).clone()

        def call():
            extractor = net.create_extractor()
            extractor.input("in", x)
            return extractor.extract("out")[1]

        return call, np.array(call())

    @staticmethod
    def description(l):
        name = ("Deconvolution" if l.transposed else "Convolution") + ("DepthWise" if l.groups > 1 else "")
        settings = {0: l.o, 1: l.kernel, 2: l.dilation, 3: l.stride, 4: l.padding, 5: 1, 6: l.weight.size}
        if l.groups > 1:
            settings[7] = l.groups
        if l.output_padding:
            settings[18] = l.output_padding
        layer = " ".join(f"{key}={value}" for key, value in settings.items())
        return f"7767517\n2 2\nInput in 0 1 in\n{name} layer 1 1 in out {layer}\n"

    @staticmethod
    def stored_weight(l):
        """ncnn keeps (O, C, kh, kw) per group, for transposed convolutions too."""
        if not l.transposed:
            return l.weight
        grouped = l.weight.reshape(l.groups, l.c // l.groups, l.o // l.groups, l.kernel, l.kernel)
        return np.ascontiguousarray(grouped.swapaxes(1, 2))


class NcnnWinograd(Ncnn):
    """ncnn as it is by default. Its F(6x6, 3x3) is not within the accuracy of the other peers."""

    winograd = True

    def load(self, op, variant, sizes):
        l = Convolution(op, sizes)
        if l.transposed or (l.kernel, l.stride, l.dilation, l.groups) != (3, 1, 1, 1):
            raise Skip("not a Winograd layer")
        return super().load(op, variant, sizes)


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


PEERS = {"torch": Torch, "slow_conv_transpose2d": SlowConvTranspose2d, "onnxruntime": OnnxRuntime,
         "openvino": OpenVino, "ncnn": Ncnn, "ncnn_winograd": NcnnWinograd, "openblas": OpenBlas, "blis": Blis,
         "mkl": Mkl}


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
