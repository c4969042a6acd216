/* SPDX-License-Identifier: MIT */
#ifndef CMIO_NET_SOCKET_H
#define CMIO_NET_SOCKET_H

/*
 * What the socket types share. These functions check for null and closed sources, take addresses as
 * struct cmio_address, and pass every result of I/O that the backend must know of to
 * cmio__source_io() of core/source.h.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cmio/address.h>
#include <cmio/socket.h>
#include <cmio/source.h>

#include "core/source.h"
#include "posix/inline.h"
#include "posix/socket.h"

struct iovec;

/* Where the system writes addresses, including those of families that cmio does not know. */
union cmio__any_address {
    struct sockaddr any;
    struct sockaddr_storage storage;
};

/* Returns -EAFNOSUPPORT unless the address is an IPv4 or IPv6 address; -EINVAL for NULL. */
int cmio__net_check_ip(const struct cmio_address *address);

/* Returns -EAFNOSUPPORT unless the address is a Unix address; -EINVAL for NULL. */
int cmio__net_check_unix(const struct cmio_address *address);

/* The descriptor; -EINVAL for NULL, -EBADF for a closed or zeroed source. */
CMIO__INLINE int cmio__net_fd(const struct cmio_source *source) {
    return source == NULL ? -EINVAL : cmio__source_fd(source);
}

/*
 * cmio__net_fd() for a call with further arguments. Returns -EINVAL if they are not valid, which
 * takes precedence over -EBADF, as everywhere.
 */
CMIO__INLINE int cmio__net_fd_if(const struct cmio_source *source, bool valid) {
    return valid ? cmio__net_fd(source) : -EINVAL;
}

CMIO__INLINE bool cmio__net_is_buffer(const void *buffer, size_t length) {
    return buffer != NULL || length == 0;
}

CMIO__INLINE bool cmio__net_is_vector(const struct iovec *buffers, int count) {
    return count >= 0 && cmio__net_is_buffer(buffers, (size_t)count);
}

/* cmio__source_io() for a call that writes from several buffers. */
ssize_t cmio__net_wrote_vector(struct cmio_source *source, ssize_t result,
                               const struct iovec *buffers, int count);

int cmio__net_from_fd(struct cmio_source *source, int fd, int type);

/* Only for IPv4 and IPv6 sockets, or only for Unix sockets. -EAFNOSUPPORT for others. */
int cmio__net_from_ip_fd(struct cmio_source *source, int fd, int type);
int cmio__net_from_unix_fd(struct cmio_source *source, int fd, int type);

int cmio__net_into_fd(struct cmio_source *source);
int cmio__net_close(struct cmio_source *source);

/* Makes two Unix sockets of the type, connected to each other. */
int cmio__net_unix_pair(struct cmio_source *a, struct cmio_source *b, int type);

/*
 * Opens a stream socket and connects it, and reports how that went. The address must be of a
 * suitable family. The system reports only once why a connection failed, to whichever call comes
 * first. So the error that a call on a stream gets is kept in its source, where finish_connect
 * finds it: see cmio__net_failed().
 */
int cmio__net_connect(struct cmio_source *source, const struct cmio_address *address);
int cmio__net_finish_connect(struct cmio_source *source);

/* Keeps the error of a call if it may be why a connection failed. Returns the error. */
CMIO__COLD int cmio__net_failed(struct cmio_source *source, int error);

/* cmio__source_io() for a call on a socket. Keeps an error as cmio__net_failed() does. */
CMIO__INLINE ssize_t cmio__net_io(struct cmio_source *source, cmio_interest direction,
                                  ssize_t result, size_t wanted) {
    if (result < 0)
        (void)cmio__net_failed(source, (int)result);
    return cmio__source_io(source, direction, result, wanted);
}

/*
 * Reading and writing. The general form handles everything. The inline form in front of it handles
 * the usual case: one system call and nothing to report to the backend.
 */
ssize_t cmio__net_read_any(struct cmio_source *source, void *buffer, size_t length);
ssize_t cmio__net_write_any(struct cmio_source *source, const void *buffer, size_t length);

CMIO__INLINE bool cmio__net_is_usual(const struct cmio_source *source, const void *buffer) {
    return source != NULL && source->io == CMIO__IO_DIRECT && buffer != NULL;
}

CMIO__INLINE ssize_t cmio__net_read(struct cmio_source *source, void *buffer, size_t length) {
    if (CMIO__UNLIKELY(!cmio__net_is_usual(source, buffer)))
        return cmio__net_read_any(source, buffer, length);
    const ssize_t count = cmio__socket_receive(source->fd, buffer, length, 0);
    return count < 0 ? cmio__net_failed(source, (int)count) : count;
}

CMIO__INLINE ssize_t cmio__net_write(struct cmio_source *source, const void *buffer,
                                     size_t length) {
    if (CMIO__UNLIKELY(!cmio__net_is_usual(source, buffer)))
        return cmio__net_write_any(source, buffer, length);
    const ssize_t count = cmio__socket_send(source->fd, buffer, length);
    return count < 0 ? cmio__net_failed(source, (int)count) : count;
}

ssize_t cmio__net_peek(struct cmio_source *source, void *buffer, size_t length);
ssize_t cmio__net_readv(struct cmio_source *source, const struct iovec *buffers, int count);
ssize_t cmio__net_writev(struct cmio_source *source, const struct iovec *buffers, int count);

int cmio__net_shutdown(struct cmio_source *source, enum cmio_shutdown how);
int cmio__net_local_address(const struct cmio_source *source, struct cmio_address *out);
int cmio__net_peer_address(const struct cmio_source *source, struct cmio_address *out);
int cmio__net_take_error(struct cmio_source *source);
int cmio__net_set_ttl(const struct cmio_source *source, uint32_t ttl);
int cmio__net_ttl(const struct cmio_source *source, uint32_t *out);

/*
 * Accepts a connection. Returns the new descriptor or -errno. peer may be NULL and is untouched on
 * failure. family is the listener's: AF_UNIX, or any other for IP.
 */
int cmio__net_accept(struct cmio_source *source, int family, struct cmio_address *peer);

#endif
