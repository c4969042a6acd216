# SPDX-License-Identifier: MIT
"""Compiles the examples of the manual pages with all warnings as errors, and runs each with every backend.

usage: man_examples.py [--self-test] SOURCE_ROOT ASYNC_LIBRARY LIBRARY BACKENDS SANITIZERS COMPILER...

An example is a file of docs/man/examples/. It has to

- begin with the line of its licence and have no line that is longer than a terminal shows in a manual page,
- compile as C11 by itself,
- end with exit status 0 when it is started without arguments, whatever the backend, and say something,
- leave no file behind.

Every public function, struct, enum and macro with parameters is in the example that its page shows, or has
an example of its header. BACKENDS are names with commas between them. SANITIZERS is what the libraries were
built with, or "none". --self-test shows programs with mistakes to these checks, which must find them.
"""

import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

from scratch import WARNINGS, Failure, expect, main, run

LICENCE = "/* SPDX-License-Identifier: MIT */"
WIDTH = 73  # of 80 columns, the page takes 7 for its indentation
TIME_LIMIT = 120


class Toolchain:
    """How to compile a program against the libraries."""

    def __init__(self, root, async_library, library, sanitizers, compiler):
        names = [name for name in re.findall(r"[a-z-]+", sanitizers) if name != "none"]
        flags = ["-std=c11", *WARNINGS, "-I", os.path.join(root, "include")]
        flags += ["-fsanitize=" + ",".join(names)] if names else []
        self.before = [*compiler, *flags]
        self.libraries = [async_library, library, "-pthread"]
        for each in [async_library, library]:
            self.libraries.append("-Wl,-rpath," + os.path.dirname(os.path.abspath(each)))

    def build(self, source, program):
        run([*self.before, source, *self.libraries, "-o", program])


def check_text(text):
    lines = text.split("\n")
    expect(lines[0] == LICENCE, "the first line is not that of the licence")
    expect(not lines[1].startswith(("/*", "//")), "it goes on with a comment, which a page would show first")
    for number, line in enumerate(lines, 1):
        expect(len(line) <= WIDTH, f"line {number} has {len(line)} columns, more than {WIDTH}")


def run_example(program, backend, folder):
    """Runs it in a folder of its own and looks at how it ended."""
    os.mkdir(folder)
    result = subprocess.run(
        [program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        cwd=folder,
        env={**os.environ, "CMIO_BACKEND": backend},
    )
    said = (result.stdout + result.stderr).strip()
    expect(result.returncode == 0, f"with {backend}, it ended with {result.returncode}:\n{said}")
    expect(result.stdout.strip(), f"with {backend}, it says nothing")
    expect(not result.stderr.strip(), f"with {backend}, it complains:\n{result.stderr}")
    expect(not os.listdir(folder), f"with {backend}, it leaves behind {os.listdir(folder)}")


def check_example(name, text, toolchain, backends):
    """What is wrong with an example, in words, or None."""
    with tempfile.TemporaryDirectory() as scratch:
        source, program = os.path.join(scratch, f"{name}.c"), os.path.join(scratch, name)
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        try:
            check_text(text)
            toolchain.build(source, program)
            for backend in backends:
                run_example(program, backend, os.path.join(scratch, f"in-{backend}"))
        except subprocess.TimeoutExpired:
            return f"{name}.c: it did not end within {TIME_LIMIT} s"
        except Failure as failure:
            return f"{name}.c: {failure}"
    return None


def names_without_example(library):
    """The names that have a page without an example."""
    for entry in library.entries:
        if library.has_page(entry) and not library.example(entry):
            yield f"{entry.header}: {entry.name} has no example"


def programs_of_no_header(root, names):
    """An example is called after the header that it belongs to, with more behind it perhaps."""
    include = os.path.join(root, "include", "cmio")
    for name in names:
        own = [name.replace("-", "/"), name.rpartition("-")[0].replace("-", "/")]
        if not any(os.path.exists(os.path.join(include, f"{header}.h")) for header in own):
            yield f"{name}.c: no header has this name"


RIGHT = f'{LICENCE}\n#include <stdio.h>\nint main(void) {{\n    puts("x");\n    return 0;\n}}\n'
# A program, and what is to be said of it.
MISTAKES = [
    (RIGHT.replace("MIT", "BSD"), "licence"),
    (RIGHT.replace("\n#", "\n/* Says x. */\n#", 1), "goes on with a comment"),
    (RIGHT.replace('"x"', f'"{WIDTH * "x"}"'), "columns"),
    (RIGHT.replace("puts", "int unused; puts"), "unused"),
    (RIGHT.replace("return 0", "return 3"), "ended with 3"),
    (RIGHT.replace('puts("x");', ""), "says nothing"),
    (RIGHT.replace('puts("x")', 'puts("x"); fputs("bad", stderr)'), "complains"),
    (RIGHT.replace('puts("x")', 'puts("x"); (void)fopen("left", "w")'), "leaves behind"),
]


def self_test(root, toolchain, backends):
    said = check_example("right", RIGHT, toolchain, backends)
    expect(said is None, f"a program without mistakes: {said}")
    for text, words in MISTAKES:
        said = check_example("mistake", text, toolchain, backends) or ""
        expect(words in said, f"not noticed ({words}) but {said!r}:\n{text}")
    names = ["poll", "poll-more", "async-task", "async-task-more"]
    expect(list(programs_of_no_header(root, [*names, "pol"])) == ["pol.c: no header has this name"], "names")
    known = pages(root)
    del known.examples["poll"], known.examples["poll-backends"]
    said = list(names_without_example(known))
    expect("cmio/poll.h: cmio_poll_supports has no example" in said, f"a function is in no program: {said}")
    print(f"{len(MISTAKES) + 2} mistakes are noticed")


def pages(root):
    sys.path.insert(0, os.path.join(root, "scripts", "lib"))
    import man_pages  # its folder is known only now

    return man_pages.Library(root, "0")


def test(*arguments):
    is_self_test = arguments[0] == "--self-test"
    root, async_library, library, names, sanitizers, *compiler = arguments[is_self_test:]
    toolchain = Toolchain(root, async_library, library, sanitizers, compiler)
    backends = names.split(",")
    if is_self_test:
        self_test(root, toolchain, backends)
        return
    known = pages(root)
    wrong = [*names_without_example(known), *programs_of_no_header(root, known.examples)]
    expect(not wrong, "\n".join(wrong))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(check_example, name, text, toolchain, backends) for name, text in known.examples.items()]
        wrong = [job.result() for job in jobs if job.result() is not None]
    expect(not wrong, "\n\n".join(wrong))
    print(f"{len(known.examples)} examples compile and run with {names}")


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
