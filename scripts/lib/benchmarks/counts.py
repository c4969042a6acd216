# SPDX-License-Identifier: MIT
"""What does not wobble: system calls and instructions for an operation, sizes.

Each is the difference of two runs, one with twice as many operations as the other, divided by how
many operations more there were: what setting up takes is in both, and goes.
"""

import dataclasses
import glob
import os
import re
import shutil
import tempfile

from benchmarks import programs, servers
from benchmarks.cases import ALL, CHURNS, ON_POLL
from benchmarks.programs import Failure
from command import BUILD, run


# Sources that a wait of poll(2) looks at before it finds the one that is ready.
WALKS = [10, 450]


@dataclasses.dataclass
class Count:
    """A program run with "options", and "varied" at length and at twice the length."""

    workload: str
    what: str  # one of these is an operation
    program: str
    options: dict
    varied: str
    length: int
    each: float = 1  # operations for one of the varied, those that warm up included
    contenders: tuple = ALL

    def drive(self, command, contender, times):
        options = {**self.options, self.varied: times * self.length}
        programs.run_to_end([*command, *programs.arguments_of(options)], contender)


@dataclasses.dataclass
class RequestCount(Count):
    """A server that is asked; "varied" is nothing then."""

    path: str = "/0"

    def drive(self, command, contender, times):
        with servers.serving([*command, "--port", "0"], contender) as (_, port):
            servers.ask(port, self.path, times * self.length)


def all_counts():
    pipes = {"pairs": 1000, "writes": 1000}
    for active in [1, 100]:
        what = f"event, {active} of 1,000 active"
        yield Count("pipes", what, "pipes", {**pipes, "active": active}, "rounds", 2, 1000)
    what, options = "round trip, 100 connections", {"connections": 100}
    yield Count("echo", what, "echo", options, "messages", 2000, 1.1)
    wake = {"threads": 1, "processors": 1}
    yield Count("wake", "wake, in turn", "wake", {**wake, "mode": 0}, "count", 500, 2)
    yield Count("wake", "wake, flood of 1 thread", "wake", {**wake, "mode": 1}, "count", 20_000)
    yield Count("wake", "wake, coalesced", "wake", {**wake, "mode": 2}, "count", 2000)
    for mode, what in enumerate(CHURNS):
        options = {"mode": mode, "sources": 100}
        yield Count("churn", what, "churn", options, "count", 200 if mode == 2 else 1000, 2)
    for mode, what in [(0, "timer, set and cancelled"), (1, "timer, set again")]:
        yield Count("timers", what, "timers", {"timers": 10_000, "mode": mode}, "rounds", 2, 10_000)
    what = "timer, set, cancelled, set and expired"
    yield Count("timers", what, "timers", {"mode": 3}, "timers", 10_000)
    yield RequestCount("http", "request, answered at once", "http", {}, "", 200)
    yield RequestCount("http", "request that sleeps 1 ms", "http", {}, "", 100, path="/1")
    pipes = {"pairs": 100, "active": 10, "writes": 1000}
    what = "event of pipes, 10 of 100 active"
    yield Count("backends", what, "pipes", pipes, "rounds", 2, 1000, ON_POLL)
    for sources in WALKS:
        pipes = {"pairs": sources, "active": 1, "writes": 1000, "step": sources - 1}
        what = f"event of pipes, the last of {sources} looked at"
        yield Count("backends", what, "pipes", pipes, "rounds", 2, 1000, ON_POLL)
    for what, close in [("poll with a waker, opened", 0), ("poll with a waker, closed again", 1)]:
        yield Count("open", what, "open", {"close": close}, "count", 100)


# System calls


