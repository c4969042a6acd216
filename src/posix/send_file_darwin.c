/* SPDX-License-Identifier: MIT */
/*
 * Files to sockets by sendfile(2) of macOS. It takes the socket last, a length of 0 as "all there
 * is", and tells through the length what it sent, also before it would have blocked.
 */
#include "posix/socket.h"

#include <errno.h>
#include <sys/uio.h>

ssize_t cmio__socket_send_file(int fd, int file, off_t offset, size_t length) {
    off_t sent = (off_t)length;
    if (length == 0)
        return 0;
    if (sendfile(file, fd, offset, &sent, NULL, 0) == 0)
        return (ssize_t)sent;
    if (errno == EAGAIN || errno == EINTR)
        return sent > 0 ? (ssize_t)sent : -errno;
    if (errno == EINVAL || errno == ENOTSUP || errno == EOPNOTSUPP)
        return cmio__socket_copy_file(fd, file, offset, length);
    return -errno;
}
