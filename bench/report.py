#!/usr/bin/env python3
"""Tables and charts of what compare.py measured.

    python3 bench/report.py compare.json FOLDER     compare.md, compare.svg and a chart of each operation
    python3 bench/report.py compare.json --readme   docs/speed.svg and the part of README.md between its two marks
"""

import json
import math
import pathlib
import platform
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent

PRODUCTS = {"tenfold": "tenfold", "torch": "PyTorch", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO",
            "ncnn": "ncnn", "openblas": "OpenBLAS", "blis": "BLIS", "mkl": "MKL"}
NOT_EXACT = {"ncnn_winograd"}  # shown, but nothing that an exact result is held against
CALL = "call"  # the layer of one element: shown, but in no mean
BEST, TENFOLD, PEAK = "best peer", "tenfold", "peak"

Row = dict
Sizes = dict  # of a layer, by name; and its name

# What is summed up together. Other operations: one family for each variant.
FAMILIES = {"conv2d": "{op}", "conv_transpose2d": "{op}", "max_unpool2d": "{op}", "im2col": "{variant}",
            "activation": "{variant}", "move": "{variant}"}
SIZES = {"gemm": "m n k trans_a trans_b", "conv2d": "n c h w o kernel stride padding dilation groups",
         "conv_transpose2d": "n c h w o kernel stride padding output_padding dilation groups",
         "conv2d_backward": "n c h w o kernel stride padding dilation groups",
         "conv_transpose2d_backward": "n c h w o kernel stride padding output_padding dilation groups",
         "max_pool2d": "n c h w kernel stride padding", "max_unpool2d": "n c h w kernel stride",
         "upsample2d": "n c h w out_h out_w", "im2col": "n c h w kernel stride padding dilation",
         "activation": "elements", "move": "n c h w"}


def cpu_model() -> str:
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


