/* SPDX-License-Identifier: MIT */

/* Binding a source to an executor, and waiting for it. */
#include "async/io_support.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmio/poll.h>
#include <cmio/registry.h>

static void open_bound(void **state, struct cmio_executor **executor, struct ends *ends) {
    (void)signal(SIGPIPE, SIG_IGN);
    *executor = new_executor(SUBJECT(state)->workers);
    ends_open(ends, SUBJECT(state)->kind);
    ends_bind(ends, *executor);
}

static void close_bound(struct cmio_executor *executor, struct ends *ends) {
    ends_close(ends);
    cmio_executor_free(executor);
}

/* I/O of the program's own, which finds nothing but for now and then. */
typedef ssize_t (*own_io)(struct ends *ends);

static ssize_t read_own(struct ends *ends) {
    char buffer[8];
    return stream_read(&ends->b.stream, buffer, sizeof buffer);
}

static ssize_t write_own(struct ends *ends) {
    const char bytes[4096] = {0};
    return stream_write(&ends->a.stream, bytes, sizeof bytes);
}

/* Does it until a future has to wait, which it gives. Earlier ones may find that it was for nothing. */
static struct cmio_join_handle *wait_own(struct cmio_executor *executor, struct ends *ends,
                                         struct cmio_ready_future *ready, own_io io,
                                         atomic_int *pending) {
    const cmio_interest direction = io == read_own ? CMIO_READABLE : CMIO_WRITABLE;
    for (int i = 0; i < 100; i++) {
        TEST_OK(
            cmio_ready_future_init(ready, io == read_own ? &ends->b.io : &ends->a.io, direction));
        struct giving_up waiting = giving_up_after(&ready->future, 1 << 20, pending);
        struct cmio_join_handle *handle = SPAWN(executor, &waiting);
        TEST_EVENTUALLY(run_a_little(executor) &&
                        (atomic_load(pending) > 0 || cmio_join_handle_is_finished(handle)));
        if (atomic_load(pending) > 0)
            return handle;
        assert_true((join(executor, handle) & (ssize_t)direction) != 0);
        while (cmio_io_note(ready, io(ends)) >= 0)
            continue;
    }
    fail_msg("never waits");
    return NULL;
}

static void ready_waits_until_io_of_the_programs_own_finds_something(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    open_bound(state, &executor, &ends);
    for (int i = 0; i < 10; i++) {
        struct cmio_ready_future ready;
        atomic_int pending = 0;
        struct cmio_join_handle *handle = wait_own(executor, &ends, &ready, read_own, &pending);
        test_put(end_fd(&ends.a), 5);
        assert_true((join(executor, handle) & CMIO_READABLE) != 0);
        TEST_GIVES(cmio_io_note(&ready, read_own(&ends)), 5);
        TEST_FAILS(cmio_io_note(&ready, read_own(&ends)), -EAGAIN);
    }
    close_bound(executor, &ends);
}

/* Once is not enough with TCP: what the system holds back at the other end still follows. */
static bool has_room_after_a_read(struct ends *ends) {
    struct pollfd asked = {.fd = end_fd(&ends->a), .events = POLLOUT};
    (void)test_drain(end_fd(&ends->b));
    return poll(&asked, 1, 0) == 1;
}

static void ready_to_write_waits_for_room(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    atomic_int pending = 0;
    struct cmio_ready_future ready;
    open_bound(state, &executor, &ends);
    struct cmio_join_handle *handle = wait_own(executor, &ends, &ready, write_own, &pending);
    TEST_EVENTUALLY(has_room_after_a_read(&ends));
    assert_true((join(executor, handle) & CMIO_WRITABLE) != 0);
    close_bound(executor, &ends);
}

