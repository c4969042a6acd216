/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_DATAGRAM_H
#define CMIO_ASYNC_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include <cmio/address.h>
#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/*
 * Datagrams of UDP and Unix datagram sockets that are bound to an executor. The futures' own errors,
 * besides those of the socket's calls: -EBUSY when another future waits for the socket in that
 * direction, -EBADF for a binding that was closed before, -ECANCELED when it is closed meanwhile.
 */

/* Receives a datagram. Its members are private. */
struct cmio_receive_from_future {
    struct cmio_future future;
    struct cmio__io_wait wait;
    void *buffer;
    size_t length;
    struct cmio_address *peer;
    bool *truncated;
};

/*
 * A future that is ready once it has received one datagram into the buffer. Its result is the length
 * of it, 0 for one that is empty. Who sent it is in *peer unless that is NULL. *truncated says
 * whether the datagram was longer than the buffer, in which case the rest of it is lost; truncated
 * may be NULL. All of them must stay until the end. An error that the network
 * reported is a result too, and the next future goes on. Dropping it loses no datagram. Errors of
 * init: -EINVAL for a null future, binding or buffer (a null buffer is allowed with a length of 0),
 * or a binding of something else.
 */
CMIO_API int cmio_receive_from_future_init(struct cmio_receive_from_future *receive,
                                           struct cmio_io *io, void *buffer, size_t length,
                                           struct cmio_address *peer, bool *truncated);

/* Sends a datagram. Its members are private. */
struct cmio_send_to_future {
    struct cmio_future future;
    struct cmio__io_wait wait;
    const void *buffer;
    size_t length;
    const struct cmio_address *address;
};

/*
 * A future that is ready once it has sent the buffer as one datagram, to the address or, if that is
 * NULL, to the peer that the socket is connected to. Its result is length. All of them must stay
 * until the end. Dropped before it is ready, it has sent nothing.
 *
 * It waits while the socket has no room. What no event tells of is a result, after which the program
 * tries again in a while: -ENOBUFS; and, of a Unix socket that sends to an address, -EAGAIN, which
 * says that the receiver's queue may be full. Connect such a socket and it waits for that as well.
 * Errors of init: -EINVAL for a null future, binding or buffer (a null buffer is allowed with a
 * length of 0), or a binding of something else.
 */
CMIO_API int cmio_send_to_future_init(struct cmio_send_to_future *send, struct cmio_io *io,
                                      const void *buffer, size_t length,
                                      const struct cmio_address *address);

CMIO_END_DECLS

#endif
