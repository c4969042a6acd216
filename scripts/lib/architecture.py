# SPDX-License-Identifier: MIT
"""Draws which folder of the sources includes from which: docs/images/architecture.svg.

usage: architecture.py SOURCE_ROOT           writes the drawing
       architecture.py --check SOURCE_ROOT   fails if the drawing is not what the code says

The boxes and what they are for stand here. The arrows are read from the #include lines of the code.
"""

import glob
import os
import re
import sys

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">\n]+)[">]', re.MULTILINE)

# Rows from the top: folder and what it is for.
ROWS = [
    [("examples", "servers, drill"), ("bench", "measurements"), ("tests", "the suite")],
    [("src/async", "tasks, executors, channels"), ("include/cmio/async", "public headers")],
    [
        ("src/net", "sockets, pipes"),
        ("src/signal", "signals"),
        ("src/process", "children"),
        ("src/time", "clock, timers"),
    ],
    [("src/core", "poll, registry, events, wakers")],
    [("src/epoll", "Linux"), ("src/kqueue", "BSD, macOS"), ("src/poll", "everywhere")],
    [("src/posix", "descriptors and system calls: the only place that reads errno")],
    [("include/cmio", "public headers")],
]
PLACES = [folder for row in ROWS for folder, _ in row]
# Everything includes public headers, and a test what it tests: those arrows would tell nothing.
NOT_DRAWN = {"tests"}
COMMON = "include/cmio"

WIDTH, ROW, BOX, MARGIN = 760, 92, 52, 24


def folder_of(path):
    """The longest of the places that the path is in; the header of the async library is its."""
    if path == "include/cmio/async.h":
        return "include/cmio/async"
    places = [place for place in PLACES if path.startswith(place + "/")]
    return max(places, key=len, default=None)


def resolve(root, path, name):
    for base in (os.path.dirname(path), "src", "include", "examples", "bench", "tests"):
        candidate = os.path.normpath(os.path.join(base, name))
        if os.path.exists(os.path.join(root, candidate)):
            return candidate
    return None


def arrows(root):
    """Pairs (from, to) of folders, without those to the public headers of cmio."""
    found = set()
    for place in PLACES:
        if place in NOT_DRAWN:
            continue
        for path in glob.glob(os.path.join(root, place, "**", "*.[ch]"), recursive=True):
            shown = os.path.relpath(path, root)
            with open(path, encoding="utf-8") as file:
                for name in INCLUDE.findall(file.read()):
                    target = resolve(root, shown, name)
                    pair = (folder_of(shown), folder_of(target) if target else None)
                    if pair[1] not in (None, pair[0], COMMON):
                        found.add(pair)
    return sorted(found)


def places():
    """The box of each folder: x, y, width."""
    boxes = {}
    for number, row in enumerate(ROWS):
        width = (WIDTH - MARGIN * (len(row) + 1)) / len(row)
        for column, (folder, _) in enumerate(row):
            boxes[folder] = (MARGIN + column * (width + MARGIN), MARGIN + number * ROW, width)
    return boxes


def arrow(boxes, start, end):
    """From the lower edge of a box to the upper edge of one below, or up, or to a neighbour."""
    x1, y1, width1 = boxes[start]
    x2, y2, width2 = boxes[end]
    if y1 == y2:
        x1, x2 = (x1, x2 + width2 + 2) if x2 < x1 else (x1 + width1, x2 - 2)
        return line(x1, y1 + BOX / 2, x2, y1 + BOX / 2)
    down = y2 > y1
    y1, y2 = (y1 + BOX, y2 - 2) if down else (y1, y2 + BOX + 2)
    # Towards each other, but within the box.
    middle1, middle2 = x1 + width1 / 2, x2 + width2 / 2
    x1 = min(max(middle2, x1 + 20), x1 + width1 - 20) if width1 > width2 else middle1
    x2 = min(max(middle1, x2 + 20), x2 + width2 - 20)
    return line(x1, y1, x2, y2)


def line(x1, y1, x2, y2):
    return f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" marker-end="url(#head)"/>'


def drawing(root):
    boxes, height = places(), MARGIN + ROW * len(ROWS)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="system-ui, sans-serif" text-anchor="middle">',
        "<title>The folders of cmio; an arrow leads to a folder that another one includes from</title>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 8 4 0 8z" fill="#57606a"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{height}" rx="10" fill="#f6f8fa"/>',
        '<g stroke="#57606a" stroke-width="1.5">',
        *(arrow(boxes, start, end) for start, end in arrows(root)),
        "</g>",
    ]
    for folder, purpose in (box for row in ROWS for box in row):
        x, y, width = boxes[folder]
        middle = x + width / 2
        lines += [
            f'<rect x="{x:.0f}" y="{y}" width="{width:.0f}" height="{BOX}" rx="6" fill="#ffffff" stroke="#0969da"/>',
            f'<text x="{middle:.0f}" y="{y + 22}" font-size="15" font-weight="600" fill="#1f2328">{folder}</text>',
            f'<text x="{middle:.0f}" y="{y + 41}" font-size="13" fill="#424a53">{purpose}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


def main():
    check = sys.argv[1] == "--check"
    root = sys.argv[-1]
    path = os.path.join(root, "docs", "images", "architecture.svg")
    text = drawing(root)
    if not check:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return 0
    with open(path, encoding="utf-8") as file:
        if file.read() != text:
            print("docs/images/architecture.svg is old: run scripts/lib/architecture.py .")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
