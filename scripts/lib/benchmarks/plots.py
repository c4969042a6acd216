# SPDX-License-Identifier: MIT
"""Plots of how cost grows, as SVG, by gnuplot."""

import dataclasses
import os
import shutil
import subprocess

from benchmarks.cases import TIMER_MODES
from benchmarks.figures import ratio, summarize, values

COLOURS = {
    "raw": "#555555",
    "raw poll": "#555555",
    "kernel-style wheel": "#8c564b",
    "cmio": "#d62728",
    "cmio on poll": "#d62728",
    "libev": "#1f77b4",
    "libevent": "#2ca02c",
    "libuv": "#9467bd",
    "mio": "#e08214",
}


@dataclasses.dataclass
class Panel:
    """series: for each contender its points (x, median, lower quartile, upper quartile)."""

    title: str
    across: str
    up: str
    series: dict
    logarithmic: bool = False


def absolute(cases, across, metric):
    """Series of medians."""
    return collect(cases, across, lambda case, name: summarize(values(case, name, metric)))


def relative(cases, across, metric, to):
    """Series of ratios."""
    return collect(cases, across, lambda case, name: ratio(case, name, to, metric))


def without(case, contender):
    runs = {name: runs for name, runs in case["runs"].items() if name != contender}
    return {**case, "runs": runs}


def collect(cases, across, summary_of):
    series = {}
    for case in sorted(cases, key=lambda case: case["labels"][across]):
        for name in case["runs"]:
            found = summary_of(case, name)
            if found:
                point = (case["labels"][across], found.median, found.lower, found.upper)
                series.setdefault(name, []).append(point)
    return series


def pair_of(cases, title, across, metric, unit, to):
    """The same twice: as it is, and as a ratio."""
    words = f"number of {across}"
    yield Panel(title, words, unit, absolute(cases, across, metric))
    yield Panel(title, words, f"ratio to {to}", relative(cases, across, metric, to))


def pipes(results):
    for active in [1, 100]:
        cases, title = results.cases("pipes", active=active), f"pipes, {active} active"
        yield from pair_of(cases, title, "sources", "ns_per_event", "ns per event", "raw")


def echo(results):
    cases = results.cases("echo")
    yield from pair_of(cases, "echo", "connections", "ns_per_trip", "ns per round trip", "raw")


def timers(results):
    for what in TIMER_MODES:
        series = absolute(results.cases("timers", what=what), "timers", "ns_per_timer")
        unit = "CPU ns per timer" if what.startswith("expire") else "ns per timer"
        yield Panel(f"timers, {what}", "number of timers", unit, series, logarithmic=True)


def http(results):
    """Of the minimal servers: sleep_server does more, and would squeeze them together."""
    for pipelined in ["no", "yes"]:
        cases = results.cases("http", loops=1, pipelined=pipelined)
        cases = [without(case, "sleep_server") for case in cases]
        title = "http, pipelined" if pipelined == "yes" else "http"
        yield from pair_of(cases, title, "connections", "cpu_us", "CPU us per request", "raw")


def backends(results):
    for what, metric in [("pipes", "ns_per_event"), ("echo", "ns_per_trip")]:
        cases = results.cases("backends", what=what)
        unit = "ns per event" if what == "pipes" else "ns per round trip"
        yield from pair_of(cases, f"poll(2), {what}", "sources", metric, unit, "raw poll")


PLOTS = {
    "pipes": pipes,
    "echo": echo,
    "timers": timers,
    "http": http,
    "backends": backends,
}


def script(panels, output):
    """gnuplot's, for panels in two columns."""
    rows = (len(panels) + 1) // 2
    yield f"set terminal svg size 1000,{360 * rows} font 'sans-serif,13' background '#ffffff'"
    yield f"set output '{output}'"
    margins = f"0.1,0.85,{0.2 / rows:.3f},{1 - 0.15 / rows:.3f}"
    yield f"set multiplot layout {rows},2 margins {margins} spacing 0.11,{0.4 / rows:.3f}"
    yield "set grid ytics linecolor '#dddddd'"
    yield "set border 3; set tics nomirror out; set bars small"
    yield "set logscale x; set format x '%.0s%c'"
    for number, panel in enumerate(panels):
        yield from panel_script(number, panel, number == 1)
    yield "unset multiplot"


def panel_script(number, panel, with_key):
    for index, points in enumerate(panel.series.values()):
        yield f"$data{number}_{index} << END"
        yield from (" ".join(map(str, point)) for point in points)
        yield "END"
    yield f"set title '{panel.title}'"
    yield f"set xlabel '{panel.across}'; set ylabel '{panel.up}'"
    places = [point[0] for points in panel.series.values() for point in points]
    yield f"set xrange [{min(places) / 1.3}:{max(places) * 1.3}]"
    yield "unset logscale y; set autoscale y; set format y '%h'"
    if panel.logarithmic:
        yield "set logscale y"
    elif not panel.up.startswith("ratio"):
        yield "set yrange [0:*]"
    key = "set key at screen 0.99, screen 0.95 samplen 1.5 Left reverse"
    yield key if with_key else "unset key"
    curves = [
        f"$data{number}_{index} using 1:2:3:4 with yerrorlines title '{name}' "
        f"linewidth {2.5 if name.startswith('cmio') else 1.5} pointtype 7 pointsize 0.4 "
        f"linecolor '{COLOURS.get(name, '#000000')}'"
        for index, name in enumerate(panel.series)
    ]
    yield "plot " + ", ".join(curves)


def draw(results, folder):
    """Draws what there are figures for: the files' names by workload. None without gnuplot."""
    if not shutil.which("gnuplot"):
        return None
    os.makedirs(folder, exist_ok=True)
    drawn = {}
    for name, panels_of in PLOTS.items():
        panels = list(panels_of(results))
        if not all(panel.series for panel in panels):
            continue
        path = os.path.join(folder, name + ".svg")
        text = "\n".join(script(panels, path)) + "\n"
        subprocess.run(["gnuplot"], input=text, text=True, check=True)
        drawn[name] = os.path.basename(path)
    return drawn
