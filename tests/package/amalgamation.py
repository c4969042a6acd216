# SPDX-License-Identifier: MIT
"""Compiles cmio as scripts/amalgamate writes it, with one line, and checks which files each system takes.

usage: amalgamation.py SOURCE_ROOT BUILD_ROOT

The files must compile alone, in a folder with nothing else, in C11 and in the compiler's own C, and programs in C and
C++ must run with them. What they take here is compared with what the build took, and what they take on other systems
with the list below, for which their conditions are preprocessed with the macros of those systems. On Linux they are
also compiled as on BSDs: with the macros of those, and with the kqueue stand-in and Linux's own headers in the place of
theirs.
"""

import os
import re
import subprocess
import sys
import tempfile

from scratch import expect, header_version, main, needs, plain_environment, run
from vendored import EITHER, built_here

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "scripts", "lib"))

import amalgamate  # noqa: E402: it is found only now

WRITTEN = ["cmio-async.c", "cmio-async.h", "cmio.c", "cmio.h"]
STANDARDS = ["-std=c11", "-std=gnu17"]
PROGRAMS = [
    ("cc", "consumer.c", ["cmio"]),
    ("c++", "consumer.cpp", ["cmio"]),
    ("cc", "async_consumer.c", ["cmio", "cmio-async"]),
]