# ---- targets ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """`against` takes at least `layer` times as long as `of` on each layer, `mean` times in the geometric mean.

    Both name tenfold, a peer, the best peer, or a variant that is measured besides. Against the peak it is the share of
    the nearer one that is reached.
    """

    family: str
    against: str
    layer: float | None = None
    mean: float | None = None
    of: str = TENFOLD
    layers: str = "all"
    only: Callable[[Sizes], bool] = lambda s: True


def plain_3x3(s: Sizes) -> bool:
    return (s["kernel"], s["stride"], s["dilation"], s["groups"]) == (3, 1, 1, 1)


def reads_weights(s: Sizes) -> bool:
    """One output pixel, and weights that no cache holds."""
    return s["kernel"] == s["h"] == s["w"] and s["padding"] == 0 and s["c"] * s["o"] * s["kernel"]**2 > 2**24


def window(kernel: int, stride: int, padding: int) -> Callable[[Sizes], bool]:
    return lambda s: (s["kernel"], s["stride"], s["padding"]) == (kernel, stride, padding)


def named(*prefixes: str) -> Callable[[Sizes], bool]:
    return lambda s: s["name"].startswith(prefixes)


def large(s: Sizes) -> bool:
    return s["h"] * s["w"] >= 112 * 112


TARGETS = [
    *(Target(f"gemm {t}", BEST, layer=0.9, mean=1.0) for t in ("float", "double")),
    *(Target(f"gemm {t}", PEAK, layer=0.92, layers="1024", only=lambda s: s["m"] == s["n"] == s["k"] == 1024)
      for t in ("float", "double")),
    Target("conv2d", BEST, layer=0.95, mean=1.1, of="exact"),
    Target("conv2d", "torch", mean=1.5, of="exact"),
    Target("conv2d", PEAK, layer=0.8, layers="bound by reading weights", only=reads_weights),
    Target("conv2d", BEST, layer=0.95, mean=1.3),
    Target("conv2d", "torch", mean=2.0),
    Target("conv2d", "ncnn_winograd", layer=0.95, mean=1.3, layers="3x3", only=plain_3x3),
    Target("conv2d", "torch", mean=2.5, layers="3x3", only=plain_3x3),
    Target("conv2d", BEST, layer=1.2, layers="grouped", only=lambda s: s["groups"] > 1),
    Target("conv2d", TENFOLD, layer=1 / 1.15, of="plain", layers="VGG", only=named("vgg", "fc6")),
    Target("conv_transpose2d", BEST, layer=1.0, mean=1.6),
    Target("conv_transpose2d", "torch", mean=3.0),
    Target("conv_transpose2d", "slow_conv_transpose2d", mean=5.0),
    Target("conv_transpose2d", BEST, layer=5.0, layers="depthwise", only=lambda s: s["groups"] == s["c"] > 1),
    Target("conv_transpose2d", TENFOLD, layer=1 / 1.15, of="plain", layers="DeconvNet, U-Net",
           only=named("dn", "unet")),
    Target("max_pool2d indices", "torch", layer=12.0, layers="2x2, stride 2", only=window(2, 2, 0)),
    Target("max_pool2d indices", "torch", layer=6.0, layers="3x3, stride 2, padding 1", only=window(3, 2, 1)),
    Target("max_pool2d indices", "torch", layer=4.0, layers="others",
           only=lambda s: not window(2, 2, 0)(s) and not window(3, 2, 1)(s)),
    Target("max_pool2d indices", "copy", layer=0.7, layers="large planes", only=large),
    Target("max_unpool2d", "torch", layer=2.5, layers="from 224x224", only=lambda s: s["h"] * s["w"] >= 224 * 224),
    Target("max_unpool2d", "torch", layer=4.0, layers="smaller", only=lambda s: s["h"] * s["w"] < 224 * 224),
    Target("upsample2d nearest", "copy", layer=0.9),
    Target("upsample2d bilinear", "torch", layer=2.0),
    Target("relu", "copy", layer=0.9),
    Target("im2col", "torch", layer=1.5),
    Target("col2im", "torch", layer=1.5),
]

SPEED_UP = 0.9  # of each thread, on layers that take more than so many ms on one
SPEED_UP_FROM = 5.0


# ---- figures ---------------------------------------------------------------------------------------------------------


def family(row: Row) -> str:
    if row["variant"] == "backward":
        return "{op} {variant}".format(**row)
    return FAMILIES.get(row["op"], "{op} {variant}").format(**row)


def best_peer(row: Row) -> tuple[str | None, float | None]:
    """The name and the time of the fastest exact peer."""
    exact = {name: ms for name, ms in row["peers"].items() if name not in NOT_EXACT}
    return min(exact.items(), key=lambda item: item[1], default=(None, None))


def milliseconds(row: Row, name: str) -> float | None:
    if name == TENFOLD:
        return row["ms"]
    if name == BEST:
        return best_peer(row)[1]
    return row["peers"].get(name) or row["besides"].get(name)


def ratio(row: Row, against: str = BEST, of: str = TENFOLD) -> float | None:
    """How many times as long `against` takes: above 1 `of` is faster."""
    if against == PEAK:
        return share_of_peak(row)
    ms, own = milliseconds(row, against), milliseconds(row, of)
    return ms / own if ms and own else None


def share_of_peak(row: Row) -> float:
    """Of the nearer one; a vector holds half as many doubles."""
    flops = row["peak"]["gflops"] * (0.5 if row["variant"] == "double" else 1)
    return max((row["gflops"] or 0) / flops, (row["gbs"] or 0) / row["peak"]["gbs"])


def geomean(values) -> float | None:
    values = [value for value in values if value]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


class Results:
    """A compare.json, by families of layers."""

    def __init__(self, path: pathlib.Path):
        stored = json.loads(path.read_text())
        self.date, self.cpu, self.isa, self.compiler = (stored[key] for key in ("date", "cpu", "isa", "compiler"))
        self.rounds, self.load, self.peaks, self.versions = (
            stored[key] for key in ("rounds", "load", "peaks", "versions"))
        self.rows: list[Row] = [row | {"peak": self.peaks[str(row["threads"])]} for row in stored["rows"]]
        self.threads: list[int] = sorted({row["threads"] for row in self.rows})
        self.families: list[str] = list(dict.fromkeys(map(family, self.rows)))
        self.single = {(family(row), row["layer"]): row["ms"] for row in self.rows if row["threads"] == 1}

    def of(self, name: str, threads: int) -> list[Row]:
        return [row for row in self.rows if family(row) == name and row["threads"] == threads]

    def counted(self, name: str, threads: int) -> list[Row]:
        return [row for row in self.of(name, threads) if row["layer"] != CALL]

    def met_by(self, target: Target, threads: int) -> dict[str, float]:
        """{layer: ratio} of a target's layers."""
        rows = [row for row in self.counted(target.family, threads)
                if target.only(dict(zip(SIZES[row["op"]].split(), row["sizes"]), name=row["layer"]))]
        found = {row["layer"]: ratio(row, target.against, target.of) for row in rows}
        return {layer: value for layer, value in found.items() if value}

    def speed_up(self, row: Row) -> float | None:
        single = self.single.get((family(row), row["layer"]))
        return single / row["ms"] if single else None


