# SPDX-License-Identifier: MIT
"""Checks one model with spin, and that spin finds each fault that the model can be given.

usage: check.py SPIN MODEL COMPILER...

The head of a model has a line "FAULT_NAME: what it is" for each faulty variant. -DFAULT_NAME turns the
model into that variant. The model itself must have no error, and each variant must have one. If SPIN is
empty, the test is skipped.
"""

import os
import re
import subprocess
import sys
import tempfile

SKIPPED = 77

# The greatest depth of a path, and the memory (MiB) at which spin gives up. A model that needs more has grown
# by mistake.
DEPTH = 1000000
MEMORY = 2048


def fail(message):
    print("failed: " + message)
    sys.exit(1)


def run(command, folder):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    return done.returncode, done.stdout


def faults_of(model):
    with open(model, encoding="utf-8") as file:
        return re.findall(r"^ \* (FAULT_[A-Z_]+): ", file.read(), re.MULTILINE)


def search(spin, compiler, model, fault):
    """Returns what the verifier said about the model, or about one of its faulty variants."""
    with tempfile.TemporaryDirectory() as folder:
        defines = ["-D" + fault] if fault else []
        status, said = run([spin, *defines, "-a", model], folder)
        if status != 0:
            fail("spin does not accept the model:\n" + said)
        status, said = run([*compiler, "-O0" if fault else "-O1", "-w", "-DSAFETY", "-DMEMLIM=%d" % MEMORY, "-o", "pan", "pan.c"], folder)
        if status != 0:
            fail("the verifier does not compile:\n" + said)
        return run(["./pan", "-n", "-m%d" % DEPTH], folder)[1]


def check(spin, compiler, model, fault):
    said = search(spin, compiler, model, fault)
    errors = re.search(r"errors: (\d+)", said)
    states = re.search(r"(\d+) states, stored", said)
    if errors is None or states is None:
        fail("the verifier did not come to its end:\n" + said)
    found = re.search(r"pan:1: (.*) \(at depth", said)
    print("%-32s %10s states: %s" % (fault or "the protocol", states.group(1), found.group(1) if found else "no error"))
    if fault and errors.group(1) == "0":
        fail("spin does not find the fault %s" % fault)
    if not fault and (errors.group(1) != "0" or "max search depth too small" in said or
                      "Search not completed" in said):
        fail("the model has an error, or was not searched to its end:\n" + said)


def main():
    spin, model, compiler = sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[3:]
    if not spin:
        print("skipped: spin is missing")
        sys.exit(SKIPPED)
    faults = faults_of(model)
    if not faults:
        fail("the model has no faulty variant")
    for fault in [None, *faults]:
        check(spin, compiler, model, fault)


main()