# What systems define: those macros that the conditions ask for, as far as they are of the system's headers too.
SYSTEMS = {
    "freebsd": ["__FreeBSD__=14", "EVFILT_USER", "EV_RECEIPT"],
    "old freebsd": ["__FreeBSD__=12", "EVFILT_USER", "EV_RECEIPT"],
    "dragonfly": ["__DragonFly__", "EVFILT_USER", "EV_RECEIPT"],
    "openbsd": ["__OpenBSD__", "OpenBSD=202304", "EV_RECEIPT"],
    "old openbsd": ["__OpenBSD__", "OpenBSD=202204", "EV_RECEIPT"],
    "netbsd": ["__NetBSD__", "__NetBSD_Version__=900000000"],
    "old netbsd": ["__NetBSD__", "__NetBSD_Version__=700000000"],
    "macos": ["__APPLE__", "EVFILT_USER", "EV_RECEIPT"],
    "old linux": ["__linux__"],
    "another": [],
}
KQUEUE = "kqueue apply_receipts lost_reader_told child_kqueue child rights_refused_as_said watchable_plain spawn"
# The files that not every system takes, without their folders and endings.
TAKEN = {
    "freebsd": f"{KQUEUE} waker_user wait_ppoll batch_plain send_file_freebsd wake_eventfd",
    "old freebsd": f"{KQUEUE} waker_user wait_ppoll batch_plain send_file_freebsd wake_pipe",
    "dragonfly": f"{KQUEUE} waker_user wait_plain batch_plain send_file_freebsd wake_pipe",
    "openbsd": f"{KQUEUE} wait_ppoll batch_kernel send_file_plain wake_pipe".replace("_told", "_missed"),
    "old openbsd": f"{KQUEUE} wait_ppoll batch_plain send_file_plain wake_pipe".replace("_told", "_missed").replace(
        " child ", " child_waitpid "
    ),
    "netbsd": "kqueue apply_plain lost_reader_missed child_kqueue child rights_refused_netbsd watchable_plain spawn"
    " wait_plain batch_plain send_file_plain wake_pipe",
    "old netbsd": "kqueue apply_plain lost_reader_missed child_kqueue child_waitpid rights_refused_netbsd"
    " watchable_plain spawn wait_plain batch_plain send_file_plain wake_pipe",
    "macos": f"{KQUEUE} waker_user wait_plain batch_plain send_file_darwin wake_pipe",
    "old linux": "epoll wait pwait2_number wait_ppoll child child_none batch_kernel rights_refused_as_said"
    " send_file_linux wake_eventfd watchable_epoll spawn",
    "another": "wait_plain child child_none batch_plain rights_refused_as_said send_file_plain wake_pipe"
    " watchable_plain spawn",
}
# What stands for the headers of a BSD on Linux: a flavour of the stand-in, and the macros that the compiler defines.
STANDINS = {
    "freebsd": ("FREEBSD", ["__FreeBSD__=14"]),
    "dragonfly": ("FREEBSD", ["__DragonFly__"]),
    "openbsd": ("OPENBSD", ["__OpenBSD__", "OpenBSD=202304"]),
    "netbsd": ("NETBSD", ["__NetBSD__", "__NetBSD_Version__=900000000"]),
}
# What the compiler's own <stddef.h> takes from a BSD, and a call that Linux has otherwise.
BSD_HEADERS = {
    "sys/_types.h": "",
    "machine/ansi.h": "#define _BSD_SIZE_T_ __SIZE_TYPE__\n#define _BSD_PTRDIFF_T_ __PTRDIFF_TYPE__\n"
    "#define _BSD_WCHAR_T_ __WCHAR_TYPE__\n",
    "sendfile.h": "#include <sys/types.h>\n"
    "int sendfile(int file, int fd, off_t offset, size_t length, void *headers, off_t *sent, int flags);\n",
}
POLL = {"src/poll/entries.c", "src/poll/poll.c", "src/poll/rest.c", "src/posix/look.c"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def conditions(root):
    """What cmio.c has of conditions, with a line for each source in the place of the source."""

    class Names(amalgamate.Tree):
        def body(self, name):
            return f'taken "{name}"\n'

    settings = re.sub(r"^#include.*\n", "", amalgamate.SETTINGS, flags=re.MULTILINE)
    return settings + Names(root).chosen(amalgamate.CHOICES)


def taken(text, definitions, *options):
    """The sources that a system with these macros takes."""
    command = ["cc", "-E", "-P", *options, *[f"-D{macro}" for macro in definitions], "-x", "c", "-"]
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    expect(result.returncode == 0, f"the conditions are no conditions:\n{result.stderr}")
    return set(re.findall(r'taken "([^"]+)"', result.stdout))


def check_systems(text):
    for system, definitions in SYSTEMS.items():
        chosen = {os.path.basename(name)[:-2] for name in taken(text, definitions, "-undef") - POLL}
        wanted = set(TAKEN[system].split())
        expect(chosen == wanted, f"{system}: one side alone has {sorted(chosen ^ wanted)}")
        print(f"{system}: takes {' '.join(sorted(chosen))}")


def check_here(root, build, text):
    """On Linux, the same as the build, which tried the compiler."""
    files, _ = built_here(root, build)
    if not files or any("unity" in path for path in files):
        print("not compared with the build, which does not compile file by file")
        return
    has_pidfd = "src/posix/child_pidfd.c" in files
    found = taken(text, ["SYS_pidfd_open"] if has_pidfd else [])
    found |= {f"src/{name}" for name in amalgamate.common_files(amalgamate.Tree(root))}
    files = {EITHER.get(path, path) for path in files}
    expect(found == files, f"the build or the one file alone takes {sorted(found ^ files)}")


def compile_alone(folder, environment):
    expect(sorted(os.listdir(folder)) == WRITTEN, f"written: {sorted(os.listdir(folder))}")
    for standard in STANDARDS:
        line = ["cc", standard, "-Wall", "-Werror", "-fexceptions", "-c", "cmio.c", "cmio-async.c"]
        run(line, cwd=folder, env=environment)
    for header in ["cmio.h", "cmio-async.h"]:
        for language in [["cc", "-std=c11", "-x", "c"], ["c++", "-std=c++17", "-x", "c++"]]:
            run([*language, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", header], cwd=folder, env=environment)


def write_bsd_headers(folder):
    for name, text in BSD_HEADERS.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def compile_as_on_bsd(root, folder, scratch, environment):
    headers = os.path.join(scratch, "bsd")
    write_bsd_headers(headers)
    include = ["-I", headers, "-I", os.path.join(os.path.abspath(root), "tests", "support", "kqueue", "include")]
    include += ["-include", os.path.join(headers, "sendfile.h")]
    for system, (flavour, macros) in STANDINS.items():
        defined = [f"-D{macro}" for macro in [f"KQUEUE_STANDIN_{flavour}=1", "_GNU_SOURCE", *macros]]
        line = ["cc", "-std=c11", "-Wall", "-Werror", "-U__linux__", *defined, *include, "-fsyntax-only"]
        run([*line, "cmio.c", "cmio-async.c"], cwd=folder, env=environment)
        print(f"{system}: compiles with headers in the place of its own")


def check_names(folder):
    """No name that other files of a program could have, too. The compiler adds a weak DW.ref.* for clean-up."""
    needs("nm")
    for name in ["cmio.o", "cmio-async.o"]:
        said = run(["nm", "-g", "--defined-only", "-P", os.path.join(folder, name)])
        odd = [line.split()[0] for line in said.splitlines() if not line.startswith(("cmio_", "DW.ref."))]
        expect(not odd, f"{name} defines {odd}")


def run_programs(folder, release, environment):
    for compiler, source, libraries in PROGRAMS:
        text = read(os.path.join(HERE, source))
        text = text.replace("<cmio/cmio.h>", '"cmio.h"').replace("<cmio/async.h>", '"cmio-async.h"')
        text = text.replace("#include <cmio/version.h>\n", "")
        with open(os.path.join(folder, source), "w", encoding="utf-8") as file:
            file.write(text)
        objects = [f"{name}.o" for name in libraries]
        standard = "-std=c11" if compiler == "cc" else "-std=c++17"
        run([compiler, standard, source, *objects, "-pthread", "-o", "program"], cwd=folder, env=environment)
        said = run([os.path.join(folder, "program")], env=environment, timeout=300)
        expect(said.strip() == release, f"{source} said {said!r}, not {release}")
        print(f"{source}: runs with {', '.join(objects)}")


def test(root, build):
    needs("cc", "c++")
    environment = plain_environment()
    with tempfile.TemporaryDirectory() as scratch:
        folder = os.path.join(scratch, "written")
        run([os.path.join(root, "scripts", "amalgamate"), folder], env=environment)
        text = conditions(root)
        check_systems(text)
        if sys.platform == "linux":
            check_here(root, build, text)
        compile_alone(folder, environment)
        if sys.platform == "linux":
            compile_as_on_bsd(root, folder, scratch, environment)
        check_names(folder)
        run_programs(folder, header_version(root), environment)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
