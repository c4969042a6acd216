/* SPDX-License-Identifier: MIT */
#ifndef CMIO_FD_SOURCE_H
#define CMIO_FD_SOURCE_H

/**
 * @file
 * Descriptors that another part of the program owns, as sources.
 */

#include <stddef.h>
#include <sys/types.h>

#include <cmio/export.h>
#include <cmio/interest.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

/**
 * A source for any descriptor that the system can watch and that the program owns.
 *
 * Examples are a terminal, a device, an inotify or DRM descriptor, or the socket of another
 * library. cmio neither owns the descriptor nor changes its flags. With edge-triggered interest it
 * should be non-blocking.
 *
 * Regular files and directories are always ready and cannot be registered (-EPERM). Some files that
 * Linux makes up are exceptions. /proc/self/mountinfo is always readable, and a change of the
 * mounts makes an event with CMIO_ERROR, and with CMIO_PRIORITY if that was asked for. Read the
 * file from its beginning then.
 *
 * The caller allocates the struct. In zeroed memory it is a closed source, which may be closed
 * again. It may be moved if only one copy of it is used afterwards.
 *
 * **Threads**: one thread at a time uses it.
 */
struct cmio_fd_source {
    struct cmio_source source; /**< What to register. Its members are internal. */
};

/**
 * Makes a source of a descriptor.
 *
 * The source is not registered. This call does not look at the descriptor: registering a bad one
 * fails with -EBADF.
 *
 * @param source  Receives the source. The caller owns it. It must not be registered. Close it with
 *                cmio_fd_source_close().
 * @param fd      The descriptor. Borrowed. It must stay open until cmio_fd_source_close().
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: source is NULL.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_fd_source_init(struct cmio_fd_source *source, int fd);

/**
 * Deregisters a source and forgets its descriptor, which stays open.
 *
 * The source is closed whatever this call returns.
 *
 * @param source  The source. NULL is allowed, and so is a zeroed or closed source, for which the
 *                call does nothing.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the source is closed nevertheless:
 * - -EBADF: the source was registered, and its descriptor was closed before.
 * - Other errors of epoll_ctl(2) or kevent(2).
 *
 * **Threads**: the thread that the source belongs to, also while another one waits on the poll.
 */
CMIO_API int cmio_fd_source_close(struct cmio_fd_source *source);

/**
 * Returns the descriptor of a source.
 *
 * @param source  The source. Borrowed.
 *
 * **Returns** the descriptor. It belongs to whoever made it.
 *
 * **Errors**:
 * - -EINVAL: source is NULL.
 * - -EBADF: the source is closed.
 *
 * **Threads**: the thread that the source belongs to.
 */
CMIO_API int cmio_fd_source_fd(const struct cmio_fd_source *source);

/**
 * Takes note of one non-blocking system call on the descriptor, so that every backend makes the
 * next edge.
 *
 * Wrap each call that reads from or writes to the descriptor, and call nothing in between that
 * changes errno:
 *
 * @code{.c}
 * ssize_t n = cmio_fd_source_note_io(&tty, CMIO_READABLE, read(fd, buffer, size), size);
 * @endcode
 *
 * After an event, repeat the call until it returns -EAGAIN. Do not take a short read for the end
 * unless you know that it is. A terminal returns one line per read, inotify(7) returns whole
 * records, and the reads of sockets may stop early, too. See cmio_tcp_stream_read() and
 * cmio_unix_stream_read().
 *
 * A result of 0 need not be an end. From accept(2) it is the descriptor 0, and on a datagram socket
 * it is an empty datagram. In both cases something was taken, and what comes next makes an event.
 * On a SOCK_SEQPACKET socket, 0 is the end or an empty message, and the next message makes an event
 * as well.
 *
 * @param source     The source. Borrowed.
 * @param direction  CMIO_READABLE for a call that takes something (read, recv, accept), or
 *                   CMIO_WRITABLE for a call that puts something.
 * @param result     What the system call returned: a count, a descriptor or -1.
 * @param wanted     The length in bytes that the system call was asked for. For a call that takes a
 *                   whole thing instead of bytes, such as accept(2), any number will do, for
 *                   example 0.
 *
 * **Returns** result if it is 0 or more.
 *
 * **Errors**:
 * - -EINVAL: source is NULL or closed, direction is another value, or result is less than -1.
 * - -EIO: result is -1, but errno is 0.
 * - Any error of the system call, if result is -1: -errno.
 *
 * **Threads**: the thread that the source belongs to, also while another one waits on the poll.
 */
CMIO_API ssize_t cmio_fd_source_note_io(struct cmio_fd_source *source, cmio_interest direction,
                                        ssize_t result, size_t wanted);

CMIO_END_DECLS

#endif
