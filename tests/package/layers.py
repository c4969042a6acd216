# SPDX-License-Identifier: MIT
"""Walks the sources and fails on a line that breaks the layering.

usage: layers.py SOURCE_ROOT
       layers.py --self-test SOURCE_ROOT

What holds, and is checked here line by line:

- A file includes only what the table below allows its folder: the rows below its own. A folder that
  the table does not know is a failure, so that a new one gets its row.
- Above the backends no file names one: src/core/backends.c alone does, and the public headers in
  their comments.
- errno is read where system calls are made: in src/posix and the backends. A signal handler may
  keep it for who was interrupted: "const int kept = errno;", "errno = kept;", nothing else of it.
- No conditional compilation inside a function: the build picks files.

The self-test breaks each rule in a copy of the tree and sees to it that the walk finds that line.
"""

import os
import re
import shutil
import sys
import tempfile

import c_text

# The backends: the folder of each in src, and the words that give it away.
BACKENDS = {
    "epoll": r"epoll",
    "kqueue": r"kqueue|kevent",
    "poll": r"pollfd|\bppoll\b|<poll\.h>|\bpoll\(2\)|\bpoll_backend\b",
}

# The layers, lowest first: the folder, and what its files may include besides what is in it. An
# entry is a folder or a single header.
PUBLIC = "include/cmio"
PUBLIC_ASYNC = "include/cmio/async"
PUBLIC_HEADERS = [PUBLIC, PUBLIC_ASYNC]
UMBRELLA_ASYNC = "include/cmio/async.h"  # lies in the lower one's folder, and belongs to the upper
SEAM = ["src/core/backend.h", "src/core/fd_table.h"]
LAYERS = {
    PUBLIC: [],
    "src/posix": [PUBLIC],
    "src/epoll": [PUBLIC, "src/posix", *SEAM],
    "src/kqueue": [PUBLIC, "src/posix", *SEAM],
    "src/poll": [PUBLIC, "src/posix", *SEAM],
    "src/core": [PUBLIC, "src/posix"],
    "src/time": [PUBLIC, "src/posix/inline.h"],
    "src/net": [PUBLIC, "src/posix", "src/core/source.h"],
    "src/signal": [PUBLIC, "src/posix", "src/core/source.h"],
    "src/process": [PUBLIC, "src/posix", "src/core/source.h"],
    PUBLIC_ASYNC: [PUBLIC],
    "src/async": [PUBLIC, PUBLIC_ASYNC],
    "examples": [PUBLIC, PUBLIC_ASYNC],
    "bench": [PUBLIC, PUBLIC_ASYNC, "examples", "src/async/switch.h"],  # it measures the bare switch
}

# The folders that are walked; what lies below a layer's folder belongs to that layer.
WALKED = ["include", "src", "examples", "bench"]

# Where the system's headers for one kind of readiness may be included: folders, or single files.
# Where there is kqueue(2), nothing else makes a descriptor of a process's end: child_kqueue.c. Only
# epoll(7) tells whether Linux can watch a file: watchable_epoll.c.
SYSTEM_HEADERS = {
    "sys/epoll.h": ["src/epoll", "src/posix/watchable_epoll.c"],
    "sys/event.h": ["src/kqueue", "src/posix/child_kqueue.c"],
    "poll.h": ["src/poll", "src/posix"],
    "sys/eventfd.h": ["src/posix"],
}

NAMES_BACKENDS = ["src/core/backends.c"]
SPEAKS_OF_NO_BACKEND = [
    "src/core",
    "src/time",
    "src/net",
    "src/signal",
    "src/process",
    "src/async",
    PUBLIC_ASYNC,
]
# getaddrinfo(3) may leave its error in errno: lookup.c. A green thread keeps its errno over an await,
# and a worker knows where that of its thread is.
KEEPS_ERRNO = ["src/async/lookup.c", "src/async/green.c", "src/async/worker.c"]
READS_ERRNO = ["src/posix", *KEEPS_ERRNO, *("src/" + name for name in BACKENDS)]


def layer_of(path):
    """The layer that a file belongs to: the longest folder of the table that it lies in."""
    folders = [folder for folder in LAYERS if path.startswith(folder + "/")]
    return max(folders, key=len, default=None)


def resolve(root, path, name, quoted):
    """The file of the tree that an include means, or None for one of the system's."""
    tries = ["include/" + name, "src/" + name, "examples/" + name, "bench/" + name]
    if quoted:
        tries.insert(0, os.path.normpath(os.path.join(os.path.dirname(path), name)))
    return next((file for file in tries if os.path.isfile(os.path.join(root, file))), None)


def may_include(path, target):
    layer = PUBLIC_ASYNC if path == UMBRELLA_ASYNC else layer_of(path)
    aim = PUBLIC_ASYNC if target == UMBRELLA_ASYNC else layer_of(target)
    if aim == layer:
        return True
    if aim == PUBLIC_ASYNC:
        return PUBLIC_ASYNC in LAYERS[layer]
    return any(target == entry or target.startswith(entry + "/") for entry in LAYERS[layer])


