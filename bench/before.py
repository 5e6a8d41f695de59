#!/usr/bin/env python3
"""Two builds of tenfold_bench in turn: what a change did to every layer.

    python3 bench/before.py OLD NEW --layers bench/layers.txt bench/layers_more.txt

OLD and NEW are binaries of tenfold_bench. For each layer both take turns, pinned to the same cores, for several rounds;
the least of a variant's rounds counts. Prints time of OLD / time of NEW for each layer below --show, and the geometric
mean and the least of each operation, variant and number of threads. Layers below --repeat are measured once more, with
twice the rounds, before they are believed.
"""

import argparse
import pathlib
import statistics
import sys

import compare


def measure(builds, names, cores, options, rounds):
    """{variant: old / new} of one layer."""
    best = [{}, {}]
    for _ in range(rounds):
        for build, times in zip(builds, best):
            for variant, row in build.run(names, cores, options.seconds).items():
                times[variant] = min(row["ms"], times.get(variant, row["ms"]))
    return {variant: best[0][variant] / new for variant, new in best[1].items() if variant in best[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    here = pathlib.Path(__file__).resolve().parent
    parser.add_argument("--layers", type=pathlib.Path, nargs="+", default=[here / "layers.txt"])
    parser.add_argument("--ops", type=lambda text: text.split(","), default=list(compare.OPERATIONS))
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.1)
    parser.add_argument("--isa")
    parser.add_argument("--show", type=float, default=0.97)
    parser.add_argument("--repeat", type=float, default=0.95)
    options = parser.parse_args()
    builds = [compare.Tenfold(path.resolve(), [p.resolve() for p in options.layers], options.isa)
              for path in (options.old, options.new)]
    ratios = {}
    for threads in options.threads:
        cores = compare.choose_cores(threads)
        for op, name, _ in compare.read_layers(options.layers):
            if op not in options.ops:
                continue
            layer = measure(builds, f"{op}/{name}/[^/]*", cores, options, options.rounds)
            if min(layer.values(), default=1) < options.repeat:
                layer = measure(builds, f"{op}/{name}/[^/]*", cores, options, 2 * options.rounds)
            for variant, ratio in layer.items():
                ratios.setdefault((threads, op, variant), {})[name] = ratio
                if ratio < options.show:
                    print(f"{op}/{name}/{variant}, {threads} threads: {ratio:.2f}", flush=True)
            print(f"{op}/{name}", file=sys.stderr, flush=True)
    print(f"\n| operation | variant | threads | geometric mean | least | layers |\n|---|---|---|---|---|---|")
    for (threads, op, variant), layers in sorted(ratios.items(), key=lambda item: item[0][1:] + item[0][:1]):
        worst = min(layers, key=layers.get)
        print(f"| {op} | {variant} | {threads} | {statistics.geometric_mean(layers.values()):.3f} "
              f"| {layers[worst]:.2f} {worst} | {len(layers)} |")


if __name__ == "__main__":
    main()
