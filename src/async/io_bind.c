/* SPDX-License-Identifier: MIT */
/* Binding a source to an executor, and the calls of each type of source. */
#include "async/io.h"

#include <sys/uio.h>
#include <unistd.h>

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
#define ACCEPTS(type, of_stream)                                                                   \
    static int accept_##type(struct cmio_source *source, void *stream,                             \
                             struct cmio_address *peer) {                                          \
        return cmio_##type##_accept(TYPE_OF(source, cmio_##type), (struct of_stream *)stream,      \
                                    peer);                                                         \
    }
#define SENDS_AND_RECEIVES(type)                                                                   \
    static ssize_t receive_##type(struct cmio_source *source, void *buffer, size_t length,         \
                                  struct cmio_address *peer, bool *truncated) {                    \
        return cmio_##type##_recv_from(TYPE_OF(source, cmio_##type), buffer, length, peer,         \
                                       truncated);                                                 \
    }                                                                                              \
    static ssize_t send_##type(struct cmio_source *source, const void *buffer, size_t length,      \
                               const struct cmio_address *address) {                               \
        struct cmio_##type *socket = TYPE_OF(source, cmio_##type);                                 \
        return address == NULL ? cmio_##type##_send(socket, buffer, length)                        \
                               : cmio_##type##_send_to(socket, buffer, length, address);           \
    }

READS(tcp_stream)
WRITES(tcp_stream)
SHUTS_DOWN(tcp_stream)
READS(unix_stream)
WRITES(unix_stream)
SHUTS_DOWN(unix_stream)
READS(pipe_receiver)
WRITES(pipe_sender)
ACCEPTS(tcp_listener, cmio_tcp_stream)
ACCEPTS(unix_listener, cmio_unix_stream)
SENDS_AND_RECEIVES(udp_socket)
SENDS_AND_RECEIVES(unix_datagram)

static ssize_t read_fd_source(struct cmio_source *source, void *buffer, size_t length) {
    struct cmio_fd_source *fd_source = TYPE_OF(source, cmio_fd_source);
    const ssize_t result = read(cmio_fd_source_fd(fd_source), buffer, length);
    return cmio_fd_source_note_io(fd_source, CMIO_READABLE, result, length);
}

static ssize_t write_fd_source(struct cmio_source *source, const void *buffer, size_t length) {
    struct cmio_fd_source *fd_source = TYPE_OF(source, cmio_fd_source);
    const ssize_t result = write(cmio_fd_source_fd(fd_source), buffer, length);
    return cmio_fd_source_note_io(fd_source, CMIO_WRITABLE, result, length);
}

static size_t length_of(const struct iovec *buffers, int count) {
    size_t length = 0;
    for (int i = 0; i < count; i++)
        length += buffers[i].iov_len;
    return length;
}

static ssize_t writev_fd_source(struct cmio_source *source, const struct iovec *buffers,
                                int count) {
    struct cmio_fd_source *fd_source = TYPE_OF(source, cmio_fd_source);
    const size_t length = length_of(buffers, count);
    const ssize_t result = writev(cmio_fd_source_fd(fd_source), buffers, count);
    return cmio_fd_source_note_io(fd_source, CMIO_WRITABLE, result, length);
}

static const struct cmio__io_ops tcp_stream_ops = {
    .read = read_tcp_stream,
    .write = write_tcp_stream,
    .writev = writev_tcp_stream,
    .shutdown_write = shutdown_tcp_stream,
    .short_read_empties = true,
    .short_write_fills = true,
};

/* For backends that do not report urgent data, at which a read stops. */
static const struct cmio__io_ops tcp_stream_urgent_ops = {
    .read = read_tcp_stream,
    .write = write_tcp_stream,
    .writev = writev_tcp_stream,
    .shutdown_write = shutdown_tcp_stream,
    .short_write_fills = true,
};

/* A read may stop where descriptors were passed, and where the sending process changes. */
static const struct cmio__io_ops unix_stream_ops = {
    .read = read_unix_stream,
    .write = write_unix_stream,
    .writev = writev_unix_stream,
    .shutdown_write = shutdown_unix_stream,
    .short_write_fills = true,
};

static const struct cmio__io_ops pipe_sender_ops = {
    .write = write_pipe_sender,
    .writev = writev_pipe_sender,
    .short_write_fills = true,
};

/* An adopted descriptor need not be a plain pipe, and reads of other things stop early. */
static const struct cmio__io_ops pipe_receiver_ops = {
    .read = read_pipe_receiver,
};

static const struct cmio__io_ops fd_source_ops = {
    .read = read_fd_source,
    .write = write_fd_source,
    .writev = writev_fd_source,
};

static const struct cmio__io_ops udp_socket_ops = {
    .receive = receive_udp_socket,
    .send = send_udp_socket,
};

static const struct cmio__io_ops unix_datagram_ops = {
    .receive = receive_unix_datagram,
    .send = send_unix_datagram,
    .send_to_may_stall = true,
};

const struct cmio__io_ops cmio__io_tcp_listener = {.accept = accept_tcp_listener};
const struct cmio__io_ops cmio__io_unix_listener = {.accept = accept_unix_listener};
const struct cmio__io_ops cmio__io_signals = {0};
const struct cmio__io_ops cmio__io_child = {0};

