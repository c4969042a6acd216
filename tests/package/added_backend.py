# SPDX-License-Identifier: MIT
"""Adds a backend to a copy of the tree and runs a program on it.

usage: added_backend.py MESON SOURCE_ROOT [DOCUMENT]

What is done to the copy is all that a new backend may need: a folder, one line in the list of
backends and one line in src/meson.build. The backend is a toy, or the one that the document shows
(the block of C that defines cmio__NAME_backend); the program is then the document's first. It has
to end with 0, and to say that the backend keeps its promises.
"""

import os
import re
import shutil
import sys
import tempfile

from scratch import QUICK, expect, main, plain_environment, run

NEEDED = ["include", "src", "meson.build", "meson_options.txt"]
LIST = ("src/core/backends.c", "X(CMIO_HAVE_POLL, poll)")
BUILD = ("src/meson.build", "known_backends = {")


def add_behind(tree, name, text, addition):
    path = os.path.join(tree, name)
    with open(path, encoding="utf-8") as file:
        before = file.read()
    expect(before.count(text) == 1, f"{name} has {before.count(text)} times {text!r}, not once")
    with open(path, "w", encoding="utf-8") as file:
        file.write(before.replace(text, text + addition))


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def write(text, *path):
    with open(os.path.join(*path), "w", encoding="utf-8") as file:
        file.write(text)


def backend_of(root, document):
    """A name, the text of its file, and that of a program that uses it."""
    if document is None:
        toy = os.path.join(root, "tests", "support", "null_backend")
        return "null", read(toy, "null.c"), read(toy, "user.c")
    blocks = dict(re.findall(r"^```c *(.*)\n([^`]*)^```$", read(root, document), re.MULTILINE))
    backend = blocks.pop("", "")
    name = re.search(r"^const struct cmio__backend cmio__(\w+)_backend = {$", backend, re.MULTILINE)
    expect(name and blocks, f"{document}: no backend and program")
    return name[1], backend, next(iter(blocks.values()))


def test(meson, root, document=None):
    environment = plain_environment()
    name, backend, user = backend_of(root, document)
    with tempfile.TemporaryDirectory() as scratch:
        tree, build = os.path.join(scratch, "tree"), os.path.join(scratch, "build")
        for needed in NEEDED:
            source, target = os.path.join(root, needed), os.path.join(tree, needed)
            if os.path.isdir(source):
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)
        os.makedirs(os.path.join(tree, "src", name))
        write(backend, tree, "src", name, name + ".c")
        add_behind(tree, *LIST, f" \\\n    X(CMIO_HAVE_{name.upper()}, {name})")
        add_behind(tree, *BUILD, f"\n  '{name}': {{'works': true, 'sources': files('{name}/{name}.c')}},")
        options = [*QUICK, "-Dtests=disabled", "-Dexamples=disabled", "-Dwerror=true"]
        run([meson, "setup", build, tree, *options], env=environment)
        run([meson, "compile", "-C", build], env=environment)
        program = os.path.join(scratch, "user")
        include, library = os.path.join(tree, "include"), os.path.join(build, "src", "libcmio.a")
        write(user, scratch, "user.c")
        run(["cc", "-std=c11", "-I", include, program + ".c", library, "-pthread", "-o", program])
        said = run([program], timeout=300).strip()
        expect(document is None or f"{name}: keeps" in said, f"nothing of {name} in\n{said}")
        print(said)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
