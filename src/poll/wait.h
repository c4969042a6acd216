/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POLL_WAIT_H
#define CMIO_POLL_WAIT_H

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>

/* The only thing that poll(2) can find invalid here is more entries than RLIMIT_NOFILE allows. */
static inline int cmio__poll_wait_error(void) {
    return errno == EINVAL ? -EMFILE : -errno;
}

/*
 * poll(2) with a timeout in nanoseconds, or CMIO_FOREVER: what is more than 0 with ppoll(2)
 * where there is one (wait_ppoll.c), otherwise rounded up to milliseconds (wait_plain.c). A count
 * or -errno; -EMFILE for more entries than the process may have descriptors.
 */
int cmio__poll_wait_entries(struct pollfd *entries, size_t count, int64_t timeout);

#endif
