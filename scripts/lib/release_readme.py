# SPDX-License-Identifier: MIT
"""The section readme of scripts/release-check: types the commands of README.md in a fresh Debian."""

import os
import re

from command import ROOT
from fresh_debian import Failure, say

PROGRAMS = os.path.join(ROOT, "tests", "package")


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
    """In a network of its own, where the port of README.md is free."""
    debian.type_alone(debian.user, debian.sources, TALK, "running the programs")


def check_as_root(release, readme):
    say("README.md as root, into /usr/local")
    debian = release.debian("as-root")
    debian.type("root", debian.sources, readme.as_root)
    write_programs(debian, readme)
    debian.type("root", debian.sources, readme.compile)
    debian.type("root", debian.sources, readme.later)
    compile_others(debian, readme.compile)
    run_programs(debian)


def check_as_user(release, readme):
    say("README.md as an ordinary user, into ~/.local")
    debian = release.debian("as-user", "reader")
    debian.type("root", "/", readme.packages)
    write_programs(debian, readme)
    debian.type("reader", debian.sources, readme.as_user)
    compile_others(debian, readme.as_user.splitlines()[-1])
    run_programs(debian)


def check(release):
    readme = Readme()
    check_as_root(release, readme)
    check_as_user(release, readme)
    say("README.md leads to running programs, as root and as an ordinary user")
