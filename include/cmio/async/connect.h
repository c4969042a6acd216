/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_CONNECT_H
#define CMIO_ASYNC_CONNECT_H

/**
 * @file
 * Futures that connect TCP and Unix streams and bind them to the executor.
 */

#include <stdbool.h>

#include <cmio/address.h>
#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/export.h>
#include <cmio/tcp_stream.h>
#include <cmio/unix_stream.h>

CMIO_BEGIN_DECLS

struct cmio__connect_ops;

/**
 * A future that connects a stream. cmio_connect_tcp_future_init() or
 * cmio_connect_unix_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_connect_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio__io_wait wait;
    const struct cmio__connect_ops *connect_ops;
    struct cmio_io *io;
    void *stream;
    bool has_begun;
    struct cmio_address address;
};

/**
 * Makes a future that connects a TCP stream and binds it to the executor of the task.
 *
 * Nothing is opened before the first poll. This call zeroes io and stream, so both may be closed
 * whatever happens.
 *
 * @param connect  The future to initialise. It stays the caller's.
 * @param io       Where the binding is stored. It must stay in place, and be left alone, until the
 *                 future has ended. On success the caller closes it with cmio_io_close(), before
 *                 stream.
 * @param stream   Where the stream is stored. It must not be open. It must stay in place, and be
 *                 left alone, until the future has ended. On success it is open, and the caller
 *                 closes it.
 * @param address  The IP address to connect to, with its port. It is copied.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once stream is connected and io is its binding.
 *
 * **Errors** of this call (-EINVAL and -EAFNOSUPPORT, after which io and stream are untouched) and
 * of the future (all others, after which io and stream are closed):
 * - -EINVAL: connect, io, stream or address is NULL.
 * - -EAFNOSUPPORT: address is not an IP address. The future ends with it if the system does not
 *   have the family.
 * - -ECONNREFUSED: nobody listens at the address.
 * - -ETIMEDOUT: the peer did not answer.
 * - -EHOSTUNREACH, -ENETUNREACH: there is no way to the peer.
 * - -EMFILE, -ENFILE: the process or the system has no descriptor left.
 * - -ENOMEM: memory is short.
 * - -ESHUTDOWN: the executor is being shut down.
 * - -ECANCELED: io was closed before the future was ready.
 * - Other errors of cmio_tcp_stream_connect(), cmio_tcp_stream_finish_connect() and
 *   cmio_io_bind_tcp_stream().
 *
 * **Cancellation**: dropping the pending future closes the stream, even if it is connected already.
 * Nothing is open afterwards. A future that was ready has connected its stream: look at its result
 * before you forget it, because stream is open then.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 *
 * **Source**: connect(2), tcp(7).
 */
CMIO_API int cmio_connect_tcp_future_init(struct cmio_connect_future *connect, struct cmio_io *io,
                                          struct cmio_tcp_stream *stream,
                                          const struct cmio_address *address);

/**
 * Makes a future that connects a Unix stream and binds it to the executor of the task.
 *
 * Nothing is opened before the first poll. This call zeroes io and stream, so both may be closed
 * whatever happens.
 *
 * @param connect  The future to initialise. It stays the caller's.
 * @param io       Where the binding is stored. It must stay in place, and be left alone, until the
 *                 future has ended. On success the caller closes it with cmio_io_close(), before
 *                 stream.
 * @param stream   Where the stream is stored. It must not be open. It must stay in place, and be
 *                 left alone, until the future has ended. On success it is open, and the caller
 *                 closes it.
 * @param address  The path or abstract name to connect to. It is copied.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once stream is connected and io is its binding.
 *
 * **Errors** of this call (-EINVAL and -EAFNOSUPPORT, after which io and stream are untouched) and
 * of the future (all others, after which io and stream are closed):
 * - -EINVAL: connect, io, stream or address is NULL.
 * - -EAFNOSUPPORT: address is not a Unix address.
 * - -ENOENT: there is no such path.
 * - -ECONNREFUSED: nobody listens there. On systems other than Linux also: the queue of the
 *   listener is full.
 * - -EAGAIN: the queue of the listener is full (Linux). No event tells when it has room: try again
 *   after a while.
 * - -EACCES: the process may not write to the socket file, or may not search a directory of the
 *   path.
 * - -EMFILE, -ENFILE: the process or the system has no descriptor left.
 * - -ENOMEM: memory is short.
 * - -ESHUTDOWN: the executor is being shut down.
 * - -ECANCELED: io was closed before the future was ready.
 * - Other errors of cmio_unix_stream_connect(), cmio_unix_stream_finish_connect() and
 *   cmio_io_bind_unix_stream().
 *
 * **Cancellation**: dropping the pending future closes the stream, even if it is connected already.
 * Nothing is open afterwards. A future that was ready has connected its stream: look at its result
 * before you forget it, because stream is open then.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 *
 * **Source**: connect(2), unix(7).
 */
CMIO_API int cmio_connect_unix_future_init(struct cmio_connect_future *connect, struct cmio_io *io,
                                           struct cmio_unix_stream *stream,
                                           const struct cmio_address *address);

CMIO_END_DECLS

#endif
