/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_DESCRIPTOR_H
#define CMIO_POSIX_DESCRIPTOR_H

/*
 * Descriptors of any kind. As everywhere in src/posix, errno becomes -errno here and nowhere above.
 */

#include <stddef.h>
#include <sys/types.h>

struct iovec;

/* The error that the last failed system call left, as a negative errno, never 0. */
int cmio__last_error(void);

/*
 * close(2). EINTR is success: on every system we know the descriptor is gone. Not a cancellation
 * point.
 */
int cmio__fd_close(int fd);

/*
 * fcntl(2) with a number or nothing: its result or -errno. Not a cancellation point, which it is for
 * every command on NetBSD and macOS.
 */
int cmio__fd_control(int fd, int command, int argument);

/* Sets O_NONBLOCK and FD_CLOEXEC. */
int cmio__fd_prepare(int fd);

/* 0 for an open descriptor, otherwise -EBADF; so for one that only names a file (O_PATH). */
int cmio__fd_check_open(int fd);

/*
 * The same, and -EPERM for what the system cannot watch: a regular file or a directory, which is
 * always ready. Returns 1 for a regular file that the system can watch all the same: see
 * posix/watchable.h, also for further errors.
 */
int cmio__fd_check_watchable(int fd);

/*
 * Makes an adopted descriptor like one of ours. access is O_RDONLY or O_WRONLY: -EINVAL when it was
 * not opened for that. -EBADF as above; -EPERM for every regular file or directory.
 */
int cmio__fd_adopt(int fd, int access);

/*
 * Makes a pipe, both ends non-blocking and close-on-exec: see fresh.c. fds[0] is read, fds[1]
 * written; both are untouched on failure.
 */
int cmio__pipe_open(int fds[2]);

/* read(2), write(2) and their vectored kin: a count or -errno. */
ssize_t cmio__fd_read(int fd, void *buffer, size_t length);
ssize_t cmio__fd_write(int fd, const void *buffer, size_t length);
ssize_t cmio__fd_readv(int fd, const struct iovec *buffers, int count);
ssize_t cmio__fd_writev(int fd, const struct iovec *buffers, int count);

#endif
