/* SPDX-License-Identifier: MIT */
/* Sends files to sockets on systems without a sendfile(2) that cmio knows. */
#include "posix/socket.h"

ssize_t cmio__socket_send_file(int fd, int file, off_t offset, size_t length) {
    return cmio__socket_copy_file(fd, file, offset, length);
}
