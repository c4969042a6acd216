/* SPDX-License-Identifier: MIT */
#include <cmio/async/accept.h>

#include "async/io.h"

static struct cmio_accept_future *accept_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_accept_future, future);
}

/* Errors of a connection that ended before it was accepted. accept(2) took it off the queue. */
static bool is_of_the_connection(int error) {
    switch (error) {
    case -ECONNABORTED:
    case -EPROTO:
    case -ENETDOWN:
    case -ENETUNREACH:
    case -EHOSTDOWN:
    case -EHOSTUNREACH:
    case -ENOPROTOOPT:
        return true;
    default:
        return false;
    }
}

static enum cmio_future_state poll_accept(struct cmio_future *future,
                                          struct cmio_context *context) {
    struct cmio_accept_future *accept = accept_of(future);
    int error;
    do {
        const enum cmio_future_state state =
            cmio__io_wait_poll(&accept->wait, context, "accept", &future->result);
        if (state == CMIO_PENDING || future->result < 0)
            return state;
        const struct cmio_io *io = accept->wait.io;
        error = io->ops->accept(io->source, accept->stream, accept->peer);
    } while (cmio__io_is_to_wait(&accept->wait, error) || is_of_the_connection(error));
    future->result = error;
    return CMIO_READY;
}

static void drop_accept(struct cmio_future *future) {
    cmio__io_wait_drop(&accept_of(future)->wait);
}

static const struct cmio_future_ops accept_ops = {
    .name = "accept",
    .poll = poll_accept,
    .drop = drop_accept,
};

static int init_accept(struct cmio_accept_future *accept, struct cmio_io *io,
                       const struct cmio__io_ops *ops, void *stream, struct cmio_address *peer) {
    if (accept == NULL || io == NULL || io->ops != ops || stream == NULL)
        return -EINVAL;
    *accept =
        (struct cmio_accept_future){.future.ops = &accept_ops, .stream = stream, .peer = peer};
    cmio__io_wait_init(&accept->wait, io, CMIO_READABLE);
    return 0;
}

int cmio_accept_tcp_future_init(struct cmio_accept_future *accept, struct cmio_io *io,
                                struct cmio_tcp_stream *stream, struct cmio_address *peer) {
    return init_accept(accept, io, &cmio__io_tcp_listener, stream, peer);
}

int cmio_accept_unix_future_init(struct cmio_accept_future *accept, struct cmio_io *io,
                                 struct cmio_unix_stream *stream, struct cmio_address *peer) {
    return init_accept(accept, io, &cmio__io_unix_listener, stream, peer);
}
