/* SPDX-License-Identifier: MIT */
/* Sends files to sockets by Linux's sendfile(2), which returns what was sent. */
#include "posix/socket.h"

#include <errno.h>
#include <sys/sendfile.h>

/*
 * EINVAL: the kernel cannot map the file, but may be able to read it. EOVERFLOW: the offset is
 * beyond the maximum of this file system, where a read finds the end.
 */
static ssize_t send_piece(int fd, int file, off_t offset, size_t length) {
    const ssize_t count = sendfile(fd, file, &offset, length);
    if (count < 0)
        return errno == EINVAL || errno == ENOSYS || errno == EOVERFLOW ? -ENOTSUP : -errno;
    return count;
}

ssize_t cmio__socket_send_file(int fd, int file, off_t offset, size_t length) {
    return cmio__socket_send_pieces(send_piece, fd, file, offset, length);
}
