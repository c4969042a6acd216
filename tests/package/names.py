# SPDX-License-Identifier: MIT
"""Looks for names in the documents that no public header declares, and for functions not described.

usage: names.py SOURCE_ROOT

- Every cmio_..., CMIO_... and "struct cmio_..." of README.md, NEWS.md and docs/ is declared by a public
  header, or is a CMIO_HAVE_... that src/ asks for, but for a few words that are something else, which are listed here with what they are.
- What docs/async/ puts between backquotes like the name of a test (four words and more) is one in tests/async/.
- docs/mio-map.md names every function of the socket and pipe types, by name or by "*_" and its end: what
  cmio has that mio has not stands there too.
"""

import glob
import os
import re
import sys

from c_text import without_comments
from scratch import expect, main

# What is spelled like a public name and is none.
OTHERS = {
    "CMIO_0": "the beginning of a symbol's version",
    "CMIO_BACKEND": "an environment variable",
    "CMIO_HAVE_TRACE": "the macro of the backend that the guide adds",
    "CMIO_TEST_GIGABYTE": "an environment variable of the tests",
    "CMIO_TEST_SCENES": "an environment variable of the tests",
    "CMIO_TEST_SEED": "an environment variable of the tests",
    "CMIO_TEST_SHRINK": "an environment variable of the tests",
    "CMIO_TEST_SPIN": "an environment variable of the tests",
    "cmio_async_dep": "the dependency of the Meson project on the second library",
    "cmio_dep": "the dependency of the Meson project",
    "cmio_tests": "a program",
    "cmio_USE_STATIC_LIBS": "a variable of CMake",
}
NAME = re.compile(r"\b(?:cmio|CMIO)_(?!_)\w+(?<!_)\b")
TEST_NAME = re.compile(r"`((?!cmio_|CMIO_)[a-z0-9]+(?:_[a-z0-9]+){3,})`")
TYPES = re.compile(r"cmio_(?:tcp|udp|unix|pipe)_")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def documents(root):
    top = [os.path.join(root, name) for name in ["README.md", "NEWS.md"]]
    return top + sorted(glob.glob(os.path.join(root, "docs", "**", "*.md"), recursive=True))


def check_test_names(root):
    """The tests that the documents of libcmio-async name exist."""
    code = "".join(read(path) for path in glob.glob(os.path.join(root, "tests", "async", "*.c")))
    tests = set(re.findall(r"\b\w+\b", code))
    for path in sorted(glob.glob(os.path.join(root, "docs", "async", "*.md"))):
        missing = sorted(set(TEST_NAME.findall(read(path))) - tests)
        expect(not missing, f"{os.path.relpath(path, root)}: no such tests: {missing}")


def test(root):
    headers = sorted(glob.glob(os.path.join(root, "include", "cmio", "**", "*.h"), recursive=True))
    expect(headers, f"no headers in {root}")
    text = "".join(without_comments(read(path)) for path in headers)
    declared = set(NAME.findall(text))
    for path in glob.glob(os.path.join(root, "src", "**", "*.[ch]"), recursive=True):
        declared |= set(re.findall(r"\bCMIO_HAVE_\w+", read(path)))
    unknown = []
    for path in documents(root):
        for name in sorted(set(NAME.findall(read(path)))):
            if name not in declared and name not in OTHERS:
                unknown.append(f"{os.path.relpath(path, root)}: {name}")
    expect(not unknown, "named, but declared by no header:\n" + "\n".join(unknown))

    check_test_names(root)
    described = read(os.path.join(root, "docs", "mio-map.md"))
    ends = re.findall(r"`\*(_\w+)`", described)
    functions = re.findall(r"CMIO_API[^;]*?\b(cmio_\w+)\(", text)
    silent = [
        name
        for name in functions
        if TYPES.match(name) and name not in described and not name.endswith(tuple(ends))
    ]
    expect(not silent, "functions that docs/mio-map.md does not name:\n" + "\n".join(silent))
    print(f"{len(declared)} public names, {len(functions)} functions")


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