def read_strace(path):
    """How many of each, from the table of strace -c."""
    calls = {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            found = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
            if found and found.group(2) != "total":
                calls[found.group(2)] = int(found.group(1))
    if not calls:
        raise Failure("strace counted nothing")
    return calls


def trace(count, contender, path, folder):
    """How many of each system call an operation takes."""
    runs = []
    for times in [1, 2]:
        output = os.path.join(folder, "strace")
        count.drive(["strace", "-f", "-c", "-o", output, path], contender, times)
        runs.append(read_strace(output))
    short, long = runs
    operations = count.length * count.each
    per_call = {name: (calls - short.get(name, 0)) / operations for name, calls in long.items()}
    return {name: value for name, value in per_call.items() if abs(value) >= 0.0005}


# Instructions

# What the library's code is: its shared object, or for mio, which is linked into the program, what
# came from its sources.
OBJECTS = {
    "cmio": r"/libcmio\.so",
    "libev": r"/libev\.so",
    "libevent": r"/libevent(_core|_extra|_pthreads)?-",
    "libuv": r"/libuv\.so",
}
MIO_SOURCES = r"/mio-[\d.]+/|/mio/src/"


class Names:
    """Of callgrind's format: "(1) name" the first time, and "(1)" from then on."""

    def __init__(self):
        self.known = {}

    def resolve(self, text):
        number, _, name = text.strip().partition(" ")
        if name:
            self.known[number] = name
        return self.known.get(number, number)


def read_costs(path):
    """Yields (object, file, function, instructions) of each line's own cost."""
    names = {"ob": Names(), "fl": Names(), "fn": Names()}
    at = {"ob": "", "fl": "", "fn": ""}
    kinds = {"fi": "fl", "fe": "fl", "cob": "ob", "cfi": "fl", "cfl": "fl", "cfn": "fn"}
    of_callee = False
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            key, equals, text = line.partition("=")
            if equals and kinds.get(key, key) in names:
                name = names[kinds.get(key, key)].resolve(text)
                if not key.startswith("c"):
                    at[kinds.get(key, key)] = name
            elif key == "calls":
                of_callee = True
            elif line[:1].isdigit() or line[:1] in "+-*":
                fields = line.split()
                if not of_callee and len(fields) > 1:
                    yield at["ob"], at["fl"], at["fn"], int(fields[1])
                of_callee = False


def library_instructions(path, library):
    """How many in the library's own code, by function; {} where it cannot be told apart."""
    pattern, place = (OBJECTS[library], 0) if library in OBJECTS else (MIO_SOURCES, 1)
    wanted, found = re.compile(pattern), {}
    for *names, cost in read_costs(path):
        if wanted.search(names[place]):
            found[names[2]] = found.get(names[2], 0) + cost
    return found


def count_instructions(count, contender, path, folder):
    runs = []
    for times in [1, 2]:
        output = os.path.join(folder, "callgrind")
        command = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={output}"]
        count.drive([*command, path], contender, times)
        runs.append(library_instructions(output, contender.library))
    short, long = runs
    operations = count.length * count.each
    each = {name: (cost - short.get(name, 0)) / operations for name, cost in long.items()}
    return {name: value for name, value in each.items() if abs(value) >= 0.05}


# All of it


def measure(count, contender, complain):
    """A dictionary with what could be counted."""
    path = programs.find(count.program, contender.library)
    found = {}
    with tempfile.TemporaryDirectory(prefix="cmio-bench-") as folder:
        if shutil.which("strace"):
            try:
                found["system_calls"] = trace(count, contender, path, folder)
            except (Failure, OSError) as failure:
                complain(f"system calls, {count.workload}, {contender.name}: {failure}")
        if shutil.which("valgrind") and contender.library in [*OBJECTS, "mio"]:
            try:
                functions = count_instructions(count, contender, path, folder)
                if functions or contender.library in OBJECTS:
                    found["functions"] = functions
            except (Failure, OSError) as failure:
                complain(f"instructions, {count.workload}, {contender.name}: {failure}")
    return found


def stripped_size():
    """Of the shared library, in bytes; None where it cannot be told."""
    built = glob.glob(os.path.join(programs.BENCH.path, "src", "libcmio.so.*.*.*"))
    built = [path for path in built if os.path.isfile(path)]
    stripped = os.path.join(BUILD, "bench-stripped.so")
    if not built or not shutil.which("strip"):
        return None
    if run(["strip", "-o", stripped, built[0]], os.path.join(BUILD, "bench-strip.log")) != 0:
        return None
    return os.path.getsize(stripped)


def present(count):
    return [each for each in count.contenders if programs.find(count.program, each.library)]