def check_include(root, path, name, quoted):
    layer = layer_of(path)
    if name is None:
        return "a macro in place of a header's name"
    target = resolve(root, path, name, quoted)
    if target is None:
        if quoted or name.startswith("cmio/"):
            return f'no header "{name}" in the tree'
        allowed = SYSTEM_HEADERS.get(name)
        if allowed is not None and path.startswith("src/") and not {layer, path} & set(allowed):
            return f"<{name}> belongs to {' and '.join(allowed)}"
        return None
    if not may_include(path, target):
        return f"{layer} must not include {target}"
    if layer in PUBLIC_HEADERS and quoted:
        return f'"{name}": public headers include each other as <cmio/...>'
    return None


def check_includes(root, path, text):
    for line, name, quoted in c_text.includes(text):
        problem = check_include(root, path, name, quoted)
        if problem:
            yield line, problem


def check_backend_names(path, text):
    layer = layer_of(path)
    if path in NAMES_BACKENDS or layer not in [*SPEAKS_OF_NO_BACKEND, PUBLIC]:
        return
    if layer in PUBLIC_HEADERS:
        text = c_text.without_comments(text)
    for number, line in enumerate(text.splitlines(), 1):
        for name, words in BACKENDS.items():
            if re.search(words, line, re.IGNORECASE):
                yield number, f"{layer} must not know the backend {name}"


def check_errno(path, text):
    layer = layer_of(path)
    if {layer, path} & set(READS_ERRNO) or not path.startswith(("src/", "include/")):
        return
    code = re.sub(r"^[ \t]*#[ \t]*include[^\n]*", "", c_text.code_only(text), flags=re.MULTILINE)
    code, keeps = re.subn(r"\b(const int kept = errno|errno = kept);", "", code)
    for match in re.finditer(r"\b(errno|kept)\b" if keeps else r"\berrno\b", code):
        yield c_text.line_of(code, match.start()), "errno belongs to src/posix and the backends"


def check_conditionals(path, text):
    for line in c_text.conditionals_in_functions(text):
        yield line, "conditional compilation inside a function: let the build pick a file"


def check_file(root, path):
    """Yields (line, problem) for one file."""
    if layer_of(path) is None:
        yield 1, f"{os.path.dirname(path)} has no row in the table of layers"
        return
    with open(os.path.join(root, path), encoding="utf-8") as file:
        text = file.read()
    yield from check_includes(root, path, text)
    yield from check_backend_names(path, text)
    yield from check_errno(path, text)
    yield from check_conditionals(path, text)


def sources(root):
    for top in WALKED:
        for folder, folders, files in os.walk(os.path.join(root, top)):
            folders.sort()
            for name in sorted(files):
                if name.endswith((".c", ".h", ".cpp")):
                    yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")


def check_tree(root):
    """The problems of a tree, as "path:line: text", and how many files were looked at."""
    problems, count = [], 0
    for path in sources(root):
        count += 1
        problems += [f"{path}:{line}: {problem}" for line, problem in check_file(root, path)]
    return problems, count


# Each breaks one rule: the file that gets the line, the line, and what must be said about it.
BROKEN = [
    ("src/posix/broken.c", '#include "core/backend.h"', "must not include src/core/backend.h"),
    ("src/core/broken.c", '#include "net/helper.h"', "must not include src/net/helper.h"),
    ("src/core/broken.c", '#include "../net/helper.h"', "must not include src/net/helper.h"),
    ("src/core/broken.c", '    #  include   "net/helper.h" /* why */', "must not include src/net"),
    ("src/net/broken.c", '#include "core/backend.h"', "must not include src/core/backend.h"),
    ("src/net/broken.c", '#include "epoll/helper.h"', "must not include src/epoll/helper.h"),
    ("src/time/broken.c", '#include "posix/helper.h"', "must not include src/posix/helper.h"),
    ("src/epoll/broken.c", '#include "core/helper.h"', "must not include src/core/helper.h"),
    ("src/epoll/broken.c", '#include "kqueue/helper.h"', "must not include src/kqueue/helper.h"),
    ("src/core/broken.c", '#include "absent.h"', 'no header "absent.h"'),
    ("src/core/broken.c", "#include HEADER", "a macro in place"),
    ("src/net/broken.c", "#include <sys/eventfd.h>", "belongs to src/posix"),
    ("src/posix/broken.c", "#include <sys/event.h>", "belongs to src/kqueue"),
    ("src/process/broken.c", "/* NOTE_EXIT of kqueue(2) */", "must not know the backend kqueue"),
    ("src/process/broken.c", "int f(void) { return -errno; }", "errno belongs to"),
    ("include/cmio/broken.h", '#include "posix/helper.h"', "must not include src/posix/helper.h"),
    ("include/cmio/broken.h", '#include "event.h"', "include each other as <cmio/...>"),
    ("examples/broken.c", '#include "core/backend.h"', "must not include src/core/backend.h"),
    ("src/unknown/broken.c", "int x;", "src/unknown has no row"),
    ("src/async/broken.c", '#include "core/helper.h"', "must not include src/core/helper.h"),
    ("src/async/broken.c", "int f(void) { return -errno; }", "errno belongs to"),
    ("src/async/broken.c", "/* as epoll(7) does */", "must not know the backend epoll"),
    ("src/net/broken.c", "#include <cmio/async/future.h>", "must not include include/cmio/async"),
    ("include/cmio/broken.h", "#include <cmio/async/future.h>", "must not include include/cmio/async"),
    ("include/cmio/broken.h", "#include <cmio/async.h>", "must not include include/cmio/async.h"),
    ("include/cmio/async/broken.h", '#include "future.h"', "include each other as <cmio/...>"),
    ("src/core/broken.c", "/* as epoll(7) does */", "must not know the backend epoll"),
    ("src/core/broken.c", "#if CMIO_HAVE_KQUEUE", "must not know the backend kqueue"),
    ("src/net/broken.c", "struct pollfd *entry;", "must not know the backend poll"),
    ("include/cmio/broken.h", "int cmio__epoll(void);", "must not know the backend epoll"),
    ("src/net/broken.c", "int f(void) { return -errno; }", "errno belongs to"),
    ("src/net/broken.c", "const int kept = errno;\nreturn -kept;", "errno belongs to"),
    ("src/core/broken.c", "int f(void) {\n#ifdef X\n}", "conditional compilation inside"),
    ("src/posix/broken.c", "int f(int a)\n{ if (a) {\n}\n# if X\n}", "conditional compilation"),
]

