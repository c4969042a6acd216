# SPDX-License-Identifier: MIT
"""Writes the two libraries as one header and one source each; scripts/amalgamate calls it.

usage: amalgamate.py SOURCE_ROOT FOLDER

A source has all headers first and then all files, of which those that not every system needs stand in an #if.
CHOICES and ASYNC_CHOICES say in which: they are the decisions of src/meson.build, told by macros of the system
instead of by trying the compiler. A file of src/ that neither these tables nor the list of common files knows is
an error, so that a new file gets its place.
"""

import glob
import os
import re
import sys

INCLUDED = re.compile(r'^#include (?:<(cmio/[^>]+)>|"([^"]+)").*\n', re.MULTILINE)
LICENCE = "/* SPDX-License-Identifier: MIT */\n"

# What has to come before the first header of the system.
FIRST = """\
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* accept4(2) and its kind */
#endif
#if defined(__APPLE__) && !defined(__APPLE_USE_RFC_3542)
#define __APPLE_USE_RFC_3542 1 /* the options of IPv6 */
#endif
"""

# True of many files put together, and no fault.
QUIET = """
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
"""

# What the build gives as arguments. Each of the first three may be given to the compiler as 0 or 1.
SETTINGS = """\
#ifndef CMIO_HAVE_EPOLL
#ifdef __linux__
#define CMIO_HAVE_EPOLL 1
#else
#define CMIO_HAVE_EPOLL 0
#endif
#endif

#ifndef CMIO_HAVE_KQUEUE
#if defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__NetBSD__) || defined(__DragonFly__) || \\
    defined(__APPLE__)
#define CMIO_HAVE_KQUEUE 1
#else
#define CMIO_HAVE_KQUEUE 0
#endif
#endif

#ifndef CMIO_HAVE_POLL
#define CMIO_HAVE_POLL 1
#endif

#include <sys/param.h> /* the versions of NetBSD and OpenBSD */
#include <sys/socket.h>
#include <sys/types.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif
#if CMIO_HAVE_KQUEUE
#include <sys/event.h>
#endif

#ifndef __APPLE__
#define CMIO_HAVE_PIPE2
#if !defined(__NetBSD__) || __NetBSD_Version__ >= 800000000
#define CMIO_HAVE_ACCEPT4
#endif
#endif
#ifdef SOCK_CLOEXEC
#define CMIO_HAVE_SOCK_CLOEXEC
#endif
#ifdef MSG_CMSG_CLOEXEC
#define CMIO_HAVE_MSG_CMSG_CLOEXEC
#endif
"""

ASYNC_FIRST = FIRST + """\
#ifdef __APPLE__
#define _XOPEN_SOURCE 700 /* <ucontext.h> */
#define _DARWIN_C_SOURCE 1
#endif
"""

# Groups of files, of which each system takes one: conditions and what they lead to, in the order in which they are
# asked. None is the condition that always holds.
CHOICES = [
    [("CMIO_HAVE_EPOLL", ["epoll/epoll.c", "epoll/wait.c", "epoll/pwait2_number.c"])],
    [("CMIO_HAVE_KQUEUE", ["kqueue/kqueue.c"])],
    [("CMIO_HAVE_KQUEUE && defined(EVFILT_USER)", ["kqueue/waker_user.c"])],
    [
        ("CMIO_HAVE_KQUEUE && defined(EV_RECEIPT)", ["kqueue/apply_receipts.c"]),
        ("CMIO_HAVE_KQUEUE", ["kqueue/apply_plain.c"]),
    ],
    [
        ("CMIO_HAVE_KQUEUE && (defined(__OpenBSD__) || defined(__NetBSD__))", ["kqueue/lost_reader_missed.c"]),
        ("CMIO_HAVE_KQUEUE", ["kqueue/lost_reader_told.c"]),
    ],
    [("CMIO_HAVE_POLL", ["poll/entries.c", "poll/poll.c", "poll/rest.c", "posix/look.c"])],
    [
        (
            "CMIO_HAVE_POLL && (defined(__linux__) || defined(__FreeBSD__) || defined(__OpenBSD__))",
            ["poll/wait_ppoll.c"],
        ),
        ("CMIO_HAVE_POLL", ["poll/wait_plain.c"]),
    ],
    [
        ("defined(__ANDROID__) && __ANDROID_API__ < 28", ["posix/spawn_none.c"]),
        (None, ["posix/spawn.c"]),
    ],
    [
        (
            "(defined(__NetBSD__) && __NetBSD_Version__ < 800000000) || (defined(__OpenBSD__) && OpenBSD < 202304)",
            ["posix/child_waitpid.c"],
        ),
        (None, ["posix/child.c"]),
    ],
    [
        ("CMIO_HAVE_KQUEUE", ["posix/child_kqueue.c"]),
        ("defined(SYS_pidfd_open)", ["posix/child_pidfd.c"]),
        (None, ["posix/child_none.c"]),
    ],
    [
        ("defined(__linux__) || (defined(__OpenBSD__) && OpenBSD >= 202210)", ["posix/batch_kernel.c"]),
        (None, ["posix/batch_plain.c"]),
    ],
    [
        ("defined(__NetBSD__)", ["posix/rights_refused_netbsd.c"]),
        (None, ["posix/rights_refused_as_said.c"]),
    ],
    [
        ("defined(__linux__)", ["posix/send_file_linux.c"]),
        ("defined(__FreeBSD__) || defined(__DragonFly__)", ["posix/send_file_freebsd.c"]),
        ("defined(__APPLE__)", ["posix/send_file_darwin.c"]),
        (None, ["posix/send_file_plain.c"]),
    ],
    [
        (
            "defined(__linux__) || (defined(__FreeBSD__) && __FreeBSD__ >= 13)",
            ["posix/wake_eventfd.c"],
        ),
        (None, ["posix/wake_pipe.c"]),
    ],
    [
        ("defined(__linux__)", ["posix/watchable_epoll.c"]),
        (None, ["posix/watchable_plain.c"]),
    ],
]
# Headers that not every system can read.
CONDITIONAL_HEADERS = {"epoll/": "CMIO_HAVE_EPOLL", "kqueue/": "CMIO_HAVE_KQUEUE"}

