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
 * them. So a pipe or a terminal is opened once more where the system allows it, which gives an open
 * file of our own. A socket is written to with a flag. Where neither is possible, poll(2) is asked
 * first, and at most PIPE_BUF bytes are written: then a write only waits if another process fills
 * the pipe in between. A write to a regular file does not wait for anyone.
 */
struct descriptor {
    int fd; /* -1: not open */
    bool is_ours;
    bool is_socket;
    bool may_wait;
};

/* Borrows fd, which must stay open. */
void descriptor_borrow(struct descriptor *descriptor, int fd);

/* Takes a descriptor over that was opened with O_NONBLOCK. */
void descriptor_own(struct descriptor *descriptor, int fd);

/* Writes what there is room for: a count, or a negative errno, -EAGAIN if there is no room. */
ssize_t descriptor_write(const struct descriptor *descriptor, const void *bytes, size_t length);

/* Closes what descriptor_borrow() opened, or descriptor_own() took over. */
void descriptor_close(struct descriptor *descriptor);

#endif
