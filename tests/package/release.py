# SPDX-License-Identifier: MIT
"""Has scripts/release make releases of a copy of the tree, and looks at what it leaves behind.

usage: release.py SOURCE_ROOT

In the copy, which is a repository of its own, everything is made ready for a version. scripts/abi-check, scripts/test
and scripts/release-check of the copy are stand-ins: each notes that it ran, and does what the test wants.
"""

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

from scratch import copy_sources, expect, main, needs, plain_environment, run

VERSION, TAG = "98.76.54", "v98.76.54"
# What a release does not read, beside what the tarball's meson.build needs.
NOT_READ = ("bench", "examples", "fuzz", "tests", "static")
CHECKS = ["abi-check", "test", "release-check"]
PATIENCE = 60
SCRIPT_ITSELF = [("--help",), ("1.2",), ("--dry-run", VERSION)]

STANDIN = """#!/bin/sh
echo "$(basename "$0") $*" >>"$SCENE/ran"
[ ! -e "$SCENE/$(basename "$0")" ] || . "$SCENE/$(basename "$0")"
"""
HEADING = f"## {VERSION} (2026-02-28)"
# Each place of a version, by file: a pattern, and what it is replaced by. VERSION stands for the version.
PLACES = [
    ("meson.build", r"(  version: ')[^']+", r"\g<1>VERSION"),
    ("include/cmio/version.h", r'(CMIO_VERSION_STRING ")[^"]+', r"\g<1>VERSION"),
    ("docs/installing.md", r"(directory = cmio-)\S+", r"\g<1>VERSION"),
    ("debian/changelog", r"\Acmio \([^)]+", r"cmio (VERSION"),
    ("packaging/rpm/cmio.spec", r"(?m)^(Version: +)\S+", r"\g<1>VERSION"),
    ("packaging/rpm/cmio.spec", r"(%changelog\n.* - )\S+", r"\g<1>VERSION-1"),
]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class Copy:
    """A copy of the tree in a repository of its own, and the scene: what the stand-ins read and write."""

    def __init__(self, root, scratch):
        self.tree, self.scene = os.path.join(scratch, "tree"), os.path.join(scratch, "scene")
        self.release = os.path.join(self.tree, "build", "release")
        self.folder = os.path.join(self.release, f"cmio-{VERSION}")
        os.mkdir(self.scene)
        copy_sources(root, self.tree, NOT_READ)
        for name in CHECKS:
            self.write(f"scripts/{name}", STANDIN)
        self.environment = {**plain_environment(), "SCENE": self.scene, "GIT_CONFIG_GLOBAL": os.devnull}
        self.environment.update({"GIT_CONFIG_NOSYSTEM": "1", "HOME": scratch})
        self.git("init", "--quiet")
        for name, value in [("user.name", "cmio"), ("user.email", "cmio@localhost")]:
            self.git("config", name, value)
        self.commit("As it is")

    def git(self, *words):
        return run(["git", "-C", self.tree, *words], env=self.environment).strip()

    def commit(self, subject):
        self.git("add", "--all")
        self.git("commit", "--quiet", f"--message={subject}")

    def write(self, path, text):
        write(os.path.join(self.tree, path), text)

    def replace(self, path, pattern, replacement):
        before = read(os.path.join(self.tree, path))
        text, count = re.subn(pattern, replacement, before, count=1)
        expect(count == 1, f"{path} has no {pattern}")
        self.write(path, text)
        return lambda: self.write(path, before)

    def make_ready(self):
        for path, pattern, replacement in PLACES:
            if os.path.exists(os.path.join(self.tree, path)):
                self.replace(path, pattern, replacement.replace("VERSION", VERSION))
        self.replace("NEWS.md", r"(?m)^## .*", f"{HEADING}\n\n### A part\n\n- What is new.\n\n## 0.0.1 (2020-02-29)")
        self.commit("Ready")

    def start(self, *arguments):
        """Starts scripts/release, without the part of it that looks for packages, which takes a while."""
        command = [sys.executable, "-B", os.path.join(self.tree, "scripts", "lib", "release.py"), *arguments]
        if arguments in SCRIPT_ITSELF:
            command = [os.path.join(self.tree, "scripts", "release"), *arguments]
        return subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def set_scene(self, name, text):
        """What the stand-in of this name does, in its shell."""
        write(os.path.join(self.scene, name), text)

    def clear_scene(self):
        for name in os.listdir(self.scene):
            os.unlink(os.path.join(self.scene, name))

    def ran(self):
        path = os.path.join(self.scene, "ran")
        return read(path).splitlines() if os.path.exists(path) else []

    def expect_nothing_done(self, what, said):
        """There is no tag, no folder of the release, and no part of one."""
        expect(self.git("tag") == "", f"{what}: there is a tag\n{said}")
        left = os.listdir(self.release) if os.path.exists(self.release) else []
        left = [name for name in left if not name.endswith(".log")]
        expect(not left, f"{what}: left in build/release: {left}\n{said}")


