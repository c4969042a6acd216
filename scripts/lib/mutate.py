# SPDX-License-Identifier: MIT
"""Runs the test suite on mutants of the sources; scripts/mutate calls it once all is installed.

The sources are copied to build/mutate/tree, which is configured once in build/mutate/out. Each
mutant is one change in the copy, so Ninja compiles one file again and links what is run. The tests
that are most likely to notice run first, and the first failure ends the mutant's turn.
"""

import argparse
import collections
import dataclasses
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time

from build import GCC
from command import BUILD, ROOT, Interrupted, listen_for_interrupts
from command import logged, run, start, stop, stop_everything
from mutants import mutants_of, one_line

HOME = os.path.join(BUILD, "mutate")
TREE, OUT = os.path.join(HOME, "tree"), os.path.join(HOME, "out")
REPORT = os.path.join(HOME, "report.txt")
LOG = os.path.join(HOME, "last.log")
EQUIVALENTS = os.path.join("tests", "equivalent-mutants.txt")

# What the copy is made of. The suites of the examples and of the package do not run.
COPIED = ["include", "src", "tests", "meson.build", "meson_options.txt"]
OPTIONS = ["-Dexamples=disabled", "-Doptimization=0", "-Ddebug=false"]
SUITES_LEFT_OUT = {"package", "examples", "kqtrace", "kqueue", "bench"}

# A test that takes so much longer than usual hangs.
PATIENCE, PATIENCE_FACTOR = 15, 5
# The folders of tests, beside backend, that can notice a fault in a folder of src/.
WHITE_BOX = {
    "core": {"core", "net", "signal"},
    "epoll": {"epoll"},
    "kqueue": set(),
    "net": {"net"},
    "poll": {"poll"},
    "posix": {"posix", "net", "signal"},
    "process": set(),
    "signal": {"signal"},
    "time": {"time", "epoll"},
}
FIRST_TESTS = 8
USUAL_BACKENDS = {"epoll", "poll"}
MOST_MEMORY = 8 << 30

KILLED, SURVIVED, TIMED_OUT = "killed", "survived", "timed out"
EQUIVALENT, NOT_BUILT = "equivalent", "does not compile"
OUTCOMES = [KILLED, SURVIVED, TIMED_OUT, EQUIVALENT, NOT_BUILT]

# Each test runs in a namespace of its own, so that a fault in the code that sends signals reaches
# nobody else, and nothing remains of a stopped test. Tests name their files and sockets after their
# process number, so tests that run at the same time need different numbers: $0 has the number.
NUMBERED = 'echo "$0" >/proc/sys/kernel/ns_last_pid && "$@"; exit'
CONFINED = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", NUMBERED]
NUMBER_STEP, NUMBER_MOST = 1000, 30000
UNCONFINED_RISKS = ("src/process/", "src/posix/child", "src/signal/")


class Impossible(Exception):
    """The run cannot begin; the text gives the reason."""


# ---- The mutants ----


def source_files():
    for folder, _, names in sorted(os.walk(os.path.join(ROOT, "src"))):
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                yield os.path.relpath(os.path.join(folder, name), ROOT)


def read(path, root=ROOT):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def chosen_files(wanted):
    files = list(source_files())
    for path in wanted:
        if not any(is_within(file, path) for file in files):
            raise Impossible(f"--file {path}: no C source of src/ (relative to the root)")
    return [file for file in files if not wanted or any(is_within(file, path) for path in wanted)]


def is_within(file, path):
    path = os.path.normpath(path)
    return file == path or file.startswith(path + os.sep)


def numbered_mutants(arguments):
    """All mutants in the order of the seed, (number, mutant): the first ones stand for all."""
    found = []
    for file in chosen_files(arguments.file):
        found += mutants_of(file, read(file))
    found.sort(key=lambda mutant: mutant.rank(arguments.seed))
    return list(enumerate(found, 1))


def part(numbered, arguments):
    numbered = [pair for pair in numbered if pair[0] >= arguments.begin]
    return numbered if arguments.count == "all" else numbered[: arguments.count]


