/* SPDX-License-Identifier: MIT */
#ifndef CMIO_NET_SOCKET_H
#define CMIO_NET_SOCKET_H

/*
 * What the socket types share, on their source: null and closed ones checked, addresses as struct
 * cmio_address, and every result of I/O passed to cmio__source_io() of core/source.h where
 * the backend must be told of it.
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

/* What the system writes addresses to, also those of a family that we do not know. */
union cmio__any_address {
    struct sockaddr any;
    struct sockaddr_storage storage;
};

/* -EAFNOSUPPORT unless the address is an IPv4 or IPv6 one; -EINVAL for NULL. */
int cmio__net_check_ip(const struct cmio_address *address);

/* -EAFNOSUPPORT unless the address is a Unix one; -EINVAL for NULL. */
int cmio__net_check_unix(const struct cmio_address *address);

/* The descriptor, -EINVAL for NULL, -EBADF for a closed or zeroed source. */
CMIO__INLINE int cmio__net_fd(const struct cmio_source *source) {
    return source == NULL ? -EINVAL : cmio__source_fd(source);
}

/*
 * The same for a call with further arguments: -EINVAL also where they are not valid. That comes
 * before -EBADF, as everywhere.
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

/* The same for sockets of IPv4 and IPv6, or Unix sockets alone: -EAFNOSUPPORT for others. */
int cmio__net_from_ip_fd(struct cmio_source *source, int fd, int type);
int cmio__net_from_unix_fd(struct cmio_source *source, int fd, int type);

int cmio__net_into_fd(struct cmio_source *source);
int cmio__net_close(struct cmio_source *source);

/* Two Unix sockets of the type, connected to each other. */
int cmio__net_unix_pair(struct cmio_source *a, struct cmio_source *b, int type);

/*
 * A new stream socket that connects, and how that went; the address is of a family that fits. The
 * system tells once why a connection failed, to whatever call comes first. So what a call on a
 * stream is told is kept in its source, where finish_connect finds it: see cmio__net_failed().
 */
int cmio__net_connect(struct cmio_source *source, const struct cmio_address *address);
int cmio__net_finish_connect(struct cmio_source *source);

/* Keeps the error of a call, where it may be why a connection failed; returns it. */
CMIO__COLD int cmio__net_failed(struct cmio_source *source, int error);

/* cmio__source_io() for a call on a socket: keeps an error as above. */
CMIO__INLINE ssize_t cmio__net_io(struct cmio_source *source, cmio_interest direction,
                                  ssize_t result, size_t wanted) {
    if (result < 0)
        (void)cmio__net_failed(source, (int)result);
    return cmio__source_io(source, direction, result, wanted);
}

/*
 * Reading and writing. The general form does all; the inline one in front of it does what is usual,
 * which is one system call and nothing to tell the backend of.
 */
ssize_t cmio__net_read_any(struct cmio_source *source, void *buffer, size_t length);
ssize_t cmio__net_write_any(struct cmio_source *source, const void *buffer, size_t length);

CMIO__INLINE bool cmio__net_is_usual(const struct cmio_source *source, const void *buffer) {
    return source != NULL && source->ops != NULL && source->fd >= 0 && !source->needs_rearm &&
           buffer != NULL;
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
 * Takes a connection: the new descriptor, or -errno. peer may be NULL and is untouched on failure.
 * family is the listener's: AF_UNIX, or any other for IP.
 */
int cmio__net_accept(struct cmio_source *source, int family, struct cmio_address *peer);

#endif
