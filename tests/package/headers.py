# SPDX-License-Identifier: MIT
"""Compiles each public header alone, with all warnings as errors.

usage: headers.py SOURCE_ROOT c11|c++17 INSTALLED_HEADER...

Every compiler that is there has to accept them; with none for the language the test is skipped.
The headers are those of include/cmio, which must be those that the build installs and, but for
cmio.h itself, those that cmio.h includes.
"""

import os
import shutil
import subprocess
import sys
import tempfile

import c_text

LANGUAGES = {
    "c11": ("c", ["gcc", "clang", "cc"]),
    "c++17": ("c++", ["g++", "clang++", "c++"]),
}
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror"]
SKIPPED = 77


def compilers_of(names):
    """The compilers by these names, each program once: cc is often one of the others."""
    found = {}
    for name in names:
        path = shutil.which(name)
        if path:
            found.setdefault(os.path.realpath(path), name)
    return list(found.values())


def compile_alone(compiler, language, standard, include, header, scratch):
    """What the compiler has to say about a file that includes the header twice and nothing else."""
    source = os.path.join(scratch, "alone." + ("c" if language == "c" else "cpp"))
    with open(source, "w", encoding="utf-8") as file:
        file.write(f"#include <cmio/{header}>\n#include <cmio/{header}>\n\nextern int alone;\n")
    command = [compiler, "-x", language, "-std=" + standard, *WARNINGS, "-I", include, "-c", source]
    result = subprocess.run(
        [*command, "-o", os.path.join(scratch, "alone.o")], capture_output=True, text=True
    )
    return "" if result.returncode == 0 else (result.stderr or f"exit status {result.returncode}")


def check_lists(include, headers, installed):
    problems = []
    if sorted(installed) != headers:
        difference = set(installed) ^ set(headers)
        problems.append(f"in the folder or installed, not both: {', '.join(sorted(difference))}")
    with open(os.path.join(include, "cmio", "cmio.h"), encoding="utf-8") as file:
        included = {os.path.basename(name) for _, name, _ in c_text.includes(file.read())}
    missing = set(headers) - included - {"cmio.h", "export.h"}  # every header includes export.h
    if missing:
        problems.append(f"not included by cmio.h: {', '.join(sorted(missing))}")
    return problems


def main():
    root, standard, *installed = sys.argv[1:]
    include = os.path.join(root, "include")
    names = os.listdir(os.path.join(include, "cmio"))
    headers = sorted(name for name in names if name.endswith(".h"))
    problems = check_lists(include, headers, [os.path.basename(name) for name in installed])
    language, candidates = LANGUAGES[standard]
    compilers = compilers_of(candidates)
    with tempfile.TemporaryDirectory() as scratch:
        for compiler in compilers:
            for header in headers:
                said = compile_alone(compiler, language, standard, include, header, scratch)
                if said:
                    problems.append(f"{compiler}: <cmio/{header}> alone:\n{said}")
    for problem in problems:
        print(problem)
    print(f"{len(headers)} headers as {standard} with {', '.join(compilers) or 'no compiler'}")
    if problems:
        return 1
    return 0 if compilers else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
