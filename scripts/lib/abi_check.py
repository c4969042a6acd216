# SPDX-License-Identifier: MIT
"""Compares the ABI of the libraries with the recorded one, or records it; scripts/abi-check calls it.

packaging/abi/MACHINE holds the record: what abidw (libabigail) wrote of each shared library, and the
values of the constants in the public headers, of which the libraries know nothing.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

from build import GCC, Build
from command import ROOT, Interrupted, listen_for_interrupts, stop_everything

NO_RECORD = 77
# Where a build folder has each library.
LIBRARIES = {"libcmio": "src", "libcmio-async": os.path.join("src", "async")}
CONSTANTS = "constants.txt"
ABI = os.path.join(ROOT, "packaging", "abi")
RECORD = os.path.join(ABI, os.uname().machine)
HEADERS = ["cmio/cmio.h", "cmio/async.h"]

# Not optimized: an optimizer makes one function of two that do the same.
PARTS = ("-Dexamples=disabled", "-Dtests=disabled", "-Dman=disabled", "-Dstatic=false")
BUILD = Build("abi", GCC, ("--buildtype=debug", *PARTS))

# Nothing that depends on the place or the time of the build.
ABIDW = ["abidw", "--suppressions", os.path.join(ABI, "public.abignore"), "--exported-interfaces-only"]
ABIDW += ["--no-comp-dir-path", "--no-corpus-path", "--no-show-locs", "--no-elf-needed"]
ABIDW += ["--type-id-style", "hash"]
ABIDIFF = ["abidiff", "--no-default-suppression", "--no-added-syms"]
# The bits of abidiff's exit status that are no finding: it failed, or does not know an option.
ABIDIFF_FAILED = 1 | 2


class Failure(Exception):
    """Why nothing could be compared, in words."""


def output_of(command):
    """Runs a command that must succeed; returns its standard output."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        raise Failure(f"{command[0]} ended with {result.returncode}:\n{result.stdout}{result.stderr}".rstrip())
    return result.stdout


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def shared_library(name):
    return os.path.realpath(os.path.join(BUILD.path, LIBRARIES[name], f"{name}.so"))


def describe(library, path):
    """Writes the description of a shared library."""
    output_of([*ABIDW, "--out-file", path, library])
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if "<function-decl " not in text:
        raise Failure(f"{library} has no debugging information. What is in CFLAGS?")
    write(path, re.sub(r" path='[^']*?(src/[^']*)'", r" path='\1'", text))


def constant_names(compiler, source):
    """The macros and enumerators of the public headers that are values."""
    names = set(re.findall(r"\bCMIO_[A-Z]\w*", output_of([*compiler, "-E", "-P", source])))
    macros = re.findall(r"^#define (CMIO_[A-Z]\w*) (.+)$", output_of([*compiler, "-E", "-dM", source]), re.M)
    names |= {name for name, value in macros if not re.search(r"[{};]|__attribute__|_Pragma", value)}
    return sorted(name for name in names if not name.startswith("CMIO_VERSION"))


SHOW = """
#include <stdio.h>
static void number(const char *name, long long value) { printf("%s %lld\\n", name, value); }
static void text(const char *name, const char *value) { printf("%s \\"%s\\"\\n", name, value); }
#define SHOW(name) _Generic((name), char *: text, const char *: text, default: number)(#name, name)
"""


def describe_constants(include, path):
    """Writes a line "NAME VALUE" for each constant of the headers in the folder include."""
    compiler = [GCC[0], "-std=c11", "-D_GNU_SOURCE", "-I", include]
    includes = "".join(f"#include <{header}>\n" for header in HEADERS)
    with tempfile.TemporaryDirectory() as scratch:
        source, program = os.path.join(scratch, "constants.c"), os.path.join(scratch, "constants")
        write(source, includes)
        calls = "".join(f"    SHOW({name});\n" for name in constant_names(compiler, source))
        write(source, f"{includes}{SHOW}int main(void) {{\n{calls}    return 0;\n}}\n")
        output_of([*compiler, source, "-o", program])
        write(path, output_of([program]))


def describe_all(scratch):
    """Writes what a record holds to the folder scratch."""
    for name in LIBRARIES:
        describe(shared_library(name), os.path.join(scratch, f"{name}.abi"))
    describe_constants(os.path.join(ROOT, "include"), os.path.join(scratch, CONSTANTS))


