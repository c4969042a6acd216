/* SPDX-License-Identifier: MIT */
/*
 * For systems without eventfd(2). Each signal is a byte. A full pipe is drained and written again,
 * so that each signal is an edge.
 */
#include "posix/wake_fd.h"

#include <errno.h>

#include "posix/cancel.h"
#include "posix/descriptor.h"

int cmio__wake_fd_open(struct cmio__wake_fd *out) {
    int fds[2];
    int error = cmio__pipe_open(fds);
    if (error == 0)
        *out = (struct cmio__wake_fd){.read_fd = fds[0], .write_fd = fds[1]};
    return error;
}

void cmio__wake_fd_close(struct cmio__wake_fd *wake) {
    (void)cmio__fd_close(wake->read_fd); /* a pipe of wakes has nothing to lose */
    (void)cmio__fd_close(wake->write_fd);
}

int cmio__wake_fd_signal(const struct cmio__wake_fd *wake) {
    const int kept = errno;
    const int state = cmio__cancel_disable();
    ssize_t written;
    while ((written = cmio__fd_write(wake->write_fd, "", 1)) == -EAGAIN)
        cmio__wake_fd_drain(wake);
    cmio__cancel_restore(state);
    errno = kept;
    return written < 0 ? (int)written : 0;
}

void cmio__wake_fd_drain(const struct cmio__wake_fd *wake) {
    const int state = cmio__cancel_disable();
    char bytes[4096];
    while (cmio__fd_read(wake->read_fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes)
        continue; /* a short read has emptied it */
    cmio__cancel_restore(state);
}
