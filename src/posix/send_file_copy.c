/* SPDX-License-Identifier: MIT */
/*
 * Sends files to sockets: piece by piece with a system's own call, and through a buffer for files
 * and systems without such a call. A short piece proves nothing: files that the kernel generates
 * (proc(5)) supply a page at a time. So both continue until the file has no more bytes or the
 * socket takes no more.
 */
#include "posix/socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

enum { BUFFER_SIZE = 16384 };

/* No system sends more in one call. */
static const size_t longest_piece = INT32_MAX;

static size_t at_most(size_t length, size_t limit) {
    return length < limit ? length : limit;
}

/* Sends one bufferful. Returns the count, 0 at the end of the file. Sets *full if the socket is. */
static ssize_t copy_piece(int fd, int file, off_t offset, size_t length, bool *full) {
    char buffer[BUFFER_SIZE];
    const ssize_t count = pread(file, buffer, at_most(length, sizeof buffer), offset);
    if (count < 0)
        return -errno;
    const ssize_t sent = count == 0 ? 0 : cmio__socket_send(fd, buffer, (size_t)count);
    *full = sent < count;
    return sent;
}

/* Whether to try the piece again: a signal came after something had been sent. */
static bool was_interrupted(ssize_t count, size_t sent) {
    return count == -EINTR && sent > 0;
}

/* Reads even if length is 0, to find out whether the file can be read. */
ssize_t cmio__socket_copy_file(int fd, int file, off_t offset, size_t length) {
    size_t sent = 0;
    ssize_t count;
    bool full = false;
    do {
        count = copy_piece(fd, file, offset + (off_t)sent, length - sent, &full);
        sent += count > 0 ? (size_t)count : 0;
    } while (sent < length && ((count > 0 && !full) || was_interrupted(count, sent)));
    return sent > 0 ? (ssize_t)sent : count;
}

ssize_t cmio__socket_send_pieces(cmio__send_piece *send_piece, int fd, int file, off_t offset,
                                 size_t length) {
    size_t sent = 0;
    ssize_t count = length == 0 ? -ENOTSUP : 1;
    while (sent < length && (count > 0 || was_interrupted(count, sent))) {
        count = send_piece(fd, file, offset + (off_t)sent, at_most(length - sent, longest_piece));
        sent += count > 0 ? (size_t)count : 0;
    }
    if (count == -ENOTSUP) {
        count = cmio__socket_copy_file(fd, file, offset + (off_t)sent, length - sent);
        sent += count > 0 ? (size_t)count : 0;
    }
    return sent > 0 ? (ssize_t)sent : count;
}