static void a_second_waiter_of_a_direction_is_refused(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    atomic_int pending = 0;
    char buffer[2][8];
    open_bound(state, &executor, &ends);
    struct cmio_read_future first, second;
    TEST_OK(cmio_read_future_init(&first, &ends.b.io, buffer[0], sizeof *buffer));
    TEST_OK(cmio_read_future_init(&second, &ends.b.io, buffer[1], sizeof *buffer));
    struct giving_up waiting = giving_up_after(&first.future, 1 << 20, &pending);
    struct cmio_join_handle *handle = SPAWN(executor, &waiting);
    await_pending(executor, &pending, 1);
    TEST_FAILS(cmio_block_on(executor, &second.future), -EBUSY);
    test_put(end_fd(&ends.a), 5);
    TEST_GIVES(join(executor, handle), 5);
    close_bound(executor, &ends);
}

static void a_waiter_that_is_dropped_makes_room_for_the_next(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char buffer[8];
    open_bound(state, &executor, &ends);
    for (int i = 0; i < 5; i++) {
        struct cmio_read_future read;
        TEST_OK(cmio_read_future_init(&read, &ends.b.io, buffer, sizeof buffer));
        abort_waiting(executor, &read.future);
    }
    close_bound(executor, &ends);
}

/* Whose memory is then gone, as that of a connection that was freed. */
static void closing_ends_who_waits(void **state) {
    struct cmio_executor *executor;
    struct ends *ends = malloc(sizeof *ends);
    assert_non_null(ends);
    open_bound(state, &executor, ends);
    const size_t length = 16 << 20;
    char *bytes = calloc(1, length), buffer[8];
    assert_non_null(bytes);
    atomic_int pending = 0;
    struct cmio_read_future read;
    struct cmio_write_all_future write;
    TEST_OK(cmio_read_future_init(&read, &ends->a.io, buffer, sizeof buffer));
    TEST_OK(cmio_write_all_future_init(&write, &ends->a.io, bytes, length));
    struct giving_up reading = giving_up_after(&read.future, 1 << 20, &pending);
    struct cmio_join_handle *reader = SPAWN(executor, &reading);
    await_pending(executor, &pending, 1);
    /* With TCP there may be room later. To write then, while the binding is closed, is not allowed. */
    const int polls = SUBJECT(state)->kind == TCP ? 1 : 1 << 20;
    struct giving_up writing = giving_up_after(&write.future, polls, &pending);
    struct cmio_join_handle *writer = SPAWN(executor, &writing);
    await_pending(executor, &pending, 2);
    ends_close(ends);
    memset(ends, 0xa5, sizeof *ends);
    free(ends);
    TEST_FAILS(join(executor, reader), -ECANCELED);
    TEST_FAILS(join(executor, writer), -ECANCELED);
    assert_true(write.done > 0);
    free(bytes);
    cmio_executor_free(executor);
}

static void a_waiter_may_be_dropped_after_the_binding_was_closed(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    atomic_int pending = 0;
    char buffer[8];
    open_bound(state, &executor, &ends);
    struct cmio_read_future read;
    TEST_OK(cmio_read_future_init(&read, &ends.b.io, buffer, sizeof buffer));
    struct giving_up giving_up = giving_up_after(&read.future, 1, &pending);
    struct cmio_join_handle *handle = SPAWN(executor, &giving_up);
    await_pending(executor, &pending, 1);
    ends_close(&ends);
    memset(&ends, 0xa5, sizeof ends);
    TEST_FAILS(join(executor, handle), -ECANCELED);
    cmio_executor_free(executor);
}

static void a_closed_binding_is_no_good(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char buffer[8];
    open_bound(state, &executor, &ends);
    struct cmio_read_future before, after;
    TEST_OK(cmio_read_future_init(&before, &ends.b.io, buffer, sizeof buffer));
    test_put(end_fd(&ends.a), 1);
    TEST_OK(cmio_io_close(&ends.b.io));
    TEST_OK(cmio_io_close(&ends.b.io));
    TEST_OK(cmio_read_future_init(&after, &ends.b.io, buffer, sizeof buffer));
    TEST_FAILS(cmio_block_on(executor, &before.future), -ECANCELED);
    TEST_FAILS(cmio_block_on(executor, &after.future), -EBADF);
    close_bound(executor, &ends);
    TEST_OK(cmio_io_close(NULL));
}

