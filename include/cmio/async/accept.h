/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_ACCEPT_H
#define CMIO_ASYNC_ACCEPT_H

#include <cmio/address.h>
#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/export.h>
#include <cmio/tcp_stream.h>
#include <cmio/unix_stream.h>

CMIO_BEGIN_DECLS

/* Takes a connection. Its members are private. */
struct cmio_accept_future {
    struct cmio_future future;
    struct cmio__io_wait wait;
    void *stream;
    struct cmio_address *peer;
};

/*
 * A future that is ready, with 0, once it has taken the next connection of the listener that io is
 * bound to: into stream, which is the caller's to bind and to close, and the peer's address into peer
 * unless that is NULL. Both must stay until the end, and are untouched by an error. Dropping it loses
 * nothing: the connection waits for the next one. It must be looked at whether a future that is no
 * longer wanted was ready: then stream is open.
 *
 * A connection that was gone before it could be taken (-ECONNABORTED and other errors of the network)
 * is no result: the next one is taken. -EMFILE, -ENFILE, -ENOBUFS and -ENOMEM are results: the
 * connection keeps waiting, and the next future tries again at once, so a server closes something or
 * sleeps for a while first. Other errors of its own: -EBUSY when another future waits for the
 * listener; -EBADF for a binding that was closed before; -ECANCELED when it is closed meanwhile.
 * Errors of init: -EINVAL for a null argument, or a binding of something else.
 */
CMIO_API int cmio_accept_tcp_future_init(struct cmio_accept_future *accept, struct cmio_io *io,
                                         struct cmio_tcp_stream *stream, struct cmio_address *peer);
CMIO_API int cmio_accept_unix_future_init(struct cmio_accept_future *accept, struct cmio_io *io,
                                          struct cmio_unix_stream *stream,
                                          struct cmio_address *peer);

CMIO_END_DECLS

#endif
