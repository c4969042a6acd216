# SPDX-License-Identifier: MIT
"""Servers of HTTP, measured from outside: wrk for load, drill for sleepers, /proc for the rest; and
what these two tools cost by themselves."""

import contextlib
import dataclasses
import http.client
import json
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import time

from benchmarks import programs
from benchmarks.programs import Failure
from command import ROOT, start, stop

DRILL = os.path.join(programs.BENCH.path, "examples", "drill", "drill")
SLEEPERS = os.path.join(ROOT, "examples", "plans", "sleep-9000.yaml")
LONG_SLEEPERS = os.path.join(ROOT, "bench", "http", "sleepers.yaml")
KEEP_ALIVE = os.path.join(ROOT, "examples", "plans", "keep-alive.yaml")
PIPELINE = os.path.join(ROOT, "bench", "http", "pipeline.lua")
PAGE = os.path.join(ROOT, "bench", "http", "hello.txt")  # what the minimal servers send

PATIENCE = 30
TICKS = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Load:
    connections: int
    pipelined: bool
    loops: int
    seconds: int


def command_for(path, contender, loops):
    """How each server is told how many loops it shall have; the port is the system's choice."""
    if contender.library == "sleep_server":
        return [path, "--host", "127.0.0.1", "--port", "0", "--threads", str(loops), "--page", PAGE]
    more = programs.arguments_of(dict(contender.options))
    return [path, "--port", "0", *(["--loops", str(loops)] if loops > 1 else []), *more]


def wait_for_port(server):
    """What it prints first: "port 1234", or an address that ends with :1234."""
    deadline = time.monotonic() + PATIENCE
    text = b""
    while not text.endswith(b"\n"):
        ready, _, _ = select.select([server.stdout], [], [], max(0, deadline - time.monotonic()))
        part = os.read(server.stdout.fileno(), 4096) if ready else b""
        if not part:
            raise Failure(f"the server does not listen; it said {text!r}")
        text += part
    return int(re.search(rb"(?:port |:)(\d+)\s*$", text).group(1))


@contextlib.contextmanager
def serving(command, contender, processors=None):
    """The server's process and port, for as long as the block lasts."""
    environment = programs.environment_for(contender)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    server = start(command, env=environment, **pipes, **programs.pinned_to(processors))
    try:
        yield server, wait_for_port(server)
    finally:
        end(server)
        server.stdout.close()


def end(server):
    """By SIGTERM to the whole group: there may be a tracer in front of the server."""
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(PATIENCE)
    stop(server)


def processor_seconds(pid):
    """What all threads of a process used, by its processor-time clock (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def processor_ticks(pid):
    """User and system time, in seconds: proc_pid_stat(5), fields 14 and 15."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) / TICKS, int(fields[12]) / TICKS


# Load


def microseconds(text):
    """As wrk writes a duration: 12.00us, 1.20ms, 1.02s."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6}[unit]


def read_wrk(said):
    """Its figures; a request that failed spoils them all."""
    failed = re.search(r"(Socket errors: .*|Non-2xx .*)", said)
    if failed:
        raise Failure(f"wrk: {failed.group(1)}")
    latency = dict(re.findall(r"^\s+(50|99)%\s+(\S+)$", said, re.MULTILINE))
    requests = re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if not requests or not rate or len(latency) != 2 or int(requests.group(1)) == 0:
        raise Failure(f"wrk said: {said[-300:]}")
    # It says 0 where it does not know: some waited longer than it keeps record of.
    percentiles = {f"p{name}_us": microseconds(text) or None for name, text in latency.items()}
    return int(requests.group(1)), {"requests_per_s": float(rate.group(1)), **percentiles}


def wrk_command(load, port):
    url = f"http://127.0.0.1:{port}/0"
    threads = min(load.loops, load.connections)
    command = ["wrk", "--latency", f"-t{threads}", f"-c{load.connections}", f"-d{load.seconds}s"]
    return [*command, *(["-s", PIPELINE] if load.pipelined else []), url]


def placement(loops):
    """One loop and wrk have a processor each; two loops and wrk share them all."""
    processors = sorted(os.sched_getaffinity(0))
    if loops > 1 or len(processors) == 1:
        return None, None
    return {processors[0]}, {processors[1]}


def measure_load(command, contender, load):
    if not shutil.which("wrk"):
        raise Failure("wrk is missing")
    if load.pipelined and not os.path.exists(PIPELINE):
        raise Failure("bench/http/pipeline.lua is missing")
    for_server, for_wrk = placement(load.loops)
    with serving(command, contender, for_server) as (server, port):
        before, ticks = processor_seconds(server.pid), processor_ticks(server.pid)
        said = programs.run_to_end(wrk_command(load, port), contender, for_wrk)
        used = processor_seconds(server.pid) - before
        user, system = (b - a for a, b in zip(ticks, processor_ticks(server.pid)))
    requests, figures = read_wrk(said)
    figures["cpu_us"] = used / requests * 1e6
    figures["us_per_request"] = 1e6 / figures["requests_per_s"]
    return {**figures, "user_us": user / requests * 1e6, "system_us": system / requests * 1e6}


# Fairness


def waits_beside(load, port):
    """How long each of the plain requests waits that come one after the other beside the load, in seconds."""
    waits = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with contextlib.closing(connection):
        while True:
            begin = time.perf_counter()
            connection.request("GET", "/0")
            connection.getresponse().read()
            if load.poll() is not None:
                return waits
            waits.append(time.perf_counter() - begin)


def measure_fairness(command, contender, load):
    """What a plain request waits for beside connections that are never without requests."""
    for_server, for_wrk = placement(load.loops)
    with serving(command, contender, for_server) as (_, port):
        nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        greedy = start(wrk_command(load, port), **nowhere, **programs.pinned_to(for_wrk))
        try:
            waits = sorted(waits_beside(greedy, port))
        finally:
            stop(greedy)
    if greedy.returncode != 0 or not waits:
        raise Failure(f"wrk ended with {greedy.returncode}, and {len(waits)} requests were answered")
    return {f"p{n}_us": waits[len(waits) * n // 100] * 1e6 for n in (50, 99)}


# Load tools


def find_tool(name):
    """The program's path, or None where it is not there."""
    path = DRILL if name == "drill" else shutil.which(name)
    return path if path and os.access(path, os.X_OK) else None