static void a_binding_may_be_closed_after_its_executor_was_freed(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char buffer[8];
    open_bound(state, &executor, &ends);
    struct cmio_read_future read;
    TEST_OK(cmio_read_future_init(&read, &ends.b.io, buffer, sizeof buffer));
    cmio_join_handle_drop(SPAWN(executor, &read));
    run_a_little(executor);
    cmio_executor_free(executor);
    ends_close(&ends);
}

static void a_source_may_be_bound_to_the_next_executor(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char buffer[8];
    open_bound(state, &executor, &ends);
    cmio_executor_free(executor);
    executor = new_executor(SUBJECT(state)->workers);
    TEST_OK(cmio_io_close(&ends.a.io));
    TEST_OK(cmio_io_close(&ends.b.io));
    ends_bind(&ends, executor);
    struct cmio_read_future read;
    TEST_OK(cmio_read_future_init(&read, &ends.b.io, buffer, sizeof buffer));
    test_put(end_fd(&ends.a), 5);
    TEST_GIVES(cmio_block_on(executor, &read.future), 5);
    close_bound(executor, &ends);
}

static void binding_is_refused_without_a_source_an_executor_or_a_new_one(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct ends ends;
    struct cmio_io io;
    ends_open(&ends, TCP);
    struct cmio_tcp_stream *stream = &ends.a.stream.tcp_stream;
    TEST_FAILS(cmio_io_bind_tcp_stream(NULL, executor, stream), -EINVAL);
    TEST_FAILS(cmio_io_bind_tcp_stream(&io, executor, NULL), -EINVAL);
    TEST_FAILS(cmio_io_bind_tcp_stream(&io, NULL, stream), -EPERM);
    TEST_FAILS(cmio_io_bind_udp_socket(&io, executor, NULL), -EINVAL);
    TEST_OK(end_bind(&ends.a, true, executor));
    TEST_FAILS(cmio_io_bind_tcp_stream(&io, executor, stream), -EEXIST);
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    TEST_FAILS(end_bind(&ends.b, false, executor), -ESHUTDOWN);
    close_bound(executor, &ends);
}

static void a_direction_that_was_not_bound_is_refused(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct ends ends;
    char byte;
    struct cmio_ready_future ready;
    struct cmio_read_future read;
    ends_open(&ends, FD);
    struct end *a = &ends.a;
    TEST_FAILS(cmio_io_bind_fd_source(&a->io, executor, &a->fd_source, 0), -EINVAL);
    TEST_FAILS(cmio_io_bind_fd_source(&a->io, executor, &a->fd_source, CMIO_READABLE | CMIO_LEVEL),
               -EINVAL);
    TEST_OK(cmio_io_bind_fd_source(&a->io, executor, &a->fd_source, CMIO_WRITABLE));
    TEST_FAILS(cmio_ready_future_init(&ready, &a->io, CMIO_READABLE), -EINVAL);
    TEST_FAILS(cmio_ready_future_init(&ready, &a->io, CMIO_READABLE | CMIO_WRITABLE), -EINVAL);
    TEST_FAILS(cmio_ready_future_init(&ready, NULL, CMIO_WRITABLE), -EINVAL);
    TEST_FAILS(cmio_ready_future_init(NULL, &a->io, CMIO_WRITABLE), -EINVAL);
    TEST_FAILS(cmio_read_future_init(&read, &a->io, &byte, 1), -EINVAL);
    TEST_FAILS(cmio_io_note(NULL, 0), -EINVAL);
    TEST_OK(cmio_ready_future_init(&ready, &a->io, CMIO_WRITABLE));
    assert_true(cmio_block_on(executor, &ready.future) > 0);
    close_bound(executor, &ends);
}

