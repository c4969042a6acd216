# SPDX-License-Identifier: MIT
"""The section conan of scripts/release-check: runs the recipe of packaging/conan over a stand-in for Conan.

standin_conan.py says what of Conan it has. Conan itself is not packaged by Debian.
"""

import os
import sys

import another_hash
import recipes
import tarball
from command import ROOT
from fresh_debian import Failure, run, say

STANDIN = os.path.join(ROOT, "scripts", "lib", "standin_conan.py")
# Each with the files of libraries that the package must have.
KINDS = {
    "static": (["shared=False"], ["libcmio.a", "libcmio-async.a"]),
    "shared": (["shared=True"], ["libcmio.so", "libcmio-async.so"]),
    "without libcmio-async": (["with_async=False"], ["libcmio.a"]),
}


def check_package(folder, libraries, version):
    """It has these libraries, the headers and the licence, and nothing else."""
    sonames = [".".join([""] + version.split(".")[:2]), "." + version]
    wanted = set(libraries)
    wanted |= {name + more for name in libraries if name.endswith(".so") for more in sonames}
    found = set(os.listdir(os.path.join(folder, "lib")))
    if found != wanted:
        raise Failure(f"the Conan package has the libraries {sorted(found)}, not {sorted(wanted)}")
    if sorted(os.listdir(folder)) != ["include", "lib", "licenses"]:
        raise Failure(f"the Conan package has {sorted(os.listdir(folder))}")
    has_async = os.path.exists(os.path.join(folder, "include", "cmio", "async"))
    if os.path.exists(os.path.join(folder, "include", "cmio", "async.h")) != has_async:
        raise Failure(f"the Conan package has a part of the headers of libcmio-async: {folder}")
    if has_async != (len(libraries) == 2) or not os.path.exists(os.path.join(folder, "licenses", "LICENSE")):
        raise Failure(f"the Conan package lacks files, or has too many: {folder}")


def check(release):
    archive = tarball.of_sources(release)
    top, version = release.scratch("conan"), tarball.version_of(archive)
    recipes.write(archive, top)
    recipe = os.path.join(top, "conan")
    for name, (options, libraries) in KINDS.items():
        say(f"The Conan recipe, {name}, over a stand-in for Conan")
        folder = os.path.join(top, name.replace(" ", "-"))
        run([sys.executable, "-B", STANDIN, recipe, version, folder, *options], f"the Conan recipe, {name}")
        check_package(os.path.join(folder, "package"), libraries, version)
    another_hash.write(os.path.join(recipe, "conandata.yml"), 'sha256: "')
    command = [sys.executable, "-B", STANDIN, recipe, version, os.path.join(top, "spoilt")]
    another_hash.must_be_refused(command, "has the hash")
    say("The Conan recipe builds from the tarball, and its test package runs")
