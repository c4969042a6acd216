/* SPDX-License-Identifier: MIT */
#ifndef COMMON_DESCRIPTOR_H
#define COMMON_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * A descriptor to write to without ever waiting: standard output, standard error, a log.
 *
 * Other processes may share the open file behind it, and O_NONBLOCK would change it for all of
 * them. So a pipe or a terminal is opened once more if the system allows it, which gives an open
 * file of our own. A write to a socket uses a flag. If neither is possible, poll(2) comes before
 * each write, and at most PIPE_BUF bytes are written. Such a write waits only if another process
 * fills the pipe in between. A write to a regular file waits for no other process.
 */
struct descriptor {
    int fd; /* -1: not open */
    bool is_ours;
    bool is_socket;
    bool may_wait;
};

/* Borrows fd, which must stay open. */
void descriptor_borrow(struct descriptor *descriptor, int fd);

/* Takes over a descriptor that was opened with O_NONBLOCK. */
void descriptor_own(struct descriptor *descriptor, int fd);

/* Writes what fits. Returns a count or a negative errno: -EAGAIN if there is no room. */
ssize_t descriptor_write(const struct descriptor *descriptor, const void *bytes, size_t length);

/* Closes the descriptor that descriptor_borrow() opened or descriptor_own() took over. */
void descriptor_close(struct descriptor *descriptor);

#endif
