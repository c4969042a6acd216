# SPDX-License-Identifier: MIT
"""Looks at the manual pages: what mandoc says of them, their sections, and where they lead.

usage: manual.py SOURCE_ROOT FOLDER_OF_SECTION_3

- Each page of section 3 has the sections that its comment gives it, with an example that is a file of docs/man/examples/.
- What it names under SEE ALSO as cmio's is a page.
- Where mandoc is there, its lint finds nothing. Where it is not, that part is skipped.
"""

import glob
import os
import re
import shutil
import subprocess
import sys

from scratch import SKIPPED, expect, main

ALWAYS = ["NAME", "SYNOPSIS", "DESCRIPTION", "SEE ALSO"]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def problems_of(name, text, names):
    sections = re.findall(r"^\.SH (.+)$", text, re.MULTILINE)
    wanted = list(ALWAYS)
    if not name.endswith(".h"):
        wanted += ["EXAMPLE"]
    of_header = re.match(r"\.TH \S+\.H ", text)  # a header's own page, or that of one of its constants
    if re.search(r'^\.B "?(?!void )[\w *]*\bcmio_\w+\(', text, re.MULTILINE) and not of_header:
        wanted += ["THREAD SAFETY"]
    for section in wanted:
        if section not in sections:
            yield f"{name}: no section {section}"
    behind = text[text.find(".SH SEE ALSO") :]
    for other, section in re.findall(r"^\.BR (\S+) \((\d)\)", behind, re.MULTILINE):
        other = other.replace(r"\-", "-")
        if other.lower().startswith("cmio") and f"{other}.{section}" not in names:
            yield f"{name}: leads to {other}({section}), which is not there"


def test(root, folder):
    pages = sorted(glob.glob(os.path.join(folder, "*.3")))
    overviews = sorted(glob.glob(os.path.join(root, "docs", "man", "*.7")))
    names = {os.path.basename(path) for path in [*pages, *overviews]}
    expect(len(pages) > 300 and len(overviews) == 2, f"only {len(pages)} and {len(overviews)} pages")
    problems = []
    for path in pages:
        problems += problems_of(os.path.basename(path)[: -len(".3")], read(path), names)
    for path in overviews:
        for name, section in re.findall(r"\b(cmio_\w+|CMIO_\w+) \((\d)\)", read(path)):
            if f"{name}.{section}" not in names:
                problems.append(f"{os.path.basename(path)}: leads to {name}({section}), which is not there")
    expect(not problems, "\n".join(problems))
    if not shutil.which("mandoc"):
        print("no mandoc here: its lint is skipped")
        sys.exit(SKIPPED)
    lint = subprocess.run(["mandoc", "-T", "lint", *pages, *overviews], capture_output=True, text=True)
    expect(lint.returncode == 0, lint.stdout + lint.stderr)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
