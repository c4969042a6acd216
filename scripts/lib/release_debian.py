# SPDX-License-Identifier: MIT
"""The section debian of scripts/release-check: the packages are built, looked at, used and removed.

They are built in one Debian, by an ordinary user without a network, and used in another, which has nothing but
what they depend on and what their tests name.
"""

import glob
import os
import re
import shutil

from command import ROOT
from fresh_debian import Failure, run, say

BUILDER = "builder"
TOOLS = "build-essential lintian"
# As lintian names its levels: all of them.
LEVELS = "error,warning,info,pedantic,experimental"
# Where a package that is gone may leave something, since others write there: caches, logs, the lists of apt, and
# what autopkgtest tells apt.
NOT_COMPARED = ("/dev", "/etc/apt", "/home", "/proc", "/root", "/run", "/tmp", "/var/cache", "/var/lib/apt", "/var/log")
BUILD = """
cp -r {sources} {folder}/cmio
cd {folder}/cmio
DEB_BUILD_OPTIONS="{options}" dpkg-buildpackage --no-sign
"""


def packages_of(control):
    return re.findall(r"^Package: (\S+)$", control, re.MULTILINE)


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def tools_of_tests(ours):
    """What the tests need, but for the packages themselves."""
    lines = re.findall(r"^Depends: (.*)$", read("debian", "tests", "control"), re.MULTILINE)
    return sorted({word for line in lines for word in re.findall(r"[^\s,]+", line)} - set(ours))


def build(debian, name, options):
    """Builds the packages into a new folder of the user's, without a network. Returns that folder."""
    folder = f"{debian.home}/{name}"
    debian.type(BUILDER, debian.home, f"mkdir {folder}")
    text = BUILD.format(sources=debian.sources, folder=folder, options=options)
    debian.type_alone(BUILDER, folder, text, "dpkg-buildpackage")
    return folder


def debs_in(debian, folder):
    return sorted(glob.glob(f"{debian.top}{folder}/*.deb"))


def check_built(debian, folder, ours):
    """Each package of debian/control was built, and nothing else but their debugging symbols."""
    built = {os.path.basename(path).split("_")[0] for path in debs_in(debian, folder)}
    built = {name for name in built if not name.endswith("-dbgsym")}
    if built != set(ours):
        raise Failure(f"built are {sorted(built)}, not {sorted(ours)}")


def check_again(debian, first, second):
    """A second build, in another folder and without the tests, makes the same packages."""
    for path in debs_in(debian, first):
        name = os.path.basename(path)
        run(["cmp", path, f"{debian.top}{second}/{name}"], f"comparing two builds of {name}")


def check_build(release, ours):
    """Returns the packages, on this side of the folder of the Debian that made them."""
    debian = release.debian("debian-build", BUILDER)
    sources = f"cd {debian.sources}"
    debian.type("root", "/", f"apt-get update\napt-get install -y --no-install-recommends {TOOLS}")
    debian.type("root", "/", f"{sources}\napt-get build-dep -y --no-install-recommends ./")
    say("Building the packages, with their tests")
    first = build(debian, "first", "")
    check_built(debian, first, ours)
    say("lintian")
    debian.type(BUILDER, first, f"lintian --fail-on {LEVELS} -EvIL +pedantic cmio_*.changes")
    say("Building them again, to compare")
    check_again(debian, first, build(debian, "somewhere-else", "nocheck"))
    return [path for path in debs_in(debian, first) if "-dbgsym_" not in path]


def files_in(debian):
    """All paths of the Debian, but for those below NOT_COMPARED."""
    found = set()
    for folder, folders, names in os.walk(debian.top):
        there = folder[len(debian.top) :]
        folders[:] = [name for name in folders if f"{there}/{name}" not in NOT_COMPARED]
        found |= {f"{there}/{name}" for name in [*folders, *names]}
    return {path for path in found if "/__pycache__" not in path}


def check_use(release, ours, debs):
    """Runs their tests where only they are installed, then removes them, and nothing of them is left."""
    debian = release.debian("debian-use", "reader")
    tools = " ".join(["autopkgtest", *tools_of_tests(ours)])
    debian.type("root", "/", f"apt-get update\napt-get install -y --no-install-recommends {tools}")
    before = files_in(debian)
    os.makedirs(f"{debian.top}/tmp/debs")
    for path in debs:
        shutil.copy(path, f"{debian.top}/tmp/debs")
    say("autopkgtest")
    tests = f"autopkgtest --user reader --no-built-binaries /tmp/debs/*.deb {debian.sources}/ -- null"
    debian.type("root", "/", tests)
    say("Installing all packages, and purging them")
    debian.type("root", "/", "apt-get install -y --no-install-recommends /tmp/debs/*.deb")
    if not any("cmio" in path for path in files_in(debian) - before):
        raise Failure("the installed packages have no files")
    debian.type("root", "/", f"apt-get purge -y --auto-remove {' '.join(ours)}")
    left = sorted(files_in(debian) - before)
    if left:
        raise Failure(f"the purged packages left {left}")


def check(release):
    ours = packages_of(read("debian", "control"))
    check_use(release, ours, check_build(release, ours))
    say("The Debian packages are built alike twice, pass lintian and their tests, and leave nothing behind")