@dataclasses.dataclass
class Equivalent:
    file: str
    operator: str
    function: str
    before: str = ""
    after: str = None  # any change by this operator
    reason: str = ""
    used: bool = False

    def matches(self, mutant):
        return (
            (self.file, self.operator) == (mutant.file, mutant.operator)
            and self.function in ("", mutant.function)
            and self.before == mutant.before
            and self.after in (None, mutant.after)
        )


def read_equivalents():
    """The file says at its top how it is written."""
    found, entry = [], None
    for number, line in enumerate(read(EQUIVALENTS).splitlines(), 1):
        place, mark, text = f"{EQUIVALENTS}:{number}", line[:2], one_line(line[2:])
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("src/"):
            file, _, heading = line.partition(": ")
            operator, _, function = heading.partition(" in ")
            entry = Equivalent(file, operator, function)
            found.append(entry)
        elif entry is None or mark not in {"- ", "+ ", "  "}:
            raise Impossible(f"{place}: expected 'src/FILE: OPERATOR [in FUNCTION]', '- ', '+ ' or two spaces")
        elif mark == "- ":
            entry.before = text
        elif mark == "+ ":
            entry.after = text
        else:
            entry.reason += " " + text
    for entry in found:
        if not entry.before or not entry.reason:
            raise Impossible(f"{EQUIVALENTS}: {entry.file}: {entry.before}: no text or no reason")
    return found


def warn_of_stale(equivalents):
    """Of entries that no mutant matches any more: the code has changed, and they must follow."""
    files = {entry.file for entry in equivalents if os.path.exists(os.path.join(ROOT, entry.file))}
    everything = [mutant for file in files for mutant in mutants_of(file, read(file))]
    for entry in equivalents:
        if not any(entry.matches(mutant) for mutant in everything):
            print(f"{EQUIVALENTS}: matches nothing: {entry.file}: {entry.operator}: {entry.before}")


# ---- The copy ----


def copy_tree():
    """Brings the copy up to date, and touches no file that has not changed."""
    wanted = set()
    for top in COPIED:
        paths = [top]
        if os.path.isdir(os.path.join(ROOT, top)):
            walk = os.walk(os.path.join(ROOT, top))
            paths = [os.path.relpath(os.path.join(d, n), ROOT) for d, _, names in walk for n in names]
        wanted.update(path for path in paths if "__pycache__" not in path)
    for path in wanted:
        with open(os.path.join(ROOT, path), "rb") as file:
            write_if_changed(os.path.join(TREE, path), file.read())
        shutil.copymode(os.path.join(ROOT, path), os.path.join(TREE, path))
    for folder, _, names in os.walk(TREE):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.relpath(path, TREE) not in wanted:
                os.unlink(path)


def write_if_changed(path, data):
    try:
        with open(path, "rb") as file:
            if file.read() == data:
                return
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def tree_hash():
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(TREE):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if os.path.relpath(path, TREE) == EQUIVALENTS:
                continue  # it changes with each survivor, and no test reads it
            digest.update(os.path.relpath(path, TREE).encode())
            with open(path, "rb") as file:
                digest.update(file.read())
    return digest.hexdigest()


def set_up():
    os.makedirs(HOME, exist_ok=True)
    copy_tree()
    if os.path.exists(os.path.join(OUT, "build.ninja")):
        if run(["ninja", "-C", OUT, "build.ninja"], LOG) == 0:  # configures again where that is due
            return
    shutil.rmtree(OUT, ignore_errors=True)
    environment = {"CC": GCC[0], "CXX": GCC[1]}
    if not logged(["meson", "setup", OUT, TREE, *OPTIONS], LOG, environment):
        raise Impossible("the copy cannot be configured")


def make(targets, jobs):
    return run(["ninja", "-C", OUT, f"-j{jobs}", *targets], LOG) == 0


# ---- The tests ----


