/* SPDX-License-Identifier: MIT */
#ifndef CMIO_UNIX_DATAGRAM_H
#define CMIO_UNIX_DATAGRAM_H

/**
 * @file
 * Unix datagram sockets: messages between processes of one system.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <cmio/address.h>
#include <cmio/export.h>
#include <cmio/socket.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

/**
 * A Unix datagram socket, bound to a name or not, connected to a peer or not.
 *
 * No datagram is lost on the way, and none overtakes another.
 *
 * cmio_unix_datagram_bind(), cmio_unix_datagram_bind_replacing_stale(),
 * cmio_unix_datagram_unbound(), cmio_unix_datagram_pair() or cmio_unix_datagram_from_fd() makes a
 * socket in the caller's memory. The socket owns its descriptor, which is non-blocking and
 * close-on-exec. cmio_unix_datagram_close() closes it. The struct may be moved if only one copy is
 * used afterwards.
 *
 * Each call that sends or receives is one system call. It raises no SIGPIPE, and it never blocks,
 * also if another holder of the socket cleared O_NONBLOCK (MSG_DONTWAIT).
 *
 * Zeroed memory is a closed socket. Closing it is allowed, and other calls fail with -EBADF.
 *
 * **Threads**: one thread at a time uses a socket. While the socket stays registered, or stays
 * unregistered, one thread may receive from it and another one send on it.
 *
 * **Source**: unix(7).
 */
struct cmio_unix_datagram {
    /** What the registry takes: `&socket.source`. Its members are internal. */
    struct cmio_source source;
};

/**
 * Makes a socket that is bound to a path or an abstract name.
 *
 * The path is made, as a socket file, and must not exist. For an unnamed address, Linux chooses an
 * abstract name: see cmio_unix_datagram_local_address(). Elsewhere an unnamed address is an error
 * of bind(2).
 *
 * @param socket   Receives the socket. It must not be open.
 * @param address  The Unix address. Borrowed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which socket is untouched and no descriptor is open:
 * - -EINVAL: socket or address is NULL.
 * - -EAFNOSUPPORT: address is not a Unix address.
 * - -EADDRINUSE: the path exists, whatever it is, or the abstract name is taken. NetBSD follows a
 *   symbolic link that leads nowhere, and makes the socket file there.
 * - -ENOENT, -ENOTDIR: the directory of the path does not exist.
 * - -EACCES, -EROFS: the directory may not be written to or searched.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - -ENOMEM, -ENOBUFS: memory is short.
 * - Other errors of socket(2) and bind(2).
 *
 * **Threads**: any thread. The new socket belongs to one thread at a time.
 *
 * **Source**: unix(7), bind(2).
 */
CMIO_API int cmio_unix_datagram_bind(struct cmio_unix_datagram *socket,
                                     const struct cmio_address *address);

/**
 * Makes a socket on a path, and replaces a socket file that an earlier process left there.
 *
 * The path is removed and bound anew if it is a socket file, not a link, and no socket is bound to
 * it any more. A socket that is alive does not notice that it was asked. Any other address than a
 * path is bound as by cmio_unix_datagram_bind().
 *
 * Everything else at the path makes the call fail with -EADDRINUSE and stays as it is:
 *
 * - a socket that listens or is about to listen, whether or not it has room for one more
 *   connection,
 * - another datagram socket that is open,
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
 * @param socket   Receives the socket. It must not be open.
 * @param address  The Unix address. Borrowed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which socket is untouched and no descriptor is open:
 * - -EINVAL: socket or address is NULL.
 * - -EAFNOSUPPORT: address is not a Unix address.
 * - -EADDRINUSE: anything else is at the path, another process was faster, the abstract name is
 *   taken, or the path is stale and so long that a name of seven characters beside it does not fit
 *   into an address.
 * - -ENOENT, -ENOTDIR: the directory of the path does not exist.
 * - -EACCES, -EROFS: the directory may not be written to or searched.
 * - -EPERM: the stale file belongs to another user, in a directory such as /tmp.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - -ENOMEM, -ENOBUFS: memory is short.
 * - Other errors of socket(2), bind(2), mkstemp(3), rename(2) and unlink(2).
 *
 * **Threads**: any thread. The new socket belongs to one thread at a time.
 *
 * **Source**: unix(7), bind(2), rename(2).
 */
