/* SPDX-License-Identifier: MIT */
#include "epoll/pwait2.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

#include <cmio/time.h>

int cmio__epoll_pwait2(int fd, struct epoll_event *records, int capacity, int64_t timeout) {
    const struct timespec span = {
        .tv_sec = (time_t)(timeout / CMIO_SECOND),
        .tv_nsec = (long)(timeout % CMIO_SECOND),
    };
    const int count = epoll_pwait2(fd, records, capacity, &span, NULL);
    return count < 0 ? -errno : count;
}
