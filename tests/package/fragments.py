# SPDX-License-Identifier: MIT
"""Compiles the pieces of C that documents and the headers' comments show, in surroundings that they could stand in.

usage: fragments.py [--self-test] SOURCE_ROOT COMPILER...

A piece is a block of C without a name in README.md or docs/ (those with a name are programs: documents.py), or
what stands between @code and @endcode in a public header. It compiles with all warnings as errors by
itself, or in a function that has the variables below, or in a coroutine. Some are excerpts: their text
is compared with what they are of.
"""

import glob
import os
import re
import subprocess
import sys
import tempfile
import textwrap

from scratch import expect, main

BLOCK = re.compile(r"^```c[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
SAMPLE = re.compile(r"@code(?:\{[^}]*\})?\n(.*?)@endcode", re.DOTALL)
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused"]

# Tested by somebody else: the document, and a word of the block.
ELSEWHERE = [
    ("README.md", "echo.c: an echo server"),  # readme.py
    ("docs/guide/09-a-backend-of-your-own.md", "cmio__trace_backend"),  # added_backend.py
]
# Shown as it is declared, but for the comments.
EXCERPTS = [("docs/async/futures.md", "include/cmio/async/future.h")]

INCLUDES = """#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>
#include <cmio/cmio.h>
#include <cmio/async.h>
"""

# What the pieces call and name.
SURROUNDINGS = """
void handle_event(cmio_token token, const struct cmio_event *event);
void handle(const void *what);
void expire(struct cmio_timer *timer);
void flush_logs(void);
struct connection { struct cmio_tcp_stream stream; };
struct job { struct cmio_future future; };
struct self {
    struct cmio_coroutine coroutine;
    struct cmio_io io;
    char buffer[64];
    struct cmio_read_future read;
    struct cmio_write_all_future write;
};
extern struct cmio_poll *poll;
extern struct cmio_events *events;
extern const struct cmio_event *event;
extern struct cmio_timers *timers;
extern struct cmio_registry *worker_registry;
extern struct connection *connection;
extern struct cmio_address out;
extern struct cmio_executor *executor;
extern struct cmio_join_handle *handle_of_task;
extern struct cmio_join_set *set;
extern struct cmio_join_set_future ended;
extern struct job jobs[];
extern struct cmio_fd_source tty;
extern bool has_more, has_room;
extern size_t next, size;
extern ssize_t place;
extern int fd;
extern char buffer[64];
"""
# A local variable where that is what a piece has.
LOCAL = {"sleep.future": "    struct cmio_sleep_future sleep;\n", "&handle)": "    struct cmio_join_handle *handle;\n"}


def in_file(text):
    return INCLUDES + text


def in_function(text):
    locals_ = "".join(declared for word, declared in LOCAL.items() if word in text and declared.strip() not in text)
    text = textwrap.indent(textwrap.dedent(text).rstrip(), "    ")
    end = "" if text.endswith((";", "}", "*/")) else ";"
    return f"{INCLUDES}{SURROUNDINGS}int piece(void);\nint piece(void) {{\n{locals_}{text}{end}\n    return 0;\n}}\n"


def in_coroutine(text):
    head = "enum cmio_future_state piece(struct cmio_coroutine *coroutine, struct cmio_context *context)"
    body = "    struct self *self = (struct self *)coroutine;\n    CMIO_BEGIN(coroutine, context);\n"
    return f"{INCLUDES}{SURROUNDINGS}{head};\n{head} {{\n{body}{text}\n    CMIO_END;\n}}\n"


def compiles(source, root, compiler):
    """None, or what the compiler says."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "piece.c")
        with open(path, "w", encoding="utf-8") as file:
            file.write(source)
        command = [*compiler, *FLAGS, "-I", os.path.join(root, "include"), path]
        result = subprocess.run(command, capture_output=True, text=True)
        return None if result.returncode == 0 else result.stderr


def problem_of(text, root, compiler):
    if "CMIO_AWAIT" in text and "CMIO_BEGIN" not in text:
        surroundings = [in_coroutine]
    elif re.search(r"^(#include|static |struct \w+ \{)", text, re.MULTILINE):
        surroundings = [in_file]
    else:
        surroundings = [in_function]
    said = [compiles(surround(text), root, compiler) for surround in surroundings]
    return None if None in said else said[-1]


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def pieces(root):
    """Yields (where, text)."""
    documents = ["README.md", *glob.glob("docs/**/*.md", root_dir=root, recursive=True)]
    for path in sorted(documents):
        for block in BLOCK.findall(read(root, path)):
            if not any(path == document and word in block for document, word in ELSEWHERE):
                yield path, block
    for path in sorted(glob.glob("include/cmio/**/*.h", root_dir=root, recursive=True)):
        for sample in SAMPLE.findall(read(root, path)):
            yield path, "\n".join(re.sub(r"^[ \t]*\*[ \t]?", "", line) for line in sample.split("\n"))


def squeezed(text):
    return " ".join(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).split())


def is_excerpt(where, text, root):
    of = dict(EXCERPTS).get(where)
    return of and squeezed(text) in squeezed(read(root, of))


def self_test(root, compiler):
    wrong = ["int n = cmio_poll_wait(poll, CMIO_FOREVER);", "CMIO_AWAIT(self->read);", "struct s {\n    int;\n"]
    for text in wrong:
        expect(problem_of(text, root, compiler), f"this is taken for right: {text}")
    expect(not problem_of("int n = cmio_poll_wait(poll, events, 0);", root, compiler), "this is taken for wrong")


def test(*arguments):
    if arguments[0] == "--self-test":
        self_test(arguments[1], arguments[2:])
        return
    root, *compiler = arguments
    count = 0
    for where, text in pieces(root):
        count += 1
        said = None if is_excerpt(where, text, root) else problem_of(text, root, compiler)
        expect(not said, f"{where}:\n{text}\n{said}")
    expect(count > 10, f"only {count} pieces")
    print(f"{count} pieces compile")


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
