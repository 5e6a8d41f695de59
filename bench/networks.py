#!/usr/bin/env python3
"""Whole networks: tenfold's run_net beside ONNX Runtime, OpenVINO, ncnn and PyTorch, in turn, on the same cores.

    cmake --preset demo && cmake --build build/demo --target run_net
    python3 bench/networks.py --python build/peers/bin/python --binary build/demo/examples/run_net --out build/networks

--python has the packages of requirements.txt, torchvision, onnxscript and pnnx. Networks have random weights, but for
the text detector, which --text-detector names (ch_PP-OCRv4_det_infer.onnx of the package rapidocr-onnxruntime). All
compute in float32; OpenVINO is told to. A process of each takes its turn, pinned to the same cores; the least of the
rounds' medians counts. The error is the greatest difference from PyTorch in float64, over the largest number (of the
text detector: from ONNX Runtime). Writes networks.json and networks.md.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

PEERS = ["onnxruntime", "openvino", "ncnn", "torch"]


# ---------------------------------------------------------------------------------------------------------- networks


def networks():
    import torch
    import torch.nn.functional as F
    from torch import nn

    def leaky(x):
        return F.leaky_relu(x, 0.1)

    class DoubleConv(nn.Sequential):
        def __init__(self, i, o):
            super().__init__(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(), nn.Conv2d(o, o, 3, padding=1),
                             nn.BatchNorm2d(o), nn.ReLU())

    class UNet(nn.Module):
        """Ronneberger's, padded, of 32 to 512 channels."""

        def __init__(self, sizes=(32, 64, 128, 256, 512)):
            super().__init__()
            self.down = nn.ModuleList(DoubleConv(i, o) for i, o in zip((3,) + sizes[:-1], sizes))
            self.up = nn.ModuleList(nn.ConvTranspose2d(o, i, 2, 2) for i, o in zip(sizes[:-1], sizes[1:]))
            self.join = nn.ModuleList(DoubleConv(2 * i, i) for i in sizes[:-1])
            self.last = nn.Conv2d(sizes[0], 2, 1)

        def forward(self, x):
            skips = []
            for i, block in enumerate(self.down):
                x = block(x if i == 0 else F.max_pool2d(x, 2))
                skips.append(x)
            for i in reversed(range(len(self.up))):
                x = self.join[i](torch.cat([skips[i], self.up[i](x)], 1))
            return self.last(x)

    class UpConv7(nn.Module):
        """waifu2x's upconv_7."""

        def __init__(self):
            super().__init__()
            sizes = (3, 16, 32, 64, 128, 128, 256)
            self.convs = nn.ModuleList(nn.Conv2d(i, o, 3) for i, o in zip(sizes, sizes[1:]))
            self.last = nn.ConvTranspose2d(256, 3, 4, 2, 3)

        def forward(self, x):
            for conv in self.convs:
                x = leaky(conv(x))
            return self.last(x)

    class Excite(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.squeeze = nn.Conv2d(channels, channels // 8, 1)
            self.expand = nn.Conv2d(channels // 8, channels, 1)

        def forward(self, x):
            return x * torch.sigmoid(self.expand(torch.relu(self.squeeze(x.mean((2, 3), keepdim=True)))))

    class Pair(nn.Module):
        def __init__(self, i, middle, o, excites):
            super().__init__()
            self.a, self.b = nn.Conv2d(i, middle, 3), nn.Conv2d(middle, o, 3)
            self.excite = Excite(o) if excites else nn.Identity()

        def forward(self, x):
            return self.excite(leaky(self.b(leaky(self.a(x)))))

    class CUNet(nn.Module):
        """waifu2x's cunet of factor 2: two U-Nets without padding."""

        def __init__(self):
            super().__init__()
            self.a1, self.a_down = Pair(3, 32, 64, False), nn.Conv2d(64, 64, 2, 2)
            self.a2, self.a_up = Pair(64, 128, 64, True), nn.ConvTranspose2d(64, 64, 2, 2)
            self.a3, self.a_last = nn.Conv2d(64, 64, 3), nn.ConvTranspose2d(64, 3, 4, 2, 3)
            self.b1, self.b_down = Pair(3, 32, 64, False), nn.Conv2d(64, 64, 2, 2)
            self.b2, self.b_down2 = Pair(64, 64, 128, True), nn.Conv2d(128, 128, 2, 2)
            self.b3, self.b_up3 = Pair(128, 256, 128, True), nn.ConvTranspose2d(128, 128, 2, 2)
            self.b4, self.b_up4 = Pair(128, 64, 64, True), nn.ConvTranspose2d(64, 64, 2, 2)
            self.b5, self.b_last = nn.Conv2d(64, 64, 3), nn.Conv2d(64, 3, 3)

        def forward(self, x):
            x1 = self.a1(x)
            x2 = leaky(self.a_up(self.a2(leaky(self.a_down(x1)))))
            z = self.a_last(leaky(self.a3(x1[:, :, 4:-4, 4:-4] + x2)))
            x1 = self.b1(z)
            x2 = self.b2(leaky(self.b_down(x1)))
            x3 = leaky(self.b_up3(self.b3(leaky(self.b_down2(x2)))))
            x4 = leaky(self.b_up4(self.b4(x2[:, :, 4:-4, 4:-4] + x3)))
            return z[:, :, 20:-20, 20:-20] + self.b_last(leaky(self.b5(x1[:, :, 16:-16, 16:-16] + x4)))

    def of_torchvision(name):
        import torchvision
        return lambda: getattr(torchvision.models, name)(weights=None)

    return {"unet": (UNet, (1, 3, 256, 256)), "upconv_7": (UpConv7, (1, 3, 270, 270)),
            "cunet": (CUNet, (1, 3, 200, 200)), "mobilenet_v2": (of_torchvision("mobilenet_v2"), (1, 3, 224, 224)),
            "resnet50": (of_torchvision("resnet50"), (1, 3, 224, 224))}


def settled(module, example):
    """The module with weights that keep its numbers near 1, and batch norms that have seen such numbers."""
    import torch
    for p in module.modules():
        if isinstance(p, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
            torch.nn.init.kaiming_normal_(p.weight, mode="fan_in" if isinstance(p, torch.nn.Conv2d) else "fan_out")
        if isinstance(p, torch.nn.Dropout):
            p.p = 0.0
    with torch.no_grad():
        module.train()
        for _ in range(3):
            module(torch.cat([example, torch.rand_like(example)]))
    return module.eval()


def write_network(name, folder, text_detector):
    """model.onnx, model.pt, x.npy and expected.npy."""
    import numpy as np
    import torch
    torch.manual_seed(1)
    if name == "text_detector":
        import onnxruntime
        x = np.random.default_rng(1).random((1, 3, 640, 640), dtype=np.float32)
        (folder / "model.onnx").write_bytes(pathlib.Path(text_detector).read_bytes())
        session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
        y = session.run(None, {session.get_inputs()[0].name: x})[0]
    else:
        make, shape = networks()[name]
        x = torch.rand(shape)
        module = settled(make(), x)
        torch.onnx.export(module, (x,), folder / "model.onnx", input_names=["x"], output_names=["y"], dynamo=False,
                          opset_version=17)
        torch.jit.trace(module, x).save(folder / "model.pt")
        with torch.no_grad():
            y = module.double()(x.double()).numpy()
        x = x.numpy()
    np.save(folder / "x.npy", x)
    np.save(folder / "expected.npy", y)


# ------------------------------------------------------------------------------------------------------------- peers


def measured(run):
    """Median ms of runs for a second, and the last result."""
    result = run()
    start, times = time.perf_counter(), []
    while time.perf_counter() - start < 1 or len(times) < 5:
        begin = time.perf_counter()
        result = run()
        times.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times), result


def run_peer(peer, folder, threads):
    import numpy as np
    x = np.load(folder / "x.npy")
    model = str(folder / "model.onnx")
    if peer == "onnxruntime":
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        feed = {session.get_inputs()[0].name: x}
        return measured(lambda: session.run(None, feed)[0])
    if peer == "openvino":
        import openvino
        core = openvino.Core()
        read = core.read_model(model)
        read.reshape(list(x.shape))
        compiled = core.compile_model(read, "CPU", {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32",
                                                    "PERFORMANCE_HINT": "LATENCY"})
        request = compiled.create_infer_request()
        return measured(lambda: request.infer([x])[0])
    if peer == "torch":
        import torch
        torch.set_num_threads(threads)
        module = torch.jit.load(str(folder / "model.pt")).eval()
        with torch.inference_mode():
            return measured(lambda: module(torch.from_numpy(x)).numpy())
    import ncnn
    net = ncnn.Net()
    net.opt.num_threads = threads
    for name in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(net.opt, name, False)
    net.load_param(str(folder / "model.ncnn.param"))
    net.load_model(str(folder / "model.ncnn.bin"))

    def run():
        with net.create_extractor() as extractor:
            extractor.input("in0", ncnn.Mat(x[0]).clone())
            return np.array(extractor.extract("out0")[1])[None]
    return measured(run)


def worker(arguments):
    import numpy as np
    peer, folder, threads = arguments[0], pathlib.Path(arguments[1]), int(arguments[2])
    ms, y = run_peer(peer, folder, threads)
    expected = np.load(folder / "expected.npy")
    print(json.dumps({"ms": ms, "error": float(np.abs(y.reshape(expected.shape) - expected).max() / np.abs(expected).max())}))


# ---------------------------------------------------------------------------------------------------------- the run


def run_tenfold(binary, folder, threads, cpus):
    out = folder / "tenfold.npy"
    text = subprocess.run(["taskset", "-c", cpus, binary, folder / "model.onnx", "--input", folder / "x.npy", "--out", out,
                           "--threads", str(threads)], check=True, capture_output=True, text=True).stdout
    import numpy as np
    expected = np.load(folder / "expected.npy")
    words = text.split()
    return {"ms": float(words[words.index("in") + 1]), "memory": text.splitlines()[1],
            "error": float(np.abs(np.load(out) - expected).max() / np.abs(expected).max())}


def run_other(peer, folder, threads, cpus):
    done = subprocess.run(["taskset", "-c", cpus, sys.executable, __file__, "--worker", peer, folder, str(threads)],
                          capture_output=True, text=True)
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {"why": (done.stderr.strip().splitlines() or ["nothing"])[-1][:200]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--text-detector")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks")
    parser.add_argument("--peers", default=",".join(PEERS))
    options = parser.parse_args()
    names = options.networks.split(",") if options.networks else (
        (["text_detector"] if options.text_detector else []) + list(networks()))
    results = {}
    for name in names:
        folder = options.out / name
        if not (folder / "expected.npy").exists():
            folder.mkdir(parents=True, exist_ok=True)
            write_network(name, folder, options.text_detector)
            if (folder / "model.pt").exists():
                shape = "[" + ",".join(map(str, networks()[name][1])) + "]"
                subprocess.run([pathlib.Path(sys.executable).parent / "pnnx", "model.pt", f"inputshape={shape}", "fp16=0"],
                               cwd=folder, capture_output=True)
        for threads in map(int, options.threads.split(",")):
            cpus = ",".join(map(str, range(threads)))
            row = results[f"{name} {threads}"] = {}
            for _ in range(options.rounds):
                for who in ["tenfold"] + options.peers.split(","):
                    one = run_tenfold(options.binary, folder, threads, cpus) if who == "tenfold" else \
                        run_other(who, folder, threads, cpus)
                    if who not in row or one.get("ms", 1e9) < row[who].get("ms", 1e9):
                        row[who] = one
            best = min((row[p]["ms"] for p in row if p != "tenfold" and "ms" in row[p]), default=float("nan"))
            print(f"{name}, {threads} threads: " + ", ".join(
                f"{p} {r['ms']:.2f} ms (error {r['error']:.1e})" if "ms" in r else f"{p}: {r['why']}"
                for p, r in row.items()) + f"; best peer / tenfold {best / row['tenfold']['ms']:.2f}", flush=True)
    (options.out / "networks.json").write_text(json.dumps(results, indent=1))
    write_table(options.out / "networks.md", results, options.peers.split(","))


def write_table(path, results, peers):
    lines = ["| network | threads | tenfold ms | error | " + " | ".join(f"{p} / tenfold" for p in peers) + " |",
             "|---|---:|---:|---:|" + "---:|" * len(peers)]
    for key, row in results.items():
        name, threads = key.split()
        own = row["tenfold"]
        cells = [f"{row[p]['ms'] / own['ms']:.2f} ({row[p]['error']:.0e})" if "ms" in row[p] else "-" for p in peers]
        lines.append(f"| {name} | {threads} | {own['ms']:.2f} | {own['error']:.0e} | " + " | ".join(cells) + " |")
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2:])
    else:
        main()
