/* SPDX-License-Identifier: MIT */
#ifndef CMIO_UDP_SOCKET_H
#define CMIO_UDP_SOCKET_H

/**
 * @file
 * UDP sockets: sending and receiving datagrams, one at a time or in batches, and multicast.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmio/address.h>
#include <cmio/export.h>
#include <cmio/socket.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

/**
 * A UDP socket, connected to a peer or not.
 *
 * cmio_udp_socket_bind() or cmio_udp_socket_from_fd() makes a socket in the caller's memory. The
 * socket owns its descriptor, which is non-blocking and close-on-exec. cmio_udp_socket_close()
 * closes it. The struct may be moved if only one copy is used afterwards.
 *
 * Each call that sends or receives is one system call, except that a batch may need one for each
 * datagram. It never blocks, also if another holder of the socket cleared O_NONBLOCK
 * (MSG_DONTWAIT).
 *
 * The network may report errors (ICMP), such as -ECONNREFUSED. The next call on the socket returns
 * such an error, once, although it is not about the datagram of that call. The socket can be used
 * afterwards, and later datagrams arrive. Systems report these errors on connected sockets only.
 *
 * Zeroed memory is a closed socket. Closing it is allowed, and other calls fail with -EBADF.
 *
 * **Threads**: one thread at a time uses a socket. While the socket stays registered, or stays
 * unregistered, one thread may receive from it and another one send on it.
 *
 * **Source**: udp(7), RFC 768.
 */
struct cmio_udp_socket {
    /** What the registry takes: `&socket.source`. Its members are internal. */
    struct cmio_source source;
    /** Internal: an error that a batch left for the next call to return. 0 if there is none. */
    int kept_error;
};

/** How a socket is bound. Zeros are the defaults. */
struct cmio_udp_socket_options {
    /**
     * Whether other sockets that set this too may bind to the same address and port: SO_REUSEADDR.
     *
     * Several receivers of one multicast group need it. The system decides which of the sockets
     * gets a datagram: see socket(7).
     */
    bool reuse_address;
    /**
     * Whether several sockets share the port: SO_REUSEPORT, on FreeBSD SO_REUSEPORT_LB.
     *
     * Linux and FreeBSD spread datagrams over them by peer.
     */
    bool reuse_port;
    /**
     * Whether a socket on an IPv6 address exchanges datagrams with IPv4 peers too. Must be
     * CMIO_V6ONLY_DEFAULT for an IPv4 address. OpenBSD refuses CMIO_V6ONLY_OFF.
     */
    enum cmio_v6only v6only;
};

/**
 * Makes a socket that is bound to an address.
 *
 * For port 0 the system chooses a free port: see cmio_udp_socket_local_address().
 *
 * @param socket   Receives the socket. It must not be open.
 * @param address  The IPv4 or IPv6 address. Borrowed.
 * @param options  How to bind. Borrowed. NULL stands for the defaults.
 *
 * **Returns** 0.
 *
 * **Errors**, after which socket is untouched and no descriptor is open:
 * - -EINVAL: socket or address is NULL, v6only has no meaning, is not the default for an IPv4
 *   address or is refused by the system, or bind(2) refuses the address, for example a link-local
 *   IPv6 address without a scope.
 * - -EAFNOSUPPORT: address is neither an IPv4 nor an IPv6 address, or the system lacks its family.
 * - -ENOTSUP: reuse_port is set, and the system has no such option.
 * - -EADDRINUSE: another socket has the address, or no port is free.
 * - -EADDRNOTAVAIL: the address is not of this host.
 * - -EACCES: the port is privileged (ip(7)).
 * - -EMFILE, -ENFILE: the process or the system has reached its limit of descriptors.
 * - -ENOMEM, -ENOBUFS: memory is short.
 * - Other errors of socket(2), setsockopt(2) and bind(2).
 *
 * **Threads**: any thread. The new socket belongs to one thread at a time.
 *
 * **Source**: socket(2), bind(2).
 */
CMIO_API int cmio_udp_socket_bind(struct cmio_udp_socket *socket,
                                  const struct cmio_address *address,
                                  const struct cmio_udp_socket_options *options);

