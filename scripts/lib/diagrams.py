# SPDX-License-Identifier: MIT
"""Draws the sequence diagrams of the guide from their descriptions.

usage: diagrams.py [FOLDER]      draws every description of the folder (docs/guide/images) again

A description is a text file, NAME.txt, and becomes NAME.svg beside it:

    title: A blocking read
    thread = Your thread              a participant: a word for this file, and the heading of its line
    kernel = Kernel

    thread -> kernel: read(7)         a call
    thread sleeps                     a grey bar, until
    kernel: bytes arrive on 7         a note on a line
    thread wakes                      here
    kernel --> thread: 42 bytes       a return
    loop: for each event              a frame around what follows, until
    end                               here

Empty lines, and lines that begin with #, are skipped. Text wraps; a word that does not fit is an error.
A diagram has a card of its own as its background, so it can be read on a light and on a dark page, and is
360 units wide, so its text is as large as the page's on a telephone.
"""

import glob
import os
import re
import sys
from xml.sax.saxutils import escape

WIDTH, MARGIN, ARM = 360, 8, 54  # ARM: from the card's edge to the first and the last line
FONT, LINE, WIDE = 13, 16, 7.2  # WIDE: what a character of that size takes, with room to spare
BAR = 8
LEGEND = "asleep: uses no processor"
STYLE = """
.card{fill:#fff;stroke:#bbb}.head{fill:#dceafb;stroke:#4a7ab5}.note{fill:#fff3cf;stroke:#b58d2a}
.line{stroke:#888}.bar{fill:#9a9a9a}.arrow{stroke:#1f2328;stroke-width:1.5;fill:none}.tip{fill:#1f2328}
.frame{fill:none;stroke:#888;stroke-dasharray:3 3}.back{stroke-dasharray:5 4}
text{fill:#1f2328;font:13px system-ui,"Segoe UI",Helvetica,Arial,sans-serif;text-anchor:middle}
.left{text-anchor:start}.bold{font-weight:600}.label{paint-order:stroke;stroke:#fff;stroke-width:5px}
@media(prefers-color-scheme:dark){.card{fill:#1c2128;stroke:#555}.head{fill:#22384f;stroke:#6ea3de}
.note{fill:#453a1c;stroke:#c9a545}.bar{fill:#7d858f}.arrow{stroke:#e6edf3}.tip,text{fill:#e6edf3}
.label{stroke:#1c2128}}
"""


class Mistake(Exception):
    """What is wrong with a description, in words."""


class Diagram:
    """A description: its title, its participants (word to heading, in order) and its steps."""

    PATTERNS = [
        ("title", re.compile(r"title: (.+)")),
        ("participant", re.compile(r"(\w+) = (.+)")),
        ("return", re.compile(r"(\w+) --> (\w+): (.+)")),
        ("call", re.compile(r"(\w+) -> (\w+): (.+)")),
        ("loop", re.compile(r"loop: (.+)")),
        ("end", re.compile(r"end")),
        ("sleeps", re.compile(r"(\w+) sleeps")),
        ("wakes", re.compile(r"(\w+) wakes")),
        ("note", re.compile(r"(\w+): (.+)")),
    ]

    def __init__(self, text):
        self.title, self.participants, self.steps = "", {}, []
        for line in text.splitlines():
            if line.strip() and not line.startswith("#"):
                self.add(line.strip())
        if not self.title or not self.participants or not self.steps:
            raise Mistake("a description has a title, participants and steps")

    def add(self, line):
        for kind, pattern in self.PATTERNS:
            match = pattern.fullmatch(line)
            if match:
                self.take(kind, match.groups(), line)
                return
        raise Mistake(f"not understood: {line}")

    def take(self, kind, words, line):
        if kind == "title":
            self.title = words[0]
        elif kind == "participant":
            if words[0] in ("loop", "title"):
                raise Mistake(f"{words[0]} is no name for a participant: {line}")
            self.participants[words[0]] = words[1]
        else:
            named = {"call": words[:2], "return": words[:2], "loop": [], "end": []}.get(kind, words[:1])
            for word in named:
                if word not in self.participants:
                    raise Mistake(f"no participant {word}: {line}")
            self.steps.append((kind, *words))


def wrap(text, width):
    """The lines of a text that may be so wide."""
    most, lines = int(width / WIDE), [""]
    for word in text.split():
        if len(word) > most:
            raise Mistake(f"{word!r} does not fit: there is room for {most} characters")
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= most:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


