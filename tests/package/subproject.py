# SPDX-License-Identifier: MIT
"""Builds and runs a scratch project that has cmio as a Meson subproject.

usage: subproject.py MESON SOURCE_ROOT [--static-unity | --shared-unity]

It finds cmio the two ways that Meson projects do: by name, with the subproject as the fallback, and
by taking the variable of the subproject. All warnings are errors there, and none of cmio's tests or
examples may be built.

With --static-unity the project wants static libraries and each target compiled as one file: then no
shared library may be built. With --shared-unity it wants shared libraries, and Meson's own number of
files: each library then has files in C that are put together, and libcmio-async one in assembly.
"""

import glob
import os
import shutil
import sys
import tempfile

from scratch import QUICK, expect, header_version, main, plain_environment, run

HERE = os.path.dirname(os.path.abspath(__file__))
NEEDED = ["include", "src", "meson.build", "meson_options.txt", "LICENSE", "README.md"]

PROJECT = """\
project('outside', 'c', 'cpp', version: '1', meson_version: '>=0.63.0',
  default_options: ['c_std=c11', 'cpp_std=c++17', 'warning_level=3', 'werror=true'])
by_name = dependency('cmio', fallback: 'cmio')
by_variable = subproject('cmio').get_variable('cmio_dep')
executable('by_name', 'consumer.c', dependencies: by_name)
executable('by_variable', 'consumer.cpp', dependencies: by_variable)
executable('with_async', 'async_consumer.c', dependencies: dependency('cmio-async', fallback: 'cmio'))
assert(by_name.version() == '@VERSION@', 'by name: ' + by_name.version())
assert(by_variable.version() == '@VERSION@', 'by variable: ' + by_variable.version())
"""


def make_project(root, project, release):
    inner = os.path.join(project, "subprojects", "cmio")
    os.makedirs(inner)
    for name in NEEDED:
        source, target = os.path.join(root, name), os.path.join(inner, name)
        if os.path.isdir(source):
            shutil.copytree(source, target)
        elif os.path.exists(source):
            shutil.copy(source, target)
    with open(os.path.join(project, "meson.build"), "w", encoding="utf-8") as file:
        file.write(PROJECT.replace("@VERSION@", release))
    for name in ["consumer.c", "consumer.cpp", "async_consumer.c"]:
        shutil.copy(os.path.join(HERE, name), project)


OPTIONS = {
    "": [],
    "--static-unity": ["-Ddefault_library=static", "--unity=on", "--unity-size=1000"],
    "--shared-unity": ["-Ddefault_library=shared", "--unity=on"],
}


def check_shared(build):
    for name in ["libcmio.so", os.path.join("async", "libcmio-async.so")]:
        library = os.path.join(build, "subprojects", "cmio", "src", name)
        expect(os.path.exists(library) or sys.platform == "darwin", f"there is no {name}")
    expect(glob.glob(os.path.join(build, "**", "*-unity*"), recursive=True), "compiled file by file")


def check_static(build):
    inner = os.path.join(build, "subprojects", "cmio", "src")
    expect(os.path.exists(os.path.join(inner, "libcmio.a")), "there is no static library")
    shared = glob.glob(os.path.join(inner, "libcmio*.so*")) + glob.glob(os.path.join(inner, "*.dylib"))
    expect(not shared, f"a shared library was built: {shared}")
    # Meson names what it puts together by number: 1 would be a second file for one target.
    parts = glob.glob(os.path.join(inner, "**", "*-unity*"), recursive=True)
    expect(parts, "the library was compiled file by file")
    expect(not [name for name in parts if "-unity1" in name], f"not one file each: {parts}")


def test(meson, root, kind=""):
    release = header_version(root)
    environment = plain_environment()
    # Nothing that is installed may stand in for the subproject.
    environment["PKG_CONFIG_LIBDIR"] = os.devnull
    with tempfile.TemporaryDirectory() as scratch:
        project, build = os.path.join(scratch, "project"), os.path.join(scratch, "build")
        make_project(root, project, release)
        run([meson, "setup", build, project, "--fatal-meson-warnings", *QUICK, *OPTIONS[kind]], env=environment)
        run([meson, "compile", "-C", build], env=environment)
        for name in ["by_name", "by_variable", "with_async"]:
            said = run([os.path.join(build, name)], env=environment, timeout=300)
            expect(said.strip() == release, f"{name} said {said!r}, not {release}")
            print(f"{name}: runs with cmio {release}")
        if kind == "--static-unity":
            check_static(build)
        if kind == "--shared-unity":
            check_shared(build)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