/* Each end reads and writes at the same time, in four tasks. */
static void both_halves_of_a_stream_are_used_at_once(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    const size_t length = (size_t)test_scale(2 << 20);
    char *sent = malloc(length), *received[2] = {calloc(1, length), calloc(1, length)};
    assert_true(sent != NULL && received[0] != NULL && received[1] != NULL);
    fill_pattern(sent, length);
    open_bound(state, &executor, &ends);
    struct cmio_io *const ios[2] = {&ends.a.io, &ends.b.io};
    struct cmio_join_handle *handles[4];
    for (int i = 0; i < 2; i++) {
        struct cmio_write_all_future write;
        struct cmio_read_exactly_future read;
        TEST_OK(cmio_write_all_future_init(&write, ios[i], sent, length));
        TEST_OK(cmio_read_exactly_future_init(&read, ios[i], received[i], length));
        handles[2 * i] = SPAWN(executor, &write);
        handles[2 * i + 1] = SPAWN(executor, &read);
    }
    for (int i = 0; i < 4; i++)
        TEST_GIVES(join(executor, handles[i]), (ssize_t)length);
    assert_memory_equal(sent, received[0], length);
    assert_memory_equal(sent, received[1], length);
    close_bound(executor, &ends);
    free(sent);
    free(received[0]);
    free(received[1]);
}

/* A thread that reads from a stream, or writes to it, until that fails. */
struct half {
    struct test_stream *stream;
    atomic_int *started;
    bool writes;
};

static void *use_half(void *argument) {
    const struct half *half = argument;
    char bytes[512] = {0};
    ssize_t result;
    atomic_fetch_add_explicit(half->started, 1, memory_order_relaxed);
    do
        result = half->writes ? stream_write(half->stream, bytes, sizeof bytes)
                              : stream_read(half->stream, bytes, sizeof bytes);
    while (result > 0 || result == -EAGAIN);
    return NULL;
}

/* Under a checker of threads: nothing but the stream is between the two. */
static void both_halves_may_fail_on_two_threads_at_once(void **state) {
    (void)state;
    struct ends ends;
    struct cmio_poll *poll;
    pthread_t threads[2];
    atomic_int started = 0;
    TEST_OK(cmio_poll_new_with(&poll, test_backend()));
    ends_open(&ends, TCP);
    struct test_stream *stream = &ends.a.stream;
    TEST_OK(cmio_registry_register(cmio_poll_registry(poll), &stream->source, 1,
                                   CMIO_READABLE | CMIO_WRITABLE));
    struct half halves[2] = {{stream, &started, false}, {stream, &started, true}};
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_half, &halves[i]), 0);
    TEST_EVENTUALLY(atomic_load(&started) == 2);
    test_set_reset_on_close(end_fd(&ends.b));
    end_close(&ends.b);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    TEST_FAILS(cmio_tcp_stream_finish_connect(&stream->tcp_stream), -ECONNRESET);
    end_close(&ends.a);
    cmio_poll_free(poll);
}

/* Reads byte after byte, all of which are there. */
struct nibbler {
    struct cmio_future future;
    struct cmio_io *io;
    struct cmio_read_future read;
    int left, *polls;
    char byte;
};

static enum cmio_future_state poll_nibbler(struct cmio_future *future,
                                           struct cmio_context *context) {
    struct nibbler *nibbler = (struct nibbler *)future;
    ++*nibbler->polls;
    while (nibbler->left > 0) {
        if (nibbler->read.future.ops == NULL)
            TEST_OK(cmio_read_future_init(&nibbler->read, nibbler->io, &nibbler->byte, 1));
        if (cmio_future_poll(&nibbler->read.future, context) == CMIO_PENDING)
            return CMIO_PENDING;
        TEST_GIVES(nibbler->read.future.result, 1);
        nibbler->read = (struct cmio_read_future){0};
        nibbler->left--;
    }
    return CMIO_READY;
}

static void drop_nibbler(struct cmio_future *future) {
    cmio_future_drop(&((struct nibbler *)future)->read.future);
}

static const struct cmio_future_ops nibbler_ops = {"nibbler", poll_nibbler, drop_nibbler};

static void a_task_whose_source_is_always_ready_gives_way(void **state) {
    enum { BYTES = 1280 };
    struct cmio_executor *executor;
    struct ends ends;
    int polls = 0;
    open_bound(state, &executor, &ends);
    test_put(end_fd(&ends.a), BYTES);
    struct nibbler nibbler = {
        .future.ops = &nibbler_ops, .io = &ends.b.io, .left = BYTES, .polls = &polls};
    TEST_OK(cmio_block_on(executor, &nibbler.future));
    assert_in_range(polls, BYTES / 128, BYTES / 2);
    close_bound(executor, &ends);
}

