# SPDX-License-Identifier: MIT
"""Follows README.md in a fresh Debian; scripts/release-check calls it in a namespace of its own for mounts."""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys

from command import BUILD, ROOT, Interrupted, listen_for_interrupts, start, stop_everything

FOLDER = os.path.join(BUILD, "release-check")
LOG = os.path.join(BUILD, "release-check.log")
PROGRAMS = os.path.join(ROOT, "tests", "package")
# All that a command of README.md finds in its environment, but for HOME.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE = 1800
# What may lie in a tree that somebody works in, and is not in a clone.
NOT_CLONED = ("build*", ".git", "subprojects", "__pycache__", "*.pyc")


class Failure(Exception):
    """What went wrong, in words."""


class Readme:
    """The commands and the programs of README.md."""

    def __init__(self):
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
            text = file.read()
        section = re.search(r"^## Install\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
        commands = re.findall(r"^```sh\n(.*?)^```", section.group(1) if section else "", re.M | re.S)
        if len(commands) != 3:
            raise Failure(f"README.md's section Install has {len(commands)} blocks of commands, not 3")
        self.as_root, self.compile, self.as_user = commands
        self.packages = "".join(re.findall(r"^apt-get .*\n", self.as_root, re.MULTILINE))
        blocks = re.findall(r"^```c\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        self.later = "".join(re.findall(r"^```sh\n(cc .*?)^```", text[section.end() :], re.M | re.S))
        self.named = re.findall(r"^```c (\S+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        self.server = one(blocks, "int main(")
        self.headers = {"client.h": one(blocks, "client_on_event("), "timer.h": one(blocks, "wait_with_timers(")}


def one(blocks, words):
    found = [block for block in blocks if words in block]
    if len(found) != 1:
        raise Failure(f"README.md has {len(found)} blocks of C with {words}...), not 1")
    return found[0]


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


class Debian:
    """A fresh Debian with a copy of the sources, and somebody who types there."""

    def __init__(self, base, name, user):
        self.top = os.path.join(FOLDER, name)
        self.user = user
        self.home = "/root" if user == "root" else f"/home/{user}"
        self.sources = f"{self.home}/cmio"
        run(["cp", "--archive", "--one-file-system", base, self.top], "copying the Debian")
        run(["mount", "-t", "proc", "proc", f"{self.top}/proc"], "mounting /proc")
        shutil.copy("/etc/resolv.conf", f"{self.top}/etc/resolv.conf")
        if user != "root":
            self.type("root", "/", f"useradd --create-home --shell /bin/sh {user}")
        there = self.top + self.sources
        shutil.copytree(ROOT, there, ignore=shutil.ignore_patterns(*NOT_CLONED), symlinks=True)
        self.type("root", "/", f"chown -R {user}: {self.sources}")

    def command(self, user, folder, text):
        home = "/root" if user == "root" else self.home
        inside = ["env", "-i", f"PATH={PATH}", f"HOME={home}", "sh", "-exuc", f"cd {folder}\n{text}"]
        return ["chroot", f"--userspec={user}:{user}", self.top, *inside]

    def type(self, user, folder, text):
        run(self.command(user, folder, text), f"as {user}: {text.strip().splitlines()[-1]}")

    def write(self, name, text):
        path = self.top + self.sources + "/" + name
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o644)


def write_programs(debian, readme):
    debian.write("echo.c", readme.server)
    for name, text in [*readme.headers.items(), *readme.named]:
        debian.write(name, text)
    for name in ["readme_client.c", "readme_timer.c", "async_consumer.c"]:
        with open(os.path.join(PROGRAMS, name), encoding="utf-8") as file:
            debian.write(name, file.read())


def compile_others(debian, line):
    """The line of README.md that compiles the server, for its client and timer, and for libcmio-async."""
    client, timer = line.replace("echo", "readme_client"), line.replace("echo", "readme_timer")
    tasks = line.replace("echo", "async_consumer").replace("cmio)", "cmio-async)").replace("cmio.pc", "cmio-async.pc")
    for text in [client, timer, tasks]:
        debian.type(debian.user, debian.sources, text.replace("cc ", "cc -I. ", 1))


TALK = """
./echo & server=$!
trap 'kill $server' EXIT
tries=0
until ./readme_client 127.0.0.1:7777 >answer 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] && kill -0 $server || exit 1
    sleep 0.1
done
[ "$(cat answer)" = hello ]
if timeout 30 ./echo 2>complaint; then exit 1; fi
[ "$(wc -l <complaint)" -eq 1 ]
grep "127.0.0.1:7777.*in use" complaint
[ "$(./readme_timer | wc -l)" -eq 2 ]
./async_consumer
"""


def run_programs(debian):
    """In a network of its own, where the port of README.md is free: the loopback device has to be set up."""
    me = [sys.executable, "-B", os.path.abspath(__file__), "--loopback"]
    command = debian.command(debian.user, debian.sources, TALK)
    run(["unshare", "--net", *me, *command], f"running the programs as {debian.user}")


def set_up_loopback():
    import fcntl
    import socket
    import struct

    set_flags, up = 0x8914, 0x1  # SIOCSIFFLAGS, IFF_UP: netdevice(7)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", up))


def check_as_root(base, readme):
    say("README.md as root, into /usr/local")
    debian = Debian(base, "as-root", "root")
    debian.type("root", debian.sources, readme.as_root)
    write_programs(debian, readme)
    debian.type("root", debian.sources, readme.compile)
    debian.type("root", debian.sources, readme.later)
    compile_others(debian, readme.compile)
    run_programs(debian)


def check_as_user(base, readme):
    say("README.md as an ordinary user, into ~/.local")
    debian = Debian(base, "as-user", "reader")
    debian.type("root", "/", readme.packages)
    write_programs(debian, readme)
    debian.type("reader", debian.sources, readme.as_user)
    compile_others(debian, readme.as_user.splitlines()[-1])
    run_programs(debian)


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


def check(arguments):
    readme = Readme()
    base = os.path.join(FOLDER, "base")
    mirror = arguments.mirror or mirror_of_apt()
    clean_up()
    os.makedirs(FOLDER)
    with open(LOG, "w", encoding="utf-8"):
        pass
    say(f"A fresh Debian, {arguments.suite}, from {mirror}")
    # No mount below is seen outside.
    run(["mount", "--make-rprivate", "/"], "leaving the mounts of the system alone")
    run(["debootstrap", "--variant=minbase", arguments.suite, base, mirror], "debootstrap")
    check_as_root(base, readme)
    check_as_user(base, readme)
    say("README.md leads to running programs, as root and as an ordinary user")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/release-check", add_help=False)
    parser.add_argument("--mirror")
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.mirror and not re.match(r"(https?|file|ftp)://", arguments.mirror):
        parser.error(f"--mirror {arguments.mirror}: it must begin with http://, https://, file:// or ftp://")
    return arguments


def main():
    if sys.argv[1:2] == ["--loopback"]:
        set_up_loopback()
        os.execvp(sys.argv[2], sys.argv[2:])
    arguments = parse_arguments()
    if arguments.check:
        return 0
    listen_for_interrupts()
    try:
        check(arguments)
        return 0
    except Failure as failure:
        print(f"scripts/release-check: {failure}\nThe whole log: {LOG}", file=sys.stderr)
        return 1
    except Interrupted as interrupted:
        return 128 + interrupted.number
    finally:
        stop_everything()
        if not arguments.keep:
            clean_up()


if __name__ == "__main__":
    sys.exit(main())
