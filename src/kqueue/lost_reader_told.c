/* SPDX-License-Identifier: MIT */
/* Kernels whose write filters always tell that the reader of a pipe is gone. */
#include "kqueue/kqueue.h"

bool cmio__kqueue_misses_end(int fd) {
    (void)fd; /* every pipe's does */
    return false;
}
