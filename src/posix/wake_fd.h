/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_WAKE_FD_H
#define CMIO_POSIX_WAKE_FD_H

/*
 * A descriptor that another thread or a signal handler makes readable: an eventfd(2) if the system
 * has it (wake_eventfd.c), otherwise a pipe.
 */

struct cmio__wake_fd {
    int read_fd;
    int write_fd; /* the same as read_fd for an eventfd */
};

int cmio__wake_fd_open(struct cmio__wake_fd *out);
void cmio__wake_fd_close(struct cmio__wake_fd *wake);

/*
 * Makes it readable, with a new edge each time. Async-signal-safe; preserves errno; not a
 * cancellation point.
 */
int cmio__wake_fd_signal(const struct cmio__wake_fd *wake);

/* Makes it unreadable, for waits that have no edges. Not a cancellation point. */
void cmio__wake_fd_drain(const struct cmio__wake_fd *wake);

#endif
