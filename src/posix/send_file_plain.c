/* SPDX-License-Identifier: MIT */
/* Files to sockets where there is no sendfile(2) that cmio knows. */
#include "posix/socket.h"

ssize_t cmio__socket_send_file(int fd, int file, off_t offset, size_t length) {
    return cmio__socket_copy_file(fd, file, offset, length);
}
