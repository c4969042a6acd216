# SPDX-License-Identifier: MIT
"""Installs cmio into a scratch prefix and builds and runs programs against it through pkg-config.

usage: installed.py MESON SOURCE_ROOT shared|static

The programs are those of PROGRAMS beside this file. They know nothing of the source tree, and no
environment variable helps to find the library: they are compiled as README.md says for a prefix of
one's own. The test also checks what was installed: the headers, the version, what the files for
pkg-config say, and the shared libraries' sonames. It runs the echo servers of strangers.py. And it
compiles the sources of libcmio-async against the installed libcmio alone, as they need no more.
"""

import filecmp
import glob
import json
import os
import re
import shutil
import sys
import tempfile

import strangers
from scratch import QUICK, WARNINGS, expect, header_version, main, needs, plain_environment, run

HERE = os.path.dirname(os.path.abspath(__file__))
OPTIONS = {"shared": ["-Dstatic=false"], "static": ["-Ddefault_library=static"]}
# The compiler, the language, the source, and the library that pkg-config is asked for.
PROGRAMS = [
    ("cc", "c11", "consumer.c", "cmio"),
    ("c++", "c++17", "consumer.cpp", "cmio"),
    ("cc", "c11", "async_consumer.c", "cmio-async"),
    ("c++", "c++17", "async_consumer.c", "cmio-async"),
    ("c++", "c++20", "coroutine_consumer.cpp", "cmio-async"),
]
LIBRARIES = ["cmio", "cmio-async"]


def install(meson, root, scratch, kind, environment):
    """Builds and installs a library of the kind; returns the prefix and the library's folder."""
    build, prefix = os.path.join(scratch, "build"), os.path.join(scratch, "prefix")
    options = ["--prefix", prefix, *QUICK, *OPTIONS[kind]]
    parts = ["-Dexamples=disabled", "-Dtests=disabled", "-Dfuzz=false"]
    run([meson, "setup", build, root, *options, *parts], env=environment)
    run([meson, "compile", "-C", build], env=environment)
    run([meson, "install", "-C", build, "--no-rebuild"], env=environment)
    return prefix, os.path.join(prefix, "lib")


def headers_in(folder):
    found = glob.glob(os.path.join(folder, "**", "*.h*"), recursive=True)
    return sorted(os.path.relpath(path, folder) for path in found)


def check_headers(root, prefix):
    sources = os.path.join(root, "include", "cmio")
    names = headers_in(sources)
    installed = os.path.join(prefix, "include", "cmio")
    expect(headers_in(installed) == names, f"{installed} holds other files than {sources}")
    _, different, unreadable = filecmp.cmpfiles(sources, installed, names, shallow=False)
    expect(not different + unreadable, f"installed differently: {different + unreadable}")


def check_kind(library_folder, kind):
    """That kind of library is installed, and no other."""
    static = [name for name in os.listdir(library_folder) if name.endswith(".a")]
    wanted = [f"lib{name}.a" for name in LIBRARIES] if kind == "static" else []
    expect(sorted(static) == sorted(wanted), f"static libraries: {static}")
    shared = [name for name in os.listdir(library_folder) if ".so" in name or ".dylib" in name]
    expect((shared != []) == (kind == "shared"), f"shared libraries: {shared}")


def check_soname(library_folder, name, release):
    """The soname carries the minor version too, as long as the ABI is not promised."""
    needs("readelf")
    soname = f"lib{name}.so." + ".".join(release.split(".")[:2])
    said = run(["readelf", "--dynamic", os.path.join(library_folder, f"lib{name}.so")])
    expect(f"[{soname}]" in said, f"the soname is not {soname}:\n{said}")
    expect(os.path.exists(os.path.join(library_folder, soname)), f"no {soname} beside it")
    needed = re.findall(r"\(NEEDED\).*\[([^\]]+)\]", said)
    # libgcc_s is the compiler's run time: libc itself unwinds a cancelled thread's stack with it.
    ours = ("libc.", "ld-", "libpthread.", "libgcc_s.")
    if name != "cmio":
        ours += ("libcmio.",)
    foreign = [name for name in needed if not name.startswith(ours)]
    expect(not foreign, f"the library depends on more than libc: {foreign}")


def helpless_environment():
    """Nothing in it says where to find a library, neither to pkg-config nor to the loader."""
    names = ("PKG_CONFIG", "LIBRARY_PATH", "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH")
    given = plain_environment()
    return {name: value for name, value in given.items() if not name.startswith(names)}


def pkg_config(environment, file, *arguments):
    return run(["pkg-config", *arguments, file], env=environment).split()


def pc_text(prefix, name):
    path = os.path.join(prefix, "lib", "pkgconfig", f"{name}.pc")
    expect(os.path.exists(path), f"{path} was not installed")
    with open(path, encoding="utf-8") as file:
        return file.read()


