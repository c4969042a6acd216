# SPDX-License-Identifier: MIT
"""The programs of bench/: where they are, and how one is run to its end."""

import dataclasses
import os
import subprocess

from build import GCC, Build
from command import BUILD, ROOT, run, start, stop

BENCH = Build("bench", GCC, ("--buildtype=release", "-Dbench=true", "-Dtests=disabled"))
# Peers that Meson does not build: bench/NAME/build does, where this variable says.
PEERS = {"mio": "BENCH_MIO_BUILD", "tokio": "BENCH_TOKIO_BUILD", "go": "BENCH_GO_BUILD"}
FOLDERS = [os.path.join(BENCH.path, name) for name in ["bench", *PEERS]]
SLEEP_SERVER = os.path.join(BENCH.path, "examples", "sleep_server")

PATIENCE = 60


class Failure(Exception):
    """What went wrong, in words."""


class TooSlow(Failure):
    """It did not come to its end: no use to try again."""


@dataclasses.dataclass(frozen=True)
class Contender:
    """A column of the tables: a library, and for cmio perhaps a backend other than the best."""

    name: str
    library: str
    backend: str = None
    options: tuple = ()  # pairs of name and value, of its own


def environment_for(contender):
    return {**os.environ, **({"CMIO_BACKEND": contender.backend} if contender.backend else {})}


def find(workload, library):
    """The program's path, or None where it was not built."""
    name = f"bench_{workload}_{library}"
    paths = [SLEEP_SERVER] if library == "sleep_server" else [f"{at}/{name}" for at in FOLDERS]
    return next((path for path in paths if os.access(path, os.X_OK)), None)


def build_peer(name):
    log = os.path.join(BUILD, f"bench-{name}.log")
    command = [os.path.join(ROOT, "bench", name, "build")]
    if run(command, log, {PEERS[name]: os.path.join(BENCH.path, name)}) != 0:
        print(f"{name} could not be built: {os.path.relpath(log, ROOT)} says why", flush=True)


def build(peers):
    """Whether it could be built. The peers may be missing, as any library may."""
    if not BENCH.make():
        return False
    for name in peers:
        build_peer(name)
    return True


def last_processor():
    return max(os.sched_getaffinity(0))


def pinned_to(processors):
    """For start(): the process begins on these processors, all those of this script for None."""
    return {"preexec_fn": lambda: os.sched_setaffinity(0, processors)} if processors else {}


def run_to_end(command, contender, processors=None):
    """What the command printed. It is stopped when it takes too long, and fails by its status."""
    environment = environment_for(contender)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = start(command, env=environment, **pipes, **pinned_to(processors))
    try:
        said, complaint = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        stop(process)
        raise TooSlow(f"not finished after {PATIENCE} s") from error
    stop(process)
    if process.returncode != 0:
        raise Failure(f"status {process.returncode}: {complaint.strip()[-300:]}")
    return said


def read_figures(said):
    """The lines "name value"."""
    fields = [line.split() for line in said.splitlines()]
    return {line[0]: float(line[1]) for line in fields if len(line) == 2}


def arguments_of(options):
    return [text for name, value in options.items() for text in (f"--{name}", str(value))]
