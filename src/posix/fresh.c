/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that are new to the process: made, accepted or received. If the system can, the call
 * itself sets the flags. features.h says so for each call, because systems have some and lack
 * others. Otherwise fcntl(2) sets them right afterwards, and a fork in another thread may come
 * between.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "posix/cancel.h"
#include "posix/descriptor.h"
#include "posix/features.h"
#include "posix/rights.h"
#include "posix/socket.h"

static int prepare(int fd, bool is_socket) {
    const int error = cmio__fd_prepare(fd);
    return error < 0 || !is_socket ? error : cmio__socket_no_sigpipe(fd);
}

/* Gives out a pair that was made with the flags, or prepares it first. Closes it on failure. */
static int keep_pair(const int made[2], int flags, bool is_socket, int fds[2]) {
    int error = 0;
    for (int i = 0; i < 2 && flags == 0 && error == 0; i++)
        error = prepare(made[i], is_socket);
    for (int i = 0; i < 2; i++)
        if (error == 0)
            fds[i] = made[i];
        else
            (void)cmio__fd_close(made[i]); /* the first error is returned */
    return error;
}

/* keep_pair() for one socket, or the error of the call that failed to make it. */
static int keep_socket(int fd, int flags) {
    if (fd < 0)
        return cmio__last_error();
    const int error = flags == 0 ? prepare(fd, true) : 0;
    if (error < 0)
        (void)cmio__fd_close(fd); /* the first error is returned */
    return error < 0 ? error : fd;
}

int cmio__pipe_open(int fds[2]) {
    int made[2];
    if (CMIO__PIPE(made) < 0)
        return cmio__last_error();
    return keep_pair(made, CMIO__PIPE_FLAGS, false, fds);
}

int cmio__socket_open(int family, int type) {
    return keep_socket(socket(family, type | CMIO__SOCKET_FLAGS, 0), CMIO__SOCKET_FLAGS);
}

int cmio__socket_pair(int family, int type, int fds[2]) {
    int made[2];
    if (socketpair(family, type | CMIO__SOCKET_FLAGS, 0, made) < 0)
        return cmio__last_error();
    return keep_pair(made, CMIO__SOCKET_FLAGS, true, fds);
}

/* macOS sets no option on a socket that was reset meanwhile: EINVAL. */
int cmio__socket_accept(int fd, struct sockaddr *peer, socklen_t *length) {
    const int state = cmio__cancel_disable(); /* else an accepted socket may be lost */
    const int accepted = CMIO__ACCEPT(fd, peer, length);
    int result = keep_socket(accepted, CMIO__ACCEPT_FLAGS);
    if (accepted >= 0 && result == -EINVAL)
        result = -ECONNABORTED;
    cmio__cancel_restore(state);
    return result;
}

ssize_t cmio__rights_take(int fd, struct msghdr *message) {
    const int state = cmio__cancel_disable(); /* else the descriptors may be lost */
    const ssize_t count = recvmsg(fd, message, CMIO__RIGHTS_FLAGS | CMIO__MSG_DONTWAIT);
    const ssize_t received = count < 0 ? cmio__last_error() : count;
    cmio__cancel_restore(state);
    if (received < 0 || CMIO__RIGHTS_FLAGS != 0)
        return received;
    for (struct cmsghdr *part = NULL; (part = cmio__rights_next(message, part)) != NULL;)
        for (size_t i = 0; i < cmio__rights_count(part); i++)
            (void)cmio__fd_control(cmio__rights_at(part, i), F_SETFD, FD_CLOEXEC); /* it is open */
    return received;
}
