# SPDX-License-Identifier: MIT
"""The section vcpkg of scripts/release-check: runs the port of packaging/vcpkg over a stand-in for vcpkg.

standin_vcpkg.cmake says what of vcpkg it has. vcpkg itself is not packaged by Debian.
"""

import json
import os

import another_hash
import recipes
import tarball
from command import ROOT
from fresh_debian import Failure, run, say
from second_project import Project

STANDIN = os.path.join(ROOT, "scripts", "lib", "standin_vcpkg.cmake")


def command(port, folder, linkage):
    defines = {"PORT_FOLDER": port, "FOLDER": folder, "VCPKG_LIBRARY_LINKAGE": linkage}
    return ["cmake", *(f"-D{name}={value}" for name, value in defines.items()), "-P", STANDIN]


def use(moved, folder, version, linkage):
    """vcpkg moves packages, so nothing may name the place of the build."""
    project = Project(folder, version, {
        "PKG_CONFIG_LIBDIR": os.path.join(moved, "lib", "pkgconfig"),
        "LD_LIBRARY_PATH": os.path.join(moved, "lib"),
    })
    project.build_with_pkg_config("--static" if linkage == "static" else "")
    project.build_with_cmake(f"-DCMAKE_PREFIX_PATH={moved}")


def check_manifest(port, version):
    with open(os.path.join(port, "vcpkg.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    if (manifest["name"], manifest["version"], manifest["license"]) != ("cmio", version, "MIT"):
        raise Failure(f"vcpkg.json says {manifest}")


def check(release):
    archive = tarball.of_sources(release)
    top, version = release.scratch("vcpkg"), tarball.version_of(archive)
    recipes.write(archive, top)
    port = os.path.join(top, "vcpkg")
    check_manifest(port, version)
    for linkage in ["static", "dynamic"]:
        say(f"The port for vcpkg, {linkage}, over a stand-in for vcpkg")
        folder = os.path.join(top, linkage)
        run(command(port, folder, linkage), f"the port for vcpkg, {linkage}")
        moved = os.path.join(top, f"{linkage}-installed")
        os.rename(os.path.join(folder, "package"), moved)
        use(moved, os.path.join(top, f"{linkage}-project"), version, linkage)
    another_hash.write(os.path.join(port, "portfile.cmake"), "SHA512 ")
    another_hash.must_be_refused(command(port, os.path.join(top, "spoilt"), "static"), "HASH")
    say("The port for vcpkg builds from the tarball, and a second project uses it")
