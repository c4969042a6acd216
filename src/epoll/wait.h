/* SPDX-License-Identifier: MIT */
#ifndef CMIO_EPOLL_WAIT_H
#define CMIO_EPOLL_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/*
 * epoll_wait(2) with a timeout in nanoseconds. *no_nanoseconds remembers that the system has no
 * epoll_pwait2(2), or does not let us call it: waits then round up to milliseconds. Returns a count
 * or -errno.
 */
int cmio__epoll_wait(int fd, struct epoll_event *records, int capacity, int64_t timeout,
                     bool *no_nanoseconds);

#endif
