# SPDX-License-Identifier: MIT
"""Installs cmio into a scratch prefix, moves that, and builds a CMake project of someone else's against it.

usage: cmake.py MESON SOURCE_ROOT shared|static|both

The project asks for cmio as docs/installing.md says, with find_package(cmio) and its component async, in
C and in C++. The prefix has been moved by then, so no file for CMake may name the place of installation.
What must not be found is looked for too: other versions, a component that does not exist, a library that
is not there. With both
kinds, the libraries lie deeper below the prefix, as on Debian.
"""

import os
import shutil
import sys
import tempfile

from scratch import QUICK, Failure, expect, header_version, main, needs, plain_environment, run

HERE = os.path.dirname(os.path.abspath(__file__))
OPTIONS = {
    "shared": ["-Dstatic=false"],
    "static": ["-Ddefault_library=static"],
    "both": ["--libdir", "lib/deep/down"],
}
PROGRAMS = {"loop": "consumer.c", "class": "consumer.cpp", "tasks": "async_consumer.c"}

PROJECT = """\
cmake_minimum_required(VERSION 3.16)
project(outside C CXX)
set(CMAKE_C_STANDARD 11)
set(CMAKE_CXX_STANDARD 17)
find_package(cmio @VERSION@ REQUIRED)
add_executable(loop consumer.c)
target_link_libraries(loop PRIVATE cmio::cmio)
add_executable(class consumer.cpp)
target_link_libraries(class PRIVATE cmio::cmio)
if(TARGET cmio::async)
  message(FATAL_ERROR "nobody asked for cmio::async yet")
endif()
find_package(cmio REQUIRED COMPONENTS async)
add_executable(tasks async_consumer.c)
target_link_libraries(tasks PRIVATE cmio::async)
if(NOT cmio_VERSION VERSION_EQUAL @RELEASE@)
  message(FATAL_ERROR "cmio_VERSION is ${cmio_VERSION}")
endif()
"""

# What a project may ask for, and what comes: the arguments of find_package, and whether it is found.
ASKED = [
    ("", True),
    ("0", True),
    ("@MINOR@", True),
    ("@RELEASE@ EXACT", True),
    ("@MINOR@...<1", True),
    ("0.0...@RELEASE@", True),
    ("0.0.9", False),
    ("0.0...<@RELEASE@", False),
    ("@MINOR@.999", False),
    ("@MINOR@.999 EXACT", False),
    ("1", False),
    ("99", False),
    ("COMPONENTS async", True),
    ("@MINOR@ COMPONENTS async", True),
    ("COMPONENTS nonsense", False),
    ("COMPONENTS async nonsense", False),
    ("OPTIONAL_COMPONENTS nonsense", True),
    ("COMPONENTS async OPTIONAL_COMPONENTS nonsense", True),
]
ASKING = """\
cmake_minimum_required(VERSION 3.19)
project(asking C)
set(place "${cmio_DIR}")
function(ask found)
  set(cmio_DIR "${place}" CACHE PATH "" FORCE) # CMake forgets it when it finds no such version
  find_package(cmio QUIET ${ARGN})
  if((cmio_FOUND AND NOT found) OR (found AND NOT cmio_FOUND))
    message(SEND_ERROR "find_package(cmio ${ARGN}): cmio_FOUND is '${cmio_FOUND}', not ${found}")
  endif()
  if(cmio_nonsense_FOUND)
    message(SEND_ERROR "find_package(cmio ${ARGN}) found the component nonsense")
  endif()
  if(found AND "async" IN_LIST ARGN AND NOT cmio_async_FOUND)
    message(SEND_ERROR "find_package(cmio ${ARGN}): cmio_async_FOUND is not set")
  endif()
endfunction()
"""


def install(meson, root, scratch, kind, environment):
    """Installs into one folder and moves that to another, which is the answer, and the library's folder."""
    build, prefix = os.path.join(scratch, "build"), os.path.join(scratch, "prefix")
    parts = [*QUICK, "-Dexamples=disabled", "-Dtests=disabled", "-Dman=disabled"]
    run([meson, "setup", build, root, "--prefix", prefix, *OPTIONS[kind], *parts], env=environment)
    run([meson, "compile", "-C", build], env=environment)
    run([meson, "install", "-C", build, "--no-rebuild"], env=environment)
    moved = os.path.join(scratch, "moved here")
    os.rename(prefix, moved)
    return moved, os.path.join(moved, "lib", "deep", "down") if kind == "both" else os.path.join(moved, "lib")


