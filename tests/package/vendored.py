# SPDX-License-Identifier: MIT
"""Compiles cmio by hand as docs/vendoring.md says, and holds that page to what the build picks.

usage: vendored.py SOURCE_ROOT BUILD_ROOT

The commands of the page run in a folder that holds include/ and src/ and nothing else; what they make
is linked into programs, which must run. The page's files and macros for Linux are those of the build
of this test, and the page names every source file.
"""

import glob
import json
import os
import re
import shlex
import shutil
import sys
import tempfile

from scratch import SKIPPED, expect, header_version, main, plain_environment, run

HERE = os.path.dirname(os.path.abspath(__file__))
WHOLE = ["src/core", "src/net", "src/process", "src/signal", "src/time", "src/async"]
# The page takes the one that works with every libc; the build may take the other.
EITHER = {"src/epoll/pwait2_libc.c": "src/epoll/pwait2_number.c"}
MACRO = re.compile(r"-D(?:CMIO_HAVE_\w+(?:=[01])?|_GNU_SOURCE)(?=\s|$|\")")
PROGRAMS = [
    ("consumer.c", ["libcmio.a"]),
    ("async_consumer.c", ["libcmio-async.a", "libcmio.a"]),
]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def sources_of(root, *folders):
    found = [glob.glob(os.path.join(root, folder, "**", "*.[cS]"), recursive=True) for folder in folders]
    return {os.path.relpath(path, root) for paths in found for path in paths}


def check_names(root, page):
    """What the page names is there, and what is there the page names."""
    named = set(re.findall(r"\bsrc/[\w/]+\.[cS]\b", page))
    posix = re.search(r"and in\s+`src/posix`: (.*?)\.\n", page, re.DOTALL)
    expect(posix, "no list of the files of src/posix that are always needed")
    named |= {"src/posix/" + name for name in re.findall(r"\w+\.c", posix.group(1))}
    there = sources_of(root, "src")
    expect(named <= there, f"named, but not there: {sorted(named - there)}")
    rest = {path for path in there - named if os.path.dirname(path) not in WHOLE}
    expect(not rest, f"there, but not named: {sorted(rest)}")


def built_here(root, build):
    """The files of libcmio that the build compiled, and the macros that it gave to them."""
    files, macros = set(), set()
    for entry in json.loads(read(os.path.join(build, "compile_commands.json"))):
        if "libcmio_objects.a.p" in entry.get("output", ""):
            path = os.path.normpath(os.path.join(entry["directory"], entry["file"]))
            files.add(os.path.relpath(path, root))
            macros |= set(MACRO.findall(" ".join(shlex.split(entry["command"]))))
    return files, macros


def check_choice(root, build, recipe):
    files, macros = built_here(root, build)
    if not files or any("unity" in path for path in files):
        print("not compared with the build, which does not compile file by file")
        return
    listed = re.search(r'^files="(.*?)"', recipe, re.MULTILINE | re.DOTALL).group(1).split()
    listed = {os.path.relpath(path, root) for name in listed for path in glob.glob(os.path.join(root, name))}
    files = {EITHER.get(path, path) for path in files}
    expect(files == listed, f"the build or the page alone has {sorted(files ^ listed)}")
    said = set(MACRO.findall(recipe))
    expect(said == macros, f"the build or the page alone has {sorted(said ^ macros)}")


def compile_by_hand(root, recipes, release):
    environment = plain_environment()
    with tempfile.TemporaryDirectory() as tree:
        for name in ["include", "src"]:
            shutil.copytree(os.path.join(root, name), os.path.join(tree, name))
        for recipe in recipes:
            run(["sh", "-eu", "-c", recipe], cwd=tree, env=environment)
        for source, libraries in PROGRAMS:
            program = os.path.join(HERE, source)
            run(["cc", "-std=c11", "-Iinclude", program, *libraries, "-pthread", "-o", "program"], cwd=tree)
            said = run([os.path.join(tree, "program")], env=environment, timeout=300)
            expect(said.strip() == release, f"{source} said {said!r}, not {release}")
            print(f"{source}: runs with {libraries[0]}, compiled by hand")


def test(root, build):
    page = read(os.path.join(root, "docs", "vendoring.md"))
    check_names(root, page)
    recipes = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    expect(len(recipes) == 2, f"{len(recipes)} recipes, not 2")
    if sys.platform != "linux" or os.uname().machine not in ("x86_64", "aarch64"):
        print("not compiled: the recipes are for Linux on 64-bit x86 and ARM")
        sys.exit(SKIPPED)
    check_choice(root, build, recipes[0])
    compile_by_hand(root, recipes, header_version(root))


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
