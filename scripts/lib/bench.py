# SPDX-License-Identifier: MIT
"""Runs the benchmarks and writes the report; scripts/bench calls it once all is installed.

Times come first, round by round, and then the counts, which need no quiet machine. All of it is
kept in build/bench/results.json, from which the report can be made again. --async runs another
suite of benchmarks, and keeps its results in build/bench/results-async.json.
"""

import argparse
import dataclasses
import os
import random
import shlex
import sys
import time

from benchmarks import cases, counts, facts, programs, report, tasks, tasks_report
from benchmarks.figures import Results
from benchmarks.programs import Failure, TooSlow
from command import ROOT, Interrupted, listen_for_interrupts, stop_everything

ASIDE = os.path.join(programs.BENCH.path, "report")
WIDTH = 30


FACTS = ["processor", "processors used", "memory", "system", "kernel", "C compiler", "C library"]
FACTS += ["options of the build", "cmio", "wrk"]


@dataclasses.dataclass(frozen=True)
class Suite:
    results: str  # the file
    peers: tuple  # that Meson does not build
    workloads: tuple
    usual_rounds: int
    quick_rounds: int
    facts: tuple
    with_counts: bool
    report: object  # a module

    def path(self):
        return os.path.join(programs.BENCH.path, self.results)

    def cases(self, names, quick, rounds):
        """Of these workloads, or of all."""
        names = names or list(self.workloads)
        return tasks.cases(names, quick, rounds) if self is TASKS else cases.cases(names, quick)


LOOPS = Suite(
    results="results.json",
    peers=("mio",),
    workloads=tuple(cases.WORKLOADS),
    usual_rounds=11,
    quick_rounds=3,
    facts=(*FACTS, "Rust compiler", "libev", "libevent", "libuv", "mio", "strace", "Valgrind"),
    with_counts=True,
    report=report,
)
TASKS = Suite(
    results="results-async.json",
    peers=("tokio", "go"),
    workloads=tuple(tasks.WORKLOADS),
    usual_rounds=10,
    quick_rounds=2,
    facts=(*FACTS, "Rust compiler", "Tokio", "Go"),
    with_counts=False,
    report=tasks_report,
)


class Progress:
    """A bar if standard error is a terminal, otherwise a line for each part."""

    def __init__(self, total):
        self.total = total
        self.done = 0
        self.bar = sys.stderr.isatty()
        self.started = time.monotonic()

    def part(self, text):
        if not self.bar:
            seconds = time.monotonic() - self.started
            print(f"{seconds:6.0f} s  {text}", file=sys.stderr, flush=True)

    def step(self, text):
        self.done += 1
        if self.bar:
            share = self.done / self.total
            bar = "#" * int(share * WIDTH)
            line = f"[{bar:{WIDTH}}] {100 * share:3.0f} %  {text}"
            print("\r\033[K" + line[:100], end="", file=sys.stderr, flush=True)

    def end(self):
        if self.bar:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def run_case(case, chance, results, round_number, given_up):
    contenders = case.present()
    chance.shuffle(contenders)
    for contender in contenders:
        figures = None
        try:
            if (case.key, contender.name) not in given_up:
                figures = case.measure(contender)
        except TooSlow as failure:
            results.complain(f"{case.key}, {contender.name}: {failure}, and not run again")
            given_up.add((case.key, contender.name))
        except (Failure, OSError, ValueError, KeyError) as failure:
            results.complain(f"{case.key}, {contender.name}, round {round_number}: {failure}")
        results.add_run(case, contender, figures)


def run_rounds(chosen, options, results, progress):
    chance = random.Random(options["seed"])
    given_up = set()
    for number in range(1, options["rounds"] + 1):
        progress.part(f"round {number} of {options['rounds']}")
        order = [case for case in chosen if number <= case.most_rounds]
        chance.shuffle(order)
        for case in order:
            run_case(case, chance, results, number, given_up)
            progress.step(f"round {number} of {options['rounds']}: {case.workload}")
        results.data["rounds_done"] = number


def run_counts(chosen, results, progress):
    progress.part("system calls and instructions")
    for count in chosen:
        found = {
            contender.name: counts.measure(count, contender, results.complain)
            for contender in counts.present(count)
        }
        results.data["counts"].append(
            {"workload": count.workload, "what": count.what, "found": found}
        )
        progress.step(f"counts: {count.workload}")
    results.data["stripped_size"] = counts.stripped_size()


