# SPDX-License-Identifier: MIT
"""Makes the tarball of a release: meson dist, of what is committed."""

import glob
import os

from fresh_debian import FOLDER, Failure, copy_sources, run

PARTS = ["-Dexamples=disabled", "-Dtests=disabled", "-Dman=disabled"]
GIT = ["git", "-c", "user.name=cmio", "-c", "user.email=cmio@localhost", "-c", "commit.gpgSign=false"]


def make(tree, build, run_command):
    """The tarball of a tree that git knows; build is a folder to be made. run_command(command, what) runs it all."""
    run_command(["meson", "setup", build, tree, *PARTS], "setting up for the tarball")
    run_command(["meson", "dist", "-C", build, "--no-tests", "--formats", "xztar"], "making the tarball")
    found = glob.glob(os.path.join(build, "meson-dist", "*.tar.xz"))
    if len(found) != 1:
        raise Failure(f"meson dist made {len(found)} tarballs, not 1")
    return found[0]


def version_of(tarball):
    return os.path.basename(tarball)[len("cmio-") : -len(".tar.xz")]


def of_sources(release):
    """The tarball of the sources as they are, committed or not. It is made once for all sections."""
    folder = os.path.join(FOLDER, "tarball")
    found = glob.glob(os.path.join(folder, "*.tar.xz"))
    if found:
        return found[0]
    clone = os.path.join(release.scratch("tarball"), "cmio")
    copy_sources(clone)
    for words in [["init", "--quiet"], ["add", "--all", "--force"], ["commit", "--quiet", "--message=All"]]:
        run([*GIT, "-C", clone, *words], "committing the sources")
    made = make(clone, os.path.join(folder, "build"), run)
    tarball = os.path.join(folder, os.path.basename(made))
    os.rename(made, tarball)
    return tarball
