/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_SOCKET_H
#define CMIO_POSIX_SOCKET_H

/*
 * Sockets. Each function makes one system call and returns a count, a descriptor or 0, or -errno.
 * New descriptors are non-blocking and close-on-exec, atomically if the system can: see fresh.c.
 * Sending never raises SIGPIPE. Sending and receiving never block, even if somebody else made the
 * socket blocking (MSG_DONTWAIT). The exceptions are sendfile(2), accept(2) and connect(2), which
 * have no such flag.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "posix/descriptor.h"
#include "posix/features.h"
#include "posix/inline.h"

struct iovec;

int cmio__socket_open(int family, int type);

/* socketpair(2): two sockets connected to each other. fds is untouched on failure. */
int cmio__socket_pair(int family, int type, int fds[2]);

int cmio__socket_accept(int fd, struct sockaddr *peer, socklen_t *length);

/* The family of a socket's addresses: AF_INET, ... */
int cmio__socket_family(int fd);

/* Makes an adopted socket like one of ours. Returns -EINVAL if it is not of the given type. */
int cmio__socket_adopt(int fd, int type);

/* Turns SIGPIPE off if that is an option of the socket. */
int cmio__socket_no_sigpipe(int fd);

/* A connection in progress is success: EINPROGRESS, or EINTR according to POSIX. */
int cmio__socket_connect(int fd, const struct sockaddr *address, socklen_t length);

/*
 * Whether a connect(2) is over, one way or the other, for a stream socket without a peer: 1, or 0
 * while it is in progress. Returns -errno if poll(2) fails.
 */
int cmio__socket_is_settled(int fd);

int cmio__socket_bind(int fd, const struct sockaddr *address, socklen_t length);
int cmio__socket_listen(int fd, int backlog);
int cmio__socket_shutdown(int fd, int how);
int cmio__socket_local_name(int fd, struct sockaddr *out, socklen_t *length);
int cmio__socket_peer_name(int fd, struct sockaddr *out, socklen_t *length);

/* -ENOTSUP for option -1, which features.h defines for options that the system lacks. */
int cmio__socket_set_option(int fd, int level, int option, int value);
int cmio__socket_option(int fd, int level, int option, int *out);

/* Options of types other than int, which the BSDs enforce. */
int cmio__socket_set_byte_option(int fd, int level, int option, unsigned char value);
int cmio__socket_byte_option(int fd, int level, int option, unsigned char *out);
int cmio__socket_set_struct_option(int fd, int level, int option, const void *value,
                                   socklen_t size);

/* SO_LINGER in seconds; negative means off. */
int cmio__socket_set_linger(int fd, int seconds);
int cmio__socket_linger(int fd, int *out);

/* SO_ERROR: 0, or the pending error as a negative errno. */
int cmio__socket_take_error(int fd);

/*
 * The time to live of IPv4 packets, 1 to 255, and the hop limit of IPv6 packets. On a socket that
 * sends both, both are set. Reading returns the value that the socket's peer gets, or the hop limit
 * if peers may be of either kind.
 */
int cmio__socket_set_ttl(int fd, uint32_t ttl);
int cmio__socket_ttl(int fd, uint32_t *out);

CMIO__INLINE ssize_t cmio__socket_receive(int fd, void *buffer, size_t length, int flags) {
    const ssize_t count = recv(fd, buffer, length, flags | CMIO__MSG_DONTWAIT);
    return count < 0 ? cmio__last_error() : count;
}

CMIO__INLINE ssize_t cmio__socket_send(int fd, const void *buffer, size_t length) {
    const ssize_t count = send(fd, buffer, length, CMIO__SEND_FLAGS);
    return count < 0 ? cmio__last_error() : count;
}

/*
 * Sends from a file, without a copy if the system can (send_file_*.c), until length bytes are sent,
 * the file ends or the socket is full. Returns how many bytes were sent. An error that comes after
 * some bytes is left to the next call.
 */
ssize_t cmio__socket_send_file(int fd, int file, off_t offset, size_t length);

/* One system call that sends from a file. A count, 0 at the end of the file, or -errno. */
typedef ssize_t cmio__send_piece(int fd, int file, off_t offset, size_t length);

/*
 * cmio__socket_send_file() with a system's own call. If that returns -ENOTSUP, the rest goes
 * through a buffer.
 */
ssize_t cmio__socket_send_pieces(cmio__send_piece *send_piece, int fd, int file, off_t offset,
                                 size_t length);

/* cmio__socket_send_file() through a buffer alone. */
ssize_t cmio__socket_copy_file(int fd, int file, off_t offset, size_t length);

ssize_t cmio__socket_receive_vector(int fd, const struct iovec *buffers, int count);
ssize_t cmio__socket_send_vector(int fd, const struct iovec *buffers, int count);

/*
 * Receives one datagram and its sender. *length is the room for the address, and becomes its
 * length, or 0 if there is none. *truncated becomes whether the datagram did not fit. Outputs are
 * undefined on failure.
 */
ssize_t cmio__socket_receive_from(int fd, void *buffer, size_t size, int flags,
                                  struct sockaddr *peer, socklen_t *length, bool *truncated);

/* Sends one datagram to an address, or to the connected peer if address is NULL. */
ssize_t cmio__socket_send_to(int fd, const void *buffer, size_t size,
                             const struct sockaddr *address, socklen_t length);

#endif