class Outside:
    """CMake projects that are shown the moved prefix."""

    def __init__(self, scratch, library_folder, release, environment):
        self.scratch = scratch
        self.place = f"-Dcmio_DIR={os.path.join(library_folder, 'cmake', 'cmio')}"
        self.release = release
        self.environment = environment
        self.count = 0

    def fill(self, text):
        minor = ".".join(self.release.split(".")[:2])
        return text.replace("@RELEASE@", self.release).replace("@MINOR@", minor)

    def configure(self, text, *options):
        """Sets a project up with this CMakeLists.txt; returns its build folder."""
        self.count += 1
        project = os.path.join(self.scratch, f"project{self.count}")
        build = os.path.join(project, "build")
        os.mkdir(project)
        for source in PROGRAMS.values():
            shutil.copy(os.path.join(HERE, source), project)
        with open(os.path.join(project, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write(self.fill(text))
        run(["cmake", "-S", project, "-B", build, self.place, *options], env=self.environment)
        return build

    def build_and_run(self, uses_shared, *options):
        build = self.configure(PROJECT.replace("@VERSION@", "@MINOR@"), *options)
        run(["cmake", "--build", build], env=self.environment)
        for name in PROGRAMS:
            program = os.path.join(build, name)
            said = run([program], env=self.environment, timeout=300)
            expect(said.strip() == self.release, f"{name} said {said!r}, not {self.release}")
            if shutil.which("readelf"):
                shared = "libcmio" in run(["readelf", "--dynamic", program])
                expect(shared == uses_shared, f"{name} uses a shared library: {shared}")
            print(f"{name}: runs with cmio {self.release}, {'shared' if uses_shared else 'static'}")

    def ask(self):
        """One project for each question: what find_package finds, it remembers."""
        lines = [ASKING] + [f"ask({str(found).upper()} {asked})\n" for asked, found in ASKED]
        self.configure("".join(lines))

    def must_fail(self, text, words, *options):
        try:
            self.configure(text, *options)
        except Failure as failure:
            said = " ".join(str(failure).split())
            expect(words in said, f"CMake did not say {words!r}:\n{failure}")
            return
        raise Failure(f"CMake accepted:\n{text}")


REQUIRED = "cmake_minimum_required(VERSION 3.16)\nproject(failing C)\nfind_package(cmio REQUIRED @ARGUMENTS@)\n"


def check_refusals(outside, kind, library_folder):
    outside.must_fail(REQUIRED.replace("@ARGUMENTS@", "COMPONENTS nonsense"), "cmio has no component nonsense")
    if kind == "shared":
        text = REQUIRED.replace("@ARGUMENTS@", "")
        outside.must_fail(text, "the static library for cmio::cmio is not in", "-Dcmio_USE_STATIC_LIBS=ON")
    # A distribution may have libcmio-async in a package of its own.
    for name in os.listdir(library_folder):
        if name.startswith("libcmio-async"):
            os.remove(os.path.join(library_folder, name))
    outside.configure(REQUIRED.replace("@ARGUMENTS@", "OPTIONAL_COMPONENTS async"))
    outside.must_fail(REQUIRED.replace("@ARGUMENTS@", "COMPONENTS async"), "the library for cmio::async is not in")


def check_files(prefix, library_folder, scratch, root):
    folder = os.path.join(library_folder, "cmake", "cmio")
    names = sorted(os.listdir(folder))
    expect(names == ["cmioConfig.cmake", "cmioConfigVersion.cmake"], f"{folder} holds {names}")
    for name in names:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            text = file.read()
        for place in [prefix, os.path.join(scratch, "prefix"), root]:
            expect(place not in text, f"{name} names {place}")


def test(meson, root, kind):
    needs("cmake", "cc", "c++")
    with tempfile.TemporaryDirectory() as scratch:
        environment = plain_environment()
        prefix, library_folder = install(meson, root, scratch, kind, environment)
        check_files(prefix, library_folder, scratch, root)
        outside = Outside(scratch, library_folder, header_version(root), environment)
        outside.build_and_run(kind != "static")
        if kind == "both":
            outside.build_and_run(False, "-Dcmio_USE_STATIC_LIBS=ON")
            outside.ask()
        check_refusals(outside, kind, library_folder)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
