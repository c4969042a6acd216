/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_DATAGRAM_H
#define CMIO_ASYNC_DATAGRAM_H

/**
 * @file
 * Futures that send and receive datagrams of UDP and Unix datagram sockets that are bound to an
 * executor.
 */

#include <stdbool.h>
#include <stddef.h>

#include <cmio/address.h>
#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * A future that receives a datagram. cmio_receive_from_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_receive_from_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio__io_wait wait;
    void *buffer;
    size_t length;
    struct cmio_address *peer;
    bool *truncated;
};

/**
 * Makes a future that receives one datagram.
 *
 * If the datagram is longer than the buffer, the rest of it is lost. An error that the network
 * reported ends the future, once. The next future goes on.
 *
 * @param receive    The future to initialise. It stays the caller's.
 * @param io         The binding of a UDP or Unix datagram socket. Borrowed until the future has
 *                   ended or io is closed.
 * @param buffer     Where the datagram is stored. It must stay in place until the future has ended.
 *                   NULL is allowed if length is 0.
 * @param length     The size of the buffer in bytes.
 * @param peer       Where the address of the sender is stored, or NULL. It must stay in place until
 *                   the future has ended. An error leaves it untouched.
 * @param truncated  Where the future stores whether the datagram was longer than the buffer, or
 *                   NULL. It must stay in place until the future has ended. An error leaves it
 *                   untouched.
 *
 * **Returns** 0.
 *
 * **Result** of the future: the number of bytes in the buffer. 0 is an empty datagram.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: receive or io is NULL, buffer is NULL and length is not 0, or io is not a binding of a
 *   datagram socket.
 * - -EBUSY: another future waits to receive from the socket.
 * - -EBADF: io was closed before this call.
 * - -ECANCELED: io is closed after this call and before the future is ready.
 * - -ECONNREFUSED: the network reported that nobody receives at the address that an earlier
 *   datagram was sent to.
 * - -ECONNRESET: the peer of a pair of Unix sockets is gone, on some systems.
 * - Other errors of cmio_udp_socket_recv_from() and cmio_unix_datagram_recv_from().
 *
 * **Cancellation**: dropping the pending future loses nothing. The datagram stays in the socket for
 * the next future.
 *
 * **Threads**: any thread, but not while another one closes io. The future belongs to one task at a
 * time.
 *
 * **Source**: recvmsg(2), udp(7), unix(7).
 */
CMIO_API int cmio_receive_from_future_init(struct cmio_receive_from_future *receive,
                                           struct cmio_io *io, void *buffer, size_t length,
                                           struct cmio_address *peer, bool *truncated);

/**
 * A future that sends a datagram. cmio_send_to_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_send_to_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio__io_wait wait;
    const void *buffer;
    size_t length;
    const struct cmio_address *address;
};

/**
 * Makes a future that sends one datagram.
 *
 * The future waits while the socket has no room. If no event tells when there is room again, it
 * ends with -ENOBUFS or -EAGAIN instead.
 *
 * @param send     The future to initialise. It stays the caller's.
 * @param io       The binding of a UDP or Unix datagram socket. Borrowed until the future has ended
 *                 or io is closed.
 * @param buffer   The datagram. It must stay unchanged until the future has ended. NULL is allowed
 *                 if length is 0.
 * @param length   The length of the datagram in bytes. 0 sends an empty one.
 * @param address  The address to send to. It must stay in place until the future has ended. NULL:
 *                 the peer that the socket is connected to.
 *
 * **Returns** 0.
 *
 * **Result** of the future: length. A datagram is sent as a whole or not at all.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: send or io is NULL, buffer is NULL and length is not 0, or io is not a binding of a
 *   datagram socket.
 * - -EBUSY: another future waits to send to the socket.
 * - -EBADF: io was closed before this call.
 * - -ECANCELED: io is closed after this call and before the future is ready.
 * - -EAGAIN: a Unix socket sends to an address, and the queue of the receiver may be full. Try
 *   again after a while. If the socket is connected to the receiver, the future waits for room
 *   instead.
 * - -ENOBUFS: the system has no buffers, and no event tells when it has. Try again after a while.
 * - -EMSGSIZE: the datagram is longer than the protocol, the path or the send buffer allows.
 * - -EDESTADDRREQ, -ENOTCONN: address is NULL, and the socket has no peer.
 * - -EAFNOSUPPORT: address is of another family than the socket.
 * - -ECONNREFUSED: nobody receives at the address. For UDP, the network reported it of an earlier
 *   datagram.
 * - -EPIPE: writing to a Unix socket was shut down.
 * - Other errors of cmio_udp_socket_send(), cmio_udp_socket_send_to(), cmio_unix_datagram_send()
 *   and cmio_unix_datagram_send_to().
 *
 * **Cancellation**: a future that is dropped while it is pending has sent nothing.
 *
 * **Threads**: any thread, but not while another one closes io. The future belongs to one task at a
 * time.
 *
 * **Source**: send(2), sendto(2), udp(7), unix(7).
 */
CMIO_API int cmio_send_to_future_init(struct cmio_send_to_future *send, struct cmio_io *io,
                                      const void *buffer, size_t length,
                                      const struct cmio_address *address);

CMIO_END_DECLS

#endif
