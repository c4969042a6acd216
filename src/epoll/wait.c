/* SPDX-License-Identifier: MIT */
#include "epoll/wait.h"

#include <errno.h>
#include <unistd.h>

#include <cmio/time.h>

#include "epoll/compat.h"

/* The kernel's struct __kernel_timespec: 64 bits each, also where time_t has 32. */
struct kernel_timespec {
    int64_t seconds;
    int64_t nanoseconds;
};

static int result_of(long count) {
    return count < 0 ? -errno : (int)count;
}

/* By number, since not every libc with epoll has a function for it. */
static int wait_nanoseconds(int fd, struct epoll_event *records, int capacity, int64_t timeout) {
    const struct kernel_timespec span = {
        .seconds = timeout / CMIO_SECOND,
        .nanoseconds = timeout % CMIO_SECOND,
    };
    return result_of(syscall(SYS_epoll_pwait2, fd, records, capacity, &span, NULL, 0));
}

static int wait_milliseconds(int fd, struct epoll_event *records, int capacity, int64_t timeout) {
    const int64_t rounded_up = timeout / CMIO_MILLISECOND + (timeout % CMIO_MILLISECOND != 0);
    return result_of(epoll_wait(fd, records, capacity, (int)rounded_up));
}

int cmio__epoll_wait_span(int fd, struct epoll_event *records, int capacity, int64_t timeout,
                          bool *no_nanoseconds) {
    if (timeout % CMIO_MILLISECOND != 0 && !*no_nanoseconds) {
        int count = wait_nanoseconds(fd, records, capacity, timeout);
        if (count != -ENOSYS && count != -EPERM)
            return count;
        *no_nanoseconds = true; /* an older kernel, or a sandbox that does not know the call */
    }
    return wait_milliseconds(fd, records, capacity, timeout);
}
