# SPDX-License-Identifier: MIT
"""Makes a release; scripts/release calls it, and its usage has the steps.

Everything is made in a folder of its own, which gets its name only at the very end. The tag comes last.
"""

import argparse
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys

import recipes
import tarball
import versions
from command import BUILD, ENDING, ROOT, Interrupted, listen_for_interrupts, logged, running, stop
from fresh_debian import Failure

FOLDER = os.path.join(BUILD, "release")
PART = os.path.join(FOLDER, "part")
CHECKS = [["scripts/abi-check", "--exact"], ["scripts/test"], ["scripts/release-check"]]
# scripts/release-check has a large folder to remove.
PATIENCE = 300


def git(*words, **options):
    """Runs git in the tree; its output without the last newline. A failure is a sentence with git's own words."""
    result = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, **options)
    if result.returncode != 0:
        raise Failure(f"git {words[0]} failed: {result.stderr.strip()}")
    return result.stdout.rstrip("\n")


def tag_exists(tag):
    return git("tag", "--list", tag) != ""


def check_tree(tag):
    """Nothing is uncommitted, and the tag can be made; returns the commit."""
    if not shutil.which("git") or not os.path.exists(os.path.join(ROOT, ".git")):
        raise Failure("this is not a git tree, or there is no git: a release is made of what is committed")
    changed = git("status", "--porcelain").splitlines()
    if changed:
        more = f"\n... {len(changed)} in all" if len(changed) > 10 else ""
        raise Failure("the tree has uncommitted changes:\n" + "\n".join(changed[:10]) + more)
    if tag_exists(tag):
        raise Failure(f"the tag {tag} exists already")
    git("var", "GIT_COMMITTER_IDENT")
    return git("rev-parse", "HEAD")


def check_versions(version):
    wrong = [*versions.wrong_places(ROOT, version), *versions.wrong_news(ROOT, version)]
    if wrong:
        raise Failure(f"not everything is ready for {version}:\n" + "\n".join(wrong))


def run_step(command, what):
    """Runs a command, its output to a log in build/release."""
    name = os.path.basename(command[0])
    if not logged(command, os.path.join(FOLDER, f"{name}.log")):
        raise Failure(f"{what} failed: see above")


def run_checks():
    for command in CHECKS:
        print(f"Running {' '.join(command)}", flush=True)
        run_step([os.path.join(ROOT, command[0]), *command[1:]], command[0])


def write_sums(path):
    with open(path, "rb") as file:
        found = hashlib.sha256(file.read()).hexdigest()
    with open(os.path.join(os.path.dirname(path), "SHA256SUMS"), "w", encoding="utf-8") as file:
        file.write(f"{found}  {os.path.basename(path)}\n")


def make_files(version, commit, url):
    """Fills the folder of the release, which has no name yet; returns it."""
    print("Making the tarball", flush=True)
    clone, result = os.path.join(PART, "clone"), os.path.join(PART, "result")
    os.makedirs(result)
    run_step(["git", "clone", "--quiet", "--no-checkout", ROOT, clone], "cloning the tree")
    run_step(["git", "-C", clone, "checkout", "--quiet", "--detach", commit], "checking the commit out")
    made = tarball.make(clone, os.path.join(PART, "build"), run_step)
    if os.path.basename(made) != f"cmio-{version}.tar.xz":
        raise Failure(f"the tarball is called {os.path.basename(made)}")
    path = shutil.move(made, result)
    write_sums(path)
    if url:
        recipes.write(path, result, f"{url.rstrip('/')}/{os.path.basename(path)}")
    return result


def make_tag(version, commit):
    """An annotated tag, with what is new for its text."""
    text = f"cmio {version}\n\n{versions.news(ROOT)}\n"
    git("tag", "--annotate", "--no-sign", "--cleanup=verbatim", "--file=-", f"v{version}", commit, input=text)


def finish(made, folder, version, commit):
    """Gives the folder its name and makes the tag, or neither. From here on it is too late for an interrupt."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    os.rename(made, folder)
    try:
        if commit:
            make_tag(version, commit)
    except Failure:
        shutil.rmtree(folder)
        raise


def say_what_is_left(folder, version, tag):
    place = os.path.relpath(folder, ROOT)
    print(f"\n{place} has: {', '.join(sorted(os.listdir(folder)))}")
    print(f"To sign the checksums:\n    gpg --armor --detach-sign {place}/SHA256SUMS")
    if tag:
        print(f"cmio {version} is tagged as {tag}. To publish the tag:\n    git push origin {tag}")


def release(arguments):
    version, tag = arguments.version, f"v{arguments.version}"
    folder = os.path.join(FOLDER, f"cmio-{version}")
    commit = check_tree(tag)
    check_versions(version)
    shutil.rmtree(PART, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    if not arguments.skip_checks:
        run_checks()
    made = make_files(version, commit, arguments.url)
    if check_tree(tag) != commit:
        raise Failure("another commit was checked out in the meantime")
    tags = not arguments.dry_run and not arguments.skip_checks
    finish(made, folder, version, commit if tags else None)
    say_what_is_left(folder, version, tag if tags else None)
    if not tags:
        why = "the checks were skipped" if arguments.skip_checks else "this is a dry run"
        print(f"There is no tag, because {why}.")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/release", add_help=False)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--skip-checks", action="store_true")
    parser.add_argument("--url")
    parser.add_argument("version")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not re.fullmatch(r"\d+\.\d+\.\d+", arguments.version):
        parser.error(f"{arguments.version}: a version is three numbers, such as 0.2.0")
    if arguments.url and not re.match(r"(https?|file)://", arguments.url):
        parser.error(f"--url {arguments.url}: it must begin with http://, https:// or file://")
    return arguments


def clean_up():
    for process in list(running):
        stop(process, PATIENCE)
    shutil.rmtree(PART, ignore_errors=True)


def main():
    arguments = parse_arguments()
    if arguments.check:
        return 0
    listen_for_interrupts()
    try:
        release(arguments)
        return 0
    except (Failure, recipes.Failure) as failure:
        print(f"scripts/release: {failure}", file=sys.stderr)
        return 1
    except Interrupted as interrupted:
        print("scripts/release: interrupted; there is no tag", file=sys.stderr)
        return 128 + interrupted.number
    finally:
        clean_up()


if __name__ == "__main__":
    sys.exit(main())