CMIO_API int cmio_unix_datagram_bind_replacing_stale(struct cmio_unix_datagram *socket,
                                                     const struct cmio_address *address);

/**
 * Makes a socket without a name.
 *
 * It can send. It can receive once it is connected to a socket that can send to it.
 *
 * @param socket  Receives the socket. It must not be open.
 *
 * **Returns** 0.
 *
 * **Errors**, after which socket is untouched and no descriptor is open:
 * - -EINVAL: socket is NULL.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - -ENOMEM, -ENOBUFS: memory is short.
 * - Other errors of socket(2).
 *
 * **Threads**: any thread. The new socket belongs to one thread at a time.
 *
 * **Source**: socket(2), unix(7).
 */
CMIO_API int cmio_unix_datagram_unbound(struct cmio_unix_datagram *socket);

/**
 * Makes two sockets that are connected to each other.
 *
 * Neither has a name.
 *
 * @param a  Receives one socket. It must not be open.
 * @param b  Receives the other socket. It must not be open.
 *
 * **Returns** 0.
 *
 * **Errors**, after which a and b are untouched and no descriptor is open:
 * - -EINVAL: a or b is NULL, or both are one socket.
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - -ENOMEM, -ENOBUFS: memory is short.
 * - Other errors of socketpair(2).
 *
 * **Threads**: any thread. Each new socket belongs to one thread at a time.
 *
 * **Source**: socketpair(2).
 */
CMIO_API int cmio_unix_datagram_pair(struct cmio_unix_datagram *a, struct cmio_unix_datagram *b);

/**
 * Sets the peer, to which cmio_unix_datagram_send() sends.
 *
 * Calling it again with another address changes the peer.
 *
 * @param socket   The socket. Borrowed.
 * @param address  The Unix address of the peer. Borrowed.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: socket or address is NULL, or the address is unnamed.
 * - -EBADF: the socket is closed.
 * - -EAFNOSUPPORT: address is not a Unix address.
 * - -ENOENT: the path does not exist.
 * - -ECONNREFUSED: no socket is bound to the address any more.
 * - -EPROTOTYPE: the socket there is not a datagram socket.
 * - -EACCES: the socket file may not be written to, or a directory of the path may not be searched.
 * - -EPERM: the socket there is connected to another one.
 * - Other errors of connect(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: connect(2), unix(7).
 */
CMIO_API int cmio_unix_datagram_connect(struct cmio_unix_datagram *socket,
                                        const struct cmio_address *address);

/**
 * Adopts a Unix datagram socket.
 *
 * The descriptor becomes non-blocking and close-on-exec.
 *
 * @param socket  Receives the socket. It must not be open.
 * @param fd      The descriptor. On success it belongs to the socket, which closes it. On failure
 *                it stays the caller's.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave socket untouched:
 * - -EINVAL: socket is NULL, or fd is a socket of another type.
 * - -EBADF: fd is not an open descriptor.
 * - -ENOTSOCK: fd is not a socket.
 * - -EAFNOSUPPORT: the socket is not a Unix socket.
 * - Other errors of getsockname(2), getsockopt(2), setsockopt(2) and fcntl(2).
 *
 * **Threads**: any thread. The new socket belongs to one thread at a time.
 *
 * **Source**: fcntl(2), unix(7).
 */
CMIO_API int cmio_unix_datagram_from_fd(struct cmio_unix_datagram *socket, int fd);

/**
 * Deregisters the socket and gives its descriptor to the caller.
 *
 * The descriptor stays open, non-blocking and close-on-exec. The socket is closed afterwards.
 *
 * @param socket  The socket. Borrowed.
 *
 * **Returns** the descriptor, which the caller must close.
 *
 * **Errors**:
 * - -EINVAL: socket is NULL.
 * - -EBADF: the socket is closed.
 *
 * **Threads**: the thread that the socket belongs to.
 */
CMIO_API int cmio_unix_datagram_into_fd(struct cmio_unix_datagram *socket);