/**
 * Sets the peer, to which cmio_udp_socket_send() sends.
 *
 * From then on the socket receives only datagrams of the peer, and those that had arrived before.
 * Calling it again with another address changes the peer.
 *
 * @param socket   The socket. Borrowed.
 * @param address  The IPv4 or IPv6 address of the peer. Borrowed.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: socket or address is NULL, or connect(2) refuses the address, for example a link-local
 *   IPv6 address without a scope.
 * - -EBADF: the socket is closed.
 * - -EAFNOSUPPORT: address is neither an IPv4 nor an IPv6 address, or does not fit the socket.
 * - -EACCES: the address is a broadcast address. See cmio_udp_socket_set_broadcast().
 * - -ENETUNREACH, -EHOSTUNREACH: there is no route to the address.
 * - Other errors of connect(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: connect(2), udp(7).
 */
CMIO_API int cmio_udp_socket_connect(struct cmio_udp_socket *socket,
                                     const struct cmio_address *address);

/**
 * Adopts an IPv4 or IPv6 datagram socket.
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
 * - -EAFNOSUPPORT: the socket's family is neither IPv4 nor IPv6.
 * - Other errors of getsockname(2), getsockopt(2), setsockopt(2) and fcntl(2).
 *
 * **Threads**: any thread. The new socket belongs to one thread at a time.
 *
 * **Source**: fcntl(2), socket(7).
 */
CMIO_API int cmio_udp_socket_from_fd(struct cmio_udp_socket *socket, int fd);

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
CMIO_API int cmio_udp_socket_into_fd(struct cmio_udp_socket *socket);

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
CMIO_API int cmio_udp_socket_fd(const struct cmio_udp_socket *socket);

/**
 * Deregisters the socket, then closes its descriptor.
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
CMIO_API int cmio_udp_socket_close(struct cmio_udp_socket *socket);

/**
 * Sends one datagram to the connected peer.
 *
 * A datagram is sent whole or not at all. A pending error of the network may be returned in place
 * of the result: see struct cmio_udp_socket.
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
 * - -EAGAIN: the system has no room. An event follows when it has.
 * - -ENOBUFS: the system has no buffers. No event follows when it has, so try again later.
 * - -EMSGSIZE: length is more than the protocol or the path can carry.
 * - -EDESTADDRREQ, -ENOTCONN: the socket has no peer.
 * - -ECONNREFUSED: an earlier datagram was refused, as the network reported (ICMP).
 * - -EHOSTUNREACH, -ENETUNREACH: there is no route to the receiver, or the network reported so
 *   (ICMP).
 * - Other errors of send(2).
 *
 * **Threads**: the thread that the socket belongs to. Another one may receive from the socket
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: send(2), udp(7).
 */
CMIO_API ssize_t cmio_udp_socket_send(struct cmio_udp_socket *socket, const void *buffer,
                                      size_t length);

/**
 * Sends one datagram to an address.
 *
 * A datagram is sent whole or not at all. A pending error of the network may be returned in place
 * of the result: see struct cmio_udp_socket.
 *
 * @param socket   The socket. Borrowed.
 * @param buffer   The bytes of the datagram. Borrowed. NULL is allowed if length is 0.
 * @param length   How many bytes there are. It may be 0.
 * @param address  The IPv4 or IPv6 address of the receiver. Borrowed.
 *
 * **Returns** length.
 *
 * **Errors**:
 * - -EINVAL: socket or address is NULL, buffer is NULL and length is not 0, or, on Linux, the port
 *   is 0.
 * - -EBADF: the socket is closed.
 * - -EAFNOSUPPORT: address is neither an IPv4 nor an IPv6 address, or does not fit the socket.
 * - -EAGAIN: the system has no room. An event follows when it has.
 * - -ENOBUFS: the system has no buffers. No event follows when it has, so try again later.
 * - -EMSGSIZE: length is more than the protocol or the path can carry.
 * - -EACCES: the address is a broadcast address. See cmio_udp_socket_set_broadcast().
 * - -EISCONN: the socket is connected, on the BSDs and macOS.
 * - -ECONNREFUSED: an earlier datagram was refused, as the network reported (ICMP).
 * - -EHOSTUNREACH, -ENETUNREACH: there is no route to the receiver, or the network reported so
 *   (ICMP).
 * - Other errors of sendto(2).
 *
 * **Threads**: the thread that the socket belongs to. Another one may receive from the socket
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: sendto(2), udp(7).
 */
