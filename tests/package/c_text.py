# SPDX-License-Identifier: MIT
"""What the checks of this folder know about C as text: comments, strings, functions, includes.

It is no parser. It relies on what clang-format and the compiler's warnings see to: balanced
brackets, one directive a line, no trigraphs.
"""

import re

_TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//(?:\\\n|[^\n])*)
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<character>'(?:\\.|[^'\\\n])*')""",
    re.DOTALL | re.VERBOSE,
)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    """The text with comments blanked; every character keeps its line and column."""

    def replace(match):
        return _blank(match.group()) if match.lastgroup == "comment" else match.group()

    return _TOKEN.sub(replace, text)


def code_only(text):
    """The text with comments and the insides of strings and characters blanked."""

    def replace(match):
        if match.lastgroup == "comment":
            return _blank(match.group())
        return match.group()[0] + _blank(match.group()[1:-1]) + match.group()[-1]

    return _TOKEN.sub(replace, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


_INCLUDE = re.compile(
    r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>|(\S.*))', re.MULTILINE
)


def includes(text):
    """Yields (line, name, quoted) for every #include; name is None where a macro stands for it."""
    text = without_comments(text)
    for match in _INCLUDE.finditer(text):
        quoted, angled, _ = match.groups()
        yield line_of(text, match.start()), quoted or angled, quoted is not None


_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_CONDITIONAL = re.compile(r"[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b")


def conditionals_in_functions(text):
    """The lines of the conditional directives that stand inside the body of a function.

    A body is what opens with a brace behind a parenthesis at the outermost level: initialisers,
    structs and enums open behind something else.
    """
    text = code_only(text)
    directives = {match.start(): match for match in _DIRECTIVE.finditer(text)}
    lines, depth, in_function, before, position = [], 0, False, "", 0
    while position < len(text):
        directive = directives.get(position)
        if directive:
            if in_function and _CONDITIONAL.match(directive.group()):
                lines.append(line_of(text, position))
            position = directive.end()
            continue
        character = text[position]
        if character == "{":
            in_function = in_function or (depth == 0 and before == ")")
            depth += 1
        elif character == "}":
            depth -= 1
            in_function = in_function and depth > 0
        if not character.isspace():
            before = character
        position += 1
    return lines
