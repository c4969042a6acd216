# SPDX-License-Identifier: MIT
"""Writes the results down: docs/benchmarks.md and the plots beside it."""

import dataclasses
import os
import textwrap

from benchmarks import plots, targets
from benchmarks.figures import digits, instructions, median, ratio, spell
from benchmarks.figures import summarize, system_calls, values

WIDTH = 100


@dataclasses.dataclass
class Metric:
    """What the programs call it, and what it is; "ratio": whether it is compared as well."""

    name: str
    title: str
    ratio: bool = True


@dataclasses.dataclass
class Workload:
    title: str
    text: str
    metrics: list
    to: str = "raw"


WORKLOADS = {
    "pipes": Workload(
        "Pipes",
        "Pairs of connected Unix stream sockets, one end of each registered for reading. A few "
        "are active: a round writes a byte to each of these, and whoever reads one writes to "
        "the next pair, until a thousand bytes or more have gone round. The time is that of one "
        "event: a write, its share of a wait, and a read.",
        [Metric("ns_per_event", "ns an event")],
    ),
    "echo": Workload(
        "Echo",
        "TCP connections over the loopback, both ends in one loop of one thread. The client "
        "sends 64 bytes, the server sends them back, and the client begins again. The time is "
        "that of one round trip: two events, two sends, two reads.",
        [Metric("ns_per_trip", "ns a round trip")],
    ),
    "wake": Workload(
        "Wake",
        "Latency: two threads, each in a loop of its own, wake each other in turn, both on one "
        "processor or on two; the time is that of one way. Flood: threads wake a loop that "
        "runs, as often as they can; the time is that of one call, in processor time of those "
        "who call. Coalesced: one thread wakes a loop that nobody runs, again and again; the "
        "time of one call.",
        [Metric("ns_per_wake", "ns a wake")],
    ),
    "churn": Workload(
        "Churn",
        "Beside 1,000 sources that are registered, one is registered and deregistered, or "
        "changes its interest, or is a connection that is made, accepted, registered, "
        "deregistered and closed.",
        [Metric("ns_per_op", "ns an operation")],
    ),
    "timers": Workload(
        "Timers",
        "So many timers at random times are set, set again, or cancelled: wall time for each. "
        "Or they expire, told in processor time for each: as they come within a tenth of a second, "
        "waits included, or all at once when the loop has been busy elsewhere. "
        "Here raw is a heap with an index in each timer, and the time of the next one for a "
        "timeout. mio has no timers.",
        [
            Metric("ns_per_timer", "ns a timer"),
            Metric("late_us", "us late at worst, few timers in an idle loop", ratio=False),
        ],
    ),
    "http": Workload(
        "HTTP",
        "A minimal server with the same parser and the same answers on each library, and cmio's "
        "full example, sleep_server, beside them. wrk asks for /0, which is answered at once, "
        "over connections that are kept, and 16 requests at a time where it is pipelined. A "
        "server with one loop has a processor and wrk another; two loops and wrk share all "
        "there are. p50 and p99 are the latencies that wrk saw, in whole microseconds at best.",
        [
            Metric("requests_per_s", "requests a second", ratio=False),
            Metric("p50_us", "p50, us"),
            Metric("p99_us", "p99, us"),
            Metric("cpu_us", "processor time a request, us"),
            Metric("user_us", "of it in user mode, us (by the kernel's ticks)", ratio=False),
            Metric("system_us", "of it in the kernel, us (by the kernel's ticks)", ratio=False),
        ],
    ),
    "sleepers": Workload(
        "Sleepers",
        "drill connects that many clients to the same servers in a second. Each asks for /2000 "
        "at once and is answered two seconds later. Bytes are the growth of the server's "
        "resident memory, with all of them asleep, for each; buffers in the kernel are not "
        "among it.",
        [
            Metric("bytes_each", "bytes a sleeping connection"),
            Metric("answered", "answered", ratio=False),
            Metric("p99_ms", "99 % of the answers within, ms (the sleep is 2,000)", ratio=False),
        ],
    ),
    "drill": Workload(
        "Load tools",
        "drill and wrk, each with one thread, ask sleep_server for /0 over connections that are "
        "kept. The tool has a processor and the server another. The processor time is the "
        "tool's own.",
        [
            Metric("cpu_us", "processor time a request, us"),
            Metric("user_us", "of it in user mode, us (by the kernel's ticks)", ratio=False),
            Metric("system_us", "of it in the kernel, us (by the kernel's ticks)", ratio=False),
            Metric("requests_per_s", "requests a second", ratio=False),
            Metric("p50_us", "p50, us", ratio=False),
            Metric("p99_us", "p99, us", ratio=False),
        ],
        to="wrk",
    ),
    "memory": Workload(
        "Memory",
        "The growth of resident memory by registering descriptors or setting timers, for each, "
        "what the program itself has to keep for it included.",
        [
            Metric("bytes_each", "bytes each", ratio=False),
            Metric("bytes_own", "of it the library's struct in the program's memory", ratio=False),
        ],
    ),
    "backends": Workload(
        "poll(2)",
        "Pipes (10 active) and echo once more, with poll(2) by hand and with cmio on its poll "
        "backend.",
        [
            Metric("ns_per_event", "pipes: ns an event"),
            Metric("ns_per_trip", "echo: ns a round trip"),
        ],
        to="raw poll",
    ),
    "open": Workload(
        "Opening",
        "A loop that another thread can wake is opened and closed again.",
        [Metric("ns_per_open", "ns to open and close")],
    ),
}

