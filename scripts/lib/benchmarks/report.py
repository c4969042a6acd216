# SPDX-License-Identifier: MIT
"""Writes the results down: docs/benchmarks.md and the plots beside it."""

import dataclasses
import os
import textwrap

from benchmarks import conclusion, plots, targets
from benchmarks.figures import digits, instructions, median, ratio, spell
from benchmarks.figures import summarize, system_calls, values

WIDTH = 100


@dataclasses.dataclass
class Metric:
    """Its name in the programs' output, and its title; "ratio": whether to compare it as well."""

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
        "Pairs of connected Unix stream sockets, with one end of each pair registered for "
        "reading. A few pairs are active: a round writes a byte to each of them, and the "
        "reader of a byte writes one to the next pair, until a thousand bytes or more have "
        "gone round. The time is for one event: a write, its share of a wait, and a read.",
        [Metric("ns_per_event", "ns per event")],
    ),
    "echo": Workload(
        "Echo",
        "TCP connections over the loopback, with both ends in one loop of one thread. The "
        "client sends 64 bytes, the server sends them back, and the client begins again. The "
        "time is for one round trip: two events, two sends, two reads.",
        [Metric("ns_per_trip", "ns per round trip")],
    ),
    "wake": Workload(
        "Wake",
        "Latency: two threads, each with its own loop, wake each other in turn, on one "
        "processor or on two. The time is for one way. Flood: threads wake a running loop as "
        "often as they can. The time is the callers' processor time for one call. Coalesced: "
        "one thread wakes, again and again, a loop that no thread runs. The time is for one "
        "call.",
        [Metric("ns_per_wake", "ns per wake")],
    ),
    "spin": Workload(
        "Spin",
        "Loops that look for wakes for 50 microseconds before they sleep, beside loops that sleep "
        "at once. Wake: two threads wake each other in turn, as above, on one processor or on two. "
        "The first 100 wakes do not count. HTTP: the servers under the load of wrk, with a waker "
        "that nobody wakes. The processor time is that of both threads for one way, or of the "
        "server for one request.",
        [
            Metric("ns_per_wake", "ns per wake"),
            Metric("cpu_ns_per_wake", "ns of processor time per wake"),
            Metric("cpu_us", "us of processor time per request"),
        ],
        to="cmio",
    ),
    "churn": Workload(
        "Churn",
        "With 1,000 sources registered, the program registers and deregisters one more, or "
        "changes its interest, or makes, accepts, registers, deregisters and closes a "
        "connection.",
        [Metric("ns_per_op", "ns per operation")],
    ),
    "timers": Workload(
        "Timers",
        "The program sets, resets or cancels timers with random deadlines within a minute, one "
        "after the other in memory or in random order. Or the timers expire: one after the "
        "other within a tenth of a second or a second, waits included, or all at once, after "
        "the loop was busy elsewhere. The figure is processor time per timer. Here raw is a "
        "heap with four children per node and an index in each timer, and the next deadline is "
        "the timeout of the wait. The kernel-style wheel has slots of a millisecond and more, "
        "and never moves a timer: it is late by up to an eighth of a timer's delay. mio has no "
        "timers.",
        [
            Metric("ns_per_timer", "ns per timer"),
            Metric("late_us", "largest lateness in us, few timers in an idle loop", ratio=False),
        ],
    ),
    "http": Workload(
        "HTTP",
        "A minimal server with the same parser and the same answers on each library, and "
        "cmio's full example, sleep_server, which sends the same page. wrk asks for /0, which is "
        "answered at once, over persistent connections; if pipelined, with 16 requests at a time. "
        "A server with one loop has one processor, and wrk another. Two loops and wrk share all "
        "processors. p50 and p99 are the latencies that wrk measured, in whole microseconds at "
        "best.",
        [
            Metric("requests_per_s", "requests per second", ratio=False),
            Metric("p50_us", "p50, us"),
            Metric("p99_us", "p99, us"),
            Metric("cpu_us", "processor time per request, us"),
            Metric("user_us", "user time per request, us (from the kernel's ticks)", ratio=False),
            Metric("system_us", "kernel time per request, us (from its ticks)", ratio=False),
        ],
    ),
    "fairness": Workload(
        "Fairness",
        "A plain request for /0, one after the other, while wrk keeps 16 requests under way on each of "
        "this number of connections. The figures are what the plain request waits for, including the time "
        "until its client gets a processor, which it shares with wrk.",
        [Metric("p50_us", "p50, us", ratio=False), Metric("p99_us", "p99, us", ratio=False)],
    ),
    "sleepers": Workload(
        "Sleepers",
        "drill connects this number of clients to the same servers within a second. Each "
        "client asks for /2000 at once, and gets its answer two seconds later. Bytes are the "
        "growth of the server's resident memory per client while all of them sleep, without "
        "buffers in the kernel.",
        [
            Metric("bytes_each", "bytes per sleeping connection"),
            Metric("answered", "answered", ratio=False),
            Metric("p99_ms", "99th percentile of the answers, ms (the sleep is 2,000)", ratio=False),
        ],
    ),
    "poll-sleepers": Workload(
        "Sleepers on poll(2)",
        "As above, but each request sleeps for four seconds. The servers use poll(2) by hand, cmio's "
        "poll backend, and epoll(7). The server has a processor, and drill another. The processor "
        "time is the server's, from the first connection to the last answer. While clients come "
        "and go, each wait of poll(2) looks at all of them, and this is most of the time.",
        [
            Metric("cpu_us", "processor time per request, us"),
            Metric("answered", "answered", ratio=False),
            Metric("p99_ms", "99th percentile of the answers, ms (the sleep is 4,000)", ratio=False),
        ],
        to="raw poll",
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
        "The growth of resident memory per registered descriptor or timer, including what the "
        "program itself has to keep for it.",
        [
            Metric("bytes_each", "bytes each", ratio=False),
            Metric("bytes_own", "bytes of the library's struct in it", ratio=False),
        ],
    ),
    "backends": Workload(
        "poll(2)",
        "Pipes (10 active) and echo again, with poll(2) by hand and with cmio's poll backend. With "
        "all pipes active, epoll(7) by hand is beside them: it shows how much of the time is "
        "poll(2)'s own. The library takes at most 1,024 events from a wait there, and the programs "
        "by hand take all of them.",
        [
            Metric("ns_per_event", "pipes: ns per event"),
            Metric("ns_per_trip", "echo: ns per round trip"),
        ],
        to="raw poll",
    ),
    "open": Workload(
        "Opening",
        "The program opens and closes a loop that another thread can wake.",
        [Metric("ns_per_open", "ns to open and close")],
    ),
}

