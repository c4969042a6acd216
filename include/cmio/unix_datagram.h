/* SPDX-License-Identifier: MIT */
#ifndef CMIO_UNIX_DATAGRAM_H
#define CMIO_UNIX_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <cmio/address.h>
#include <cmio/export.h>
#include <cmio/socket.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

/*
 * A Unix datagram socket (unix(7)), bound to a name or not, connected to a peer or not. No datagram
 * is lost or overtaken on the way. The descriptor is non-blocking and close-on-exec, and owned.
 * Each call is one system call. No call raises SIGPIPE, and none that sends or receives blocks,
 * also where somebody who shares the socket cleared O_NONBLOCK (MSG_DONTWAIT). A struct of zeros
 * may be closed, and is good for nothing else. Every call below says -EINVAL for a null argument
 * that is not said to be optional, and -EBADF for a closed socket.
 *
 * After an event, receive until -EAGAIN: a datagram says nothing about those behind it.
 */
struct cmio_unix_datagram {
    struct cmio_source source;
};

/*
 * Binds to a path, which is made and must not exist, or to an abstract name. An unnamed address
 * makes Linux choose an abstract name, and is an error elsewhere. Errors: -EADDRINUSE, -EACCES,
 * -ENOENT for a folder that is not there, -EMFILE and others of socket(2) and bind(2);
 * -EAFNOSUPPORT for an IP address. On failure socket is untouched and nothing is open.
 */
CMIO_API int cmio_unix_datagram_bind(struct cmio_unix_datagram *socket,
                                     const struct cmio_address *address);

/*
 * The same, but a socket file that an earlier process left behind is no obstacle: see
 * cmio_unix_listener_bind_replacing_stale(), whose rules and errors these are.
 */
CMIO_API int cmio_unix_datagram_bind_replacing_stale(struct cmio_unix_datagram *socket,
                                                     const struct cmio_address *address);

/* Without a name: it can send, and receive once it is connected to one that can send to it. */
CMIO_API int cmio_unix_datagram_unbound(struct cmio_unix_datagram *socket);

/*
 * Two that are connected to each other, without names: socketpair(2). Errors: -EINVAL for the same
 * socket twice, -EMFILE, -ENFILE, ... On failure both are untouched.
 */
CMIO_API int cmio_unix_datagram_pair(struct cmio_unix_datagram *a, struct cmio_unix_datagram *b);

/*
 * Sets the peer: send goes there. Again with another address changes it. Errors: -EAFNOSUPPORT for
 * an IP address; -ENOENT for a path that is not there, -ECONNREFUSED where nobody is bound to it
 * any more, -EPROTOTYPE for a stream's, -EACCES, -EPERM for one that is connected to another.
 */
CMIO_API int cmio_unix_datagram_connect(struct cmio_unix_datagram *socket,
                                        const struct cmio_address *address);

/*
 * Adopts a Unix datagram socket: it is made non-blocking and close-on-exec, and belongs to socket
 * from then on. On failure it stays the caller's: -EBADF, -ENOTSOCK,
 * -EAFNOSUPPORT for a socket of another family, or -EINVAL for one of another type.
 */
CMIO_API int cmio_unix_datagram_from_fd(struct cmio_unix_datagram *socket, int fd);

/* Deregisters and closes the socket but for its descriptor, which it returns: the caller's now. */
CMIO_API int cmio_unix_datagram_into_fd(struct cmio_unix_datagram *socket);

/* The descriptor: borrowed. */
CMIO_API int cmio_unix_datagram_fd(const struct cmio_unix_datagram *socket);

/*
 * Deregisters, then closes. A path that it was bound to stays, for unlink(2) to remove: nobody else
 * can bind to it before. NULL, a zeroed or closed socket is allowed: 0. The socket is closed
 * whatever comes back: 0, or what deregister or close(2) had to say.
 */
CMIO_API int cmio_unix_datagram_close(struct cmio_unix_datagram *socket);

