#!/usr/bin/env python3
"""Whole DeconvNet: examples/deconvnet beside PyTorch, in one run, on the same cores.

    cmake --preset bench -DTENFOLD_BUILD_EXAMPLES=ON && cmake --build --preset bench --target deconvnet
    python3 bench/deconvnet.py --program build/bench/examples/deconvnet --threads 1 2

Needs numpy, pillow, torch and taskset. Both run one picture of 224x224 with the same weights (tools/formula.py), pinned
to as many cores as they have threads; they take turns, and each one's least median counts. PyTorch runs under inference_mode;
its peak memory is that of its process, Python included. The weights are made anew by each process and are not timed.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
NETWORKS = HERE.parent / "tests/golden/networks"

PEER = """
import json, resource, statistics, sys, time
sys.path.insert(0, {networks!r})
import torch, deconvnet, samples
torch.set_num_threads({threads})
weights = deconvnet.weights()
x = deconvnet.pixels(samples.middle_of_coins(224))
seconds = []
with torch.inference_mode():
    for _ in range({runs} + 1):
        start = time.perf_counter()
        deconvnet.run(weights, x)
        seconds.append(time.perf_counter() - start)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([statistics.median(seconds[1:]), peak, torch.__version__]))
"""


def pinned(command, threads):
    cores = f"0-{threads - 1}" if threads > 1 else "0"
    done = subprocess.run(["taskset", "-c", cores, *command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stderr or done.stdout}")
    return done.stdout


def tenfold(program, threads, runs):
    said = pinned([program, "--middle", "--out", "/dev/null", "--threads", str(threads), "--runs", str(runs)], threads)
    milliseconds, megabytes = re.search(r"deconvnet: ([0-9.]+) ms .*peak memory ([0-9.]+) MB", said).groups()
    return float(milliseconds) / 1e3, float(megabytes) * 1e6


def torch(threads, runs):
    text = PEER.format(networks=str(NETWORKS), threads=threads, runs=runs)
    return json.loads(pinned([sys.executable, "-c", text], threads))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, help="the example's program")
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--runs", type=int, default=5, help="of which a median is taken")
    parser.add_argument("--rounds", type=int, default=3, help="how often they take turns")
    arguments = parser.parse_args()
    print(f"{'threads':>7} {'tenfold':>18} {'torch':>18} {'ratio':>6}")
    for threads in arguments.threads:
        ours, theirs = [], []
        for _ in range(arguments.rounds):
            ours.append(tenfold(arguments.program, threads, arguments.runs))
            theirs.append(torch(threads, arguments.runs))
        (seconds, peak), (peer_seconds, peer_peak, version) = min(ours), min(theirs)
        one = f"{1e3 * seconds:.0f} ms {peak / 1e6:5.0f} MB"
        other = f"{1e3 * peer_seconds:.0f} ms {peer_peak / 1e6:5.0f} MB"
        print(f"{threads:>7} {one:>18} {other:>18} {peer_seconds / seconds:>6.2f}  torch {version}", flush=True)


if __name__ == "__main__":
    main()
