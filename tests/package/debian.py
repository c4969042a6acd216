# SPDX-License-Identifier: MIT
"""Compares the Debian packages with what they package.

usage: debian.py SOURCE_ROOT VERSION
       debian.py --self-test SOURCE_ROOT VERSION   each mistake in a copy must be found

- debian/changelog begins with the version of the build, which has a heading in NEWS.md and is in the headers. A
  change of the packaging alone may add +1, +2, ...
- The packages of the shared libraries are named after the sonames.
- debian/*.symbols list the functions of the headers and the version of the version script, and nothing else.
- debian/tests/control names the programs beside it, and each can be executed.
- debian/copyright has the text of LICENSE.
"""

import glob
import os
import re
import shutil
import sys
import tempfile

import symbols
from scratch import Failure, expect, header_version, main


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def change(path, before, after):
    text = read(path)
    expect(before in text, f"{path} does not have {before!r}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(before, after, 1))


def check_version(root, release):
    top = re.match(r"cmio \(([^)+]+)(?:\+\d+)?\) \w+; urgency=\w+\n", read(root, "debian", "changelog"))
    expect(top, "debian/changelog does not begin with an entry of cmio")
    expect(top[1] == release, f"debian/changelog begins with {top[1]}, and the build makes {release}")
    expect(header_version(root) == release, f"the headers are of {header_version(root)}, not of {release}")
    headings = re.findall(r"^## (\d\S*)(?: \(\S+\))?$", read(root, "NEWS.md"), re.MULTILINE)
    expect(headings[:1] == [release], f"the newest release in NEWS.md is {headings[:1]}, not {release}")


def symbols_of(text):
    """The symbols that are listed, each with its version of the package."""
    listed = re.findall(r"^ (\S+) (\S+)$", text, re.MULTILINE)
    names = [name for name, _ in listed]
    expect(len(names) == len(set(names)), f"listed twice: {sorted({n for n in names if names.count(n) > 1})}")
    return dict(listed)


def version_key(version):
    return [int(number) for number in re.findall(r"\d+", version)]


def check_symbols(root, library, series, release):
    """series: the part of the release that the soname has."""
    headers, script = (os.path.join(root, path) for path in symbols.LIBRARIES[library])
    node = f"{library.upper().replace('-', '_')}_{series}"
    problems = symbols.check_map(script, node)
    expect(not problems, "\n".join(problems))
    name = f"lib{library}{series}.symbols"
    expect(os.path.exists(os.path.join(root, "debian", name)), f"there is no debian/{name}")
    text = read(root, "debian", name)
    first = f"lib{library}.so.{series} lib{library}{series} #MINVER#\n* Build-Depends-Package: lib{library}-dev\n"
    expect(text.startswith(first), f"debian/{name} does not begin with:\n{first}")
    lines = text[len(first) :].splitlines()
    listed = symbols_of(text)
    expect(len(listed) == len(lines), f"debian/{name} has lines that are no symbols")
    wanted = {f"{symbol}@{node}" for symbol in {node, *symbols.declared_functions(headers)[0]}}
    different = sorted(wanted ^ set(listed))
    how = "python3 -B scripts/lib/debian_symbols.py . writes it anew"
    expect(not different, f"only in the headers, or only in debian/{name} ({how}): {', '.join(different)}")
    late = sorted(symbol for symbol, first in listed.items() if version_key(first) > version_key(release))
    expect(not late, f"newer than the release in debian/{name}: {late}")


def check_names(root, series):
    """One package for each library and soname, with nothing left of others."""
    control = read(root, "debian", "control")
    named = set(re.findall(r"^Package: (lib\S+?\d\S*)$", control, re.MULTILINE))
    wanted = {f"lib{library}{series}" for library in symbols.LIBRARIES}
    expect(named == wanted, f"packages of shared libraries are {sorted(named)}, not {sorted(wanted)}")
    kinds = [os.path.basename(path) for path in glob.glob(os.path.join(root, "debian", "lib*[0-9].*"))]
    foreign = [name for name in kinds if name.rsplit(".", 1)[0] not in wanted]
    foreign = [name for name in foreign if not name.startswith(tuple(f"{package}." for package in wanted))]
    expect(not foreign, f"of no package: {foreign}")


def check_tests(root):
    folder = os.path.join(root, "debian", "tests")
    named = re.findall(r"^Tests: (.*)$", read(folder, "control"), re.MULTILINE)
    named = sorted(word.strip(",") for line in named for word in line.split())
    there = sorted(name for name in os.listdir(folder) if name != "control")
    expect(named == there, f"debian/tests/control names {named}, and there are {there}")
    fixed = [name for name in there if not os.access(os.path.join(folder, name), os.X_OK)]
    expect(not fixed, f"not executable: {fixed}")


def check_copyright(root):
    licence = " ".join(read(root, "LICENSE").split())
    text = read(root, "debian", "copyright").replace("\n .\n", "\n")
    said = " ".join(text.split())
    terms = licence[licence.index("Permission is hereby granted") :]
    expect(terms in said, "debian/copyright does not have the terms of LICENSE")
    holder = re.search(r"Copyright \(c\) (.*?) Permission", licence)[1]
    expect(f"Copyright: {holder} " in said, f"debian/copyright does not name {holder}")


def check(root, release):
    series = ".".join(release.split(".")[:2])
    check_version(root, release)
    check_names(root, series)
    for library in symbols.LIBRARIES:
        check_symbols(root, library, series, release)
    check_tests(root)
    check_copyright(root)


# Each with the file, what is changed in it, and words of the complaint; R is the release, and S its series.
MISTAKES = [
    ("debian/changelog", "cmio (R)", "cmio (99.0.0)", "debian/changelog begins with"),
    ("NEWS.md", "## R\n", "## 99.0.0\n", "NEWS.md"),
    ("include/cmio/version.h", '"R"', '"99.0.0"', "headers"),
    ("debian/control", "Package: libcmioS\n", "Package: libcmio99\n", "packages of shared libraries"),
    ("debian/libcmioS.symbols", " cmio_now@", " cmio_then@", "cmio_now@CMIO_S, cmio_then@CMIO_S"),
    ("debian/libcmio-asyncS.symbols", " cmio_block_on@", " cmio_wait@", "cmio_block_on@CMIO_ASYNC_S"),
    ("debian/libcmioS.symbols", " cmio_now@CMIO_S ", " cmio_now@CMIO_S 99.", "newer"),
    ("debian/libcmioS.symbols", " cmio_now@CMIO_S ", " cmio_now@CMIO_S 0\n cmio_now@CMIO_S ", "twice"),
    ("debian/libcmioS.symbols", " cmio_now@CMIO_S ", " cmio_now@CMIO_S\n# ", "no symbols"),
    ("include/cmio/time.h", "int64_t cmio_now(", "int64_t cmio_soon(", "cmio_now@CMIO_S, cmio_soon@CMIO_S"),
    ("src/cmio.map", "CMIO_S", "CMIO_99", "one node"),
    ("debian/tests/control", "Tests: examples\n", "Tests: samples\n", "samples"),
    ("debian/copyright", "WITHOUT WARRANTY", "WITH WARRANTY", "the terms of LICENSE"),
]


def copied(root, folder):
    for name in ["debian", "include", "src"]:
        shutil.copytree(os.path.join(root, name), os.path.join(folder, name))
    for name in ["NEWS.md", "LICENSE"]:
        shutil.copy(os.path.join(root, name), folder)
    return folder


def is_found(root, release, path, before, after, complaint):
    with tempfile.TemporaryDirectory() as scratch:
        copy = copied(root, scratch)
        change(os.path.join(copy, path), before, after)
        try:
            check(copy, release)
        except Failure as failure:
            expect(complaint in str(failure), f"{path} with {after!r}: another complaint:\n{failure}")
            return True
    return False


def self_test(root, release):
    check(root, release)
    series = ".".join(release.split(".")[:2])
    for mistake in MISTAKES:
        words = [re.sub(r"\bR\b", release, re.sub(r"(?<![A-Z])S\b", series, word)) for word in mistake]
        expect(is_found(root, release, *words), f"nothing was found: {words}")
    print(f"{len(MISTAKES)} mistakes found")


if __name__ == "__main__":
    if sys.argv[1] == "--self-test":
        sys.exit(main(self_test, *sys.argv[2:]))
    sys.exit(main(check, *sys.argv[1:]))
