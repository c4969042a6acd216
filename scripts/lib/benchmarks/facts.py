# SPDX-License-Identifier: MIT
"""The machine and the versions that the figures come from; its name is nobody's business."""

import os
import platform
import re
import shutil
import subprocess

from benchmarks import programs
from command import ROOT


def first_match(path, pattern):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = re.search(pattern, file.read(), re.MULTILINE)
    except OSError:
        return None
    return found.group(1) if found else None


def said_by(*command):
    """The first line of a command's output, or None."""
    if not shutil.which(command[0]):
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    lines = (done.stdout or done.stderr).splitlines()
    return lines[0].strip() if lines else None


def package_version(name):
    if not shutil.which("dpkg-query"):
        return None
    command = ["dpkg-query", "--show", "--showformat=${Version}", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def processor():
    model = first_match("/proc/cpuinfo", r"^model name\s*:\s*(.+)$") or platform.machine()
    virtual = first_match("/proc/cpuinfo", r"^flags\s*:.*\b(hypervisor)\b")
    return model + (", in a virtual machine" if virtual else "")


def memory():
    kilobytes = first_match("/proc/meminfo", r"^MemTotal:\s+(\d+) kB")
    return f"{int(kilobytes) / 2**20:.0f} GiB" if kilobytes else None


def library_version(package, module):
    version = package_version(package)
    if version or not shutil.which("pkg-config"):
        return version
    done = subprocess.run(["pkg-config", "--modversion", module], capture_output=True, text=True)
    return done.stdout.strip() or None


def cmio_version():
    version = first_match(os.path.join(ROOT, "meson.build"), r"version: '([\d.]+)'")
    commit = said_by("git", "describe", "--always", "--dirty")
    return f"{version}, commit {commit}" if commit and "fatal" not in commit else version


def tokio_version():
    """With what bench/tokio/Cargo.toml asks for."""
    version = package_version("librust-tokio-dev")
    return f"{version}, release with fat link-time optimization" if version else None


def gather(names=None):
    """Pairs of what and which, all or those of the names; what cannot be told is left out."""
    pairs = [
        ("processor", processor()),
        ("processors used", str(len(os.sched_getaffinity(0)))),
        ("memory", memory()),
        ("system", first_match("/etc/os-release", r'^PRETTY_NAME="?([^"\n]+)')),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("C compiler", said_by(programs.BENCH.compilers[0], "--version")),
        ("C library", " ".join(platform.libc_ver())),
        ("Rust compiler", said_by("rustc", "--version")),
        ("options of the build", "meson " + " ".join(programs.BENCH.options)),
        ("cmio", cmio_version()),
        ("libev", library_version("libev-dev", "libev")),
        ("libevent", library_version("libevent-dev", "libevent")),
        ("libuv", library_version("libuv1-dev", "libuv")),
        ("mio", package_version("librust-mio-dev")),
        ("Tokio", tokio_version()),
        ("Go", said_by("go", "version")),
        ("wrk", said_by("wrk", "-v")),
        ("strace", said_by("strace", "--version")),
        ("Valgrind", said_by("valgrind", "--version")),
    ]
    return [(name, value) for name, value in pairs if value and (not names or name in names)]
