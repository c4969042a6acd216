# SPDX-License-Identifier: MIT
"""Reads the public headers: what they declare, and the comment of each.

It is no C parser. It relies on the form that the headers keep, which tests/package/comments.py
checks: one declaration after another, each with a comment of its own before it (a member or a
constant may have it behind), and in a comment the parts in this order:

    One sentence.                   brief
    Paragraphs, lists, samples.     details
    @param name  Text.              parameters
    **Returns** text.               returns
    **Errors**, text:               errors
    - -EINVAL: text.
    **Threads**: text.              threads
    **Source**: text.               source

Other paragraphs that begin with a word between ** ** have that word for their title.
"""

import glob
import os
import re

HEADER_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
TITLE = re.compile(r"\*\*([A-Z][a-z]+(?: [a-z]+)*)\*\*\s*:?\s*")
PARAMETER = re.compile(r"@param\s+(\w+)\s+")
ERRNO = re.compile(r"-(E[A-Z0-9]+)\b")
NOT_PUBLIC = re.compile(r"(?!cmio_|CMIO_)|CMIO__|CMIO_\w+_H$|cmio__")


class Comment:
    """The text of a comment without its stars, and what it is made of."""

    def __init__(self, raw):
        text = re.sub(r"^/\*\*?<?|\*/$", "", raw)
        lines = [re.sub(r"^[ \t]*\*?[ \t]?", "", line, count=1) for line in text.split("\n")]
        lines[0] = lines[0].strip()
        self.lines = [line.rstrip() for line in lines]
        self.text = "\n".join(self.lines).strip()
        self.blocks = [block.strip("\n") for block in re.split(r"\n\s*\n", self.text) if block.strip()]
        self.parameters = {}
        self.sections = {}
        self.details = []
        self.section_order = []
        self._sort_blocks()

    @property
    def brief(self):
        return " ".join(self.details[0].split()) if self.details else ""

    def _sort_blocks(self):
        title, in_code = None, False
        for block in self.blocks:
            was_in_code = in_code
            in_code = _ends_in_code(block, in_code)
            if was_in_code:
                self._last(title)[-1] += "\n\n" + block
                continue
            begins = TITLE.match(block)
            if block.startswith("@param"):
                self._add_parameters(block)
                title = "@param"
            elif begins:
                title = begins.group(1)
                self.section_order.append(title)
                self.sections.setdefault(title, []).append(block[begins.end() :])
            elif title in (None, "@param"):
                self.details.append(block)
            else:
                self.sections[title].append(block)

    def _last(self, title):
        return self.details if title in (None, "@param") else self.sections[title]

    def _add_parameters(self, block):
        parts = PARAMETER.split(block)
        for name, text in zip(parts[1::2], parts[2::2]):
            self.parameters[name] = " ".join(text.split())

    def section(self, title):
        """Its paragraphs, joined; an empty string where there is none."""
        return "\n\n".join(self.sections.get(title, []))

    def error_items(self):
        """Yields (names, text) for each item of the list of errors; names is empty for a pass-through."""
        text = self.section("Errors")
        for item in re.split(r"^\s*- (?=\S)", text, flags=re.MULTILINE)[1:]:
            item = " ".join(item.split())
            head = re.match(r"((?:-E[A-Z0-9]+)(?:(?:, | or | and )-E[A-Z0-9]+)*)\s*:\s*", item)
            yield (ERRNO.findall(head.group(1)), item[head.end() :]) if head else ([], item)

    def errors(self):
        return [name for names, _ in self.error_items() for name in names]


def _ends_in_code(block, in_code):
    for word in re.findall(r"@code|@endcode", block):
        in_code = word == "@code"
    return in_code


class Entry:
    """A declaration: kind is function, macro, struct, enum, constant, member, typedef or file."""

    def __init__(self, kind, name, declaration, comment, header, line, owner=None):
        self.kind, self.name, self.owner = kind, name, owner
        self.declaration = declaration
        self.comment = Comment(comment) if comment else None
        self.raw = comment
        self.header, self.line = header, line

    @property
    def parameters(self):
        """The names of the parameters of a function or of a macro that looks like one."""
        if self.kind not in ("function", "macro"):
            return []
        opening = self.declaration.find("(")
        if opening < 0:
            return []
        inside = self.declaration[opening + 1 : self.declaration.rfind(")")].strip()
        if inside in ("", "void"):
            return []
        return [_parameter_name(part) for part in re.split(r",(?![^()]*\))", inside)]

    @property
    def is_void(self):
        return bool(re.match(r"void\s+\w+\s*\(", self.declaration))

    def where(self):
        return f"{self.header}:{self.line}: {self.name}"


def _parameter_name(text):
    pointer = re.search(r"\(\*(\w+)\)", text)  # to a function
    return (pointer or re.search(r"(\w+|\.\.\.)\s*(?:\[[^\]]*\])?\s*$", text)).group(1)


def _member_name(kind, words):
    """Of a constant "NAME = 1", a pointer to a function, "type name[2]" or "type name : 3"."""
    if kind == "enum":
        return re.match(r"\w+", words).group()
    pointer = re.search(r"\(\*(\w+)\)", words)
    return (pointer or re.search(r"(\w+)(?:\[[^\]]*\])?(?:\s*:\s*\d+)?$", words)).group(1)