CMIO_API ssize_t cmio_udp_socket_send_to(struct cmio_udp_socket *socket, const void *buffer,
                                         size_t length, const struct cmio_address *address);

/**
 * Receives one datagram.
 *
 * After an event, receive until -EAGAIN. A datagram does not tell whether more wait behind it.
 *
 * If the datagram is longer than the buffer, the rest of it is lost. A pending error of the network
 * may be returned in place of the result: see struct cmio_udp_socket.
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
 * - -ECONNREFUSED: an earlier datagram was refused, as the network reported (ICMP).
 * - Other pending errors of the network, such as -EHOSTUNREACH, and other errors of recvmsg(2).
 *
 * **Threads**: the thread that the socket belongs to. Another one may send on the socket meanwhile,
 * as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: recvmsg(2), udp(7).
 */
CMIO_API ssize_t cmio_udp_socket_recv(struct cmio_udp_socket *socket, void *buffer, size_t length,
                                      bool *truncated);

/**
 * Receives one datagram and the address of its sender.
 *
 * After an event, receive until -EAGAIN. A datagram does not tell whether more wait behind it.
 *
 * If the datagram is longer than the buffer, the rest of it is lost. A pending error of the network
 * may be returned in place of the result: see struct cmio_udp_socket.
 *
 * @param socket     The socket. Borrowed.
 * @param buffer     Receives the bytes. NULL is allowed if length is 0.
 * @param length     The size of buffer in bytes. It may be 0.
 * @param peer       Receives the address of the sender. NULL is allowed.
 * @param truncated  Receives whether the datagram was longer than the buffer. The BSDs set it also
 *                   for an empty datagram if length is 0. NULL is allowed.
 *
 * **Returns** how many bytes of the datagram are in buffer. 0 for an empty datagram.
 *
 * **Errors**, which leave peer and truncated untouched:
 * - -EINVAL: socket is NULL, or buffer is NULL and length is not 0.
 * - -EBADF: the socket is closed.
 * - -EAGAIN: no datagram waits.
 * - -ECONNREFUSED: an earlier datagram was refused, as the network reported (ICMP).
 * - Other pending errors of the network, such as -EHOSTUNREACH, and other errors of recvmsg(2).
 *
 * **Threads**: the thread that the socket belongs to. Another one may send on the socket meanwhile,
 * as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: recvmsg(2), udp(7).
 */
CMIO_API ssize_t cmio_udp_socket_recv_from(struct cmio_udp_socket *socket, void *buffer,
                                           size_t length, struct cmio_address *peer,
                                           bool *truncated);

/**
 * Copies the next datagram, and leaves it in place.
 *
 * The datagram stays whole in its place, also if it does not fit. The next call receives it. A
 * pending error of the network may be returned in place of the result: see struct cmio_udp_socket.
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
 * - -ECONNREFUSED: an earlier datagram was refused, as the network reported (ICMP).
 * - Other pending errors of the network, such as -EHOSTUNREACH, and other errors of recvmsg(2).
 *
 * **Threads**: the thread that the socket belongs to. Another one may send on the socket meanwhile,
 * as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: MSG_PEEK, recvmsg(2).
 */
CMIO_API ssize_t cmio_udp_socket_peek(struct cmio_udp_socket *socket, void *buffer, size_t length,
                                      bool *truncated);

/**
 * Copies the next datagram and the address of its sender, and leaves it in place.
 *
 * The datagram stays whole in its place, also if it does not fit. The next call receives it. A
 * pending error of the network may be returned in place of the result: see struct cmio_udp_socket.
 *
 * @param socket     The socket. Borrowed.
 * @param buffer     Receives the bytes. NULL is allowed if length is 0.
 * @param length     The size of buffer in bytes. It may be 0.
 * @param peer       Receives the address of the sender. NULL is allowed.
 * @param truncated  Receives whether the datagram was longer than the buffer. The BSDs set it also
 *                   for an empty datagram if length is 0. NULL is allowed.
 *
 * **Returns** how many bytes of the datagram are in buffer. 0 for an empty datagram.
 *
 * **Errors**, which leave peer and truncated untouched:
 * - -EINVAL: socket is NULL, or buffer is NULL and length is not 0.
 * - -EBADF: the socket is closed.
 * - -EAGAIN: no datagram waits.
 * - -ECONNREFUSED: an earlier datagram was refused, as the network reported (ICMP).
 * - Other pending errors of the network, such as -EHOSTUNREACH, and other errors of recvmsg(2).
 *
 * **Threads**: the thread that the socket belongs to. Another one may send on the socket meanwhile,
 * as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: MSG_PEEK, recvmsg(2).
 */
