# SPDX-License-Identifier: MIT
"""Writes debian/*.symbols from the version scripts and the public headers.

usage: debian_symbols.py SOURCE_ROOT

A version script names the version of all symbols, and exports cmio_*; the functions of the headers are what has
such a name (tests/package/symbols.py checks that of the libraries themselves). A symbol that a file lists already
keeps its version of the package, the first that had it. A new one gets the version on top of debian/changelog.
"""

import os
import re
import sys

import reference

# Of each library: its version script.
SCRIPTS = {
    "cmio": os.path.join("src", "cmio.map"),
    "cmio-async": os.path.join("src", "async", "cmio_async.map"),
}


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def node_of(root, library):
    """CMIO_0.1: what the version script calls all symbols."""
    found = re.findall(r"^(\w[\w.]*) *\{", read(root, SCRIPTS[library]), re.MULTILINE)
    if len(found) != 1:
        sys.exit(f"{SCRIPTS[library]} has {len(found)} versions, not 1")
    return found[0]


def functions_of(root, library):
    headers = "cmio/async/" if library == "cmio-async" else "cmio/"
    entries = reference.read_headers(root)
    return {e.name for e in entries if e.kind == "function" and os.path.dirname(e.header) + "/" == headers}


def package_version(root):
    return re.match(r"cmio \(([^)]+)\)", read(root, "debian", "changelog")).group(1)


def file_name(node, library):
    """debian/libcmio0.1.symbols: the package is named after the soname."""
    return os.path.join("debian", f"lib{library}{node.rsplit('_')[-1]}.symbols")


def first_versions(path):
    """Of each symbol of the file: the first version of the package that had it."""
    if not os.path.exists(path):
        return {}
    return dict(re.findall(r"^ (\S+@\S+) (\S+)$", read(path), re.MULTILINE))


def text_of(root, library, known):
    node = node_of(root, library)
    soname = f"lib{library}.so.{node.rsplit('_')[-1]}"
    package = os.path.basename(file_name(node, library))[: -len(".symbols")]
    lines = [f"{soname} {package} #MINVER#", f"* Build-Depends-Package: lib{library}-dev"]
    for name in sorted({node, *functions_of(root, library)}):
        symbol = f"{name}@{node}"
        lines.append(f" {symbol} {known.get(symbol, package_version(root))}")
    return "\n".join(lines) + "\n"


def main(root):
    for library in SCRIPTS:
        path = os.path.join(root, file_name(node_of(root, library), library))
        text = text_of(root, library, first_versions(path))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
