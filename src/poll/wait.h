/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POLL_WAIT_H
#define CMIO_POLL_WAIT_H

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>

/* EINVAL can only mean that there are more entries than RLIMIT_NOFILE allows. */
static inline int cmio__poll_wait_error(void) {
    return errno == EINVAL ? -EMFILE : -errno;
}

/*
 * Calls poll(2) with a timeout in nanoseconds, or CMIO_FOREVER. A timeout above 0 goes to ppoll(2)
 * if the system has it (wait_ppoll.c), otherwise it is rounded up to milliseconds (wait_plain.c).
 * Returns a count or -errno; -EMFILE for more entries than the process may have descriptors.
 */
int cmio__poll_wait_entries(struct pollfd *entries, size_t count, int64_t timeout);

#endif
