# SPDX-License-Identifier: MIT
"""The targets of cmio, each with the measured figure and the verdict.

A figure is compared as it is printed: a ratio by its median, with two decimals. If the median
misses the limit but a quarter of the rounds does not, the verdict is "within the spread".
"""

import dataclasses
import math
import re

from benchmarks.cases import LONGER, SERVER_ON_POLL, SHUFFLED, SPINS, TIMER_MODES
from benchmarks.counts import WALKS
from benchmarks.figures import digits, instructions, label, median, ratio, system_calls, values

PEERS = ["libev", "libevent", "libuv", "mio"]
SPINNING = "cmio, spinning"
SMALL_LIBRARY = 80 * 1024
MOST_FOR_ONE_EVENT = 110  # instructions, with its read and write
MOST_FOR_CHANGES = {"register and deregister": 130, "change of interest": 80}
MOST_LATE_US = 1000
MOST_DRILL_US = 5.4
SOCKET_CALL = re.compile(r"_(read|write|send|recv|receive)|source_io")
MILLION = 1_000_000
FLAT = 2.0  # no library can avoid the cost of memory beyond the caches

MET, MISSED, SPREAD, UNKNOWN = "met", "not met", "not met, within the spread", "not measured"


@dataclasses.dataclass
class Target:
    text: str
    figure: str = "-"
    verdict: str = UNKNOWN


def judged(text, figure, good):
    return Target(text, figure, MET if good else MISSED)


def judged_ratio(text, found, limit, least=False):
    """found: (Summary, where), the worst there is; limit is the most, or with "least" the least."""
    if not found:
        return Target(text)
    summary, where = found
    figure = f"{summary.median:.2f} ({summary.lower:.2f} to {summary.upper:.2f}): {where}"
    if least:
        good, near = round(summary.median, 2) >= limit, round(summary.upper, 2) >= limit
    else:
        good, near = round(summary.median, 2) <= limit, round(summary.lower, 2) <= limit
    return Target(text, figure, MET if good else SPREAD if near else MISSED)


def ratios(cases, contender, others, metric):
    """Yields (Summary, where) of each case and each of the others."""
    for case in cases:
        for other in others:
            found = ratio(case, contender, other, metric)
            if found:
                yield found, label(case) + (f", {other}" if len(others) > 1 else "")


def worst(found):
    return max(found, key=lambda each: each[0].median, default=None)


def against(results, text, workload, to, metric, limit, contender="cmio", **labels):
    cases = results.cases(workload, **labels)
    return judged_ratio(text, worst(ratios(cases, contender, [to], metric)), limit)


def most(text, found, limit, unit):
    """found: (value, where) pairs, of which the largest counts."""
    found = [(value, where) for value, where in found if value is not None]
    if not found:
        return Target(text)
    value, where = max(found)
    printed = digits(value)
    return judged(text, f"{printed} {unit}: {where}", float(printed.replace(",", "")) <= limit)


def none(text, cases, contenders, metric, unit):
    """A metric that must be 0 in every run; a failed run counts as a miss."""
    found = [
        (math.inf if value is None else value, f"{label(case)}, {name}")
        for case in cases
        for name in contenders
        for value in values(case, name, metric)
    ]
    if not found:
        return Target(text)
    value, where = max(found)
    if value == math.inf:
        return Target(text, f"a run failed: {where}", MISSED)
    return judged(text, f"{value:g} {unit} in {len(found)} runs", value == 0)


# The targets, in the order of their list


def loops(results):
    for workload, metric in [("pipes", "ns_per_event"), ("echo", "ns_per_trip")]:
        title = f"{workload}: at every size at most 1.01 x the time of raw epoll"
        yield against(results, title, workload, "raw", metric, 1.01)
        title = f"{workload}: at no size behind mio (cmio / mio at most 1.00)"
        yield against(results, title, workload, "mio", metric, 1.0)
    title = "pipes, echo: at most 30 library instructions per event, without those of send and recv"
    found = [(delivery(count, 1), count["what"]) for count in results.counts("pipes", "100 of")]
    # Both ends have an event in each round trip.
    found += [(delivery(count, 2), f"half a {count['what']}") for count in results.counts("echo")]
    yield most(title, found, 30, "instructions")
    title = f"pipes: at most {MOST_FOR_ONE_EVENT} library instructions for an event that comes alone"
    found = [(instructions(count, "cmio"), count["what"]) for count in results.counts("pipes", "1 of")]
    yield most(title, found, MOST_FOR_ONE_EVENT, "instructions")


def delivery(count, events):
    """Instructions to bring an event to the program, without its reads and writes afterwards."""
    by_function = count["found"].get("cmio", {}).get("functions")
    if by_function is None:
        return None
    parts = [value for name, value in by_function.items() if not SOCKET_CALL.search(name)]
    return sum(parts) / events


