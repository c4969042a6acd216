# SPDX-License-Identifier: MIT
"""Makes the tarball of a release, and has projects of someone else's use it through a wrap file.

usage: tarball.py MESON SOURCE_ROOT

Meson makes the tarball (meson dist) of a copy of the tree that is committed to a repository of its own, since it
leaves out what is not committed. The tarball must hold all of the tree and nothing else. A project without a copy of
cmio gets it with the wrap file of docs/installing.md, from a file:// address, and gets nothing if the hash is another.
Then the tarball is set up by itself with all parts, and a few of its tests are built and run.
"""

import glob
import hashlib
import os
import re
import shutil
import sys
import tarfile
import tempfile

from scratch import (
    QUICK, Failure, copy_sources, expect, header_version, main, needs, plain_environment, run
)

HERE = os.path.dirname(os.path.abspath(__file__))
GIT = ["git", "-c", "user.name=cmio", "-c", "user.email=cmio@localhost", "-c", "commit.gpgSign=false"]
TESTED = ["core/poll", "backend/poll (poll)"]

PROJECT = """\
project('outside', 'c', version: '1', meson_version: '>=0.63.0', default_options: ['c_std=c11', 'werror=true'])
executable('consumer', 'consumer.c', dependencies: dependency('cmio', version: '@VERSION@'))
executable('async_consumer', 'async_consumer.c', dependencies: dependency('cmio-async', version: '@VERSION@'))
"""


def files_below(folder):
    """All files, but for those of the repository."""
    found = set()
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        found |= {os.path.relpath(os.path.join(top, name), folder) for name in names}
    return found


def make_tarball(meson, root, scratch, environment):
    """The tarball, and the copy of the tree that it was made of."""
    clone, build = os.path.join(scratch, "clone"), os.path.join(scratch, "for-dist")
    copy_sources(root, clone)
    for words in [["init", "--quiet"], ["add", "--all", "--force"], ["commit", "--quiet", "--message=All"]]:
        run([*GIT, *words], cwd=clone, env=environment)
    parts = ["-Dexamples=disabled", "-Dtests=disabled", "-Dman=disabled"]
    run([meson, "setup", build, clone, *parts], env=environment)
    run([meson, "dist", "-C", build, "--no-tests", "--formats", "xztar"], env=environment)
    made = glob.glob(os.path.join(build, "meson-dist", "*.xz"))
    expect(len(made) == 1, f"meson dist made {made}")
    return made[0], clone


def check_contents(tarball, clone, scratch, release):
    """It unpacks to one folder, named after the version, with what is in the tree; returns that folder."""
    with tarfile.open(tarball) as archive:
        archive.extractall(os.path.join(scratch, "unpacked"))
    name = f"cmio-{release}"
    expect(os.path.basename(tarball) == f"{name}.tar.xz", f"it is called {os.path.basename(tarball)}")
    there = os.listdir(os.path.join(scratch, "unpacked"))
    expect(there == [name], f"it unpacks to {there}")
    tree = os.path.join(scratch, "unpacked", name)
    different = files_below(tree) ^ files_below(clone)
    expect(not different, f"only in the tree, or only in the tarball: {sorted(different)}")
    return tree


def build_by_itself(meson, tree, scratch, environment):
    """Sets it up with everything but the manual pages, and runs a part of its tests."""
    build = os.path.join(scratch, "by-itself")
    options = ["-Dtests=enabled", "-Dexamples=enabled", "-Dman=disabled", "-Dwerror=true", *QUICK]
    run([meson, "setup", build, tree, *options], env=environment)
    said = run([meson, "test", "-C", build, *TESTED], env=environment)
    passed = re.search(r"^Ok:\s+(\d+)", said, re.MULTILINE)
    expect(passed and int(passed.group(1)) == len(TESTED), f"not every test was run:\n{said}")
    print(f"the tarball builds, and passes {', '.join(TESTED)}")


def wrap_of_page(root):
    with open(os.path.join(root, "docs", "installing.md"), encoding="utf-8") as file:
        found = re.findall(r"^```ini\n(\[wrap-file\]\n.*?)^```", file.read(), re.MULTILINE | re.DOTALL)
    expect(len(found) == 1, f"docs/installing.md has {len(found)} wrap files, not 1")
    return found[0]


def replaced(wrap, key, value):
    text, count = re.subn(rf"^{key} = .*$", lambda _: f"{key} = {value}", wrap, flags=re.MULTILINE)
    expect(count == 1, f"the wrap file of docs/installing.md has {count} lines for {key}")
    return text


def wrapped(meson, project, wrap, release, environment):
    """Sets up a project that has this wrap file; returns its build folder."""
    build = os.path.join(project, "build")
    os.makedirs(os.path.join(project, "subprojects"))
    for name, text in [("meson.build", PROJECT.replace("@VERSION@", release)), ("subprojects/cmio.wrap", wrap)]:
        with open(os.path.join(project, name), "w", encoding="utf-8") as file:
            file.write(text)
    for name in ["consumer.c", "async_consumer.c"]:
        shutil.copy(os.path.join(HERE, name), project)
    run([meson, "setup", build, project, *QUICK], env=environment)
    return build


def check_wrap(meson, root, scratch, tarball, release, environment):
    with open(tarball, "rb") as file:
        contents = file.read()
    wrap = replaced(wrap_of_page(root), "source_url", "file://" + tarball)
    expect(f"directory = cmio-{release}\n" in wrap, f"the wrap file is not for cmio {release}")
    good = replaced(wrap, "source_hash", hashlib.sha256(contents).hexdigest())
    build = wrapped(meson, os.path.join(scratch, "project"), good, release, environment)
    run([meson, "compile", "-C", build], env=environment)
    for name in ["consumer", "async_consumer"]:
        said = run([os.path.join(build, name)], env=environment, timeout=300)
        expect(said.strip() == release, f"{name} said {said!r}, not {release}")
        print(f"{name}: runs with cmio {release} from the tarball")
    bad = replaced(wrap, "source_hash", hashlib.sha256(contents + b"more").hexdigest())
    try:
        wrapped(meson, os.path.join(scratch, "refused"), bad, release, environment)
    except Failure as failure:
        expect("hash" in str(failure), f"not refused for its hash:\n{failure}")
        return
    raise Failure("a tarball with another hash was taken")


def test(meson, root):
    needs("git", "xz")
    release = header_version(root)
    environment = plain_environment()
    environment["PKG_CONFIG_LIBDIR"] = os.devnull  # what is installed may not stand in for the tarball
    with tempfile.TemporaryDirectory() as scratch:
        tarball, clone = make_tarball(meson, root, scratch, environment)
        tree = check_contents(tarball, clone, scratch, release)
        check_wrap(meson, root, scratch, tarball, release, environment)
        del environment["PKG_CONFIG_LIBDIR"]
        build_by_itself(meson, tree, scratch, environment)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