INTRODUCTION = """# Benchmarks

Written by `{command}`; do not edit.
[bench/README.md](../bench/README.md) tells how the benchmarks are made and run by hand.

Every workload is one program for each library, the same but for the lines that use the library,
and all make the same system calls outside it. *raw* is the yardstick: epoll(7) by hand, without a
library.

Times wobble, counts do not. A time is the median of {rounds}, each a process of its own, with
the quartiles in brackets. The rounds are interleaved: within a round each case runs all libraries
one after the other, in an order that is drawn anew, as is that of the cases. A ratio is computed
within each round, and the median of those is given: 1.00 is as fast as raw, less is faster. System
calls and instructions were counted once, and memory in three rounds: they hardly change.
"""

TARGETS = """## Targets

The figure is the worst of all sizes. Ratios are medians, with their quartiles in brackets.

| target | measured | |
|---|---|---|
"""

COUNTS = """## Counts

For one operation: a run with twice as many operations is compared to one with half of them, so that
setting up is not counted. System calls are all that the program makes, by strace. Instructions are
those of the library's own code, by callgrind, neither the program's nor the C library's. raw is all
program, and mio is built into it: where its code cannot be told from the program's there is a dash.
"""


def table(titles, rows):
    yield "| " + " | ".join(titles) + " |"
    yield "|" + "---|" * len(titles)
    yield from ("| " + " | ".join(row) + " |" for row in rows)
    yield ""


def columns(cases):
    """The contenders of any of the cases, in their order."""
    return list(dict.fromkeys(name for case in cases for name in case["runs"]))


def shown(summary):
    if not summary:
        return "-"
    if digits(summary.lower) == digits(summary.upper):
        return digits(summary.median)
    return f"{digits(summary.median)} ({digits(summary.lower)} to {digits(summary.upper)})"


def shown_ratio(summary):
    if not summary:
        return "-"
    if summary.upper < 0.1:
        return digits(summary.median)
    return f"{summary.median:.2f} ({summary.lower:.2f} to {summary.upper:.2f})"


def heads(case):
    return [spell(value) for value in case["labels"].values()]


def metric_table(cases, metric):
    names = columns(cases)
    yield f"**{metric.title}**"
    yield ""
    rows = [
        heads(case) + [shown(summarize(values(case, name, metric.name))) for name in names]
        for case in cases
    ]
    yield from table([*cases[0]["labels"], *names], rows)


def ratio_table(cases, metric, to):
    names = [name for name in columns(cases) if name != to]
    yield f"**ratio to {to}**: {metric.title}"
    yield ""
    rows = [
        heads(case) + [shown_ratio(ratio(case, name, to, metric.name)) for name in names]
        for case in cases
    ]
    yield from table([*cases[0]["labels"], *names], rows)


def with_figures(cases, metric):
    """Those of the cases that have this figure for anyone."""
    return [
        case
        for case in cases
        if any(median(case, name, metric) is not None for name in case["runs"])
    ]


def section(results, name, workload, drawn, folder):
    cases = [case for case in results.cases(name) if case["runs"]]
    if not cases:
        return
    yield f"## {workload.title}"
    yield ""
    yield textwrap.fill(workload.text, WIDTH)
    yield ""
    if name in drawn:
        yield f"![{workload.title}]({folder}/{drawn[name]})"
        yield ""
    for metric in workload.metrics:
        measured = with_figures(cases, metric.name)
        if not measured:
            continue
        yield from metric_table(measured, metric)
        if metric.ratio and len(columns(measured)) > 1:
            yield from ratio_table(measured, metric, workload.to)


