/* SPDX-License-Identifier: MIT */
/* Files to sockets by way of a buffer: for files, and systems, that sendfile(2) is not for. */
#include "posix/socket.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

enum { BUFFER_SIZE = 16384 };

/* One buffer's worth: what was sent; *ends is set when more would not follow at once. */
static ssize_t copy_piece(int fd, int file, off_t offset, size_t length, bool *ends) {
    char buffer[BUFFER_SIZE];
    const size_t wanted = length < sizeof buffer ? length : sizeof buffer;
    const ssize_t count = pread(file, buffer, wanted, offset);
    if (count < 0)
        return -errno;
    const ssize_t sent = count == 0 ? 0 : cmio__socket_send(fd, buffer, (size_t)count);
    *ends = sent < (ssize_t)wanted;
    return sent;
}

/* Goes on until all is sent, the file ends or the socket is full: less says one of these. */
ssize_t cmio__socket_copy_file(int fd, int file, off_t offset, size_t length) {
    size_t sent = 0;
    bool ends = false;
    while (sent < length && !ends) {
        const ssize_t count = copy_piece(fd, file, offset + (off_t)sent, length - sent, &ends);
        if (count < 0 && sent == 0)
            return count;
        if (count < 0)
            break; /* the next call says it again */
        sent += (size_t)count;
    }
    return (ssize_t)sent;
}
