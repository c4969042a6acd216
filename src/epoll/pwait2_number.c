/* SPDX-License-Identifier: MIT */
/* For a libc that has epoll but lacks a function for the newer call: glibc before 2.35, musl. */
#include "epoll/pwait2.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmio/time.h>

#include "posix/cancel.h"

/*
 * The number is the same on all architectures with the common table. For headers older than the
 * kernel.
 */
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

/* The kernel's struct __kernel_timespec: two 64-bit members, even if time_t has 32 bits. */
struct kernel_timespec {
    int64_t seconds;
    int64_t nanoseconds;
};

/*
 * syscall(2) is not a cancellation point. Asynchronous cancellation around it, and around nothing
 * else, makes it one, like libc's own functions.
 */
int cmio__epoll_pwait2(int fd, struct epoll_event *records, int capacity, int64_t timeout) {
    const struct kernel_timespec span = {
        .seconds = timeout / CMIO_SECOND,
        .nanoseconds = timeout % CMIO_SECOND,
    };
    const int type = cmio__cancel_at_once();
    const long count = syscall(SYS_epoll_pwait2, fd, records, capacity, &span, NULL, (size_t)0);
    const int result = count < 0 ? -errno : (int)count;
    cmio__cancel_defer_again(type);
    return result;
}