/*
 * Sources come and go in tasks of several workers, while events of those before are on their way:
 * each one reads what was sent to it and nothing else, and none waits for ever.
 */
struct churn {
    struct cmio_future future;
    struct ends ends;
    struct cmio_read_exactly_future read;
    char buffer[3];
    int rounds;
    bool is_reading;
};

static void begin_round(struct churn *churn) {
    ends_open(&churn->ends, churn->rounds % 2 == 0 ? TCP : UNIX);
    TEST_OK(end_bind(&churn->ends.b, false, NULL));
    assert_int_equal(write(end_fd(&churn->ends.a), "ab", 2), 2);
    TEST_OK(cmio_read_exactly_future_init(&churn->read, &churn->ends.b.io, churn->buffer, 3));
    churn->is_reading = true;
}

static enum cmio_future_state poll_churn(struct cmio_future *future, struct cmio_context *context) {
    struct churn *churn = (struct churn *)future;
    while (churn->rounds > 0) {
        if (!churn->is_reading)
            begin_round(churn);
        if (cmio_future_poll(&churn->read.future, context) == CMIO_PENDING) {
            if (churn->read.done == 2)
                assert_int_equal(write(end_fd(&churn->ends.a), "c", 1), 1);
            return CMIO_PENDING;
        }
        TEST_GIVES(churn->read.future.result, 3);
        assert_memory_equal(churn->buffer, "abc", 3);
        /* An event for the slot, which nobody waits for. */
        assert_int_equal(write(end_fd(&churn->ends.a), "x", 1), 1);
        ends_close(&churn->ends);
        churn->is_reading = false;
        churn->rounds--;
    }
    return CMIO_READY;
}

static void drop_churn(struct cmio_future *future) {
    struct churn *churn = (struct churn *)future;
    cmio_future_drop(&churn->read.future);
    if (churn->is_reading)
        ends_close(&churn->ends);
}

static const struct cmio_future_ops churn_ops = {"churn", poll_churn, drop_churn};

static void slots_are_used_again_while_events_are_on_their_way(void **state) {
    enum { TASKS = 8 };
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct cmio_join_handle *handles[TASKS];
    for (int i = 0; i < TASKS; i++) {
        const struct churn churn = {.future.ops = &churn_ops, .rounds = test_scale(200)};
        handles[i] = SPAWN(executor, &churn);
    }
    for (int i = 0; i < TASKS; i++)
        TEST_OK(join(executor, handles[i]));
    cmio_executor_free(executor);
}

static const struct CMUnitTest tests[] = {
    WORKERS_ROWS(ready_waits_until_io_of_the_programs_own_finds_something),
    WORKERS_ROWS(ready_to_write_waits_for_room),
    EACH_KIND(a_second_waiter_of_a_direction_is_refused),
    EACH_KIND(a_waiter_that_is_dropped_makes_room_for_the_next),
    EACH_DUPLEX(closing_ends_who_waits),
    EACH_KIND(a_waiter_may_be_dropped_after_the_binding_was_closed),
    EACH_KIND(a_closed_binding_is_no_good),
    EACH_KIND(a_binding_may_be_closed_after_its_executor_was_freed),
    EACH_KIND(a_source_may_be_bound_to_the_next_executor),
    WORKERS_ROWS(binding_is_refused_without_a_source_an_executor_or_a_new_one),
    WORKERS_ROWS(a_direction_that_was_not_bound_is_refused),
    EACH_DUPLEX(both_halves_of_a_stream_are_used_at_once),
    cmocka_unit_test(both_halves_may_fail_on_two_threads_at_once),
    EACH_KIND(a_task_whose_source_is_always_ready_gives_way),
    WORKERS_ROWS(slots_are_used_again_while_events_are_on_their_way),
};

TEST_GROUP(async_io, tests)
