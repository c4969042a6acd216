# SPDX-License-Identifier: MIT
"""A recipe with the hash of another file, which its package manager must refuse."""

import re

from fresh_debian import Failure, run


def write(path, label):
    """Changes the first digit behind the label."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    first = re.compile(f"(?<={re.escape(label)}).")
    changed, count = first.subn(lambda digit: "1" if digit.group() == "0" else "0", text, count=1)
    if count == 0:
        raise Failure(f"{path} has no hash behind {label!r}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(changed)


def must_be_refused(command, complaint):
    """The command fails, and says this."""
    try:
        run(command, "the recipe with another hash")
    except Failure as failure:
        if complaint not in str(failure):
            raise
    else:
        raise Failure(f"a tarball with another hash was taken: {' '.join(command)}")
