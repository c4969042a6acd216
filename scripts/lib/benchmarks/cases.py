# SPDX-License-Identifier: MIT
"""What is measured: a case is a workload at one size, for several libraries at once.

A case measures one contender at a time, in a process of its own, and returns its figures by name.
"""

import dataclasses

from benchmarks import programs, servers
from benchmarks.programs import Contender

LIBRARIES = ["raw", "cmio", "libev", "libevent", "libuv", "mio"]
ALL = tuple(Contender(name, name) for name in LIBRARIES)
WITH_TIMERS = tuple(contender for contender in ALL if contender.name != "mio")
WHEEL = Contender("kernel-style wheel", "wheel")
TIMERS = (WITH_TIMERS[0], WHEEL, *WITH_TIMERS[1:])
OWN = tuple(Contender(name, name) for name in ["raw", "cmio"])
SLEEP_SERVER = Contender("sleep_server", "sleep_server")
TOOLS = (Contender("drill", "drill"), Contender("wrk", "wrk"))
SPINNING = (*OWN, Contender("cmio, spinning", "cmio", options=(("spin", 50_000),)))
ON_POLL = (Contender("raw poll", "raw_poll"), Contender("cmio on poll", "cmio", backend="poll"))
ON_EPOLL = (Contender("raw epoll", "raw"),)
SERVER_ON_POLL = Contender("sleep_server on poll", "sleep_server", backend="poll")


@dataclasses.dataclass
class Case:
    """labels are the cells that tell the case from the others of its workload."""

    workload: str
    labels: dict
    program: str
    contenders: tuple = ALL
    most_rounds: int = 1000

    @property
    def key(self):
        labels = [f"{name}={value}" for name, value in self.labels.items()]
        return " ".join([self.workload, *labels])

    def path(self, contender):
        return programs.find(self.program, contender.library)

    def present(self):
        return [contender for contender in self.contenders if self.path(contender)]


@dataclasses.dataclass
class ProgramCase(Case):
    """A program that measures itself."""

    options: dict = dataclasses.field(default_factory=dict)
    alone: bool = True  # on one processor

    def measure(self, contender):
        options = {**self.options, **dict(contender.options)}
        command = [self.path(contender), *programs.arguments_of(options)]
        processors = {programs.last_processor()} if self.alone else None
        return programs.read_figures(programs.run_to_end(command, contender, processors))


@dataclasses.dataclass
class LoadCase(Case):
    """A server of HTTP under the load of wrk."""

    connections: int = 1
    pipelined: bool = False
    loops: int = 1
    seconds: int = 1

    def measure(self, contender):
        command = servers.command_for(self.path(contender), contender, self.loops)
        load = servers.Load(self.connections, self.pipelined, self.loops, self.seconds)
        return servers.measure_load(command, contender, load)


@dataclasses.dataclass
class FairnessCase(LoadCase):
    """A server of HTTP that has other connections to serve beside those that pipeline."""

    def measure(self, contender):
        command = servers.command_for(self.path(contender), contender, self.loops)
        load = servers.Load(self.connections, self.pipelined, self.loops, self.seconds)
        return servers.measure_fairness(command, contender, load)


@dataclasses.dataclass
class SleepersCase(Case):
    """A server of HTTP that holds many requests which sleep."""

    sleepers: int = 9000
    plan: str = servers.SLEEPERS
    apart: bool = False  # the server on one processor and drill on another

    def measure(self, contender):
        command = servers.command_for(self.path(contender), contender, 1)
        return servers.measure_sleepers(command, contender, self.sleepers, self.plan, self.apart)


@dataclasses.dataclass
class ToolCase(Case):
    """A load tool against sleep_server: what it costs by itself."""

    connections: int = 1
    seconds: int = 1

    def path(self, contender):
        return servers.find_tool(contender.library)

    def measure(self, contender):
        server = [programs.SLEEP_SERVER, "--host", "127.0.0.1", "--port", "0"]
        load = servers.Load(self.connections, False, 1, self.seconds)
        return servers.measure_tool(server, contender, load)


