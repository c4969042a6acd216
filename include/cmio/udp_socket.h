/* SPDX-License-Identifier: MIT */
#ifndef CMIO_UDP_SOCKET_H
#define CMIO_UDP_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmio/address.h>
#include <cmio/export.h>
#include <cmio/socket.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

/*
 * A UDP socket (udp(7), RFC 768), connected to a peer or not. The descriptor is non-blocking and
 * close-on-exec, and owned. Each datagram is one system call, which never blocks, also where
 * somebody who shares the socket cleared O_NONBLOCK (MSG_DONTWAIT). A struct of zeros may be
 * closed, and is good for nothing else. Every call below says -EINVAL for a null argument that is
 * not said to be optional, and -EBADF for a closed socket.
 *
 * After an event, receive until -EAGAIN: a datagram says nothing about those behind it.
 *
 * Errors that the network reports (ICMP), such as -ECONNREFUSED, come from the next call, once, and
 * are not about that call's datagram. The socket works on: later datagrams arrive. Systems report
 * them on connected sockets alone.
 */
struct cmio_udp_socket {
    struct cmio_source source;
    int kept_error;
};

/* How to bind. Zeros are the defaults. */
struct cmio_udp_socket_options {
    /*
     * SO_REUSEADDR: others that say so too may bind the same address and port, as several receivers
     * of one multicast group do. Who gets what is then the system's affair: socket(7).
     */
    bool reuse_address;
    /*
     * SO_REUSEPORT: several sockets share the port and, on Linux and FreeBSD, datagrams are spread
     * over them by peer. -ENOTSUP where there is none.
     */
    bool reuse_port;
    /* For an IPv6 address; -EINVAL for IPv4 unless it is the default. */
    enum cmio_v6only v6only;
};

/*
 * Binds to an address. Port 0 takes a free one: see cmio_udp_socket_local_address(). options may be
 * NULL. Errors: -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -EMFILE and others of socket(2) and bind(2);
 * -EAFNOSUPPORT for a Unix address. On failure socket is untouched and nothing is open.
 */
CMIO_API int cmio_udp_socket_bind(struct cmio_udp_socket *socket,
                                  const struct cmio_address *address,
                                  const struct cmio_udp_socket_options *options);

/*
 * Sets the peer: send goes there, and only what comes from there is received, but for what had
 * arrived before. Again with another address changes it. Errors: -EAFNOSUPPORT for a Unix address;
 * what connect(2) says.
 */
CMIO_API int cmio_udp_socket_connect(struct cmio_udp_socket *socket,
                                     const struct cmio_address *address);

/*
 * Adopts a datagram socket of IPv4 or IPv6: it is made non-blocking and close-on-exec, and belongs
 * to socket from then on. On failure it stays the caller's: -EBADF, -ENOTSOCK, -EAFNOSUPPORT for a
 * socket of another family, or -EINVAL for one of another type.
 */
CMIO_API int cmio_udp_socket_from_fd(struct cmio_udp_socket *socket, int fd);

/* Deregisters and closes the socket but for its descriptor, which it returns: the caller's now. */
CMIO_API int cmio_udp_socket_into_fd(struct cmio_udp_socket *socket);

/* The descriptor: borrowed. */
CMIO_API int cmio_udp_socket_fd(const struct cmio_udp_socket *socket);

/*
 * Deregisters, then closes. NULL, a zeroed or closed socket is allowed: 0. The socket is closed
 * whatever comes back: 0, or what deregister or close(2) had to say.
 */
CMIO_API int cmio_udp_socket_close(struct cmio_udp_socket *socket);

/*
 * Sends length bytes as one datagram to the connected peer: send(2). Returns length, as a datagram
 * goes whole or not at all; -EAGAIN when the system has no room, and an event when it has;
 * -EMSGSIZE for more than the protocol or the path can carry; -EDESTADDRREQ or -ENOTCONN without a
 * peer; -ENOBUFS where the system has no buffers and knows no event for when it has (try again
 * later); a pending error, as above. length may be 0.
 */
CMIO_API ssize_t cmio_udp_socket_send(struct cmio_udp_socket *socket, const void *buffer,
                                      size_t length);

/*
 * The same to any address: sendto(2). -EAFNOSUPPORT for a Unix address. A connected socket may say
 * -EISCONN, as the BSDs and macOS do.
 */
