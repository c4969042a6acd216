# SPDX-License-Identifier: MIT
"""Ways to build cmio: each a folder under build/, compilers and Meson's options."""

import dataclasses
import functools
import json
import os
import shutil
import subprocess
import time

from command import BUILD, ROOT, logged, run, say


# ccache, if it is there, does not preprocess what it has not seen yet: for a fresh clone that is everything.
BUILDING = {"CCACHE_DEPEND": "1"}


@dataclasses.dataclass(frozen=True)
class Build:
    name: str
    compilers: tuple
    options: tuple = ()

    @property
    def path(self):
        return os.path.join(BUILD, self.name)

    @functools.cache  # what one stage has set up, the next takes as it is
    def set_up(self):
        """Configures the folder, afresh if it cannot be brought up to date; whether that worked."""
        environment = {"CC": self.compilers[0], "CXX": self.compilers[1]}
        command = ["meson", "setup", self.path, ROOT, *self.options]
        log = os.path.join(BUILD, self.name + "-setup.log")
        if os.path.exists(os.path.join(self.path, "meson-private", "coredata.dat")):
            if run([*command, "--reconfigure"], log, environment) == 0:
                return True
        shutil.rmtree(self.path, ignore_errors=True)
        return logged(command, log, environment)

    def needed_by(self, wanted):
        """The files of the targets that the tests need for which wanted(suites of the test) is true."""
        tests = [test for test in self.introspect("--tests") if wanted(test["suite"])]
        needed = {target for test in tests for target in test["depends"]}
        targets = [target for target in self.introspect("--targets") if target["id"] in needed]
        return sorted(os.path.relpath(target["filename"][0], self.path) for target in targets)

    def introspect(self, what):
        command = ["meson", "introspect", what, self.path]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    def make(self, *targets):
        """Builds all, or some targets by their names; whether that worked."""
        return self.compile(lambda: targets)

    def make_needed(self, wanted):
        """Builds what the wanted tests need, as needed_by() says; whether that worked."""
        return self.compile(lambda: [f"--ninja-args={self.needed_by(wanted)}"])

    def compile(self, arguments):
        """arguments() is asked once the folder is set up."""
        started = time.monotonic()
        log = os.path.join(BUILD, self.name + "-build.log")
        made = self.set_up()
        made = made and logged(["meson", "compile", "-C", self.path, *arguments()], log, BUILDING)
        if made:
            say(f"built build/{self.name} in {time.monotonic() - started:.0f} s")
        return made


def available(c, cxx):
    """These compilers, or the system's own where they are not there: not every system has a gcc."""
    return (c, cxx) if shutil.which(c) else ("cc", "c++")


GCC = available("gcc", "g++")
CLANG = ("clang", "clang++")

# A newer compiler warns of more: its warnings are shown. Those of these versions are errors.
KEPT_CLEAN_FOR = {"gcc": "12", "clang": "14"}


def strict(compilers):
    """The option that makes warnings errors, or none."""
    wanted = KEPT_CLEAN_FOR.get(compilers[0])
    if not wanted or not shutil.which(compilers[0]):
        return ()
    command = [compilers[0], "-dumpversion"]
    version = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return ("-Dwerror=true",) if version.split(".")[0] == wanted else ()


# Clang leaves the names of a sanitizer undefined in shared libraries: b_lundef would refuse that.
ADDRESS = ("-Db_sanitize=address,undefined", "-Db_lundef=false")
# Not optimized, or lines are merged with others that were not run.
COVERAGE = ("-Db_coverage=true", "-Doptimization=0", "-Dc_args=-fprofile-update=atomic")
THREAD = ("-Db_sanitize=thread", "-Db_lundef=false")