@dataclasses.dataclass
class Test:
    name: str
    command: list
    environment: dict
    targets: tuple  # the program and the libraries that it loads, as Ninja calls them
    sources: set  # that are linked into them
    seconds: float = 0.0

    @property
    def backend(self):
        """The last word of "backend/poll (epoll)"; None for a test of no backend."""
        return self.name.rpartition("(")[2][:-1] if self.name.startswith("backend/") else None


def sources_of(targets):
    command = ["ninja", "-C", OUT, "-t", "inputs", *targets]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    paths = [os.path.normpath(os.path.join(OUT, line)) for line in lines]
    return {os.path.relpath(path, TREE) for path in paths if path.startswith(TREE + os.sep)}


def introspect(what):
    command = ["meson", "introspect", f"--{what}", OUT]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def find_tests():
    outputs = {target["id"]: target["filename"] for target in introspect("targets")}
    cache, found = {}, []
    for entry in introspect("tests"):
        suites = {suite.split(":")[-1] for suite in entry["suite"]}
        if suites & SUITES_LEFT_OUT or not is_within(entry["cmd"][0], OUT):
            continue
        files = [file for target in entry["depends"] for file in outputs[target]]
        targets = tuple(os.path.relpath(file, OUT) for file in files)
        if targets not in cache:
            cache[targets] = sources_of(targets)
        name = entry["name"].rpartition(" / ")[2]
        found.append(Test(name, entry["cmd"], entry["env"], targets, cache[targets]))
    if not found:
        raise Impossible("there are no tests: is cmocka installed?")
    return found


def targets_of(tests):
    return sorted({target for test in tests for target in test.targets})


def limit():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


class Runner:
    """Runs tests, several at once, with a limit on the time of each."""

    def __init__(self, jobs):
        self.jobs = jobs
        self.number = NUMBER_STEP
        probe = subprocess.run([*CONFINED, str(self.number), "true"], capture_output=True, check=False)
        self.prefix = CONFINED if probe.returncode == 0 else []

    def confinement(self):
        """What precedes the command of a test, with a process number that no running one is near."""
        self.number = (self.number + NUMBER_STEP) % NUMBER_MOST
        return [*self.prefix, str(self.number)] if self.prefix else []

    def start(self, test):
        with open(LOG, "ab") as log:
            options = {"stdout": log, "stderr": subprocess.STDOUT, "preexec_fn": limit}
            options["env"] = {**os.environ, **test.environment}
            return start([*self.confinement(), *test.command], **options)

    def run(self, tests):
        """Runs them until one fails: (outcome, test), test being None where none did."""
        queue, running = collections.deque(tests), {}
        try:
            while queue or running:
                while queue and len(running) < self.jobs:
                    test = queue.popleft()
                    running[self.start(test)] = (test, time.monotonic())
                for process in list(running):
                    outcome = self.look_at(process, *running[process])
                    if outcome in {KILLED, TIMED_OUT}:
                        return outcome, running[process][0]
                    if outcome == SURVIVED:
                        del running[process]
                time.sleep(0.005)
        finally:
            for process in running:
                kill(process)
        return SURVIVED, None

    def look_at(self, process, test, started):
        seconds = time.monotonic() - started
        if process.poll() is None:
            return TIMED_OUT if seconds > PATIENCE + PATIENCE_FACTOR * test.seconds else None
        stop(process)  # forgets it
        return SURVIVED if process.returncode in {0, 77} else KILLED


