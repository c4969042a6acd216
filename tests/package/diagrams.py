# SPDX-License-Identifier: MIT
"""Draws the diagrams of the guide again from their descriptions, and compares.

usage: diagrams.py [--self-test] SOURCE_ROOT

Every description (docs/guide/images/*.txt) has the picture that scripts/lib/diagrams.py draws of it, and
every picture has a description. A page of the guide shows each picture, with words for those who do not see
it. --self-test shows descriptions with mistakes to the drawing, and folders with mistakes to the test.
"""

import glob
import os
import re
import sys
import tempfile
import xml.etree.ElementTree

from scratch import Failure, expect, main

IMAGE = re.compile(r"!\[([^\]]*)\]\((?:\.\./guide/)?images/([\w-]+\.svg)\)")
FEWEST_WORDS = 8  # a description in words has more


def load(root):
    """The module that draws."""
    sys.path.insert(0, os.path.join(root, "scripts", "lib"))
    import diagrams as drawing  # this file has the same name, and is __main__

    return drawing


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def names(folder, ending):
    return {os.path.basename(path).removesuffix(ending) for path in glob.glob(f"{folder}/*{ending}")}


def check_pictures(drawing, folder):
    described, drawn = names(folder, ".txt"), names(folder, ".svg")
    expect(described, f"no descriptions in {folder}")
    expect(described == drawn, f"a description or a picture is missing: {sorted(described ^ drawn)}")
    for path in drawing.descriptions(folder):
        try:
            picture = drawing.drawn(read(path))
        except drawing.Mistake as mistake:
            raise Failure(f"{path}: {mistake}") from mistake
        expect(read(drawing.picture_of(path)) == picture, f"{path}: run scripts/lib/diagrams.py again")
        xml.etree.ElementTree.fromstring(picture)
    return drawn


def check_pages(folder, pictures):
    shown = set()
    guide = os.path.dirname(folder)
    beside = os.path.join(os.path.dirname(guide), "async")
    for path in glob.glob(os.path.join(guide, "*.md")) + glob.glob(os.path.join(beside, "*.md")):
        for words, name in IMAGE.findall(read(path)):
            expect(len(words.split()) >= FEWEST_WORDS, f"{path}: {name} is not told in words: {words!r}")
            shown.add(name.removesuffix(".svg"))
    expect(pictures == shown, f"shown or drawn, but not both: {sorted(pictures ^ shown)}")


def check(drawing, folder):
    pictures = check_pictures(drawing, folder)
    check_pages(folder, pictures)
    return len(pictures)


RIGHT = "title: T\na = A\nb = B\n# a comment\n\na -> b: go\na sleeps\nb: note\na wakes\nloop: l\nb --> a: x\nend\n"
MISTAKES = [
    (RIGHT.replace("title: T\n", ""), "has a title"),
    ("loop = L\n" + RIGHT, "no name for"),
    (RIGHT + "a => b\n", "not understood"),
    (RIGHT + "a -> c: go\n", "no participant c"),
    (RIGHT + "a -> a: go\n", "to itself"),
    (RIGHT + "a -> b: " + "x" * 60 + "\n", "does not fit"),
    (RIGHT + "b: " + "x" * 60 + "\n", "does not fit"),
    (RIGHT + "a sleeps\n", "left open"),
    (RIGHT + "a sleeps\na sleeps\n", "sleeps already"),
    (RIGHT + "a wakes\n", "does not sleep"),
    (RIGHT + "loop: l\n", "left open"),
    (RIGHT + "end\n", "without a loop"),
]
WORDS = "A sends go to B, sleeps, and wakes up again."


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def complaint(drawing, description, picture, page):
    """What the test says of a folder with these three, or nothing."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = os.path.join(scratch, "images")
        os.mkdir(folder)
        write(os.path.join(scratch, "page.md"), page)
        write(os.path.join(folder, "a.txt"), description)
        if picture is not None:
            write(os.path.join(folder, "a.svg"), picture)
        try:
            check(drawing, folder)
        except Failure as failure:
            return str(failure)
    return ""


def self_test(drawing):
    page, right = f"![{WORDS}](images/a.svg)\n", drawing.drawn(RIGHT)
    said = complaint(drawing, RIGHT, right, page)
    expect(said == "", f"a folder without mistakes: {said}")
    cases = [(text, right, page, words) for text, words in MISTAKES]
    cases += [(RIGHT, None, page, "is missing"), (RIGHT, right + "\n", page, "run scripts")]
    cases += [(RIGHT, right, "", "not both"), (RIGHT, right, "![A](images/a.svg)\n", "not told in words")]
    for *three, words in cases:
        said = complaint(drawing, *three)
        expect(words in said, f"not noticed ({words}) but {said!r}:\n{three}")
    print(f"{len(cases)} mistakes are noticed")


def test(*arguments):
    root = arguments[-1]
    drawing = load(root)
    if arguments[0] == "--self-test":
        self_test(drawing)
    else:
        print(f"{check(drawing, os.path.join(root, 'docs', 'guide', 'images'))} diagrams are as described")


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
