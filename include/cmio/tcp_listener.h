/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TCP_LISTENER_H
#define CMIO_TCP_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include <cmio/address.h>
#include <cmio/export.h>
#include <cmio/socket.h>
#include <cmio/source.h>
#include <cmio/tcp_stream.h>

CMIO_BEGIN_DECLS

/*
 * A socket that accepts TCP connections. The descriptor is non-blocking and close-on-exec, and
 * owned. A struct of zeros may be closed, and is good for nothing else. Every call below says
 * -EINVAL for a null argument and -EBADF for a closed listener.
 */
struct cmio_tcp_listener {
    struct cmio_source source;
};

/* How to listen. Zeros are the defaults. */
struct cmio_tcp_listener_options {
    /*
     * How many connections may wait to be accepted: listen(2). 0: SOMAXCONN. The system may cap it.
     */
    int backlog;
    /*
     * Several listeners of one user share the port: SO_REUSEPORT, on FreeBSD SO_REUSEPORT_LB.
     * Linux, FreeBSD and DragonFly spread connections over them; NetBSD, OpenBSD and macOS let them
     * bind, but give all to one of them. -ENOTSUP where there is none.
     */
    bool reuse_port;
    /* For an IPv6 address; -EINVAL for IPv4 unless it is the default. */
    enum cmio_v6only v6only;
};

/*
 * Binds and listens, with SO_REUSEADDR so that a server can be restarted at once. Port 0 takes a
 * free one: see cmio_tcp_listener_local_address(). options may be NULL. Errors: -EADDRINUSE,
 * -EADDRNOTAVAIL, -EACCES, -EMFILE and others of socket(2), bind(2), listen(2); -EINVAL for a
 * negative backlog; -EAFNOSUPPORT for a Unix address. On failure listener is untouched and nothing
 * is open.
 */
CMIO_API int cmio_tcp_listener_bind(struct cmio_tcp_listener *listener,
                                    const struct cmio_address *address,
                                    const struct cmio_tcp_listener_options *options);

/*
 * Takes the next connection into stream, and the peer's address into peer unless that is NULL: one
 * accept4(2). After an event, accept until -EAGAIN. Other errors leave the listener as it was:
 * -ECONNABORTED (the peer left: accept the next), -EMFILE and -ENFILE (no descriptor: the
 * connection keeps waiting; with edge-triggered interest no event repeats it, so accept again once
 * some were closed), -ENOMEM, -ENOBUFS. Both outputs are untouched on failure.
 * Where somebody who shares the listener cleared O_NONBLOCK, it blocks until there is a connection:
 * accept(2) has no flag against that.
 */
CMIO_API int cmio_tcp_listener_accept(struct cmio_tcp_listener *listener,
                                      struct cmio_tcp_stream *stream, struct cmio_address *peer);

/*
 * Adopts a listening stream socket: it is made non-blocking and close-on-exec, and belongs to the
 * listener from then on. On failure it stays the caller's: -EBADF, -ENOTSOCK, -EAFNOSUPPORT for a
 * socket of another family, or -EINVAL for one of another type.
 */
CMIO_API int cmio_tcp_listener_from_fd(struct cmio_tcp_listener *listener, int fd);

/*
 * Deregisters and closes the listener but for its descriptor, which it returns: the caller's now.
 */
CMIO_API int cmio_tcp_listener_into_fd(struct cmio_tcp_listener *listener);

/* The descriptor: borrowed. */
CMIO_API int cmio_tcp_listener_fd(const struct cmio_tcp_listener *listener);

/*
 * Deregisters, then closes; connections that wait to be accepted are reset. NULL, a zeroed or
 * closed listener is allowed: 0. It is closed whatever comes back: 0, or what deregister or
 * close(2) had to say.
 */
CMIO_API int cmio_tcp_listener_close(struct cmio_tcp_listener *listener);

/* The address that it listens on, with the port that the system chose for port 0. */
CMIO_API int cmio_tcp_listener_local_address(const struct cmio_tcp_listener *listener,
                                             struct cmio_address *out);

/*
 * The time to live (IPv6: the hop limit) of what accepted streams send, 1 to 255; -EINVAL
 * otherwise. A listener that takes peers of both families sets both.
 */
CMIO_API int cmio_tcp_listener_set_ttl(struct cmio_tcp_listener *listener, uint32_t ttl);
CMIO_API int cmio_tcp_listener_ttl(const struct cmio_tcp_listener *listener, uint32_t *out);

/* 0, or the pending error of the socket as a negative errno, which is cleared: SO_ERROR. */
CMIO_API int cmio_tcp_listener_take_error(struct cmio_tcp_listener *listener);

CMIO_END_DECLS

#endif