CMIO_API ssize_t cmio_udp_socket_send_to(struct cmio_udp_socket *socket, const void *buffer,
                                         size_t length, const struct cmio_address *address);

/*
 * Receives one datagram: recvmsg(2). Returns its length, of which 0 is one that is empty; -EAGAIN
 * when there is none; a pending error, as above.
 *
 * If the datagram is longer than the buffer, the rest of it is lost, and the length of what fits is
 * returned. *truncated says whether that happened; NULL if you do not want to know. It is untouched
 * on failure.
 */
CMIO_API ssize_t cmio_udp_socket_recv(struct cmio_udp_socket *socket, void *buffer, size_t length,
                                      bool *truncated);

/*
 * Receives one datagram like cmio_udp_socket_recv() and gives its sender in *peer, which is
 * untouched on failure. peer may be NULL, and so may truncated.
 */
CMIO_API ssize_t cmio_udp_socket_recv_from(struct cmio_udp_socket *socket, void *buffer,
                                           size_t length, struct cmio_address *peer,
                                           bool *truncated);

/*
 * Copies the datagram like cmio_udp_socket_recv(), but leaves it in place as a whole, also if it
 * does not fit: the next call receives it. MSG_PEEK. truncated may be NULL.
 */
CMIO_API ssize_t cmio_udp_socket_peek(struct cmio_udp_socket *socket, void *buffer, size_t length,
                                      bool *truncated);

/*
 * Copies the datagram and its sender like cmio_udp_socket_recv_from(), but leaves the datagram in
 * place: the next call receives it. MSG_PEEK. peer and truncated may be NULL.
 */
CMIO_API ssize_t cmio_udp_socket_peek_from(struct cmio_udp_socket *socket, void *buffer,
                                           size_t length, struct cmio_address *peer,
                                           bool *truncated);

/* How many messages of a batch one call looks at: of more, only the first so many. */
enum { CMIO_UDP_BATCH_MAX = 64 };

/* One datagram of a batch. */
struct cmio_udp_message {
    void *buffer;  /* in: what is sent, or where to receive; NULL only if size is 0 */
    size_t size;   /* in: how many bytes are sent, or fit into buffer */
    size_t length; /* receiving, out: how many bytes of buffer were filled */
    /*
     * Sending, in: where to; zeros (a length of 0) mean the connected peer. Receiving, out: who
     * sent it.
     */
    struct cmio_address address;
    bool truncated; /* receiving, out: the datagram was longer than size, and its rest is lost */
};

/*
 * Receives up to count datagrams, one a message: recvmmsg(2) where the kernel has a good one,
 * otherwise one recvmsg(2) each. Returns how many, at least 1; -EAGAIN when there is none; a
 * pending error; -EINVAL for count 0 or a null buffer with a size. Fewer than count (and than
 * CMIO_UDP_BATCH_MAX) were all that there was, or the next message was not good to receive into,
 * or an error came behind them, which the next call that receives, or take_error, reports. The
 * messages behind the returned number are untouched, but for bytes in their buffers.
 */
CMIO_API int cmio_udp_socket_recv_batch(struct cmio_udp_socket *socket,
                                        struct cmio_udp_message *messages, size_t count);

/*
 * Sends up to count datagrams, in order: sendmmsg(2) where the kernel has it, otherwise one
 * sendmsg(2) each. Returns how many went out, at least 1, or why the first did not: as
 * cmio_udp_socket_send_to() has it; -EINVAL for count 0 or a null buffer with a size. After fewer
 * than count call again from the one that was not sent: that says what is wrong with it (or
 * -EAGAIN). A pending error of the socket may end a batch and is then reported by a call that
 * receives or by take_error, but not on Linux and OpenBSD, whose sendmmsg(2) forgets it.
 */
CMIO_API int cmio_udp_socket_send_batch(struct cmio_udp_socket *socket,
                                        const struct cmio_udp_message *messages, size_t count);

/* This end's address, and the other's (-ENOTCONN where it is not connected). */
CMIO_API int cmio_udp_socket_local_address(const struct cmio_udp_socket *socket,
                                           struct cmio_address *out);
CMIO_API int cmio_udp_socket_peer_address(const struct cmio_udp_socket *socket,
                                          struct cmio_address *out);

