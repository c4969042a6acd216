/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_ACCEPT_H
#define CMIO_ASYNC_ACCEPT_H

/**
 * @file
 * Futures that accept connections of TCP and Unix listeners.
 */

#include <cmio/address.h>
#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/export.h>
#include <cmio/tcp_stream.h>
#include <cmio/unix_stream.h>

CMIO_BEGIN_DECLS

/**
 * A future that accepts a connection. cmio_accept_tcp_future_init() or
 * cmio_accept_unix_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_accept_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio__io_wait wait;
    void *stream;
    struct cmio_address *peer;
};

/**
 * Makes a future that accepts the next connection of a TCP listener.
 *
 * A connection that is gone before it can be accepted is passed over, and the next one is accepted.
 * That is a connection for which accept4(2) fails with -ECONNABORTED or another error of the
 * network.
 *
 * If the process has no descriptor or no memory left, the future ends with that error, and the
 * connection keeps waiting. The next future tries again at once, so a server should close something
 * or sleep for a while first.
 *
 * @param accept  The future to initialise. It stays the caller's.
 * @param io      The binding of the listener. Borrowed until the future has ended or io is closed.
 * @param stream  Where the stream is stored. It must not be open, and must stay in place until the
 *                future has ended. On success it is open: the caller binds it and closes it. An
 *                error leaves it untouched.
 * @param peer    Where the address of the peer is stored, or NULL. It must stay in place until the
 *                future has ended. An error leaves it untouched.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once the connection is in stream.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: accept, io or stream is NULL, or io is not a binding of a TCP listener.
 * - -EMFILE, -ENFILE: the process or the system has no descriptor left.
 * - -ENOBUFS, -ENOMEM: memory is short.
 * - -EBUSY: another future waits for the listener.
 * - -EBADF: io was closed before this call.
 * - -ECANCELED: io is closed after this call and before the future is ready.
 * - Other errors of accept4(2).
 *
 * **Cancellation**: dropping the pending future loses nothing. The connection waits for the next
 * future. A future that was ready has accepted its connection: look at its result before you forget
 * it, because stream is open then.
 *
 * **Threads**: any thread, but not while another one closes io. The future belongs to one task at a
 * time.
 *
 * **Source**: accept4(2), tcp(7).
 */
CMIO_API int cmio_accept_tcp_future_init(struct cmio_accept_future *accept, struct cmio_io *io,
                                         struct cmio_tcp_stream *stream, struct cmio_address *peer);

/**
 * Makes a future that accepts the next connection of a Unix listener.
 *
 * A connection that is gone before it can be accepted is passed over, and the next one is accepted.
 * That is a connection for which accept4(2) fails with -ECONNABORTED or another error of the
 * network.
 *
 * If the process has no descriptor or no memory left, the future ends with that error, and the
 * connection keeps waiting. The next future tries again at once, so a server should close something
 * or sleep for a while first.
 *
 * @param accept  The future to initialise. It stays the caller's.
 * @param io      The binding of the listener. Borrowed until the future has ended or io is closed.
 * @param stream  Where the stream is stored. It must not be open, and must stay in place until the
 *                future has ended. On success it is open: the caller binds it and closes it. An
 *                error leaves it untouched.
 * @param peer    Where the address of the peer is stored, mostly an unnamed one, or NULL. It must
 *                stay in place until the future has ended. An error leaves it untouched.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once the connection is in stream.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: accept, io or stream is NULL, or io is not a binding of a Unix listener.
 * - -EMFILE, -ENFILE: the process or the system has no descriptor left.
 * - -ENOBUFS, -ENOMEM: memory is short.
 * - -EBUSY: another future waits for the listener.
 * - -EBADF: io was closed before this call.
 * - -ECANCELED: io is closed after this call and before the future is ready.
 * - Other errors of accept4(2).
 *
 * **Cancellation**: dropping the pending future loses nothing. The connection waits for the next
 * future. A future that was ready has accepted its connection: look at its result before you forget
 * it, because stream is open then.
 *
 * **Threads**: any thread, but not while another one closes io. The future belongs to one task at a
 * time.
 *
 * **Source**: accept4(2), unix(7).
 */
CMIO_API int cmio_accept_unix_future_init(struct cmio_accept_future *accept, struct cmio_io *io,
                                          struct cmio_unix_stream *stream,
                                          struct cmio_address *peer);

CMIO_END_DECLS

#endif
