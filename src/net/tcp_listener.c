/* SPDX-License-Identifier: MIT */
#include <cmio/tcp_listener.h>

#include <errno.h>
#include <netinet/in.h>

#include "core/source.h"
#include "net/socket.h"
#include "posix/descriptor.h"
#include "posix/features.h"
#include "posix/socket.h"

/* The listener's source, which is its first member; NULL for NULL. */
static struct cmio_source *source_of_tcp_listener(struct cmio_tcp_listener *listener) {
    return listener == NULL ? NULL : &listener->source;
}

static const struct cmio_source *
const_source_of_tcp_listener(const struct cmio_tcp_listener *listener) {
    return listener == NULL ? NULL : &listener->source;
}

static int check_listener_options(const struct cmio_address *address,
                                  const struct cmio_tcp_listener_options *options) {
    if (options->backlog < 0 || (unsigned)options->v6only > CMIO_V6ONLY_OFF)
        return -EINVAL;
    int error = cmio__net_check_ip(address);
    if (error < 0)
        return error;
    const bool is_v6 = cmio_address_family(address) == AF_INET6;
    return options->v6only != CMIO_V6ONLY_DEFAULT && !is_v6 ? -EINVAL : 0;
}

static int set_listener_options(int fd, const struct cmio_tcp_listener_options *options) {
    int error = cmio__socket_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (error == 0 && options->reuse_port)
        error = cmio__socket_set_option(fd, SOL_SOCKET, CMIO__SO_REUSEPORT, 1);
    if (error == 0 && options->v6only != CMIO_V6ONLY_DEFAULT)
        error = cmio__socket_set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY,
                                        options->v6only == CMIO_V6ONLY_ON);
    return error;
}

int cmio_tcp_listener_bind(struct cmio_tcp_listener *listener, const struct cmio_address *address,
                           const struct cmio_tcp_listener_options *options) {
    static const struct cmio_tcp_listener_options defaults = {.backlog = 0};
    if (options == NULL)
        options = &defaults;
    if (listener == NULL)
        return -EINVAL;
    int error = check_listener_options(address, options);
    if (error < 0)
        return error;
    const int fd = cmio__socket_open(address->u.any.sa_family, SOCK_STREAM);
    if (fd < 0)
        return fd;
    error = set_listener_options(fd, options);
    if (error == 0)
        error = cmio__socket_bind(fd, &address->u.any, address->length);
    if (error == 0)
        error = cmio__socket_listen(fd, options->backlog > 0 ? options->backlog : SOMAXCONN);
    if (error < 0) {
        (void)cmio__fd_close(fd); /* the first error is returned */
        return error;
    }
    cmio__source_set_fd(&listener->source, fd);
    return 0;
}

int cmio_tcp_listener_accept(struct cmio_tcp_listener *listener, struct cmio_tcp_stream *stream,
                             struct cmio_address *peer) {
    if (stream == NULL)
        return -EINVAL;
    const int fd = cmio__net_accept(source_of_tcp_listener(listener), AF_INET, peer);
    if (fd < 0)
        return fd;
    cmio__source_set_fd(&stream->source, fd);
    return 0;
}

int cmio_tcp_listener_from_fd(struct cmio_tcp_listener *listener, int fd) {
    return cmio__net_from_ip_fd(source_of_tcp_listener(listener), fd, SOCK_STREAM);
}

int cmio_tcp_listener_into_fd(struct cmio_tcp_listener *listener) {
    return cmio__net_into_fd(source_of_tcp_listener(listener));
}

int cmio_tcp_listener_fd(const struct cmio_tcp_listener *listener) {
    return cmio__net_fd(const_source_of_tcp_listener(listener));
}

int cmio_tcp_listener_close(struct cmio_tcp_listener *listener) {
    return cmio__net_close(source_of_tcp_listener(listener));
}

int cmio_tcp_listener_local_address(const struct cmio_tcp_listener *listener,
                                    struct cmio_address *out) {
    return cmio__net_local_address(const_source_of_tcp_listener(listener), out);
}

int cmio_tcp_listener_set_ttl(struct cmio_tcp_listener *listener, uint32_t ttl) {
    return cmio__net_set_ttl(source_of_tcp_listener(listener), ttl);
}

int cmio_tcp_listener_ttl(const struct cmio_tcp_listener *listener, uint32_t *out) {
    return cmio__net_ttl(const_source_of_tcp_listener(listener), out);
}

int cmio_tcp_listener_take_error(struct cmio_tcp_listener *listener) {
    return cmio__net_take_error(source_of_tcp_listener(listener));
}
