# SPDX-License-Identifier: MIT
"""Tests how scripts/test prepares the later stages beside the tests of the earlier ones.

usage: stages.py SOURCE_ROOT

Programs on scripts/lib/command.py and beside.py run commands in the main thread and in another one. The test looks at
the order of what they print, at the priorities of the commands, and at what is left of them after an interrupt.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time

from scratch import expect, main

PATIENCE = 60

BEGINNING = """\
import os, sys, time
sys.path.insert(0, os.path.join(sys.argv[1], "scripts", "lib"))
from beside import Beside, result_of
from command import Interrupted, listen_for_interrupts, logged, run, say, stop_everything
LOG = sys.argv[2]
"""

ORDER = BEGINNING + """\
def prepare(number, command):
    say(f"preparing {number}")
    return logged(["sh", "-c", command], f"{LOG}.{number}")
with Beside(1) as beside:
    jobs = [beside.begin(prepare, 1, "true"), beside.begin(prepare, 2, "echo because; exit 3")]
    jobs[1].result()
    say("a test")
    for job in jobs:
        print(result_of(job), flush=True)
"""
# The name of the log comes in between.
ORDER_SAID = ["a test", "preparing 1", "True", "preparing 2", "because", "sh: exit status 3", "False"]

PRIORITIES = BEGINNING + """\
run(["nice"])
with Beside(1) as beside:
    result_of(beside.begin(run, ["nice"]))
"""

# Each command writes down that it runs, and what goes on after an interrupt would write more.
INTERRUPTED = BEGINNING + """\
def prepare(number):
    run(["sh", "-c", f"echo $$ >>{LOG}; exec sleep 1000"])
    run(["sh", "-c", f"echo too late >>{LOG}"])
listen_for_interrupts()
try:
    with Beside(1) as beside:
        beside.begin(prepare, 1)
        beside.begin(prepare, 2)
        prepare(3)
except Interrupted as interrupted:
    print(interrupted.number, flush=True)
finally:
    stop_everything()
"""


def command(text, root, scratch):
    return [sys.executable, "-B", "-c", text, root, os.path.join(scratch, "log")]


def said_by(text, root, scratch):
    result = subprocess.run(command(text, root, scratch), capture_output=True, text=True, timeout=PATIENCE, check=False)
    expect(result.returncode == 0, result.stderr)
    return result.stdout.splitlines()


def test_order(root, scratch):
    """What is said beside is printed when the main thread asks for the result, and not amid something else."""
    said = said_by(ORDER, root, scratch)
    is_right = len(said) == len(ORDER_SAID) and all(map(str.startswith, said, ORDER_SAID))
    expect(is_right, f"{said}, not {ORDER_SAID}")


def test_priorities(root, scratch):
    own, beside = map(int, said_by(PRIORITIES, root, scratch))
    expect(own == os.nice(0) and beside == 19, f"priorities {own} and {beside}")


def lines_of(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_interrupt(root, scratch):
    """It ends the commands of both threads, and none is started after it."""
    path = os.path.join(scratch, "log")
    with subprocess.Popen(command(INTERRUPTED, root, scratch), stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + PATIENCE
        while len(lines_of(path)) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=PATIENCE)
    expect(said.split() == [str(int(signal.SIGTERM))], f"it said {said!r}")
    lines = lines_of(path)
    expect(len(lines) == 2 and all(map(str.isdigit, lines)), f"what ran: {lines}")
    expect(not any(is_running(int(pid)) for pid in lines), "commands are left after an interrupt")


def test(root):
    for function in [test_order, test_priorities, test_interrupt]:
        with tempfile.TemporaryDirectory() as scratch:
            function(root, scratch)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
