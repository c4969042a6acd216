/* SPDX-License-Identifier: MIT */
/*
 * Sends files to sockets by sendfile(2) of macOS. It takes the socket last, takes a length of 0 as
 * "everything", and returns through the length what it sent, even before it would have blocked.
 */
#include "posix/socket.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/uio.h>

static bool is_refused(int error) {
    return error == EINVAL || error == ENOTSUP || error == EOPNOTSUPP;
}

/* On failure, the length is what was sent only if the call just stopped: EAGAIN, EINTR. */
static ssize_t send_piece(int fd, int file, off_t offset, size_t length) {
    off_t sent = (off_t)length;
    if (sendfile(file, fd, offset, &sent, NULL, 0) == 0)
        return (ssize_t)sent;
    if ((errno == EAGAIN || errno == EINTR) && sent > 0)
        return (ssize_t)sent;
    return is_refused(errno) ? -ENOTSUP : -errno;
}

ssize_t cmio__socket_send_file(int fd, int file, off_t offset, size_t length) {
    return cmio__socket_send_pieces(send_piece, fd, file, offset, length);
}
