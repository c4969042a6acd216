# SPDX-License-Identifier: MIT
"""The mutants of a C source file: small changes, each of which a test should notice.

It reads tokens, not grammar. A change that turns out not to compile does no harm: it does not count.
"""

import dataclasses
import hashlib
import re

TOKEN = re.compile(
    r"""(?P<skip>\s+|/\*.*?\*/|//[^\n]*)
    |(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<name>[A-Za-z_]\w*)
    |(?P<number>\d[\w.]*)
    |(?P<operator><<=|>>=|\.\.\.|->|\+\+|--|&&|\|\||<<|>>|[-+*/%&|^!=<>]=|.)""",
    re.VERBOSE | re.DOTALL,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)

ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
BORDERS = {"{", "}", ",", ";", "?", ":", "return", *ASSIGNMENTS}
# What ends an operand of each: all that binds less closely, and the operator itself.
ENDS = {
    "||": BORDERS | {"||"},
    "&&": BORDERS | {"||", "&&"},
    "|": BORDERS | {"||", "&&", "|"},
    "?": BORDERS,
}
COMPARISONS = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">"}
OPENING, CLOSING = {"(": ")", "[": "]"}, {")": "(", "]": "["}
CONTROL = {"if", "while", "for", "switch"}
LOCK = re.compile(r"(pthread_(mutex|cond)_\w+|(un)?lock)$")
CLEAN_UP = re.compile(r"(free|close|destroy|unref|release|drain|restore|remove|put|forget|pop)")


@dataclasses.dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclasses.dataclass(frozen=True)
class Mutant:
    file: str
    operator: str
    start: int
    end: int
    replacement: str
    line: int
    before: str  # the lines that it touches, in one, and what becomes of them
    after: str
    function: str  # that it is in, or "" in a table
    number: int  # of those that look like it in the file, which one

    def apply(self, source):
        return source[: self.start] + self.replacement + source[self.end :]

    def rank(self, seed):
        """Where it stands in the order of a seed, whatever else is in the sources."""
        key = "\0".join([str(seed), self.file, self.operator, self.before, self.after, str(self.number)])
        return hashlib.sha256(key.encode()).hexdigest()

    def __str__(self):
        place = f" in {self.function}" if self.function else ""
        heading = f"{self.file}:{self.line}: {self.operator}{place}"
        return f"{heading}\n    - {self.before}\n    + {self.after}"


def tokens_of(source):
    """What the compiler sees; directives are left out."""
    code = DIRECTIVE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)
    found = []
    for match in TOKEN.finditer(code):
        if match.lastgroup != "skip":
            found.append(Token(match.lastgroup, match[0], match.start(), match.end()))
    return found


