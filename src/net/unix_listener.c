/* SPDX-License-Identifier: MIT */
#include <cmio/unix_listener.h>

#include <errno.h>
#include <sys/socket.h>

#include "core/source.h"
#include "net/socket.h"
#include "net/stale_socket.h"
#include "posix/descriptor.h"
#include "posix/socket.h"

/* The listener's source, which is its first member; NULL for NULL. */
static struct cmio_source *source_of_unix_listener(struct cmio_unix_listener *listener) {
    return listener == NULL ? NULL : &listener->source;
}

static const struct cmio_source *
const_source_of_unix_listener(const struct cmio_unix_listener *listener) {
    return listener == NULL ? NULL : &listener->source;
}

/* If listen fails, the file that bind made is removed. */
static int bind_and_listen(int fd, const struct cmio_address *address, int backlog) {
    int error = cmio__socket_bind(fd, &address->u.any, address->length);
    if (error < 0)
        return error;
    error = cmio__socket_listen(fd, backlog > 0 ? backlog : SOMAXCONN);
    if (error < 0)
        (void)cmio__stale_socket_unlink(address); /* the first error is returned */
    return error;
}

static int backlog_of(const struct cmio_unix_listener_options *options) {
    return options == NULL ? 0 : options->backlog;
}

int cmio_unix_listener_bind(struct cmio_unix_listener *listener, const struct cmio_address *address,
                            const struct cmio_unix_listener_options *options) {
    const int backlog = backlog_of(options);
    if (listener == NULL || backlog < 0)
        return -EINVAL;
    int error = cmio__net_check_unix(address);
    if (error < 0)
        return error;
    const int fd = cmio__socket_open(AF_UNIX, SOCK_STREAM);
    if (fd < 0)
        return fd;
    error = bind_and_listen(fd, address, backlog);
    if (error < 0) {
        (void)cmio__fd_close(fd); /* the first error is returned */
        return error;
    }
    cmio__source_set_fd(&listener->source, fd);
    return 0;
}

int cmio_unix_listener_bind_replacing_stale(struct cmio_unix_listener *listener,
                                            const struct cmio_address *address,
                                            const struct cmio_unix_listener_options *options) {
    if (listener == NULL || backlog_of(options) < 0)
        return -EINVAL;
    int error = cmio__stale_socket_check(address);
    if (error < 0)
        return error;
    error = cmio_unix_listener_bind(listener, address, options);
    if (error != -EADDRINUSE)
        return error;
    error = cmio__stale_socket_remove(address);
    return error < 0 ? error : cmio_unix_listener_bind(listener, address, options);
}

int cmio_unix_listener_accept(struct cmio_unix_listener *listener, struct cmio_unix_stream *stream,
                              struct cmio_address *peer) {
    if (stream == NULL)
        return -EINVAL;
    const int fd = cmio__net_accept(source_of_unix_listener(listener), AF_UNIX, peer);
    if (fd < 0)
        return fd;
    cmio__source_set_fd(&stream->source, fd);
    return 0;
}

int cmio_unix_listener_from_fd(struct cmio_unix_listener *listener, int fd) {
    return cmio__net_from_unix_fd(source_of_unix_listener(listener), fd, SOCK_STREAM);
}

int cmio_unix_listener_into_fd(struct cmio_unix_listener *listener) {
    return cmio__net_into_fd(source_of_unix_listener(listener));
}

int cmio_unix_listener_fd(const struct cmio_unix_listener *listener) {
    return cmio__net_fd(const_source_of_unix_listener(listener));
}

int cmio_unix_listener_close(struct cmio_unix_listener *listener) {
    return cmio__net_close(source_of_unix_listener(listener));
}

int cmio_unix_listener_local_address(const struct cmio_unix_listener *listener,
                                     struct cmio_address *out) {
    return cmio__net_local_address(const_source_of_unix_listener(listener), out);
}

int cmio_unix_listener_take_error(struct cmio_unix_listener *listener) {
    return cmio__net_take_error(source_of_unix_listener(listener));
}
