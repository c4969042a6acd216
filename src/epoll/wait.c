/* SPDX-License-Identifier: MIT */
#include "epoll/wait.h"

#include <errno.h>

#include <cmio/time.h>

#include "epoll/pwait2.h"

static int wait_milliseconds(int fd, struct epoll_event *records, int capacity, int64_t timeout) {
    const int64_t rounded_up = timeout / CMIO_MILLISECOND + (timeout % CMIO_MILLISECOND != 0);
    const int count = epoll_wait(fd, records, capacity, (int)rounded_up);
    return count < 0 ? -errno : count;
}

int cmio__epoll_wait_span(int fd, struct epoll_event *records, int capacity, int64_t timeout,
                          bool *no_nanoseconds) {
    if (timeout % CMIO_MILLISECOND != 0 && !*no_nanoseconds) {
        int count = cmio__epoll_pwait2(fd, records, capacity, timeout);
        if (count != -ENOSYS && count != -EPERM)
            return count;
        *no_nanoseconds = true; /* an older kernel, or a sandbox that does not know the call */
    }
    return wait_milliseconds(fd, records, capacity, timeout);
}
