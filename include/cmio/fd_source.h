/* SPDX-License-Identifier: MIT */
#ifndef CMIO_FD_SOURCE_H
#define CMIO_FD_SOURCE_H

#include <stddef.h>
#include <sys/types.h>

#include <cmio/export.h>
#include <cmio/interest.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

/*
 * Any descriptor that the system can watch and that someone else made and keeps: a terminal, a
 * device, an inotify or DRM descriptor, another library's socket. cmio neither owns it nor changes
 * its flags; with edge-triggered interest it should be non-blocking. Regular files and directories
 * are always ready and cannot be registered (-EPERM), with the exception of some files that Linux
 * makes up: /proc/self/mountinfo is always readable, and a change of the mounts makes an event with
 * an error, and with priority where that was asked for. Read it from its beginning then.
 */
struct cmio_fd_source {
    struct cmio_source source;
};

/*
 * Makes a source of the descriptor, which must stay open until cmio_fd_source_close(). This call
 * does not look at the descriptor: registering a bad one gives -EBADF. Errors: -EINVAL for a null
 * source.
 */
CMIO_API int cmio_fd_source_init(struct cmio_fd_source *source, int fd);

/*
 * Deregisters the source if it is registered and forgets the descriptor, which stays open. NULL, a
 * zeroed or closed source is allowed. Returns 0, or -EBADF if the descriptor was closed before.
 */
CMIO_API int cmio_fd_source_close(struct cmio_fd_source *source);

/* The descriptor, or -EBADF after close. -EINVAL for NULL. */
CMIO_API int cmio_fd_source_fd(const struct cmio_fd_source *source);

/*
 * Wraps one raw non-blocking call on the descriptor, so that edges are the same on every backend:
 *
 *     ssize_t n = cmio_fd_source_note_io(&tty, CMIO_READABLE, read(fd, buffer, size), size);
 *
 * direction is CMIO_READABLE for calls that take something (read, recv, accept), and CMIO_WRITABLE
 * for calls that put something. result is what the call returned, and wanted the length in bytes
 * that it was asked for. A call that takes a whole thing instead of bytes, such as accept, has no
 * such length: pass 0, or any other number, which makes no difference there.
 *
 * A result of 0 need not be an end. On a socket that listens it is the descriptor 0, and on a
 * datagram socket an empty datagram: something was taken, and the event of the next one comes. On
 * SOCK_SEQPACKET, where 0 may be either, the event of the next message comes as well.
 *
 * Returns result, or -errno if result is -1: call nothing in between that changes errno. -EINVAL for
 * a null or closed source, another direction or another negative result.
 *
 * After an event, repeat the call until -EAGAIN. Do not take a short read for the end unless you
 * know that it is one: a terminal gives one line per read, inotify(7) whole records, and the reads
 * of sockets may stop early as well (cmio_tcp_stream_read(), cmio_unix_stream_read()).
 */
CMIO_API ssize_t cmio_fd_source_note_io(struct cmio_fd_source *source, cmio_interest direction,
                                        ssize_t result, size_t wanted);

CMIO_END_DECLS

#endif
