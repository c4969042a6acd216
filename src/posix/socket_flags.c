/* SPDX-License-Identifier: MIT */
/* New sockets where socket(2), socketpair(2) and accept4(2) set the flags atomically. */
#include "posix/socket.h"

#include <errno.h>

#include "posix/cancel.h"

int cmio__socket_open(int family, int type) {
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

int cmio__socket_pair(int family, int type, int fds[2]) {
    int made[2];
    if (socketpair(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, made) < 0)
        return -errno;
    fds[0] = made[0];
    fds[1] = made[1];
    return 0;
}

int cmio__socket_accept(int fd, struct sockaddr *peer, socklen_t *length) {
    const int state = cmio__cancel_disable(); /* else what was accepted may be lost */
    const int accepted = accept4(fd, peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    const int result = accepted < 0 ? -errno : accepted;
    cmio__cancel_restore(state);
    return result;
}