# Each looks a little like a broken rule and is none.
SOUND = [
    ("src/core/broken.c", "#include <errno.h>\n/* errno is kept */\nint e = EINVAL;"),
    ("src/core/broken.c", "int list[] = {\n#if X\n1,\n#endif\n};\nint f(void) { return 0; }"),
    ("src/core/broken.c", 'const char *s = "#include \\"net/helper.h\\"";'),
    ("src/core/broken.c", '/*\n#include "net/helper.h"\n*/'),
    ("src/net/broken.c", '#include "core/source.h"'),
    ("include/cmio/broken.h", '/* "epoll", "kqueue", "poll" */'),
    ("src/signal/broken.c", "void f(int n) {\nconst int kept = errno;\nerrno = kept;\n}"),
    ("src/posix/child_kqueue.c", "#include <sys/event.h>"),
    ("src/async/broken.c", "#include <cmio/async.h>\n#include <cmio/poll.h>"),
    ("examples/broken.c", "#include <cmio/async.h>"),
    ("src/epoll/broken.c", "#include <sys/epoll.h>\nint f(void) { return -errno; }"),
]

HELPERS = ["src/posix", "src/core", "src/epoll", "src/kqueue", "src/net"]


def copy_tree(root, copy):
    for top in WALKED:
        if os.path.isdir(os.path.join(root, top)):
            shutil.copytree(os.path.join(root, top), os.path.join(copy, top))
    for folder in HELPERS:
        os.makedirs(os.path.join(copy, folder), exist_ok=True)
        with open(os.path.join(copy, folder, "helper.h"), "w", encoding="utf-8") as file:
            file.write("/* to be included */\n")


def problems_with(copy, path, text):
    """The problems of the file with the given text, if the walk over the copy comes to it."""
    file = os.path.join(copy, path)
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "w", encoding="utf-8") as opened:
        opened.write(text + "\n")
    walked = path in sources(copy)
    found = [problem for _, problem in check_file(copy, path)] if walked else ["not walked"]
    os.unlink(file)
    return found


def judge(copy):
    """Prints each line that was judged wrongly; how many there were."""
    failures = 0
    for path, text, expected in BROKEN:
        found = problems_with(copy, path, text)
        if not any(expected in problem for problem in found):
            failures += 1
            print(f"not found in {path}: {text!r}; instead: {found}")
    for path, text in SOUND:
        found = problems_with(copy, path, text)
        if found:
            failures += 1
            print(f"wrongly refused: {text!r}: {found}")
    return failures


def self_test(root):
    with tempfile.TemporaryDirectory() as copy:
        copy_tree(root, copy)
        failures = judge(copy)
    count = len(BROKEN) + len(SOUND)
    print(f"{count - failures} of {count} lines judged rightly")
    return failures == 0


def main():
    arguments = sys.argv[1:]
    testing = "--self-test" in arguments
    roots = [argument for argument in arguments if argument != "--self-test"]
    if len(roots) != 1:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    if testing:
        return 0 if self_test(roots[0]) else 1
    problems, count = check_tree(roots[0])
    for problem in problems:
        print(problem)
    print(f"{count} files, {len(problems)} lines that break the layering")
    return 0 if count > 0 and not problems else 1


if __name__ == "__main__":
    sys.exit(main())