class Comparison:
    """What differs between the record and the libraries: the breaks, and the additions."""

    def __init__(self):
        self.sonames = []
        self.broken = []
        self.added = []

    def compare_library(self, name, old, new):
        """Compares two descriptions of a library."""
        old_root, new_root = (ElementTree.parse(path).getroot() for path in (old, new))
        if old_root.get("soname") != new_root.get("soname"):
            self.sonames.append(f"{old_root.get('soname')} is now {new_root.get('soname')}")
            return
        before, after = functions(old_root), functions(new_root)
        self.added += [f"{function} in {name}" for function in sorted(after - before)]
        self.broken += [f"{function} is no longer in {name}" for function in sorted(before - after)]
        result = subprocess.run([*ABIDIFF, old, new], capture_output=True, text=True)
        if result.returncode < 0 or result.returncode & ABIDIFF_FAILED:
            raise Failure(f"abidiff ended with {result.returncode}:\n{result.stdout}{result.stderr}".rstrip())
        if result.returncode != 0:
            self.broken.append(f"abidiff about {name}:\n{result.stdout.strip()}")

    def compare_constants(self, old, new):
        """Compares two lists of constants. With a new soname, they may have any value."""
        before, after = constants_in(old), constants_in(new)
        self.added += [f"{name} in the headers" for name in sorted(after.keys() - before.keys())]
        if self.sonames:
            return
        self.broken += [f"{name} is no longer in the headers" for name in sorted(before.keys() - after.keys())]
        for name in sorted(before.keys() & after.keys()):
            if before[name] != after[name]:
                self.broken.append(f"{name} is {after[name]} and was {before[name]}")

    def report(self, exact):
        """Says what differs; the exit status."""
        for text in self.sonames:
            print(f"New soname: {text}. Programs have to be linked again, so everything may change.")
        for text in self.added:
            print(f"Added: {text}")
        for text in self.broken:
            print(f"Incompatible: {text}")
        if self.broken:
            print("A program that was linked before may fail. Take the change back, or change the soname.")
            return 1
        if exact and (self.sonames or self.added):
            print("The record is out of date. To write it anew: scripts/abi-check --record")
            return 1
        print("The ABI is compatible with the recorded one.")
        return 0


def functions(root):
    """The functions that a library exports, each with its symbol version."""
    symbols = root.iterfind("elf-function-symbols/elf-symbol")
    return {f"{symbol.get('name')}@{symbol.get('version')}" for symbol in symbols}


def constants_in(path):
    with open(path, encoding="utf-8") as file:
        return dict(line.rstrip("\n").split(" ", 1) for line in file)


def compare(scratch, exact):
    comparison = Comparison()
    for name in LIBRARIES:
        file = f"{name}.abi"
        comparison.compare_library(name, os.path.join(RECORD, file), os.path.join(scratch, file))
    comparison.compare_constants(os.path.join(RECORD, CONSTANTS), os.path.join(scratch, CONSTANTS))
    return comparison.report(exact)


def record(scratch):
    os.makedirs(RECORD, exist_ok=True)
    for name in sorted(os.listdir(scratch)):
        shutil.copyfile(os.path.join(scratch, name), os.path.join(RECORD, name))
    print(f"Recorded in {os.path.relpath(RECORD, ROOT)}: {', '.join(sorted(os.listdir(scratch)))}")
    return 0


def build():
    if GCC[0] != "gcc":
        raise Failure("there is no gcc, and abidw reads other compilers' debugging information differently")
    if not BUILD.make():
        raise Failure("the build failed: see above")


def check(arguments):
    if not arguments.record and not os.path.isdir(RECORD):
        print(f"Nothing is recorded for {os.uname().machine}. To do so: scripts/abi-check --record")
        return NO_RECORD
    build()
    with tempfile.TemporaryDirectory() as scratch:
        describe_all(scratch)
        return record(scratch) if arguments.record else compare(scratch, arguments.exact)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/abi-check", add_help=False)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--exact", action="store_true")
    choice.add_argument("--record", action="store_true")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.check:
        return 0
    listen_for_interrupts()
    try:
        return check(arguments)
    except Failure as failure:
        print(f"scripts/abi-check: {failure}", file=sys.stderr)
        return 1
    except Interrupted as interrupted:
        return 128 + interrupted.number
    finally:
        stop_everything()


if __name__ == "__main__":
    sys.exit(main())
