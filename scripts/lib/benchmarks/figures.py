# SPDX-License-Identifier: MIT
"""The results of a run as they are kept (results.json), and what is computed from them.

A ratio is taken within a round, where both processes ran one right after the other; a median of
ratios therefore knows nothing of how the machine's mood changed from round to round.
"""

import dataclasses
import json
import statistics


@dataclasses.dataclass(frozen=True)
class Summary:
    """A median and its quartiles."""

    median: float
    lower: float
    upper: float


def summarize(values):
    values = [value for value in values if value is not None]
    if not values:
        return None
    if len(values) == 1:
        return Summary(*values * 3)
    lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
    return Summary(statistics.median(values), lower, upper)


class Results:
    """data is what results.json has: see new()."""

    def __init__(self, data):
        self.data = data

    @classmethod
    def new(cls, options, facts):
        return cls(
            {
                "options": options,
                "facts": facts,
                "rounds_done": 0,
                "complete": False,
                "left_out": [],
                "failures": [],
                "cases": {},
                "counts": [],
                "stripped_size": None,
            }
        )

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            return cls(json.load(file))

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.data, file, indent=1)
            file.write("\n")

    def add_case(self, case):
        names = [contender.name for contender in case.present()]
        self.data["cases"][case.key] = {
            "workload": case.workload,
            "labels": case.labels,
            "runs": {name: [] for name in names},
        }

    def add_run(self, case, contender, figures):
        """figures is None for a run that failed; it keeps its place, for the ratios."""
        self.data["cases"][case.key]["runs"][contender.name].append(figures)

    def complain(self, text):
        if text not in self.data["failures"]:
            self.data["failures"].append(text)

    def cases(self, workload, **labels):
        """Those of a workload, and with these labels."""
        return [
            case
            for case in self.data["cases"].values()
            if case["workload"] == workload
            and all(case["labels"].get(name) == value for name, value in labels.items())
        ]

    def counts(self, workload, *words):
        """Those of a workload, all of the words being in what they count."""
        return [
            count
            for count in self.data["counts"]
            if count["workload"] == workload and all(word in count["what"] for word in words)
        ]


def values(case, contender, metric):
    runs = case["runs"].get(contender, [])
    return [run.get(metric) if run else None for run in runs]


def median(case, contender, metric):
    found = summarize(values(case, contender, metric))
    return found.median if found else None


def ratio(case, contender, to, metric):
    """Of two contenders: a Summary, or None where less than half of the rounds have both."""
    pairs = list(zip(values(case, contender, metric), values(case, to, metric)))
    found = [a / b for a, b in pairs if a is not None and b]
    return summarize(found) if 2 * len(found) >= len(pairs) else None


def label(case):
    """A case in words, within its workload: "1,000 sources, 10 active"."""
    words = []
    for name, value in case["labels"].items():
        if name == "what":
            words.append(value)
        elif name == "count":
            words.append(f"{spell(value)} of them")
        elif name == "pipelined":
            words += ["pipelined"] if value == "yes" else []
        else:
            words.append(f"{spell(value)} {name.removesuffix('s') if value == 1 else name}")
    return ", ".join(words)


def spell(value):
    return f"{value:,}" if isinstance(value, int) else str(value)


def system_calls(count, contender):
    """All of them together, for an operation; None where they were not counted."""
    calls = count["found"].get(contender, {}).get("system_calls")
    return None if calls is None else sum(calls.values())


def instructions(count, contender):
    """In the library, for an operation; None where they were not counted."""
    functions = count["found"].get(contender, {}).get("functions")
    return None if functions is None else sum(functions.values())


def digits(value):
    """Three digits that mean something: 0.012, 1.23, 12.3, 1,234."""
    if value is None:
        return "-"
    size = abs(value)
    places = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 or size == 0 else 3
    return f"{value:,.{places}f}"
