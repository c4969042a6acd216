# SPDX-License-Identifier: MIT
"""Compiles programs that use another library than cmio: those that the guide shows before they are moved to cmio.

A library is there if a program that includes its header links. What is missing is said, and left out.
KQUEUE_FLAGS in the environment is what a program needs for kqueue(2) where the system has none: the stand-in of
tests/support/kqueue. mio is taken from where Debian puts its crates.
"""

import glob
import os
import shlex
import shutil
import subprocess

from scratch import WARNINGS, run

CRATES = "/usr/share/cargo/registry"
CARGO = """[package]
name = "before"
version = "0.1.0"
edition = "2021"

[[bin]]
name = "before"
path = "{path}"

[dependencies]
mio = {{ version = ">=0.8, <2", features = ["os-poll", "os-ext", "net"] }}

[workspace]
"""
# The header of each library, and how it is linked where pkg-config does not know.
LIBRARIES = {
    "epoll": ("sys/epoll.h", []),
    "kqueue": ("sys/event.h", []),
    "poll": ("poll.h", []),
    "libev": ("ev.h", ["-lev"]),
    "libevent": ("event2/event.h", ["-levent"]),
    "libuv": ("uv.h", ["-luv"]),
}
NAMES = {"c": set(LIBRARIES), "cpp": set(), "rust": {"mio"}}


def flags_of(library):
    """What a program in C needs after its source."""
    if library == "kqueue":
        return [flag for flag in shlex.split(os.environ.get("KQUEUE_FLAGS", "")) if flag]
    if shutil.which("pkg-config"):
        asked = ["pkg-config", "--cflags", "--libs", library]
        known = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if known.returncode == 0:
            return known.stdout.split()
    return LIBRARIES[library][1]


def links(library, compiler, scratch):
    """Whether a program that includes the library's header compiles and links."""
    path = os.path.join(scratch, f"probe_{library}.c")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"#include <{LIBRARIES[library][0]}>\nint main(void) {{\n    return 0;\n}}\n")
    command = [*compiler, "-std=gnu11", path, *flags_of(library), "-pthread", "-o", path.removesuffix(".c")]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def is_there(library, compiler, scratch):
    if library == "kqueue" and os.environ.get("KQUEUE_FLAGS"):
        return True  # the stand-in was built, so what does not link is wrong
    if library == "mio":
        return bool(shutil.which("cargo") and glob.glob(os.path.join(CRATES, "mio-*")))
    return links(library, compiler, scratch)


def compile_c(library, path, output, compiler):
    run([*compiler, "-std=gnu11", *WARNINGS, path, *flags_of(library), "-pthread", "-o", output])


def compile_rust(path, output):
    """Has cargo compile the file, with no network and nothing left in the home folder."""
    folder = output + ".cargo"
    os.makedirs(folder)
    with open(os.path.join(folder, "Cargo.toml"), "w", encoding="utf-8") as file:
        file.write(CARGO.format(path=os.path.abspath(path)))
    source = ['source.crates-io.replace-with="packaged"', f'source.packaged.directory="{CRATES}"']
    command = ["cargo", "build", "--offline", "--quiet", "--config", source[0], "--config", source[1]]
    environment = {**os.environ, "CARGO_HOME": os.path.join(folder, "home"), "RUSTFLAGS": "-D warnings"}
    run(command, cwd=folder, env=environment)
    shutil.copy(os.path.join(folder, "target", "debug", "before"), output)


def compile_program(library, path, output, compiler):
    """Compiles the program of the file, with all warnings as errors. compiler is that of C, with its options."""
    if library == "mio":
        compile_rust(path, output)
    else:
        compile_c(library, path, output, compiler)
