# SPDX-License-Identifier: MIT
"""The files that have the version of cmio, and the heading of a release in NEWS.md."""

import datetime
import os
import re

# For each file, what stands around the version. A file that does not exist has no say: debian/ is left out of the
# tarball by those who package it in their own way.
PLACES = [
    ("meson.build", r"^  version: '([^']+)',$"),
    ("include/cmio/version.h", r'^#define CMIO_VERSION_STRING "([^"]+)"$'),
    ("docs/installing.md", r"^directory = cmio-(\S+)$"),
    ("debian/changelog", r"\Acmio \(([^)+]+)(?:\+\d+)?\) "),
    ("packaging/rpm/cmio.spec", r"^Version: +(\S+)$"),
    ("packaging/rpm/cmio.spec", r"^%changelog\n\* .* - ([^- ]+)-\S+$"),
]
HEADING = re.compile(r"^## (.*)$", re.MULTILINE)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def wrong_places(root, version):
    """A sentence for each place that has another version."""
    for path, pattern in PLACES:
        if os.path.exists(os.path.join(root, path)):
            found = re.search(pattern, read(root, path), re.MULTILINE)
            if not found:
                yield f"{path} has no version where one is expected."
            elif found.group(1) != version:
                yield f"{path} has the version {found.group(1)}, not {version}."


def is_date(text):
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def wrong_news(root, version):
    """A sentence about what is wrong with the first heading of NEWS.md, if anything is."""
    wanted = f'"## {version} (YEAR-MONTH-DAY)"'
    found = HEADING.search(read(root, "NEWS.md"))
    if not found or not found.group(1).startswith(f"{version} ("):
        yield f'NEWS.md begins with "## {found.group(1) if found else ""}", not with {wanted}.'
    elif not is_date(found.group(1)[len(version) + 2 : -1]) or not found.group(1).endswith(")"):
        yield f'NEWS.md has the heading "## {found.group(1)}", whose date is none: {wanted}.'


def news(root):
    """The text below the first heading of NEWS.md."""
    return HEADING.split(read(root, "NEWS.md"), maxsplit=2)[2].strip()
