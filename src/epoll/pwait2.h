/* SPDX-License-Identifier: MIT */
#ifndef CMIO_EPOLL_PWAIT2_H
#define CMIO_EPOLL_PWAIT2_H

#include <stdint.h>
#include <sys/epoll.h>

/*
 * epoll_pwait2(2), Linux 5.11, without a signal mask: through libc's function (pwait2_libc.c) or,
 * if libc has none, by number (pwait2_number.c). timeout is in nanoseconds and not negative. A
 * cancellation point. Returns a count or -errno; -ENOSYS or -EPERM if the call is unavailable.
 */
int cmio__epoll_pwait2(int fd, struct epoll_event *records, int capacity, int64_t timeout);

#endif
