# SPDX-License-Identifier: MIT
"""Takes a processor from everything else, again and again for up to half a second, until its parent ends.

    hog.py PROCESSOR

A host with more virtual machines than processors does the same. Where the system permits it, this runs before all
ordinary processes; elsewhere it takes its share.
"""

import contextlib
import os
import random
import sys
import time

LONGEST = 0.5  # seconds, of a burst and of the pause after it


def main():
    parent = os.getppid()
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setaffinity(0, {int(sys.argv[1])})
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    while os.getppid() == parent:
        end = time.monotonic() + random.uniform(0, LONGEST)
        while time.monotonic() < end:
            pass
        time.sleep(random.uniform(0, LONGEST))


if __name__ == "__main__":
    main()
