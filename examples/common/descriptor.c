/* SPDX-License-Identifier: MIT */
#include "common/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef PIPE_BUF
#define PIPE_BUF _POSIX_PIPE_BUF
#endif

/* Opens a new open file for the target of fd. Linux has a path for it; other systems fail here. */
static int open_once_more(int fd) {
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

void descriptor_borrow(struct descriptor *descriptor, int fd) {
    struct stat status;
    *descriptor = (struct descriptor){.fd = fd};
    if (fstat(fd, &status) < 0)
        return;
    descriptor->is_socket = S_ISSOCK(status.st_mode);
    if (!S_ISFIFO(status.st_mode) && !isatty(fd))
        return;
    int own = open_once_more(fd);
    descriptor->is_ours = own >= 0;
    descriptor->may_wait = own < 0;
    if (own >= 0)
        descriptor->fd = own;
}

void descriptor_own(struct descriptor *descriptor, int fd) {
    *descriptor = (struct descriptor){.fd = fd, .is_ours = true};
}

static bool has_room(int fd) {
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    return poll(&wait, 1, 0) == 1;
}

ssize_t descriptor_write(const struct descriptor *descriptor, const void *bytes, size_t length) {
    ssize_t n;
    if (descriptor->may_wait && !has_room(descriptor->fd))
        return -EAGAIN;
    if (descriptor->may_wait && length > PIPE_BUF)
        length = PIPE_BUF;
    do {
        n = descriptor->is_socket ? send(descriptor->fd, bytes, length, MSG_DONTWAIT)
                                  : write(descriptor->fd, bytes, length);
    } while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    return errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

void descriptor_close(struct descriptor *descriptor) {
    if (descriptor->is_ours)
        (void)close(descriptor->fd); /* closes even if it fails */
    *descriptor = (struct descriptor){.fd = -1};
}
