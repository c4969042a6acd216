# SPDX-License-Identifier: MIT
"""Compiles each public header alone, with all warnings as errors, and a program that uses their macros.

usage: headers.py SOURCE_ROOT c11|c++17|c++20 INSTALLED_HEADER...

Every compiler that is there has to accept them; with none for the language the test is skipped.
The headers are those of include/cmio and include/cmio/async, which must be those that the build
installs. cmio.h includes all of the first, async.h all of the second. With c++20 they are the headers
for C++ alone (.hpp), which must also compile without exceptions and run-time types. All but async.hpp
must compile as C++17, too.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

import c_text

LANGUAGES = {
    "c11": ("c", ["gcc", "clang", "cc"]),
    "c++17": ("c++", ["g++", "clang++", "c++"]),
    "c++20": ("c++", ["g++", "clang++", "c++"]),
}
# What has coroutines does not compile as C++17.
NEED_COROUTINES = ["async.hpp"]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror"]
BARE = ["-fno-exceptions", "-fno-rtti"]
SKIPPED = 77


def compilers_of(names):
    """The compilers by these names, each program once: cc is often one of the others."""
    found = {}
    for name in names:
        path = shutil.which(name)
        if path:
            found.setdefault(os.path.realpath(path), name)
    return list(found.values())


def compile_alone(compiler, language, options, include, header, scratch):
    """What the compiler has to say about a file that includes the header twice and nothing else."""
    source = os.path.join(scratch, "alone." + ("c" if language == "c" else "cpp"))
    with open(source, "w", encoding="utf-8") as file:
        file.write(f"#include <cmio/{header}>\n#include <cmio/{header}>\n\nextern int alone;\n")
    command = [compiler, "-x", language, *options, *WARNINGS, "-I", include, "-c", source]
    result = subprocess.run(
        [*command, "-o", os.path.join(scratch, "alone.o")], capture_output=True, text=True
    )
    return "" if result.returncode == 0 else (result.stderr or f"exit status {result.returncode}")


# Loops in loops, with names of their own and with one name, where one statement is asked for.
NESTED = """#include <cmio/cmio.h>
#include <cmio/cmio.h>
unsigned visit(const struct cmio_events *events, const struct cmio_events *others);
unsigned visit(const struct cmio_events *events, const struct cmio_events *others) {
    unsigned count = 0;
    bool (*is_readable)(const struct cmio_event *) = cmio_event_is_readable;
    if (events != others)
        CMIO_EVENTS_FOREACH (event, events)
            CMIO_EVENTS_FOREACH (event, others)
                count += is_readable(event) ? 1 : 0;
    else
        CMIO_EVENTS_FOREACH (event, events) {
            CMIO_EVENTS_FOREACH (other, events)
                count += event->token == other->token ? 1 : 0;
            if (count > 100)
                break;
        }
    return count;
}
"""


def compile_nested(compiler, language, options, include, scratch):
    source = os.path.join(scratch, "nested." + ("c" if language == "c" else "cpp"))
    with open(source, "w", encoding="utf-8") as file:
        file.write(NESTED)
    command = [compiler, "-x", language, *options, *WARNINGS, "-I", include, "-c", source]
    result = subprocess.run(
        [*command, "-o", os.path.join(scratch, "nested.o")], capture_output=True, text=True
    )
    return "" if result.returncode == 0 else (result.stderr or f"exit status {result.returncode}")


def check_nested(compiler, language, standard, include, scratch):
    """The program in the language, and in C where inline has the meaning of GNU's C89."""
    variants = [["-std=" + standard]]
    if language == "c":
        variants += [["-std=" + standard, "-fgnu89-inline"], ["-std=" + standard, "-O2"]]
    for options in variants:
        said = compile_nested(compiler, language, options, include, scratch)
        if said:
            yield f"{compiler} {' '.join(options)}: loops in loops:\n{said}"


def check_all_of(include, umbrella, headers):
    """That the umbrella header includes these headers, and of those of the folder no other."""
    with open(os.path.join(include, "cmio", umbrella), encoding="utf-8") as file:
        included = {name[len("cmio/") :] for _, name, _ in c_text.includes(file.read())}
    difference = set(headers) ^ included
    return [f"{umbrella}: includes, or lacks, {name}" for name in sorted(difference)]


def check_installed(headers, installed):
    difference = set(installed) ^ set(headers)
    return [f"in the folder or installed, not both: {', '.join(sorted(difference))}"] if difference else []


def check_umbrellas(include, headers):
    of_async = {name for name in headers if name.startswith("async/")}
    # Every header includes export.h.
    core = set(headers) - of_async - {"cmio.h", "export.h", "async.h"}
    return check_all_of(include, "cmio.h", core) + check_all_of(include, "async.h", of_async)


def headers_in(folder, ending):
    found = glob.glob(os.path.join(folder, "**", "*" + ending), recursive=True)
    return sorted(os.path.relpath(path, folder) for path in found)


def check_c_headers(standard, compilers, include, headers, scratch):
    """Yields what is wrong with the headers for C and C++."""
    language = LANGUAGES[standard][0]
    for compiler in compilers:
        for header in headers:
            said = compile_alone(compiler, language, ["-std=" + standard], include, header, scratch)
            if said:
                yield f"{compiler}: <cmio/{header}> alone:\n{said}"
        yield from check_nested(compiler, language, standard, include, scratch)
    yield from check_umbrellas(include, headers)


def check_cpp_headers(compilers, include, headers, scratch):
    """Yields what is wrong with the headers for C++ alone."""
    variants = [["-std=c++20"], ["-std=c++20", *BARE], ["-std=c++17", *BARE]]
    for compiler in compilers:
        for header in headers:
            for options in variants:
                if header in NEED_COROUTINES and "-std=c++17" in options:
                    continue
                said = compile_alone(compiler, "c++", options, include, header, scratch)
                if said:
                    yield f"{compiler} {' '.join(options)}: <cmio/{header}> alone:\n{said}"


def main():
    root, standard, *installed = sys.argv[1:]
    include = os.path.join(root, "include")
    folder = os.path.join(include, "cmio")
    headers = headers_in(folder, ".hpp" if standard == "c++20" else ".h")
    compilers = compilers_of(LANGUAGES[standard][1])
    problems = check_installed(headers, [os.path.relpath(path, folder) for path in installed])
    with tempfile.TemporaryDirectory() as scratch:
        if standard == "c++20":
            problems += check_cpp_headers(compilers, include, headers, scratch)
        else:
            problems += check_c_headers(standard, compilers, include, headers, scratch)
    for problem in problems:
        print(problem)
    print(f"{len(headers)} headers as {standard} with {', '.join(compilers) or 'no compiler'}")
    if problems:
        return 1
    return 0 if compilers else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