class Reader:
    """Goes through one header."""

    def __init__(self, path, shown):
        with open(path, encoding="utf-8") as file:
            self.text = file.read()
        self.header = shown
        self.entries = []
        self.position = 0
        self.pending = None
        self.named = {}  # comments that say with @def whose they are
        self.declared = set()

    def line(self):
        return self.text.count("\n", 0, self.position) + 1

    def add(self, kind, name, declaration, owner=None):
        is_public = kind == "file" or not NOT_PUBLIC.match(owner or name)
        if not is_public or name in self.declared:
            self.pending = None
            return None
        comment = self.named.get(name, self.pending)
        entry = Entry(kind, name, declaration, comment, self.header, self.line(), owner)
        self.entries.append(entry)
        self.pending = None
        if kind in ("function", "macro"):
            self.declared.add(name)
        return entry

    def take(self, pattern):
        match = re.compile(pattern, re.DOTALL).match(self.text, self.position)
        if match:
            self.position = match.end()
        return match

    def read(self):
        while self.position < len(self.text):
            if self.take(r"\s+|CMIO_BEGIN_DECLS\b|CMIO_END_DECLS\b"):
                continue
            if self.comment() or self.directive():
                continue
            self.declaration()
        return self.entries

    def comment(self):
        match = self.take(r"/\*.*?\*/")
        if not match:
            return False
        raw = match.group()
        named = re.search(r"@def (\w+)\n", raw)
        if named:
            self.named[named.group(1)] = raw.replace(named.group(), "\n")
        elif not raw.startswith("/**"):
            self.pending = None
        elif "@file" in raw:
            self.pending = raw.replace("@file", "").strip()
            self.add("file", self.header, "")
        else:
            self.pending = raw
        return True

    def directive(self):
        match = self.take(r"#(?:[^\n]*\\\n)*[^\n]*")
        if not match:
            return False
        define = re.match(r"#\s*define\s+(\w+)(\([^)]*\))?", match.group())
        if define:
            self.add("macro", define.group(1), define.group(1) + (define.group(2) or ""))
        elif not re.match(r"#\s*(if|ifdef|ifndef)\b", match.group()):
            self.pending = None
        return True

    def declaration(self):
        body = self.take(r"(typedef\s+)?(struct|enum|union)\s+(\w+)\s*\{")
        if body:
            kind, name = body.group(2), body.group(3)
            self.add(kind, name, f"{kind} {name}")
            self.members(kind, name)
            return
        match = self.take(r"[^;{]*")
        words = " ".join(re.sub(r"/\*.*?\*/", "", match.group(), flags=re.DOTALL).split())
        if self.text.startswith("{", self.position):
            self.skip_body()
        else:
            self.position += 1
        self.declared_as(words)

    def declared_as(self, words):
        words = re.sub(r"\b(CMIO_API|CMIO_INLINE|static inline) ", "", words)
        opaque = re.fullmatch(r"(struct|enum) (\w+)", words)
        if opaque and self.pending:
            self.add("struct", opaque.group(2), words)
        elif words.startswith("typedef"):
            pointer = re.search(r"\(\*?(\w+)\)\s*\(|\b(\w+)\s*\([^()]*\)$|\b(\w+)$", words)
            self.add("typedef", next(name for name in pointer.groups() if name), words)
        elif "(" in words and not words.startswith("_Static_assert"):
            name = re.search(r"(\w+)\s*\(", words).group(1)
            self.add("function", name, words)
        self.pending = None

    def skip_body(self):
        depth = 0
        for match in re.compile(r"[{}]").finditer(self.text, self.position):
            depth += 1 if match.group() == "{" else -1
            if depth == 0:
                self.position = match.end()
                return
        self.position = len(self.text)

    def members(self, kind, owner):
        """Up to the closing brace. A comment behind a member, on its line, begins with /**<."""
        end = r"[,}]" if kind == "enum" else r"[;}]"
        while not self.take(r"\s*\}[^;]*;"):
            self.take(r"\s+")
            if self.comment() or self.directive():
                continue
            match = self.take(r"((?:\([^)]*\)|/\*(?!\*).*?\*/|[^;,}(]|,(?![^\n]*\n))*?)\s*(?=" + end + ")")
            if kind != "enum":
                match = match or self.take(r"([^;}]*)")
            words = " ".join(re.sub(r"/\*.*?\*/", "", match.group(1), flags=re.DOTALL).split())
            self.take(r"[,;]")
            behind = self.take(r"[ \t]*(/\*\*<.*?\*/)")
            if behind:
                self.pending = behind.group(1)
            if not words:
                continue
            self.add("constant" if kind == "enum" else "member", _member_name(kind, words), words, owner)
        self.pending = None


def read_headers(root):
    """The entries of all public headers, in the order of the headers' names."""
    entries = []
    include = os.path.join(root, "include")
    for path in sorted(glob.glob(os.path.join(include, "cmio", "**", "*.h"), recursive=True)):
        entries += Reader(path, os.path.relpath(path, include)).read()
    return entries