def kill(process):
    """At once: there is nothing in a test to put in order."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    stop(process)


def measure(tests, runner):
    """The seconds of each test; those that fail without any mutant are left out. Kept for as long
    as the sources stay the same."""
    path, key = os.path.join(HOME, "times.json"), tree_hash()
    times = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            known = json.load(file)
        times = known["seconds"] if known["sources"] == key else {}
    for number, test in enumerate(tests, 1):
        progress(f"trying the tests first: {number} of {len(tests)}: {test.name}")
        if test.name not in times:
            test.seconds, started = 60, time.monotonic()
            passed = any(runner.run([test])[0] == SURVIVED for _ in range(2))
            times[test.name] = time.monotonic() - started if passed else None
        test.seconds = times[test.name]
        if test.seconds is None:
            print(f"left out, because it fails without any mutant: {test.name}")
    progress("")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"sources": key, "seconds": times}, file)
    return [test for test in tests if test.seconds is not None]


def tests_for(file, tests):
    """Those that can notice a fault in this file, the most likely and quickest first."""
    folder, stem = os.path.split(os.path.splitext(os.path.relpath(file, "src"))[0])
    able = [test for test in tests if file.endswith(".h") or file in test.sources]
    own = f"{folder}/{stem}"
    # The stand-in for kqueue is slow: for the file's own tests, and for what it alone contains.
    usual = [test for test in able if "kqueue" not in test.name or test.name.startswith(own)]
    able = usual if usual and folder != "kqueue" else [test for test in able if test not in usual]
    if folder in USUAL_BACKENDS:
        able = [test for test in able if test.backend in {folder, None}]
    folders = WHITE_BOX.get(folder, set(WHITE_BOX)) | {"backend", folder}
    able = [test for test in able if test.name.partition("/")[0] in folders]

    def order(test):
        words = set(stem.split("_"))
        if test.name.startswith(own):
            return 0, test.seconds
        if test.name.startswith(folder + "/") or words & set(test.name.replace("_", "/").split("/")):
            return 1, test.seconds
        return 2 if test.backend else 3, test.seconds

    return sorted(able, key=order)


# ---- The run ----


def progress(text):
    """One line that is written over, where somebody looks."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(f"\r{text[:width]:{width}}", end="" if text else "\r", file=sys.stderr, flush=True)


def try_mutant(mutant, tests, runner):
    """Puts it into the copy and runs tests: (outcome, the name of the test)."""
    path = os.path.join(TREE, mutant.file)
    original = read(mutant.file, TREE)
    open(LOG, "wb").close()
    write_if_changed(path, mutant.apply(original).encode())
    try:
        for part in (tests[:FIRST_TESTS], tests[FIRST_TESTS:]):
            targets = targets_of(part)
            if targets and not make(targets, runner.jobs):
                return NOT_BUILT, None
            outcome, test = runner.run(part)
            if test:
                return outcome, test.name
        return SURVIVED, None
    finally:
        write_if_changed(path, original.encode())


def is_built(file, tests):
    """A file for other systems is in no test here. A header is in many."""
    return file.endswith(".h") or any(file in test.sources for test in tests)


def run_all(numbered, tests, equivalents, runner, results):
    """Fills results with (number, mutant, outcome, test)."""
    for number, mutant in numbered:
        counts = collections.Counter(outcome for _, _, outcome, _ in results)
        sums = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome])
        progress(f"[{len(results)}/{len(numbered)}] {sums or 'begun'}: {mutant.file}:{mutant.line}")
        known = next((entry for entry in equivalents if entry.matches(mutant)), None)
        if known:
            results.append((number, mutant, EQUIVALENT, None))
            continue
        outcome, test = try_mutant(mutant, tests_for(mutant.file, tests), runner)
        results.append((number, mutant, outcome, test))
        with open(REPORT, "a", encoding="utf-8") as file:
            print(f"{number} {mutant}\n    {outcome}" + (f" by {test}" if test else ""), file=file)
    progress("")


def table(results, wanted):
    """By operator and in all, then what survived."""
    counts = collections.Counter((mutant.operator, outcome) for _, mutant, outcome, _ in results)
    rows = sorted({operator for operator, _ in counts})
    lines = [f"{'operator':10}" + "".join(f"{outcome:>18}" for outcome in OUTCOMES)]
    for row in rows:
        lines.append(f"{row:10}" + "".join(f"{counts[row, outcome]:18}" for outcome in OUTCOMES))
    total = {outcome: sum(counts[row, outcome] for row in rows) for outcome in OUTCOMES}
    lines.append(f"{'all':10}" + "".join(f"{total[outcome]:18}" for outcome in OUTCOMES))
    noticed = total[KILLED] + total[TIMED_OUT]
    judged = noticed + total[SURVIVED]
    if judged:
        lines.append(f"{noticed} of {judged} noticed: {100 * noticed / judged:.1f} %")
    if len(results) < wanted:
        lines.append(f"{wanted - len(results)} not run")
    survivors = [f"{number} {mutant}" for number, mutant, outcome, _ in results if outcome == SURVIVED]
    return lines + (["", "survived:", *survivors] if survivors else [])


