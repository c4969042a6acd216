# SPDX-License-Identifier: MIT
"""Checks of the sources that run nothing.

Every version of these tools finds something else. The sources are kept clean for one of each, those
of Debian 12; with others the check is skipped, and says so.
"""

import json
import os
import re
import subprocess

from build import CLANG, Build
from command import BUILD, ROOT, logged, say

BUILD_FOR_TIDY = Build("lint", CLANG)

# Kept to the letter as it was run on real kernels.
GIVEN = [os.path.join("tests", "support", "kqueue", "kqtrace.c")]


def sources(*folders, endings=(".c",)):
    for top in folders:
        for folder, _, files in sorted(os.walk(os.path.join(ROOT, top))):
            for name in sorted(files):
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(folder, name), ROOT)


def clang_format(log):
    folders = ["include", "src", "examples", "tests", "fuzz", "bench", "docs/man/examples", "packaging"]
    files = [name for name in sources(*folders, endings=(".c", ".h", ".cpp", ".hpp")) if name not in GIVEN]
    return logged(["clang-format", "--dry-run", "--Werror", *files], log)


def shellcheck(log):
    folder = os.path.join(ROOT, "scripts")
    programs = [name for name in sorted(os.listdir(folder)) if os.access(f"{folder}/{name}", os.X_OK)]
    programs = [f"scripts/{name}" for name in programs if os.path.isfile(f"{folder}/{name}")]
    packaging = ["debian/split-async", *sources("debian/tests", endings=("",))]
    packaging.remove("debian/tests/control")
    scripts = [*programs, *sources("scripts", endings=(".sh",)), *packaging, ".ci/run"]
    return logged(["shellcheck", "--external-sources", *scripts], log)


# What cppcheck takes for a fault in a file of src/async, and is none.
NOT_UNDERSTOOD = [
    ("invalidFunctionArg", "stack_memory_*"),  # -1, for no file: mmap(2)
    ("memleak", "stack_memory_posix"),
    ("memleak", "task"),
    ("autoVariables", "switch_ucontext"),
    ("getcontextCalled", "switch_ucontext"),
    ("swapcontextCalled", "switch_ucontext"),
]


def cppcheck(log):
    """Not for leaks, since it takes "return fd < 0 ? -errno : fd" for one: the tests count
    descriptors. Nor for readdir(3), which POSIX has made as safe as it needs to be, and not for what
    it does not know of stacks and of a block whose beginning is not what is kept."""
    options = ["--quiet", "--error-exitcode=1", "--std=c11", "--library=posix", "--inline-suppr"]
    checks = ["--enable=warning,performance,portability"]
    checks += ["--suppress=resourceLeak", "--suppress=readdirCalled"]
    checks += [f"--suppress={name}:*async/{file}.c" for name, file in NOT_UNDERSTOOD]
    paths = ["-Iinclude", "-Isrc", "-Iexamples"]
    # As the build defines them: the list of backends, for one, is made by macros.
    paths += [f"-DCMIO_HAVE_{name}=1" for name in ["EPOLL", "KQUEUE", "POLL"]]
    paths += ['-DSLEEP_SERVER_PAGE="index.html"']
    jobs = f"-j{os.cpu_count() or 1}"
    files = sources("src", "examples", "fuzz")
    return logged(["cppcheck", jobs, *options, *checks, *paths, *files], log)


def tidy_files():
    """The sources that the build compiles: of others the tool would not know how."""
    with open(os.path.join(BUILD_FOR_TIDY.path, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    compiled = {os.path.realpath(os.path.join(c["directory"], c["file"])) for c in commands}
    ours = sources("src", "examples")
    return [name for name in ours if os.path.realpath(os.path.join(ROOT, name)) in compiled]


def run_clang_tidy(log, *options):
    """.clang-tidy says what it looks for. A few files at a time, on every processor."""
    if not BUILD_FOR_TIDY.set_up():
        return False
    names = os.path.splitext(log)[0] + ".files"
    with open(names, "w", encoding="utf-8") as file:
        file.write("".join(f"{name}\n" for name in tidy_files()))
    tidy = f"clang-tidy --quiet -p '{BUILD_FOR_TIDY.path}' {' '.join(options)} 2>>'{log}.counts'"
    each = f"xargs -P {os.cpu_count() or 1} -n 4 {tidy} <'{names}'"
    return logged(["sh", "-c", each], log)


def clang_tidy(log):
    """The analyzer follows calls only as far as it can quickly: in depth it takes longer than all else."""
    return run_clang_tidy(log, *(f"--extra-arg={word}" for word in
                                 ["-Xclang", "-analyzer-config", "-Xclang", "max-nodes=8000"]))


def clang_tidy_in_depth(log):
    return run_clang_tidy(log)


# Each with its program, and the beginning of the version that it is kept clean for.
CHECKS = {
    "clang-format": (clang_format, "clang-format", "14."),
    "shellcheck": (shellcheck, "shellcheck", "0.9."),
    "cppcheck": (cppcheck, "cppcheck", "2.10"),
    "clang-tidy": (clang_tidy, "clang-tidy", "14."),
    "clang-tidy in depth": (clang_tidy_in_depth, "clang-tidy", "14."),
}


def version_of(program):
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    return re.search(r"(?:version:?|Cppcheck) (\S+)", said).group(1)


def check(name):
    """Runs one of them; returns the outcome and what there is to say of it."""
    function, program, wanted = CHECKS[name]
    version = version_of(program)
    if not version.startswith(wanted):
        return "skipped", f"{program} is {version}, not {wanted}"
    good = function(os.path.join(BUILD, f"lint-{name.replace(' ', '-')}.log"))
    return "passed" if good else "failed", ""


class Checks:
    """Some of the checks, which run at one time and are reported at another."""

    def __init__(self, *names):
        self.names = names
        self.outcomes = []

    def prepare(self):
        """Runs them."""
        for name in self.names:
            outcome, detail = check(name)
            say(f"{name}: {outcome}")
            self.outcomes.append((outcome, name, detail))
        return True

    def run(self, result):
        """Counts what came of them."""
        for outcome in self.outcomes:
            result.add(*outcome)
