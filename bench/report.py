#!/usr/bin/env python3
"""Tables and a chart of what compare.py measured:  python3 bench/report.py compare.json FOLDER"""

import json
import math
import pathlib
import platform
import sys

NOT_EXACT = {"ncnn_winograd"}  # shown, but nothing that an exact result is held against
CALL = "call"  # the layer of one element: shown, but in no mean


def cpu_model():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


# ---- figures ---------------------------------------------------------------------------------------------------------


def best_peer(row):
    """The name and the time of the fastest exact peer."""
    exact = {name: ms for name, ms in row["peers"].items() if name not in NOT_EXACT}
    return min(exact.items(), key=lambda item: item[1], default=(None, None))


def ratio(row, peer=None):
    """How many times as long a peer takes, by default the best: above 1 tenfold is faster."""
    ms = row["peers"].get(peer) if peer else best_peer(row)[1]
    return ms / row["ms"] if ms else None


def geomean(values):
    values = [value for value in values if value]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def label(row):
    return f"{row['layer']} {row['variant']}" if row["op"] == "gemm" else row["layer"]


def groups(results):
    """The rows of each operation and thread count, in the order of measurement."""
    found = {}
    for row in results["rows"]:
        found.setdefault((row["op"], row["threads"]), []).append(row)
    return found


def counted(rows):
    return [row for row in rows if row["layer"] != CALL and best_peer(row)[0]]


def peers_of(rows):
    return list(dict.fromkeys(peer for row in rows for peer in row["peers"]))


# ---- Markdown --------------------------------------------------------------------------------------------------------


def figure(value, digits=3):
    """A number with so many significant digits, without an exponent."""
    if value is None:
        return ""
    places = max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:.{min(places, 6)}f}"


def times(value):
    return f"{value:.2f}" if value else ""


def percent(value):
    return f"{100 * value:.0f} %" if value else ""


def table(head, lines):
    align = ["---"] + ["---:"] * (len(head) - 1)
    return ["| " + " | ".join(map(str, line)) + " |" for line in [head, align, *lines]] + [""]


def plural(threads):
    return f"{threads} thread" + ("s" if int(threads) > 1 else "")


def summary(results):
    lines = []
    for (op, threads), rows in groups(results).items():
        rows = counted(rows)
        if not rows:
            continue
        worst = min(rows, key=ratio)
        against = ", ".join(f"{peer} {times(geomean(ratio(row, peer) for row in rows))}" for peer in peers_of(rows))
        lines.append([op, threads, len(rows), times(geomean(map(ratio, rows))),
                      f"{times(ratio(worst))} ({label(worst)}, {best_peer(worst)[0]})", against])
    return table(["operation", "threads", "layers", "best peer", "worst layer", "each peer, geometric mean"], lines)


def layer_table(rows, peak, one_thread):
    """Times in ms. `one_thread` maps a layer's label to its time on one thread; it is empty for one thread itself."""
    share = lambda row: max((row["gflops"] or 0) / peak["gflops"], (row["gbs"] or 0) / peak["gbs"])
    peers, besides = peers_of(rows), list(rows[0]["besides"])
    flops = any(row["gflops"] for row in rows)
    head = ["layer", "tenfold", "GFLOP/s" if flops else "GB/s", "of peak", *(f"{b} / tenfold" for b in besides),
            *(["speed-up"] if one_thread else []), *peers, "best peer / tenfold"]
    lines = []
    for row in rows:
        lines.append([label(row), figure(row["ms"]), figure(row["gflops" if flops else "gbs"]), percent(share(row)),
                      *(times(row["besides"][b] / row["ms"]) for b in besides),
                      *([times(one_thread[label(row)] / row["ms"])] if one_thread else []),
                      *(figure(row["peers"].get(peer)) for peer in peers), times(ratio(row))])
    return table(head, lines)


def markdown(results):
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    peaks = "; ".join(f"{plural(threads)}: {peak['gflops']:.0f} GFLOP/s, {peak['gbs']:.1f} GB/s"
                      for threads, peak in results["peaks"].items())
    lines = [f"# tenfold beside others, {results['date']}", "",
             f"{results['cpu']}, {results['isa']}, {results['compiler']}. {versions}.", "",
             f"Measured peak in the same run (multiply-adds from registers, reading memory): {peaks}; `of peak` is the "
             "share of the nearer one, above 100 % where the data stay in a cache. "
             f"Load of the machine before: {results['load']:.1f}.", "",
             "Ratios are a peer's time over tenfold's: above 1 tenfold is faster. Times are in ms, the least of "
             f"{results['rounds']} rounds' medians; the programs took turns on the same cores, pinned. tenfold's "
             "layers are prepared ones; `plain` is the call that packs its weights each time. ncnn_winograd is ncnn's "
             "default; it is less exact and no best peer. `call` is a layer of one element, outside the means.", ""]
    lines += summary(results)
    single = {(row["op"], label(row)): row["ms"] for row in results["rows"] if row["threads"] == 1}
    for (op, threads), rows in groups(results).items():
        one_thread = {}
        if threads > 1 and all((op, label(row)) in single for row in rows):
            one_thread = {label(row): single[op, label(row)] for row in rows}
        lines += [f"## {op}, {plural(threads)}", ""]
        lines += layer_table(rows, results["peaks"][str(threads)], one_thread)
    return "\n".join(lines)