CMIO_API ssize_t cmio_udp_socket_peek_from(struct cmio_udp_socket *socket, void *buffer,
                                           size_t length, struct cmio_address *peer,
                                           bool *truncated);

/** The limit of batches. */
enum {
    /** The most messages that one call for a batch uses. It ignores those after them. */
    CMIO_UDP_BATCH_MAX = 64,
};

/**
 * One datagram of a batch.
 *
 * It lives in the caller's memory, with its buffer, and owns nothing.
 */
struct cmio_udp_message {
    /**
     * The bytes to send, or where to receive them. Set by the caller. NULL is allowed if size is 0.
     */
    void *buffer;
    /** How many bytes to send, or how many fit into buffer. Set by the caller. */
    size_t size;
    /** After receiving: how many bytes of buffer were filled. Not used to send. */
    size_t length;
    /**
     * To send: the address of the receiver, set by the caller. Zeroed memory stands for the
     * connected peer.
     *
     * After receiving: the address of the sender.
     */
    struct cmio_address address;
    /**
     * After receiving: whether the datagram was longer than size, so that its rest is lost. The
     * BSDs set it also for an empty datagram if size is 0. Not used to send.
     */
    bool truncated;
};

/**
 * Receives several datagrams.
 *
 * It calls recvmmsg(2) once on Linux and OpenBSD, and recvmsg(2) for each datagram elsewhere.
 *
 * After an event, receive until -EAGAIN. A datagram does not tell whether more wait behind it.
 *
 * A result below count and CMIO_UDP_BATCH_MAX has one of these reasons: no more datagrams wait, the
 * next message has a NULL buffer with a size, or an error is pending. The next call that receives,
 * or cmio_udp_socket_take_error(), returns that error. On OpenBSD, datagrams that wait are received
 * before it.
 *
 * @param socket    The socket. Borrowed.
 * @param messages  The messages, whose buffer and size the caller has set. As many as the result
 *                  receive a datagram each. The others are untouched, except that bytes in their
 *                  buffers may change.
 * @param count     How many messages there are, at least 1. Only the first CMIO_UDP_BATCH_MAX are
 *                  used.
 *
 * **Returns** how many datagrams were received, at least 1.
 *
 * **Errors**:
 * - -EINVAL: socket or messages is NULL, count is 0, or the first message has a NULL buffer with a
 *   size.
 * - -EBADF: the socket is closed.
 * - -EAGAIN: no datagram waits.
 * - -ECONNREFUSED: an earlier datagram was refused, as the network reported (ICMP).
 * - Other pending errors of the network, such as -EHOSTUNREACH, and other errors of recvmmsg(2) or
 *   recvmsg(2).
 *
 * **Threads**: the thread that the socket belongs to. Another one may send on the socket meanwhile,
 * as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: recvmmsg(2), recvmsg(2).
 */
CMIO_API int cmio_udp_socket_recv_batch(struct cmio_udp_socket *socket,
                                        struct cmio_udp_message *messages, size_t count);

/**
 * Sends several datagrams in order.
 *
 * It calls sendmmsg(2) once on Linux and OpenBSD, and sendto(2) for each datagram elsewhere.
 *
 * If the result is below count, call again from the first message that was not sent. That call
 * returns what is wrong with it, or -EAGAIN.
 *
 * A pending error of the network may end a batch. A call that receives, or
 * cmio_udp_socket_take_error(), returns it then, but not on Linux and OpenBSD, whose sendmmsg(2)
 * forgets it.
 *
 * @param socket    The socket. Borrowed.
 * @param messages  The messages, whose buffer, size and address the caller has set. Borrowed.
 * @param count     How many messages there are, at least 1. Only the first CMIO_UDP_BATCH_MAX are
 *                  used.
 *
 * **Returns** how many datagrams were sent, at least 1.
 *
 * **Errors**, which are about the first message:
 * - -EINVAL: socket or messages is NULL, count is 0, the message has a NULL buffer with a size, or,
 *   on Linux, the port is 0.
 * - -EBADF: the socket is closed.
 * - -EAFNOSUPPORT: the address is neither an IPv4 nor an IPv6 address, or does not fit the socket.
 * - -EAGAIN: the system has no room. An event follows when it has.
 * - -ENOBUFS: the system has no buffers. No event follows when it has, so try again later.
 * - -EMSGSIZE: the datagram is longer than the protocol or the path can carry.
 * - -EACCES: the address is a broadcast address. See cmio_udp_socket_set_broadcast().
 * - -EDESTADDRREQ, -ENOTCONN: the message has no address, and the socket has no peer.
 * - -EISCONN: the message has an address, and the socket is connected, on the BSDs and macOS.
 * - -ECONNREFUSED: an earlier datagram was refused, as the network reported (ICMP).
 * - -EHOSTUNREACH, -ENETUNREACH: there is no route to the receiver, or the network reported so
 *   (ICMP).
 * - Other errors of sendmmsg(2) or sendto(2).
 *
 * **Threads**: the thread that the socket belongs to. Another one may receive from the socket
 * meanwhile, as long as neither registers, reregisters or deregisters it.
 *
 * **Source**: sendmmsg(2), sendto(2).
 */
