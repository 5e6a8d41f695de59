#!/usr/bin/env python3
"""tenfold beside PyTorch, ONNX Runtime, OpenVINO, ncnn, OpenBLAS, BLIS and MKL, in one run on the same cores.

    cmake --workflow --preset bench
    python3 bench/compare.py --venv build/peers --out build/compare

Installs the others (requirements.txt; about 6 GB) into the virtual environment --venv, which it makes if need be. Then
for each layer of layers.txt tenfold_bench and a process of each peer take turns, pinned to the same cores, the others
stopped meanwhile; the least of the rounds' medians counts. Writes compare.json, compare.md and charts (SVG).
"""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import report

HERE = pathlib.Path(__file__).resolve().parent

# The variants of an operation that are compared, each with the variants of tenfold_bench that are shown in relation to
# it, and with whom.
OPERATIONS = {
    "gemm": dict(variants={"float": [], "double": []}, peers=["openblas", "blis", "mkl"]),
    "conv2d": dict(variants={"prepared": ["plain", "exact"]},
                   peers=["torch", "onnxruntime", "openvino", "ncnn", "ncnn_winograd"]),
    "conv_transpose2d": dict(variants={"prepared": ["plain"]},
                             peers=["torch", "onnxruntime", "openvino", "ncnn", "slow_conv_transpose2d"]),
    "conv2d_backward": dict(variants={"all": ["plain"], "weight": []}, peers=["torch"]),
    "conv_transpose2d_backward": dict(variants={"all": ["plain"], "weight": []}, peers=["torch"]),
    "max_pool2d": dict(variants={"indices": ["copy"], "values": [], "backward": []},
                       peers=["torch", "torch_out", "onnxruntime", "openvino", "ncnn"]),
    "max_unpool2d": dict(variants={"indices": [], "backward": []}, peers=["torch", "torch_out", "onnxruntime"]),
    "upsample2d": dict(variants={"nearest": ["copy"], "bilinear": ["copy"], "nearest_backward": [],
                                 "bilinear_backward": []},
                       peers=["torch", "torch_out", "onnxruntime", "openvino", "ncnn"]),
    "im2col": dict(variants={"im2col": [], "col2im": []},
                   peers=["torch", "torch_out", "onnxruntime", "openvino", "ncnn"]),
    "activation": dict(variants={"relu": ["copy"], "sigmoid": ["copy"]} | {function: [] for function in
                                 ("leaky_relu", "hardswish", "silu", "tanh", "elu", "gelu", "softplus")} |
                                 {f"{function}_backward": [] for function in ("relu", "sigmoid", "leaky_relu",
                                  "hardtanh", "silu", "hardswish", "tanh", "gelu", "prelu")},
                       peers=["torch", "torch_out", "onnxruntime", "openvino", "ncnn"]),
    "arithmetic": dict(variants={"add": ["copy"], "add_channels": [], "mul_channels": [], "mul_row": [], "div": []},
                       peers=["torch", "torch_out"]),
}


def read_layers(paths):
    """The lines of files like layers.txt: op, name, sizes."""
    for line in "\n".join(path.read_text() for path in paths).splitlines():
        words = line.split("#")[0].split()
        if words:
            yield words[0], words[1], [int(word) for word in words[2:]]


def choose_cores(count):
    """One logical processor of each of the first `count` cores that this process may use."""
    cores = []
    for cpu in sorted(os.sched_getaffinity(0)):
        siblings = pathlib.Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        first = int(re.match(r"\d+", siblings.read_text()).group()) if siblings.exists() else cpu
        if first == cpu or first not in os.sched_getaffinity(0):
            cores.append(cpu)
    if len(cores) < count:
        sys.exit(f"compare.py: {count} threads want as many cores, but there are {len(cores)}")
    return cores[:count]


# Threads of OpenMP that are free to move may share a core, and wait there for each other: tenfold's and torch's calls
# then took up to forty times as long. The other peers have threads of their own, which would inherit the first's core.
BOUND = {"OMP_PROC_BIND": "true"}
BOUND_PEERS = ("torch", "torch_out", "ncnn", "ncnn_winograd", "slow_conv_transpose2d")


def pinned(command, cores, **settings):
    return dict(args=[str(word) for word in command], text=True,
                preexec_fn=lambda: os.sched_setaffinity(0, cores), **settings)


