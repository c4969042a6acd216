# SPDX-License-Identifier: MIT
"""Writes the manual pages of section 3 from the comments of the public headers.

usage: man_pages.py SOURCE_ROOT VERSION FOLDER   writes them into the folder, and nothing else is in it then

There is a page for each function, type and macro with parameters, and one for each header, which has
the header's constants; a constant has a page that leads there. Examples are the programs of docs/man/examples/.
A page shows the program of its header (poll.c for <cmio/poll.h>, async-task.c for <cmio/async/task.h>) if that
uses its name. Otherwise it shows another program of the header that does (poll-backends.c), or any other one, or
the program of the header as it is.
"""

import glob
import os
import re
import shutil
import sys
import textwrap

import reference

WIDTH = 76  # mandoc calls lines of more than 80 bytes long; escapes come on top
OWN_PAGE = ("function", "struct", "enum", "typedef")
MANUAL = re.compile(r"\b([a-z_][\w.]*)\((\d)\)")
KNOWN_SECTIONS = ("Result", "Returns", "Errors", "Cancellation", "Threads", "Source")


def example_of_header(header):
    """cmio/async/task.h: async-task"""
    return header[len("cmio/") : -len(".h")].replace("/", "-")


def page_of_header(header):
    """cmio/async/task.h: cmio_async_task.h"""
    return header.replace("/", "_")


