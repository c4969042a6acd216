# SPDX-License-Identifier: MIT
"""Builds a project with the package, and runs its programs: conan create does so by itself."""

import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class TestPackage(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "CMakeToolchain"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        if not can_run(self):
            return
        for name in ["wake", "task"]:
            program = os.path.join(self.cpp.build.bindir, name)
            if os.path.exists(program):  # without libcmio-async there is no task
                self.run(program, env="conanrun")