/**
 * Returns the descriptor of the socket.
 *
 * Do not close it. If a call of your own on it returns EAGAIN, call cmio_source_rearm().
 *
 * @param socket  The socket. Borrowed.
 *
 * **Returns** the descriptor, which still belongs to the socket.
 *
 * **Errors**:
 * - -EINVAL: socket is NULL.
 * - -EBADF: the socket is closed.
 *
 * **Threads**: the thread that the socket belongs to.
 */
CMIO_API int cmio_unix_datagram_fd(const struct cmio_unix_datagram *socket);

/**
 * Deregisters the socket, then closes its descriptor.
 *
 * A path that the socket was bound to stays, and nobody else can bind to it before unlink(2)
 * removes it.
 *
 * The socket is closed after this call, whatever it returns.
 *
 * @param socket  The socket. NULL, zeroed memory and a closed socket are allowed. Nothing happens
 *                then.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the socket is closed too:
 * - -EBADF: the program closed the descriptor by other means.
 * - Other errors of close(2), such as -EIO, or of deregistering.
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: close(2).
 */
CMIO_API int cmio_unix_datagram_close(struct cmio_unix_datagram *socket);

/**
 * Sends one datagram to the connected peer.
 *
 * A datagram is sent whole or not at all.
 *
 * On Linux an event follows when a connected peer has room again. No event follows -ENOBUFS, so try
 * again later.
 *
 * @param socket  The socket. Borrowed.
 * @param buffer  The bytes of the datagram. Borrowed. NULL is allowed if length is 0.
 * @param length  How many bytes there are. It may be 0.
 *
 * **Returns** length.
 *
 * **Errors**:
 * - -EINVAL: socket is NULL, or buffer is NULL and length is not 0.
 * - -EBADF: the socket is closed.
 * - -EAGAIN: the queue of the receiver or the send buffer is full.
 * - -ENOBUFS: the queue of the receiver is full, on the BSDs and macOS.
 * - -EMSGSIZE: length is more than the send buffer takes.
 * - -EPIPE: writing was shut down here or, on Linux, reading at the receiver.
 * - -ENOTCONN, -EDESTADDRREQ: the socket has no peer, or none any more.
 * - -ECONNREFUSED, -ECONNRESET: the peer is gone.
 * - Other errors of send(2).
 *
 * **Threads**: the thread that the socket belongs to. Another one may receive from the socket
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: send(2), unix(7).
 */
CMIO_API ssize_t cmio_unix_datagram_send(struct cmio_unix_datagram *socket, const void *buffer,
                                         size_t length);

/**
 * Sends one datagram to an address.
 *
 * A datagram is sent whole or not at all.
 *
 * Whether the socket is writable does not depend on the queue of a receiver that it is not
 * connected to. After -EAGAIN, events may come while that queue is still full. Connect the socket,
 * or try again later.
 *
 * @param socket   The socket. Borrowed.
 * @param buffer   The bytes of the datagram. Borrowed. NULL is allowed if length is 0.
 * @param length   How many bytes there are. It may be 0.
 * @param address  The Unix address of the receiver. Borrowed.
 *
 * **Returns** length.
 *
 * **Errors**:
 * - -EINVAL: socket or address is NULL, buffer is NULL and length is not 0, or the address is
 *   unnamed.
 * - -EBADF: the socket is closed.
 * - -EAFNOSUPPORT: address is not a Unix address.
 * - -EAGAIN: the queue of the receiver or the send buffer is full.
 * - -ENOBUFS: the queue of the receiver is full, on the BSDs and macOS.
 * - -EMSGSIZE: length is more than the send buffer takes.
 * - -EPIPE: writing was shut down here or, on Linux, reading at the receiver.
 * - -ENOENT: the path does not exist.
 * - -ECONNREFUSED: no socket is bound to the address any more.
 * - -EPROTOTYPE: the socket there is not a datagram socket.
 * - -EACCES: the socket file may not be written to, or a directory of the path may not be searched.
 * - -EPERM: the socket there is connected to another one.
 * - -EISCONN: the socket is connected, on the BSDs and macOS.
 * - Other errors of sendto(2).
 *
 * **Threads**: the thread that the socket belongs to. Another one may receive from the socket
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: sendto(2), unix(7).
 */