# How much there is to do: some tenth of a second each.


def pipes(sources, active):
    writes = max(1000, active)
    return {"pairs": sources, "active": active, "writes": writes, "rounds": 100_000 // writes}


def poll_pipes(sources):
    """poll(2) looks at all of them for every ten events or so."""
    rounds = max(1, min(100, 200_000 // sources))
    return {"pairs": sources, "active": min(10, sources), "writes": 1000, "rounds": rounds}


def full_pipes(sources):
    """All of them are ready at the same time."""
    rounds = max(1, 100_000 // sources)
    return {"pairs": sources, "active": sources, "writes": sources, "rounds": rounds}


def pipes_cases(quick):
    sizes = [100, 1000] if quick else [100, 1000, 9000]
    for sources in sizes:
        for active in dict.fromkeys([1, 10, 100, 1000, sources]):
            if active <= sources:
                labels = {"sources": sources, "active": active}
                yield ProgramCase("pipes", labels, "pipes", options=pipes(sources, active))


def echo_cases(quick):
    for connections in [1, 100] if quick else [1, 10, 100, 1000, 5000]:
        options = {"connections": connections, "messages": 50_000}
        yield ProgramCase("echo", {"connections": connections}, "echo", options=options)


def wake_cases(quick):
    for processors in [1, 2]:
        labels = {"what": "latency", "threads": 1, "processors": processors}
        options = {"mode": 0, "threads": 1, "count": 20_000, "processors": processors}
        yield ProgramCase("wake", labels, "wake", options=options, alone=False)
    for threads in [1] if quick else [1, 2, 4]:
        labels = {"what": "flood", "threads": threads, "processors": 2}
        options = {"mode": 1, "threads": threads, "count": 400_000 // threads, "processors": 2}
        yield ProgramCase("wake", labels, "wake", options=options, alone=False)
    labels = {"what": "coalesced", "threads": 1, "processors": 1}
    options = {"mode": 2, "count": 400_000}
    yield ProgramCase("wake", labels, "wake", options=options, alone=False)


SPINS = {1: "wake, 1 processor", 2: "wake, 2 processors"}


def spin_cases(quick):
    for processors, what in SPINS.items():
        labels = {"what": what}
        options = {"mode": 0, "threads": 1, "count": 20_000, "processors": processors}
        yield ProgramCase("spin", labels, "wake", SPINNING, options=options, alone=False)
    for connections in [64] if quick else [1, 64]:
        labels = {"what": f"http, {connections} connection{'s' if connections > 1 else ''}"}
        yield LoadCase("spin", labels, "http", SPINNING, connections=connections)


CHURNS = ["register and deregister", "change of interest", "accept and close"]


def churn_cases(_quick):
    for mode, what in enumerate(CHURNS):
        options = {"mode": mode, "sources": 1000, "count": 5000 if mode == 2 else 100_000}
        yield ProgramCase("churn", {"what": what}, "churn", options=options)


TIMER_MODES = ["set", "reset", "cancel", "expire", "expire, all due"]


SHUFFLED = "set, in random order", "reset, in random order"
LONGER = "expire, within a second"
# With ten million timers, libevent and libuv would take gigabytes and minutes.
MANY_TIMERS = tuple(each for each in TIMERS if each.name not in ["libevent", "libuv"])


def timers_case(what, timers, contenders=TIMERS, most_rounds=1000, **options):
    labels, options = {"what": what, "timers": timers}, {"timers": timers, **options}
    return ProgramCase("timers", labels, "timers", contenders, most_rounds, options=options)


def timers_cases(quick):
    for mode, what in enumerate(TIMER_MODES):
        for timers in [1000, 100_000] if quick else [1000, 10_000, 100_000, 1_000_000]:
            yield timers_case(what, timers, mode=mode)
        if not quick and what in ["reset", "expire"]:
            yield timers_case(what, 10_000_000, MANY_TIMERS, 3, mode=mode)
    for mode, what in enumerate(SHUFFLED):
        for timers in [100_000] if quick else [100_000, 1_000_000]:
            yield timers_case(what, timers, mode=mode, shuffled=1)
    yield timers_case(LONGER, 100_000, mode=TIMER_MODES.index("expire"), within=1000)


def http_case(connections, pipelined, loops, contenders):
    words = "yes" if pipelined else "no"
    labels = {"connections": connections, "pipelined": words, "loops": loops}
    size = {"connections": connections, "pipelined": pipelined, "loops": loops}
    return LoadCase("http", labels, "http", (*contenders, SLEEP_SERVER), **size)


def http_cases(quick):
    for connections in [1, 64] if quick else [1, 64, 1000]:
        for pipelined in [False, True] if connections > 1 or not quick else [False]:
            yield http_case(connections, pipelined, 1, ALL)
    for pipelined in [False, True]:
        yield http_case(64, pipelined, 2, OWN)


def fairness_cases(_quick):
    size = {"connections": 50, "pipelined": True, "seconds": 2}
    yield FairnessCase("fairness", {"connections": 50}, "http", (*ALL, SLEEP_SERVER), 3, **size)


def sleepers_cases(quick):
    sleepers = 1000 if quick else 9000
    labels = {"sleepers": sleepers}
    contenders, rounds = (*ALL, SLEEP_SERVER), 1 if quick else 3
    yield SleepersCase("sleepers", labels, "http", contenders, rounds, sleepers=sleepers)


def poll_sleepers_cases(quick):
    sleepers = 1000 if quick else 10_000
    contenders, rounds = (*ON_POLL, SERVER_ON_POLL, *ON_EPOLL, SLEEP_SERVER), 1 if quick else 7
    size = {"sleepers": sleepers, "plan": servers.LONG_SLEEPERS, "apart": True}
    labels = {"sleepers": sleepers}
    yield SleepersCase("poll-sleepers", labels, "http", contenders, rounds, **size)


def drill_cases(quick):
    for connections in [64] if quick else [1, 64, 1000]:
        labels = {"connections": connections}
        yield ToolCase("drill", labels, "drill", TOOLS, connections=connections)


def memory_cases(_quick):
    for mode, what in enumerate(["source", "timer"]):
        count = 10_000 if mode == 0 else 100_000
        options = {"mode": mode, "count": count}
        labels = {"what": what, "count": count}
        contenders = WITH_TIMERS if mode == 1 else ALL
        yield ProgramCase("memory", labels, "memory", contenders, 3, options=options)


def backends_cases(quick):
    for sources in [10, 1000] if quick else [10, 100, 1000, 3000, 9000]:
        labels = {"what": "pipes", "sources": sources}
        yield ProgramCase("backends", labels, "pipes", ON_POLL, options=poll_pipes(sources))
    for sources in [1000] if quick else [1000, 8000]:
        labels = {"what": "pipes, all active", "sources": sources}
        contenders = (*ON_POLL, *ON_EPOLL)
        yield ProgramCase("backends", labels, "pipes", contenders, options=full_pipes(sources))
    for sources in [10, 1000] if quick else [10, 100, 1000, 3000, 9000]:
        options = {"connections": sources // 2, "messages": min(20_000, 2_000_000 // sources)}
        labels = {"what": "echo", "sources": sources}
        yield ProgramCase("backends", labels, "echo", ON_POLL, options=options)


def open_cases(_quick):
    options = {"count": 10_000}
    yield ProgramCase("open", {"what": "a poll with a waker"}, "open", options=options)


WORKLOADS = {
    "pipes": pipes_cases,
    "echo": echo_cases,
    "wake": wake_cases,
    "spin": spin_cases,
    "churn": churn_cases,
    "timers": timers_cases,
    "http": http_cases,
    "fairness": fairness_cases,
    "sleepers": sleepers_cases,
    "poll-sleepers": poll_sleepers_cases,
    "drill": drill_cases,
    "memory": memory_cases,
    "backends": backends_cases,
    "open": open_cases,
}


def cases(workloads, quick):
    return [case for name in workloads for case in WORKLOADS[name](quick)]
