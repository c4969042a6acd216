# SPDX-License-Identifier: MIT
"""Runs functions in threads beside the main one.

The commands of such a function give way to those of the main thread, and what it says is printed when the main
thread asks for its result: see command.py.
"""

import concurrent.futures

from command import said


def run_and_listen(function, arguments):
    said.lines = []
    return function(*arguments), said.lines


class Beside:
    """So many threads, for the time of a with. At its end, functions that have not begun are dropped."""

    def __init__(self, threads):
        self.pool = concurrent.futures.ThreadPoolExecutor(threads)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pool.shutdown(wait=False, cancel_futures=True)

    def begin(self, function, *arguments):
        """Has a function run once a thread is free: the first to begin is the first to run."""
        return self.pool.submit(run_and_listen, function, arguments)


def result_of(job):
    """Waits for a function that Beside.begin() was given, and prints what it said."""
    result, lines = job.result()
    for line in lines:
        print(line, flush=True)
    return result
