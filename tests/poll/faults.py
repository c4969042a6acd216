# SPDX-License-Identifier: MIT
"""Takes the cures for eight known faults of poll(2) backends out of a copy of the sources, one by one.

usage: faults.py SOURCE_ROOT COMPILER... -- FILE...

FILE... are the library's sources with poll(2) as the only backend. For each cure there is a test of the conformance suite that passes with it. Without it, that test must
fail: so the suite is shown to notice each of the faults.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "package"))
from scratch import Failure, expect, main, run  # noqa: E402

FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-pthread"]


def poll_alone():
    """The macros that choose poll(2), of all backends that the list has."""
    with open(os.path.join(ROOT, "src", "core", "backends.c"), encoding="utf-8") as file:
        names = sorted(set(re.findall(r"CMIO_HAVE_\w+", file.read())))
    return [f"-D{name}={int(name == 'CMIO_HAVE_POLL')}" for name in names]



# Seconds for a test that should pass, and for one that should not: waiting for an event that was lost
# it would sit out the 30 seconds of the suite.
PATIENCE = 120
IMPATIENCE = 8

# A fault that depends on timing may stay hidden once on a busy machine.
TRIES = 5

# What the fault is, the test that notices, and how the cure is taken out: file, text, replacement.
FAULTS = [
    (
        "a wake is lost when a register comes between wake and wait",
        "waker",
        "wake_then_any_registration_then_wait_still_wakes",
        "src/poll/poll.c",
        "        take_entries(selector);\n}\n\nCMIO__COLD",
        "        take_entries(selector);\n"
        "    for (size_t i = 0; i < selector->entries.count; i++) {\n"
        "        const int fd = cmio__poll_entry_fd(&selector->entries.list[i]);\n"
        "        if (cmio__fd_table_find(&selector->entries.table, fd)->interest & CMIO__WAKER)\n"
        "            cmio__wake_fd_drain(&(struct cmio__wake_fd){.read_fd = fd});\n"
        "    }\n}\n\nCMIO__COLD",
    ),
    (
        "the timeout starts over at each internal wake-up",
        "poll",
        "a_timeout_does_not_start_over_while_another_thread_registers",
        "src/poll/poll.c",
        "        timeout = cmio__time_left(deadline);",
        "        (void)cmio__time_left(deadline);",
    ),
    (
        "error and hang-up are terminal",
        "event_truth",
        "datagrams_after_an_icmp_error_still_arrive",
        "src/poll/entries.c",
        "    return armed_at_first(directions & slot->interest);",
        "    return slot->state & CMIO__ARMED ? armed_at_first(directions & slot->interest) : 0;",
    ),
    (
        "more events are returned than there is room for",
        "poll",
        "with_room_for_one_a_hundred_ready_edges_come_one_at_a_time",
        "src/poll/poll.c",
        " && count < events->capacity",
        "",
    ),
    (
        "a closed descriptor makes waits spin",
        "source",
        "a_closed_descriptor_makes_no_wait_spin",
        "src/poll/entries.c",
        "    if ((events & POLLNVAL) || (slot->interest",
        "    if ((slot->interest",
    ),
    (
        "a read that blocks arms writing too",
        "modes",
        "a_read_that_blocks_makes_no_writable_event",
        "src/poll/entries.c",
        "    return armed_at_first(directions & slot->interest);",
        "    return armed_at_first(slot->interest);",
    ),
    (
        "accept does not arm its edge",
        "listeners",
        "tcp_v4:two_accepts_around_would_block_each_follow_an_event",
        "src/net/socket.c",
        "    (void)cmio__source_io(source, CMIO_READABLE, accepted < 0 ? accepted : 1, 1);\n",
        "",
    ),
    (
        "foreign descriptors lose events",
        "registry",
        "event_drain_silence_and_new_data_event_for_a_pipe",
        "src/core/fd_source.c",
        "    return cmio__source_io(&source->source, direction, result < 0 ? error : result, wanted);",
        "    return (void)wanted, result < 0 ? error : result;",
    ),
]


def test_files(root, group):
    tests = os.path.join(root, "tests")
    support = glob.glob(os.path.join(tests, "support", "*.c"))
    common = [os.path.join(tests, "backend", name) for name in ["expectations.c", "program.c"]]
    own = os.path.join(tests, "backend", f"test_{group}.c")
    return [name for name in support if not name.endswith("all.c")] + common + [own]


def compile_all(compiler, tree, root, files, folder):
    """Objects by file name; a file of the library is compiled again only where it differs."""
    includes = ["-I", os.path.join(tree, "src"), "-I", os.path.join(tree, "include")]
    includes += ["-I", os.path.join(root, "tests")]
    os.makedirs(folder, exist_ok=True)
    objects = []
    for name in files:
        target = os.path.join(folder, name.replace(os.sep, "_") + ".o")
        if not os.path.exists(target):
            run([*compiler, *FLAGS, *poll_alone(), *includes, "-c", name, "-o", target])
        objects.append(target)
    return objects


def passes(program, name, patience):
    try:
        result = subprocess.run(
            [program, "--backend", "poll", name],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=patience, check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    ran = "1 test(s) run" in result.stdout + result.stderr
    expect(ran or result.returncode < 0, f"{name} did not run:\n{result.stdout}{result.stderr}")
    return result.returncode == 0


def build(compiler, root, tree, sources, group, scratch, label):
    """The program of one group. Objects are shared between labels for all but the changed file."""
    copies = [os.path.join(tree, name) for name in sources]
    library = compile_all(compiler, tree, root, copies, os.path.join(scratch, label))
    tests = compile_all(compiler, root, root, test_files(root, group), os.path.join(scratch, "tests"))
    program = os.path.join(scratch, f"{label}_{group}")
    run([*compiler, *FLAGS, *library, *tests, "-lcmocka", "-o", program])
    return program


def take_out(tree, path, text, replacement):
    name = os.path.join(tree, path)
    with open(name, encoding="utf-8") as file:
        before = file.read()
    expect(before.count(text) == 1, f"{path} has the cure {before.count(text)} times, not once")
    with open(name, "w", encoding="utf-8") as file:
        file.write(before.replace(text, replacement))
    return before


def test(root, *words):
    compiler = list(words[: words.index("--")])
    files = words[words.index("--") + 1 :]
    sources = [os.path.relpath(os.path.realpath(name), os.path.realpath(root)) for name in files]
    with tempfile.TemporaryDirectory() as scratch:
        tree = os.path.join(scratch, "tree")
        for folder in ["src", "include"]:
            shutil.copytree(os.path.join(root, folder), os.path.join(tree, folder))
        missed = []
        for number, (fault, group, name, path, text, replacement) in enumerate(FAULTS, 1):
            expect(
                passes(build(compiler, root, tree, sources, group, scratch, "cured"), name, PATIENCE),
                f"{name} fails with the cure in place",
            )
            label = f"fault{number}"
            shutil.copytree(os.path.join(scratch, "cured"), os.path.join(scratch, label))
            before = take_out(tree, path, text, replacement)
            changed = os.path.join(tree, path).replace(os.sep, "_") + ".o"
            os.remove(os.path.join(scratch, label, changed))
            program = build(compiler, root, tree, sources, group, scratch, label)
            if all(passes(program, name, IMPATIENCE) for _ in range(TRIES)):
                missed.append(f"{fault}: {name} passes all the same")
            else:
                print(f"noticed: {fault}, by {name}", flush=True)
            with open(os.path.join(tree, path), "w", encoding="utf-8") as file:
                file.write(before)
    if missed:
        raise Failure("\n".join(missed))


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
