# SPDX-License-Identifier: MIT
"""Runs the test suite stage by stage and sums up; scripts/test calls it once all is installed.

A stage is one way to build and run the suite, or a check of the sources. A stage that fails does
not keep the others from running; it fails the end.

Most tests wait most of the time, and compilers never do. So the builds of the later stages and the checks of
the sources go on in a thread of their own, at a low priority, while the earlier stages run their tests.
"""

import argparse
import dataclasses
import functools
import glob
import json
import os
import shutil
import subprocess
import sys
import time

import lint
from beside import Beside, result_of
from build import ADDRESS, CLANG, COVERAGE, GCC, THREAD, Build, strict
from command import BUILD, ROOT, Interrupted, listen_for_interrupts
from command import logged, run, start, stop, stop_everything
from results import Result, count_log

PLAIN = Build("gcc", GCC, (*strict(GCC), "-Dbench=true"))
# Not strict: what gcc warns of in code that a sanitizer was built into is often not there.
ADDRESS_GCC = Build(
    "address-gcc", GCC, (*ADDRESS, "-Damalgamation=true", *(COVERAGE if GCC[0] == "gcc" else ()))
)
# Optimized, unlike the other; less is quicker to build, and takes fewer undefined accesses away.
ADDRESS_CLANG = Build("address-clang", CLANG, (*strict(CLANG), *ADDRESS, "-Doptimization=1"))
THREADS = Build("threads", CLANG, (*strict(CLANG), *THREAD))
FUZZ = Build("fuzz", CLANG, ("-Dfuzz=true",))

# How much of the library's lines the suite must run, in percent: docs/testing.md says what remains.
COVERED = 95

FUZZ_SECONDS = 30
SOAK_ROUNDS = 20

# Tests at a time for each processor: most of them wait for something most of the time.
PROCESSES = 4

# What these suites look at does not depend on how the rest was built, or is code that others run too: once is enough.
NOT_AGAIN = ("package", "model", "descriptor-0")

# The suite on the libraries in one file each: plain, and whole with the address-gcc stage.
IN_ONE_FILE = "from-one-file"

# What runs on the backends, but knows none of them, on all backends but the best.
OTHER_BACKENDS = ("async-again", "examples-again", "readme-again")

# The suite over the kqueue stand-in, flavour by flavour. All run plain. Each file of src/kqueue that the build picks
# is one of FreeBSD's or of NetBSD's, so these two run with clang's AddressSanitizer; the other stages take one or none.
FLAVOURS = ("freebsd", "openbsd", "netbsd")


def other_flavours_than(*names):
    """Their suites."""
    return tuple(f"as-on-{flavour}" for flavour in FLAVOURS if flavour not in names)


# Every finding ends the program; to run out of memory is an error of malloc(3), as without them.
COMMON = "halt_on_error=1:abort_on_error=1:allocator_may_return_null=1"
SANITIZERS = {
    "ASAN_OPTIONS": COMMON + ":detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": COMMON + ":print_stacktrace=1",
    "TSAN_OPTIONS": COMMON + ":second_deadlock_stack=1",
}


def run_suite(build, result, *options, without=()):
    """Runs the suite as it was built, with Meson's own summary at its end, and counts."""
    logs = os.path.join(build.path, "meson-logs", "testlog*.json")  # a set-up adds its name
    for log in glob.glob(logs):
        os.unlink(log)
    command = ["meson", "test", "-C", build.path, "--no-rebuild", "--print-errorlogs"]
    command += ["--num-processes", str(PROCESSES * (os.cpu_count() or 1))]
    for suite in without:
        command += ["--no-suite", suite]
    failed_before = result.failed
    try:
        status = run([*command, *options], environment=SANITIZERS)
    finally:  # also of what an interrupt cut short
        count_log(next(iter(glob.glob(logs)), logs), result)
    if status != 0 and result.failed == failed_before:
        result.add("failed", "meson test", f"exit status {status}")


@dataclasses.dataclass(frozen=True)
class Suite:
    """What a build runs of the suite: all but the suites without. Its tests may take multiplier times as long."""

    build: Build
    multiplier: int
    without: tuple = ()

    def is_wanted(self, suites):  # "cmio:backend"
        return not any(suite.split(":")[-1] in self.without for suite in suites)

    def prepare(self):
        return self.build.make_needed(self.is_wanted)

    def run(self, result, *options):
        run_suite(self.build, result, f"--timeout-multiplier={self.multiplier}", *options, without=self.without)


def run_plain(result):
    run_suite(PLAIN, result, "--timeout-multiplier=2")


def coverage(build, result):
    """Of the library's lines, by what the suite has just run."""
    name = f"coverage of src/: at least {COVERED} % of the lines"
    if build.compilers[0] != "gcc" or not shutil.which("gcovr"):
        result.add("skipped", name, "needs gcc and gcovr")
        return
    command = ["gcovr", "--root", ROOT, "--filter", "src/", f"--fail-under-line={COVERED}"]
    result.add("passed" if run([*command, build.path]) == 0 else "failed", name)


