/* SPDX-License-Identifier: MIT */
/* Reading: once, and until a buffer is full. */
#include <cmio/async/read.h>

#include "async/io.h"

static struct cmio_read_future *read_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_read_future, future);
}

static struct cmio_read_exactly_future *read_exactly_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_read_exactly_future, future);
}

static enum cmio_future_state poll_read(struct cmio_future *future, struct cmio_context *context) {
    struct cmio_read_future *read = read_of(future);
    ssize_t count;
    do {
        const enum cmio_future_state state =
            cmio__io_wait_poll(&read->wait, context, "read", &future->result);
        if (state == CMIO_PENDING || future->result < 0)
            return state;
        const struct cmio_io *io = read->wait.io;
        count = io->ops->read(io->source, read->buffer, read->length);
    } while (cmio__io_is_to_wait(&read->wait, count));
    cmio__io_note_read(&read->wait, count, read->length);
    future->result = count;
    return CMIO_READY;
}

static void drop_read(struct cmio_future *future) {
    cmio__io_wait_drop(&read_of(future)->wait);
}

static const struct cmio_future_ops read_ops = {
    .name = "read",
    .poll = poll_read,
    .drop = drop_read,
};

int cmio_read_future_init(struct cmio_read_future *read, struct cmio_io *io, void *buffer,
                          size_t length) {
    if (read == NULL || !CMIO__IO_HAS(io, read, CMIO_READABLE) || buffer == NULL || length == 0)
        return -EINVAL;
    *read = (struct cmio_read_future){.future.ops = &read_ops, .buffer = buffer, .length = length};
    cmio__io_wait_init(&read->wait, io, CMIO_READABLE);
    return 0;
}

static enum cmio_future_state poll_read_exactly(struct cmio_future *future,
                                                struct cmio_context *context) {
    struct cmio_read_exactly_future *read = read_exactly_of(future);
    while (read->done < read->length) {
        const enum cmio_future_state state =
            cmio__io_wait_poll(&read->wait, context, "read exactly", &future->result);
        if (state == CMIO_PENDING || future->result < 0)
            return state;
        const struct cmio_io *io = read->wait.io;
        const size_t wanted = read->length - read->done;
        const ssize_t count = io->ops->read(io->source, read->buffer + read->done, wanted);
        if (cmio__io_is_to_wait(&read->wait, count))
            continue;
        future->result = count;
        if (count < 0)
            return CMIO_READY;
        if (count == 0)
            break;
        read->done += (size_t)count;
        cmio__io_note_read(&read->wait, count, wanted);
    }
    if (read->length == 0 && !cmio__context_spend(context))
        return CMIO_PENDING;
    future->result = (ssize_t)read->done;
    return CMIO_READY;
}

static void drop_read_exactly(struct cmio_future *future) {
    cmio__io_wait_drop(&read_exactly_of(future)->wait);
}

static const struct cmio_future_ops read_exactly_ops = {
    .name = "read exactly",
    .poll = poll_read_exactly,
    .drop = drop_read_exactly,
};

int cmio_read_exactly_future_init(struct cmio_read_exactly_future *read, struct cmio_io *io,
                                  void *buffer, size_t length) {
    if (read == NULL || !CMIO__IO_HAS(io, read, CMIO_READABLE) || (buffer == NULL && length > 0))
        return -EINVAL;
    *read = (struct cmio_read_exactly_future){
        .future.ops = &read_exactly_ops, .buffer = buffer, .length = length};
    cmio__io_wait_init(&read->wait, io, CMIO_READABLE);
    return 0;
}
