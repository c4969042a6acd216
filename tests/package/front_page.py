# SPDX-License-Identifier: MIT
"""Follows the links of the site's front page, docs/site/index.md, from the sources, without building the site.

usage: front_page.py [--self-test] SOURCE_ROOT

Every link leads to a page of the site, and to a heading of it if the link names one. The table of tasks has ten
tasks or more. Each has an answer behind one click: a section that names a call of the library. --self-test shows
front pages with mistakes to these checks, which must find them.
"""

import importlib.util
import os
import re
import sys
import tempfile

from documents import anchors
from scratch import Failure, expect, main

FRONT = os.path.join("docs", "site", "index.md")
FEWEST_TASKS = 10
BLOCK = re.compile(r"^(`{3,})[^\n]*\n.*?^\1[ \t]*$\n?", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| (?!Task|-)([^|]+) \|(.*)\|$", re.MULTILINE)
HEADING = re.compile(r"^(#+) +(.*?) *$", re.MULTILINE)


def load_site(root):
    """The module that builds the site. The standard library has another one of this name."""
    sys.path.insert(0, os.path.join(root, "scripts", "lib"))
    spec = importlib.util.spec_from_file_location("cmio_site", os.path.join(root, "scripts", "lib", "site.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def section(text, anchor):
    """The text below the heading, up to the next heading of its level or above. The whole page without an anchor."""
    if not anchor:
        return text
    bare = BLOCK.sub(lambda block: re.sub(r"^#", " ", block.group(), flags=re.MULTILINE), text)
    headings = list(HEADING.finditer(bare))
    for number, heading in enumerate(headings):
        if anchors(heading.group()) == {anchor}:
            level = len(heading.group(1))
            ends = [other.start() for other in headings[number + 1 :] if len(other.group(1)) <= level]
            return text[heading.end() : ends[0] if ends else len(text)]
    return None


def follow(pages, link):
    """What a link leads to."""
    path, _, anchor = link.partition("#")
    target = os.path.join(pages, path)
    expect(os.path.isfile(target), f"{link}: the site has no such page")
    found = section(read(target), anchor)
    expect(found is not None, f"{link}: the page has no such heading")
    return found


def check(front, pages):
    for link in LINK.findall(BLOCK.sub("", front)):
        if not re.match(r"\w+:", link):
            follow(pages, link)
    tasks = ROW.findall(front)
    expect(len(tasks) >= FEWEST_TASKS, f"{len(tasks)} tasks, fewer than {FEWEST_TASKS}")
    for task, answer in tasks:
        links = LINK.findall(answer)
        expect(links, f"{task}: no link")
        expect(
            any("cmio_" in follow(pages, link) for link in links),
            f"{task}: {' and '.join(links)} names no call of the library",
        )
    return tasks


def stage(root, pages):
    """The pages as Sphinx gets them."""
    site = load_site(root)
    site.stage_documents(root, pages)
    site.stage_reference(root, pages)


def self_test(front, pages):
    check(front, pages)
    mistakes = [
        (front + "\n[a](nowhere.md)\n", "nowhere.md: the site has no such page"),
        (front.replace("#a-periodic-timer", "#a-clock"), "#a-clock: the page has no such heading"),
        (ROW.sub("", front, count=len(ROW.findall(front)) - 9), "9 tasks"),
        (ROW.sub("| do it | somehow |", front, count=1), "do it: no link"),
        (ROW.sub("| do it | [a](SECURITY.md) |", front, count=1), "SECURITY.md names no call"),
    ]
    for text, words in mistakes:
        try:
            check(text, pages)
        except Failure as failure:
            expect(words in str(failure), f"not {words!r} but {failure}")
        else:
            raise Failure(f"not noticed: {words}")
    print(f"{len(mistakes)} mistakes are noticed")


def test(*arguments):
    root = arguments[-1]
    front = read(os.path.join(root, FRONT))
    with tempfile.TemporaryDirectory() as pages:
        stage(root, pages)
        if arguments[0] == "--self-test":
            self_test(front, pages)
            return
        for task, _ in check(front, pages):
            print(task)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
