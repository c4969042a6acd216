/* SPDX-License-Identifier: MIT */
#include <cmio/async/connect.h>

#include "async/io.h"

/* The calls for one type of stream. */
struct cmio__connect_ops {
    int (*begin)(void *stream, const struct cmio_address *address);
    int (*bind)(struct cmio_io *io, void *stream);
    int (*finish)(void *stream);
    void (*close)(void *stream);
};

#define CONNECTS(type)                                                                             \
    static int begin_##type(void *stream, const struct cmio_address *address) {                    \
        return cmio_##type##_connect((struct cmio_##type *)stream, address);                       \
    }                                                                                              \
    static int bind_##type(struct cmio_io *io, void *stream) {                                     \
        return cmio_io_bind_##type(io, NULL, (struct cmio_##type *)stream);                        \
    }                                                                                              \
    static int finish_##type(void *stream) {                                                       \
        return cmio_##type##_finish_connect((struct cmio_##type *)stream);                         \
    }                                                                                              \
    static void close_##type(void *stream) {                                                       \
        (void)cmio_##type##_close((struct cmio_##type *)stream);                                   \
    }                                                                                              \
    static const struct cmio__connect_ops type##_connect_ops = {                                   \
        .begin = begin_##type,                                                                     \
        .bind = bind_##type,                                                                       \
        .finish = finish_##type,                                                                   \
        .close = close_##type,                                                                     \
    };

CONNECTS(tcp_stream)
CONNECTS(unix_stream)

static struct cmio_connect_future *connect_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_connect_future, future);
}

static int begin_connect(struct cmio_connect_future *connect) {
    int error = connect->connect_ops->begin(connect->stream, &connect->address);
    if (error < 0)
        return error;
    error = connect->connect_ops->bind(connect->io, connect->stream);
    if (error < 0) {
        connect->connect_ops->close(connect->stream);
        return error;
    }
    connect->has_begun = true;
    cmio__io_wait_init(&connect->wait, connect->io, CMIO_WRITABLE);
    return 0;
}

static void give_connect_up(struct cmio_connect_future *connect) {
    cmio__io_wait_drop(&connect->wait);
    (void)cmio_io_close(connect->io);
    connect->connect_ops->close(connect->stream);
}

static enum cmio_future_state fail(struct cmio_connect_future *connect, ssize_t error) {
    give_connect_up(connect);
    connect->future.result = error;
    return CMIO_READY;
}

static enum cmio_future_state poll_connect(struct cmio_future *future,
                                           struct cmio_context *context) {
    struct cmio_connect_future *connect = connect_of(future);
    if (!connect->has_begun) {
        if (!cmio__context_spend(context))
            return CMIO_PENDING;
        future->result = begin_connect(connect);
        if (future->result < 0)
            return CMIO_READY;
    }
    int error;
    do {
        if (cmio__io_wait_poll(&connect->wait, context, "connect", &future->result) == CMIO_PENDING)
            return CMIO_PENDING;
        if (future->result < 0)
            return fail(connect, future->result);
        error = connect->connect_ops->finish(connect->stream);
        if (error == -EINPROGRESS)
            error = -EAGAIN;
    } while (cmio__io_is_to_wait(&connect->wait, error));
    if (error < 0)
        return fail(connect, error);
    future->result = 0;
    return CMIO_READY;
}

static void drop_connect(struct cmio_future *future) {
    struct cmio_connect_future *connect = connect_of(future);
    if (connect->has_begun)
        give_connect_up(connect);
}

static const struct cmio_future_ops connect_future_ops = {
    .name = "connect",
    .poll = poll_connect,
    .drop = drop_connect,
};

static int init_connect(struct cmio_connect_future *connect, struct cmio_io *io, void *stream,
                        const struct cmio__connect_ops *ops, const struct cmio_address *address) {
    *io = (struct cmio_io){0};
    *connect = (struct cmio_connect_future){.future.ops = &connect_future_ops,
                                            .connect_ops = ops,
                                            .io = io,
                                            .stream = stream,
                                            .address = *address};
    return 0;
}

int cmio_connect_tcp_future_init(struct cmio_connect_future *connect, struct cmio_io *io,
                                 struct cmio_tcp_stream *stream,
                                 const struct cmio_address *address) {
    if (connect == NULL || io == NULL || stream == NULL || address == NULL)
        return -EINVAL;
    const int family = cmio_address_family(address);
    if (family != AF_INET && family != AF_INET6)
        return -EAFNOSUPPORT;
    *stream = (struct cmio_tcp_stream){0};
    return init_connect(connect, io, stream, &tcp_stream_connect_ops, address);
}

int cmio_connect_unix_future_init(struct cmio_connect_future *connect, struct cmio_io *io,
                                  struct cmio_unix_stream *stream,
                                  const struct cmio_address *address) {
    if (connect == NULL || io == NULL || stream == NULL || address == NULL)
        return -EINVAL;
    if (cmio_address_family(address) != AF_UNIX)
        return -EAFNOSUPPORT;
    *stream = (struct cmio_unix_stream){0};
    return init_connect(connect, io, stream, &unix_stream_connect_ops, address);
}
