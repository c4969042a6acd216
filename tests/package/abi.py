# SPDX-License-Identifier: MIT
"""Has scripts/abi-check look at the ABI of the tree, of a copy that breaks it, and of small libraries.

usage: abi.py SOURCE_ROOT tree|kinds

tree: the ABI of the tree is compatible with its record. In a copy of the tree, a public struct grows, which must be
noticed, and the whole program must do what it says.

kinds: each change of a small library below must be told to be compatible, or not.
"""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile

from scratch import SKIPPED, copy_sources, expect, main, needs, plain_environment, run

# What the build of the libraries does not read.
NOT_READ = ("bench", "docs", "examples", "fuzz", "tests")

# A small library, by file. What is between @...@ is what the changes below are about.
SMALL = {
    "include/cmio/cmio.h": """
#define CMIO_LIMIT @10@
#define CMIO_NAME "small"
enum cmio_kind { CMIO_ONE, @CMIO_TWO@ };
struct cmio_shape { int width; @@ };
struct cmio_hidden;
#define CMIO_API __attribute__((__visibility__("default")))
CMIO_API int cmio_area(const struct cmio_shape *shape, enum cmio_kind kind@@);
CMIO_API struct cmio_hidden *cmio_hidden_new(void);
""",
    "include/cmio/async.h": "",
    "src/cmio.h": "struct cmio_hidden { int inside; @@ };\n",
    "src/small.c": """
#include <cmio/cmio.h>
#include "cmio.h"
int cmio_area(const struct cmio_shape *shape, enum cmio_kind kind@@) { return shape->width * (int)kind; }
static struct cmio_hidden hidden;
struct cmio_hidden *cmio_hidden_new(void) { return &hidden; }
CMIO_API int cmio_other(void);
int cmio_other(void) { return 0; }
@@
""",
}
NEW_FUNCTION = "CMIO_API int cmio_more(void);\nint cmio_more(void) { return 0; }"

