/* SPDX-License-Identifier: MIT */
#ifndef CMIO_EPOLL_WAIT_H
#define CMIO_EPOLL_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "posix/descriptor.h"
#include "posix/inline.h"

/* cmio__epoll_wait() for a timeout above 0. */
int cmio__epoll_wait_span(int fd, struct epoll_event *records, int capacity, int64_t timeout,
                          bool *no_nanoseconds);

/*
 * epoll_wait(2) with a timeout in nanoseconds, or CMIO_FOREVER. *no_nanoseconds remembers that the
 * system lacks epoll_pwait2(2) or denies it; waits then round up to milliseconds. Returns a count
 * or -errno.
 */
CMIO__INLINE int cmio__epoll_wait(int fd, struct epoll_event *records, int capacity,
                                  int64_t timeout, bool *no_nanoseconds) {
    if (timeout > 0)
        return cmio__epoll_wait_span(fd, records, capacity, timeout, no_nanoseconds);
    const int count = epoll_wait(fd, records, capacity, (int)timeout); /* 0, or -1: forever */
    return count < 0 ? cmio__last_error() : count;
}

#endif
