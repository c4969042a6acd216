# SPDX-License-Identifier: MIT
"""What came of the tests, counted from what the runners wrote.

Meson's testlog.json has an entry for each test program. One that is on cmocka reports each of its
tests, and these are what is counted; any other program counts as one. Whatever is neither passed
nor skipped is failed: timeouts, crashes, errors and expected failures.
"""

import dataclasses
import json
import re


@dataclasses.dataclass
class Result:
    """What a stage came to."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    notes: list = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    def add(self, outcome, name, detail=""):
        """Counts one test; outcome is "passed", "failed" or "skipped"."""
        setattr(self, outcome, getattr(self, outcome) + 1)
        if outcome != "passed":
            self.notes.append(f"{outcome}: {name}" + (f" ({detail})" if detail else ""))


def cmocka_outcomes(text):
    """Yields (outcome, name) for each test that a program on cmocka reported to have begun."""

    def names(mark):
        return dict.fromkeys(re.findall(rf"^\[{mark}\] (\S+)$", text, re.MULTILINE))

    passed, skipped = names("       OK "), names("  SKIPPED ")
    for name in names(" RUN      "):
        yield "passed" if name in passed else "skipped" if name in skipped else "failed", name


def count_program(entry, result):
    """Adds one entry of testlog.json."""
    name = entry["name"].split(" / ", 1)[-1]
    outcome = {"OK": "passed", "SKIP": "skipped"}.get(entry["result"], "failed")
    inner = list(cmocka_outcomes(entry.get("stdout", "") + "\n" + entry.get("stderr", "")))
    for inner_outcome, inner_name in inner:
        result.add(inner_outcome, f"{name}: {inner_name}")
    # A crash after the last test, a leak: no test inside is to blame, yet the program failed.
    blamed = any(inner_outcome == "failed" for inner_outcome, _ in inner)
    if not inner or (outcome == "failed" and not blamed):
        result.add(outcome, name, entry["result"].lower() if outcome == "failed" else "")


def count_log(path, result):
    """Adds a testlog.json; one that is missing, or tells of no test, is a failure."""
    try:
        with open(path, encoding="utf-8") as file:
            entries = [json.loads(line) for line in file]
    except (OSError, ValueError) as error:
        result.add("failed", "reading the results", str(error))
        return
    for entry in entries:
        count_program(entry, result)
    if not entries:
        result.add("failed", "the suite", "no test was run")
