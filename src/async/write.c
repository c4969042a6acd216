/* SPDX-License-Identifier: MIT */
/* Writing all of one or several buffers, and shutting down the writing side. */
#include <cmio/async/write.h>

#include <sys/uio.h>

#include "async/io.h"

enum { MOST_BUFFERS = 1024 }; /* IOV_MAX of all systems that cmio supports */

static struct cmio_write_all_future *write_all_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_write_all_future, future);
}

static struct cmio_writev_all_future *writev_all_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_writev_all_future, future);
}

static struct cmio_shutdown_future *shutdown_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_shutdown_future, future);
}

static enum cmio_future_state poll_write_all(struct cmio_future *future,
                                             struct cmio_context *context) {
    struct cmio_write_all_future *write = write_all_of(future);
    while (write->done < write->length) {
        const enum cmio_future_state state =
            cmio__io_wait_poll(&write->wait, context, "write all", &future->result);
        if (state == CMIO_PENDING || future->result < 0)
            return state;
        const struct cmio_io *io = write->wait.io;
        const size_t wanted = write->length - write->done;
        const ssize_t count = io->ops->write(io->source, write->buffer + write->done, wanted);
        if (cmio__io_is_to_wait(&write->wait, count))
            continue;
        future->result = count;
        if (count < 0)
            return CMIO_READY;
        write->done += (size_t)count;
        cmio__io_note_write(&write->wait, count, wanted);
    }
    if (write->length == 0 && !cmio__context_spend(context))
        return CMIO_PENDING;
    future->result = (ssize_t)write->done;
    return CMIO_READY;
}

static void drop_write_all(struct cmio_future *future) {
    cmio__io_wait_drop(&write_all_of(future)->wait);
}

static const struct cmio_future_ops write_all_ops = {
    .name = "write all",
    .poll = poll_write_all,
    .drop = drop_write_all,
};

int cmio_write_all_future_init(struct cmio_write_all_future *write, struct cmio_io *io,
                               const void *buffer, size_t length) {
    if (write == NULL || !CMIO__IO_HAS(io, write, CMIO_WRITABLE) || (buffer == NULL && length > 0))
        return -EINVAL;
    *write = (struct cmio_write_all_future){
        .future.ops = &write_all_ops, .buffer = buffer, .length = length};
    cmio__io_wait_init(&write->wait, io, CMIO_WRITABLE);
    return 0;
}

/* An empty buffer may be a null pointer, to which C does not allow adding even 0. */
static void advance_buffer(struct iovec *buffer, size_t count) {
    if (count == 0)
        return;
    buffer->iov_base = (char *)buffer->iov_base + count;
    buffer->iov_len -= count;
}

/* Removes what was written, and empty buffers. */
static void take_off(struct cmio_writev_all_future *write, size_t count) {
    write->done += count;
    while (write->count > 0 && count >= write->buffers->iov_len) {
        count -= write->buffers->iov_len;
        advance_buffer(write->buffers, write->buffers->iov_len);
        write->buffers++;
        write->count--;
    }
    if (write->count > 0)
        advance_buffer(write->buffers, count);
}

static int count_of(const struct cmio_writev_all_future *write, size_t *length) {
    const int count = write->count < MOST_BUFFERS ? write->count : MOST_BUFFERS;
    *length = 0;
    for (int i = 0; i < count; i++)
        *length += write->buffers[i].iov_len;
    return count;
}

static enum cmio_future_state poll_writev_all(struct cmio_future *future,
                                              struct cmio_context *context) {
    struct cmio_writev_all_future *write = writev_all_of(future);
    for (take_off(write, 0); write->count > 0;) {
        const enum cmio_future_state state =
            cmio__io_wait_poll(&write->wait, context, "writev all", &future->result);
        if (state == CMIO_PENDING || future->result < 0)
            return state;
        const struct cmio_io *io = write->wait.io;
        size_t wanted;
        const int buffers = count_of(write, &wanted);
        const ssize_t count = io->ops->writev(io->source, write->buffers, buffers);
        if (cmio__io_is_to_wait(&write->wait, count))
            continue;
        future->result = count;
        if (count < 0)
            return CMIO_READY;
        take_off(write, (size_t)count);
        cmio__io_note_write(&write->wait, count, wanted);
    }
    if (write->done == 0 && !cmio__context_spend(context))
        return CMIO_PENDING;
    future->result = (ssize_t)write->done;
    return CMIO_READY;
}

static void drop_writev_all(struct cmio_future *future) {
    cmio__io_wait_drop(&writev_all_of(future)->wait);
}

static const struct cmio_future_ops writev_all_ops = {
    .name = "writev all",
    .poll = poll_writev_all,
    .drop = drop_writev_all,
};

int cmio_writev_all_future_init(struct cmio_writev_all_future *write, struct cmio_io *io,
                                struct iovec *buffers, int count) {
    if (write == NULL || !CMIO__IO_HAS(io, writev, CMIO_WRITABLE) || count < 0 ||
        (buffers == NULL && count > 0))
        return -EINVAL;
    *write = (struct cmio_writev_all_future){
        .future.ops = &writev_all_ops, .buffers = buffers, .count = count};
    cmio__io_wait_init(&write->wait, io, CMIO_WRITABLE);
    return 0;
}

static enum cmio_future_state poll_shutdown(struct cmio_future *future,
                                            struct cmio_context *context) {
    const struct cmio__io_wait *wait = &shutdown_of(future)->wait;
    if (!cmio__context_spend(context))
        return CMIO_PENDING;
    if (wait->slot == NULL)
        future->result = -EBADF;
    else if (!cmio__io_slot_is_open(wait->slot, wait->generation))
        future->result = -ECANCELED;
    else
        future->result = wait->io->ops->shutdown_write(wait->io->source);
    return CMIO_READY;
}

static void drop_shutdown(struct cmio_future *future) {
    (void)future; /* it never waits */
}

static const struct cmio_future_ops shutdown_ops = {
    .name = "shutdown",
    .poll = poll_shutdown,
    .drop = drop_shutdown,
};

int cmio_shutdown_future_init(struct cmio_shutdown_future *shutdown, struct cmio_io *io) {
    if (shutdown == NULL || !CMIO__IO_HAS(io, shutdown_write, CMIO_WRITABLE))
        return -EINVAL;
    *shutdown = (struct cmio_shutdown_future){.future.ops = &shutdown_ops};
    cmio__io_wait_init(&shutdown->wait, io, CMIO_WRITABLE);
    return 0;
}
