# SPDX-License-Identifier: MIT
"""Installs the programs of the examples into a scratch prefix, and runs them there.

usage: installed_examples.py MESON SOURCE_ROOT

They are installed below libexec and nowhere else, find the library and their page without an environment variable,
and do what debian/tests/examples asks of those in the Debian package. An ordinary build installs none of them.
"""

import json
import os
import re
import shutil
import sys
import tempfile

from scratch import expect, main, needs, plain_environment, run

PARTS = ["-Dtests=disabled", "-Dman=disabled", "-Dneighbours=disabled", "-Dstatic=false", "-Dexamples=enabled"]


def installed_by(meson, build):
    """Where each file goes that belongs to the examples."""
    places = json.loads(run([meson, "introspect", "--installed", build])).values()
    return sorted(place for place in places if "/share/doc/" not in place and "example" in place)


def check_page(server, page):
    """The server's help tells where its page is."""
    said = run([server, "--help"], env=plain_environment())
    expect(page in re.sub(r"\s+", " ", said), f"the page is not {page}:\n{said}")


def install(meson, root, build, prefix):
    environment = plain_environment()
    run([meson, "setup", build, root, "--prefix", prefix, *PARTS], env=environment)
    expect(not installed_by(meson, build), f"installed unasked: {installed_by(meson, build)}")
    run([meson, "configure", build, "-Dinstall_examples=true"], env=environment)
    run([meson, "compile", "-C", build], env=environment)
    run([meson, "install", "-C", build, "--no-rebuild"], env=environment)


def test(meson, root):
    with tempfile.TemporaryDirectory() as scratch:
        build, prefix = os.path.join(scratch, "build"), os.path.join(scratch, "prefix")
        install(meson, root, build, prefix)
        shutil.rmtree(build)
        programs = os.path.join(prefix, "libexec", "cmio-examples")
        page = os.path.join(prefix, "share", "cmio-examples", "index.html")
        check_page(os.path.join(programs, "sleep_server"), page)
        expect(os.path.isfile(page), f"there is no {page}")
        plans = os.path.join(root, "examples", "plans")
        script = os.path.join(root, "debian", "tests", "examples")
        environment = {**plain_environment(), "AUTOPKGTEST_TMP": scratch}
        print(run([script, programs, plans], env=environment))


if __name__ == "__main__":
    needs("pkg-config")
    sys.exit(main(test, *sys.argv[1:]))