# ---- SVG -------------------------------------------------------------------------------------------------------------

WIDTH, LEFT, RIGHT = 760, 170, 110  # of the chart, of the names, of the names of the best peers
BAR, GAP, HEAD = 9, 6, 48  # heights: one bar, between layers, above an operation

STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .muted { fill: #59636e; font-size: 11px }
  .title { font-size: 14px; font-weight: 600 }
  .strong { font-weight: 600 }
  .value { font-size: 10px }
  .grid { stroke: #8c959f; stroke-opacity: .3 }
  .one { stroke: #1f2328; stroke-opacity: .7 }
  .series0 { fill: #2a78d6 } .series1 { fill: #eb6834 } .series2 { fill: #1baf7a } .series3 { fill: #4a3aa7 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .muted { fill: #9198a1 } .one { stroke: #e6edf3 }
    .series0 { fill: #3987e5 } .series1 { fill: #d95926 } .series2 { fill: #199e70 } .series3 { fill: #9085e9 }
  }
"""


class Chart:
    """Bars from 1 to the ratio to the best peer, on a log scale: to the right tenfold is faster."""

    def __init__(self, results):
        self.results = results
        self.threads = sorted({row["threads"] for row in results["rows"]})
        self.operations = {}
        for (op, threads), rows in groups(results).items():
            for row in counted(rows):
                self.operations.setdefault(op, {}).setdefault(label(row), {})[threads] = row
        ratios = [ratio(row) for layers in self.operations.values() for runs in layers.values()
                  for row in runs.values()] or [1]
        self.low = min(-1, math.floor(math.log2(min(ratios))))
        self.high = max(1, math.ceil(math.log2(max(ratios))))
        self.parts, self.y = [], 0

    def x(self, value):
        share = (math.log2(value) - self.low) / (self.high - self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT - 40)  # 40: a value behind the longest bar

    def text(self, x, y, words, style="", anchor="start"):
        escaped = words.replace("&", "&amp;").replace("<", "&lt;")
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escaped}</text>')

    def bars(self, name, values, note="", style=""):
        """values: {threads: ratio}"""
        height = BAR * len(self.threads)
        self.text(LEFT - 8, self.y + height / 2 + 4, name, style, "end")
        for series, threads in enumerate(self.threads):
            value = values.get(threads)
            if not value:
                continue
            top, start, end = self.y + series * BAR, self.x(min(1, value)), self.x(max(1, value))
            tooltip = f"<title>{name}, {plural(threads)}: {value:.2f}</title>"
            self.parts.append(f'<rect x="{start:.1f}" y="{top}" width="{max(end - start, 1):.1f}" height="{BAR - 1}" '
                              f'class="series{series % 4}">{tooltip}</rect>')
            self.text(end + 4, top + BAR - 1.5, f"{value:.2f}", f"value {style}")
        self.text(WIDTH, self.y + height / 2 + 4, note, "muted", "end")
        self.y += height + GAP

    def operation(self, op, layers):
        self.y += HEAD
        self.text(0, self.y - 24, op, "title")
        top, at = self.y, len(self.parts)
        for name, runs in layers.items():
            self.bars(name, {threads: ratio(row) for threads, row in runs.items()},
                      best_peer(runs[min(runs)])[0])
        self.bars("geometric mean", {threads: geomean(ratio(runs[threads]) for runs in layers.values()
                                                      if threads in runs) for threads in self.threads}, style="strong")
        self.parts[at:at] = self.grid(top)  # below the bars

    def grid(self, top):
        lines = []
        every = math.ceil((self.high - self.low) / 8)  # more labels would touch each other
        for power in range(self.low, self.high + 1):
            x = self.x(2.0**power)
            lines.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top - 4}" y2="{self.y}" '
                         f'class="{"one" if power == 0 else "grid"}"/>')
            if power % every == 0:
                self.text(x, top - 8, f"{2**power}×" if power >= 0 else f"1/{2**-power}×", "muted", "middle")
        return lines

    def legend(self):
        self.text(0, 16, "The best peer's time over tenfold's: to the right of 1× tenfold is faster", "title")
        x = 0
        if len(self.threads) > 1:
            for series, threads in enumerate(self.threads):
                self.parts.append(f'<rect x="{x}" y="28" width="10" height="10" class="series{series % 4}"/>')
                self.text(x + 15, 37, plural(threads))
                x += 90
        self.text(x, 37, f"{self.results['cpu']}, {self.results['isa']}, {self.results['date']}; "
                         "on the right the best peer", "muted")
        self.y = 40

    def svg(self):
        self.legend()
        for op, layers in self.operations.items():
            self.operation(op, layers)
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 0 {WIDTH + 16} {self.y + 4}" '
                f'width="{WIDTH + 16}" role="img" aria-label="tenfold beside others">\n<style>{STYLE}</style>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def write(results, folder):
    (folder / "compare.md").write_text(markdown(results))
    (folder / "compare.svg").write_text(Chart(results).svg())


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write(json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2]))
