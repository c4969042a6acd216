# SPDX-License-Identifier: MIT
"""Fills in the recipes of packaging/ for a tarball; scripts/recipes calls it."""

import argparse
import hashlib
import os
import re
import shutil
import sys

from command import ROOT

PACKAGING = os.path.join(ROOT, "packaging")
RECIPES = ["conan", "vcpkg"]


class Failure(Exception):
    """What went wrong, in words."""


def values_for(tarball, url):
    """What stands for the words between @ in the templates."""
    name = re.fullmatch(r"cmio-(\d+\.\d+\.\d+)\.tar\.xz", os.path.basename(tarball))
    if not name:
        raise Failure(f"{tarball} is not called cmio-VERSION.tar.xz")
    try:
        with open(tarball, "rb") as file:
            contents = file.read()
    except OSError as error:
        raise Failure(f"{tarball}: {error.strerror}") from error
    return {
        "VERSION": name.group(1),
        "URL": url or "file://" + os.path.abspath(tarball),
        "SHA256": hashlib.sha256(contents).hexdigest(),
        "SHA512": hashlib.sha512(contents).hexdigest(),
    }


def fill_in(path, values):
    """Replaces the template NAME.in by the file NAME."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"@([A-Z0-9]+)@", lambda match: values[match.group(1)], text)
    with open(path[: -len(".in")], "w", encoding="utf-8") as file:
        file.write(text)
    os.unlink(path)


def write(tarball, folder, url=None):
    """Writes the recipes for the tarball."""
    values = values_for(tarball, url)
    for name in RECIPES:
        if os.path.exists(os.path.join(folder, name)):
            raise Failure(f"{os.path.join(folder, name)} is there already")
    for name in RECIPES:
        ignore = shutil.ignore_patterns("__pycache__")
        copy = shutil.copytree(os.path.join(PACKAGING, name), os.path.join(folder, name), ignore=ignore)
        for top, _, files in os.walk(copy):
            for file in files:
                if file.endswith(".in"):
                    fill_in(os.path.join(top, file), values)


def main():
    parser = argparse.ArgumentParser(prog="scripts/recipes", add_help=False)
    parser.add_argument("--url")
    parser.add_argument("tarball")
    parser.add_argument("folder")
    arguments = parser.parse_args()
    try:
        write(arguments.tarball, arguments.folder, arguments.url)
    except Failure as failure:
        print(f"scripts/recipes: {failure}", file=sys.stderr)
        return 1
    for name in RECIPES:
        print(os.path.join(arguments.folder, name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