def drill_command(load, port):
    command = [DRILL, "--json", "--quiet", "--benchmark", KEEP_ALIVE]
    command += ["--base", f"http://127.0.0.1:{port}", "--concurrency", str(load.connections)]
    return [*command, "--iterations", str(10**12), "--duration", str(load.seconds)]


def read_drill(said):
    """As read_wrk(). What did not succeed spoils the figures, too."""
    report = json.loads(said)
    if report["failed_requests"] or not report["successful_requests"]:
        raise Failure(f"drill: failed: {report['failures']}")
    latency = report["latency"]
    percentiles = {f"p{n}_us": latency[f"percentile_{n}_0_ns"] / 1e3 for n in (50, 99)}
    figures = {"requests_per_s": report["requests_per_second"], **percentiles}
    return report["successful_requests"], figures


def measure_tool(command, contender, load):
    """The processor time of the tool, of which no other process ends meanwhile."""
    is_drill = contender.library == "drill"
    for_server, for_tool = placement(load.loops)
    with serving(command, contender, for_server) as (_, port):
        tool = drill_command(load, port) if is_drill else wrk_command(load, port)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = programs.run_to_end(tool, contender, for_tool)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    requests, figures = read_drill(said) if is_drill else read_wrk(said)
    user = (after.ru_utime - before.ru_utime) / requests * 1e6
    system = (after.ru_stime - before.ru_stime) / requests * 1e6
    return {**figures, "cpu_us": user + system, "user_us": user, "system_us": system}


# Sleepers


def resident(pid):
    """Exactly: what /proc/PID/statm says may lag behind by some pages for each processor."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii", errors="replace") as file:
        return int(re.search(r"^Rss:\s+(\d+) kB", file.read(), re.MULTILINE).group(1)) * 1024


def ask(port, path, times=1):
    """Requests, one after the other on one connection, each to the end of its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with contextlib.closing(connection):
        for _ in range(times):
            connection.request("GET", path)
            answer = connection.getresponse()
            if answer.status != 200 or not answer.read():
                raise Failure(f"{path} was answered with {answer.status}")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def wait_until_asleep(server, wanted, drill):
    """The plan has a second to connect, and sleeps longer: all are there at the same time."""
    deadline = time.monotonic() + PATIENCE
    while descriptors(server.pid) < wanted:
        if drill.poll() is not None or time.monotonic() > deadline:
            raise Failure("not all were asleep at the same time")
        time.sleep(0.05)
    time.sleep(0.2)  # the last requests are read


def measure_sleepers(command, contender, sleepers, plan, apart):
    drill_command = [DRILL, "--json", "--quiet", "--benchmark", plan]
    drill_command += ["--concurrency", str(sleepers), "--iterations", str(sleepers)]
    for_server, for_drill = placement(1) if apart else (None, None)
    with serving(command, contender, for_server) as (server, port):
        opened = descriptors(server.pid)
        ask(port, "/0")
        before, used = resident(server.pid), processor_seconds(server.pid)
        drill_command += ["--base", f"http://127.0.0.1:{port}"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        drill = start(drill_command, **pipes, **programs.pinned_to(for_drill))
        try:
            wait_until_asleep(server, opened + sleepers, drill)
            asleep = resident(server.pid)
            said, _ = drill.communicate(timeout=PATIENCE)
            used = processor_seconds(server.pid) - used
        finally:
            stop(drill)
    report = json.loads(said)
    if report["failed_requests"]:
        raise Failure(f"{report['failed_requests']} sleepers were not answered")
    return {
        "bytes_each": (asleep - before) / sleepers,
        "cpu_us": used / sleepers * 1e6,
        "answered": report["successful_requests"],
        "unanswered": report["failed_requests"],
        "p99_ms": report["latency"]["percentile_99_0_ns"] / 1e6,
    }