# ---- Markdown --------------------------------------------------------------------------------------------------------


def figure(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits, without an exponent."""
    if value is None:
        return ""
    places = max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:.{min(places, 6)}f}"


def times(value: float | None) -> str:
    return f"{value:.2f}" if value else ""


def judged(value: float | None, least: float | None) -> str:
    """Bold where it misses what is wanted."""
    return f"**{times(value)}**" if value and least and value < least else times(value)


def plural(threads: int) -> str:
    return f"{threads} thread" + ("s" if threads > 1 else "")


def table(head: list, lines: list[list], words: int = 1) -> list[str]:
    """The first so many columns are words, the others numbers."""
    align = ["---"] * words + ["---:"] * (len(head) - words)
    return ["| " + " | ".join(map(str, line)) + " |" for line in [head, align, *lines]] + [""]


def summary(results: Results) -> list[str]:
    head = ["operation", "layers", *(f"{peer}, {plural(threads)}" for peer in (BEST, "torch")
                                     for threads in results.threads), "worst layer"]
    lines = []
    for name in results.families:
        rows = [row for threads in results.threads for row in results.counted(name, threads) if ratio(row)]
        if not rows:
            continue
        worst = min(rows, key=ratio)
        means = [times(geomean(ratio(row, peer) for row in rows if row["threads"] == threads))
                 for peer in (BEST, "torch") for threads in results.threads]
        lines.append([name, len({row["layer"] for row in rows}), *means,
                      f"{times(ratio(worst))} ({worst['layer']}, {best_peer(worst)[0]}, {plural(worst['threads'])})"])
    return table(head, lines)


def peer_table(results: Results) -> list[str]:
    peers = list(dict.fromkeys(peer for row in results.rows for peer in row["peers"]))
    lines = []
    for name in results.families:
        for threads in results.threads:
            rows = results.counted(name, threads)
            lines.append([name, threads, *(times(geomean(ratio(row, peer) for row in rows)) for peer in peers)])
    return table(["operation", "threads", *peers], lines)


def target_table(results: Results) -> list[str]:
    head = ["operation", "layers", "of", "against", "each layer", *(f"worst, {plural(t)}" for t in results.threads),
            "mean", *(f"mean, {plural(t)}" for t in results.threads)]
    lines = []
    for target in TARGETS:
        found = [results.met_by(target, threads) for threads in results.threads]
        if not any(found):
            continue
        worst = [judged(min(values.values(), default=None), target.layer) for values in found]
        means = [judged(geomean(values.values()), target.mean) for values in found]
        lines.append([target.family, f"{target.layers} ({max(map(len, found))})", target.of, target.against,
                      times(target.layer), *worst, times(target.mean), *means])
    return table(head, lines, words=4)


def missed_table(results: Results) -> list[str]:
    """The layers below the target for each layer, the furthest first."""
    missed = []
    for target in (target for target in TARGETS if target.layer):
        for threads in results.threads:
            for layer, value in results.met_by(target, threads).items():
                if value < target.layer:
                    missed.append((value / target.layer, [
                        target.family, layer, target.of, target.against, threads, times(value), times(target.layer)]))
    if not missed:
        return ["Every layer reaches its target.", ""]
    lines = [line for _, line in sorted(missed, key=lambda item: item[0])]
    return table(["operation", "layer", "of", "against", "threads", "ratio", "wanted"], lines, words=4)


def speed_up_table(results: Results) -> list[str]:
    lines = []
    for row in results.rows:
        speed_up = results.speed_up(row)
        if row["threads"] > 1 and speed_up and speed_up * row["ms"] > SPEED_UP_FROM:
            lines.append((speed_up, [family(row), row["layer"], row["threads"], figure(speed_up * row["ms"]),
                                     figure(row["ms"]), judged(speed_up, SPEED_UP * row["threads"])]))
    lines = [line for _, line in sorted(lines, key=lambda item: item[0])]
    return table(["operation", "layer", "threads", "1 thread, ms", "ms", "speed-up"], lines, words=2)


def layer_table(results: Results, rows: list[Row]) -> list[str]:
    """Times in ms."""
    peers = list(dict.fromkeys(peer for row in rows for peer in row["peers"]))
    besides = list(rows[0]["besides"])
    rate, unit = ("gflops", "GFLOP/s") if any(row["gflops"] for row in rows) else ("gbs", "GB/s")
    speed_ups = rows[0]["threads"] > 1 and bool(results.single)
    head = ["layer", "tenfold", unit, "of peak", *(f"{b} / tenfold" for b in besides),
            *(["speed-up"] if speed_ups else []), *peers, "best peer / tenfold"]
    lines = [[row["layer"], figure(row["ms"]), figure(row[rate]), f"{100 * share_of_peak(row):.0f} %",
              *(times(ratio(row, b)) for b in besides), *([times(results.speed_up(row))] if speed_ups else []),
              *(figure(row["peers"].get(peer)) for peer in peers), times(ratio(row))] for row in rows]
    return table(head, lines)


def versions(results: Results) -> str:
    return ", ".join(f"{product} {results.versions[name]}" for name, product in PRODUCTS.items()
                     if name in results.versions)


def markdown(results: Results) -> str:
    peaks = "; ".join(f"{plural(threads)}: {peak['gflops']:.0f} GFLOP/s, {peak['gbs']:.1f} GB/s"
                      for threads in results.threads for peak in [results.peaks[str(threads)]])
    lines = [f"# tenfold beside others, {results.date}", "",
             f"{results.cpu}, {results.isa}, {results.compiler}. {versions(results)}.", "",
             f"Measured peak in the same run (multiply-adds from registers, reading memory): {peaks}; `of peak` is the "
             "share of the nearer one, above 100 % where the data stay in a cache. "
             f"Load of the machine before: {results.load:.1f}.", "",
             "Ratios are a peer's time over tenfold's: above 1 tenfold is faster. Times are in ms, the least of "
             f"{results.rounds} rounds' medians; the programs took turns on the same cores, pinned. tenfold's "
             "layers are prepared ones with `math::standard`; `plain` is the call that packs its weights each time, "
             "`exact` the prepared layer with `math::exact`, `copy` a copy of as many bytes. torch is "
             "torch.nn.functional, which allocates its output; torch_out the same kernels with out=. ncnn_winograd is "
             "ncnn's default; it is less exact and no best peer. `call` is a layer of one element, outside the means.",
             "", "![](compare.svg)", "", "## Geometric means", "", *summary(results),
             "Against each peer, on the layers that it has:", "", *peer_table(results),
             "## Targets", "", "Ratios as above; bold where a target is missed.", "", *target_table(results),
             "### Layers below their target", "", *missed_table(results)]
    if len(results.threads) > 1:
        lines += [f"### Speed-up of layers above {SPEED_UP_FROM:.0f} ms", "",
                  f"Bold below {SPEED_UP} of each thread.", "", *speed_up_table(results)]
    for op in chart_names(results):
        lines += [f"## {op}", "", f"![](compare_{op}.svg)", ""]
        for name in dict.fromkeys(family(row) for row in results.rows if row["op"] == op):
            for threads in results.threads:
                if rows := results.of(name, threads):
                    lines += [f"### {name}, {plural(threads)}", "", *layer_table(results, rows)]
    return "\n".join(lines)


# ---- SVG -------------------------------------------------------------------------------------------------------------

STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .muted { fill: #59636e; font-size: 11px }
  .title { font-size: 13px; font-weight: 600 }
  .strong { font-weight: 600 }
  .number { font-size: 11px; font-variant-numeric: tabular-nums }
  .grid { stroke: #8c959f; stroke-opacity: .3 }
  .one { stroke: #1f2328; stroke-opacity: .7 }
  .series0 { fill: #2a78d6 } .series1 { fill: #eb6834 } .series2 { fill: #1baf7a } .series3 { fill: #4a3aa7 }
  .pale { fill-opacity: .35 }
  .dot { fill-opacity: .8 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .muted { fill: #9198a1 } .one { stroke: #e6edf3 }
    .series0 { fill: #58a6ff } .series1 { fill: #f0883e } .series2 { fill: #3fb950 } .series3 { fill: #a371f7 }
  }
"""

WIDTH, LEFT, NUMBER, PEER = 760, 150, 44, 130  # of the chart, the names, each column of numbers, the peers' names


class Chart:
    """Ratios on a log scale, one row each, with a lane for each thread count: right of 1 tenfold is faster."""

    def __init__(self, threads: list[int], ratios: list[float], notes: bool):
        self.threads = threads
        self.low = min(-1, math.floor(math.log2(min(ratios))))
        self.high = max(1, math.ceil(math.log2(max(ratios))))
        self.right = WIDTH - NUMBER * len(threads) - (PEER if notes else 0)
        self.parts, self.y = [], 0.0

    def x(self, value: float) -> float:
        share = (math.log2(value) - self.low) / (self.high - self.low)
        return LEFT + share * (self.right - LEFT - 20)

    def text(self, x: float, y: float, words: str, style: str = "", anchor: str = "start"):
        escaped = words.replace("&", "&amp;").replace("<", "&lt;")
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escaped}</text>')

    def legend(self, *lines: str):
        """Words below each other, with the colours in the last line if there are several."""
        for line in lines:
            self.y += 16
            self.text(0, self.y, line, "title" if line == lines[0] else "muted")
        self.y += 6
        if len(self.threads) > 1:
            self.y += 14
            for series, threads in enumerate(self.threads):
                self.parts.append(f'<rect x="{90 * series}" y="{self.y - 9}" width="10" height="10" '
                                  f'class="series{series % 4}"/>')
                self.text(90 * series + 15, self.y, plural(threads))

    def start(self, title: str = "", note: str = ""):
        """The head of a group of rows: its name, and below it what the columns are."""
        self.y += 50 if title else 34
        self.text(0, self.y - 26, title, "title")
        for series, threads in enumerate(self.threads):
            self.text(self.right + NUMBER * (series + 1) - 6, self.y - 8, f"{threads} thr.", "muted", "end")
        self.text(WIDTH, self.y - 8, note, "muted", "end")
        self.top, self.below = self.y, len(self.parts)

    def row(self, name: str, values: dict[int, float], dots: dict[int, list[float]], lane: int, note: str = "",
            style: str = ""):
        """Bars to `values`, by threads; paler where dots lie on them."""
        lanes = lane * len(self.threads)
        height = max(16, lanes + lane / 2)  # of a line of text at least
        middle = self.y + height / 2 + 4
        self.text(LEFT - 8, middle, name, style, "end")
        self.text(WIDTH, middle, note, "muted", "end")
        for series, threads in enumerate(self.threads):
            if threads not in values:
                continue
            value, top = values[threads], self.y + (height - lanes) / 2 + series * lane
            start, end = sorted((self.x(1), self.x(value)))
            tooltip = f"<title>{name}, {plural(threads)}: {value:.2f}</title>"
            self.parts.append(f'<rect x="{start:.1f}" y="{top:.1f}" width="{max(end - start, 1):.1f}" '
                              f'height="{lane - 1}" class="series{series % 4}{" pale" if dots else ""}">{tooltip}</rect>')
            if dots:
                self.parts.append(f'<rect x="{self.x(value) - 1:.1f}" y="{top:.1f}" width="2" height="{lane - 1}" '
                                  f'class="series{series % 4}"/>')
            for dot in dots.get(threads, []):
                self.parts.append(f'<circle cx="{self.x(dot):.1f}" cy="{top + lane / 2 - .5:.1f}" r="2" '
                                  f'class="series{series % 4} dot"/>')
            self.text(self.right + NUMBER * (series + 1) - 6, middle, f"{value:.2f}", f"number {style}", "end")
        self.y += height

    def end(self):
        """The grid, below the bars of the group, and its labels."""
        lines, self.y = [], self.y + 2
        every = math.ceil((self.high - self.low) / 8)  # more labels would touch each other
        for power in range(self.low, self.high + 1):
            x = self.x(2.0**power)
            lines.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{self.top}" y2="{self.y:.1f}" '
                         f'class="{"one" if power == 0 else "grid"}"/>')
            if power % every == 0:
                self.text(x, self.top - 8, f"{2**power}×" if power >= 0 else f"1/{2**-power}×", "muted", "middle")
        self.parts[self.below:self.below] = lines

    def svg(self, label: str) -> str:
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 0 {WIDTH + 16} {self.y + 6:.0f}" '
                f'width="{WIDTH + 16}" role="img" aria-label="{label}">\n<style>{STYLE}</style>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def measured(results: Results, name: str) -> dict[int, list[Row]]:
    """The layers of a family that have a peer, by threads."""
    found = {threads: [row for row in results.counted(name, threads) if ratio(row)] for threads in results.threads}
    return {threads: rows for threads, rows in found.items() if rows}


