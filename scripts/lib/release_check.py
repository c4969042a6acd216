# SPDX-License-Identifier: MIT
"""Runs the sections of scripts/release-check, which calls it in a namespace of its own for mounts.

A section is a module release_NAME.py with a function check(release). It raises fresh_debian.Failure if
something is wrong. What it needs from the system is in scripts/packages, with the purpose release.
"""

import argparse
import os
import re
import sys

import release_conan
import release_debian
import release_readme
import release_rpm
import release_vcpkg
from command import Interrupted, listen_for_interrupts, stop_everything
from fresh_debian import FOLDER, LOG, Failure, Release, clean_up, run, say

# In the order in which they run.
SECTIONS = {
    "readme": release_readme.check,
    "debian": release_debian.check,
    "rpm": release_rpm.check,
    "conan": release_conan.check,
    "vcpkg": release_vcpkg.check,
}


def check(arguments):
    release = Release(arguments.mirror, arguments.suite)
    clean_up()
    os.makedirs(FOLDER)
    with open(LOG, "w", encoding="utf-8"):
        pass
    # No mount below is seen outside.
    run(["mount", "--make-rprivate", "/"], "leaving the mounts of the system alone")
    wanted = arguments.sections or list(SECTIONS)
    for name, section in SECTIONS.items():
        if name in wanted:
            say(f"Section {name}")
            section(release)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/release-check", add_help=False)
    parser.add_argument("sections", nargs="*", metavar="section")
    parser.add_argument("--mirror")
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    for name in arguments.sections:
        if name not in SECTIONS:
            parser.error(f"there is no section {name}: {', '.join(SECTIONS)}")
    if arguments.mirror and not re.match(r"(https?|file|ftp)://", arguments.mirror):
        parser.error(f"--mirror {arguments.mirror}: it must begin with http://, https://, file:// or ftp://")
    return arguments


def main():
    arguments = parse_arguments()
    if arguments.check:
        return 0
    listen_for_interrupts()
    try:
        check(arguments)
        return 0
    except Failure as failure:
        print(f"scripts/release-check: {failure}\nThe whole log: {LOG}", file=sys.stderr)
        return 1
    except Interrupted as interrupted:
        return 128 + interrupted.number
    finally:
        stop_everything()
        if not arguments.keep:
            clean_up()


if __name__ == "__main__":
    sys.exit(main())
