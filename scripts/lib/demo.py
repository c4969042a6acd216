# SPDX-License-Identifier: MIT
"""Shows the sleep servers side by side; scripts/demo calls it once all is installed.

Each row of the table is one server under one load, on a port that the system chose. drill measures
from outside; how many threads the server had and how much memory it took comes from /proc.
"""

import contextlib
import dataclasses
import json
import os
import re
import resource
import select
import shlex
import signal
import subprocess
import sys
import threading
import time

from build import GCC, Build
from command import BUILD, ROOT, Interrupted, listen_for_interrupts, start, stop, stop_everything

RELEASE = Build("release", GCC, ("--buildtype=release", "-Dtests=disabled"))
EXAMPLES = os.path.join(RELEASE.path, "examples")
PLANS = os.path.join(ROOT, "examples", "plans")
LOGS = os.path.join(BUILD, "demo")

# Every server but the first must answer this many requests at once; more on threads is for show.
USUAL = 150

PATIENCE = 30
SAMPLE_EVERY = 0.01
# What a process needs besides a descriptor for each connection.
OTHER_DESCRIPTORS = 100


class Failure(Exception):
    """What went wrong, in words."""


@dataclasses.dataclass
class Load:
    """How many requests, how many at once, and the plan with their paths."""

    plan: str
    sleep: str
    concurrency: int
    requests: int


@dataclasses.dataclass
class Row:
    """One server under one load, and the results: drill's report, and figures from /proc."""

    name: str
    command: list
    load: Load
    report: dict = None
    threads: int = None
    memory: int = None
    ended: int = None  # the server's exit status, or a signal's number below 0


