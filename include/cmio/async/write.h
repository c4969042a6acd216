/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_WRITE_H
#define CMIO_ASYNC_WRITE_H

#include <stddef.h>

#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

struct iovec; /* <sys/uio.h> */

/*
 * Writing to TCP and Unix streams, pipe senders and fd sources that are bound to an executor. The
 * futures' own errors, besides those of the source's write call: -EBUSY when another future waits to
 * write to the source, -EBADF for a binding that was closed before, -ECANCELED when it is closed
 * meanwhile. Writing to a pipe or an fd source raises SIGPIPE as write(2) does: ignore that signal.
 */

/* Writes all of a buffer. Its members are private, but for done. */
struct cmio_write_all_future {
    struct cmio_future future;
    struct cmio__io_wait wait;
    const char *buffer;
    size_t length;
    /* The bytes that the system took so far: also after an error, and after it was dropped. */
    size_t done;
};

/*
 * A future that is ready once all of the buffer, which must stay until then, was written. Its result
 * is length, or an error. In every case, and when it is dropped, `done` says how many bytes the system
 * took: they are on their way and cannot be called back, and a future for the rest goes on where this
 * one stopped. A length of 0 is ready without a call. Errors of init: -EINVAL for a null argument (a
 * null buffer is allowed with a length of 0), or a binding of something that cannot be written to.
 */
CMIO_API int cmio_write_all_future_init(struct cmio_write_all_future *write, struct cmio_io *io,
                                        const void *buffer, size_t length);

/* Writes all of several buffers. Its members are private, but for done. */
struct cmio_writev_all_future {
    struct cmio_future future;
    struct cmio__io_wait wait;
    struct iovec *buffers;
    int count;
    /* The bytes that the system took so far: also after an error, and after it was dropped. */
    size_t done;
};

/*
 * A future that is ready once all of count buffers were written, in turn; each system call takes as
 * many of them as it can. Its result is the sum of their lengths, or an error; `done` is as for one
 * buffer (cmio_write_all_future_init()). The array must stay until the end and is changed on the way: what was
 * written is taken off, so that it always says what is left, also when the future is dropped. Errors
 * of init: -EINVAL for a null argument (a null array is allowed for no buffers), a negative count, or
 * a binding of something that cannot be written to.
 */
CMIO_API int cmio_writev_all_future_init(struct cmio_writev_all_future *write, struct cmio_io *io,
                                         struct iovec *buffers, int count);

/* Says to the peer that no more comes. Its members are private. */
struct cmio_shutdown_future {
    struct cmio_future future;
    struct cmio__io_wait wait;
};

/*
 * A future that ends the writing half of a TCP or Unix stream: shutdown(2). It never waits: what the
 * system took before is still sent. Its result is 0 or what shutdown(2) says, -ENOTCONN where the
 * connection is gone. Dropped before its first poll, it does nothing. Errors of init: -EINVAL for a
 * null argument or a binding of something else.
 */
CMIO_API int cmio_shutdown_future_init(struct cmio_shutdown_future *shutdown, struct cmio_io *io);

CMIO_END_DECLS

#endif
