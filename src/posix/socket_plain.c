/* SPDX-License-Identifier: MIT */
/* New sockets where flags and SIGPIPE are set one call after the other, as on macOS. */
#include "posix/socket.h"

#include <errno.h>

#include "posix/cancel.h"
#include "posix/descriptor.h"

static int prepared(int fd) {
    if (fd < 0)
        return -errno;
    int error = cmio__fd_prepare(fd);
    if (error == 0)
        error = cmio__socket_no_sigpipe(fd);
    if (error < 0) {
        (void)cmio__fd_close(fd); /* the first error is the one to tell */
        return error;
    }
    return fd;
}

int cmio__socket_open(int family, int type) {
    return prepared(socket(family, type, 0));
}

int cmio__socket_pair(int family, int type, int fds[2]) {
    int made[2];
    if (socketpair(family, type, 0, made) < 0)
        return -errno;
    const int first = prepared(made[0]);
    const int second = prepared(made[1]);
    if (first >= 0 && second >= 0) {
        fds[0] = first;
        fds[1] = second;
        return 0;
    }
    if (first >= 0)
        (void)cmio__fd_close(first); /* what could not be prepared is closed already */
    if (second >= 0)
        (void)cmio__fd_close(second);
    return first < 0 ? first : second;
}

/* macOS sets no option of a socket that was reset meanwhile: EINVAL. */
int cmio__socket_accept(int fd, struct sockaddr *peer, socklen_t *length) {
    const int state = cmio__cancel_disable(); /* else what was accepted may be lost */
    const int accepted = accept(fd, peer, length);
    int result = accepted < 0 ? -errno : prepared(accepted);
    if (accepted >= 0 && result == -EINVAL)
        result = -ECONNABORTED;
    cmio__cancel_restore(state);
    return result;
}