def wakes(results):
    title = "wake: a coalesced wake costs at most 6 ns"
    cases = results.cases("wake", what="coalesced")
    found = [(median(case, "cmio", "ns_per_wake"), label(case)) for case in cases]
    yield most(title, found, 6, "ns")
    title = "wake: a coalesced wake makes no system call"
    counts = results.counts("wake", "coalesced")
    found = [(system_calls(count, "cmio"), count["what"]) for count in counts]
    yield most(title, found, 0, "calls")
    cases = results.cases("wake")
    yield none("wake: no wake is lost", cases, ["cmio"], "lost", "lost")
    title = "wake: latency at most 1.00 x eventfd by hand"
    yield against(results, title, "wake", "raw", "ns_per_wake", 1.0, what="latency")


def spin(results):
    title = "spin: a wake on another processor takes at most 0.5 us"
    one, two = (results.cases("spin", what=what) for what in SPINS.values())
    found = [(median(case, SPINNING, "ns_per_wake"), label(case)) for case in two]
    yield most(title, found, 500, "ns")
    title = "spin: on two processors at most 0.99 x the processor time of waits that sleep"
    yield judged_ratio(title, worst(ratios(two, SPINNING, ["cmio"], "cpu_ns_per_wake")), 0.99)
    title = "spin: on one processor at most 1.10 x the time of waits that sleep"
    yield judged_ratio(title, worst(ratios(one, SPINNING, ["cmio"], "ns_per_wake")), 1.1)
    title = "spin: http at most 1.10 x the processor time of waits that sleep"
    servers = results.cases("spin")
    yield judged_ratio(title, worst(ratios(servers, SPINNING, ["cmio"], "cpu_us")), 1.1)
    yield none("spin: no wake is lost", one + two, [SPINNING], "lost", "lost")


def churn(results):
    title = "churn: at most 1.02 x epoll_ctl by hand"
    yield against(results, title, "churn", "raw", "ns_per_op", 1.02)
    for what, limit in MOST_FOR_CHANGES.items():
        title = f"churn, {what}: at most {limit} library instructions"
        found = [(instructions(count, "cmio"), what) for count in results.counts("churn", what)]
        yield most(title, found, limit, "instructions")


def timers_of(case):
    return case["labels"]["timers"]


def many_timers(results, kinds):
    """The cases of these kinds in which memory counts."""
    cases = [case for kind in kinds for case in results.cases("timers", what=kind)]
    return [case for case in cases if timers_of(case) >= 100_000]


def flatness(results, what):
    """How much more a million timers cost than the smallest number, and where."""
    cases = sorted(results.cases("timers", what=what), key=timers_of)
    cases = [case for case in cases if timers_of(case) <= MILLION]
    if len(cases) < 2:
        return None
    first, last = (median(case, "cmio", "ns_per_timer") for case in (cases[0], cases[-1]))
    return (last / first, label(cases[-1])) if first and last else None


def timers(results):
    kinds_of = [
        ("set, reset, cancel", ["set", "reset", "cancel"], 2),
        ("expire when all are due", ["expire, all due"], 3),
        ("expire as they come, with the waits,", ["expire"], 3),
    ]
    for name, kinds, least in kinds_of:
        title = f"timers: {name} at least {least} x as fast as libev"
        cases = [case for kind in kinds for case in results.cases("timers", what=kind)]
        found = ratios(cases, "libev", ["cmio"], "ns_per_timer")
        slowest = min(found, key=lambda each: each[0].median, default=None)
        yield judged_ratio(title, slowest, least, least=True)
    cases = many_timers(results, ["reset", "expire", "expire, all due", LONGER])
    for name, other in [("the heap", "raw"), ("libev", "libev")]:
        title = f"timers: reset and expire, from 100,000 on, at most 1.00 x {name}"
        yield judged_ratio(title, worst(ratios(cases, "cmio", [other], "ns_per_timer")), 1.0)
    title = "timers: a million set in random order, at most 1.20 x libev"
    cases = [case for case in many_timers(results, SHUFFLED[:1]) if timers_of(case) == MILLION]
    yield judged_ratio(title, worst(ratios(cases, "cmio", ["libev"], "ns_per_timer")), 1.2)
    title = f"timers: with a million timers at most {FLAT:g} x the time with the fewest"
    found = [flatness(results, what) for what in TIMER_MODES]
    yield most(title, [each for each in found if each], FLAT, "x")
    cases = results.cases("timers", what="expire")
    yield none("timers: never early", cases, ["cmio"], "early", "early")
    late = [(median(case, "cmio", "late_us"), label(case)) for case in cases]
    yield most("timers: late by at most 1 ms when idle", late, MOST_LATE_US, "us")
    cases = results.cases("memory", what="timer")
    found = [(median(case, "cmio", "bytes_each"), label(case)) for case in cases]
    title = "timers: at most 48 bytes each, including the program's own struct"
    yield most(title, found, 48, "bytes")


