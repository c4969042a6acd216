/* SPDX-License-Identifier: MIT */
#include "poll/wait.h"

#include <time.h>

#include <cmio/time.h>

static int wait_span(struct pollfd *entries, size_t count, int64_t timeout) {
    const struct timespec span = {
        .tv_sec = (time_t)(timeout / CMIO_SECOND),
        .tv_nsec = (long)(timeout % CMIO_SECOND),
    };
    return ppoll(entries, (nfds_t)count, &span, NULL);
}

int cmio__poll_wait_entries(struct pollfd *entries, size_t count, int64_t timeout) {
    const int ready = timeout > 0 ? wait_span(entries, count, timeout)
                                  : poll(entries, (nfds_t)count, (int)timeout); /* 0, or -1 */
    return ready < 0 ? cmio__poll_wait_error() : ready;
}