class Drawing:
    """Draws a diagram from top to bottom; y is how far it has come."""

    def __init__(self, diagram):
        self.diagram = diagram
        self.behind, self.front = [], []
        self.y = MARGIN + 2
        self.asleep, self.frames, self.has_slept = {}, [], False
        last = max(len(diagram.participants) - 1, 1)
        step = (WIDTH - 2 * (MARGIN + ARM)) // last
        self.step = step
        self.x = {word: MARGIN + ARM + step * i for i, word in enumerate(diagram.participants)}

    def text(self, x, lines, style="", top=None):
        """Lines below one another, from top (or from where the drawing is, which moves on)."""
        y = self.y if top is None else top
        for i, line in enumerate(lines):
            attribute = f' class="{style}"' if style else ""
            self.front.append(f'<text x="{x}" y="{y + LINE * i + FONT}"{attribute}>{escape(line)}</text>')
        if top is None:
            self.y += LINE * len(lines)

    def box(self, style, x, y, width, height, layer=None):
        layer = self.front if layer is None else layer
        rounded = "" if style in ("bar", "frame") else ' rx="4"'
        layer.append(f'<rect class="{style}" x="{x}" y="{y}" width="{width}" height="{height}"{rounded}/>')

    def heads(self):
        width = min(2 * ARM, self.step - 6)
        wrapped = {word: wrap(text, width - 6) for word, text in self.diagram.participants.items()}
        height = LINE * max(len(lines) for lines in wrapped.values()) + 8
        for word, lines in wrapped.items():
            self.box("head", self.x[word] - width // 2, self.y, width, height)
            top = self.y + (height - LINE * len(lines)) // 2
            self.text(self.x[word], lines, "bold", top)
        self.y += height
        self.top = self.y
        self.y += 8

    def arrow(self, kind, sender, receiver, text):
        a, b = self.x[sender], self.x[receiver]
        if a == b:
            raise Mistake(f"an arrow leads from {sender} to itself: {text}")
        self.text((a + b) // 2, wrap(text, abs(b - a) - 14), "label")
        self.y += 6
        way = 1 if b > a else -1
        a, b = a + way * (BAR // 2 + 1), b - way * (BAR // 2 + 1)
        style = "arrow back" if kind == "return" else "arrow"
        self.front.append(f'<path class="{style}" d="M{a} {self.y}H{b - way * 7}"/>')
        self.front.append(f'<path class="tip" d="M{b} {self.y}l{-way * 9} -4v8z"/>')
        self.y += 10

    def note(self, word, text):
        lines = wrap(text, 210)
        width = round(WIDE * max(len(line) for line in lines)) + 12
        left = min(max(self.x[word] - width // 2, 2 * MARGIN), WIDTH - 2 * MARGIN - width)
        self.box("note", left, self.y, width, LINE * len(lines) + 6)
        self.text(left + width // 2, lines, top=self.y + 3)
        self.y += LINE * len(lines) + 16

    def sleeps(self, word):
        if word in self.asleep:
            raise Mistake(f"{word} sleeps already")
        self.asleep[word], self.has_slept = self.y - 4, True
        self.y += 6

    def wakes(self, word):
        if word not in self.asleep:
            raise Mistake(f"{word} does not sleep")
        top = self.asleep.pop(word)
        self.box("bar", self.x[word] - BAR // 2, top, BAR, self.y - top, self.behind)

    def loop(self, text):
        self.frames.append(self.y)
        self.text(2 * MARGIN + 2, wrap(text, WIDTH - 4 * MARGIN), "left bold label")
        self.y += 6

    def end(self):
        if not self.frames:
            raise Mistake("an end without a loop")
        top = self.frames.pop()
        self.box("frame", MARGIN + 4, top - 2, WIDTH - 2 * MARGIN - 8, self.y - top + 2, self.behind)
        self.y += 10

    def finish(self):
        if self.asleep or self.frames:
            raise Mistake(f"left open: {[*self.asleep, *(['loop'] * len(self.frames))]}")
        for x in self.x.values():
            self.behind.insert(0, f'<path class="line" d="M{x} {self.top}V{self.y}"/>')
        if self.has_slept:
            self.y += 6
            self.box("bar", 2 * MARGIN, self.y + 1, BAR, FONT)
            self.text(2 * MARGIN + BAR + 6, [LEGEND], "left")
        self.y += MARGIN

    def svg(self):
        self.heads()
        for kind, *words in self.diagram.steps:
            if kind in ("call", "return"):
                self.arrow(kind, *words)
            else:
                getattr(self, kind)(*words)
        self.finish()
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * 5 // 4}" height="{self.y * 5 // 4}"'
                f' viewBox="0 0 {WIDTH} {self.y}" role="img">',
                f"<title>{escape(self.diagram.title)}</title>",
                f"<style>{STYLE}</style>",
                f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{self.y - 1}" rx="8"/>',
                *self.behind,
                *self.front,
                "</svg>\n",
            ]
        )


def drawn(text):
    """The picture that a description describes."""
    return Drawing(Diagram(text)).svg()


def descriptions(folder):
    return sorted(glob.glob(os.path.join(folder, "*.txt")))


def picture_of(path):
    return path.removesuffix(".txt") + ".svg"


def draw(path):
    with open(path, encoding="utf-8") as file:
        picture = drawn(file.read())
    with open(picture_of(path), "w", encoding="utf-8") as file:
        file.write(picture)


def main(folder=os.path.join("docs", "guide", "images")):
    for path in descriptions(folder):
        try:
            draw(path)
        except Mistake as mistake:
            print(f"{path}: {mistake}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
