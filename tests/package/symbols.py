# SPDX-License-Identifier: MIT
"""Compares what a library exports with what its public headers declare.

usage: symbols.py SOURCE_ROOT cmio|cmio-async VERSION SHARED_LIBRARY [STATIC_LIBRARY]

- Every function of the headers is marked CMIO_API or static inline.
- The shared library exports exactly the functions that are marked, no data, and each under the
  symbol version of this release: CMIO_<major>.<minor> or CMIO_ASYNC_<major>.<minor>.
- The version script knows one version and exports cmio_* alone.
- The static library defines no global name that does not begin with cmio_.
"""

import glob
import os
import re
import shutil
import subprocess
import sys

import c_text

SKIPPED = 77

_PROTOTYPE = re.compile(
    r"(?:^|[;}])\s*((?:[A-Za-z_][\w \t\n*]*?)\b(cmio_\w+)\s*\([^;{}]*\)\s*[;{])"
)


# Of each library: the folder of its headers, and its version script.
LIBRARIES = {
    "cmio": ("include/cmio", "src/cmio.map"),
    "cmio-async": ("include/cmio/async", "src/async/cmio_async.map"),
}


def declared_functions(folder):
    """The marked functions of the public headers, and the problems of the unmarked ones."""
    marked, problems = {}, []
    for path in sorted(glob.glob(os.path.join(folder, "*.h"))):
        with open(path, encoding="utf-8") as file:
            text = c_text.code_only(file.read())
        text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", "", text, flags=re.MULTILINE)
        text = re.sub(r"\bCMIO_(BEGIN|END)_DECLS\b", ";", text)
        text = re.sub(r"\(\*\w+\)\([^()]*\)", "pointer", text)  # members that point to functions
        text = re.sub(r"\btypedef\b[^;{}]*;", ";", text)  # types of functions
        for name in re.findall(r"\bCMIO_API\b[^;{}(]*?\b(\w+)\s*\(", text):
            if name in marked:
                problems.append(f"{name}: declared in {marked[name]} and {os.path.basename(path)}")
            marked[name] = os.path.basename(path)
        for match in _PROTOTYPE.finditer(text):
            if not re.match(r"CMIO_API\b|static inline\b", match.group(1)):
                problems.append(f"{os.path.basename(path)}: {match.group(2)} is not CMIO_API")
    return marked, problems


def dynamic_symbols(library):
    """Yields (name, version, type) for each name that the shared library gives to others."""
    output = subprocess.run(
        ["readelf", "--dyn-syms", "--wide", library], capture_output=True, text=True, check=True
    ).stdout
    for line in output.splitlines():
        fields = line.split()
        if len(fields) < 8 or not fields[0].rstrip(":").isdigit():
            continue
        kind, binding, index = fields[3], fields[4], fields[6]
        if index == "UND" or binding == "LOCAL":
            continue
        name, _, version = fields[7].replace("@@", "@").partition("@")
        yield name, version, kind, index


def check_shared(library, declared, version):
    """The node that names the version itself is an absolute symbol and none of ours."""
    exported, problems = set(), []
    for name, symbol_version, kind, index in dynamic_symbols(library):
        if index == "ABS" and name == version:
            continue
        exported.add(name)
        if kind != "FUNC":
            problems.append(f"{name}: exported, and a {kind}, not a function")
        if symbol_version != version:
            problems.append(f"{name}: its version is {symbol_version or 'none'}, not {version}")
    problems += [f"{name}: exported but in no header" for name in sorted(exported - set(declared))]
    problems += [
        f"{name}: declared in {declared[name]} but not exported"
        for name in sorted(set(declared) - exported)
    ]
    print(f"{len(exported)} exported, {len(declared)} declared, version {version}")
    return problems


def check_map(path, version):
    with open(path, encoding="utf-8") as file:
        text = " ".join(c_text.without_comments(re.sub(r"^#.*", "", file.read())).split())
    if not re.fullmatch(rf"{re.escape(version)} ?{{ ?global: ?cmio_\*; ?local: ?\*; ?}};", text):
        return [f"{path} should be one node {version} with cmio_* global, * local: {text}"]
    return []


def check_static(library):
    output = subprocess.run(
        ["nm", "--extern-only", "--defined-only", "--format=posix", library],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = [line.split()[0] for line in output.splitlines() if len(line.split()) >= 2]
    foreign = [name for name in names if not name.startswith("cmio_")]
    # Sanitizers, coverage and clean-up handlers put names of the compiler's own into objects.
    compilers = ("__", "_GLOBAL_", "asan.", "DW.ref.__")
    foreign = [name for name in foreign if not name.startswith(compilers)]
    print(f"{len(names)} names in the static library")
    if not names:
        return ["the static library defines nothing"]
    return [f"{name}: a global name of the static library without cmio_" for name in foreign]


def main():
    root, library, release, shared, *static = sys.argv[1:]
    with open(shared, "rb") as file:
        if file.read(4) != b"\x7fELF" or not shutil.which("readelf"):
            print("no ELF library, or no readelf to look into it")
            return SKIPPED
    prefix = library.upper().replace("-", "_")
    version = f"{prefix}_" + ".".join(release.split(".")[:2])
    headers, script = (os.path.join(root, path) for path in LIBRARIES[library])
    declared, problems = declared_functions(headers)
    if not declared:
        problems.append("no function is declared at all")
    problems += check_map(script, version)
    problems += check_shared(shared, declared, version)
    for path in static:
        problems += check_static(path)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