def must_end(copy, what, status, words, *arguments):
    """Runs scripts/release; what it says has these words."""
    process = copy.start(*arguments)
    said = process.communicate(timeout=600)[0]
    missing = [word for word in words if word not in said]
    expect(process.returncode == status, f"{what}: exit status {process.returncode}, not {status}\n{said}")
    expect(not missing, f"{what}: not said: {missing}\n{said}")
    print(f"{what}: exit status {status}, as it should be")
    return said


def must_refuse(copy, what, words, *arguments):
    said = must_end(copy, what, 1, words, *(arguments or [VERSION]))
    copy.expect_nothing_done(what, said)


def try_arguments(copy):
    for arguments in [[], ["1.2"], ["v1.2.3"], ["--nonsense", VERSION], [VERSION, VERSION], ["--url", "x", VERSION]]:
        said = must_end(copy, f"arguments {arguments}", 2, ["usage"], *arguments)
        copy.expect_nothing_done(arguments, said)
    must_end(copy, "--help", 0, ["usage", "--dry-run", "--skip-checks", "exit status"], "--help")


def try_versions(copy):
    """Before everything is ready, each place is named. Then each alone is."""
    present = [place for place in PLACES if os.path.exists(os.path.join(copy.tree, place[0]))]
    must_refuse(copy, "no version is right", ["NEWS.md begins with", *(path for path, _, _ in present)])
    copy.make_ready()
    for path, pattern, replacement in present:
        back = copy.replace(path, pattern, replacement.replace("VERSION", "98.76.53"))
        copy.commit("Wrong")
        must_refuse(copy, f"a wrong version in {path}", [path, "98.76.53"])
        back()
        copy.commit("Right")


def try_news(copy):
    for heading in ["## Unreleased", f"## {VERSION}", f"## {VERSION} (2026-02-30)", f"## {VERSION} (soon)",
                    f"## {VERSION} (2026-02-28", "## 98.76.53 (2026-02-28)"]:
        back = copy.replace("NEWS.md", r"(?m)^## .*", heading)
        copy.commit("Wrong")
        must_refuse(copy, f"the heading {heading!r}", ["NEWS.md", heading])
        back()
        copy.commit("Right")


def try_tree(copy):
    copy.write("new file", "")
    must_refuse(copy, "a new file", ["uncommitted changes", "new file"])
    os.unlink(os.path.join(copy.tree, "new file"))
    back = copy.replace("README.md", r"\A", "More.\n")
    must_refuse(copy, "a changed file", ["uncommitted changes", "README.md"])
    back()
    copy.git("tag", TAG)
    said = must_end(copy, "a tag that exists", 1, [f"the tag {TAG} exists already"], VERSION)
    copy.git("tag", "--delete", TAG)
    copy.expect_nothing_done("a tag that exists", said)
    expect(copy.ran() == [], f"checks ran although it could not succeed: {copy.ran()}")
    copy.git("config", "user.useConfigOnly", "true")
    copy.git("config", "--unset", "user.email")
    must_refuse(copy, "nobody who could tag", ["git var failed"])
    copy.git("config", "user.email", "cmio@localhost")


def try_failing_checks(copy):
    for number, name in enumerate(CHECKS):
        copy.clear_scene()
        copy.set_scene(name, "echo 'what went wrong'; exit 3\n")
        must_refuse(copy, f"scripts/{name} fails", ["what went wrong", f"scripts/{name} failed"])
        expect(len(copy.ran()) == number + 1, f"after {name} failed, others ran: {copy.ran()}")


def try_change_meanwhile(copy):
    copy.clear_scene()
    copy.set_scene("release-check", 'echo more >>"$(dirname "$0")/../README.md"\n')
    must_refuse(copy, "a change while the checks run", ["uncommitted changes", "README.md"])
    copy.git("checkout", "--quiet", "README.md")


