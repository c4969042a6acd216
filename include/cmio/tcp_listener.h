/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TCP_LISTENER_H
#define CMIO_TCP_LISTENER_H

/**
 * @file
 * TCP listeners: sockets that accept TCP connections.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cmio/address.h>
#include <cmio/export.h>
#include <cmio/socket.h>
#include <cmio/source.h>
#include <cmio/tcp_stream.h>

CMIO_BEGIN_DECLS

/**
 * A socket that accepts TCP connections.
 *
 * cmio_tcp_listener_bind() or cmio_tcp_listener_from_fd() makes a listener in the caller's memory.
 * The listener owns its descriptor, which is non-blocking and close-on-exec.
 * cmio_tcp_listener_close() closes it. The struct may be moved if only one copy is used afterwards.
 *
 * Zeroed memory is a closed listener. Closing it is allowed, and other calls fail with -EBADF.
 *
 * **Threads**: one thread at a time uses a listener.
 *
 * **Source**: tcp(7), RFC 9293.
 */
struct cmio_tcp_listener {
    /** What the registry takes: `&listener.source`. Its members are internal. */
    struct cmio_source source;
};

/** How a listener listens. Zeros are the defaults. */
struct cmio_tcp_listener_options {
    /**
     * How many connections may wait to be accepted. 0 stands for SOMAXCONN. The system may cap the
     * number. See listen(2).
     */
    int backlog;
    /**
     * Whether several listeners of one user share the port: SO_REUSEPORT, on FreeBSD
     * SO_REUSEPORT_LB.
     *
     * Linux, FreeBSD and DragonFly spread connections over them. NetBSD, OpenBSD and macOS let them
     * bind, but one of them gets all connections.
     */
    bool reuse_port;
    /**
     * Whether a listener on an IPv6 address accepts IPv4 connections too. Must be
     * CMIO_V6ONLY_DEFAULT for an IPv4 address. OpenBSD refuses CMIO_V6ONLY_OFF.
     */
    enum cmio_v6only v6only;
};

/**
 * Makes a listener that listens on an address.
 *
 * SO_REUSEADDR is set, so that a server can be restarted at once. For port 0 the system chooses a
 * free port: see cmio_tcp_listener_local_address().
 *
 * @param listener  Receives the listener. It must not be open.
 * @param address   The IPv4 or IPv6 address. Borrowed.
 * @param options   How to listen. Borrowed. NULL stands for the defaults.
 *
 * **Returns** 0.
 *
 * **Errors**, after which listener is untouched and no descriptor is open:
 * - -EINVAL: listener or address is NULL, the backlog is negative, v6only has no meaning, is not
 *   the default for an IPv4 address or is refused by the system, or bind(2) refuses the address,
 *   for example a link-local IPv6 address without a scope.
 * - -EAFNOSUPPORT: address is neither an IPv4 nor an IPv6 address, or the system lacks its family.
 * - -ENOTSUP: reuse_port is set, and the system has no such option.
 * - -EADDRINUSE: another socket has the address, or no port is free.
 * - -EADDRNOTAVAIL: the address is not of this host.
 * - -EACCES: the port is privileged (ip(7)).
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - -ENOMEM, -ENOBUFS: memory is short.
 * - Other errors of socket(2), setsockopt(2), bind(2) and listen(2).
 *
 * **Threads**: any thread. The new listener belongs to one thread at a time.
 *
 * **Source**: socket(2), bind(2), listen(2).
 */
CMIO_API int cmio_tcp_listener_bind(struct cmio_tcp_listener *listener,
                                    const struct cmio_address *address,
                                    const struct cmio_tcp_listener_options *options);

/**
 * Accepts the next connection that waits.
 *
 * After an event, accept until -EAGAIN. After -EMFILE or -ENFILE the connection keeps waiting. With
 * edge-triggered interest no event repeats it, so close a descriptor and accept again.
 *
 * The listener can be used after every error. The new descriptor is non-blocking and close-on-exec.
 * If another holder of the listening socket cleared O_NONBLOCK, this call blocks until a connection
 * comes, because accept(2) has no flag against that.
 *
 * @param listener  The listener. Borrowed.
 * @param stream    Receives the connection. It must not be open. The caller closes it with
 *                  cmio_tcp_stream_close().
 * @param peer      Receives the address of the peer. NULL is allowed.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave stream and peer untouched:
 * - -EINVAL: listener or stream is NULL, or the socket does not listen.
 * - -EBADF: the listener is closed.
 * - -EAGAIN: no connection waits.
 * - -ECONNABORTED: the peer left before it was accepted. Accept the next connection.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors. The
 *   connection keeps waiting.
 * - -ENOMEM, -ENOBUFS: memory is short.
 * - Other errors of accept4(2).
 *
 * **Threads**: the thread that the listener belongs to.
 *
 * **Source**: accept4(2).
 */
CMIO_API int cmio_tcp_listener_accept(struct cmio_tcp_listener *listener,
                                      struct cmio_tcp_stream *stream, struct cmio_address *peer);