def counted(counts, title, value_of):
    names = list(dict.fromkeys(name for count in counts for name in count["found"]))
    rows = [
        [count["workload"], count["what"], *(digits(value_of(count, name)) for name in names)]
        for count in counts
        if any(value_of(count, name) is not None for name in names)
    ]
    if rows:
        yield title
        yield ""
        yield from table(["workload", "operation", *names], rows)


def breakdown(counts):
    """Which system calls raw and cmio make."""
    rows = []
    for count in counts:
        for name in ["raw", "cmio", "raw poll", "cmio on poll"]:
            calls = count["found"].get(name, {}).get("system_calls")
            if calls:
                words = [f"{call} {digits(number)}" for call, number in sorted(calls.items())]
                rows.append([count["workload"], count["what"], name, ", ".join(words)])
    if rows:
        yield "**which system calls these are**"
        yield ""
        yield from table(["workload", "operation", "", "system calls"], rows)


def functions_table(counts):
    """Where cmio's instructions are."""
    rows = []
    for count in counts:
        functions = count["found"].get("cmio", {}).get("functions") or {}
        largest = sorted(functions.items(), key=lambda item: -item[1])
        words = ", ".join(f"{name} {digits(value)}" for name, value in largest if value >= 0.5)
        if words:
            rows.append([count["workload"], count["what"], words])
    if rows:
        yield "**instructions in cmio, by function**"
        yield ""
        yield from table(["workload", "operation", "instructions"], rows)


def counts_section(results):
    counts = results.data["counts"]
    if not counts:
        return
    yield COUNTS
    yield from counted(counts, "**system calls**", system_calls)
    yield from counted(counts, "**instructions in the library**", instructions)
    yield from functions_table(counts)
    yield from breakdown(counts)


def state(results):
    """What must be said before anything else, if anything."""
    options, done = results.data["options"], results.data["rounds_done"]
    if not results.data["complete"]:
        yield f"**Partial: interrupted after {done} of {options['rounds']} rounds.**"
        yield ""
    if options["quick"]:
        yield "**A quick run: few rounds and few sizes. Its figures say little.**"
        yield ""
    if options["only"]:
        yield f"**Only {', '.join(options['only'])}: the rest was not run.**"
        yield ""


def machine_section(results):
    yield "## Machine"
    yield ""
    yield from table(["", ""], [[name, value] for name, value in results.data["facts"]])


def repeat_section(results):
    yield "## To repeat it"
    yield ""
    yield "```sh"
    yield results.data["options"]["command"]
    yield "```"
    yield ""
    took = results.data["minutes"]
    yield "The command installs what is missing (Debian and Ubuntu), builds, runs and writes this"
    yield f"page. It took {took:.0f} minutes."
    yield ""


def left_out_section(results):
    for key, title in [("left_out", "Left out"), ("failures", "What went wrong")]:
        if results.data[key]:
            yield f"## {title}"
            yield ""
            yield from (f"- {text}" for text in results.data[key])
            yield ""


def pages(results, drawn, folder):
    done = results.data["rounds_done"]
    rounds = f"{done} round{'s' if done != 1 else ''}"
    yield INTRODUCTION.format(command=results.data["options"]["command"], rounds=rounds)
    yield from state(results)
    yield TARGETS.rstrip()
    for target in targets.judge(results):
        mark = "**" if target.verdict.startswith("not met") else ""
        yield f"| {target.text} | {target.figure} | {mark}{target.verdict}{mark} |"
    yield ""
    yield from machine_section(results)
    if drawn is None:
        yield "There are no plots: gnuplot is missing."
        yield ""
    for name, workload in WORKLOADS.items():
        yield from section(results, name, workload, drawn or {}, folder)
    yield from counts_section(results)
    yield from left_out_section(results)
    yield from repeat_section(results)


def write(results, output):
    """Into the folder; the path of the page."""
    os.makedirs(output, exist_ok=True)
    drawn = plots.draw(results, os.path.join(output, "benchmarks"))
    path = os.path.join(output, "benchmarks.md")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(pages(results, drawn, "benchmarks")).rstrip() + "\n")
    return path