def prepare(jobs):
    """The copy built, and its tests."""
    set_up()
    tests = find_tests()
    progress("building the copy")
    if not make(targets_of(tests), jobs):
        print(read(LOG)[-3000:], end="")
        raise Impossible("the copy cannot be built without a mutant")
    runner = Runner(jobs)
    return measure(tests, runner), runner


def choose(arguments, numbered, tests, runner):
    """Those to run: of files that are built here, and that harm nobody else."""
    if arguments.only:
        numbered = numbered[arguments.only - 1 : arguments.only]
        arguments.begin = arguments.only
    numbered = [pair for pair in numbered if is_built(pair[1].file, tests)]
    if not runner.prefix:
        print("left out, because without unshare(1) they may signal other processes: " + " ".join(UNCONFINED_RISKS))
        numbered = [pair for pair in numbered if not pair[1].file.startswith(UNCONFINED_RISKS)]
    if not numbered:
        raise Impossible("none of these mutants can run here, because their files are for other systems")
    return part(numbered, arguments)


def run_sample(arguments, numbered):
    equivalents = read_equivalents()
    warn_of_stale(equivalents)
    tests, runner = prepare(arguments.jobs)
    numbered = choose(arguments, numbered, tests, runner)
    results = []
    open(REPORT, "w", encoding="utf-8").close()
    try:
        run_all(numbered, tests, [] if arguments.only else equivalents, runner, results)
    finally:
        stop_everything()
        progress("")
        lines = table(results, len(numbered))
        with open(REPORT, "a", encoding="utf-8") as file:
            print("\n".join(["", *lines]), file=file)
        print("\n".join(lines), flush=True)
        if arguments.only and results:
            print(f"{results[0][1]}\n    {results[0][2]}, {results[0][3] or 'by no test'}")
            print(read(LOG)[-3000:], end="")
    return 1 if any(outcome == SURVIVED for _, _, outcome, _ in results) else 0


def whole(least):
    def parse(text):
        number = int(text)
        if number < least:
            raise ValueError
        return number

    parse.__name__ = f"number (from {least} on)"
    return parse


def count_or_all(text):
    return text if text == "all" else whole(1)(text)


count_or_all.__name__ = 'number (from 1 on, or "all")'


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/mutate", add_help=False, allow_abbrev=False)
    parser.add_argument("--count", type=count_or_all, default=300)
    parser.add_argument("--seed", type=whole(0), default=1)
    parser.add_argument("--from", dest="begin", type=whole(1), default=1)
    parser.add_argument("--file", action="append", default=[])
    parser.add_argument("--jobs", type=whole(1), default=os.cpu_count() or 1)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--list", action="store_true")
    choice.add_argument("--only", type=whole(1))
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def work(arguments):
    numbered = numbered_mutants(arguments)
    for option, number in [("--only", arguments.only), ("--from", arguments.begin)]:
        if number and number > len(numbered):
            raise Impossible(f"{option} {number}: there are {len(numbered)} mutants")
    if arguments.check:
        return 0
    if not arguments.list:
        return run_sample(arguments, numbered)
    for number, mutant in part(numbered, arguments):
        print(f"{number} {mutant}")
    return 0


def main():
    arguments = parse_arguments()
    listen_for_interrupts()
    try:
        return work(arguments)
    except Impossible as error:
        print(f"scripts/mutate: {error}", file=sys.stderr)
        return 2
    except Interrupted as interrupted:
        return 128 + interrupted.number
    finally:
        stop_everything()


if __name__ == "__main__":
    sys.exit(main())
