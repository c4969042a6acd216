/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_DESCRIPTOR_H
#define CMIO_POSIX_DESCRIPTOR_H

/*
 * Descriptors of any kind. As everywhere in src/posix, errno becomes -errno here, and nowhere
 * above.
 */

#include <stddef.h>
#include <sys/types.h>

struct iovec;

/* The error of the last failed system call, as a negative errno, never 0. */
int cmio__last_error(void);

/*
 * close(2). EINTR is success: on every system we know the descriptor is gone. Not a cancellation
 * point.
 */
int cmio__fd_close(int fd);

/*
 * fcntl(2) with a number or no argument. Returns its result or -errno. Not a cancellation point,
 * although every command of fcntl(2) is one on NetBSD and macOS.
 */
int cmio__fd_control(int fd, int command, int argument);

/* Sets O_NONBLOCK and FD_CLOEXEC. */
int cmio__fd_prepare(int fd);

/* 0 for an open descriptor. -EBADF otherwise, and if it only names a file (O_PATH). */
int cmio__fd_check_open(int fd);

/*
 * cmio__fd_check_open(), but -EPERM if the system cannot watch the descriptor: a regular file or a
 * directory, which is always ready. Returns 1 for a regular file that the system can watch. See
 * posix/watchable.h for this case and for further errors.
 */
int cmio__fd_check_watchable(int fd);

/*
 * Makes an adopted descriptor like one of ours. access is O_RDONLY or O_WRONLY. Returns -EINVAL if
 * the descriptor was not opened for that, -EBADF if it is not open for I/O, and -EPERM for every
 * regular file or directory.
 */
int cmio__fd_adopt(int fd, int access);

/*
 * Makes a pipe whose ends are both non-blocking and close-on-exec: see fresh.c. fds[0] is the read
 * end, fds[1] the write end. Both are untouched on failure.
 */
int cmio__pipe_open(int fds[2]);

/* read(2), write(2) and their vectored variants. Return a count or -errno. */
ssize_t cmio__fd_read(int fd, void *buffer, size_t length);
ssize_t cmio__fd_write(int fd, const void *buffer, size_t length);
ssize_t cmio__fd_readv(int fd, const struct iovec *buffers, int count);
ssize_t cmio__fd_writev(int fd, const struct iovec *buffers, int count);

#endif
