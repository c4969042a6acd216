# SPDX-License-Identifier: MIT
"""What scripts/bench --async measures: tasks on libcmio-async, Tokio, Go, threads and by hand."""

import dataclasses

from benchmarks.cases import LoadCase, ProgramCase
from benchmarks.programs import Contender


def workers(names, number):
    """These libraries with so many workers: one is the calling thread, where there is that."""
    own = {"cmio": 0, "tokio": 0} if number == 1 else {}
    return tuple(
        Contender(TITLES[name], name, options=(("workers", own.get(name, number)),))
        for name in names
    )


TITLES = {
    "cmio": "cmio",
    "tokio": "Tokio",
    "go": "Go",
    "raw": "floor in C",
    "threads": "threads",
    "cmio_async": "futures",
    "cmio_green": "green threads",
}
PEERS = ["tokio", "go"]
FLOOR = Contender(TITLES["raw"], "raw")
THREADS = Contender(TITLES["threads"], "threads")
FEW_THREADS = Contender(TITLES["threads"], "threads", options=(("count", 10_000),))
BY_HAND = Contender("by hand", "cmio")
SERVERS = (BY_HAND, *(Contender(TITLES[name], name) for name in ["cmio_async", "cmio_green"]))
SERVERS += tuple(Contender(TITLES[name], name) for name in PEERS)

# What is done, the mode that does it, how often, and what of it there is besides.
SPAWN, BATCHES = "spawn and join, one by one", "spawn and join, in batches of 1,000"
HAND_OVER, YIELD = "hand-over", "give way"
CHANNELS = {1: "bounded channel, 1 producer", 8: "bounded channel, 8 producers"}
GREEN_HAND_OVER, SWITCH = "hand-over, green threads", "switch of green threads, bare"
APART = {0: "hand-over between two threads", 1: "hand-over between two threads, pinned"}
SCALING = {10_000: "10 us", 1500: "1.5 us"}


def task_case(what, number, options, contenders, most):
    labels = {"what": what, "workers": number}
    return ProgramCase("tasks", labels, "tasks", contenders, most, options, alone=number == 1)


def one_worker(count, most):
    ours = workers(["cmio", *PEERS], 1)
    yield task_case(SPAWN, 1, {"mode": 1, "count": count}, (*ours, FLOOR, FEW_THREADS), most)
    yield task_case(BATCHES, 1, {"mode": 2, "count": count}, (*ours, FLOOR), most)
    yield task_case(HAND_OVER, 1, {"mode": 3, "count": count}, (*ours, FLOOR), most)
    yield task_case(GREEN_HAND_OVER, 1, {"mode": 8, "count": count}, ours[:1], most)
    yield task_case(YIELD, 1, {"mode": 5, "count": count}, (*ours, FLOOR), most)
    for producers, what in CHANNELS.items():
        options = {"mode": 4, "count": count, "producers": producers}
        yield task_case(what, 1, options, ours, most)


def two_workers(count, most):
    pairs = workers(["cmio", *PEERS], 2)
    modes = {SPAWN: 1, BATCHES: 2, HAND_OVER: 3, YIELD: 5}
    for what, mode in modes.items():
        yield task_case(what, 2, {"mode": mode, "count": count}, pairs, most)
    for producers, what in CHANNELS.items():
        options = {"mode": 4, "count": count, "producers": producers}
        yield task_case(what, 2, options, pairs, most)


def task_cases(quick, most):
    count = 200_000 if quick else 2_000_000
    yield from one_worker(count, most)
    labels = {"what": SWITCH, "workers": 1}
    yield ProgramCase("tasks", labels, "switch", (Contender("cmio", "cmio"),), most)
    yield from two_workers(count // 2, most)


def apart_cases(quick, most):
    contenders = (*(Contender(TITLES[name], name) for name in ["cmio", *PEERS]), FLOOR, THREADS)
    for pin, what in APART.items():
        options = {"mode": 10, "pin": pin, "count": 20_000 if quick else 100_000}
        labels = {"what": what}
        yield ProgramCase("apart", labels, "tasks", contenders, most, options, alone=False)


def scaling_cases(quick, most):
    contenders = tuple(
        Contender(f"{TITLES[name]}, {number}", name, options=(("workers", number),))
        for name in ["cmio", *PEERS]
        for number in [1, 2]
    )
    for busy, what in SCALING.items():
        count = (100_000_000 if quick else 500_000_000) // busy
        options = {"mode": 7, "busy": busy, "count": count}
        labels = {"what": what}
        yield ProgramCase("scaling", labels, "tasks", contenders, most, options, alone=False)


def sleeper_cases(quick, most):
    count, seconds = (100_000, 4) if quick else (1_000_000, 10)
    options = {"mode": 6, "count": count, "seconds": seconds}
    contenders = workers(["cmio", *PEERS], 1)
    labels = {"what": "tasks", "sleepers": count}
    yield ProgramCase("sleepers", labels, "tasks", contenders, most, options)
    count = 10_000 if quick else 100_000
    green = Contender("cmio", "cmio", options=(("workers", 0), ("mode", 9), ("count", count)))
    few = Contender(TITLES["threads"], "threads", options=(("count", count // 20),))
    labels = {"what": "stacks", "sleepers": count}
    yield ProgramCase("sleepers", labels, "tasks", (green, few), most, options)


@dataclasses.dataclass
class EchoCase(ProgramCase):
    """The name and the unit of its figure are those of a server under load."""

    def measure(self, contender):
        figures = super().measure(contender)
        return {"cpu_us": figures["cpu_ns"] / 1000}


def server_cases(quick, _most):
    for connections in [1, 100]:
        options = {"connections": connections, "messages": 10_000 if quick else 50_000}
        labels = {"what": "echo", "connections": connections}
        yield EchoCase("servers", labels, "echo", SERVERS, options=options)
    for pipelined in [False, True]:
        labels = {"what": "HTTP", "connections": 64, "pipelined": "yes" if pipelined else "no"}
        size = {"connections": 64, "pipelined": pipelined}
        yield LoadCase("servers", labels, "http", SERVERS, **size)


WORKLOADS = {
    "tasks": task_cases,
    "apart": apart_cases,
    "scaling": scaling_cases,
    "sleepers": sleeper_cases,
    "servers": server_cases,
}


def cases(names, quick, rounds):
    """The servers are run in every round, the others in half of them."""
    return [case for name in names for case in WORKLOADS[name](quick, (rounds + 1) // 2)]