CMIO_API int cmio_udp_socket_send_batch(struct cmio_udp_socket *socket,
                                        const struct cmio_udp_message *messages, size_t count);

/**
 * Gets the address that the socket is bound to.
 *
 * The port is the real one, also if it was bound to port 0.
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
CMIO_API int cmio_udp_socket_local_address(const struct cmio_udp_socket *socket,
                                           struct cmio_address *out);

/**
 * Gets the address of the connected peer.
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
CMIO_API int cmio_udp_socket_peer_address(const struct cmio_udp_socket *socket,
                                          struct cmio_address *out);

/**
 * Returns the pending error of the socket and clears it.
 *
 * It may be an error of the network (ICMP), or an error that a batch left.
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
CMIO_API int cmio_udp_socket_take_error(struct cmio_udp_socket *socket);

/**
 * Sets whether the socket may send to broadcast addresses.
 *
 * It is off in a new socket, and sending to such an address fails with -EACCES.
 *
 * @param socket   The socket. Borrowed.
 * @param enabled  Whether to allow it.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: socket is NULL.
 * - -EBADF: the socket is closed.
 * - Other errors of setsockopt(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: SO_BROADCAST, socket(7).
 */
CMIO_API int cmio_udp_socket_set_broadcast(struct cmio_udp_socket *socket, bool enabled);

/**
 * Gets whether the socket may send to broadcast addresses.
 *
 * It is off in a new socket.
 *
 * @param socket  The socket. Borrowed.
 * @param out     Receives whether it is allowed.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: socket or out is NULL.
 * - -EBADF: the socket is closed.
 * - Other errors of getsockopt(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: SO_BROADCAST, socket(7).
 */
CMIO_API int cmio_udp_socket_broadcast(const struct cmio_udp_socket *socket, bool *out);

/**
 * Sets the time to live of the unicast packets that the socket sends.
 *
 * The number is the hop limit for IPv6. An IPv6 socket that is not for IPv6 alone also sends to
 * IPv4 peers, and the number is set for both.
 *
 * @param socket  The socket. Borrowed.
 * @param ttl     How many hops a packet may take, 1 to 255.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: socket is NULL, or ttl is out of range.
 * - -EBADF: the socket is closed.
 * - Other errors of setsockopt(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: IP_TTL, ip(7). IPV6_UNICAST_HOPS, ipv6(7).
 */
CMIO_API int cmio_udp_socket_set_ttl(struct cmio_udp_socket *socket, uint32_t ttl);

/**
 * Gets the time to live of the unicast packets that the socket sends.
 *
 * The number is the hop limit for IPv6.
 *
 * @param socket  The socket. Borrowed.
 * @param out     Receives the number of hops, 1 to 255.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: socket or out is NULL.
 * - -EBADF: the socket is closed.
 * - Other errors of getsockopt(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: IP_TTL, ip(7). IPV6_UNICAST_HOPS, ipv6(7).
 */
CMIO_API int cmio_udp_socket_ttl(const struct cmio_udp_socket *socket, uint32_t *out);

