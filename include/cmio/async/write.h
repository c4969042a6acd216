/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_WRITE_H
#define CMIO_ASYNC_WRITE_H

/**
 * @file
 * Futures that write to TCP and Unix streams, pipe senders and fd sources that are bound to an
 * executor.
 */

#include <stddef.h>

#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

struct iovec; /* <sys/uio.h> */

/**
 * A future that writes all of a buffer. cmio_write_all_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_write_all_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members before `done`. */
    struct cmio__io_wait wait;
    const char *buffer;
    size_t length;
    /**
     * The number of bytes that the system took so far. It is right also after an error and after a
     * drop.
     */
    size_t done;
};

/**
 * Makes a future that writes all of a buffer.
 *
 * However the future ends, its member `done` tells how many bytes the system took. They are on
 * their way and cannot be called back. Another future can write the rest.
 *
 * A write to a pipe or to an fd source that nobody can read raises SIGPIPE, as write(2) does.
 * Ignore that signal. A write to a stream raises no signal.
 *
 * @param write   The future to initialise. It stays the caller's.
 * @param io      The binding of a TCP or Unix stream, a pipe sender or an fd source. Borrowed until
 *                the future has ended or io is closed.
 * @param buffer  The bytes. They must stay unchanged until the future has ended. NULL is allowed if
 *                length is 0.
 * @param length  The number of bytes to write. With 0, the future is ready without a system call.
 *
 * **Returns** 0.
 *
 * **Result** of the future: length.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: write or io is NULL, buffer is NULL and length is not 0, or io is not a binding of a
 *   source that can be written to.
 * - -EBUSY: another future waits to write to the source.
 * - -EBADF: io was closed before this call.
 * - -ECANCELED: io is closed after this call and before the future is ready.
 * - -EPIPE: nobody can read what is written any more, or writing was shut down.
 * - -ECONNRESET: the peer has reset the connection.
 * - Other errors of the write function of the source: cmio_tcp_stream_write(),
 *   cmio_unix_stream_write(), cmio_pipe_sender_write(), write(2).
 *
 * **Cancellation**: after a drop of the pending future, `done` bytes were written, and no others
 * will be.
 *
 * **Threads**: any thread, but not while another one closes io. The future belongs to one task at a
 * time.
 *
 * **Source**: send(2), write(2).
 */
CMIO_API int cmio_write_all_future_init(struct cmio_write_all_future *write, struct cmio_io *io,
                                        const void *buffer, size_t length);

/**
 * A future that writes all of several buffers. cmio_writev_all_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_writev_all_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members before `done`. */
    struct cmio__io_wait wait;
    struct iovec *buffers;
    int count;
    /**
     * The number of bytes that the system took so far. It is right also after an error and after a
     * drop.
     */
    size_t done;
};

/**
 * Makes a future that writes all of several buffers, in turn.
 *
 * Each system call takes as many buffers as it can. However the future ends, its member `done`
 * tells how many bytes the system took. They are on their way and cannot be called back. What was
 * written is taken off the array, so the array always holds what is left, and another future can
 * write the rest.
 *
 * A write to a pipe or to an fd source that nobody can read raises SIGPIPE, as writev(2) does.
 * Ignore that signal. A write to a stream raises no signal.
 *
 * @param write    The future to initialise. It stays the caller's.
 * @param io       The binding of a TCP or Unix stream, a pipe sender or an fd source. Borrowed
 *                 until the future has ended or io is closed.
 * @param buffers  The array of buffers. It must stay in place until the future has ended, which
 *                 changes it. The bytes must stay unchanged until then. NULL is allowed if count is
 *                 0.
 * @param count    The number of buffers, which may be more than IOV_MAX. With 0, or if all buffers
 *                 are empty, the future is ready without a system call.
 *
 * **Returns** 0.
 *
 * **Result** of the future: the sum of the lengths of the buffers.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: write or io is NULL, buffers is NULL and count is not 0, count is negative, or io is
 *   not a binding of a source that can be written to.
 * - -EBUSY: another future waits to write to the source.
 * - -EBADF: io was closed before this call.
 * - -ECANCELED: io is closed after this call and before the future is ready.
 * - -EPIPE: nobody can read what is written any more, or writing was shut down.
 * - -ECONNRESET: the peer has reset the connection.
 * - Other errors of the write function of the source: cmio_tcp_stream_writev(),
 *   cmio_unix_stream_writev(), cmio_pipe_sender_writev(), writev(2).
 *
 * **Cancellation**: after a drop of the pending future, `done` bytes were written, and no others
 * will be. The array holds what is left.
 *
 * **Threads**: any thread, but not while another one closes io. The future belongs to one task at a
 * time.
 *
 * **Source**: sendmsg(2), writev(2).
 */
CMIO_API int cmio_writev_all_future_init(struct cmio_writev_all_future *write, struct cmio_io *io,
                                         struct iovec *buffers, int count);

/**
 * A future that ends the writing half of a stream. cmio_shutdown_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_shutdown_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal. */
    struct cmio__io_wait wait;
};

/**
 * Makes a future that ends the writing half of a TCP or Unix stream.
 *
 * The peer reads the end of the stream after all bytes that the system took before. The future
 * never waits for that. Reading goes on.
 *
 * @param shutdown  The future to initialise. It stays the caller's.
 * @param io        The binding of a TCP or Unix stream. Borrowed until the future has ended or io
 *                  is closed.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once the writing half is shut down.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: shutdown or io is NULL, or io is not a binding of a TCP or Unix stream.
 * - -EBADF: io was closed before this call.
 * - -ECANCELED: io is closed after this call and before the future is ready.
 * - -ENOTCONN: the connection is gone.
 * - Other errors of shutdown(2).
 *
 * **Cancellation**: a future that is dropped while it is pending does nothing.
 *
 * **Threads**: any thread, but not while another one closes io. The future belongs to one task at a
 * time.
 *
 * **Source**: shutdown(2).
 */
CMIO_API int cmio_shutdown_future_init(struct cmio_shutdown_future *shutdown, struct cmio_io *io);

CMIO_END_DECLS

#endif