/**
 * Adopts an IPv4 or IPv6 stream socket that listens.
 *
 * The descriptor becomes non-blocking and close-on-exec. Whether the socket listens is not checked.
 * If it does not, cmio_tcp_listener_accept() fails with -EINVAL.
 *
 * @param listener  Receives the listener. It must not be open.
 * @param fd        The descriptor. On success it belongs to the listener, which closes it. On
 *                  failure it stays the caller's.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave listener untouched:
 * - -EINVAL: listener is NULL, or fd is a socket of another type.
 * - -EBADF: fd is not an open descriptor.
 * - -ENOTSOCK: fd is not a socket.
 * - -EAFNOSUPPORT: the socket's family is neither IPv4 nor IPv6.
 * - Other errors of getsockname(2), getsockopt(2), setsockopt(2) and fcntl(2).
 *
 * **Threads**: any thread. The new listener belongs to one thread at a time.
 *
 * **Source**: fcntl(2), socket(7).
 */
CMIO_API int cmio_tcp_listener_from_fd(struct cmio_tcp_listener *listener, int fd);

/**
 * Deregisters the listener and gives its descriptor to the caller.
 *
 * The descriptor stays open, non-blocking and close-on-exec. The listener is closed afterwards.
 *
 * @param listener  The listener. Borrowed.
 *
 * **Returns** the descriptor, which the caller must close.
 *
 * **Errors**:
 * - -EINVAL: listener is NULL.
 * - -EBADF: the listener is closed.
 *
 * **Threads**: the thread that the listener belongs to.
 */
CMIO_API int cmio_tcp_listener_into_fd(struct cmio_tcp_listener *listener);

/**
 * Returns the descriptor of the listener.
 *
 * Do not close it. If a call of your own on it returns EAGAIN, call cmio_source_rearm().
 *
 * @param listener  The listener. Borrowed.
 *
 * **Returns** the descriptor, which still belongs to the listener.
 *
 * **Errors**:
 * - -EINVAL: listener is NULL.
 * - -EBADF: the listener is closed.
 *
 * **Threads**: the thread that the listener belongs to.
 */
CMIO_API int cmio_tcp_listener_fd(const struct cmio_tcp_listener *listener);

/**
 * Deregisters the listener, then closes its descriptor.
 *
 * Connections that wait to be accepted are reset.
 *
 * The listener is closed after this call, whatever it returns.
 *
 * @param listener  The listener. NULL, zeroed memory and a closed listener are allowed. Nothing
 *                  happens then.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the listener is closed too:
 * - -EBADF: the program closed the descriptor by other means.
 * - Other errors of close(2), such as -EIO, or of deregistering.
 *
 * **Threads**: the thread that the listener belongs to.
 *
 * **Source**: close(2).
 */
CMIO_API int cmio_tcp_listener_close(struct cmio_tcp_listener *listener);

/**
 * Gets the address that the listener listens on.
 *
 * The port is the real one, also if it was bound to port 0.
 *
 * @param listener  The listener. Borrowed.
 * @param out       Receives the address.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: listener or out is NULL.
 * - -EBADF: the listener is closed.
 * - Other errors of getsockname(2).
 *
 * **Threads**: the thread that the listener belongs to.
 *
 * **Source**: getsockname(2).
 */
CMIO_API int cmio_tcp_listener_local_address(const struct cmio_tcp_listener *listener,
                                             struct cmio_address *out);

/**
 * Sets the time to live of the packets that accepted streams send.
 *
 * The number is the hop limit for IPv6. A listener that accepts connections of both families sets
 * it for both. It applies to connections that are accepted afterwards.
 *
 * @param listener  The listener. Borrowed.
 * @param ttl       How many hops a packet may take, 1 to 255.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: listener is NULL, or ttl is out of range.
 * - -EBADF: the listener is closed.
 * - Other errors of setsockopt(2).
 *
 * **Threads**: the thread that the listener belongs to.
 *
 * **Source**: IP_TTL, ip(7). IPV6_UNICAST_HOPS, ipv6(7).
 */
CMIO_API int cmio_tcp_listener_set_ttl(struct cmio_tcp_listener *listener, uint32_t ttl);

/**
 * Gets the time to live of the packets that accepted streams send.
 *
 * The number is the hop limit for IPv6, and for a listener that accepts connections of both
 * families.
 *
 * @param listener  The listener. Borrowed.
 * @param out       Receives the number of hops, 1 to 255.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: listener or out is NULL.
 * - -EBADF: the listener is closed.
 * - Other errors of getsockopt(2).
 *
 * **Threads**: the thread that the listener belongs to.
 *
 * **Source**: IP_TTL, ip(7). IPV6_UNICAST_HOPS, ipv6(7).
 */
CMIO_API int cmio_tcp_listener_ttl(const struct cmio_tcp_listener *listener, uint32_t *out);

/**
 * Returns the pending error of the listener and clears it.
 *
 * @param listener  The listener. Borrowed.
 *
 * **Returns** 0 if no error is pending.
 *
 * **Errors**:
 * - -EINVAL: listener is NULL.
 * - -EBADF: the listener is closed.
 * - Any other negative errno: the pending error.
 *
 * **Threads**: the thread that the listener belongs to.
 *
 * **Source**: SO_ERROR, socket(7).
 */
CMIO_API int cmio_tcp_listener_take_error(struct cmio_tcp_listener *listener);

CMIO_END_DECLS

#endif