/* 0, or the pending error of the socket as a negative errno, which is cleared: SO_ERROR. */
CMIO_API int cmio_udp_socket_take_error(struct cmio_udp_socket *socket);

/* SO_BROADCAST: whether broadcast addresses may be sent to. Off in a new socket: -EACCES. */
CMIO_API int cmio_udp_socket_set_broadcast(struct cmio_udp_socket *socket, bool enabled);
CMIO_API int cmio_udp_socket_broadcast(const struct cmio_udp_socket *socket, bool *out);

/*
 * The time to live (IPv6: the hop limit) of unicast packets that are sent, 1 to 255; -EINVAL
 * otherwise. An IPv6 socket that is not IPv6 alone sends to IPv4 peers too: both are set.
 */
CMIO_API int cmio_udp_socket_set_ttl(struct cmio_udp_socket *socket, uint32_t ttl);
CMIO_API int cmio_udp_socket_ttl(const struct cmio_udp_socket *socket, uint32_t *out);

/*
 * IP_MULTICAST_LOOP, ip(7): whether multicast datagrams that are sent come back to the members on
 * this host. On in a new socket. The options of multicast are for one family each, as their names
 * say. On an IPv6 socket that of IPv4 is for groups such as ::ffff:224.0.0.1, where the system
 * sends to those (Linux), or refused (FreeBSD), like the next two.
 */
CMIO_API int cmio_udp_socket_set_multicast_loop_v4(struct cmio_udp_socket *socket, bool enabled);
CMIO_API int cmio_udp_socket_multicast_loop_v4(const struct cmio_udp_socket *socket, bool *out);

/* IP_MULTICAST_TTL, ip(7): 0 (this host) to 255; -EINVAL otherwise. 1 in a new socket. */
CMIO_API int cmio_udp_socket_set_multicast_ttl_v4(struct cmio_udp_socket *socket, uint32_t ttl);
CMIO_API int cmio_udp_socket_multicast_ttl_v4(const struct cmio_udp_socket *socket, uint32_t *out);

/* IPV6_MULTICAST_LOOP, ipv6(7): the same as IP_MULTICAST_LOOP. The system refuses it on IPv4. */
CMIO_API int cmio_udp_socket_set_multicast_loop_v6(struct cmio_udp_socket *socket, bool enabled);
CMIO_API int cmio_udp_socket_multicast_loop_v6(const struct cmio_udp_socket *socket, bool *out);

/*
 * Joins or leaves an IPv4 multicast group: IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP.
 * interface_address is an address of the interface to use; NULL lets the system choose by its routes. Ports are ignored. Errors:
 * -EINVAL for a group that is no multicast address (or what the next say, to leave it);
 * -EAFNOSUPPORT where an address is no IPv4 one; -ENODEV, -EADDRNOTAVAIL or -ENETUNREACH where
 * there is no such interface or route, or the socket is no member; -EADDRINUSE where it is one
 * already.
 */
CMIO_API int cmio_udp_socket_join_multicast_v4(struct cmio_udp_socket *socket,
                                               const struct cmio_address *group,
                                               const struct cmio_address *interface_address);
CMIO_API int cmio_udp_socket_leave_multicast_v4(struct cmio_udp_socket *socket,
                                                const struct cmio_address *group,
                                                const struct cmio_address *interface_address);

/*
 * The same for IPv6: IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP, RFC 3493. The interface is given by its
 * index (if_nametoindex(3)); 0 lets the system choose. The group's port and scope are ignored. An
 * IPv4 socket says -ENOPROTOOPT or another error of setsockopt(2).
 */
CMIO_API int cmio_udp_socket_join_multicast_v6(struct cmio_udp_socket *socket,
                                               const struct cmio_address *group,
                                               uint32_t interface_index);
CMIO_API int cmio_udp_socket_leave_multicast_v6(struct cmio_udp_socket *socket,
                                                const struct cmio_address *group,
                                                uint32_t interface_index);

/* IPV6_V6ONLY: whether an IPv6 socket takes IPv6 alone. What getsockopt(2) says of an IPv4 one. */
CMIO_API int cmio_udp_socket_v6only(const struct cmio_udp_socket *socket, bool *out);

CMIO_END_DECLS

#endif