/* Binding */

/* The worker whose poll watches the source: the calling one if it is the executor's. */
static struct cmio__worker *choose_worker(struct cmio_executor *executor) {
    struct cmio__worker *current = cmio__worker_current;
    if (current != NULL && current->executor == executor)
        return current;
    const unsigned turn =
        atomic_fetch_add_explicit(&executor->next_worker, 1, memory_order_relaxed);
    return &executor->workers[turn % executor->count];
}

static int choose(struct cmio_executor *executor, struct cmio__worker **out) {
    if (executor == NULL && cmio__worker_current == NULL)
        return -EPERM;
    if (executor == NULL)
        executor = cmio__worker_current->executor;
    if (atomic_load_explicit(&executor->closing, memory_order_relaxed))
        return -ESHUTDOWN;
    *out = choose_worker(executor);
    return 0;
}

static int bind_source(struct cmio_io *io, struct cmio_executor *executor,
                       struct cmio_source *source, const struct cmio__io_ops *ops,
                       cmio_interest interest) {
    struct cmio__worker *worker = NULL;
    if (io == NULL || source == NULL)
        return -EINVAL;
    int error = choose(executor, &worker);
    if (error < 0)
        return error;
    struct cmio__io_slot *slot = cmio__io_slot_take(worker, interest);
    if (slot == NULL)
        return -ENOMEM;
    const unsigned generation = atomic_load_explicit(&slot->generation, memory_order_relaxed);
    error = cmio_registry_register(cmio_poll_registry(worker->poll), source, (cmio_token)slot,
                                   interest);
    if (error != 0) {
        cmio__io_slot_close(slot);
        return error;
    }
    *io = (struct cmio_io){
        .source = source, .ops = ops, .slot = slot, .generation = generation, .interest = interest};
    return 0;
}

#define BOTH (CMIO_READABLE | CMIO_WRITABLE)

/* &thing->source, or NULL. */
#define SOURCE_OF(thing) ((thing) == NULL ? NULL : &(thing)->source)

/*
 * After a short read a stream is empty, unless the read stopped at urgent data. A backend that can
 * report urgent data does so in the event of the bytes behind it, or in an earlier one. On other
 * backends, a short read is never taken for the last.
 */
int cmio_io_bind_tcp_stream(struct cmio_io *io, struct cmio_executor *executor,
                            struct cmio_tcp_stream *stream) {
    const int error =
        bind_source(io, executor, SOURCE_OF(stream), &tcp_stream_ops, BOTH | CMIO_PRIORITY);
    if (error != -ENOTSUP)
        return error;
    return bind_source(io, executor, SOURCE_OF(stream), &tcp_stream_urgent_ops, BOTH);
}

int cmio_io_bind_tcp_listener(struct cmio_io *io, struct cmio_executor *executor,
                              struct cmio_tcp_listener *listener) {
    return bind_source(io, executor, SOURCE_OF(listener), &cmio__io_tcp_listener, CMIO_READABLE);
}

int cmio_io_bind_udp_socket(struct cmio_io *io, struct cmio_executor *executor,
                            struct cmio_udp_socket *socket) {
    return bind_source(io, executor, SOURCE_OF(socket), &udp_socket_ops, BOTH);
}

int cmio_io_bind_unix_stream(struct cmio_io *io, struct cmio_executor *executor,
                             struct cmio_unix_stream *stream) {
    return bind_source(io, executor, SOURCE_OF(stream), &unix_stream_ops, BOTH);
}

int cmio_io_bind_unix_listener(struct cmio_io *io, struct cmio_executor *executor,
                               struct cmio_unix_listener *listener) {
    return bind_source(io, executor, SOURCE_OF(listener), &cmio__io_unix_listener, CMIO_READABLE);
}

int cmio_io_bind_unix_datagram(struct cmio_io *io, struct cmio_executor *executor,
                               struct cmio_unix_datagram *socket) {
    return bind_source(io, executor, SOURCE_OF(socket), &unix_datagram_ops, BOTH);
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
    return bind_source(io, executor, SOURCE_OF(signal_source), &cmio__io_signals, CMIO_READABLE);
}

int cmio_io_bind_child(struct cmio_io *io, struct cmio_executor *executor,
                       struct cmio_child *child) {
    return bind_source(io, executor, SOURCE_OF(child), &cmio__io_child, CMIO_READABLE);
}

int cmio_io_bind_fd_source(struct cmio_io *io, struct cmio_executor *executor,
                           struct cmio_fd_source *source, cmio_interest interest) {
    if ((interest & ~(BOTH | CMIO_PRIORITY)) != 0)
        return -EINVAL; /* the library chooses the mode */
    return bind_source(io, executor, SOURCE_OF(source), &fd_source_ops, interest);
}

int cmio_io_close(struct cmio_io *io) {
    if (io == NULL || io->slot == NULL)
        return 0;
    struct cmio__io_slot *slot = io->slot;
    io->slot = NULL;
    /* A freed executor has taken its registry and its slots with it. */
    if (!cmio_source_is_registered(io->source))
        return 0;
    const int error = cmio_registry_deregister(cmio_poll_registry(slot->worker->poll), io->source);
    cmio__io_slot_close(slot);
    return error;
}