def ask_backends():
    """The backends that the server has, best first: its --help lists them."""
    server = os.path.join(EXAMPLES, "sleep_server")
    said = subprocess.run([server, "--help"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"--backend.*?one of: ([\w, ]+)", said, re.DOTALL)
    if not found:
        raise Failure("sleep_server --help names no backends")
    return found.group(1).split(", ")


def descriptors():
    """How many a process may have, after raising the limit as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def plan_rows(quick):
    """The rows of the table. The largest load is what descriptors allow, and 5,000 at most."""
    few = 3 if quick else 10
    many = min(1000 if quick else 5000, descriptors() - OTHER_DESCRIPTORS)
    single = Load("sleep-150.yaml", "1 s", few, few)
    usual = Load("sleep-150.yaml", "1 s", USUAL, USUAL if quick else 6 * USUAL)
    crowd = Load("sleep-9000.yaml", "2 s", many, many)
    one, threads, loop, coroutines, green = (
        [os.path.join(EXAMPLES, name)]
        for name in [
            "sleep_server_single",
            "sleep_server_threads",
            "sleep_server",
            "sleep_server_async",
            "sleep_server_green",
        ]
    )
    servers = [("sleep_server_threads", threads)]
    servers += [(f"sleep_server ({name})", [*loop, "--backend", name]) for name in ask_backends()]
    servers += [("sleep_server_async", coroutines), ("sleep_server_green", green)]
    rows = [Row("sleep_server_single *", one, single)]
    rows += [Row(name, command, usual) for name, command in servers]
    rows += [Row(name, command, crowd) for name, command in servers]
    return rows


def wait_for_address(server, log):
    """The server's URL, which it prints once it listens."""
    deadline = time.monotonic() + PATIENCE
    text = b""
    while not text.endswith(b"\n"):
        ready, _, _ = select.select([server.stdout], [], [], max(0, deadline - time.monotonic()))
        part = os.read(server.stdout.fileno(), 4096) if ready else b""
        if not part:
            with open(log, encoding="utf-8", errors="replace") as file:
                raise Failure(f"the server does not listen. Its messages: {file.read().strip()}")
        text += part
    found = re.search(rb"listening on (http://\S+)", text)
    if not found:
        raise Failure(f"the server printed {text!r} instead of its address")
    return found.group(1).decode()


@contextlib.contextmanager
def running(command):
    """The server and its URL, for as long as the block lasts."""
    log = os.path.join(LOGS, os.path.basename(command[0]) + ".log")
    with open(log, "wb") as errors:
        server = start(
            [*command, "--host", "127.0.0.1", "--port", "0"], stdout=subprocess.PIPE, stderr=errors
        )
    try:
        yield server, wait_for_address(server, log)
    finally:
        stop(server)
        server.stdout.close()


class Sampler(threading.Thread):
    """Reads a process's status over and over: its most threads, and the kernel's peak of memory."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.path = f"/proc/{pid}/status"
        self.threads = None
        self.memory = None
        self.done = threading.Event()

    def sample(self):
        with contextlib.suppress(OSError):
            with open(self.path, encoding="ascii", errors="replace") as file:
                fields = dict(line.split(":", 1) for line in file if ":" in line)
            self.threads = max(self.threads or 0, int(fields["Threads"]))
            self.memory = int(fields["VmHWM"].split()[0]) * 1024

    def run(self):
        while not self.done.wait(SAMPLE_EVERY):
            self.sample()

    def finish(self):
        self.done.set()
        self.join()
        self.sample()


def drive(url, load):
    """Runs drill; its report."""
    command = [os.path.join(EXAMPLES, "drill", "drill"), "--json", "--quiet", "--base", url]
    command += ["--benchmark", os.path.join(PLANS, load.plan)]
    command += ["--concurrency", str(load.concurrency), "--iterations", str(load.requests)]
    drill = start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said, complaint = drill.communicate()
    try:
        return json.loads(said)
    except ValueError as error:
        raise Failure(f"drill ended with {drill.returncode}: {complaint.strip()}") from error


def measure(row):
    with running(row.command) as (server, url):
        sampler = Sampler(server.pid)
        sampler.sample()
        sampler.start()
        try:
            row.report = drive(url, row.load)
        finally:
            sampler.finish()
        row.threads, row.memory = sampler.threads, sampler.memory
    row.ended = server.returncode


# The table


def milliseconds(nanoseconds):
    return f"{nanoseconds / 1e6:,.1f}"


TITLES = ["server", "sleep", "requests", "concurrency", "seconds", "requests/s", "median ms"]
TITLES += ["p99 ms", "threads", "peak MiB"]


def cells(row):
    report, latency = row.report, row.report["latency"]
    return [
        row.name,
        row.load.sleep,
        f"{report['total_requests']:,}",
        f"{row.load.concurrency:,}",
        f"{report['time_taken_ns'] / 1e9:.2f}",
        f"{report['requests_per_second']:,.1f}",
        milliseconds(latency["median_ns"]) if latency else "-",
        milliseconds(latency["percentile_99_0_ns"]) if latency else "-",
        f"{row.threads:,}" if row.threads else "-",
        f"{row.memory / 2**20:,.1f}" if row.memory else "-",
    ]


def print_table(rows):
    lines = [TITLES, *map(cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(TITLES))]
    ruler = ["-" * width for width in widths]
    for line in [lines[0], ruler, *lines[1:]]:
        first = line[0].ljust(widths[0])
        rest = [text.rjust(width) for text, width in zip(line[1:], widths[1:])]
        print("  ".join([first, *rest]))


def failures(row):
    return ", ".join(f"{count:,} {reason}" for reason, count in row.report["failures"].items())


def print_notes(rows):
    few = rows[0].load.requests
    print(f"\n* a smaller load, {few} requests: it serves one at a time, and the others wait.")
    failed = [row for row in rows if row.report["failed_requests"]]
    for row in failed:
        print(f"{row.name}, {row.load.concurrency:,} at once: failed: {failures(row)}")
    if not failed:
        print("Every request was answered.")


def name_of(row):
    return row.name.rstrip(" *")


def how_it_ended(row):
    if row.ended is None:
        return "Still running after SIGTERM"
    if row.ended < 0:
        return f"Killed by {signal.Signals(-row.ended).name} after SIGTERM"
    return f"Ended on SIGTERM with exit status {row.ended}"


def print_ends(rows):
    """A line for each way in which servers ended once they were told to, and who did."""
    ends = {}
    for row in rows:
        ends.setdefault(how_it_ended(row), {})[name_of(row)] = None
    for end, names in ends.items():
        print(f"{end}: {', '.join(names)}.")


def print_how_to():
    server = shlex.quote(os.path.join(EXAMPLES, "sleep_server"))
    print("\nTry it by hand:\n")
    print(f"    {server} --port 6969 &")
    print("    curl -i http://127.0.0.1:6969/1000")


def show(quick):
    """Whether every server ended well and answered all, requests to a crowd of threads aside."""
    if not RELEASE.make():
        return False
    os.makedirs(LOGS, exist_ok=True)
    rows = plan_rows(quick)
    for number, row in enumerate(rows, 1):
        load = row.load
        what = f"{load.requests:,} requests, {load.concurrency:,} at once"
        print(f"[{number}/{len(rows)}] {name_of(row)}: {what}", flush=True)
        measure(row)
    print()
    print_table(rows)
    print_notes(rows)
    print_ends(rows)
    print_how_to()
    counted = [row for row in rows if "threads" not in row.name or row.load.concurrency <= USUAL]
    all_ended = all(row.ended == 0 for row in rows)
    return all_ended and not any(row.report["failed_requests"] for row in counted)


def main():
    listen_for_interrupts()
    try:
        return 0 if show("--quick" in sys.argv[1:]) else 1
    except Failure as failure:
        print(f"scripts/demo: {failure}", file=sys.stderr)
        return 1
    except Interrupted as interrupted:
        print("\nscripts/demo: interrupted", file=sys.stderr)
        return 128 + interrupted.number
    finally:
        stop_everything()


if __name__ == "__main__":
    sys.exit(main())
