# SPDX-License-Identifier: MIT
"""Builds the documentation as a web site: the documents, and the reference from the headers' comments.

usage: site.py SOURCE_ROOT VERSION FOLDER

Doxygen reads the headers, Breathe gives that to Sphinx, MyST reads the documents, and Furo is how it
looks. All of it is put together in FOLDER/work, and the site is in FOLDER/html; docs/site/ has the front page, the
order of the documents and the settings. A warning of any of them is an error. Exit status 77: a tool is missing.
"""

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import reference

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```[^\n]*\n.*?^```[ \t]*$)", re.MULTILINE | re.DOTALL)
TOP = ("NEWS.md", "CONTRIBUTING.md", "SECURITY.md")


def documents(root):
    """Yields (path from the root, path on the site) of what becomes a page, or is shown on one."""
    for name in TOP:
        if os.path.exists(os.path.join(root, name)):
            yield name, name
    docs = os.path.join(root, "docs")
    for folder, folders, names in os.walk(docs):
        folders[:] = [name for name in folders if (folder, name) not in ((docs, "site"), (docs, "man"))]
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), docs)
            if name.endswith((".md", ".svg", ".png")):
                yield os.path.join("docs", path), path


def stage_documents(root, work):
    places = dict(documents(root))
    for source, place in places.items():
        target = os.path.join(work, place)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not source.endswith(".md"):
            shutil.copy(os.path.join(root, source), target)
            continue
        write(target, on_site(read(os.path.join(root, source)), source, place, places))


def on_site(text, source, place, places):
    """The document with links that hold on the site; one that leads to no page is a mere name."""

    def link(match):
        image, words, target = match.groups()
        path, _, heading = target.partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return match.group()
        meant = os.path.normpath(os.path.join(os.path.dirname(source), path))
        there = places.get(meant) or header_page_of(meant) or ("index.md" if meant == "README.md" else None)
        if not there:
            return words
        shown = os.path.relpath(there, os.path.dirname(place) or ".")
        return f"{image}[{words}]({shown}{'#' + heading if heading and meant in places else ''})"

    parts = FENCE.split(text)
    return "".join(part if part.startswith("```") else LINK.sub(link, part) for part in map(plain_fence, parts))


def plain_fence(part):
    """Programs and their outputs have names behind the language, which Sphinx does not know."""
    return re.sub(r"\A```(\w+)[^\n{]*\n", r"```\1\n", part)


def header_page_of(path):
    match = re.fullmatch(r"include/(cmio/.*)\.h", path)
    return f"reference/{match.group(1)}.md" if match else None


DIRECTIVES = {
    "function": "doxygenfunction",
    "macro": "doxygendefine",
    "struct": "doxygenstruct",
    "enum": "doxygenenum",
    "typedef": "doxygentypedef",
}


def stage_reference(root, work):
    by_header = {}
    for entry in reference.read_headers(root):
        by_header.setdefault(entry.header, []).append(entry)
    for header, entries in by_header.items():
        if any(entry.kind in DIRECTIVES for entry in entries):
            path = os.path.join(work, "reference", header[: -len(".h")] + ".md")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write(path, header_page(header, entries))
    for name, prefix in (("core", "cmio/"), ("async", "cmio/async/")):
        headers = [h for h in by_header if os.path.dirname(h) + "/" == prefix]
        write(os.path.join(work, "reference", name + ".md"), contents(name, headers, by_header))


def contents(name, headers, by_header):
    title = {"core": "Reference: cmio", "async": "Reference: cmio-async"}[name]
    lines = [f"# {title}", "", "```{toctree}", ":maxdepth: 1", ""]
    rows = ["", "| Header | What it has |", "| --- | --- |"]
    for header in headers:
        entries = by_header[header]
        if any(entry.kind in DIRECTIVES for entry in entries):
            page = header[: -len(".h")]
            about = next((e.comment.brief for e in entries if e.kind == "file"), "")
            lines.append(f"{page}")
            rows.append(f"| [`<{header}>`]({page}.md) | {about} |")
    return "\n".join([*lines, "```", *rows, ""])


def is_in_xml(entry, entries):
    """Doxygen has nothing of types whose members are nowhere, of types of functions, and of macros that it is told."""
    if entry.kind == "struct":
        return any(other.owner == entry.name for other in entries)
    if entry.kind == "typedef":
        return not re.search(r"\w\(", entry.declaration)
    return entry.name != "CMIO_NO_INLINE"


def by_itself(entry):
    """The comment as MyST has it, below the name."""
    text = "\n\n".join(entry.comment.blocks)
    text = re.sub(r"@code(?:\{[^}]*\})?\n(.*?)\n?\s*@endcode", r"```c\n\1\n```", text, flags=re.DOTALL)
    text = re.sub(r"(?<!`)\b(cmio_\w+)\(\)(?![^`]*```)", r"{c:func}`\1`", text)
    text = re.sub(r"^(\s*)-# ", r"\g<1>1. ", text, flags=re.MULTILINE)
    kind = {"struct": "struct", "typedef": "type"}.get(entry.kind, "macro")
    return [f"````{{c:{kind}}} {entry.name}", "", text, "````"]


def header_page(header, entries):
    about = next((e for e in entries if e.kind == "file"), None)
    lines = [f"# `<{header}>`", ""]
    lines += [*about.comment.details, ""] if about else []
    for entry in entries:
        directive = DIRECTIVES.get(entry.kind)
        if not is_in_xml(entry, entries):
            lines += [f"## {entry.name}", "", *by_itself(entry), ""]
        elif directive:
            lines += [f"## {entry.name}", "", f"```{{{directive}}} {entry.name}", f":project: {header}"]
            lines += [":members:", ":undoc-members:"] if entry.kind == "struct" else []
            lines += ["```", ""]
    return "\n".join(lines)


