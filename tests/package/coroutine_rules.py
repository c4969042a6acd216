# SPDX-License-Identifier: MIT
"""Compiles coroutines that are right, which must give no warning, and wrong ones, which must be
errors whatever warnings are asked for.

usage: coroutine_rules.py SOURCE_ROOT right|wrong

Every compiler that is there has to agree; with none the test is skipped.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wimplicit-fallthrough", "-Wpedantic"]
PLAIN = []

BEFORE = """\
#include <cmio/async/coroutine.h>
#include <cmio/async/sleep.h>
#include <stddef.h>

struct state {
    struct cmio_coroutine coroutine;
    struct cmio_sleep_future sleep;
    int i;
};

int use(int);
cmio_coroutine_body run;

enum cmio_future_state run(struct cmio_coroutine *coroutine, struct cmio_context *context) {
    struct state *s = (struct state *)(void *)coroutine;
    CMIO_BEGIN(coroutine, context);
    (void)cmio_sleep_future_init(&s->sleep, 1);
"""
AFTER = """
    CMIO_END;
}
"""

RIGHT = {
    "an await": "CMIO_AWAIT(&s->sleep.future);",
    "no await": "use(s->i);",
    "an await over several lines": "CMIO_AWAIT(\n    &s->sleep.future\n);",
    "awaits in loops and branches": """
        for (s->i = 0; s->i < 3; s->i++) {
            while (s->i == 1)
                CMIO_AWAIT(&s->sleep.future);
            if (s->i == 2)
                CMIO_AWAIT(&s->sleep.future);
            else
                CMIO_RETURN(s->sleep.future.result);
        }""",
    "a local variable after an await": """
        CMIO_AWAIT(&s->sleep.future);
        const int local = use(1);
        use(local);""",
    "a local variable in a block of its own": """
        {
            const int local = use(1);
            use(local);
        }
        CMIO_AWAIT(&s->sleep.future);""",
    "a switch that only chooses": """
        switch (s->i) {
        case 1:
            CMIO_RETURN(use(1));
        default:
            break;
        }
        CMIO_AWAIT(&s->sleep.future);""",
    "a clean-up": """
        CMIO_AWAIT(&s->sleep.future);
        CMIO_FINALLY;
        const int local = use(1);
        use(local);""",
    "a clean-up alone": "CMIO_FINALLY; use(s->i);",
}

# What is wrong, how it is compiled, and what each compiler says of it.
WRONG = {
    "a local variable in the scope of an await": (
        "const int local = use(1);\nCMIO_AWAIT(&s->sleep.future);\nuse(local);",
        {"gcc": (PLAIN, "jumps over variable init"), "clang": (["-Wall"], "may be uninit")},
    ),
    "a loop variable in the scope of an await": (
        "for (int local = 0; local < 3; local++)\nCMIO_AWAIT(&s->sleep.future);",
        {"gcc": (PLAIN, "jumps over variable init"), "clang": (["-Wall"], "may be uninit")},
    ),
    "a local variable that is set before an await": (
        "int local;\nlocal = use(1);\nCMIO_AWAIT(&s->sleep.future);\nuse(local);",
        {
            "gcc": (["-O2", "-Wall", "-Werror"], "may be used uninit"),
            "clang": (["-Wall"], "may be uninit"),
        },
    ),
    "a variable-length array in the scope of an await": (
        "char local[s->i];\nlocal[0] = 0;\nCMIO_AWAIT(&s->sleep.future);\nuse(local[0]);",
        {"gcc": (PLAIN, "variably modified"), "clang": (PLAIN, "cannot jump")},
    ),
    "a switch around an await": (
        "switch (s->i) {\ncase 1:\nCMIO_AWAIT(&s->sleep.future);\n}",
        {"gcc": (PLAIN, "overflow"), "clang": (PLAIN, "overflow")},
    ),
    "a switch of characters around an await": (
        "switch ((char)s->i) {\ncase 1:\nCMIO_AWAIT(&s->sleep.future);\n}",
        {"gcc": (PLAIN, "overflow|exceeds maximum"), "clang": (PLAIN, "overflow")},
    ),
    "a switch of an enumeration around an await": (
        "switch (coroutine->body(NULL, NULL)) {\ncase CMIO_READY:\nCMIO_AWAIT(&s->sleep.future);\n"
        "case CMIO_PENDING:\nbreak;\n}",
        {"gcc": (PLAIN, "overflow|conversion"), "clang": (PLAIN, "overflow")},
    ),
    "a switch of 64 bits around an await": (
        "switch ((long long)s->i) {\ncase 1:\nCMIO_AWAIT(&s->sleep.future);\n}",
        {"gcc": (PLAIN, "conversion"), "clang": (PLAIN, "overflow|conversion")},
    ),
    "a switch of unsigned 64 bits around an await": (
        "switch ((unsigned long long)s->i) {\ncase 1:\nCMIO_AWAIT(&s->sleep.future);\n}",
        {"gcc": (PLAIN, "conversion"), "clang": (PLAIN, "overflow|conversion")},
    ),
    "two awaits on a line": (
        "CMIO_AWAIT(&s->sleep.future); CMIO_AWAIT(&s->sleep.future);",
        {"gcc": (PLAIN, "duplicate case"), "clang": (PLAIN, "duplicate case")},
    ),
    "an await in the clean-up": (
        "CMIO_FINALLY;\nCMIO_AWAIT(&s->sleep.future);",
        {"gcc": (PLAIN, "no CMIO_AWAIT after"), "clang": (PLAIN, "no CMIO_AWAIT after")},
    ),
    "a return in the clean-up": (
        "CMIO_FINALLY;\nuse(s->i);\nCMIO_RETURN(1);",
        {"gcc": (PLAIN, "CMIO_END alone"), "clang": (PLAIN, "CMIO_END alone")},
    ),
    "a second clean-up": (
        "CMIO_FINALLY;\nuse(s->i);\nCMIO_FINALLY;\nuse(s->i);",
        {"gcc": (PLAIN, "duplicate case"), "clang": (PLAIN, "duplicate case")},
    ),
    "a variable of the body in the clean-up": (
        "const int local = use(1);\nuse(local);\nCMIO_FINALLY;\nuse(local);",
        {"gcc": (PLAIN, "undeclared"), "clang": (PLAIN, "undeclared")},
    ),
}

OUTSIDE = """\
#include <cmio/async/coroutine.h>
enum cmio_future_state await_outside(struct cmio_future *future);
enum cmio_future_state await_outside(struct cmio_future *future) {
    CMIO_AWAIT(future);
    return CMIO_READY;
}
"""


def compile_with(compiler, root, flags, text, suffix=".c"):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "coroutine" + suffix)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        include = os.path.join(root, "include")
        command = [compiler, *flags, "-I", include, "-c", path, "-o", os.devnull]
        environment = {**os.environ, "LC_ALL": "C", "CCACHE_DISABLE": "1"}
        result = subprocess.run(command, capture_output=True, text=True, env=environment)
    return result.returncode, result.stderr


def check_right(root, compilers):
    problems = []
    for compiler in compilers:
        for standard in ["-std=c11", "-std=gnu11"]:
            for name, text in RIGHT.items():
                flags = [standard, "-O2", *WARNINGS, "-Werror"]
                status, said = compile_with(compiler, root, flags, BEFORE + text + AFTER)
                if status != 0:
                    problems.append(f"{compiler} {standard} refuses {name}:\n{said}")
    return problems


def check_refused(compiler, root, name, flags, pattern, text, suffix=".c"):
    status, said = compile_with(compiler, root, flags, text, suffix)
    if status == 0:
        return [f"{compiler} accepts {name}"]
    if not re.search("error: .*(" + pattern + ")", said):
        return [f"{compiler} refuses {name} for another reason:\n{said}"]
    return []


def check_wrong(root, compilers):
    problems = []
    for compiler in compilers:
        for name, (text, refusals) in WRONG.items():
            flags, pattern = refusals[compiler]
            problems += check_refused(
                compiler, root, name, ["-std=c11", *flags], pattern, BEFORE + text + AFTER
            )
        problems += check_refused(
            compiler, root, "an await outside", ["-std=c11"], "undeclared", OUTSIDE
        )
        if shutil.which({"gcc": "g++", "clang": "clang++"}[compiler]):
            problems += check_refused(
                {"gcc": "g++", "clang": "clang++"}[compiler],
                root,
                "a coroutine in C++",
                ["-std=c++17"],
                "co_await",
                BEFORE + AFTER.replace("CMIO_END;", ""),
                ".cpp",
            )
    return problems


def main():
    root, what = sys.argv[1:]
    compilers = [name for name in ["gcc", "clang"] if shutil.which(name)]
    if not compilers:
        print("skipped: neither gcc nor clang")
        return SKIPPED
    problems = (check_right if what == "right" else check_wrong)(root, compilers)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