ADDRESS_GCC_SUITE = Suite(ADDRESS_GCC, 4, (*NOT_AGAIN, *other_flavours_than("freebsd", "openbsd")))


def run_address_gcc(result):
    ADDRESS_GCC_SUITE.run(result)
    coverage(ADDRESS_GCC, result)


# The fuzz targets are sanitized in the stage of that name.
ADDRESS_CLANG_SUITE = Suite(
    ADDRESS_CLANG,
    4,
    (*NOT_AGAIN, IN_ONE_FILE, *OTHER_BACKENDS, "fuzz", *other_flavours_than("freebsd", "netbsd")),
)


def starts_under_thread_sanitizer(wrapper):
    source, program = os.path.join(BUILD, "probe.c"), os.path.join(BUILD, "probe")
    os.makedirs(BUILD, exist_ok=True)
    with open(source, "w", encoding="utf-8") as file:
        file.write("int main(void) {\n    return 0;\n}\n")
    log = os.path.join(BUILD, "probe.log")
    compiled = run([CLANG[0], "-fsanitize=thread", source, "-o", program], log) == 0
    return compiled and run([*wrapper, program], log) == 0


# The fuzz targets have one thread, and so have most programs of the documents and the small examples.
THREADS_SUITE = Suite(
    THREADS,
    6,
    (*NOT_AGAIN, IN_ONE_FILE, "examples-again", "readme", "fuzz", "one-thread", *other_flavours_than("freebsd")),
)


@functools.cache
def thread_sanitizer_wrapper():
    """What programs start with, or None if none starts. A kernel that spreads addresses wider than
    ThreadSanitizer knows is asked not to."""
    together = ["setarch", os.uname().machine, "--addr-no-randomize"]
    return next((wrapper for wrapper in [[], together] if starts_under_thread_sanitizer(wrapper)), None)


def prepare_threads():
    return thread_sanitizer_wrapper() is None or THREADS_SUITE.prepare()


def run_threads(result):
    wrapper = thread_sanitizer_wrapper()
    if wrapper is None:
        result.add("skipped", "the suite", "nothing starts under ThreadSanitizer on this system")
        return
    THREADS_SUITE.run(result, *(["--wrapper=" + " ".join(wrapper)] if wrapper else []))


def run_valgrind(result, *options, without=()):
    """tests/meson.build says which suites, and how."""
    left_out = (*NOT_AGAIN, IN_ONE_FILE, *OTHER_BACKENDS, *other_flavours_than(), *without)
    run_suite(PLAIN, result, "--setup=valgrind", *options, without=left_out)


def run_valgrind_core(result):
    run_valgrind(result, without=["async"])


def run_valgrind_async(result):
    run_valgrind(result, "--suite=async")


def fuzz_targets():
    """Yields (folder, name, program): the executable fuzz_a_b in fuzz/a stands for fuzz/a/b.c."""
    command = ["meson", "introspect", "--targets", FUZZ.path]
    top = os.path.join(ROOT, "fuzz")
    for target in json.loads(subprocess.run(command, capture_output=True, check=True).stdout):
        folder = os.path.dirname(target["defined_in"])
        prefix = "_".join(["fuzz", *os.path.relpath(folder, top).split(os.sep)]).replace("_.", "")
        if target["type"] == "executable" and target["name"].startswith(prefix + "_"):
            yield folder, target["name"][len(prefix) + 1 :], target["filename"][0]


def fuzz(folder, name, program, seconds):
    """What it finds to be interesting is kept in build/, and begun with the next time."""
    label = os.path.basename(program)
    found = os.path.join(BUILD, "fuzz-found", label)
    os.makedirs(found, exist_ok=True)
    seeds, words = os.path.join(folder, "corpus", name), os.path.join(folder, name + ".dict")
    options = [f"-max_total_time={seconds}", "-timeout=10"]
    options += [f"-artifact_prefix={os.path.join(BUILD, label)}-"]
    options += [f"-dict={words}"] if os.path.exists(words) else []
    folders = [found, seeds] if os.path.isdir(seeds) else [found]
    return logged([program, *options, *folders], os.path.join(BUILD, label + ".log"), SANITIZERS)


def prepare_fuzz():
    programs = [os.path.basename(program) for _, _, program in fuzz_targets()] if FUZZ.set_up() else []
    return bool(programs) and FUZZ.make(*programs)


