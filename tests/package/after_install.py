# SPDX-License-Identifier: MIT
"""Runs what `meson install` runs at its end, on systems that are played by programs of our own.

usage: after_install.py SOURCE_ROOT

ldconfig, pkg-config, id and uname come first on the PATH of src/after-install.sh. The test sees what
it ran and what it said, and touches nothing of the system.
"""

import os
import subprocess
import sys
import tempfile

from scratch import expect, main

LDCONFIG = """\
if [ "${1:-}" = -p ]; then
    [ -n "$HAS_LIST" ] && echo '2 libs found in cache' && cat "$PLAYED/list"
    exit
fi
echo ran >>"$PLAYED/ran"
[ -z "$LOADER_LOOKS" ] || printf '\\tlibcmio.so.0.9 (libc6) => %s/libcmio.so.0.9\\n' "$FOLDER" >>"$PLAYED/list"
"""
PROGRAMS = {
    "ldconfig": LDCONFIG,
    "pkg-config": 'echo "$PC_PATH"\n',
    "id": 'echo "$PLAYED_USER"\n',
    "uname": 'echo "$PLAYED_SYSTEM"\n',
}
ROOT_ON_LINUX = {
    "PLAYED_SYSTEM": "Linux", "PLAYED_USER": "0", "HAS_LIST": "yes", "LOADER_LOOKS": "yes",
    "PC_PATH": "/else/pkgconfig:@FOLDER@/pkgconfig",
}


class System:
    """A played system; what ran there, and what was said."""

    def __init__(self, root, scratch, version="0.9", **differences):
        played = tempfile.mkdtemp(dir=scratch)
        folder = os.path.join(played, "prefix", "lib")
        os.makedirs(os.path.join(folder, "pkgconfig"))
        for path in [os.path.join(folder, "pkgconfig", "cmio.pc"), os.path.join(played, "list")]:
            with open(path, "w", encoding="utf-8"):
                pass
        for name, text in PROGRAMS.items():
            path = os.path.join(played, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\n" + text)
            os.chmod(path, 0o755)
        environment = {**ROOT_ON_LINUX, **differences, "PLAYED": played, "FOLDER": folder}
        environment = {name: value.replace("@FOLDER@", folder) for name, value in environment.items()}
        environment["PATH"] = f"{played}:/usr/bin:/bin"
        command = ["sh", os.path.join(root, "src", "after-install.sh"), folder, version]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        expect(result.returncode == 0, f"it ended with {result.returncode}: {result.stderr}")
        expect(result.stderr == "", f"it complained: {result.stderr}")
        self.said = result.stdout
        self.ran = os.path.exists(os.path.join(played, "ran"))


def test(root):
    with tempfile.TemporaryDirectory() as scratch:
        usual = System(root, scratch)
        expect(usual.ran and usual.said == "Running ldconfig\n", f"as root: {usual.said!r}")
        quiet = System(root, scratch, MESON_INSTALL_QUIET="1")
        expect(quiet.ran and quiet.said == "", f"quietly: {quiet.said!r}")
        user = System(root, scratch, PLAYED_USER="1000")
        expect(not user.ran and "as root: ldconfig" in user.said, f"without root: {user.said!r}")
        elsewhere = System(root, scratch, LOADER_LOOKS="")
        expect("-Drpath=enabled" in elsewhere.said, f"a folder of nobody: {elsewhere.said!r}")
        staged = System(root, scratch, DESTDIR="/stage", PC_PATH="/else")
        expect(not staged.ran and staged.said == "", f"staged: {staged.said!r}")
        carried = System(root, scratch, version="")
        expect(not carried.ran and carried.said == "", f"programs carry the path: {carried.said!r}")
        musl = System(root, scratch, HAS_LIST="")
        expect(not musl.ran and musl.said == "", f"a loader without a list: {musl.said!r}")
        other = System(root, scratch, PLAYED_SYSTEM="FreeBSD")
        expect(not other.ran and other.said == "", f"another system: {other.said!r}")
        own = System(root, scratch, version="", PC_PATH="/else/pkgconfig")
        expect("lib/pkgconfig/cmio.pc" in own.said, f"pkg-config looks elsewhere: {own.said!r}")
        mute = System(root, scratch, PC_PATH="")
        expect(mute.ran and mute.said == "Running ldconfig\n", f"no path from pkg-config: {mute.said!r}")


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
