# SPDX-License-Identifier: MIT
"""Counts the library's instructions for what programs do most, on epoll and x86-64.

usage: instructions.py SOURCE_ROOT PROGRAM

An instruction is the library's if its code is in the library's shared object, as in bench/README.md.
Each count is the difference of two runs, one with twice as many operations as the other.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
COUNT = 1000

# The most that an operation may take, and how many operations the program makes at a time.
LIMITS = {
    "register": ("register and deregister", 130, 1),
    "interest": ("change of interest", 80, 2),
    "event": ("event that comes alone, with its read and write", 110, 1),
}


def of_library(program, what, count, folder, counts):
    output = os.path.join(folder, "callgrind")
    command = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={output}"]
    subprocess.run([*command, program, what, str(count)], check=True)
    return sum(counts.library_instructions(output, "cmio").values())


def main():
    root, program = sys.argv[1:]
    if platform.machine() != "x86_64" or not shutil.which("valgrind"):
        print("the limits are for x86-64, and counting needs valgrind")
        return SKIPPED
    sys.path.insert(0, os.path.join(root, "scripts", "lib"))
    from benchmarks import counts

    failures = 0
    with tempfile.TemporaryDirectory(prefix="cmio-instructions-") as folder:
        for what, (name, limit, at_a_time) in LIMITS.items():
            short, long = (of_library(program, what, n, folder, counts) for n in [COUNT, 2 * COUNT])
            each = (long - short) / COUNT / at_a_time
            failures += not 0 < each <= limit
            print(f"{name}: {each:g} instructions, at most {limit}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