def chart_names(results: Results) -> list[str]:
    return list(dict.fromkeys(row["op"] for row in results.rows))


def means(runs: dict[int, list[Row]]) -> dict[int, float]:
    return {threads: geomean(map(ratio, rows)) for threads, rows in runs.items()}


def overview(results: Results) -> str:
    """A row for each family: the geometric mean as a bar, the layers as dots."""
    families = {name: runs for name in results.families if (runs := measured(results, name))}
    chart = Chart(results.threads, [ratio(row) for runs in families.values() for rows in runs.values() for row in rows],
                  notes=False)
    chart.legend("How many times as long the fastest of the others takes (right of 1×: tenfold is faster)",
                 f"bar: geometric mean, dots: layers; {results.cpu}, {results.isa}, {results.date}")
    chart.start()
    for name, runs in families.items():
        chart.row(name, means(runs), {threads: list(map(ratio, rows)) for threads, rows in runs.items()}, lane=9)
    chart.end()
    return chart.svg("tenfold beside others")


def layer_chart(results: Results, op: str) -> str | None:
    """A row for each layer, the best first."""
    names = list(dict.fromkeys(family(row) for row in results.rows if row["op"] == op))
    families = {name: runs for name in names if (runs := measured(results, name))}
    if not families:
        return None
    chart = Chart(results.threads, [ratio(row) for runs in families.values() for rows in runs.values() for row in rows],
                  notes=True)
    chart.legend("How many times as long the fastest of the others takes (right of 1×: tenfold is faster)",
                 f"{results.cpu}, {results.isa}, {results.date}")
    for name, runs in families.items():
        chart.start(name, "fastest other")
        layers: dict[str, dict[int, Row]] = {}
        for threads, rows in runs.items():
            for row in rows:
                layers.setdefault(row["layer"], {})[threads] = row
        ordered = sorted(layers.items(), key=lambda item: -ratio(next(iter(item[1].values()))))
        for layer, by_threads in ordered:
            chart.row(layer, {threads: ratio(row) for threads, row in by_threads.items()}, {}, lane=6,
                      note=best_peer(next(iter(by_threads.values())))[0])
        chart.row("geometric mean", means(runs), {}, lane=6, style="strong")
        chart.end()
    return chart.svg(f"{op}: tenfold beside others")