def check_fields(root, prefix):
    """The files for pkg-config name the place of installation, a page to read and the licence."""
    for name in LIBRARIES:
        text = pc_text(prefix, name)
        expect(os.path.abspath(root) + "/" not in text, f"it names the source tree:\n{text}")
        expect(re.search(r"^License: MIT$", text, re.MULTILINE), f"no licence in\n{text}")
        url = re.search(r"^URL: (\S+)$", text, re.MULTILINE)
        expect(url, f"no address in\n{text}")
        page = url.group(1).replace("file://", "", 1)
        expect(re.match(r"https?://", page) or os.path.isfile(page), f"there is no {page}")


def check_system_prefix(meson, scratch, environment):
    """In /usr/local programs carry no path: the loader looks there. Staged, not installed."""
    build, stage = os.path.join(scratch, "build"), os.path.join(scratch, "stage")
    run([meson, "configure", build, "--prefix=/usr/local"], env=environment)
    run([meson, "install", "-C", build, "--destdir", stage], env=environment)
    prefix = os.path.join(stage, "usr", "local")
    for name in LIBRARIES:
        expect("rpath" not in pc_text(prefix, name), f"{name}.pc has programs carry a path")
        if shutil.which("readelf"):
            library = os.path.join(prefix, "lib", f"lib{name}.so")
            said = run(["readelf", "--dynamic", library])
            expect("(RUNPATH)" not in said and "(RPATH)" not in said, f"{library} carries a path")


def build_and_run(program, scratch, kind, environment, library_folder, release):
    compiler, standard, source, name = program
    file = os.path.join(library_folder, "pkgconfig", f"{name}.pc")
    flags = pkg_config(environment, file, "--cflags")
    libraries = pkg_config(environment, file, "--libs")
    output = os.path.join(scratch, "program")
    copy = shutil.copy(os.path.join(HERE, source), scratch)
    language = ["-x", "c++" if compiler == "c++" else "c", copy, "-x", "none"]
    run([compiler, "-std=" + standard, *WARNINGS, *flags, *language, *libraries, "-o", output])
    said = run([output], env=environment, timeout=300)
    expect(said.strip() == release, f"{source} said {said!r}, not {release}")
    if shutil.which("readelf"):
        uses = f"lib{name}.so" in run(["readelf", "--dynamic", output])
        expect(uses == (kind == "shared"), f"{source}: uses the shared library: {uses}")
    print(f"{source}, {standard}, {kind}: runs with cmio {release}")


def async_sources(build):
    """The files that the build compiles into libcmio-async, as it may pick them."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    paths = [os.path.normpath(os.path.join(e["directory"], e["file"])) for e in entries]
    return sorted({path for path in paths if os.sep + os.path.join("src", "async") in path})


def build_async_outside(root, scratch, environment):
    """libcmio-async out of the tree: its own sources, and the installed headers and library."""
    outside = os.path.join(scratch, "outside")
    shutil.copytree(os.path.join(root, "src", "async"), os.path.join(outside, "async"))
    sources = []
    for path in async_sources(os.path.join(scratch, "build")):
        below = os.path.relpath(path, os.path.join(root, "src", "async"))
        sources.append(os.path.join(outside, "async", below))
    expect(sources, "no source of libcmio-async was compiled")
    file = os.path.join(scratch, "prefix", "lib", "pkgconfig", "cmio.pc")
    flags = pkg_config(environment, file, "--cflags")
    libraries = pkg_config(environment, file, "--libs")
    program = os.path.join(scratch, "outside_program")
    define = ["-D_GNU_SOURCE"] if sys.platform == "linux" else []
    consumer = os.path.join(HERE, "async_consumer.c")
    command = ["cc", "-std=c11", *define, "-I", outside, *flags, consumer, *sources, *libraries]
    run([*command, "-pthread", "-o", program])
    run([program], env=environment, timeout=300)
    print(f"libcmio-async, {len(sources)} files, builds against the installed libcmio alone")


def test(meson, root, kind):
    needs("pkg-config")
    programs = [program for program in PROGRAMS if shutil.which(program[0])]
    expect(programs, "no compiler: neither cc nor c++")
    release = header_version(root)
    with tempfile.TemporaryDirectory() as scratch:
        environment = helpless_environment()
        prefix, library_folder = install(meson, root, scratch, kind, environment)
        check_headers(root, prefix)
        check_fields(root, prefix)
        check_kind(library_folder, kind)
        for name in LIBRARIES:
            file = os.path.join(library_folder, "pkgconfig", f"{name}.pc")
            modversion = pkg_config(environment, file, "--modversion")
            expect(modversion == [release], f"pkg-config says {modversion}, version.h {release}")
            if kind == "shared" and sys.platform != "darwin":
                check_soname(library_folder, name, release)
        for program in programs:
            build_and_run(program, scratch, kind, environment, library_folder, release)
        strangers.check(scratch, environment, os.path.join(library_folder, "pkgconfig", "cmio.pc"))
        if kind == "static":
            build_async_outside(root, scratch, environment)
        else:
            check_system_prefix(meson, scratch, environment)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