class Tenfold:
    """tenfold_bench: a process for each measurement."""

    def __init__(self, binary, layers, isa):
        self.binary, self.layers = binary, layers
        self.isa = isa or self.isas()[0]
        if self.isa not in self.isas():
            sys.exit(f"compare.py: {binary} has no {self.isa}, but {', '.join(self.isas())}")

    def isas(self):
        """Best first."""
        names = subprocess.run([self.binary, "--benchmark_list_tests", "--benchmark_filter=^peak/fma/"],
                               check=True, capture_output=True, text=True).stdout.split()
        return list(dict.fromkeys(name.split("/")[2] for name in names))

    def run(self, name, cores, seconds):
        """{variant: {ms, GFLOP, GB}}, medians of 5 repetitions. `name` is a regular expression, without ISA and threads."""
        command = [self.binary, f"--benchmark_filter=^{name}/{self.isa}/{len(cores)}/",
                   "--benchmark_repetitions=5", f"--benchmark_min_time={seconds / 5}", "--benchmark_format=json",
                   "--benchmark_report_aggregates_only=true", *self.layers]
        done = subprocess.run(**pinned(command, cores, check=True, env=os.environ | BOUND, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL))
        answer = json.loads(done.stdout)
        self.context = answer["context"]
        scale = {"ns": 1e-6, "us": 1e-3, "ms": 1}
        return {b["run_name"].split("/")[2]: dict(ms=b["real_time"] * scale[b["time_unit"]],
                                                  gflops=b.get("GFLOP"), gbs=b.get("GB"))
                for b in answer["benchmarks"] if b["aggregate_name"] == "median"}