# ---- files -----------------------------------------------------------------------------------------------------------

BEGIN, END = "<!-- bench/report.py --readme -->", "<!-- end -->"


def write(path: pathlib.Path, folder: pathlib.Path):
    results = Results(path)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compare.md").write_text(markdown(results))
    (folder / "compare.svg").write_text(overview(results))
    for op in chart_names(results):
        if chart := layer_chart(results, op):
            (folder / f"compare_{op}.svg").write_text(chart)


def readme_part(results: Results) -> str:
    words = (f"{results.cpu}, {results.isa}, {results.date}; {versions(results)}. How many times as long the others "
             "take, geometric means over the layers of known networks: against the fastest exact one of them on each "
             "layer, and against PyTorch.")
    return "\n".join([
        "![Bars: geometric means of the ratios to the fastest of the others, for each operation](docs/speed.svg)", "",
        *textwrap.wrap(words, 120), "", *summary(results)])


def write_readme(path: pathlib.Path, root: pathlib.Path):
    results = Results(path)
    text = (root / "README.md").read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"report.py: README.md has no {BEGIN} ... {END}")
    (root / "docs/speed.svg").write_text(overview(results))
    (root / "README.md").write_text(f"{before}{BEGIN}\n{readme_part(results)}{END}{after}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if sys.argv[2] == "--readme":
        write_readme(pathlib.Path(sys.argv[1]), HERE.parent)
    else:
        write(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