def write_doxyfile(root, work):
    text = read(os.path.join(root, "docs", "site", "Doxyfile"))
    text += f'INPUT = "{root}/include/cmio"\nSTRIP_FROM_INC_PATH = "{root}/include"\n'
    text += f'STRIP_FROM_PATH = "{root}/include"\nOUTPUT_DIRECTORY = "{work}/doxygen"\n'
    path = os.path.join(work, "Doxyfile")
    write(path, text)
    return path


# Doxygen takes the "::" of an IPv6 address for a link, even between backquotes.
NO_LINKS = re.compile(r"explicit link request to '[0-9a-f]*' could not be resolved")


SKIPPED = 77
PACKAGES = "apt-get install doxygen python3-sphinx python3-myst-parser python3-breathe furo"


def missing_tools():
    """The programs that are not there, and the modules that the Python of sphinx-build does not have."""
    missing = [name for name in ("doxygen", "sphinx-build") if not shutil.which(name)]
    if missing:
        return missing
    with open(shutil.which("sphinx-build"), encoding="utf-8", errors="replace") as file:
        python = file.readline().removeprefix("#!").strip() or sys.executable
    for module in ("myst_parser", "breathe", "furo"):
        if subprocess.run([*python.split(), "-c", f"import {module}"], capture_output=True).returncode != 0:
            missing.append(module)
    return missing


def run_doxygen(root, work):
    ran = subprocess.run(["doxygen", write_doxyfile(root, work)], capture_output=True, text=True)
    said = [line for line in ran.stderr.splitlines() if line.strip() and not NO_LINKS.search(line)]
    if said or ran.returncode != 0:
        sys.exit("\n".join(["doxygen:", *said]))


def split_xml(xml, projects):
    """Makes a project of Breathe for each header, since Breathe walks a whole project for each name that it shows.

    A project is a folder with the header's part of the index, and of the files that the index names.
    """
    index = ElementTree.parse(os.path.join(xml, "index.xml")).getroot()
    compounds = {compound.get("refid"): compound for compound in index}
    for refid in [refid for refid, compound in compounds.items() if compound.get("kind") == "file"]:
        definition = ElementTree.parse(os.path.join(xml, refid + ".xml")).getroot().find("compounddef")
        folder = os.path.join(projects, definition.find("location").get("file"))
        os.makedirs(folder)
        part = ElementTree.Element(index.tag, index.attrib)
        for part_id in [refid, *(inner.get("refid") for inner in definition.iter("innerclass"))]:
            part.append(compounds[part_id])
            shutil.copy(os.path.join(xml, part_id + ".xml"), folder)
        ElementTree.ElementTree(part).write(os.path.join(folder, "index.xml"))


IMPORT = 'import Gumshoe from "./gumshoe-patched.js";\n'
NORMALIZE = "/javascript/normalize.css/normalize.css"
CHOSEN_DARK = re.compile(r'^  body\[data-theme="dark"\] \{\n(.*?)\}', re.MULTILINE | re.DOTALL)


def mend_furo(static):
    """Makes what Debian made of Furo work anywhere, and change nothing if Furo comes from elsewhere.

    Its script is in two files, which a page does not load. One style is at an absolute address. And the colours for
    those who like it dark are there for those who choose them by hand, not for those whose system asks for them.
    """
    scripts, styles = os.path.join(static, "scripts"), os.path.join(static, "styles")
    furo, style = read(os.path.join(scripts, "furo.js")), read(os.path.join(styles, "furo.css"))
    if IMPORT in furo:
        both = read(os.path.join(scripts, "gumshoe-patched.js")) + furo.replace(IMPORT, "")
        write(os.path.join(scripts, "furo.js"), both)
    if NORMALIZE in style:
        shutil.copy("/usr/share" + NORMALIZE, styles)
        style = style.replace(NORMALIZE, "normalize.css")
    dark = CHOSEN_DARK.search(style)
    if dark and "prefers-color-scheme" not in style:
        style += "\n@media screen and (prefers-color-scheme: dark) {\n"
        style += f"  body:not([data-theme=light]) {{\n{dark[1]} }} }}\n"
    write(os.path.join(styles, "furo.css"), style)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    root, version, folder = os.path.abspath(sys.argv[1]), sys.argv[2], os.path.abspath(sys.argv[3])
    work, output = os.path.join(folder, "work"), os.path.join(folder, "html")
    missing = missing_tools()
    if missing:
        print(f"the site needs {', '.join(missing)}: on Debian, " + PACKAGES, file=sys.stderr)
        return SKIPPED
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(os.path.join(work, "doxygen"))
    stage_documents(root, work)
    stage_reference(root, work)
    shutil.copytree(os.path.join(root, "docs", "site"), work, dirs_exist_ok=True)
    run_doxygen(root, work)
    projects = os.path.join(work, "doxygen", "projects")
    split_xml(os.path.join(work, "doxygen", "xml"), projects)
    # The seed: the index for the search has sets in it, whose order would be another in each build.
    environment = {**os.environ, "CMIO_VERSION": version, "CMIO_XML": projects, "PYTHONHASHSEED": "0"}
    command = ["sphinx-build", "-q", "-W", "--keep-going", "-j", "auto", "-b", "html"]
    command += ["-d", os.path.join(folder, "doctrees"), work, output]
    status = subprocess.run(command, env=environment).returncode
    if status == 0:
        mend_furo(os.path.join(output, "_static"))
        print(f"the site is in {output}: begin with index.html")
    return status


if __name__ == "__main__":
    sys.exit(main())
