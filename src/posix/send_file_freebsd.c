/* SPDX-License-Identifier: MIT */
/*
 * Files to sockets by sendfile(2) of FreeBSD and DragonFly. It takes the socket last, a length of 0
 * as "all there is", and tells what it sent before it would have blocked.
 */
#include "posix/socket.h"

#include <errno.h>
#include <sys/uio.h>

ssize_t cmio__socket_send_file(int fd, int file, off_t offset, size_t length) {
    off_t sent = 0;
    if (length == 0 || sendfile(file, fd, offset, length, NULL, &sent, 0) == 0 || sent > 0)
        return (ssize_t)sent;
    if (errno == EINVAL || errno == EOPNOTSUPP)
        return cmio__socket_copy_file(fd, file, offset, length);
    return -errno;
}
