# SPDX-License-Identifier: MIT
"""Has scripts/recipes fill in the recipes for a tarball, of which only the name and the bytes matter.

usage: recipes.py SOURCE_ROOT
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile

from scratch import expect, main, run

NAME = "cmio-98.76.54.tar.xz"
BYTES = b"not really a tarball"
SHA256, SHA512 = hashlib.sha256(BYTES).hexdigest(), hashlib.sha512(BYTES).hexdigest()


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def must_fail(program, status, words, *arguments):
    result = subprocess.run([program, *arguments], capture_output=True, text=True)
    said = result.stdout + result.stderr
    expect(result.returncode == status and words in said, f"{arguments}: exit status {result.returncode}\n{said}")


def check_recipes(folder, url):
    data, port = read(folder, "conan", "conandata.yml"), read(folder, "vcpkg", "portfile.cmake")
    for text, parts in [(data, [f'"98.76.54":', f'url: "{url}"', f'sha256: "{SHA256}"']),
                        (port, [f'URLS "{url}"', f'FILENAME "{NAME}"', f"SHA512 {SHA512}"])]:
        missing = [part for part in parts if part not in text]
        expect(not missing, f"{missing} is missing in\n{text}")
    expect(json.loads(read(folder, "vcpkg", "vcpkg.json"))["version"] == "98.76.54", "vcpkg.json has another version")
    files = [name for _, _, names in os.walk(folder) for name in names]
    expect(not [name for name in files if name.endswith(".in")], f"templates are left: {files}")
    expect({"conanfile.py", "CMakeLists.txt", "usage"} <= set(files), f"files are missing: {files}")


def test(root):
    program = os.path.join(root, "scripts", "recipes")
    with tempfile.TemporaryDirectory() as scratch:
        tarball, folder = os.path.join(scratch, NAME), os.path.join(scratch, "local")
        with open(tarball, "wb") as file:
            file.write(BYTES)
        run([program, tarball, folder])
        check_recipes(folder, f"file://{tarball}")
        must_fail(program, 1, "is there already", tarball, folder)
        run([program, "--url", "https://example.org/x", tarball, os.path.join(scratch, "remote")])
        check_recipes(os.path.join(scratch, "remote"), "https://example.org/x")
        must_fail(program, 1, "No such file", os.path.join(scratch, "cmio-1.2.3.tar.xz"), os.path.join(scratch, "none"))
        must_fail(program, 1, "is not called", program, os.path.join(scratch, "none"))
        must_fail(program, 2, "usage", tarball)
        expect(not os.path.exists(os.path.join(scratch, "none")), "a failure made a folder")


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
