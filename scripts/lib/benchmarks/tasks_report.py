# SPDX-License-Identifier: MIT
"""Writes the results of scripts/bench --async down: docs/benchmarks-async.md."""

import os
import textwrap

from benchmarks import report, tasks, tasks_goals
from benchmarks.figures import digits, label, median, summarize, values
from benchmarks.targets import MET, UNKNOWN

COLUMNS = ["cmio", "Tokio", "Go", "floor in C", "threads"]

HOW = """## How it was measured

Each figure is the median of several processes: {rounds}, and {server_rounds} for servers. The programs
are release builds. With one worker, a process stays on one processor, and the figure is its processor
time, which is what it takes while nothing else runs. With two workers or threads it may use all
processors, and the figure is wall time. In each round each workload runs on every library, one right
after the other, and each round shuffles the libraries anew. A ratio compares two processes of one
round, and the tables give the median of the ratios, with the quartiles in brackets. For servers, the
brackets contain the true median with 95 % confidence (between order statistics, from six rounds on).

One worker of cmio and of Tokio is the thread that blocks on the executor (current_thread). One worker
of Go is one processor (GOMAXPROCS). The floor in C is the least that a scheduler must do
(bench/tasks/raw.c). Between two threads it is an eventfd and an epoll instance each. Threads are
those of the system: they are created and joined, or hand over with a mutex and a condition variable.
A hand-over is one way.

Servers have the same parser, the same answers and one thread. *By hand* is the server on cmio's poll,
with callbacks. Echo has both ends in one process, and its time is for one round trip. The time of HTTP
is the server's processor time for one request of wrk, which has a processor of its own.

Bytes of a sleeper are the growth of resident memory per sleeper, a second before they end. They
include what the library keeps for a task, the future, and the allocator's part.
[bench/README.md](../bench/README.md) describes each program.
"""


def cell(case, contender, metric):
    return digits(median(case, contender, metric)) if contender in case["runs"] else ""


def goal_of(what, workers):
    limit = tasks_goals.ONE_WORKER_NS.get(what) if workers == 1 else None
    return f"<= {limit}" if limit else ""


def ratio_cells(case, metric):
    """Each peer's time, in terms of cmio's time."""
    for peer in ["Tokio", "Go"]:
        found = summarize(tasks_goals.pair_ratios(case, peer, "cmio", metric))
        yield f"{found.median:.2f}" if found else ""


def metric_of(case):
    """One worker is never idle here: its processor time is its time while nothing else runs."""
    return "cpu_ns" if case["labels"].get("workers") == 1 else "ns"


def times(results, workload, **labels):
    """A table with a row for each case: nanoseconds, and how much longer the peers take."""
    cases = results.cases(workload, **labels)
    if not cases:
        return
    columns = [name for name in COLUMNS if any(name in case["runs"] for case in cases)]
    rows = [
        [case["labels"]["what"]]
        + [cell(case, name, metric_of(case)) for name in columns]
        + list(ratio_cells(case, metric_of(case)))
        + [goal_of(case["labels"]["what"], case["labels"].get("workers"))]
        for case in cases
    ]
    yield from report.table(["ns each", *columns, "Tokio / cmio", "Go / cmio", "goal"], rows)


def scaling(results):
    cases = results.cases("scaling")
    if not cases:
        return
    yield "The work of two workers, in terms of the work of one, by how long a task computes:"
    yield ""
    rows = []
    for case in cases:
        row = [case["labels"]["what"]]
        for name in ["cmio", "Tokio", "Go"]:
            found = summarize(tasks_goals.pair_ratios(case, f"{name}, 1", f"{name}, 2", "ns"))
            row.append(f"{found.median:.2f}" if found else "")
        rows.append([*row, f">= {tasks_goals.SPEED_UP[case['labels']['what']]}"])
    yield from report.table(["a task", "cmio", "Tokio", "Go", "goal"], rows)


def sleepers(results):
    rows = []
    for case in results.cases("sleepers"):
        kind = "green threads" if case["labels"]["what"] == "stacks" else "tasks"
        for name in case["runs"]:
            what = f"{kind} on cmio" if name == "cmio" else name
            figures = [cell(case, name, metric) for metric in ["bytes", "spawned_s", "late_s"]]
            count = case["labels"]["sleepers"] // (20 if name == "threads" else 1)
            rows.append([what, f"{count:,}", *figures])
    if rows:
        heads = ["sleepers", "how many", "bytes each", "spawned in, s", "the last one is late by, s"]
        yield from report.table(heads, rows)