INTRODUCTION = """Written by `{command}`; do not edit.
[bench/README.md](../bench/README.md) describes the benchmarks and how to run them by hand.

Each workload is one program per library. The programs differ only in the lines that use the
library, and make the same system calls outside it. *raw* is the yardstick: epoll(7) by hand,
without a library.

Times vary, counts do not. A time is the median of {rounds}, each in a new process, with the
quartiles in brackets. In each round every case runs on all libraries, one right after the other,
and each round shuffles the cases and the libraries anew. Ratios are computed within a round, and
the tables give their medians: 1.00 is as fast as raw, less is faster. System calls and instructions
were counted once, and memory in three rounds, because they hardly change.
"""

TARGETS = """## Targets

The figure is the worst of all sizes. Ratios are medians, with their quartiles in brackets.

| target | measured | |
|---|---|---|
"""

COUNTS = """## Counts

Each count is for one operation. It compares two runs, one with twice as many operations as the
other, so that setting up does not count. System calls, from strace, are all calls of the program.
Instructions, from callgrind, are those of the library's own code, without the program and the C
library. raw has no library, and mio is built into the program. If its code cannot be told from the
program's, there is a dash.
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
    """The cases that have this figure for any contender."""
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
        yield "**system calls, by name**"
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
    """What a reader must know first, if anything."""
    options, done = results.data["options"], results.data["rounds_done"]
    if not results.data["complete"]:
        yield f"**Partial: interrupted after {done} of {options['rounds']} rounds.**"
        yield ""
    if options["quick"]:
        yield "**A quick run: few rounds and few sizes. Its figures are rough.**"
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
    for key, title in [("left_out", "Left out"), ("failures", "Failed measurements")]:
        if results.data[key]:
            yield f"## {title}"
            yield ""
            yield from (f"- {text}" for text in results.data[key])
            yield ""


def pages(results, drawn, folder):
    done = results.data["rounds_done"]
    rounds = f"{done} round{'s' if done != 1 else ''}"
    yield "# Benchmarks"
    yield ""
    yield from state(results)
    yield from conclusion.section(results)
    yield INTRODUCTION.format(command=results.data["options"]["command"], rounds=rounds)
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