# What is changed: for a file, a replacement for each @...@ in it, or None for what is there; and what is said.
COMPATIBLE = {
    "nothing": ({}, "compatible"),
    "a private struct": ({"src/cmio.h": ["int more;"]}, "compatible"),
    "a new function": ({"src/small.c": [None, NEW_FUNCTION]}, "Added: cmio_more@"),
    "a new enumerator": ({"include/cmio/cmio.h": [None, "CMIO_TWO, CMIO_THREE", None, None]}, "Added: CMIO_THREE"),
    "a new constant": ({"include/cmio/cmio.h": ["10\n#define CMIO_FLOOR 2", None, None, None]}, "Added: CMIO_FLOOR"),
}
INCOMPATIBLE = {
    "a longer struct": ({"include/cmio/cmio.h": [None, None, "int height;", None]}, "cmio_shape"),
    "a shorter name": ({"include/cmio/cmio.h": [None, "CMIO_ZWEI", None, None]}, "CMIO_TWO is no longer"),
    "another value of a macro": ({"include/cmio/cmio.h": ["11", None, None, None]}, "CMIO_LIMIT is 11 and was 10"),
    "an enumerator in between": ({"include/cmio/cmio.h": [None, "CMIO_MORE, CMIO_TWO", None, None]}, "CMIO_TWO is 2"),
    "another value of an enumerator": ({"include/cmio/cmio.h": [None, "CMIO_TWO = 7", None, None]}, "CMIO_TWO is 7"),
    "a new parameter": ({"include/cmio/cmio.h": [None, None, None, ", int more"], "src/small.c": [", int more", None]},
                        "parameter 3 of type 'int' was added"),
    "another type of a parameter": ({"include/cmio/cmio.h": [None, None, None, ", long more"],
                                     "src/small.c": [", long more", None]}, "cmio_area"),
}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def small_text(name, replacements):
    parts = re.split(r"@([^@]*)@", SMALL[name])
    given = replacements or [None] * (len(parts) // 2)
    expect(len(given) == len(parts) // 2, f"{name} has {len(parts) // 2} places to change")
    parts[1::2] = [old if new is None else new for old, new in zip(parts[1::2], given)]
    return "".join(parts)


def describe_small(abi_check, folder, changes, soname="libsmall.so.1", options=()):
    """Builds the small library with the changes, and has both parts of its ABI described."""
    for name in SMALL:
        write(os.path.join(folder, name), small_text(name, changes.get(name)))
    library, include = os.path.join(folder, "libsmall.so"), os.path.join(folder, "include")
    command = ["gcc", "-g", "-shared", "-fPIC", "-fvisibility=hidden", "-I", include, f"-Wl,-soname,{soname}"]
    run([*command, *options, os.path.join(folder, "src", "small.c"), "-o", library])
    abi_check.describe(library, os.path.join(folder, "abi"))
    abi_check.describe_constants(include, os.path.join(folder, "constants"))


def compare_small(abi_check, before, after, exact=False):
    """The exit status of a comparison of two folders, and what it says."""
    comparison = abi_check.Comparison()
    comparison.compare_library("libsmall", os.path.join(before, "abi"), os.path.join(after, "abi"))
    comparison.compare_constants(os.path.join(before, "constants"), os.path.join(after, "constants"))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = comparison.report(exact)
    return status, said.getvalue()


def expect_said(what, given, status, words):
    expect(given[0] == status and words in given[1], f"{what}: exit status {given[0]}, not {status}:\n{given[1]}")
    print(f"{what}: exit status {status}, as it should be")


def try_kinds(abi_check, scratch):
    before, after = os.path.join(scratch, "before"), os.path.join(scratch, "after")
    describe_small(abi_check, before, {})
    for wanted, changes_by_name in enumerate([COMPATIBLE, INCOMPATIBLE]):
        for name, (changes, words) in changes_by_name.items():
            describe_small(abi_check, after, changes)
            expect_said(name, compare_small(abi_check, before, after), wanted, words)
    describe_small(abi_check, after, {}, options=["-Dcmio_other=cmio__other"])
    expect_said("a function less", compare_small(abi_check, before, after), 1, "cmio_other@None is no longer")
    describe_small(abi_check, after, COMPATIBLE["a new function"][0])
    expect_said("a new function, exactly", compare_small(abi_check, before, after, exact=True), 1, "--record")
    describe_small(abi_check, after, INCOMPATIBLE["a longer struct"][0], soname="libsmall.so.2")
    expect_said("a new soname", compare_small(abi_check, before, after), 0, "libsmall.so.1 is now libsmall.so.2")
    expect_said("a new soname, exactly", compare_small(abi_check, before, after, exact=True), 1, "--record")


def check_program(copy, status, words, *options):
    """Runs scripts/abi-check of the copy."""
    program = os.path.join(copy, "scripts", "lib", "abi_check.py")
    result = subprocess.run([sys.executable, "-B", program, *options], env=plain_environment(), text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    expect_said(f"scripts/abi-check {' '.join(options)}", (result.returncode, result.stdout), status, words)


def grow_struct(copy):
    path = os.path.join(copy, "include", "cmio", "udp_socket.h")
    with open(path, encoding="utf-8") as file:
        text, count = re.subn(r"(struct cmio_udp_socket_options \{)", r"\1 int more;", file.read())
    expect(count == 1, f"{path} has no struct cmio_udp_socket_options")
    write(path, text)


def check_record(copy, record):
    """It names no place, and no type of the inside, although src/ and include/ have headers of one name."""
    for name in sorted(os.listdir(record)):
        with open(os.path.join(record, name), encoding="utf-8") as file:
            text = file.read()
        expect(copy not in text and "comp-dir-path" not in text, f"{name} names the place of the build")
        foreign = re.findall(r" path='(?!src/)[^']*'", text)
        expect(not foreign, f"{name} names other files than those of src/: {foreign}")
        for inside in ["cmio_registry' size", "cmio_waker' size", "epoll_event'", "pthread_mutex_t'"]:
            expect(inside not in text, f"{name} has {inside}, which is not public")


def try_tree(root, scratch):
    copy = os.path.join(scratch, "tree")
    record = os.path.join(copy, "packaging", "abi", os.uname().machine)
    copy_sources(root, copy, NOT_READ)
    has_record = os.path.isdir(record)
    check_program(copy, *((0, "compatible") if has_record else (SKIPPED, "Nothing is recorded")))
    check_program(copy, 0, "Recorded", "--record")
    check_record(copy, record)
    grow_struct(copy)
    check_program(copy, 1, "cmio_udp_socket_options")
    shutil.rmtree(record)
    check_program(copy, SKIPPED, "Nothing is recorded")


def test(root, what):
    needs("abidiff", "abidw", "gcc", "meson")
    sys.path.insert(0, os.path.join(root, "scripts", "lib"))
    import abi_check

    with tempfile.TemporaryDirectory() as scratch:
        try_tree(root, scratch) if what == "tree" else try_kinds(abi_check, scratch)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
