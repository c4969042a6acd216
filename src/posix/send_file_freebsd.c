/* SPDX-License-Identifier: MIT */
/*
 * Sends files to sockets by sendfile(2) of FreeBSD and DragonFly. It takes the socket last, takes a
 * length of 0 as "everything", and reports what it sent before it would have blocked.
 */
#include "posix/socket.h"

#include <errno.h>
#include <sys/uio.h>

/* An error that came after some bytes recurs with the next piece. */
static ssize_t send_piece(int fd, int file, off_t offset, size_t length) {
    off_t sent = 0;
    if (sendfile(file, fd, offset, length, NULL, &sent, 0) == 0 || sent > 0)
        return (ssize_t)sent;
    return errno == EINVAL || errno == EOPNOTSUPP ? -ENOTSUP : -errno;
}

ssize_t cmio__socket_send_file(int fd, int file, off_t offset, size_t length) {
    return cmio__socket_send_pieces(send_piece, fd, file, offset, length);
}
