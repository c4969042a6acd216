# SPDX-License-Identifier: MIT
"""Commands that the scripts run: to their end, or to an interrupt, after which none is left.

Each has a process group of its own, so that Ctrl-C reaches this script alone, which then stops them
in order. What it takes is that main() begins with listen_for_interrupts() and ends, however it
does, with stop_everything().
"""

import os
import signal
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")

ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

running = set()
starting = False
come_while_starting = None


class Interrupted(BaseException):
    """Someone wants it to end: Ctrl-C, or a signal that says so. Nothing but main() swallows it."""

    def __init__(self, number):
        super().__init__()
        self.number = number


def handle_interrupt(number, _frame):
    """Raises Interrupted once: what follows takes seconds and is not to be cut short."""
    global come_while_starting
    if starting:
        come_while_starting = number
        return
    for other in ENDING:
        signal.signal(other, signal.SIG_IGN)
    raise Interrupted(number)


def listen_for_interrupts():
    """Also where whoever started this script ignores them: its programs are not to inherit that."""
    for number in ENDING:
        signal.signal(number, handle_interrupt)


def start(command, **options):
    """Starts a command. An interrupt meanwhile waits until the process is known here."""
    global starting
    starting = True
    try:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True, **options
        )
        running.add(process)
    finally:
        starting = False
        if come_while_starting is not None:
            handle_interrupt(come_while_starting, None)
    return process


def stop(process, patience=10):
    """Ends a process and what it started: politely, then not. Nothing to do where it has ended."""
    for number in [signal.SIGTERM, signal.SIGKILL]:
        if process.poll() is not None:
            break
        os.killpg(process.pid, number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    running.discard(process)


def stop_everything():
    for process in list(running):
        stop(process)


def run(command, log=None, environment=None):
    """Runs a command, its output to the file log or through; its status, 127 for no program."""
    options = {"env": {**os.environ, **(environment or {})}}
    if log:
        os.makedirs(os.path.dirname(log), exist_ok=True)
        options.update(stdout=open(log, "wb"), stderr=subprocess.STDOUT)
    try:
        process = start(command, **options)
    except FileNotFoundError as error:
        print(error, flush=True)
        return 127
    finally:
        if log:
            options["stdout"].close()
    status = process.wait()
    running.discard(process)
    return status


def logged(command, log, environment=None):
    """Runs a command whose output matters only if it fails; whether it succeeded."""
    status = run(command, log, environment)
    if status != 0:
        with open(log, encoding="utf-8", errors="replace") as file:
            print("".join(file.readlines()[-40:]), end="")
        name = os.path.relpath(log, ROOT)
        print(f"{os.path.basename(command[0])}: exit status {status}; the whole log: {name}", flush=True)
    return status == 0