def run_fuzz(result):
    """A target for each processor at a time; together they take FUZZ_SECONDS of processor time."""
    targets = list(fuzz_targets())
    seconds = max(2, FUZZ_SECONDS // len(targets))
    with Beside(os.cpu_count() or 1) as beside:
        jobs = [(target, beside.begin(fuzz, *target, seconds)) for target in targets]
        for (folder, name, _), job in jobs:
            outcome = "passed" if result_of(job) else "failed"
            label = os.path.relpath(os.path.join(folder, name), ROOT)
            print(f"{label}: {outcome} ({seconds} s)", flush=True)
            result.add(outcome, label)


def run_soak(result):
    """The suite over and over while processors are taken away from it. No test may fail because it stood still."""
    hog = os.path.join(ROOT, "scripts", "lib", "hog.py")
    ours = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    hogs = [start([sys.executable, "-B", hog, str(number)]) for number in ours]
    try:
        for number in range(1, SOAK_ROUNDS + 1):
            print(f"\n----- round {number} of {SOAK_ROUNDS}", flush=True)
            run_suite(PLAIN, result, "--timeout-multiplier=4", without=(*NOT_AGAIN, IN_ONE_FILE))
    finally:
        for process in hogs:
            stop(process)


LINT = lint.Checks("clang-format", "shellcheck", "cppcheck", "clang-tidy")
ANALYSIS = lint.Checks("clang-tidy in depth")


@dataclasses.dataclass(frozen=True)
class Stage:
    """prepare() runs ahead, beside the tests of other stages: it builds, and tells whether that worked.
    Then run() fills the stage's result. level: --quick runs it, every usual run, or --full alone."""

    name: str
    level: str
    text: str
    prepare: callable
    run: callable


STAGES = [
    Stage("plain", "quick", "the whole suite, warnings as errors", PLAIN.make, run_plain),
    Stage("address-clang", "usual", "the suite under ASan and UBSan, clang", ADDRESS_CLANG_SUITE.prepare,
          ADDRESS_CLANG_SUITE.run),
    Stage("threads", "usual", "the suite under TSan", prepare_threads, run_threads),
    Stage("valgrind", "usual", "libcmio's own tests under valgrind", PLAIN.make, run_valgrind_core),
    Stage("fuzz", "usual", f"the fuzz targets, {FUZZ_SECONDS} s in all", prepare_fuzz, run_fuzz),
    Stage("lint", "usual", "clang-format, shellcheck, cppcheck, clang-tidy", LINT.prepare, LINT.run),
    Stage("analysis", "full", "clang-tidy, the analyzer in depth", ANALYSIS.prepare, ANALYSIS.run),
    Stage("address-gcc", "full", "the suite under ASan and UBSan, gcc; coverage", ADDRESS_GCC_SUITE.prepare,
          run_address_gcc),
    Stage("valgrind-async", "full", "libcmio-async's own tests under valgrind", PLAIN.make, run_valgrind_async),
    Stage("soak", "full", f"the suite {SOAK_ROUNDS} times, short of processors", PLAIN.make, run_soak),
]


def run_stage(stage, prepared, result):
    """Fills the result; what an interrupt cuts short is in it as failed."""
    started = time.monotonic()
    try:
        if result_of(prepared):
            stage.run(result)
        else:
            result.add("failed", "the build", "see above")
    except Interrupted:
        result.add("failed", "interrupted")
        raise
    except Exception as error:  # the others are to run all the same
        result.add("failed", "the stage itself", repr(error))
    finally:
        result.seconds = time.monotonic() - started


def run_stages(stages, results):
    """Fills results, by name."""
    with Beside(1) as beside:
        prepared = [beside.begin(stage.prepare) for stage in stages]
        for number, stage in enumerate(stages, 1):
            print(f"\n===== {number}/{len(stages)} {stage.name}: {stage.text} =====", flush=True)
            results[stage.name] = Result()
            run_stage(stage, prepared[number - 1], results[stage.name])


def sum_up(results):
    """The last line is the plain form that other programs read. Whether nothing failed."""
    print("\n===== summary =====")
    for name, result in results.items():
        for note in result.notes:
            print(f"{name}: {note}")
    print(f"{'stage':16}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    total = Result()
    for name, result in results.items():
        counts = f"{result.passed:8}{result.failed:8}{result.skipped:9}{result.seconds:9.0f}"
        print(f"{name:16}{counts}")
        total.passed += result.passed
        total.failed += result.failed
        total.skipped += result.skipped
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return total.failed == 0 and total.passed > 0


def chosen_stages(arguments):
    if arguments.stage:
        return [stage for stage in STAGES if stage.name in arguments.stage]
    wanted = ["quick"]
    if not arguments.quick:
        wanted += ["usual", "full"] if arguments.full else ["usual"]
    return [stage for stage in STAGES if stage.level in wanted]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/test", add_help=False)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--quick", action="store_true")
    choice.add_argument("--full", action="store_true")
    choice.add_argument("--stage", action="append", choices=[stage.name for stage in STAGES])
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.check:
        return 0
    listen_for_interrupts()
    results = {}
    status = 0
    try:
        run_stages(chosen_stages(arguments), results)
    except Interrupted as interrupted:
        status = 128 + interrupted.number
    finally:
        stop_everything()
    return 0 if sum_up(results) and status == 0 else status or 1


if __name__ == "__main__":
    sys.exit(main())
