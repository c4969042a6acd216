# SPDX-License-Identifier: MIT
"""Holds what kqtrace says of the stand-in against what it said of a real kernel.

usage: check_trace.py KQTRACE TRACE NOT_IMITATED FLAVOUR

Both are cut by the table NOT_IMITATED, whose head says how, and then must be alike, line by line. A
difference is printed, and is a failure. A few scenes race with the clock, by a tenth of a second
that a machine without a moment to spare may take: if nothing else differs the program is run again,
up to five times.
"""

import difflib
import fnmatch
import subprocess
import sys

RUNS = 5
SECONDS = 300

# In the table in the place of a line: the kernel's trace does not have the scene.
ABSENT = "absent"

# Scenes where one thread or process sleeps for 0.1 s, so that another is surely where it should be.
RACES_WITH_THE_CLOCK = {"EINTR", "timer", "process filter", "a writer in another thread ends a wait"}


def scenes_of(text):
    """The trace as pairs of a title and its lines."""
    scenes = []
    for line in text.splitlines():
        if line.startswith("scene: "):
            scenes.append((line.removeprefix("scene: "), []))
        else:
            scenes[-1][1].append(line)
    return scenes


def read_table(path, flavour):
    """Pairs of a scene's title and a pattern of the lines that are cut there."""
    cuts = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            fields = [field.strip() for field in line.split("|")]
            if len(fields) != 4 or not all(fields):
                sys.exit(f"{path}:{number}: not of the form system | scene | line | reason")
            system, scene, pattern, _reason = fields
            if system in (flavour, "all"):
                cuts.append((scene, pattern))
    return cuts


def cut(scenes, cuts):
    """What is left of a trace, and which cuts had nothing to cut."""
    absent = {scene for scene, pattern in cuts if pattern == ABSENT}
    unused = {(scene, pattern) for scene, pattern in cuts if pattern != ABSENT}
    left = []
    for title, lines in scenes:
        if title in absent:
            continue
        patterns = [pattern for scene, pattern in cuts if scene == title]
        kept = []
        for line in lines:
            matching = [pattern for pattern in patterns if fnmatch.fnmatchcase(line.strip(), pattern)]
            unused -= {(title, pattern) for pattern in matching}
            if not matching:
                kept.append(line)
        left.append((title, kept))
    return left, unused


def as_lines(scenes):
    return [line for title, lines in scenes for line in [f"scene: {title}", *lines]]


def run(program):
    result = subprocess.run([program], stdout=subprocess.PIPE, text=True, timeout=SECONDS, check=False)
    return result.returncode, result.stdout


def differing_titles(expected, actual):
    titles = [title for title, _ in expected]
    if titles != [title for title, _ in actual]:
        return None
    return {ours[0] for ours, theirs in zip(expected, actual) if ours != theirs}


def check(program, expected, cuts):
    """Whether one run is as expected, and whether another may do better; prints the difference."""
    status, text = run(program)
    actual, _ = cut(scenes_of(text), cuts)
    if status == 0 and actual == expected:
        return True, False
    sys.stdout.writelines(line + "\n" for line in difflib.unified_diff(
        as_lines(expected), as_lines(actual), "the kernel", "the stand-in", lineterm="", n=5))
    if status != 0:
        print(f"kqtrace ended with status {status}")
        return False, False
    titles = differing_titles(expected, actual)
    return False, titles is not None and titles <= RACES_WITH_THE_CLOCK


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    program, trace, table, flavour = sys.argv[1:]
    cuts = read_table(table, flavour)
    with open(trace, encoding="utf-8") as file:
        scenes = scenes_of(file.read())
    titles = {title for title, _ in scenes}
    expected, unused = cut(scenes, cuts)
    if unused:
        sys.exit(f"{table} cuts what is not in the trace: {sorted(unused)}")
    missing = {scene for scene, pattern in cuts if pattern == ABSENT}
    if missing & titles:
        sys.exit(f"{table} calls absent what is in the trace: {sorted(missing & titles)}")
    for _ in range(RUNS):
        same, may_try_again = check(program, expected, cuts)
        if same:
            print(f"no difference in {len(as_lines(expected))} lines of {len(expected)} scenes")
            return 0
        if not may_try_again:
            return 1
        print("only scenes that race with the clock differ: once more")
    return 1


if __name__ == "__main__":
    sys.exit(main())
