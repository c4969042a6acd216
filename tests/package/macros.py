# SPDX-License-Identifier: MIT
"""Compiles the public headers where names are macros that well-known headers define.

usage: macros.py SOURCE_ROOT

Qt, X11, curses, <windows.h>, the kernels' and the C libraries' own headers define short names as macros. A
program may include them before cmio's headers, which therefore use none of these names: neither for a
parameter or a member, nor in what a macro expands to. Here each of them stands for nonsense. The headers
of the system are included before: they may use such names, and it is not cmio's to keep them from it.
"""

import glob
import os
import re
import subprocess
import sys
import tempfile

import c_text
from headers import LANGUAGES, compilers_of
from scratch import expect, main

SKIPPED = 77

NAMES = {
    "Qt": "signals slots emit foreach forever",
    "X11": """None Bool Status Success True False Always Above Below Complex Convex CurrentTime Unsorted
        GrayScale KeyPress KeyRelease FocusIn FocusOut Expose Cursor Font Window Display Screen Root XYBitmap
        NotUseful WhenMapped GenericEvent Button1 Nonconvex""",
    "Windows": """interface near far small hyper min max pascal cdecl huge IN OUT OPTIONAL
        ERROR DELETE NO_ERROR IGNORE INFINITE STRICT CONST VOID TRUE FALSE""",
    "curses": """timeout clear erase move refresh echo getch getstr getyx scroll filter border box inch insch
        delch instr addch addstr attron attroff attrset bkgd nl raw meta lines columns tab bell buttons OK
        ERR key_up tabs beep flash""",
    "the systems": """unix linux i386 sun hpux vax arm mips sparc major minor makedev howmany roundup u_char
        st_mtime s_addr h_addr sa_handler si_value index rindex bzero unused used packed aligned fallthrough
        visibility noreturn deprecated likely unlikely current jiffies container_of offset_of I complex
        imaginary assert isset setbit noinline always_inline weak section format pure cold hot""",
    "macOS": "check verify require nil Nil YES NO ino64_t BIG LITTLE",
    "<iso646.h>": "and or not xor bitand bitor compl not_eq",
    "others": "PACKAGE VERSION DEBUG EMPTY MIN MAX LEVEL READ WRITE PRIORITY ONESHOT ASSERT ARRAY_SIZE check_call",
}
# In C++ these are no macros but the operators themselves.
NOT_IN_CPLUSPLUS = NAMES["<iso646.h>"].split()

# What the macros of the headers expand to is compiled as well.
USES = """
static unsigned visit(const struct cmio_events *events) {
    unsigned ready = CMIO_READABLE | CMIO_WRITABLE | CMIO_PRIORITY | CMIO_LEVEL | CMIO_ONESHOT | CMIO_ERROR;
    CMIO_EVENTS_FOREACH (event, events)
        ready |= cmio_event_is_readable(event) ? event->ready : 0;
    return ready;
}

int64_t use(const struct cmio_events *events);
int64_t use(const struct cmio_events *events) {
    return visit(events) + CMIO_FOREVER + CMIO_SECOND + CMIO_MILLISECOND + CMIO_MICROSECOND;
}
"""
COROUTINE = """
struct waiting {
    struct cmio_coroutine coroutine;
    struct cmio_sleep_future sleep;
};

enum cmio_future_state step(struct cmio_coroutine *coroutine, struct cmio_context *context);
enum cmio_future_state step(struct cmio_coroutine *coroutine, struct cmio_context *context) {
    struct waiting *self = (struct waiting *)coroutine;
    ssize_t result = 0;
    CMIO_BEGIN(coroutine, context);
    CMIO_AWAIT(&self->sleep.future);
    CMIO_RETURN(result);
    CMIO_FINALLY;
    CMIO_END;
}
"""


def system_headers(root):
    """The headers of the system that the public ones include."""
    found = set()
    for path in glob.glob(os.path.join(root, "include", "cmio", "**", "*.h"), recursive=True):
        with open(path, encoding="utf-8") as file:
            found |= {name for _, name, _ in c_text.includes(file.read()) if name}
    return sorted(name for name in found if not name.startswith("cmio/"))


def source(root, language):
    lines = [f"#include <{name}>" for name in system_headers(root)]
    for names in NAMES.values():
        for name in names.split():
            if language == "c" or name not in NOT_IN_CPLUSPLUS:
                lines += [f"#undef {name}", f"#define {name} @ {name} is a macro @"]
    lines += ["#include <cmio/cmio.h>", "#include <cmio/async.h>", USES]
    return "\n".join(lines + ([COROUTINE] if language == "c" else [])) + "\n"


def names_in_use(root):
    """The words of the public headers that a list above has: what the compilers may not come to."""
    listed = {name for names in NAMES.values() for name in names.split()}
    found = []
    for path in glob.glob(os.path.join(root, "include", "cmio", "**", "*.h"), recursive=True):
        with open(path, encoding="utf-8") as file:
            text = c_text.code_only(file.read())
        text = re.sub(r"^[ \t]*#[ \t]*include[^\n]*", "", text, flags=re.MULTILINE)
        words = set(re.findall(r"\b[A-Za-z]\w*", text)) & listed
        found += [f"{os.path.relpath(path, root)}: {word}" for word in sorted(words)]
    return found


def test(root):
    problems, tried = names_in_use(root), []
    with tempfile.TemporaryDirectory() as scratch:
        for standard, (language, names) in LANGUAGES.items():
            path = os.path.join(scratch, "macros." + ("c" if language == "c" else "cpp"))
            with open(path, "w", encoding="utf-8") as file:
                file.write(source(root, language))
            for compiler in compilers_of(names):
                tried.append(f"{compiler} as {standard}")
                command = [compiler, "-std=" + standard, "-I", os.path.join(root, "include")]
                said = subprocess.run(
                    [*command, "-fsyntax-only", path], capture_output=True, text=True, check=False
                )
                if said.returncode != 0:
                    problems.append(f"{compiler} as {standard}:\n{said.stderr[:4000]}")
    expect(not problems, "\n".join(problems))
    print(f"{sum(len(names.split()) for names in NAMES.values())} names, {', '.join(tried) or 'no compiler'}")
    if not tried:
        sys.exit(SKIPPED)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
