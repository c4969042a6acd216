/* SPDX-License-Identifier: MIT */
#include "posix/watchable.h"

#include <errno.h>
#include <sys/epoll.h>

#include "posix/descriptor.h"

/* Adds the descriptor to an epoll instance made only for this. */
static int ask(int fd) {
    struct epoll_event nothing = {.events = 0};
    const int scratch = epoll_create1(EPOLL_CLOEXEC);
    if (scratch < 0)
        return -errno;
    const int error = epoll_ctl(scratch, EPOLL_CTL_ADD, fd, &nothing) < 0 ? -errno : 0;
    (void)cmio__fd_close(scratch); /* it takes its only entry along */
    return error;
}

int cmio__watchable(int fd, bool is_device) {
    const int error = ask(fd);
    if (error < 0)
        return error;
    return is_device ? 0 : 1;
}