/**
 * Sets whether IPv4 multicast datagrams that are sent come back to the members on this host.
 *
 * It is on in a new socket.
 *
 * On an IPv6 socket the option is for groups inside IPv6 addresses, such as "::ffff:224.0.0.1", if
 * the system sends to those (Linux). Other systems refuse the call (FreeBSD).
 *
 * @param socket   The socket. Borrowed.
 * @param enabled  Whether they come back.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: socket is NULL.
 * - -EBADF: the socket is closed.
 * - Other errors of setsockopt(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: IP_MULTICAST_LOOP, ip(7).
 */
CMIO_API int cmio_udp_socket_set_multicast_loop_v4(struct cmio_udp_socket *socket, bool enabled);

/**
 * Gets whether IPv4 multicast datagrams that are sent come back to the members on this host.
 *
 * On an IPv6 socket the option is for groups inside IPv6 addresses, such as "::ffff:224.0.0.1", if
 * the system sends to those (Linux). Other systems refuse the call (FreeBSD).
 *
 * @param socket  The socket. Borrowed.
 * @param out     Receives whether they come back.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: socket or out is NULL.
 * - -EBADF: the socket is closed.
 * - Other errors of getsockopt(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: IP_MULTICAST_LOOP, ip(7).
 */
CMIO_API int cmio_udp_socket_multicast_loop_v4(const struct cmio_udp_socket *socket, bool *out);

/**
 * Sets the time to live of the IPv4 multicast packets that the socket sends.
 *
 * It is 1 in a new socket.
 *
 * On an IPv6 socket the option is for groups inside IPv6 addresses, such as "::ffff:224.0.0.1", if
 * the system sends to those (Linux). Other systems refuse the call (FreeBSD).
 *
 * @param socket  The socket. Borrowed.
 * @param ttl     How many hops a packet may take, 0 (this host only) to 255.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: socket is NULL, or ttl is out of range.
 * - -EBADF: the socket is closed.
 * - Other errors of setsockopt(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: IP_MULTICAST_TTL, ip(7).
 */
CMIO_API int cmio_udp_socket_set_multicast_ttl_v4(struct cmio_udp_socket *socket, uint32_t ttl);

/**
 * Gets the time to live of the IPv4 multicast packets that the socket sends.
 *
 * On an IPv6 socket the option is for groups inside IPv6 addresses, such as "::ffff:224.0.0.1", if
 * the system sends to those (Linux). Other systems refuse the call (FreeBSD).
 *
 * @param socket  The socket. Borrowed.
 * @param out     Receives the number of hops, 0 (this host only) to 255.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: socket or out is NULL.
 * - -EBADF: the socket is closed.
 * - Other errors of getsockopt(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: IP_MULTICAST_TTL, ip(7).
 */
CMIO_API int cmio_udp_socket_multicast_ttl_v4(const struct cmio_udp_socket *socket, uint32_t *out);

/**
 * Sets whether IPv6 multicast datagrams that are sent come back to the members on this host.
 *
 * It is on in a new socket.
 *
 * The system refuses the call for an IPv4 socket.
 *
 * @param socket   The socket. Borrowed.
 * @param enabled  Whether they come back.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: socket is NULL.
 * - -EBADF: the socket is closed.
 * - Other errors of setsockopt(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: IPV6_MULTICAST_LOOP, ipv6(7).
 */
CMIO_API int cmio_udp_socket_set_multicast_loop_v6(struct cmio_udp_socket *socket, bool enabled);

/**
 * Gets whether IPv6 multicast datagrams that are sent come back to the members on this host.
 *
 * The system refuses the call for an IPv4 socket.
 *
 * @param socket  The socket. Borrowed.
 * @param out     Receives whether they come back.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: socket or out is NULL.
 * - -EBADF: the socket is closed.
 * - Other errors of getsockopt(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: IPV6_MULTICAST_LOOP, ipv6(7).
 */
CMIO_API int cmio_udp_socket_multicast_loop_v6(const struct cmio_udp_socket *socket, bool *out);

/**
 * Joins an IPv4 multicast group on one interface.
 *
 * @param socket             The socket. Borrowed.
 * @param group              The IPv4 address of the group. Borrowed. Its port is ignored.
 * @param interface_address  An IPv4 address of the interface to use. Borrowed. Its port is ignored.
 *                           With NULL the system chooses the interface by its routes.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: socket or group is NULL, or group is not a multicast address.
 * - -EBADF: the socket is closed.
 * - -EAFNOSUPPORT: group or interface_address is not an IPv4 address.
 * - -ENODEV, -EADDRNOTAVAIL, -ENETUNREACH: there is no such interface, or no route to the group.
 * - -EADDRINUSE: the socket is a member already.
 * - -ENOBUFS: the socket is a member of too many groups, on Linux.
 * - Other errors of setsockopt(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: IP_ADD_MEMBERSHIP, ip(7).
 */