def left_out(chosen):
    """Contenders without a program, in all workloads or in some."""
    absent, present = {}, set()
    for case in chosen:
        there = case.present()
        present.update(contender.name for contender in there)
        for contender in case.contenders:
            if contender not in there:
                absent.setdefault(contender.name, {})[case.workload] = None
    for name, workloads in absent.items():
        yield f"{name}: {', '.join(workloads) if name in present else 'not built'}"


def counts_of(suite, chosen):
    wanted = {case.workload for case in chosen} if suite.with_counts else set()
    return [count for count in counts.all_counts() if count.workload in wanted]


def load_average():
    return os.getloadavg()[0]


def measure(suite, options):
    """Saves the measurements even if it is interrupted."""
    chosen = suite.cases(options["only"], options["quick"], options["rounds"])
    to_count = counts_of(suite, chosen)
    results = Results.new(options, facts.gather(suite.facts))
    results.data["load"] = {"begun": load_average(), "processors": os.cpu_count()}
    results.data["left_out"] = list(left_out(chosen))
    for text in results.data["left_out"]:
        print(f"left out: {text}", flush=True)
    for case in chosen:
        results.add_case(case)
    progress = Progress(
        sum(min(options["rounds"], case.most_rounds) for case in chosen) + len(to_count)
    )
    try:
        run_rounds(chosen, options, results, progress)
        if to_count:
            run_counts(to_count, results, progress)
        results.data["complete"] = True
    finally:
        progress.end()
        results.data["minutes"] = (time.monotonic() - progress.started) / 60
        results.data["load"]["ended"] = load_average()
        results.save(suite.path())
    return results


def options_of(suite, arguments):
    usual = suite.quick_rounds if arguments.quick else suite.usual_rounds
    given = [word for word in sys.argv[1:] if word != "--report-only"]
    return {
        "command": shlex.join(["scripts/bench", *given]),
        "rounds": arguments.rounds or usual,
        "quick": arguments.quick,
        "only": arguments.only or [],
        "seed": arguments.seed,
    }


def show(suite, results, arguments):
    """Writes the report. Anything less than a full run goes to docs only on request."""
    options = results.data["options"]
    full = results.data["complete"] and not options["quick"] and not options["only"]
    output = arguments.output or (os.path.join(ROOT, "docs") if full else ASIDE)
    print(f"wrote {os.path.relpath(suite.report.write(results, output), ROOT)}", flush=True)
    failures = results.data["failures"]
    if failures:
        print(f"{len(failures)} measurements failed; the report lists them", flush=True)
    return 1 if failures else 0


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", add_help=False)
    parser.add_argument("--async", action="store_true", dest="of_tasks")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=positive)
    parser.add_argument("--only", nargs="+", metavar="WORKLOAD")
    parser.add_argument("--output", type=os.path.abspath)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report-only", action="store_true")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    workloads = suite_of(arguments).workloads
    for name in arguments.only or []:
        if name not in workloads:
            parser.error(f"argument --only: {name} is not one of {', '.join(workloads)}")
    return arguments


def suite_of(arguments):
    return TASKS if arguments.of_tasks else LOOPS


def run(arguments):
    suite = suite_of(arguments)
    if arguments.report_only:
        try:
            results = Results.load(suite.path())
        except (OSError, ValueError) as error:
            raise Failure(f"no results to report: {error}") from error
        show(suite, results, arguments)
        return 0
    if not programs.build(suite.peers):
        raise Failure("the build failed")
    return show(suite, measure(suite, options_of(suite, arguments)), arguments)


def main():
    arguments = parse_arguments()
    if arguments.check:
        return 0
    os.environ.pop("CMIO_BACKEND", None)
    listen_for_interrupts()
    try:
        return run(arguments)
    except Failure as failure:
        print(f"scripts/bench: {failure}", file=sys.stderr)
        return 1
    except Interrupted as interrupted:
        print(
            "\nscripts/bench: interrupted, so there is no report. --report-only writes a partial "
            "report of the measurements so far.",
            file=sys.stderr,
        )
        return 128 + interrupted.number
    finally:
        stop_everything()


if __name__ == "__main__":
    sys.exit(main())
