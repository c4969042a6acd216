/* SPDX-License-Identifier: MIT */
#include "async/io.h"

#include <errno.h>

#include "async/executor.h"

/* The calls of each type of source */

#define TYPE_OF(source, type) CMIO__CONTAINER(source, struct type, source)

#define READS(type)                                                                                \
    static ssize_t read_##type(struct cmio_source *source, void *buffer, size_t length) {          \
        return cmio_##type##_read(TYPE_OF(source, cmio_##type), buffer, length);                   \
    }
#define WRITES(type)                                                                               \
    static ssize_t write_##type(struct cmio_source *source, const void *buffer, size_t length) {   \
        return cmio_##type##_write(TYPE_OF(source, cmio_##type), buffer, length);                  \
    }                                                                                              \
    static ssize_t writev_##type(struct cmio_source *source, const struct iovec *buffers,          \
                                 int count) {                                                      \
        return cmio_##type##_writev(TYPE_OF(source, cmio_##type), buffers, count);                 \
    }
#define SHUTS_DOWN(type)                                                                           \
    static int shutdown_##type(struct cmio_source *source) {                                       \
        return cmio_##type##_shutdown(TYPE_OF(source, cmio_##type), CMIO_SHUTDOWN_WRITE);          \
    }

READS(tcp_stream)
WRITES(tcp_stream)
SHUTS_DOWN(tcp_stream)
READS(unix_stream)
WRITES(unix_stream)
SHUTS_DOWN(unix_stream)
READS(pipe_receiver)
WRITES(pipe_sender)

static const struct cmio__io_ops tcp_stream_ops = {
    .read = read_tcp_stream,
    .write = write_tcp_stream,
    .writev = writev_tcp_stream,
    .shutdown_write = shutdown_tcp_stream,
    .short_read_empties = true,
};

static const struct cmio__io_ops unix_stream_ops = {
    .read = read_unix_stream,
    .write = write_unix_stream,
    .writev = writev_unix_stream,
    .shutdown_write = shutdown_unix_stream,
};

static const struct cmio__io_ops pipe_sender_ops = {
    .write = write_pipe_sender,
    .writev = writev_pipe_sender,
};

static const struct cmio__io_ops pipe_receiver_ops = {
    .read = read_pipe_receiver,
    .short_read_empties = true,
};

static const struct cmio__io_ops other_ops = {0};

/* Binding */

/* The worker whose poll watches the source: this one, if it may. */
static struct cmio__worker *choose_worker(struct cmio_executor *executor) {
    struct cmio__worker *current = cmio__worker_current;
    if (current != NULL && current->executor == executor)
        return current;
    const unsigned turn =
        atomic_fetch_add_explicit(&executor->next_worker, 1, memory_order_relaxed);
    return &executor->workers[turn % executor->count];
}

static int bind_source(struct cmio_io *io, struct cmio_executor *executor,
                       struct cmio_source *source, const struct cmio__io_ops *ops,
                       cmio_interest interest) {
    if (io == NULL || source == NULL)
        return -EINVAL;
    if (executor == NULL && cmio__worker_current == NULL)
        return -EPERM;
    if (executor == NULL)
        executor = cmio__worker_current->executor;
    if (atomic_load_explicit(&executor->closing, memory_order_relaxed))
        return -ESHUTDOWN;
    struct cmio__worker *worker = choose_worker(executor);
    struct cmio__io_slot *slot = cmio__io_slot_take(worker);
    if (slot == NULL)
        return -ENOMEM;
    const unsigned generation = atomic_load_explicit(&slot->generation, memory_order_relaxed);
    const int error = cmio_registry_register(cmio_poll_registry(worker->poll), source,
                                             (cmio_token)slot, interest);
    if (error != 0) {
        cmio__io_slot_close(slot);
        return error;
    }
    *io = (struct cmio_io){.source = source, .ops = ops, .slot = slot, .generation = generation};
    return 0;
}

#define BOTH (CMIO_READABLE | CMIO_WRITABLE)

/* &thing->source, or NULL. */
#define SOURCE_OF(thing) ((thing) == NULL ? NULL : &(thing)->source)

int cmio_io_bind_tcp_stream(struct cmio_io *io, struct cmio_executor *executor,
                            struct cmio_tcp_stream *stream) {
    return bind_source(io, executor, SOURCE_OF(stream), &tcp_stream_ops, BOTH);
}

int cmio_io_bind_tcp_listener(struct cmio_io *io, struct cmio_executor *executor,
                              struct cmio_tcp_listener *listener) {
    return bind_source(io, executor, SOURCE_OF(listener), &other_ops, CMIO_READABLE);
}

int cmio_io_bind_udp_socket(struct cmio_io *io, struct cmio_executor *executor,
                            struct cmio_udp_socket *socket) {
    return bind_source(io, executor, SOURCE_OF(socket), &other_ops, BOTH);
}