CMIO_API int cmio_udp_socket_join_multicast_v4(struct cmio_udp_socket *socket,
                                               const struct cmio_address *group,
                                               const struct cmio_address *interface_address);

/**
 * Leaves an IPv4 multicast group on one interface.
 *
 * @param socket             The socket. Borrowed.
 * @param group              The IPv4 address of the group. Borrowed. Its port is ignored.
 * @param interface_address  An IPv4 address of the interface to use. Borrowed. Its port is ignored.
 *                           With NULL the system chooses the interface by its routes.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: socket or group is NULL, or, on systems other than Linux, group is not a multicast
 *   address.
 * - -EBADF: the socket is closed.
 * - -EAFNOSUPPORT: group or interface_address is not an IPv4 address.
 * - -EADDRNOTAVAIL, -ENODEV, -ENETUNREACH: the socket is not a member, or there is no such
 *   interface or route.
 * - Other errors of setsockopt(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: IP_DROP_MEMBERSHIP, ip(7).
 */
CMIO_API int cmio_udp_socket_leave_multicast_v4(struct cmio_udp_socket *socket,
                                                const struct cmio_address *group,
                                                const struct cmio_address *interface_address);

/**
 * Joins an IPv6 multicast group on one interface.
 *
 * @param socket           The socket. Borrowed.
 * @param group            The IPv6 address of the group. Borrowed. Its port and scope are ignored.
 * @param interface_index  The index of the interface to use, as from if_nametoindex(3). With 0 the
 *                         system chooses the interface.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: socket or group is NULL, or group is not a multicast address.
 * - -EBADF: the socket is closed.
 * - -EAFNOSUPPORT: group is not an IPv6 address.
 * - -ENODEV, -EADDRNOTAVAIL, -ENETUNREACH: there is no such interface, or no route to the group.
 * - -EADDRINUSE: the socket is a member already.
 * - -ENOPROTOOPT: the socket is an IPv4 socket. Some systems return another error.
 * - -ENOMEM: the socket is a member of too many groups, on Linux.
 * - Other errors of setsockopt(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: IPV6_JOIN_GROUP, RFC 3493.
 */
CMIO_API int cmio_udp_socket_join_multicast_v6(struct cmio_udp_socket *socket,
                                               const struct cmio_address *group,
                                               uint32_t interface_index);

/**
 * Leaves an IPv6 multicast group on one interface.
 *
 * @param socket           The socket. Borrowed.
 * @param group            The IPv6 address of the group. Borrowed. Its port and scope are ignored.
 * @param interface_index  The index of the interface to use, as from if_nametoindex(3). With 0 the
 *                         system chooses the interface.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: socket or group is NULL, or group is not a multicast address.
 * - -EBADF: the socket is closed.
 * - -EAFNOSUPPORT: group is not an IPv6 address.
 * - -EADDRNOTAVAIL, -ENODEV, -ENETUNREACH: the socket is not a member, or there is no such
 *   interface or route.
 * - -ENOPROTOOPT: the socket is an IPv4 socket. Some systems return another error.
 * - Other errors of setsockopt(2).
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: IPV6_LEAVE_GROUP, RFC 3493.
 */
CMIO_API int cmio_udp_socket_leave_multicast_v6(struct cmio_udp_socket *socket,
                                                const struct cmio_address *group,
                                                uint32_t interface_index);

/**
 * Gets whether an IPv6 socket exchanges datagrams with IPv6 peers alone.
 *
 * @param socket  The socket. Borrowed.
 * @param out     Receives whether it does.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: socket or out is NULL.
 * - -EBADF: the socket is closed.
 * - Other errors of getsockopt(2), also for an IPv4 socket: -ENOTSUP on Linux.
 *
 * **Threads**: the thread that the socket belongs to.
 *
 * **Source**: IPV6_V6ONLY, ipv6(7).
 */
CMIO_API int cmio_udp_socket_v6only(const struct cmio_udp_socket *socket, bool *out);

CMIO_END_DECLS

#endif
