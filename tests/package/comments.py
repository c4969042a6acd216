# SPDX-License-Identifier: MIT
"""Looks for public names without a complete comment of their own, and for errors that no comment lists.

usage: comments.py SOURCE_ROOT | comments.py --self-test

scripts/lib/reference.py describes the form of a comment. For each function, macro, type, member and
constant of the public headers:

- It has a comment, which begins with a sentence. A member may do without one behind a comment that
  calls the members private.
- A function, or a macro with parameters, has a line for each parameter, in order, and tells which threads may call it.
  A function tells what it returns if it is not void, and one that can fail has a list of its errors, each errno once.
- The comment reads alone: it has none of the words that send a reader back to another one.
- Each error that a test of tests/ expects of a function by name (TEST_FAILS) is in its list.
"""

import glob
import os
import re
import sys
import tempfile

from scratch import expect, main

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "lib"))

import reference  # noqa: E402  (its folder has just been added)

PRIVATE = re.compile(r"\b(?:private|internal)\b", re.IGNORECASE)
TITLES = ["Result", "Returns", "Errors", "Cancellation", "Threads", "Source"]
BACKWARDS = re.compile(
    r"\b(?:as above|as below|see above|see there|the same as above|ditto|like with|the other way round"
    r"|is good for nothing else|the caller's now)\b",
    re.IGNORECASE,
)


def check_all(entry, problems):
    comment = entry.comment
    if not comment:
        problems.append(f"{entry.where()}: no comment of its own")
        return False
    if not comment.brief.endswith((".", "?", ":")) and entry.kind not in ("member", "constant"):
        problems.append(f"{entry.where()}: does not begin with a sentence: {comment.brief[:60]}")
    back = BACKWARDS.search(" ".join(comment.text.split()))
    if back:
        problems.append(f"{entry.where()}: does not read alone: {back.group()!r}")
    order = [TITLES.index(title) for title in comment.section_order if title in TITLES]
    if len(order) != len(set(order)):
        problems.append(f"{entry.where()}: two parts with one title: {comment.section_order}")
    return True


def check_parameters(entry, problems):
    given = list(entry.comment.parameters)
    if given != entry.parameters:
        problems.append(f"{entry.where()}: parameters {entry.parameters}, described: {given}")
    empty = [name for name, text in entry.comment.parameters.items() if not text]
    if empty:
        problems.append(f"{entry.where()}: nothing is told of {empty}")


def check_function(entry, problems):
    comment = entry.comment
    check_parameters(entry, problems)
    if not entry.is_void and not comment.section("Returns") and not comment.section("Result"):
        problems.append(f"{entry.where()}: no **Returns**")
    if not comment.section("Threads"):
        problems.append(f"{entry.where()}: no **Threads**")
    items = list(comment.error_items())
    if "Errors" in comment.sections and not items:
        problems.append(f"{entry.where()}: **Errors** is not a list")
    names = comment.errors()
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        problems.append(f"{entry.where()}: twice in the list of errors: {twice}")


def are_private(member, entries):
    """Whether the comment of the type, or of a member before this one, calls what follows private."""
    for entry in entries:
        if entry is member:
            return False
        is_before = entry.owner == member.owner and entry.header == member.header
        is_type = entry.name == member.owner and entry.kind in ("struct", "enum")
        if (is_before or is_type) and entry.comment and re.search(PRIVATE, entry.comment.text):
            return True
    return False


def check_headers(entries):
    problems = []
    for entry in entries:
        if entry.kind == "member" and not entry.comment and are_private(entry, entries):
            continue
        if not check_all(entry, problems):
            continue
        if entry.kind == "function":
            check_function(entry, problems)
        elif entry.kind == "macro" and "(" in entry.declaration:
            check_parameters(entry, problems)
    return problems


# They return what they are given: the result of a future, or of a call of the program's own.
PASS_ON = {"cmio_await", "cmio_block_on", "cmio_fd_source_note_io", "cmio_io_note"}
EXPECTED = re.compile(r"TEST_FAILS\(\s*(cmio_\w+)\(")


def end_of_call(text, start):
    depth = 0
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return position + 1
    return len(text)


def expected_errors(text):
    """Yields (function, errno) for what TEST_FAILS expects of a call that is written out in it."""
    for match in EXPECTED.finditer(text):
        end = end_of_call(text, match.end() - 1)
        error = re.match(r"\s*,\s*-(E[A-Z0-9]+)\s*\)", text[end:])
        if error:
            yield match.group(1), error.group(1)


def check_tests(entries, root):
    """The errors that tests see are in the lists; a list that ends with those of a system call too."""
    lists = {e.name: set(e.comment.errors()) for e in entries if e.kind == "function" and e.comment}
    problems = set()
    for path in glob.glob(os.path.join(root, "tests", "**", "*.c"), recursive=True):
        with open(path, encoding="utf-8") as file:
            for function, error in expected_errors(file.read()):
                if function in lists and function not in PASS_ON and error not in lists[function]:
                    shown = os.path.relpath(path, root)
                    problems.add(f"{function}: {shown} sees -{error}, which its comment does not list")
    return sorted(problems)


def test(root):
    entries = reference.read_headers(root)
    expect(len(entries) > 300, f"only {len(entries)} public names: is {root} the source?")
    problems = check_headers(entries) + check_tests(entries, root)
    expect(not problems, "\n".join(problems))


GOOD = """
/**
 * Does a thing.
 *
 * @param a  A number.
 * @param b  Memory. Borrowed.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL, -EBADF: one of them.
 * - Other errors of read(2).
 *
 * **Threads**: any.
 */
CMIO_API int cmio_thing(int a, void *b);
"""

# What is changed in GOOD, and what must be found then.
FAULTS = [
    (("/**", "/*"), "no comment of its own"),
    (("Does a thing.", "Does a thing"), "does not begin with a sentence"),
    (("A number.", "As above."), "does not read alone"),
    (("@param a  A number.\n *", ""), "parameters"),
    (("@param b", "@param c"), "parameters"),
    (("A number.", ""), "nothing is told of"),
    (("**Returns** 0.", "Returns 0."), "no **Returns**"),
    (("**Threads**: any.", "Any thread."), "no **Threads**"),
    (("- -EINVAL, -EBADF: one of them.\n * - Other", "Other"), "is not a list"),
    (("- Other errors", "- -EBADF: errors"), "twice in the list"),
    (("**Threads**: any.", "**Threads**: any.\n *\n * **Threads**: one."), "two parts with one title"),
]


def problems_of(text):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "thing.h")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return check_headers(reference.Reader(path, "thing.h").read())


def self_test():
    expect(not problems_of(GOOD), f"the good example: {problems_of(GOOD)}")
    for change, words in FAULTS:
        found = problems_of(GOOD.replace(*change))
        expect(GOOD.replace(*change) != GOOD, f"nothing to replace: {change}")
        expect(any(words in problem for problem in found), f"{change} is not found: {found}")
    entry = reference.Entry("function", "cmio_thing", "int cmio_thing(int a, void *b)", "/** Text. */", "", 1)
    with tempfile.TemporaryDirectory() as root:
        os.mkdir(os.path.join(root, "tests"))
        with open(os.path.join(root, "tests", "test.c"), "w", encoding="utf-8") as file:
            file.write("TEST_FAILS(cmio_thing(f(1), NULL),\n    -EPERM);")
        expect("-EPERM" in "".join(check_tests([entry], root)), "an error that is not listed is not found")


def choose(*arguments):
    if arguments[0] == "--self-test":
        self_test()
    else:
        test(*arguments)


if __name__ == "__main__":
    sys.exit(main(choose, *sys.argv[1:]))