CMIO_API ssize_t cmio_unix_datagram_send_to(struct cmio_unix_datagram *socket, const void *buffer,
                                            size_t length, const struct cmio_address *address);

/**
 * Receives one datagram.
 *
 * After an event, receive until -EAGAIN. A datagram does not tell whether more wait behind it.
 *
 * If the datagram is longer than the buffer, the rest of it is lost. After reading was shut down,
 * the call returns 0 or, on Linux, -EAGAIN for ever.
 *
 * @param socket     The socket. Borrowed.
 * @param buffer     Receives the bytes. NULL is allowed if length is 0.
 * @param length     The size of buffer in bytes. It may be 0.
 * @param truncated  Receives whether the datagram was longer than the buffer. The BSDs set it also
 *                   for an empty datagram if length is 0. NULL is allowed.
 *
 * **Returns** how many bytes of the datagram are in buffer. 0 for an empty datagram.
 *
 * **Errors**, which leave truncated untouched:
 * - -EINVAL: socket is NULL, or buffer is NULL and length is not 0.
 * - -EBADF: the socket is closed.
 * - -EAGAIN: no datagram waits.
 * - -ECONNRESET: the peer of a pair is gone, on some systems.
 * - Other errors of recvmsg(2).
 *
 * **Threads**: the thread that the socket belongs to. Another one may send on the socket meanwhile,
 * as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: recvmsg(2), unix(7).
 */
CMIO_API ssize_t cmio_unix_datagram_recv(struct cmio_unix_datagram *socket, void *buffer,
                                         size_t length, bool *truncated);

/**
 * Receives one datagram and the address of its sender.
 *
 * After an event, receive until -EAGAIN. A datagram does not tell whether more wait behind it.
 *
 * If the datagram is longer than the buffer, the rest of it is lost. After reading was shut down,
 * the call returns 0 or, on Linux, -EAGAIN for ever.
 *
 * @param socket     The socket. Borrowed.
 * @param buffer     Receives the bytes. NULL is allowed if length is 0.
 * @param length     The size of buffer in bytes. It may be 0.
 * @param peer       Receives the address of the sender, which is unnamed if the sender is not
 *                   bound. NULL is allowed.
 * @param truncated  Receives whether the datagram was longer than the buffer. The BSDs set it also
 *                   for an empty datagram if length is 0. NULL is allowed.
 *
 * **Returns** how many bytes of the datagram are in buffer. 0 for an empty datagram.
 *
 * **Errors**, which leave peer and truncated untouched:
 * - -EINVAL: socket is NULL, or buffer is NULL and length is not 0.
 * - -EBADF: the socket is closed.
 * - -EAGAIN: no datagram waits.
 * - -ECONNRESET: the peer of a pair is gone, on some systems.
 * - Other errors of recvmsg(2).
 *
 * **Threads**: the thread that the socket belongs to. Another one may send on the socket meanwhile,
 * as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: recvmsg(2), unix(7).
 */
CMIO_API ssize_t cmio_unix_datagram_recv_from(struct cmio_unix_datagram *socket, void *buffer,
                                              size_t length, struct cmio_address *peer,
                                              bool *truncated);

/**
 * Copies the next datagram, and leaves it in place.
 *
 * The datagram stays whole in its place, also if it does not fit. The next call receives it.
 *
 * After reading was shut down, the call returns 0 or, on Linux, -EAGAIN for ever.
 *
 * @param socket     The socket. Borrowed.
 * @param buffer     Receives the bytes. NULL is allowed if length is 0.
 * @param length     The size of buffer in bytes. It may be 0.
 * @param truncated  Receives whether the datagram was longer than the buffer. The BSDs set it also
 *                   for an empty datagram if length is 0. NULL is allowed.
 *
 * **Returns** how many bytes of the datagram are in buffer. 0 for an empty datagram.
 *
 * **Errors**, which leave truncated untouched:
 * - -EINVAL: socket is NULL, or buffer is NULL and length is not 0.
 * - -EBADF: the socket is closed.
 * - -EAGAIN: no datagram waits.
 * - -ECONNRESET: the peer of a pair is gone, on some systems.
 * - Other errors of recvmsg(2).
 *
 * **Threads**: the thread that the socket belongs to. Another one may send on the socket meanwhile,
 * as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: MSG_PEEK, recvmsg(2).
 */
