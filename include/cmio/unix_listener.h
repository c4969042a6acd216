/* SPDX-License-Identifier: MIT */
#ifndef CMIO_UNIX_LISTENER_H
#define CMIO_UNIX_LISTENER_H

#include <cmio/address.h>
#include <cmio/export.h>
#include <cmio/source.h>
#include <cmio/unix_stream.h>

CMIO_BEGIN_DECLS

/*
 * A socket that accepts Unix streams (unix(7)). The descriptor is non-blocking and close-on-exec,
 * and owned. A struct of zeros may be closed, and is good for nothing else. Every call below says
 * -EINVAL for a null argument and -EBADF for a closed listener.
 */
struct cmio_unix_listener {
    struct cmio_source source;
};

/* How to listen. Zeros are the defaults. */
struct cmio_unix_listener_options {
    /*
     * How many connections may wait to be accepted: listen(2). 0: SOMAXCONN. The system may cap it.
     */
    int backlog;
};

/*
 * Binds to a path, which becomes a socket file with the permissions that umask(2) leaves, or to an
 * abstract name, and listens. Linux chooses an abstract name for the unnamed address. options may
 * be NULL. Errors: -EADDRINUSE when the path exists, whatever it is, or the name is taken (NetBSD
 * follows a symbolic link that leads nowhere, and makes the socket file there); -ENOENT,
 * -EACCES, -EROFS, -EMFILE and others of socket(2), bind(2), listen(2); -EINVAL for a negative
 * backlog; -EAFNOSUPPORT for an IP address. On failure listener is untouched, nothing is open, and
 * no file was made.
 */
CMIO_API int cmio_unix_listener_bind(struct cmio_unix_listener *listener,
                                     const struct cmio_address *address,
                                     const struct cmio_unix_listener_options *options);

/*
 * The same, but a socket file that an earlier process left behind is no obstacle: where the path is
 * a socket file, no link, and no socket is bound to it any more, it is removed and bound anew.
 * Anything else there is -EADDRINUSE and stays as it is: a socket that listens, whether or not it
 * has room for one more connection, or is about to; a datagram socket; a regular file; a symbolic
 * link; a socket that may not be connected to. The listener that is asked notices nothing. Of two
 * processes that do this for one path at the same time exactly one succeeds. Of three or more in
 * the same microseconds two may think so, with the path being the later one's:
 * src/net/stale_socket.c says how; where that can happen, take a lock. Whoever may write to the
 * directory can put what they like there: bind in one that others may not write to.
 *
 * For other addresses than paths it is cmio_unix_listener_bind(). Errors besides its own: what
 * mkstemp(3), rename(2) and unlink(2) say, such as -EACCES, -EPERM for another user's file in /tmp;
 * -EADDRINUSE also for a stale path that is so long that a name of seven characters beside it does
 * not fit into an address.
 */
CMIO_API int
cmio_unix_listener_bind_replacing_stale(struct cmio_unix_listener *listener,
                                        const struct cmio_address *address,
                                        const struct cmio_unix_listener_options *options);

/*
 * Takes the next connection into stream, and the peer's address, mostly unnamed, into peer unless
 * that is NULL: one accept4(2). After an event, accept until -EAGAIN. Other errors leave the
 * listener as it was: -ECONNABORTED (the peer left: accept the next), -EMFILE and -ENFILE (no
 * descriptor: the connection keeps waiting; with edge-triggered interest no event repeats it, so
 * accept again once some were closed), -ENOMEM, -ENOBUFS. Both outputs are untouched on failure.
 * Where somebody who shares the listener cleared O_NONBLOCK, it blocks until there is a connection:
 * accept(2) has no flag against that.
 */
CMIO_API int cmio_unix_listener_accept(struct cmio_unix_listener *listener,
                                       struct cmio_unix_stream *stream, struct cmio_address *peer);

/*
 * Adopts a listening Unix stream socket: it is made non-blocking and close-on-exec, and belongs to
 * the listener from then on. On failure it stays the caller's: -EBADF, -ENOTSOCK, -EAFNOSUPPORT for
 * a socket of another family, or -EINVAL for one that is not a stream.
 */
CMIO_API int cmio_unix_listener_from_fd(struct cmio_unix_listener *listener, int fd);

/*
 * Deregisters and closes the listener but for its descriptor, which it returns: the caller's now.
 */
CMIO_API int cmio_unix_listener_into_fd(struct cmio_unix_listener *listener);

/* The descriptor: borrowed. */
CMIO_API int cmio_unix_listener_fd(const struct cmio_unix_listener *listener);

/*
 * Deregisters, then closes. The socket file stays: another process may listen on a duplicate of the
 * descriptor, or have bound the path anew, and nothing tells. A program that knows it is alone
 * unlinks the path before it closes; cmio_unix_listener_bind_replacing_stale() forgives one that did not.
 * NULL, a zeroed or closed listener is allowed: 0. It is closed whatever comes back: 0, or what
 * deregister or close(2) had to say.
 */
CMIO_API int cmio_unix_listener_close(struct cmio_unix_listener *listener);

/* The address that it listens on, as it was bound. */
CMIO_API int cmio_unix_listener_local_address(const struct cmio_unix_listener *listener,
                                              struct cmio_address *out);

/* 0, or the pending error of the socket as a negative errno, which is cleared: SO_ERROR. */
CMIO_API int cmio_unix_listener_take_error(struct cmio_unix_listener *listener);

CMIO_END_DECLS

#endif
