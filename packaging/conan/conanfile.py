# SPDX-License-Identifier: MIT
"""The recipe of cmio for Conan 2. scripts/recipes writes conandata.yml, which names the tarball: docs/packaging.md."""

import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.files import copy, get, load, rm, rmdir
from conan.tools.layout import basic_layout
from conan.tools.meson import Meson, MesonToolchain

required_conan_version = ">=2.0"


class CmioConan(ConanFile):
    name = "cmio"
    description = "Readiness-based, non-blocking I/O for C"
    license = "MIT"
    topics = ("event-loop", "epoll", "kqueue", "poll", "async", "coroutines")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    # with_async: libcmio-async, the component async of find_package().
    options = {"shared": [True, False], "fPIC": [True, False], "with_async": [True, False]}
    default_options = {"shared": False, "fPIC": True, "with_async": True}

    def configure(self):
        if self.options.shared:
            self.options.rm_safe("fPIC")
        # It is C: the package is the same for every C++ library.
        self.settings.rm_safe("compiler.libcxx")
        self.settings.rm_safe("compiler.cppstd")

    def validate(self):
        if self.settings.os == "Windows":
            raise ConanInvalidConfiguration("cmio has no backend for Windows")

    def layout(self):
        basic_layout(self, src_folder="src")

    def build_requirements(self):
        self.tool_requires("meson/[>=0.63.0]")

    def source(self):
        get(self, **self.conan_data["sources"][self.version], strip_root=True)

    def generate(self):
        toolchain = MesonToolchain(self)
        for name in ["examples", "tests", "man"]:
            toolchain.project_options[name] = "disabled"
        # One kind of library. With rpath, a shared libcmio-async finds libcmio beside itself.
        toolchain.project_options["static"] = False
        toolchain.project_options["rpath"] = "enabled"
        toolchain.generate()

    def build(self):
        meson = Meson(self)
        meson.configure()
        meson.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        Meson(self).install()
        # Conan writes such files for each project, from package_info().
        rmdir(self, os.path.join(self.package_folder, "share"))
        for name in ["cmake", "pkgconfig"]:
            rmdir(self, os.path.join(self.package_folder, "lib", name))
        if not self.options.with_async:
            self._remove_async()

    def _remove_async(self):
        """libcmio-async, its headers, and the headers that need them."""
        include = os.path.join(self.package_folder, "include", "cmio")
        rm(self, "libcmio-async*", os.path.join(self.package_folder, "lib"))
        rmdir(self, os.path.join(include, "async"))
        for name in os.listdir(include):
            if "#include <cmio/async" in load(self, os.path.join(include, name)):
                rm(self, name, include)

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "cmio")
        self._component("cmio", "cmio::cmio", "cmio", [])
        if self.options.with_async:
            self._component("async", "cmio::async", "cmio-async", ["cmio"])

    def _component(self, name, target, library, requires):
        component = self.cpp_info.components[name]
        component.set_property("cmake_target_name", target)
        component.set_property("pkg_config_name", library)
        component.libs = [library]
        component.requires = requires
        if self.settings.os in ["Linux", "FreeBSD"]:
            component.system_libs = ["pthread"]
