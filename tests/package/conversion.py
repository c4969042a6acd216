# SPDX-License-Identifier: MIT
"""Compiles the headers and both libraries for other sizes of types and another C library.

usage: conversion.py SOURCE_ROOT MACRO... -- SOURCE...

Types such as socklen_t, time_t and the lengths in struct msghdr differ between 32 and 64 bits and between C
libraries, and so does what -Wconversion says. Each of the compilers below that can compile a small program
takes all sources and every public header alone, and must not warn. Nothing is linked. MACRO is what the
build defines, such as -DCMIO_HAVE_POLL=1.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from scratch import SKIPPED, expect, main

# Where <asm/...> is, if there is a C library of 32 bits but no link to these headers for it.
ASM = ["-idirafter", "/usr/include/x86_64-linux-gnu"]
COMPILERS = [
    ["musl-gcc"],
    ["gcc", "-m32", *ASM],
    ["clang", "-m32", *ASM],
    ["arm-linux-gnueabihf-gcc"],
]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror"]
# What the C library that the build has looked at may have alone, and what stands for it elsewhere.
INSTEAD = {"pwait2_libc.c": "pwait2_number.c"}
PROBE = "#include <errno.h>\n#include <sys/socket.h>\n#include <netinet/in.h>\nint probe = EINVAL;\n"


def compile_text(command, text, scratch):
    """What the compiler says of a file with this text, or nothing."""
    handle, path = tempfile.mkstemp(suffix=".c", dir=scratch, text=True)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    result = subprocess.run(
        [*command, "-fsyntax-only", path], capture_output=True, text=True, check=False
    )
    return "" if result.returncode == 0 else result.stderr or f"exit status {result.returncode}"


def texts(root, sources):
    """A file that includes it, for each source and each header."""
    for path in sources:
        folder, name = os.path.split(path)
        yield f'#include "{os.path.join(folder, INSTEAD.get(name, name))}"\n'
    include = os.path.join(root, "include")
    for path in sorted(glob.glob(os.path.join(include, "cmio", "**", "*.h"), recursive=True)):
        yield f"#include <{os.path.relpath(path, include)}>\nextern int alone;\n"


def test(root, *arguments):
    split = arguments.index("--")
    folders = ["-I" + os.path.join(root, name) for name in ["src", "include"]]
    options = ["-std=c11", "-fexceptions", *WARNINGS, *arguments[:split], *folders]
    problems, tried = [], []
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(2) as pool:
        for compiler in COMPILERS:
            if not shutil.which(compiler[0]) or compile_text(compiler, PROBE, scratch):
                continue
            tried.append(" ".join(compiler[:2]))
            command = [*compiler, *options]
            said = pool.map(
                lambda text, command=command: compile_text(command, text, scratch),
                texts(root, arguments[split + 1 :]),
            )
            problems += [f"{tried[-1]}:\n{words}" for words in said if words]
    expect(not problems, "\n".join(problems))
    print(f"{', '.join(tried) or 'skipped: no compiler for another system here'}")
    if not tried:
        sys.exit(SKIPPED)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
