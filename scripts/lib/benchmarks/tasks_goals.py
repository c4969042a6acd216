# SPDX-License-Identifier: MIT
"""The goals for tasks, each with the measured figure and the verdict."""

import dataclasses
import math

from benchmarks import tasks
from benchmarks.figures import digits, label, median, ratio, values
from benchmarks.targets import MET, MISSED, SPREAD, Target, judged, judged_ratio, worst

ONE_WORKER_NS = {
    tasks.SPAWN: 60,
    tasks.BATCHES: 45,
    tasks.HAND_OVER: 30,
    tasks.GREEN_HAND_OVER: 35,
    tasks.CHANNELS[1]: 30,
    tasks.CHANNELS[8]: 30,
    tasks.YIELD: 25,
    tasks.SWITCH: 7,
}
SPEED_UP = {"10 us": 1.85, "1.5 us": 1.65}
SLEEPERS = {
    "tasks": [("bytes", 160, "bytes each"), ("spawned_s", 0.2, "s"), ("late_s", 0.3, "s late")],
    "stacks": [("bytes", 4608, "bytes each")],
}


@dataclasses.dataclass(frozen=True)
class Interval:
    """A median, and bounds of the true median: 95 % confidence or more, from 6 values on."""

    median: float
    lower: float
    upper: float


def interval(found):
    """By order statistics, which need no assumption about how the values are spread."""
    found = sorted(value for value in found if value is not None)
    if not found:
        return None
    size, below, outside = len(found), 0, 0.0
    while below < size // 2:
        outside += math.comb(size, below) / 2**size
        if 2 * outside > 0.05:
            break
        below += 1
    lower = max(0, below - 1)
    middle = (found[(size - 1) // 2] + found[size // 2]) / 2
    return Interval(middle, found[lower], found[size - 1 - lower])


def pair_ratios(case, contender, to, metric):
    pairs = zip(values(case, contender, metric), values(case, to, metric))
    return [a / b for a, b in pairs if a is not None and b]


def as_printed(value):
    return float(digits(value).replace(",", ""))


def one_worker(results):
    for what, limit in ONE_WORKER_NS.items():
        for case in results.cases("tasks", what=what, workers=1):
            found = median(case, "cmio", "cpu_ns")
            text = f"one worker: {what}, at most {limit} ns"
            if found is None:
                yield Target(text)
            else:
                yield judged(text, f"{digits(found)} ns", as_printed(found) <= limit)


def two_workers(results):
    for peer, limit in [("Tokio", 0.5), ("Go", 1.0)]:
        cases = [
            case
            for what in tasks.CHANNELS.values()
            for case in results.cases("tasks", what=what, workers=2)
        ]
        found = [(ratio(case, "cmio", peer, "ns"), case["labels"]["what"]) for case in cases]
        text = f"two workers: a channel takes at most {limit:.2f} x {peer}'s time"
        yield judged_ratio(text, worst([each for each in found if each[0]]), limit)
    for case in results.cases("apart"):
        text = f"{case['labels']['what']}: at most 1.10 x eventfd and epoll"
        found = ratio(case, "cmio", "floor in C", "ns")
        yield judged_ratio(text, (found, "") if found else None, 1.1)
    for case in results.cases("scaling"):
        what = case["labels"]["what"]
        limit = SPEED_UP[what]
        text = f"two workers: at least {limit:.2f} x the work of one, with tasks of {what}"
        found = ratio(case, "cmio, 1", "cmio, 2", "ns")
        yield judged_ratio(text, (found, "") if found else None, limit, least=True)


def sleepers(results):
    for case in results.cases("sleepers"):
        for metric, limit, unit in SLEEPERS[case["labels"]["what"]]:
            found = median(case, "cmio", metric)
            kind = "sleepers" if case["labels"]["what"] == "tasks" else "green sleepers"
            verb = "spawned in" if metric == "spawned_s" else "at most"
            text = f"{case['labels']['sleepers']:,} {kind}: {verb} {limit:,} {unit}"
            if found is None:
                yield Target(text)
            else:
                yield judged(text, f"{digits(found)} {unit}", as_printed(found) <= limit)


def judged_interval(text, found, limit):
    if not found:
        return Target(text)
    figure = f"{found.median:.3f} ({found.lower:.3f} to {found.upper:.3f})"
    if round(found.median, 3) <= limit:
        return Target(text, figure, MET)
    return Target(text, figure, SPREAD if round(found.lower, 3) <= limit else MISSED)


def servers(results):
    for case in results.cases("servers"):
        for ours in ["futures", "green threads"]:
            for other, limit in [("by hand", 1.03), ("Tokio", 1.0), ("Go", 1.0)]:
                text = f"{label(case)}: {ours} at most {limit:.2f} x {other}'s processor time"
                found = interval(pair_ratios(case, ours, other, "cpu_us"))
                yield judged_interval(text, found, limit)


def judge(results):
    parts = [one_worker, two_workers, sleepers, servers]
    return [target for part in parts for target in part(results)]