HTTP_METRICS = [("p50", "p50_us"), ("p99", "p99_us"), ("CPU per request", "cpu_us")]


def http(results):
    one_loop = results.cases("http", loops=1)
    for name, metric in HTTP_METRICS:
        title = f"http: {name} at most 1.00 x the raw loop's server"
        yield judged_ratio(title, worst(ratios(one_loop, "cmio", ["raw"], metric)), 1.0)
    for name, metric in HTTP_METRICS:
        title = f"http: {name} not behind any peer (cmio / peer at most 1.00)"
        yield judged_ratio(title, worst(ratios(one_loop, "cmio", PEERS, metric)), 1.0)
    title = "http: with two loops at most 1.01 x the raw loops' time per request"
    yield against(results, title, "http", "raw", "us_per_request", 1.01, loops=2)
    title = "http: sleep_server, pipelined, at most 1.50 x the processor time of the minimal server"
    pipelined = results.cases("http", pipelined="yes")
    yield judged_ratio(title, worst(ratios(pipelined, "sleep_server", ["cmio"], "cpu_us")), 1.5)
    title = "fairness: beside 50 connections that pipeline, a plain request waits for less than 20 ms"
    found = [(median(case, "sleep_server", "p50_us"), "p50") for case in results.cases("fairness")]
    yield most(title, found, 20_000, "us")
    cases, names = results.cases("sleepers"), ["cmio", "sleep_server"]
    yield none("http: every sleeper is answered", cases, names, "unanswered", "unanswered")


def drill(results):
    cases = results.cases("drill", connections=64)
    title = f"drill: at most {MOST_DRILL_US} us of its own processor time a request"
    found = [(median(case, "drill", "cpu_us"), label(case)) for case in cases]
    yield most(title, found, MOST_DRILL_US, "us")


def memory(results):
    title = "memory: at most 24 bytes per registered source, without the program's own"
    cases = results.cases("memory", what="source")
    found = [(library_bytes(case), label(case)) for case in cases]
    yield most(title, found, 24, "bytes")
    cases = results.cases("sleepers")
    for name, limit in [("cmio", 100), ("sleep_server", 160)]:
        server = "the minimal server" if name == "cmio" else name
        title = f"memory: {server} at most {limit} bytes per sleeping connection"
        found = [(median(case, name, "bytes_each"), label(case)) for case in cases]
        yield most(title, found, limit, "bytes")


def library_bytes(case):
    """Without the program's own struct, if the program reports its size."""
    total = median(case, "cmio", "bytes_each")
    own = median(case, "cmio", "bytes_own")
    return total if total is None or own is None else total - own


def backends(results):
    title = "poll(2): at every number of sources at most 1.05 x poll(2) by hand"
    pairs = [("pipes", "ns_per_event"), ("echo", "ns_per_trip")]
    found = [
        each
        for what, metric in pairs
        for each in ratios(
            results.cases("backends", what=what), "cmio on poll", ["raw poll"], metric
        )
    ]
    yield judged_ratio(title, worst(found), 1.05)
    title = "poll(2): at most 4 library instructions for each source that a wait looks at"
    found = [(instructions_a_source(results), "one ready, 450 sources looked at")]
    yield most(title, found, 4, "instructions")
    title = "poll(2): 10,000 sleepers cost sleep_server at most 1.1 x the time of poll(2) by hand"
    cases = results.cases("poll-sleepers")
    found = ratios(cases, SERVER_ON_POLL.name, ["raw poll"], "cpu_us")
    yield judged_ratio(title, worst(found), 1.1)
    title = "poll(2): every one of these sleepers is answered"
    yield none(title, cases, ["cmio on poll", SERVER_ON_POLL.name], "unanswered", "unanswered")


def instructions_a_source(results):
    """What a longer walk costs more than a shorter one; None if they were not counted."""
    counts = [results.counts("backends", f"the last of {sources} ") for sources in WALKS]
    taken = [instructions(found[0], "cmio on poll") if found else None for found in counts]
    return None if None in taken else (taken[1] - taken[0]) / (WALKS[1] - WALKS[0])


def smallness(results):
    title = "the shared library, stripped, is under 80 KiB"
    size = results.data["stripped_size"]
    yield judged(title, f"{size:,} bytes", size < SMALL_LIBRARY) if size else Target(title)
    title = "a poll and a waker take no more system calls than by hand"
    opened = results.counts("open", "opened")
    counts = [(system_calls(count, "cmio"), system_calls(count, "raw")) for count in opened]
    if counts and None not in counts[0]:
        ours, raw = (round(calls, 1) for calls in counts[0])
        yield judged(title, f"{ours:g}, by hand {raw:g}", ours <= raw)
    else:
        yield Target(title)


def judge(results):
    parts = [loops, wakes, spin, churn, timers, http, drill, memory, backends, smallness]
    return [target for part in parts for target in part(results)]


