/* SPDX-License-Identifier: MIT */
/* New sockets where flags and SIGPIPE are set one call after the other, as on macOS. */
#include "posix/socket.h"

#include <errno.h>

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

int cmio__socket_accept(int fd, struct sockaddr *peer, socklen_t *length) {
    return prepared(accept(fd, peer, length));
}
