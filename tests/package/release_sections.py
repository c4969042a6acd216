# SPDX-License-Identifier: MIT
"""Compares the sections of scripts/release-check with its modules and with its help, without running any.

usage: release_sections.py SOURCE_ROOT

Each module scripts/lib/release_NAME.py is a section, and --help lists each in the order in which they run. A name
that is no section is refused with exit status 2, before anything is done.
"""

import glob
import os
import re
import subprocess
import sys

from scratch import expect, main


def sections_of(root):
    sys.path.insert(0, os.path.join(root, "scripts", "lib"))
    import release_check

    return list(release_check.SECTIONS)


def check_refused(root):
    command = [sys.executable, "-B", os.path.join(root, "scripts", "lib", "release_check.py")]
    for words, status in [(["--check"], 0), (["--check", "readme"], 0), (["--check", "nonsense"], 2)]:
        ran = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
        expect(ran.returncode == status, f"{words}: exit status {ran.returncode}, not {status}:\n{ran.stderr}")
        expect("nonsense" in ran.stderr or status == 0, f"the message does not name the section:\n{ran.stderr}")


def test(root):
    sections = sections_of(root)
    modules = [os.path.basename(path) for path in glob.glob(os.path.join(root, "scripts", "lib", "release_*.py"))]
    names = sorted(name[len("release_") : -len(".py")] for name in modules if name != "release_check.py")
    expect(names == sorted(sections), f"modules are {names}, and sections {sorted(sections)}")
    with open(os.path.join(root, "scripts", "release-check"), encoding="utf-8") as file:
        help_text = re.search(r"<<'END'\n(.*?)^END$", file.read(), re.MULTILINE | re.DOTALL)[1]
    listed = re.findall(r"^  ([a-z]\w*)  +\S", help_text, re.MULTILINE)
    expect(listed == sections, f"--help lists {listed}, and the sections are {sections}")
    check_refused(root)
    print(f"sections: {', '.join(sections)}")


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
