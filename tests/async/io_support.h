/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_ASYNC_IO_SUPPORT_H
#define CMIO_TESTS_ASYNC_IO_SUPPORT_H

/* Bound sources in pairs, and futures that are given up, for the tests of I/O. */

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <cmio/async.h>

#include "support/pair.h"
#include "support/scale.h"
#include "support/streams.h"
#include "support/test.h"

/* The subject of a row: the number of workers of its executor, and a kind of stream. */
enum end_kind { TCP, UNIX, PIPE, FD, END_KINDS };

struct subject {
    int workers;
    enum end_kind kind;
};

#define SUBJECT(state) ((const struct subject *)*(state))

static inline struct cmio_executor *new_executor(int workers) {
    struct cmio_executor *executor = NULL;
    TEST_OK(cmio_executor_new(
        &executor, &(struct cmio_executor_options){.workers = workers, .backend = test_backend()}));
    return executor;
}

/* One end of a connection. */
struct end {
    enum end_kind kind;
    struct test_stream stream;
    struct cmio_fd_source fd_source;
    int fd;
    struct cmio_io io;
};

/* `b` reads what `a` writes; except in a pipe, also the other way round. */
struct ends {
    struct end a, b;
};

static inline void ends_open(struct ends *ends, enum end_kind kind) {
    static const struct test_stream_kind *const kinds[] = {
        [TCP] = &test_stream_tcp_v4, [UNIX] = &test_stream_unix, [PIPE] = &test_stream_pipe};
    *ends = (struct ends){.a.kind = kind, .b.kind = kind};
    if (kind != FD) {
        assert_true(test_stream_open(kinds[kind], &ends->a.stream, &ends->b.stream));
        return;
    }
    int fds[2];
    test_pair_open(TEST_UNIX_STREAM, fds);
    ends->a.fd = fds[0];
    ends->b.fd = fds[1];
    test_set_nonblocking(fds[0]);
    test_set_nonblocking(fds[1]);
    TEST_OK(cmio_fd_source_init(&ends->a.fd_source, fds[0]));
    TEST_OK(cmio_fd_source_init(&ends->b.fd_source, fds[1]));
}

static inline int end_bind(struct end *end, bool writes, struct cmio_executor *executor) {
    switch (end->kind) {
    case TCP:
        return cmio_io_bind_tcp_stream(&end->io, executor, &end->stream.tcp_stream);
    case UNIX:
        return cmio_io_bind_unix_stream(&end->io, executor, &end->stream.unix_stream);
    case PIPE:
        return writes ? cmio_io_bind_pipe_sender(&end->io, executor, &end->stream.pipe_sender)
                      : cmio_io_bind_pipe_receiver(&end->io, executor, &end->stream.pipe_receiver);
    default:
        return cmio_io_bind_fd_source(&end->io, executor, &end->fd_source,
                                      CMIO_READABLE | CMIO_WRITABLE);
    }
}

static inline void ends_bind(struct ends *ends, struct cmio_executor *executor) {
    TEST_OK(end_bind(&ends->a, true, executor));
    TEST_OK(end_bind(&ends->b, false, executor));
}

static inline int end_fd(const struct end *end) {
    return end->kind == FD ? end->fd : end->stream.calls->fd(&end->stream);
}

static inline void end_close(struct end *end) {
    TEST_OK(cmio_io_close(&end->io));
    if (end->kind == FD) {
        TEST_OK(cmio_fd_source_close(&end->fd_source));
        test_close(end->fd);
    } else {
        TEST_OK(stream_close(&end->stream));
    }
}

static inline void ends_close(struct ends *ends) {
    end_close(&ends->a);
    end_close(&ends->b);
}

/* Polls another future a number of times, then gives it up. */
struct giving_up {
    struct cmio_future future;
    struct cmio_future *child;
    int polls;           /* the most that the child gets */
    atomic_int *pending; /* how often the child was pending */
};

static inline enum cmio_future_state poll_giving_up(struct cmio_future *future,
                                                    struct cmio_context *context) {
    struct giving_up *giving_up = (struct giving_up *)future;
    if (giving_up->polls-- > 0 && cmio_future_poll(giving_up->child, context) == CMIO_PENDING) {
        atomic_fetch_add(giving_up->pending, 1);
        return CMIO_PENDING;
    }
    cmio_future_drop(giving_up->child);
    future->result = giving_up->child->result;
    return CMIO_READY;
}

static inline void drop_giving_up(struct cmio_future *future) {
    cmio_future_drop(((struct giving_up *)future)->child);
}

static const struct cmio_future_ops giving_up_ops = {"giving up", poll_giving_up, drop_giving_up};

static inline struct giving_up giving_up_after(struct cmio_future *child, int polls,
                                               atomic_int *pending) {
    return (struct giving_up){{.ops = &giving_up_ops}, child, polls, pending};
}