ELF64 = "defined(__ELF__) && defined(__LP64__)"
ASYNC_CHOICES = [
    [
        ("defined(__APPLE__)", ["async/parker_realtime.c"]),
        (None, ["async/parker_monotonic.c"]),
    ],
    [
        ("defined(__linux__)", ["async/processors_affinity.c"]),
        (None, ["async/processors_online.c"]),
    ],
    [
        ("defined(__linux__)", ["async/stack_memory_linux.c"]),
        (None, ["async/stack_memory_posix.c"]),
    ],
    [
        (f"{ELF64} && defined(__x86_64__)", ["async/switch_x86_64.S"]),
        (f"{ELF64} && defined(__aarch64__)", ["async/switch_aarch64.S"]),
        (None, ["async/switch_ucontext.c"]),
    ],
]

COMMON_FOLDERS = ["core", "net", "process", "signal", "time"]
COMMON_POSIX = ["descriptor.c", "fresh.c", "path.c", "rights.c", "send_file_copy.c", "socket.c"]
# The first is for debug builds alone. In the place of the second stands one that needs nothing of libc.
NEVER = ["async/debug.c", "epoll/pwait2_libc.c"]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def banner(name):
    return f"\n/* ---- {name} ---- */\n"


def in_assembly(text):
    """A file of assembly as a statement of C, whose conditions stay what they are."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    lines, macros = [], set()
    for line in text.splitlines():
        define = re.match(r"#define (\w+) (.*)", line)
        if define:
            macros.add(define.group(1))
            lines.append(f'#define {define.group(1)} "{define.group(2)}\\n"')
        elif line.startswith("#"):
            lines.append(line)
        elif line.strip() in macros:
            lines.append(line.strip())
        elif line.strip():
            quoted = line.rstrip().replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'"{quoted}\\n"')
    return "\n".join(['__asm__(".pushsection .text\\n"', *lines, '".popsection\\n");', ""])


class Tree:
    """The sources."""

    def __init__(self, root):
        self.root = root

    def text(self, name):
        return read(os.path.join(self.root, name))

    def body(self, name):
        """A file without the licence, and without what it includes of cmio."""
        text = self.text(name)
        if name.endswith(".S"):
            return in_assembly(text)
        # They stand at the beginning of the whole.
        text = re.sub(r"^#define (_XOPEN_SOURCE|_DARWIN_C_SOURCE) .*\n", "", text, flags=re.MULTILINE)
        return INCLUDED.sub("", text.replace(LICENCE, "", 1))

    def included(self, name):
        """What a file includes of cmio, as files of the tree."""
        found = INCLUDED.findall(self.text(name))
        return [f"include/{public}" if public else f"src/{internal}" for public, internal in found]

    def headers(self, names):
        """The headers that these files need, each behind those that it needs itself."""
        ordered = []

        def add(name):
            for needed in self.included(name):
                add(needed)
            if name.endswith(".h") and name not in ordered:
                ordered.append(name)

        for name in names:
            add(name)
        return ordered

    def sources(self, choices, common):
        """All files that common and choices name."""
        names = [f"src/{name}" for name in common]
        names += [f"src/{name}" for group in choices for _, files in group for name in files]
        if len(set(names)) != len(names):
            raise SystemExit(f"amalgamate: twice in the tables: {sorted(n for n in names if names.count(n) > 1)}")
        return names

    def check_all_placed(self, names):
        there = {os.path.relpath(path, self.root) for path in glob.glob(os.path.join(self.root, "src/*/*.[cS]"))}
        known = set(names) | {f"src/{name}" for name in NEVER}
        if there != known:
            raise SystemExit(f"amalgamate: the tables or src/ alone have: {', '.join(sorted(there ^ known))}")

    def chosen(self, choices):
        text = []
        for group in choices:
            for number, (condition, names) in enumerate(group):
                if condition is None:
                    text.append("\n#else\n")
                else:
                    text.append(f"\n#{'elif' if number else 'if'} {condition}\n")
                text += [banner(name) + self.body(f"src/{name}") for name in names]
            text.append("\n#endif\n")
        return "".join(text)


def in_conditions(name, text):
    for folder, condition in CONDITIONAL_HEADERS.items():
        if name.startswith("src/" + folder):
            return f"\n#if {condition}\n{text}\n#endif\n"
    return text


def opening(release, what):
    return f"{LICENCE}/* {what} of cmio {release}, made by scripts/amalgamate. */\n"


def one_header(tree, umbrella, without=()):
    """The names of all headers that this one includes, and the text that they become."""
    names = [name for name in tree.headers([umbrella]) if name not in without]
    return names, "".join(banner(name.replace("include/", "")) + tree.body(name) for name in names)


def one_source(tree, first, common, choices, own_header, public):
    """The names of all files, and the text that they become."""
    names = tree.sources(choices, common)
    internal = [name for name in tree.headers(names) if name not in public]
    odd = [name for name in internal if name.startswith("include/")]
    if odd:
        raise SystemExit(f"amalgamate: not in {own_header}: {', '.join(odd)}")
    text = [first, QUIET, f'\n#include "{own_header}"\n']
    text += [in_conditions(name, banner(name.replace("src/", "", 1)) + tree.body(name)) for name in internal]
    text += [banner(name) + tree.body(f"src/{name}") for name in common]
    text.append(tree.chosen(choices))
    return names, "".join(text)


def common_files(tree):
    found = []
    for folder in COMMON_FOLDERS:
        paths = sorted(glob.glob(os.path.join(tree.root, "src", folder, "*.c")))
        found += [f"{folder}/{os.path.basename(path)}" for path in paths]
    return found + [f"posix/{name}" for name in COMMON_POSIX]


def common_async_files(tree):
    chosen = {name for group in ASYNC_CHOICES for _, names in group for name in names}
    paths = sorted(glob.glob(os.path.join(tree.root, "src", "async", "*.c")))
    names = [f"async/{os.path.basename(path)}" for path in paths]
    return [name for name in names if name not in chosen and name not in NEVER]


def amalgamate(root):
    """The files, by their names."""
    tree = Tree(root)
    release = re.search(r'CMIO_VERSION_STRING "([^"]+)"', tree.text("include/cmio/version.h")).group(1)
    public, header = one_header(tree, "include/cmio/cmio.h")
    public_async, header_async = one_header(tree, "include/cmio/async.h", public)
    names, source = one_source(tree, FIRST + SETTINGS, common_files(tree), CHOICES, "cmio.h", public)
    both = public + public_async
    names_async, source_async = one_source(
        tree, ASYNC_FIRST, common_async_files(tree), ASYNC_CHOICES, "cmio-async.h", both
    )
    tree.check_all_placed(names + names_async)
    return {
        "cmio.h": opening(release, "The headers") + header,
        "cmio.c": opening(release, "The sources") + source,
        "cmio-async.h": opening(release, "The headers of libcmio-async, a part") + '\n#include "cmio.h"\n' + header_async,
        "cmio-async.c": opening(release, "The sources of libcmio-async, a part") + source_async,
    }


def main(root, folder):
    files = amalgamate(root)
    os.makedirs(folder, exist_ok=True)
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(re.sub(r"\n{3,}", "\n\n", text))
    print(f"{', '.join(files)} are in {folder}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