def wait_for(what, condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        expect(time.monotonic() < deadline, f"after {PATIENCE} s still not: {what}")
        time.sleep(0.02)


def is_running(number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(number, 0)
        return True
    return False


def try_interrupt(copy, number):
    copy.clear_scene()
    tell = 'echo $$ >"$SCENE/number.part" && mv "$SCENE/number.part" "$SCENE/number"\n'
    copy.set_scene("test", f"{tell}exec sleep 1000\n")
    process = copy.start(VERSION)
    where = os.path.join(copy.scene, "number")
    wait_for("the check runs", lambda: os.path.exists(where) or process.poll() is not None)
    process.send_signal(number)
    said = process.communicate(timeout=600)[0]
    expect(process.returncode == 128 + number, f"interrupted: exit status {process.returncode}\n{said}")
    expect(not is_running(int(read(where))), f"interrupted: the check still runs\n{said}")
    copy.expect_nothing_done("interrupted", said)
    print(f"interrupted by signal {number}: exit status {128 + number}, as it should be")


def check_files(copy, more=()):
    """The tarball has what is committed, and the sums are its sums."""
    name = f"cmio-{VERSION}.tar.xz"
    expect(sorted(os.listdir(copy.folder)) == sorted([name, "SHA256SUMS", *more]), f"{os.listdir(copy.folder)}")
    path = os.path.join(copy.folder, name)
    with open(path, "rb") as file:
        found = hashlib.sha256(file.read()).hexdigest()
    expect(read(os.path.join(copy.folder, "SHA256SUMS")) == f"{found}  {name}\n", "SHA256SUMS is wrong")
    with tarfile.open(path) as archive:
        names = {member.name for member in archive.getmembers() if not member.isdir()}
    wanted = {f"cmio-{VERSION}/{file}" for file in copy.git("ls-files").splitlines()}
    expect(names == wanted, f"only in the tree, or only in the tarball: {sorted(names ^ wanted)}")
    expect(os.listdir(copy.release).count("part") == 0, "build/release/part is still there")
    return found


def try_without_tag(copy):
    copy.clear_scene()
    arguments = ["--skip-checks", "--url", "https://example.org/files/", VERSION]
    must_end(copy, "--skip-checks", 0, ["There is no tag, because the checks were skipped"], *arguments)
    found = check_files(copy, ["conan", "vcpkg"])
    expect(copy.ran() == [] and copy.git("tag") == "", f"--skip-checks: it ran {copy.ran()}, or made a tag")
    data = read(os.path.join(copy.folder, "conan", "conandata.yml"))
    expect(found in data and f"https://example.org/files/cmio-{VERSION}.tar.xz" in data, f"conandata.yml:\n{data}")


def try_dry_run(copy):
    copy.clear_scene()
    must_end(copy, "--dry-run", 0, ["There is no tag, because this is a dry run"], "--dry-run", VERSION)
    check_files(copy)
    expect(len(copy.ran()) == len(CHECKS) and copy.git("tag") == "", f"--dry-run: it ran {copy.ran()}, or made a tag")


def try_release(copy):
    copy.clear_scene()
    words = [f"gpg --armor --detach-sign build/release/cmio-{VERSION}/SHA256SUMS", f"git push origin {TAG}"]
    must_end(copy, "a release", 0, words, VERSION)
    check_files(copy)
    expect(copy.ran() == ["abi-check --exact", "test ", "release-check "], f"the checks that ran: {copy.ran()}")
    expect(copy.git("cat-file", "-t", TAG) == "tag", "the tag is not annotated")
    expect(copy.git("rev-parse", f"{TAG}^{{}}") == copy.git("rev-parse", "HEAD"), "the tag is of another commit")
    text = copy.git("tag", "--list", "--format=%(contents)", TAG)
    expect(text == f"cmio {VERSION}\n\n### A part\n\n- What is new.", f"the text of the tag:\n{text}")
    must_end(copy, "the release once more", 1, ["exists already"], VERSION)
    check_files(copy)


def test(root):
    needs("git", "meson", "xz", "cc")
    with tempfile.TemporaryDirectory() as scratch:
        copy = Copy(root, scratch)
        try_arguments(copy)
        try_versions(copy)
        try_news(copy)
        try_tree(copy)
        try_failing_checks(copy)
        try_interrupt(copy, signal.SIGINT)
        try_interrupt(copy, signal.SIGTERM)
        try_change_meanwhile(copy)
        try_without_tag(copy)
        try_dry_run(copy)
        try_release(copy)
        without_git = os.path.join(copy.tree, ".git")
        shutil.rmtree(without_git)
        must_end(copy, "no repository", 1, ["not a git tree"], VERSION)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