class Finder:
    """Finds the mutants of one file, as (operator, start, end, replacement)."""

    def __init__(self, source):
        self.source = source
        self.tokens = tokens_of(source)
        self.partner = self.match_brackets()

    def match_brackets(self):
        partner, stack = {}, []
        for index, token in enumerate(self.tokens):
            if token.text in OPENING:
                stack.append(index)
            elif token.text in CLOSING and stack:
                partner[index] = stack.pop()
                partner[partner[index]] = index
        return partner

    def text(self, index):
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def left_of(self, index, ends):
        """The first token of the operand that ends before index."""
        at = index - 1
        while at >= 0 and self.text(at) not in ends and self.text(at) not in OPENING:
            at = self.partner.get(at, at) - 1
        return at + 1

    def right_of(self, index, ends):
        """The token behind the operand that begins after index."""
        at = index + 1
        while at < len(self.tokens) and self.text(at) not in ends and self.text(at) not in CLOSING:
            at = self.partner.get(at, at) + 1
        return at

    def span(self, first, behind):
        return self.tokens[first].start, self.tokens[behind - 1].end

    def begins_statement(self, index):
        before = self.text(index - 1)
        if before in {";", "{", "}", "else", "do", ":"}:
            return True
        return before == ")" and self.text(self.partner.get(index - 1, 0) - 1) in CONTROL

    def end_of_statement(self, index):
        """The semicolon, or None where there is none at this depth."""
        while index < len(self.tokens) and self.text(index) not in {"{", "}", ";", *CLOSING}:
            index = self.partner.get(index, index) + 1
        return index if self.text(index) == ";" else None

    def find(self):
        depth = 0
        for index, token in enumerate(self.tokens):
            depth += (token.text == "{") - (token.text == "}")
            if depth > 0:
                yield from self.conditions(index, token.text)
                yield from self.operands(index, token.text)
                yield from self.constants(index, token)
                if self.begins_statement(index):
                    yield from self.statements(index)

    def conditions(self, index, text):
        if text in {"if", "while"} and self.text(index + 1) == "(":
            start, end = self.span(index + 2, self.partner[index + 1])
            yield "negate", start, end, f"!({self.source[start:end]})"
        elif text == "?":
            start, end = self.span(self.left_of(index, ENDS["?"]), index)
            yield "negate", start, end, f"!({self.source[start:end]})"
        elif text in COMPARISONS:
            name = "negate" if text in {"==", "!="} else "border"
            yield name, *self.span(index, index + 1), COMPARISONS[text]

    def operands(self, index, text):
        if text not in {"&&", "||", "|"}:
            return
        name = "flags" if text == "|" else "operand"
        first, behind = self.left_of(index, ENDS[text]), self.right_of(index, ENDS[text])
        yield name, self.tokens[first].start, self.tokens[index + 1].start, ""
        yield name, self.tokens[index - 1].end, self.tokens[behind - 1].end, ""

    def constants(self, index, token):
        span = token.start, token.end
        if token.text in {"true", "false"}:
            yield "constant", *span, "false" if token.text == "true" else "true"
        match = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)", token.text)
        if token.kind != "number" or not match:
            return
        if self.text(index - 1) in {"<", ">="} and match[1] == "0":
            return  # the border says that already
        value = int(match[1], 0) if match[1] in {"0"} or not match[1].startswith("0") else int(match[1], 16)
        for other in [1] if value == 0 else [0, 2] if value == 1 else [value + 1]:
            yield "constant", *span, f"{other}{match[2]}"

    def statements(self, index):
        end = self.end_of_statement(index)
        if end is None or end == index:
            return
        span = self.span(index, end)
        first, second = self.text(index), self.text(index + 1)
        if first == "return":
            yield from self.returns(index, end)
        elif first == "goto":
            yield "error", *span, ""
        elif self.is_call(index, end):
            name = self.text(index + 3 if second == "void" else index)
            kind = "lock" if LOCK.match(name) else "clean-up" if CLEAN_UP.search(name) else "call"
            yield kind, *span, ""
        elif any(self.text(at) in {"|=", "&="} for at in range(index, end)):
            yield "flags", *span, ""
        elif self.text(end - 3) in ASSIGNMENTS and re.fullmatch("E[A-Z0-9]+", self.text(end - 1)):
            yield "error", *self.span(end - 2, end), "0"

    def returns(self, index, end):
        value = [token.text for token in self.tokens[index + 1 : end]]
        is_error = len(value) == 2 and value[0] == "-" and re.fullmatch("E[A-Z0-9]+|errno", value[1])
        if is_error or value == ["error"]:
            yield "error", *self.span(index + 1, end), "0"

    def is_call(self, index, end):
        """Whether the statement is one call and no more, its result unused or cast to void."""
        if [self.text(at) for at in range(index, index + 3)] == ["(", "void", ")"]:
            index += 3
        while self.text(index + 1) in {"->", "."}:
            index += 2
        is_name = self.tokens[index].kind == "name" and self.text(index) not in {*CONTROL, "sizeof"}
        return is_name and self.text(index + 1) == "(" and self.partner.get(index + 1) == end - 1


def one_line(text):
    return " ".join(text.split())


def functions_of(source):
    """(where it begins, name) of each function, and of what else begins at the edge of a line. The
    sources are formatted: what is inside of something is indented."""
    starts = re.finditer(r"^[A-Za-z][^\n]*", source, re.MULTILINE)
    for start in starts:
        name = re.match(r"[^=;(]*?(\w+)\(", start[0])
        yield start.start(), name[1] if name else ""


def mutants_of(file, source):
    """All mutants of a file in the order of their places, no two alike."""
    counts, seen = {}, set()
    functions = list(functions_of(source))
    for operator, start, end, replacement in Finder(source).find():
        changed = source[:start] + replacement + source[end:]
        if changed in seen or source[start:end] == replacement:
            continue
        seen.add(changed)
        first = source.rfind("\n", 0, start) + 1
        last = source.find("\n", end)
        before = one_line(source[first:last])
        after = one_line(source[first:start] + replacement + source[end:last])
        key = (operator, before, after)
        counts[key] = counts.get(key, -1) + 1
        line = source.count("\n", 0, start) + 1
        function = next((name for place, name in reversed(functions) if place < start), "")
        details = (line, before, after, function, counts[key])
        yield Mutant(file, operator, start, end, replacement, *details)