class Library:
    """All entries by name, what stands in which header, and the examples."""

    def __init__(self, root, version):
        self.version = version
        self.entries = reference.read_headers(root)
        self.by_header = {}
        for entry in self.entries:
            self.by_header.setdefault(entry.header, []).append(entry)
        self.by_name = {e.name: e for e in self.entries if e.kind != "member"}
        self.date = _date(root)
        self.examples = {}
        for path in sorted(glob.glob(os.path.join(root, "docs", "man", "examples", "*.c"))):
            with open(path, encoding="utf-8") as file:
                self.examples[os.path.basename(path)[:-2]] = file.read()

    def has_page(self, entry):
        return entry.kind in OWN_PAGE or (entry.kind == "macro" and "(" in entry.declaration)

    def pages(self):
        """Yields (name, function that makes its text)."""
        for header, entries in self.by_header.items():
            yield page_of_header(header), lambda h=header: self.header_page(h)
            for entry in entries:
                if self.has_page(entry):
                    yield entry.name, lambda e=entry: self.page(e)
                elif entry.kind in ("macro", "constant"):
                    yield entry.name, lambda e=entry: self.page_with(e)

    def page_with(self, entry):
        """Of a constant: the page that it stands on, once more, since links between pages are fragile."""
        if entry.kind == "constant":
            return self.page(self.by_name[entry.owner])
        return self.header_page(entry.header, self.example(entry))

    def example(self, entry):
        """The text of the program that the page of an entry shows; an empty string where there is none."""
        own = example_of_header(entry.header)
        word = re.compile(rf"\b{entry.name}\b")
        for name in sorted(self.examples, key=lambda name: (name != own, not name.startswith(own + "-"))):
            if word.search(self.examples[name]):
                return self.examples[name]
        return self.examples.get(own, "")

    def library_of(self, header):
        return "cmio-async" if header.startswith("cmio/async") else "cmio"

    def overview(self, header):
        return self.library_of(header)

    def head(self, title, brief, others=()):
        """others: what the page describes besides, so that apropos(1) finds it by that name."""
        names = escape(", ".join([title, *others]))
        what = re.sub(r"\s+", " ", brief).rstrip(".")
        if re.match(r"[A-Z][a-z]", what):
            what = what[:1].lower() + what[1:]
        return [
            f'.TH {title.upper()} 3 {self.date} "cmio {self.version}" "cmio"',
            ".SH NAME",
            *wrap(names + r" \- " + inline(what)),
        ]

    def synopsis(self, header, declarations):
        lines = [".SH SYNOPSIS", ".nf", f".B #include <{header}>", ".PP"]
        for declaration in declarations:
            lines += [".B " + quoted(line) for line in declaration]
            lines.append(".PP")
        return [*lines[:-1], ".fi", ".PP", f"Link with \\fB\\-l{escape(self.library_of(header))}\\fP."]

    def page(self, entry):
        comment = entry.comment
        constants = [e.name for e in self.by_header[entry.header] if e.owner == entry.name]
        lines = self.head(entry.name, comment.brief, constants if entry.kind == "enum" else ())
        lines += self.synopsis(entry.header, [self.declaration_lines(entry)])
        lines += [".SH DESCRIPTION", *blocks(comment.details)]
        lines += self.parameters(comment)
        if entry.kind in ("struct", "enum"):
            lines += self.members(entry)
        lines += self.sections(comment)
        lines += example_section(self.example(entry))
        lines += self.see_also(entry)
        return "\n".join(lines) + "\n"

    def declaration_lines(self, entry):
        if entry.kind in ("struct", "enum"):
            return self.type_lines(entry)
        return declared(entry.declaration + ("" if entry.kind == "macro" else ";"))

    def shown_members(self, entry):
        kinds = ("member", "constant")
        members = [e for e in self.by_header[entry.header] if e.owner == entry.name and e.kind in kinds]
        return [m for m in members if m.comment and not re.search(r"\b(?:private|internal)\b", m.comment.text, re.I)]

    def type_lines(self, entry):
        members = self.shown_members(entry)
        if not members:
            return [f"{entry.kind} {entry.name};"]
        end = "," if entry.kind == "enum" else ";"
        inside = [f"    {member.declaration}{end}" for member in members]
        return [f"{entry.kind} {entry.name} {{", *inside, "};"]

    def members(self, entry):
        lines = []
        for member in self.shown_members(entry):
            lines += [".TP", f".B {escape(member.name)}", *tagged(member.comment.details)]
        return lines

    def parameters(self, comment):
        lines = []
        for name, text in comment.parameters.items():
            lines += [".TP", f".I {escape(name)}", *wrap(inline(text))]
        return lines

    def sections(self, comment):
        lines = []
        returns = [comment.section("Returns"), comment.section("Result")]
        if any(returns):
            lines.append(".SH RETURN VALUE")
            lines += blocks(["Returns " + text for text in returns[:1] if text])
            lines += blocks(["Result of the future: " + text for text in returns[1:] if text])
        if comment.section("Errors"):
            lines += [".SH ERRORS", *self.errors(comment)]
        if comment.section("Cancellation"):
            lines += [".SH CANCELLATION", *blocks([sentence(comment.section("Cancellation"))])]
        if comment.section("Threads"):
            lines += [".SH THREAD SAFETY", *blocks([sentence(comment.section("Threads"))])]
        for title in comment.sections:
            if title not in KNOWN_SECTIONS:
                lines += [f".SH {title.upper()}", *blocks([sentence(comment.section(title))])]
        if comment.section("Source"):
            lines += [".SH STANDARDS", *blocks([sentence(comment.section("Source"))])]
        return lines

    def errors(self, comment):
        text = comment.section("Errors")
        before = re.split(r"^\s*- (?=\S)", text, flags=re.MULTILINE)[0].strip(" :\n")
        joint = "" if before.startswith(",") else " "
        lines = blocks([f"Errors{joint}{before}:"] if before else [])
        for names, words in comment.error_items():
            tag = ", ".join(rf"\-{name}" for name in names)
            head = [".TP", f".B {tag}"] if tag else [".PP"]
            lines += [*head, *wrap(inline(words))]
        return lines

    def see_also(self, entry):
        names = [e.name for e in self.by_header[entry.header] if self.has_page(e) and e is not entry]
        position = [e.name for e in self.by_header[entry.header] if self.has_page(e)]
        at = position.index(entry.name) if entry.name in position else 0
        names = sorted(names, key=lambda name: abs(position.index(name) - at))[:6]
        mentioned = [n for n in re.findall(r"\b(\w+)\(\)", entry.comment.text) if n in self.by_name]
        others = [(name, 3) for name in dict.fromkeys([*mentioned, *names]) if name != entry.name]
        text = entry.comment.text
        others += [(n, s) for n, s in dict.fromkeys(MANUAL.findall(text)) if not n.startswith("cmio")]
        others += [(page_of_header(entry.header), 3), (self.overview(entry.header), 7)]
        return see_also_lines(others)

    def header_page(self, header, example=None):
        """With the example of the header, or another one."""
        entries = self.by_header[header]
        about = next((e for e in entries if e.kind == "file"), None)
        comment = about.comment if about else None
        title = page_of_header(header)
        plain = [e for e in entries if e.kind == "macro" and not self.has_page(e) and e.comment]
        lines = self.head(title, comment.brief if comment else header, [e.name for e in plain])
        functions = [self.declaration_lines(e) for e in entries if e.kind == "function"]
        lines += self.synopsis(header, functions)
        lines += [".SH DESCRIPTION", *blocks(comment.details if comment else [])]
        for entry in plain:
            lines += [".TP", f".B {escape(entry.name)}", *tagged(entry.comment.details)]
        lines += example_section(example or self.examples.get(example_of_header(header), ""))
        others = [(e.name, 3) for e in entries if self.has_page(e)]
        lines += see_also_lines([*others, (self.overview(header), 7)])
        return "\n".join(lines) + "\n"


