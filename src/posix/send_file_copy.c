/* SPDX-License-Identifier: MIT */
/* Files to sockets by way of a buffer: for files, and systems, that sendfile(2) is not for. */
#include "posix/socket.h"

#include <errno.h>
#include <unistd.h>

enum { BUFFER_SIZE = 16384 };

ssize_t cmio__socket_copy_file(int fd, int file, off_t offset, size_t length) {
    char buffer[BUFFER_SIZE];
    ssize_t count = pread(file, buffer, length < sizeof buffer ? length : sizeof buffer, offset);
    if (count < 0)
        return -errno;
    return count == 0 ? 0 : cmio__socket_send(fd, buffer, (size_t)count);
}
