# SPDX-License-Identifier: MIT
"""The section rpm of scripts/release-check: packaging/rpm/cmio.spec, built from the tarball, installed and used."""

import glob
import os
import subprocess

import tarball
from fresh_debian import Failure, run, say
from second_project import Project

PACKAGES = ["libcmio", "libcmio-devel", "libcmio-async", "libcmio-async-devel", "cmio-examples", "cmio-doc"]
# What a package must have, and what it must not have, as parts of its files' names.
CONTENTS = {
    "libcmio": (["/libcmio.so."], ["async", "include", "/man/"]),
    "libcmio-devel": (["include/cmio/cmio.h", "/libcmio.so", "cmio.pc", "cmioConfig.cmake", "man3/cmio_poll_wait.3"],
                      ["async"]),
    "libcmio-async": (["/libcmio-async.so."], ["libcmio.so", "include", "/man/"]),
    "libcmio-async-devel": (["include/cmio/async/", "include/cmio/async.h", "cmio-async.pc", "man3/cmio_spawn.3"],
                            ["cmio/cmio.h", "libcmio.so"]),
    "cmio-examples": (["cmio-examples/sleep_server", "cmio-examples/drill", "cmio-examples/index.html"], ["include"]),
    "cmio-doc": (["doc/cmio/README.md", "doc/cmio/docs/installing.md"], ["include", "/man/"]),
}


def build(archive, top):
    """Builds from the tarball alone. Debian's packages answer no BuildRequires, hence --nodeps."""
    say("Building the RPM packages, with their tests")
    defines = ["--define", f"_topdir {top}", "--define", f"_tmppath {top}/tmp"]
    os.mkdir(os.path.join(top, "tmp"))
    run(["rpmbuild", *defines, "--nodeps", "-ta", archive], "rpmbuild")
    return {name_of(path): path for path in glob.glob(os.path.join(top, "RPMS", "*", "*.rpm"))}


def name_of(package):
    return query(["--package", package, "--queryformat", "%{NAME}"])[0]


def query(arguments):
    result = subprocess.run(["rpm", "--query", *arguments], capture_output=True, text=True)
    if result.returncode != 0:
        raise Failure(f"rpm --query {' '.join(arguments)}: {result.stdout}{result.stderr}")
    return result.stdout.splitlines()


def check_contents(packages):
    if not set(PACKAGES) <= set(packages):
        raise Failure(f"rpmbuild made {', '.join(sorted(packages))}, but not all of {', '.join(PACKAGES)}")
    for name, (wanted, unwanted) in CONTENTS.items():
        files = query(["--package", packages[name], "--list"])
        missing = [part for part in wanted if not any(part in file for file in files)]
        foreign = [part for part in unwanted if any(part in file.replace("lib/cmake", "") for file in files)]
        if missing or foreign:
            raise Failure(f"the package {name} lacks {missing}, and has {foreign}, which belongs to another:\n{files}")


def check_dependencies(packages, version):
    """The libraries are found by their sonames. A -devel package needs its library in the same version."""
    soname = "libcmio.so." + ".".join(version.split(".")[:2])
    needs = query(["--package", packages["libcmio-async"], "--requires"])
    gives = query(["--package", packages["libcmio"], "--provides"])
    if not any(line.startswith(soname) for line in needs) or not any(line.startswith(soname) for line in gives):
        raise Failure(f"libcmio-async needs {needs}, and libcmio gives {gives}: where is {soname}?")
    needs = query(["--package", packages["libcmio-devel"], "--requires"])
    if not any(line.startswith("libcmio") and f"= {version}-" in line for line in needs):
        raise Failure(f"libcmio-devel needs {needs}, but not libcmio {version}")


def install(packages, root):
    """Into a root of its own, without scripts, since it has no ldconfig."""
    os.mkdir(root)
    run(["rpm", "--root", root, "--initdb"], "rpm --initdb")
    files = [packages[name] for name in PACKAGES]
    run(["rpm", "--root", root, "--install", "--nodeps", "--noscripts", *files], "rpm --install")
    run(["rpm", "--root", root, "--verify", "--nodeps", *PACKAGES], "rpm --verify")


def library_folder(packages, root):
    files = query(["--package", packages["libcmio-devel"], "--list"])
    return root + os.path.dirname(next(file for file in files if file.endswith("/libcmio.so")))


def use(root, libraries, folder, version):
    say("A second project with the RPM packages: pkg-config, CMake, and the examples")
    project = Project(folder, version, {
        "PKG_CONFIG_SYSROOT_DIR": root,
        "PKG_CONFIG_LIBDIR": os.path.join(libraries, "pkgconfig"),
        "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1",
        "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1",
        "LD_LIBRARY_PATH": libraries,
    })
    project.build_with_pkg_config()
    project.build_with_cmake(f"-Dcmio_DIR={libraries}/cmake/cmio")
    examples = glob.glob(os.path.join(root, "usr", "libexec", "cmio-examples", "*"))
    for program in sorted(examples):
        project.type(f"{program} --help", f"{os.path.basename(program)} --help")


def remove(root):
    run(["rpm", "--root", root, "--erase", "--nodeps", "--noscripts", *PACKAGES], "rpm --erase")
    left = [os.path.join(top, name) for top, _, names in os.walk(os.path.join(root, "usr")) for name in names]
    left = [path for path in left if "/lib/sysimage/rpm/" not in path]
    if left:
        raise Failure(f"rpm --erase left {left}")


def check(release):
    archive = tarball.of_sources(release)
    top, version = release.scratch("rpm"), tarball.version_of(archive)
    packages = build(archive, top)
    check_contents(packages)
    check_dependencies(packages, version)
    root = os.path.join(top, "root")
    install(packages, root)
    use(root, library_folder(packages, root), os.path.join(top, "project"), version)
    remove(root)
    say("The RPM packages build from the tarball, and a second project uses them")
