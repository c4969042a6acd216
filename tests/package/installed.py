# SPDX-License-Identifier: MIT
"""Installs cmio into a scratch prefix and builds and runs programs against it through pkg-config.

usage: installed.py MESON SOURCE_ROOT shared|static

The programs are consumer.c and consumer.cpp beside this file; they know nothing of the source tree.
What was installed is looked at too: the headers, the version, and the shared library's soname.
"""

import filecmp
import os
import re
import shutil
import sys
import tempfile

from scratch import WARNINGS, expect, header_version, main, needs, plain_environment, run

HERE = os.path.dirname(os.path.abspath(__file__))
OPTIONS = {"shared": ["-Dstatic=false"], "static": ["-Ddefault_library=static"]}
PROGRAMS = [("cc", "c11", "consumer.c"), ("c++", "c++17", "consumer.cpp")]


def install(meson, root, scratch, kind, environment):
    """Builds and installs a library of the kind; returns the prefix and the library's folder."""
    build, prefix = os.path.join(scratch, "build"), os.path.join(scratch, "prefix")
    options = ["--prefix", prefix, "--libdir", "lib", *OPTIONS[kind]]
    parts = ["-Dexamples=disabled", "-Dtests=disabled", "-Dfuzz=false"]
    run([meson, "setup", build, root, *options, *parts], env=environment)
    run([meson, "compile", "-C", build], env=environment)
    run([meson, "install", "-C", build, "--no-rebuild"], env=environment)
    return prefix, os.path.join(prefix, "lib")


def check_headers(root, prefix):
    sources = os.path.join(root, "include", "cmio")
    names = sorted(name for name in os.listdir(sources) if name.endswith(".h"))
    installed = os.path.join(prefix, "include", "cmio")
    expect(sorted(os.listdir(installed)) == names, f"{installed} holds other files than {sources}")
    _, different, unreadable = filecmp.cmpfiles(sources, installed, names, shallow=False)
    expect(not different + unreadable, f"installed differently: {different + unreadable}")


def check_kind(library_folder, kind):
    """That kind of library is installed, and no other."""
    static = [name for name in os.listdir(library_folder) if name.endswith(".a")]
    expect(static == (["libcmio.a"] if kind == "static" else []), f"static libraries: {static}")
    shared = [name for name in os.listdir(library_folder) if ".so" in name or ".dylib" in name]
    expect((shared != []) == (kind == "shared"), f"shared libraries: {shared}")


def check_soname(library_folder, release):
    """The soname carries the minor version too, as long as the ABI is not promised."""
    needs("readelf")
    soname = "libcmio.so." + ".".join(release.split(".")[:2])
    said = run(["readelf", "--dynamic", os.path.join(library_folder, "libcmio.so")])
    expect(f"[{soname}]" in said, f"the soname is not {soname}:\n{said}")
    expect(os.path.exists(os.path.join(library_folder, soname)), f"no {soname} beside it")
    needed = re.findall(r"\(NEEDED\).*\[([^\]]+)\]", said)
    # libgcc_s is the compiler's run time: libc itself unwinds a cancelled thread's stack with it.
    ours = ("libc.", "ld-", "libpthread.", "libgcc_s.")
    foreign = [name for name in needed if not name.startswith(ours)]
    expect(not foreign, f"the library depends on more than libc: {foreign}")


def pkg_config(environment, *arguments):
    return run(["pkg-config", *arguments, "cmio"], env=environment).split()


def check_paths(root, prefix):
    """The file for pkg-config names the place of installation and no other."""
    with open(os.path.join(prefix, "lib", "pkgconfig", "cmio.pc"), encoding="utf-8") as file:
        text = file.read()
    expect(os.path.abspath(root) + "/" not in text, f"cmio.pc names the source tree:\n{text}")


def build_and_run(program, scratch, kind, environment, library_folder, release):
    compiler, standard, source = program
    flags = pkg_config(environment, "--cflags")
    libraries = pkg_config(environment, *(["--static"] if kind == "static" else []), "--libs")
    output = os.path.join(scratch, "program")
    copy = shutil.copy(os.path.join(HERE, source), scratch)
    run([compiler, "-std=" + standard, *WARNINGS, *flags, copy, *libraries, "-o", output])
    if kind == "shared":
        environment = {**environment, "LD_LIBRARY_PATH": library_folder}
    said = run([output], env=environment, timeout=300)
    expect(said.strip() == release, f"{source} said {said!r}, not {release}")
    if shutil.which("readelf"):
        uses = "libcmio.so" in run(["readelf", "--dynamic", output])
        expect(uses == (kind == "shared"), f"{source}: uses the shared library: {uses}")
    print(f"{source}, {standard}, {kind}: runs with cmio {release}")


def test(meson, root, kind):
    needs("pkg-config")
    programs = [program for program in PROGRAMS if shutil.which(program[0])]
    expect(programs, "no compiler: neither cc nor c++")
    release = header_version(root)
    with tempfile.TemporaryDirectory() as scratch:
        environment = plain_environment()
        prefix, library_folder = install(meson, root, scratch, kind, environment)
        environment["PKG_CONFIG_PATH"] = os.path.join(library_folder, "pkgconfig")
        check_headers(root, prefix)
        check_paths(root, prefix)
        check_kind(library_folder, kind)
        modversion = pkg_config(environment, "--modversion")
        expect(modversion == [release], f"pkg-config says {modversion}, version.h {release}")
        if kind == "shared" and sys.platform != "darwin":
            check_soname(library_folder, release)
        for program in programs:
            build_and_run(program, scratch, kind, environment, library_folder, release)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
