# SPDX-License-Identifier: MIT
"""Adds a toy backend to a copy of the tree and runs a program on it.

usage: added_backend.py MESON SOURCE_ROOT

What is done to the copy is all that a new backend may need: a folder, one line in the list of
backends and one line in src/meson.build.
"""

import os
import shutil
import sys
import tempfile

from scratch import expect, main, plain_environment, run

NEEDED = ["include", "src", "meson.build", "meson_options.txt"]
LIST_LINE = ("src/core/backends.c", "X(CMIO_HAVE_POLL, poll)", " \\\n    X(CMIO_HAVE_NULL, null)")
BUILD_LINE = (
    "src/meson.build",
    "known_backends = {",
    "\n  'null': {'works': true, 'sources': files('null/null.c')},",
)


def add_behind(tree, name, text, addition):
    path = os.path.join(tree, name)
    with open(path, encoding="utf-8") as file:
        before = file.read()
    expect(before.count(text) == 1, f"{name} has {before.count(text)} times {text!r}, not once")
    with open(path, "w", encoding="utf-8") as file:
        file.write(before.replace(text, text + addition))


def test(meson, root):
    environment = plain_environment()
    toy = os.path.join(root, "tests", "support", "null_backend")
    with tempfile.TemporaryDirectory() as scratch:
        tree, build = os.path.join(scratch, "tree"), os.path.join(scratch, "build")
        for name in NEEDED:
            source, target = os.path.join(root, name), os.path.join(tree, name)
            if os.path.isdir(source):
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)
        os.makedirs(os.path.join(tree, "src", "null"))
        shutil.copy(os.path.join(toy, "null.c"), os.path.join(tree, "src", "null"))
        add_behind(tree, *LIST_LINE)
        add_behind(tree, *BUILD_LINE)
        options = ["-Dtests=disabled", "-Dexamples=disabled", "-Dwerror=true"]
        run([meson, "setup", build, tree, *options], env=environment)
        run([meson, "compile", "-C", build], env=environment)
        program = os.path.join(scratch, "user")
        include, library = os.path.join(tree, "include"), os.path.join(build, "src", "libcmio.a")
        user = os.path.join(toy, "user.c")
        run(["cc", "-std=c11", "-I", include, user, library, "-pthread", "-o", program])
        print(run([program], timeout=300).strip())


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