def _date(root):
    """That of cmio(7): the pages are the same wherever and whenever they are made."""
    with open(os.path.join(root, "docs", "man", "cmio.7"), encoding="utf-8") as file:
        return re.match(r"\.TH \S+ 7 (\S+)", file.readline()).group(1)


def sentence(text):
    """With a capital, unless it begins with a name that is spelled like code."""
    text = text.strip()
    is_word = re.match(r"[a-z]+(?![\w(.])", text)
    return text[:1].upper() + text[1:] if is_word else text


def declared(text):
    """A prototype in lines of whole parameters."""
    start, *parts = re.split(r"(?<=,) (?![^(]*\)[^)]*\()", text)
    lines, indent = [start], " " * min(text.find("(") + 1, 16)
    for part in parts:
        if len(lines[-1]) + 1 + len(part) <= 72:
            lines[-1] += " " + part
        else:
            lines.append(indent + part)
    return lines


def escape(text):
    return text.replace("\\", r"\e").replace("-", r"\-")


def inline(text):
    """Markdown between paragraphs to roff: code, bold, manual pages, names of functions."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    shown = []
    for part in parts:
        if part.startswith("`") and len(part) > 2:
            shown.append(r"\fB" + escape(part[1:-1]).replace(" ", "\\ ") + r"\fP")
            continue
        part = part.replace("\\", r"\e")
        part = re.sub(r"\*\*(.+?)\*\*", r"\\fB\1\\fP", part)
        part = re.sub(r"(?<![\w-])-(?=[E\d])", r"\-", part)
        part = re.sub(r"\bcmio_(\w+)\(\)", r"\\fBcmio_\1\\fP(3)", part)
        part = MANUAL.sub(lambda m: m.group() if m.group(1).startswith("fP") else rf"\fB{m.group(1)}\fP({m.group(2)})", part)
        shown.append(part)
    return "".join(shown)


def wrap(text):
    lines = textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    return [guard(line) for line in lines]


def guard(line):
    """A line that begins with a dot or an apostrophe would be a request."""
    return r"\&" + line if line.startswith((".", "'")) else line


def quoted(line):
    text = escape(line).replace('"', r"\(dq")
    return f'"{text}"'


def code(text):
    return [".PP", ".in +4n", ".EX", *verbatim(text), ".EE", ".in"]


def verbatim(text):
    return [guard(escape(line.rstrip())) for line in text.strip("\n").split("\n")]


def example_section(text):
    if not text:
        return []
    body = re.sub(r"^/\*.*?\*/\s*", "", text, count=1, flags=re.DOTALL)
    return [".SH EXAMPLE", ".EX", *verbatim(body), ".EE"]  # not indented, for they are wide


def blocks(texts):
    """Paragraphs, lists and samples."""
    lines = []
    for text in texts:
        for part in re.split(r"(@code.*?@endcode)", text, flags=re.DOTALL):
            sample = re.match(r"@code(?:\{[^}]*\})?\n?(.*?)\s*@endcode", part, re.DOTALL)
            if sample:
                lines += code(textwrap.dedent(sample.group(1)))
            elif part.strip():
                lines += paragraph(part)
    while lines and lines[0] == ".PP":
        lines.pop(0)
    return lines


def paragraph(text):
    """A list's items begin with "- ", or with "-# " if they are counted."""
    before, *items = re.split(r"^\s*(?=-#? \S)", text, flags=re.MULTILINE)
    lines = [".PP", *wrap(inline(before))] if before.strip() else []
    for number, item in enumerate(items, 1):
        mark, words = item.split(" ", 1)
        lines += [f".IP {number}. 4" if mark == "-#" else r".IP \(bu 2", *wrap(inline(words))]
    return lines


def tagged(texts):
    """What follows a tag: its first paragraph goes on the tag's indentation, and so do the others."""
    return [".IP" if line == ".PP" else line for line in blocks(texts)]


def see_also_lines(pages):
    lines = [".SH SEE ALSO"]
    pages = list(dict.fromkeys((name, str(section)) for name, section in pages))
    for number, (name, section) in enumerate(pages, 1):
        comma = "," if number < len(pages) else ""
        lines.append(f".BR {escape(name)} ({section}){comma}")
    return lines


def main():
    root, version, folder = sys.argv[1:]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, make in Library(root, version).pages():
        with open(os.path.join(folder, f"{name}.3"), "w", encoding="utf-8") as file:
            file.write(make())
    return 0


if __name__ == "__main__":
    sys.exit(main())