CMIO_API ssize_t cmio_unix_datagram_peek(struct cmio_unix_datagram *socket, void *buffer,
                                         size_t length, bool *truncated);

/**
 * Copies the next datagram and the address of its sender, and leaves it in place.
 *
 * The datagram stays whole in its place, also if it does not fit. The next call receives it.
 *
 * After reading was shut down, the call returns 0 or, on Linux, -EAGAIN for ever.
 *
 * @param socket     The socket. Borrowed.
 * @param buffer     Receives the bytes. NULL is allowed if length is 0.
 * @param length     The size of buffer in bytes. It may be 0.
 * @param peer       Receives the address of the sender, which is unnamed if the sender is not
 *                   bound. NULL is allowed.
 * @param truncated  Receives whether the datagram was longer than the buffer. The BSDs set it also
 *                   for an empty datagram if length is 0. NULL is allowed.
 *
 * **Returns** how many bytes of the datagram are in buffer. 0 for an empty datagram.
 *
 * **Errors**, which leave peer and truncated untouched:
 * - -EINVAL: socket is NULL, or buffer is NULL and length is not 0.
 * - -EBADF: the socket is closed.
 * - -EAGAIN: no datagram waits.
 * - -ECONNRESET: the peer of a pair is gone, on some systems.
 * - Other errors of recvmsg(2).
 *
 * **Threads**: the thread that the socket belongs to. Another one may send on the socket meanwhile,
 * as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: MSG_PEEK, recvmsg(2).
 */
CMIO_API ssize_t cmio_unix_datagram_peek_from(struct cmio_unix_datagram *socket, void *buffer,
                                              size_t length, struct cmio_address *peer,
                                              bool *truncated);

/**
 * Ends one direction of the socket, or both.
 *
 * @param socket  The socket. Borrowed.
 * @param how     What to end: CMIO_SHUTDOWN_READ, CMIO_SHUTDOWN_WRITE or CMIO_SHUTDOWN_BOTH.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: socket is NULL, or how is none of the three.
 * - -EBADF: the socket is closed.
 * - -ENOTCONN: the socket has no peer, if the system requires one.
 * - Other errors of shutdown(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: shutdown(2).
 */
CMIO_API int cmio_unix_datagram_shutdown(struct cmio_unix_datagram *socket, enum cmio_shutdown how);

/**
 * Gets the address that the socket is bound to.
 *
 * The address is unnamed if the socket is not bound.
 *
 * @param socket  The socket. Borrowed.
 * @param out     Receives the address.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: socket or out is NULL.
 * - -EBADF: the socket is closed.
 * - Other errors of getsockname(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: getsockname(2).
 */
CMIO_API int cmio_unix_datagram_local_address(const struct cmio_unix_datagram *socket,
                                              struct cmio_address *out);

/**
 * Gets the address of the connected peer.
 *
 * The address is unnamed if the peer is not bound.
 *
 * @param socket  The socket. Borrowed.
 * @param out     Receives the address.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: socket or out is NULL.
 * - -EBADF: the socket is closed.
 * - -ENOTCONN: the socket has no peer.
 * - Other errors of getpeername(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: getpeername(2).
 */
CMIO_API int cmio_unix_datagram_peer_address(const struct cmio_unix_datagram *socket,
                                             struct cmio_address *out);

/**
 * Returns the pending error of the socket and clears it.
 *
 * @param socket  The socket. Borrowed.
 *
 * **Returns** 0 if no error is pending.
 *
 * **Errors**:
 * - -EINVAL: socket is NULL.
 * - -EBADF: the socket is closed.
 * - Any other negative errno: the pending error.
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: SO_ERROR, socket(7).
 */
CMIO_API int cmio_unix_datagram_take_error(struct cmio_unix_datagram *socket);

CMIO_END_DECLS

#endif
