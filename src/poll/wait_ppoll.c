/* SPDX-License-Identifier: MIT */
#include "poll/wait.h"

#include <errno.h>
#include <time.h>

#include <cmio/time.h>

int cmio__poll_wait_entries(struct pollfd *entries, size_t count, int64_t timeout) {
    const struct timespec span = {
        .tv_sec = (time_t)(timeout / CMIO_SECOND),
        .tv_nsec = (long)(timeout % CMIO_SECOND),
    };
    int ready = ppoll(entries, (nfds_t)count, timeout == CMIO_FOREVER ? NULL : &span, NULL);
    return ready < 0 ? -errno : ready;
}
