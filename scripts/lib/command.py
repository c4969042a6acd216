# SPDX-License-Identifier: MIT
"""Commands that the scripts run: to their end, or to an interrupt, after which none is left.

Each has a process group of its own, so that Ctrl-C reaches this script alone, which then stops them
in order. What it takes is that main() begins with listen_for_interrupts() and ends, however it
does, with stop_everything().

Another thread than the main one may run commands too. They give way to those of the main thread, and what
they have to say is kept for it: see Said.
"""

import contextlib
import os
import signal
import subprocess
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")

ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

running = set()
starting = False
come_while_starting = None
ended = False
known = threading.Lock()  # whoever holds it may start processes, and note them in running

# What goes before the commands of other threads.
GIVING_WAY = ["nice", "-n", "19"]


class Ended(Exception):
    """No command is started any more."""


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


def in_main_thread():
    return threading.current_thread() is threading.main_thread()


def launch(command, options):
    with known:
        if ended:
            raise Ended(command[0])
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True, **options
        )
        running.add(process)
    return process


def start(command, **options):
    """Starts a command. An interrupt meanwhile waits until the process is known here."""
    global starting
    if not in_main_thread():
        return launch([*GIVING_WAY, *command], options)
    starting = True
    try:
        process = launch(command, options)
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
        with contextlib.suppress(ProcessLookupError):  # another thread may have waited for it
            os.killpg(process.pid, number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    running.discard(process)


def stop_everything():
    """Ends what runs. From now on nothing starts, whichever thread wants it."""
    global ended
    with known:
        ended = True
    for process in list(running):
        stop(process)


class Said(threading.local):
    """What another thread than the main one has said, line by line: it would come amid something else."""

    def __init__(self):
        super().__init__()
        self.lines = []


said = Said()


def say(text):
    """Prints a line, or keeps it in said.lines, of which each thread has its own."""
    if in_main_thread():
        print(text, flush=True)
    else:
        said.lines.append(text)


def run(command, log=None, environment=None):
    """Runs a command, its output to the file log or through; its status, 127 for no program."""
    options = {"env": {**os.environ, **(environment or {})}}
    if log:
        os.makedirs(os.path.dirname(log), exist_ok=True)
        options.update(stdout=open(log, "wb"), stderr=subprocess.STDOUT)
    try:
        process = start(command, **options)
    except FileNotFoundError as error:
        say(error)
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
            say("".join(file.readlines()[-40:]).rstrip("\n"))
        name = os.path.relpath(log, ROOT)
        say(f"{os.path.basename(command[0])}: exit status {status}; the whole log: {name}")
    return status == 0