/*
 * Sends length bytes as one datagram to the connected peer: send(2). Returns length, as a datagram
 * goes whole or not at all; -EAGAIN (the BSDs and macOS: -ENOBUFS) when the peer's queue is full;
 * -EMSGSIZE for more than the send buffer takes; -ENOTCONN or -EDESTADDRREQ without a peer;
 * -ECONNREFUSED or -ECONNRESET when the peer is gone; -EPIPE after writing was shut down. length
 * may be 0.
 *
 * On Linux there is an event when a connected peer has room again. -ENOBUFS is followed by none:
 * try again later.
 */
CMIO_API ssize_t cmio_unix_datagram_send(struct cmio_unix_datagram *socket, const void *buffer,
                                         size_t length);

/*
 * The same to any address: sendto(2). -EAFNOSUPPORT for an IP address. Whether the socket is
 * writable says nothing about the queue of a receiver that it is not connected to: after -EAGAIN
 * events may come that find it still full. Connect, or try again later.
 */
CMIO_API ssize_t cmio_unix_datagram_send_to(struct cmio_unix_datagram *socket, const void *buffer,
                                            size_t length, const struct cmio_address *address);

/*
 * Receives one datagram: recvmsg(2). Returns its length, of which 0 is one that is empty; -EAGAIN
 * when there is none; -ECONNRESET when the peer of a pair is gone, on some systems. After reading
 * was shut down it is 0 or (Linux) -EAGAIN for ever.
 *
 * If the datagram is longer than the buffer, the rest of it is lost, and the length of what fits is
 * returned. *truncated says whether that happened; NULL if you do not want to know. It is untouched
 * on failure.
 */
CMIO_API ssize_t cmio_unix_datagram_recv(struct cmio_unix_datagram *socket, void *buffer,
                                         size_t length, bool *truncated);

/*
 * Receives one datagram like cmio_unix_datagram_recv() and gives its sender in *peer, unnamed if
 * the sender is not bound. *peer is untouched on failure. peer may be NULL, and so may truncated.
 */
CMIO_API ssize_t cmio_unix_datagram_recv_from(struct cmio_unix_datagram *socket, void *buffer,
                                              size_t length, struct cmio_address *peer,
                                              bool *truncated);

/*
 * Copies the datagram like cmio_unix_datagram_recv(), but leaves it in place as a whole, also if it
 * does not fit: the next call receives it. MSG_PEEK. truncated may be NULL.
 */
CMIO_API ssize_t cmio_unix_datagram_peek(struct cmio_unix_datagram *socket, void *buffer,
                                         size_t length, bool *truncated);

/*
 * Copies the datagram and its sender like cmio_unix_datagram_recv_from(), but leaves the datagram in
 * place: the next call receives it. MSG_PEEK. peer and truncated may be NULL.
 */
CMIO_API ssize_t cmio_unix_datagram_peek_from(struct cmio_unix_datagram *socket, void *buffer,
                                              size_t length, struct cmio_address *peer,
                                              bool *truncated);

/* Ends one direction, or both: shutdown(2). -ENOTCONN where the system wants a peer first. */
CMIO_API int cmio_unix_datagram_shutdown(struct cmio_unix_datagram *socket, enum cmio_shutdown how);

/*
 * This end's address, and the other's (-ENOTCONN where it is not connected): unnamed where it is
 * not bound.
 */
CMIO_API int cmio_unix_datagram_local_address(const struct cmio_unix_datagram *socket,
                                              struct cmio_address *out);
CMIO_API int cmio_unix_datagram_peer_address(const struct cmio_unix_datagram *socket,
                                             struct cmio_address *out);

/* 0, or the pending error of the socket as a negative errno, which is cleared: SO_ERROR. */
CMIO_API int cmio_unix_datagram_take_error(struct cmio_unix_datagram *socket);

CMIO_END_DECLS

#endif
