/* SPDX-License-Identifier: MIT */
#include <cmio/unix_datagram.h>

#include <errno.h>

#include "core/source.h"
#include "net/datagram.h"
#include "net/socket.h"
#include "net/stale_socket.h"
#include "posix/descriptor.h"
#include "posix/socket.h"

/* The socket's source, which is its first member; NULL for NULL. */
static struct cmio_source *source_of_unix_datagram(struct cmio_unix_datagram *socket) {
    return socket == NULL ? NULL : &socket->source;
}

static const struct cmio_source *
const_source_of_unix_datagram(const struct cmio_unix_datagram *socket) {
    return socket == NULL ? NULL : &socket->source;
}

int cmio_unix_datagram_bind(struct cmio_unix_datagram *socket, const struct cmio_address *address) {
    if (socket == NULL)
        return -EINVAL;
    int error = cmio__net_check_unix(address);
    if (error < 0)
        return error;
    const int fd = cmio__socket_open(AF_UNIX, SOCK_DGRAM);
    if (fd < 0)
        return fd;
    error = cmio__socket_bind(fd, &address->u.any, address->length);
    if (error < 0) {
        (void)cmio__fd_close(fd); /* the first error is returned */
        return error;
    }
    cmio__source_set_fd(&socket->source, fd);
    return 0;
}

int cmio_unix_datagram_bind_replacing_stale(struct cmio_unix_datagram *socket,
                                            const struct cmio_address *address) {
    int error = socket == NULL ? -EINVAL : cmio__stale_socket_check(address);
    if (error < 0)
        return error;
    error = cmio_unix_datagram_bind(socket, address);
    if (error != -EADDRINUSE)
        return error;
    error = cmio__stale_socket_remove(address);
    return error < 0 ? error : cmio_unix_datagram_bind(socket, address);
}

int cmio_unix_datagram_unbound(struct cmio_unix_datagram *socket) {
    if (socket == NULL)
        return -EINVAL;
    const int fd = cmio__socket_open(AF_UNIX, SOCK_DGRAM);
    if (fd < 0)
        return fd;
    cmio__source_set_fd(&socket->source, fd);
    return 0;
}

int cmio_unix_datagram_pair(struct cmio_unix_datagram *a, struct cmio_unix_datagram *b) {
    return cmio__net_unix_pair(source_of_unix_datagram(a), source_of_unix_datagram(b), SOCK_DGRAM);
}

int cmio_unix_datagram_connect(struct cmio_unix_datagram *socket,
                               const struct cmio_address *address) {
    const int fd = cmio__net_fd_if(source_of_unix_datagram(socket), address != NULL);
    if (fd < 0)
        return fd;
    int error = cmio__net_check_unix(address);
    return error < 0 ? error : cmio__datagram_connect(&socket->source, address);
}

int cmio_unix_datagram_from_fd(struct cmio_unix_datagram *socket, int fd) {
    return cmio__net_from_unix_fd(source_of_unix_datagram(socket), fd, SOCK_DGRAM);
}

int cmio_unix_datagram_into_fd(struct cmio_unix_datagram *socket) {
    return cmio__net_into_fd(source_of_unix_datagram(socket));
}

int cmio_unix_datagram_fd(const struct cmio_unix_datagram *socket) {
    return cmio__net_fd(const_source_of_unix_datagram(socket));
}

int cmio_unix_datagram_close(struct cmio_unix_datagram *socket) {
    return cmio__net_close(source_of_unix_datagram(socket));
}

ssize_t cmio_unix_datagram_send(struct cmio_unix_datagram *socket, const void *buffer,
                                size_t length) {
    return cmio__net_write(source_of_unix_datagram(socket), buffer, length);
}

ssize_t cmio_unix_datagram_send_to(struct cmio_unix_datagram *socket, const void *buffer,
                                   size_t length, const struct cmio_address *address) {
    const bool is_valid = address != NULL && cmio__net_is_buffer(buffer, length);
    const int fd = cmio__net_fd_if(source_of_unix_datagram(socket), is_valid);
    if (fd < 0)
        return fd;
    int error = cmio__net_check_unix(address);
    return error < 0 ? error : cmio__datagram_send_to(&socket->source, buffer, length, address);
}

ssize_t cmio_unix_datagram_recv(struct cmio_unix_datagram *socket, void *buffer, size_t length,
                                bool *truncated) {
    return cmio__datagram_receive(source_of_unix_datagram(socket), buffer, length, NULL, truncated);
}

ssize_t cmio_unix_datagram_recv_from(struct cmio_unix_datagram *socket, void *buffer, size_t length,
                                     struct cmio_address *peer, bool *truncated) {
    return cmio__datagram_receive(source_of_unix_datagram(socket), buffer, length, peer, truncated);
}

ssize_t cmio_unix_datagram_peek(struct cmio_unix_datagram *socket, void *buffer, size_t length,
                                bool *truncated) {
    return cmio__datagram_peek(source_of_unix_datagram(socket), buffer, length, NULL, truncated);
}

ssize_t cmio_unix_datagram_peek_from(struct cmio_unix_datagram *socket, void *buffer, size_t length,
                                     struct cmio_address *peer, bool *truncated) {
    return cmio__datagram_peek(source_of_unix_datagram(socket), buffer, length, peer, truncated);
}

int cmio_unix_datagram_shutdown(struct cmio_unix_datagram *socket, enum cmio_shutdown how) {
    return cmio__net_shutdown(source_of_unix_datagram(socket), how);
}

int cmio_unix_datagram_local_address(const struct cmio_unix_datagram *socket,
                                     struct cmio_address *out) {
    return cmio__net_local_address(const_source_of_unix_datagram(socket), out);
}

int cmio_unix_datagram_peer_address(const struct cmio_unix_datagram *socket,
                                    struct cmio_address *out) {
    return cmio__net_peer_address(const_source_of_unix_datagram(socket), out);
}

int cmio_unix_datagram_take_error(struct cmio_unix_datagram *socket) {
    return cmio__net_take_error(source_of_unix_datagram(socket));
}
