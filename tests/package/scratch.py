# SPDX-License-Identifier: MIT
"""What the tests share that build programs of someone else's: commands, failures, versions."""

import os
import re
import shutil
import subprocess
import sys

SKIPPED = 77
# Options of Meson for a build of cmio whose programs hardly run: it takes a third of the usual time.
QUICK = ["--buildtype=plain"]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]


# What may lie in a tree that somebody works in, and is not in a clone.
NOT_CLONED = shutil.ignore_patterns("__pycache__", "*.pyc")
NOT_CLONED_AT_TOP = shutil.ignore_patterns("build*", ".git", "subprojects")


class Failure(Exception):
    """What the test found wrong, in words."""


def run(command, **options):
    """Runs a command to its end and returns its standard output; what went wrong is a Failure."""
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options
    )
    if result.returncode != 0:
        said = (result.stdout + result.stderr).strip()
        raise Failure(f"{' '.join(command)}\nended with {result.returncode}:\n{said}")
    return result.stdout


def expect(true, words):
    if not true:
        raise Failure(words)


def needs(*programs):
    """Ends the test as skipped where a program is not there."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        print(f"skipped: no {', '.join(missing)} here")
        sys.exit(SKIPPED)


def header_version(root):
    with open(os.path.join(root, "include", "cmio", "version.h"), encoding="utf-8") as file:
        return re.search(r'CMIO_VERSION_STRING "([^"]+)"', file.read()).group(1)


def copy_sources(root, folder, without=()):
    """Copies what a clone of the tree would have into a new folder, without these files and folders at its top."""

    def ignore(path, names):
        ignored = set(NOT_CLONED(path, names))
        if os.path.samefile(path, root):
            ignored |= set(NOT_CLONED_AT_TOP(path, names)) | set(without)
        return ignored

    shutil.copytree(root, folder, ignore=ignore, symlinks=True)


def plain_environment():
    """The environment without what a sanitizer or a wrapper around the test put there."""
    own = ("ASAN_", "UBSAN_", "LSAN_", "TSAN_", "MSAN_", "MESON_", "NINJA_", "DESTDIR", "LD_")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    # Builds in folders of many names share what they compile, if ccache is there. It does not preprocess what
    # it has not seen yet, since that takes as long as the compiler without optimization.
    return {**plain, "CCACHE_NOHASHDIR": "1", "CCACHE_DEPEND": "1"}


def main(test, *arguments):
    """Runs the test; the process's exit status."""
    try:
        test(*arguments)
    except Failure as failure:
        print(failure)
        return 1
    return 0