#define SPAWN(executor, named) spawn((executor), &(named)->future, sizeof *(named))

static inline struct cmio_join_handle *spawn(struct cmio_executor *executor,
                                             const struct cmio_future *future, size_t size) {
    struct cmio_join_handle *handle = NULL;
    TEST_OK(cmio_spawn(executor, future, size, NULL, &handle));
    return handle;
}

static inline ssize_t join(struct cmio_executor *executor, struct cmio_join_handle *handle) {
    struct cmio_join_future future;
    TEST_OK(cmio_join_future_init(&future, handle));
    const ssize_t result = cmio_block_on(executor, &future.future);
    cmio_join_handle_drop(handle);
    return result;
}

/* Lets the executor run for a moment, even one without threads. */
static inline bool run_a_little(struct cmio_executor *executor) {
    struct cmio_yield_future yield;
    TEST_OK(cmio_yield_future_init(&yield));
    TEST_OK(cmio_block_on(executor, &yield.future));
    return true;
}

/* Waits until the child of a giving_up has been pending count times. */
static inline void await_pending(struct cmio_executor *executor, atomic_int *pending, int count) {
    TEST_EVENTUALLY(run_a_little(executor) && atomic_load(pending) >= count);
}

/* Polls a child that waits for the first time in a task, and then aborts the task. */
static inline void abort_waiting(struct cmio_executor *executor, struct cmio_future *child) {
    atomic_int pending = 0;
    struct giving_up giving_up = giving_up_after(child, 1 << 20, &pending);
    struct cmio_join_handle *handle = SPAWN(executor, &giving_up);
    await_pending(executor, &pending, 1);
    TEST_OK(cmio_join_handle_abort(handle));
    TEST_FAILS(join(executor, handle), -ECANCELED);
    assert_true(cmio_future_has_ended(child));
}

/* The i-th byte of every transfer. */
static inline char byte_at(size_t i) {
    return (char)((i * 7 + i / 251) % 253);
}

static inline void fill_pattern(char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        bytes[i] = byte_at(i);
}

#define WORKERS_ROWS(test)                                                                         \
    TEST_ROW(none, test, &none), TEST_ROW(one, test, &one), TEST_ROW(four, test, &four)

#define KIND_ROWS(name, kind, test)                                                                \
    TEST_ROW(name##_none, test, (&(const struct subject){CMIO_CURRENT_THREAD, kind})),             \
        TEST_ROW(name##_one, test, (&(const struct subject){1, kind})),                            \
        TEST_ROW(name##_four, test, (&(const struct subject){4, kind}))

#define EACH_KIND(test)                                                                            \
    KIND_ROWS(tcp, TCP, test), KIND_ROWS(unix, UNIX, test), KIND_ROWS(pipe, PIPE, test),           \
        KIND_ROWS(fd, FD, test)
/* The kinds that go both ways. */
#define EACH_DUPLEX(test)                                                                          \
    KIND_ROWS(tcp, TCP, test), KIND_ROWS(unix, UNIX, test), KIND_ROWS(fd, FD, test)

static const struct subject none = {CMIO_CURRENT_THREAD, TCP}, one = {1, TCP}, four = {4, TCP};

/* The binding is of a source that has no bytes: every future that would move some is refused. */
static inline void expect_no_bytes(struct cmio_io *io) {
    union {
        struct cmio_read_future read;
        struct cmio_read_exactly_future read_exactly;
        struct cmio_write_all_future write;
        struct cmio_writev_all_future writev;
        struct cmio_shutdown_future shutdown;
        struct cmio_receive_from_future receive;
        struct cmio_send_to_future send;
        struct cmio_accept_future accept;
    } future;
    char byte = 0;
    struct iovec buffer = {&byte, 1};
    struct cmio_address address;
    struct cmio_tcp_stream stream;
    bool truncated;
    TEST_OK(cmio_address_parse("127.0.0.1:9", &address));
    TEST_FAILS(cmio_read_future_init(&future.read, io, &byte, 1), -EINVAL);
    TEST_FAILS(cmio_read_exactly_future_init(&future.read_exactly, io, &byte, 1), -EINVAL);
    TEST_FAILS(cmio_write_all_future_init(&future.write, io, &byte, 1), -EINVAL);
    TEST_FAILS(cmio_writev_all_future_init(&future.writev, io, &buffer, 1), -EINVAL);
    TEST_FAILS(cmio_shutdown_future_init(&future.shutdown, io), -EINVAL);
    TEST_FAILS(cmio_receive_from_future_init(&future.receive, io, &byte, 1, &address, &truncated),
               -EINVAL);
    TEST_FAILS(cmio_send_to_future_init(&future.send, io, &byte, 1, &address), -EINVAL);
    TEST_FAILS(cmio_accept_tcp_future_init(&future.accept, io, &stream, NULL), -EINVAL);
}

#endif