class Peer:
    """A process of peers.py, stopped whenever it is not asked."""

    def __init__(self, name, python, cores):
        self.name = name
        threads = {variable: str(len(cores)) for variable in
                   ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS")}
        if name in BOUND_PEERS:
            threads |= BOUND
        self.process = subprocess.Popen(**pinned(
            [python, HERE / "peers.py", name, len(cores)], cores, env=os.environ | threads, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
        hello = self.answer()
        self.version, self.skip = hello.get("version"), hello.get("skip")

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            return {"skip": f"the process of {self.name} ended with {self.process.wait()}"}
        self.process.send_signal(signal.SIGSTOP)
        return json.loads(line)

    def ask(self, **request):
        if self.skip:
            return {"skip": self.skip}
        try:
            self.process.send_signal(signal.SIGCONT)
            print(json.dumps(request), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            self.skip = f"the process of {self.name} has ended"
            return {"skip": self.skip}
        return self.answer()

    def close(self):
        self.process.kill()
        self.process.wait()


class Progress:
    """A line on stderr: what is measured, how much is done, how long the rest will take."""

    def __init__(self, total):
        self.total, self.done, self.start = total, 0, time.monotonic()

    def show(self, what):
        passed = time.monotonic() - self.start
        rest = f"{passed / self.done * (self.total - self.done) / 60:.0f} min left" if self.done else ""
        bar = "#" * round(30 * self.done / self.total)
        line = f"[{bar:<30}] {self.done}/{self.total} {rest}  {what}"
        print(f"\r{line:<100}" if sys.stderr.isatty() else line, end="" if sys.stderr.isatty() else "\n",
              file=sys.stderr, flush=True)

    def advance(self):
        self.done += 1

    def end(self):
        self.show("done")
        print(file=sys.stderr)


def least(values):
    return min(values, default=None)


def check_norms(norms, what):
    """All peers have the same operands, so their results have the same norm, up to rounding."""
    if norms and max(norms.values()) > (1 + 1e-3) * min(norms.values()):
        print(f"\ncompare.py: the results for {what} differ: {norms}", file=sys.stderr)


def measure(tenfold, peers, task, cores, options):
    """One row of the table: the least of the rounds' medians."""
    op, variant, name, sizes = task
    answers = {peer.name: peer.ask(load=[op, variant, sizes]) for peer in peers}
    check_norms({p: a["norm"] for p, a in answers.items() if "norm" in a}, f"{op} {name} {variant}")
    ready = [peer for peer in peers if "norm" in answers[peer.name]]
    rounds, times = [], {peer.name: [] for peer in ready}
    besides = OPERATIONS[op]["variants"][variant]
    for _ in range(options.rounds):
        rounds.append(tenfold.run(f"{op}/{name}/({'|'.join([variant, *besides])})", cores, options.seconds))
        for peer in ready:
            answer = peer.ask(time=options.seconds)
            if "ms" in answer:
                times[peer.name].append(answer["ms"])
    best = min(rounds, key=lambda run: run[variant]["ms"])[variant]
    return dict(op=op, variant=variant, layer=name, sizes=sizes, threads=len(cores), **best,
                besides={b: least(run[b]["ms"] for run in rounds) for b in besides},
                peers={p: least(t) for p, t in times.items() if t},
                skipped={p: a["skip"] for p, a in answers.items() if "skip" in a})


def install(venv):
    """Makes the virtual environment and installs what is missing in it; its python."""
    python = venv / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r",
                    HERE / "requirements.txt"], check=True)
    return python


def run_all(options, python):
    tenfold = Tenfold(options.binary, options.layers, options.isa)
    tasks = [(op, variant, name, sizes) for op, name, sizes in read_layers(options.layers) if op in options.ops
             for variant in OPERATIONS[op]["variants"] if re.search(options.filter, f"{op}/{name}/{variant}")]
    if not tasks:
        sys.exit("compare.py: no layer is left by --ops and --filter")
    rows, peaks, versions, load = [], {}, {}, os.getloadavg()[0]
    if load > 0.3:
        print(f"compare.py: the machine is busy (load {load:.1f}): these will not be good figures", file=sys.stderr)
    progress = Progress(len(tasks) * len(options.threads))
    for threads in options.threads:
        cores = choose_cores(threads)
        progress.show(f"peak, {report.plural(threads)}")
        peaks[threads] = dict(gflops=tenfold.run("peak/fma", cores, options.seconds)[tenfold.isa]["gflops"],
                              gbs=tenfold.run("peak/read", cores, options.seconds)[tenfold.isa]["gbs"])
        with contextlib.ExitStack() as stack:
            running = {}
            for task in tasks:
                progress.show(f"{task[0]} {task[2]} {task[1]}, {report.plural(threads)}")
                names = [name for name in OPERATIONS[task[0]]["peers"] if name in options.peers]
                for name in names:
                    if name not in running:
                        running[name] = Peer(name, python, cores)
                        stack.callback(running[name].close)
                        versions[name] = versions.get(name) or running[name].version
                rows.append(measure(tenfold, [running[name] for name in names], task, cores, options))
                progress.advance()
    progress.end()
    return dict(date=datetime.date.today().isoformat(), cpu=report.cpu_model(), isa=tenfold.isa,
                compiler=tenfold.context["compiler"], rounds=options.rounds, load=load, peaks=peaks, rows=rows,
                versions={"tenfold": tenfold.context["tenfold"]} | {n: v for n, v in versions.items() if v})


def arguments():
    listed = lambda text: text.split(",")
    all_peers = list(dict.fromkeys(peer for operation in OPERATIONS.values() for peer in operation["peers"]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=pathlib.Path, required=True, help="virtual environment of the peers")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("."), help="folder to write to")
    parser.add_argument("--binary", type=pathlib.Path, default=HERE.parent / "build/bench/bench/tenfold_bench")
    parser.add_argument("--layers", type=pathlib.Path, nargs="+", default=[HERE / "layers.txt"],
                        help="files of that form, such as layers_more.txt")
    parser.add_argument("--ops", type=listed, default=list(OPERATIONS), help="such as gemm,conv2d")
    parser.add_argument("--peers", type=listed, default=all_peers, help="such as torch,onnxruntime")
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.25, help="time of one measurement of one program")
    parser.add_argument("--isa", help="of tenfold; default: the best")
    parser.add_argument("--filter", default="", help="regular expression for op/layer/variant")
    options = parser.parse_args()
    for chosen, known in ((options.ops, OPERATIONS), (options.peers, all_peers)):
        for name in chosen:
            if name not in known:
                parser.error(f"unknown: {name}; there are {', '.join(known)}")
    options.binary = options.binary.resolve()
    if not options.binary.exists():
        parser.error(f"{options.binary} is not there: cmake --workflow --preset bench")
    return options


def main():
    options = arguments()
    results = run_all(options, install(options.venv))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "compare.json").write_text(json.dumps(results, indent=1) + "\n")
    report.write(options.out / "compare.json", options.out)
    print((options.out / "compare.md").read_text())


if __name__ == "__main__":
    main()
