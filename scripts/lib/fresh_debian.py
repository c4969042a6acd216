# SPDX-License-Identifier: MIT
"""A fresh Debian in a folder, and what the sections of scripts/release-check share."""

import glob
import os
import re
import shutil
import subprocess
import sys

from command import BUILD, ROOT, start

FOLDER = os.path.join(BUILD, "release-check")
LOG = os.path.join(BUILD, "release-check.log")
LOOPBACK = os.path.join(ROOT, "scripts", "lib", "loopback.py")
# All that a command finds in its environment, but for HOME.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE = 7200
# Terminals of its own, which anybody may open.
TERMINALS = "newinstance,ptmxmode=666,mode=620,gid=5"
# What may lie in a tree that somebody works in, and is not in a clone.
NOT_CLONED = ("__pycache__", "*.pyc")
NOT_CLONED_AT_TOP = ("build*", ".git", "subprojects")


class Failure(Exception):
    """What went wrong, in words."""


def say(text):
    print(text, flush=True)
    with open(LOG, "a", encoding="utf-8") as log:
        log.write(f"\n===== {text}\n")


def run(command, what):
    """Runs a command, its output to the log."""
    with open(LOG, "ab") as log:
        process = start(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            status = process.wait(PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise Failure(f"{what}: not finished after {PATIENCE} s") from error
    if status != 0:
        with open(LOG, encoding="utf-8", errors="replace") as file:
            last = "".join(file.readlines()[-15:])
        raise Failure(f"{what}: exit status {status}:\n{last}")


def mirror_of_apt():
    """The first mirror of Debian among apt's sources."""
    for path in ["/etc/apt/sources.list", *sorted(glob.glob("/etc/apt/sources.list.d/*"))]:
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                found = re.search(r"^(?:deb .*?|URIs:.*?)(https?://\S+/debian)/?(?:\s|$)", file.read(), re.M)
            if found:
                return found.group(1)
    raise Failure("apt knows no mirror of Debian here: name one with --mirror URL")


def copy_sources(folder):
    """Copies what a clone would have into a new folder."""
    anywhere, at_top = shutil.ignore_patterns(*NOT_CLONED), shutil.ignore_patterns(*NOT_CLONED_AT_TOP)

    def ignore(path, names):
        return anywhere(path, names) | (at_top(path, names) if path == ROOT else set())

    shutil.copytree(ROOT, folder, ignore=ignore, symlinks=True)


class Debian:
    """A fresh Debian with a copy of the sources, and somebody who types there."""

    def __init__(self, base, name, user):
        self.top = os.path.join(FOLDER, name)
        self.user = user
        self.home = "/root" if user == "root" else f"/home/{user}"
        self.sources = f"{self.home}/cmio"
        run(["cp", "--archive", "--one-file-system", base, self.top], "copying the Debian")
        run(["mount", "-t", "proc", "proc", f"{self.top}/proc"], "mounting /proc")
        run(["mount", "-t", "devpts", "-o", TERMINALS, "devpts", f"{self.top}/dev/pts"], "mounting /dev/pts")
        shutil.copy("/etc/resolv.conf", f"{self.top}/etc/resolv.conf")
        if user != "root":
            self.type("root", "/", f"useradd --create-home --shell /bin/sh {user}")
        copy_sources(self.top + self.sources)
        self.type("root", "/", f"chown -R {user}: {self.sources}")

    def command(self, user, folder, text):
        home = "/root" if user == "root" else self.home
        inside = ["env", "-i", f"PATH={PATH}", f"HOME={home}", "sh", "-exuc", f"cd {folder}\n{text}"]
        return ["chroot", f"--userspec={user}:{user}", self.top, *inside]

    def type(self, user, folder, text):
        run(self.command(user, folder, text), f"as {user}: {text.strip().splitlines()[-1]}")

    def type_alone(self, user, folder, text, what):
        """In a network of its own, where every port of loopback is free and nothing else can be reached."""
        alone = ["unshare", "--net", sys.executable, "-B", LOOPBACK]
        run([*alone, *self.command(user, folder, text)], f"{what} as {user}")

    def write(self, name, text):
        path = self.top + self.sources + "/" + name
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o644)


class Release:
    """What the sections of one run share. The base of every Debian is made when the first one is asked for."""

    def __init__(self, mirror, suite):
        self.mirror = mirror
        self.suite = suite
        self.base = os.path.join(FOLDER, "base")

    def debian(self, name, user="root"):
        """A new Debian in the folder of this name, with the sources in the user's home."""
        if not os.path.isdir(self.base):
            mirror = self.mirror or mirror_of_apt()
            say(f"A fresh Debian, {self.suite}, from {mirror}")
            run(["debootstrap", "--variant=minbase", self.suite, self.base, mirror], "debootstrap")
        return Debian(self.base, name, user)

    def scratch(self, name):
        """A new folder of this name, outside of any Debian. It is removed at the end."""
        path = os.path.join(FOLDER, name)
        os.makedirs(path)
        return path


def unmount_everything():
    """What is mounted below the folder, the last first."""
    with open("/proc/mounts", encoding="utf-8") as file:
        points = [line.split()[1] for line in file]
    for point in reversed([point for point in points if point.startswith(FOLDER + os.sep)]):
        subprocess.run(["umount", "--lazy", point], check=False)


def clean_up():
    unmount_everything()
    with open("/proc/mounts", encoding="utf-8") as file:
        if FOLDER + os.sep in file.read():
            raise Failure(f"{FOLDER} stays, because something is still mounted below it")
    shutil.rmtree(FOLDER, ignore_errors=True)
