/* SPDX-License-Identifier: MIT */
#include <cmio/async/datagram.h>

#include "async/io.h"

static struct cmio_receive_from_future *receive_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_receive_from_future, future);
}

static struct cmio_send_to_future *send_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_send_to_future, future);
}

static enum cmio_future_state poll_receive(struct cmio_future *future,
                                           struct cmio_context *context) {
    struct cmio_receive_from_future *receive = receive_of(future);
    ssize_t count;
    do {
        const enum cmio_future_state state =
            cmio__io_wait_poll(&receive->wait, context, "receive from", &future->result);
        if (state == CMIO_PENDING || future->result < 0)
            return state;
        const struct cmio_io *io = receive->wait.io;
        count = io->ops->receive(io->source, receive->buffer, receive->length, receive->peer,
                                 receive->truncated);
    } while (cmio__io_is_to_wait(&receive->wait, count));
    future->result = count;
    return CMIO_READY;
}

static void drop_receive(struct cmio_future *future) {
    cmio__io_wait_drop(&receive_of(future)->wait);
}

static const struct cmio_future_ops receive_from_ops = {
    .name = "receive from",
    .poll = poll_receive,
    .drop = drop_receive,
};

int cmio_receive_from_future_init(struct cmio_receive_from_future *receive, struct cmio_io *io,
                                  void *buffer, size_t length, struct cmio_address *peer,
                                  bool *truncated) {
    if (receive == NULL || !CMIO__IO_HAS(io, receive, CMIO_READABLE) ||
        (buffer == NULL && length > 0))
        return -EINVAL;
    *receive = (struct cmio_receive_from_future){.future.ops = &receive_from_ops,
                                                 .buffer = buffer,
                                                 .length = length,
                                                 .peer = peer,
                                                 .truncated = truncated};
    cmio__io_wait_init(&receive->wait, io, CMIO_READABLE);
    return 0;
}

static bool may_stall(const struct cmio_send_to_future *send) {
    return send->address != NULL && send->wait.io->ops->send_to_may_stall;
}

static enum cmio_future_state poll_send(struct cmio_future *future, struct cmio_context *context) {
    struct cmio_send_to_future *send = send_of(future);
    ssize_t count;
    do {
        const enum cmio_future_state state =
            cmio__io_wait_poll(&send->wait, context, "send to", &future->result);
        if (state == CMIO_PENDING || future->result < 0)
            return state;
        const struct cmio_io *io = send->wait.io;
        count = io->ops->send(io->source, send->buffer, send->length, send->address);
        if (count == -EAGAIN && may_stall(send))
            break;
    } while (cmio__io_is_to_wait(&send->wait, count));
    future->result = count;
    return CMIO_READY;
}

static void drop_send(struct cmio_future *future) {
    cmio__io_wait_drop(&send_of(future)->wait);
}

static const struct cmio_future_ops send_to_ops = {
    .name = "send to",
    .poll = poll_send,
    .drop = drop_send,
};

int cmio_send_to_future_init(struct cmio_send_to_future *send, struct cmio_io *io,
                             const void *buffer, size_t length,
                             const struct cmio_address *address) {
    if (send == NULL || !CMIO__IO_HAS(io, send, CMIO_WRITABLE) || (buffer == NULL && length > 0))
        return -EINVAL;
    *send = (struct cmio_send_to_future){
        .future.ops = &send_to_ops, .buffer = buffer, .length = length, .address = address};
    cmio__io_wait_init(&send->wait, io, CMIO_WRITABLE);
    return 0;
}
