/* SPDX-License-Identifier: MIT */
/* For kernels whose write filters always report that the reader of a pipe is gone. */
#include "kqueue/kqueue.h"

bool cmio__kqueue_misses_end(int fd) {
    (void)fd; /* true of every pipe */
    return false;
}