int cmio_io_bind_unix_stream(struct cmio_io *io, struct cmio_executor *executor,
                             struct cmio_unix_stream *stream) {
    return bind_source(io, executor, SOURCE_OF(stream), &unix_stream_ops, BOTH);
}

int cmio_io_bind_unix_listener(struct cmio_io *io, struct cmio_executor *executor,
                               struct cmio_unix_listener *listener) {
    return bind_source(io, executor, SOURCE_OF(listener), &other_ops, CMIO_READABLE);
}

int cmio_io_bind_unix_datagram(struct cmio_io *io, struct cmio_executor *executor,
                               struct cmio_unix_datagram *socket) {
    return bind_source(io, executor, SOURCE_OF(socket), &other_ops, BOTH);
}

int cmio_io_bind_pipe_sender(struct cmio_io *io, struct cmio_executor *executor,
                             struct cmio_pipe_sender *sender) {
    return bind_source(io, executor, SOURCE_OF(sender), &pipe_sender_ops, CMIO_WRITABLE);
}

int cmio_io_bind_pipe_receiver(struct cmio_io *io, struct cmio_executor *executor,
                               struct cmio_pipe_receiver *receiver) {
    return bind_source(io, executor, SOURCE_OF(receiver), &pipe_receiver_ops, CMIO_READABLE);
}

int cmio_io_bind_signals(struct cmio_io *io, struct cmio_executor *executor,
                         struct cmio_signals *signal_source) {
    return bind_source(io, executor, SOURCE_OF(signal_source), &other_ops, CMIO_READABLE);
}

int cmio_io_bind_child(struct cmio_io *io, struct cmio_executor *executor,
                       struct cmio_child *child) {
    return bind_source(io, executor, SOURCE_OF(child), &other_ops, CMIO_READABLE);
}

int cmio_io_bind_fd_source(struct cmio_io *io, struct cmio_executor *executor,
                           struct cmio_fd_source *source, cmio_interest interest) {
    if ((interest & ~(BOTH | CMIO_PRIORITY)) != 0)
        return -EINVAL; /* the library chooses the mode */
    return bind_source(io, executor, SOURCE_OF(source), &other_ops, interest);
}

int cmio_io_close(struct cmio_io *io) {
    if (io == NULL || io->slot == NULL)
        return 0;
    struct cmio__io_slot *slot = io->slot;
    io->slot = NULL;
    /* An executor that was freed has taken its registry and its slots with it. */
    if (!cmio_source_is_registered(io->source))
        return 0;
    const int error = cmio_registry_deregister(cmio_poll_registry(slot->worker->poll), io->source);
    cmio__io_slot_close(slot);
    return error;
}

/* Waiting */

static enum cmio_future_state poll_ready(struct cmio_future *future, struct cmio_context *context) {
    struct cmio_ready_future *ready = CMIO__CONTAINER(future, struct cmio_ready_future, future);
    const enum cmio_future_state state = cmio__ready_poll(ready, context, "ready");
    if (state == CMIO_READY && future->result == 0)
        future->result = (ssize_t)(ready->seen & CMIO__READINESS);
    return state;
}

enum cmio_future_state cmio__ready_poll(struct cmio_ready_future *ready,
                                        struct cmio_context *context, const char *name) {
    int error = 0;
    if (ready->io->slot == NULL) {
        ready->future.result = -EBADF;
        return CMIO_READY;
    }
    if (!cmio__context_spend(context))
        return CMIO_PENDING;
    if (cmio__io_slot_poll(ready->io->slot, ready->io->generation, ready->direction, ready,
                           &context->waker, &ready->seen, &error) == CMIO_PENDING)
        return cmio__context_awaits(context, name);
    ready->future.result = error;
    return CMIO_READY;
}

void cmio__ready_drop(struct cmio_ready_future *ready) {
    if (ready->io->slot != NULL)
        cmio__io_slot_forget(ready->io->slot, ready->direction, ready);
}

static void drop_ready(struct cmio_future *future) {
    cmio__ready_drop(CMIO__CONTAINER(future, struct cmio_ready_future, future));
}

static const struct cmio_future_ops ready_ops = {
    .name = "ready",
    .poll = poll_ready,
    .drop = drop_ready,
};

void cmio__ready_init(struct cmio_ready_future *ready, struct cmio_io *io,
                      cmio_interest direction) {
    *ready = (struct cmio_ready_future){.future.ops = &ready_ops, .io = io, .direction = direction};
}

int cmio_ready_future_init(struct cmio_ready_future *ready, struct cmio_io *io,
                           cmio_interest direction) {
    if (ready == NULL || io == NULL || (direction != CMIO_READABLE && direction != CMIO_WRITABLE))
        return -EINVAL;
    cmio__ready_init(ready, io, direction);
    return 0;
}

ssize_t cmio_io_note(struct cmio_ready_future *ready, ssize_t result) {
    if (ready == NULL)
        return -EINVAL;
    if (result == -EAGAIN && ready->io->slot != NULL)
        cmio__ready_clear(ready);
    return result;
}
