# SPDX-License-Identifier: MIT
"""A project of someone else's that uses an installed cmio. Its programs print the library's version."""

import os
import shutil

from command import ROOT
from fresh_debian import run

PROGRAMS = {"consumer": "cmio", "async_consumer": "cmio-async"}

CMAKE = """\
cmake_minimum_required(VERSION 3.16)
project(second C)
set(CMAKE_C_STANDARD 11)
find_package(cmio @VERSION@ EXACT REQUIRED COMPONENTS async)
add_executable(consumer consumer.c)
target_link_libraries(consumer PRIVATE cmio::cmio)
add_executable(async_consumer async_consumer.c)
target_link_libraries(async_consumer PRIVATE cmio::async)
"""


class Project:
    """The sources, and what a command needs in its environment to use the installation."""

    def __init__(self, folder, version, environment=()):
        os.makedirs(folder)
        for name in PROGRAMS:
            shutil.copy(os.path.join(ROOT, "tests", "package", f"{name}.c"), folder)
        self.folder = folder
        self.version = version
        self.environment = [f"{name}={value}" for name, value in dict(environment).items()]

    def type(self, text, what):
        run(["env", *self.environment, "sh", "-euxc", f"cd '{self.folder}'\n{text}"], f"a second project, {what}")

    def run_programs(self, folder, what):
        for name in PROGRAMS:
            self.type(f'said=$({folder}/{name})\n[ "$said" = {self.version} ]', f"{what}: running {name}")

    def build_with_pkg_config(self, options=""):
        for name, library in PROGRAMS.items():
            self.type(f"cc -std=c11 {name}.c $(pkg-config {options} --cflags --libs {library}) -o {name}",
                      f"pkg-config: compiling {name}")
        self.run_programs(".", "pkg-config")

    def build_with_cmake(self, *options):
        with open(os.path.join(self.folder, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write(CMAKE.replace("@VERSION@", self.version))
        words = " ".join(f"'{option}'" for option in options)
        self.type(f"cmake -S . -B cmake-build {words}\ncmake --build cmake-build", "CMake")
        self.run_programs("cmake-build", "CMake")
