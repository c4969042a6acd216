/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_SOCKET_H
#define CMIO_POSIX_SOCKET_H

/*
 * Sockets, one system call a function: a count, a descriptor or 0, or -errno. New descriptors are
 * non-blocking and close-on-exec, atomically where the system can: see fresh.c. Sending never raises
 * SIGPIPE. Sending and receiving never
 * block, also where somebody else made the socket blocking (MSG_DONTWAIT): the exceptions are
 * sendfile(2), accept(2) and connect(2), which have no such flag.
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

/* Two sockets connected to each other: socketpair(2). fds is untouched on failure. */
int cmio__socket_pair(int family, int type, int fds[2]);

int cmio__socket_accept(int fd, struct sockaddr *peer, socklen_t *length);

/* The family of a socket's addresses: AF_INET, ... */
int cmio__socket_family(int fd);

/* Makes an adopted socket like one of ours. -EINVAL when it is not of the given type. */
int cmio__socket_adopt(int fd, int type);

/* Turns SIGPIPE off where that is an option of the socket. */
int cmio__socket_no_sigpipe(int fd);

/* Under way (EINPROGRESS, or EINTR as POSIX has it) is success. */
int cmio__socket_connect(int fd, const struct sockaddr *address, socklen_t length);

/*
 * Whether a connect(2) is over, one way or the other, of a stream socket that has no peer: 1, or 0
 * while it is under way. -errno when poll(2) could not tell.
 */
int cmio__socket_is_settled(int fd);

int cmio__socket_bind(int fd, const struct sockaddr *address, socklen_t length);
int cmio__socket_listen(int fd, int backlog);
int cmio__socket_shutdown(int fd, int how);
int cmio__socket_local_name(int fd, struct sockaddr *out, socklen_t *length);
int cmio__socket_peer_name(int fd, struct sockaddr *out, socklen_t *length);

/* -ENOTSUP for an option of -1, which features.h gives those that the system lacks. */
int cmio__socket_set_option(int fd, int level, int option, int value);
int cmio__socket_option(int fd, int level, int option, int *out);

/* Options of other types than int, which the BSDs are strict about. */
int cmio__socket_set_byte_option(int fd, int level, int option, unsigned char value);
int cmio__socket_byte_option(int fd, int level, int option, unsigned char *out);
int cmio__socket_set_struct_option(int fd, int level, int option, const void *value,
                                   socklen_t size);

/* SO_LINGER in seconds; negative: off. */
int cmio__socket_set_linger(int fd, int seconds);
int cmio__socket_linger(int fd, int *out);

/* 0, or the pending error, negative: SO_ERROR. */
int cmio__socket_take_error(int fd);

/*
 * The time to live of IPv4 packets, 1 to 255, and the hop limit of IPv6 ones: of a socket that
 * sends both, both are set. Reading tells the one that its peer gets, or the hop limit where peers
 * may be of either.
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
 * Sends from a file, without a copy where the system can (send_file_*.c), until all of length was
 * sent, the file has ended or the socket is full. How many bytes were sent; an error that came
 * after some is left for the next call to tell.
 */
ssize_t cmio__socket_send_file(int fd, int file, off_t offset, size_t length);

/* One call of the system's that sends from a file: a count, 0 at the end of the file, or -errno. */
typedef ssize_t cmio__send_piece(int fd, int file, off_t offset, size_t length);

/*
 * The same with a system's own call for it. Where that says -ENOTSUP, the rest goes through a
 * buffer.
 */
ssize_t cmio__socket_send_pieces(cmio__send_piece *send_piece, int fd, int file, off_t offset,
                                 size_t length);

/* The same through a buffer alone. */
ssize_t cmio__socket_copy_file(int fd, int file, off_t offset, size_t length);

ssize_t cmio__socket_receive_vector(int fd, const struct iovec *buffers, int count);
ssize_t cmio__socket_send_vector(int fd, const struct iovec *buffers, int count);

/*
 * One datagram, and who sent it: *length is the room for the address, and then its length, 0 where
 * there is none. *truncated says whether it did not fit. What is given out is undefined on failure.
 */
ssize_t cmio__socket_receive_from(int fd, void *buffer, size_t size, int flags,
                                  struct sockaddr *peer, socklen_t *length, bool *truncated);

/* One datagram to an address, or to the connected peer where it is NULL. */
ssize_t cmio__socket_send_to(int fd, const void *buffer, size_t size,
                             const struct sockaddr *address, socklen_t length);

#endif
