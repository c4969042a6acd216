# SPDX-License-Identifier: MIT
"""Sees to it that the build stops where the compiler's checks cannot be trusted.

usage: broken_checks.py MESON SOURCE_ROOT

With an argument for linking among those for compiling, every check that only compiles fails, and all
that the system has would silently count as absent.
"""

import os
import subprocess
import sys
import tempfile

from scratch import expect, main, needs, plain_environment


def setup(meson, root, build, compiler):
    environment = plain_environment()
    environment["CC"] = compiler
    return subprocess.run(
        [meson, "setup", build, root, "-Dtests=disabled", "-Dexamples=disabled"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, check=False,
    )


def test(meson, root):
    needs("clang", "ld.lld")
    with tempfile.TemporaryDirectory() as scratch:
        broken = setup(meson, root, os.path.join(scratch, "broken"), "clang -fuse-ld=lld")
        expect(broken.returncode != 0, "an argument for linking in CC goes unnoticed")
        expect("c_ld" in broken.stdout + broken.stderr, "nothing says where it belongs")
        sound = setup(meson, root, os.path.join(scratch, "sound"), "clang")
        expect(sound.returncode == 0, "a sound compiler is refused:\n" + sound.stdout)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
