# SPDX-License-Identifier: MIT
"""Compares the numbers of lines in docs/neighbours.md with those of the adapters.

    test_lines.py ROOT

A line of an adapter is one with code: neither empty nor nothing but a comment. The adapters of a file
are all that stands between "---- The adapter" and "---- The program". With files whose names end in
".h", all of the file counts.
"""

import glob
import os
import re
import sys


def lines_of_code(text):
    text = re.sub(r"/\*.*?\*/", lambda match: "\n" * match.group().count("\n"), text, flags=re.S)
    return sum(1 for line in text.splitlines() if line.strip())


def adapters(text):
    """The code of each adapter of a file."""
    parts = re.split(r"/\* ---- (.*?) ---- \*/", text)
    headings, bodies = parts[1::2], parts[2::2]
    return [body for head, body in zip(headings, bodies) if head.startswith("The adapter")]


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = os.path.join(sys.argv[1], "examples", "neighbours")
    document = read(sys.argv[1], "docs", "neighbours.md")
    wrong = 0
    for path in sorted(glob.glob(os.path.join(folder, "*.c"))) + [os.path.join(folder, "watch.h")]:
        name, text = os.path.basename(path), read(path)
        bodies = adapters(text) if name.endswith(".c") else [text]
        counts = " + ".join(str(lines_of_code(body)) for body in bodies)
        row = re.search(r"\| \[`%s`\]\([^)]*\) \| ([0-9 +]+) \|" % re.escape(name), document)
        said = row.group(1) if row else None
        print("%s: %s lines, and the table says %s" % (name, counts, said))
        wrong += counts != said
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