def servers(results):
    rows = []
    for case in results.cases("servers"):
        for name in case["runs"]:
            found = tasks_goals.interval(
                tasks_goals.pair_ratios(case, name, "by hand", "cpu_us")
            )
            bounds = f"{found.median:.3f} ({found.lower:.3f} to {found.upper:.3f})" if found else ""
            rows.append([label(case), name, cell(case, name, "cpu_us"), bounds])
    if rows:
        heads = ["server", "", "processor time, us", "ratio to the server by hand"]
        yield from report.table(heads, rows)


# The conclusion


def span(results, workers, peer):
    """The least and the most that a peer takes in terms of cmio, over all workloads."""
    found = [
        summarize(tasks_goals.pair_ratios(case, peer, "cmio", metric_of(case)))
        for case in results.cases("tasks", workers=workers)
    ]
    found = [each.median for each in found if each]
    return f"{peer} takes {min(found):.2g} to {max(found):.2g} times" if found else None


def compared(results, workers):
    peers = [text for text in (span(results, workers, peer) for peer in ["Tokio", "Go"]) if text]
    number = "one worker" if workers == 1 else "two workers"
    return f"With {number}, {', '.join(peers)} as long as cmio for a task, a turn or a message."


def remembered(results):
    cases = results.cases("sleepers")
    parts = []
    for case in cases:
        kind = "green thread" if case["labels"]["what"] == "stacks" else "task"
        for name in case["runs"]:
            bytes_each = cell(case, name, "bytes")
            parts.append(f"{bytes_each} bytes for a {kind} on cmio" if name == "cmio" else
                         f"{bytes_each} on {name}" if kind == "task" else
                         f"{bytes_each} for a thread of the system")
    return f"Memory of a sleeper: {', '.join(parts)}."


def served(results):
    parts = []
    for ours in ["futures", "green threads", "Tokio", "Go"]:
        found = [
            tasks_goals.interval(tasks_goals.pair_ratios(case, ours, "by hand", "cpu_us"))
            for case in results.cases("servers")
        ]
        found = [each.median for each in found if each]
        if found:
            parts.append(f"{ours} {min(found):.2f} to {max(found):.2f}")
    return f"Processor time of a server, in terms of the server by hand: {', '.join(parts)}."


def conclusion(results, goals):
    met = sum(goal.verdict == MET for goal in goals)
    known = sum(goal.verdict != UNKNOWN for goal in goals)
    yield f"{met} of the {known} measured goals are met."
    if results.cases("tasks"):
        yield compared(results, 1)
        yield compared(results, 2)
    if results.cases("sleepers"):
        yield remembered(results)
    if results.cases("servers"):
        yield served(results)


def load_sentence(results):
    load = results.data.get("load")
    if not load:
        return
    begun, ended, processors = load["begun"], load["ended"], load["processors"]
    text = f"The load average was {begun:.1f} at the start and {ended:.1f} at the end, with "
    text += f"{processors} processors"
    if max(begun, ended) > processors / 2 + 1.5:
        text += ": **other work disturbed these figures, so do not rely on them.**"
    yield from textwrap.wrap(text, report.WIDTH)
    yield ""


def goals_section(goals):
    yield "## Goals"
    yield ""
    rows = []
    for goal in goals:
        mark = "**" if goal.verdict.startswith("not met") else ""
        rows.append([goal.text, goal.figure.rstrip(": "), f"{mark}{goal.verdict}{mark}"])
    yield from report.table(["goal", "measured", ""], rows)


def pages(results):
    goals = tasks_goals.judge(results)
    yield "# Benchmarks of tasks"
    yield ""
    yield f"Written by `{results.data['options']['command']}`; do not edit."
    yield ""
    yield from report.state(results)
    for text in conclusion(results, goals):
        yield f"- {text}"
    yield ""
    yield from load_sentence(results)
    for title, part in [
        ("One worker", lambda: times(results, "tasks", workers=1)),
        ("Two workers", lambda: times(results, "tasks", workers=2)),
        ("Two threads", lambda: times(results, "apart")),
        ("Scaling", lambda: scaling(results)),
        ("Sleepers", lambda: sleepers(results)),
        ("Servers", lambda: servers(results)),
    ]:
        lines = list(part())
        if lines:
            yield from [f"## {title}", "", *lines]
    yield from goals_section(goals)
    rounds = results.data["rounds_done"]
    yield HOW.format(rounds=(rounds + 1) // 2, server_rounds=rounds)
    yield from report.machine_section(results)
    yield from report.left_out_section(results)
    yield from report.repeat_section(results)


def write(results, output):
    """Into the folder; the path of the page."""
    os.makedirs(output, exist_ok=True)
    path = os.path.join(output, "benchmarks-async.md")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(pages(results)).rstrip() + "\n")
    return path
