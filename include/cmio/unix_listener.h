/* SPDX-License-Identifier: MIT */
#ifndef CMIO_UNIX_LISTENER_H
#define CMIO_UNIX_LISTENER_H

/**
 * @file
 * Unix listeners: sockets that accept Unix streams.
 */

#include <cmio/address.h>
#include <cmio/export.h>
#include <cmio/source.h>
#include <cmio/unix_stream.h>

CMIO_BEGIN_DECLS

/**
 * A socket that accepts Unix streams.
 *
 * cmio_unix_listener_bind(), cmio_unix_listener_bind_replacing_stale() or
 * cmio_unix_listener_from_fd() makes a listener in the caller's memory. The listener owns its
 * descriptor, which is non-blocking and close-on-exec. cmio_unix_listener_close() closes it. The
 * struct may be moved if only one copy is used afterwards.
 *
 * Zeroed memory is a closed listener. Closing it is allowed, and other calls fail with -EBADF.
 *
 * **Threads**: one thread at a time uses a listener.
 *
 * **Source**: unix(7).
 */
struct cmio_unix_listener {
    /** What the registry takes: `&listener.source`. Its members are internal. */
    struct cmio_source source;
};

/** How a listener listens. Zeros are the defaults. */
struct cmio_unix_listener_options {
    /**
     * How many connections may wait to be accepted. 0 stands for SOMAXCONN. The system may cap the
     * number. See listen(2).
     */
    int backlog;
};

/**
 * Makes a listener that listens on a path or an abstract name.
 *
 * A path becomes a socket file with the permissions that umask(2) leaves. For an unnamed address,
 * Linux chooses an abstract name: see cmio_unix_listener_local_address(). Elsewhere an unnamed
 * address is an error of bind(2).
 *
 * @param listener  Receives the listener. It must not be open.
 * @param address   The Unix address. Borrowed.
 * @param options   How to listen. Borrowed. NULL stands for the defaults.
 *
 * **Returns** 0.
 *
 * **Errors**, after which listener is untouched, no descriptor is open, and no file was made:
 * - -EINVAL: listener or address is NULL, or the backlog is negative.
 * - -EAFNOSUPPORT: address is not a Unix address.
 * - -EADDRINUSE: the path exists, whatever it is, or the abstract name is taken. NetBSD follows a
 *   symbolic link that leads nowhere, and makes the socket file there.
 * - -ENOENT, -ENOTDIR: the directory of the path does not exist.
 * - -EACCES, -EROFS: the directory may not be written to or searched.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - -ENOMEM, -ENOBUFS: memory is short.
 * - Other errors of socket(2), bind(2) and listen(2).
 *
 * **Threads**: any thread. The new listener belongs to one thread at a time.
 *
 * **Source**: unix(7), bind(2), listen(2).
 */
CMIO_API int cmio_unix_listener_bind(struct cmio_unix_listener *listener,
                                     const struct cmio_address *address,
                                     const struct cmio_unix_listener_options *options);

/**
 * Makes a listener on a path, and replaces a socket file that an earlier process left there.
 *
 * The path is removed and bound anew if it is a socket file, not a link, and no socket is bound to
 * it any more. A listener that is alive does not notice that it was asked. Any other address than a
 * path is bound as by cmio_unix_listener_bind().
 *
 * Everything else at the path makes the call fail with -EADDRINUSE and stays as it is:
 *
 * - a socket that listens or is about to listen, whether or not it has room for one more
 *   connection,
 * - a datagram socket,
 * - a regular file or a symbolic link,
 * - a socket that this process may not connect to.
 *
 * If two processes do this for one path at once, exactly one succeeds. If three or more do it
 * within microseconds, two may succeed, and the path belongs to the later one.
 * src/net/stale_socket.c describes how. A program to which that can happen must take a lock.
 *
 * Whoever may write to the directory of the path can put anything there. Bind in a directory that
 * others may not write to.
 *
 * @param listener  Receives the listener. It must not be open.
 * @param address   The Unix address. Borrowed.
 * @param options   How to listen. Borrowed. NULL stands for the defaults.
 *
 * **Returns** 0.
 *
 * **Errors**, after which listener is untouched and no descriptor is open:
 * - -EINVAL: listener or address is NULL, or the backlog is negative.
 * - -EAFNOSUPPORT: address is not a Unix address.
 * - -EADDRINUSE: anything else is at the path, another process was faster, the abstract name is
 *   taken, or the path is stale and so long that a name of seven characters beside it does not fit
 *   into an address.
 * - -ENOENT, -ENOTDIR: the directory of the path does not exist.
 * - -EACCES, -EROFS: the directory may not be written to or searched.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - -ENOMEM, -ENOBUFS: memory is short.
 * - -EPERM: the stale file belongs to another user, in a directory such as /tmp.
 * - Other errors of socket(2), bind(2), listen(2), mkstemp(3), rename(2) and unlink(2).
 *
 * **Threads**: any thread. The new listener belongs to one thread at a time.
 *
 * **Source**: unix(7), bind(2), listen(2), rename(2).
 */
CMIO_API int
cmio_unix_listener_bind_replacing_stale(struct cmio_unix_listener *listener,
                                        const struct cmio_address *address,
                                        const struct cmio_unix_listener_options *options);

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
 *                  cmio_unix_stream_close().
 * @param peer      Receives the address of the peer, which is mostly unnamed. NULL is allowed.
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
CMIO_API int cmio_unix_listener_accept(struct cmio_unix_listener *listener,
                                       struct cmio_unix_stream *stream, struct cmio_address *peer);

/**
 * Adopts a Unix stream socket that listens.
 *
 * The descriptor becomes non-blocking and close-on-exec. Whether the socket listens is not checked.
 * If it does not, cmio_unix_listener_accept() fails with -EINVAL.
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
 * - -EAFNOSUPPORT: the socket is not a Unix socket.
 * - Other errors of getsockname(2), getsockopt(2), setsockopt(2) and fcntl(2).
 *
 * **Threads**: any thread. The new listener belongs to one thread at a time.
 *
 * **Source**: fcntl(2), unix(7).
 */
CMIO_API int cmio_unix_listener_from_fd(struct cmio_unix_listener *listener, int fd);

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
CMIO_API int cmio_unix_listener_into_fd(struct cmio_unix_listener *listener);

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
CMIO_API int cmio_unix_listener_fd(const struct cmio_unix_listener *listener);

/**
 * Deregisters the listener, then closes its descriptor.
 *
 * The socket file stays. Another process may listen on a duplicate of the descriptor, or may have
 * bound the path anew, and no call can detect that. A program that knows that it is alone should
 * unlink the path before this call. cmio_unix_listener_bind_replacing_stale() can bind the path of
 * a program that did not.
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
CMIO_API int cmio_unix_listener_close(struct cmio_unix_listener *listener);

/**
 * Gets the address that the listener listens on.
 *
 * It is the address that was bound, or the abstract name that Linux chose.
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
CMIO_API int cmio_unix_listener_local_address(const struct cmio_unix_listener *listener,
                                              struct cmio_address *out);

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
CMIO_API int cmio_unix_listener_take_error(struct cmio_unix_listener *listener);

CMIO_END_DECLS

#endif
