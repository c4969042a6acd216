/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_WAKE_FD_H
#define CMIO_POSIX_WAKE_FD_H

/*
 * A descriptor that becomes readable when another thread or a signal handler says so: an eventfd(2)
 * where there is one (wake_eventfd.c), otherwise a pipe.
 */

struct cmio__wake_fd {
    int read_fd;
    int write_fd; /* the same as read_fd for an eventfd */
};

int cmio__wake_fd_open(struct cmio__wake_fd *out);
void cmio__wake_fd_close(struct cmio__wake_fd *wake);

/*
 * Makes it readable, a new edge each time. Async-signal-safe; keeps errno; no cancellation point.
 */
int cmio__wake_fd_signal(const struct cmio__wake_fd *wake);

/* Makes it unreadable: for waits that have no edges. No cancellation point. */
void cmio__wake_fd_drain(const struct cmio__wake_fd *wake);

#endif
