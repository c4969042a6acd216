/* SPDX-License-Identifier: MIT */

/*
 * What is left of a leaf that is dropped before its first poll, while it waits, or between its wake
 * and its next poll. Here are the points that the tests of the leaves leave out: the table in
 * docs/async/cancellation.md names the test of each point.
 */
#include "async/io_support.h"

#include <sys/uio.h>
#include <unistd.h>

static struct cmio_executor *executor_of(void **state) {
    return new_executor(SUBJECT(state)->workers);
}

/* As spawn_giving_up(), or NULL if the child has ended before, because of a spurious event. */
static struct cmio_join_handle *try_to_spawn_giving_up(struct cmio_executor *executor,
                                                       struct cmio_future *child, int polls) {
    static atomic_int pending;
    atomic_store(&pending, 0);
    struct giving_up giving_up = giving_up_after(child, polls, &pending);
    struct cmio_join_handle *handle = SPAWN(executor, &giving_up);
    TEST_EVENTUALLY(run_a_little(executor) &&
                    (atomic_load(&pending) >= polls || cmio_join_handle_is_finished(handle)));
    if (atomic_load(&pending) >= polls)
        return handle;
    assert_true(join(executor, handle) > 0);
    return NULL;
}

/* Polls the child so often, and drops it at the next wake; to be ended by join(). */
static struct cmio_join_handle *spawn_giving_up(struct cmio_executor *executor,
                                                struct cmio_future *child, int polls) {
    struct cmio_join_handle *handle = try_to_spawn_giving_up(executor, child, polls);
    assert_non_null(handle);
    return handle;
}

/* Polls the child so often and drops it after an event that needs nobody's help. */
static void drop_after(struct cmio_executor *executor, struct cmio_future *child, int polls) {
    atomic_int pending = 0;
    struct giving_up giving_up = giving_up_after(child, polls, &pending);
    TEST_FAILS(cmio_block_on(executor, &giving_up.future), -ECANCELED);
    assert_int_equal(pending, polls);
}

/* Sleep and yield */

/* As drop_after(), again if the process stood still until the sleep was over before its first poll. */
static void drop_sleep_after(struct cmio_executor *executor, int polls) {
    struct cmio_sleep_future sleep;
    atomic_int pending = 0;
    int64_t deadline;
    ssize_t result;
    do {
        deadline = cmio_now() + 20 * CMIO_MILLISECOND;
        TEST_OK(cmio_sleep_until_future_init(&sleep, deadline));
        struct giving_up giving_up = giving_up_after(&sleep.future, polls, &pending);
        result = cmio_block_on(executor, &giving_up.future);
    } while (result == 0 && pending == 0 && polls > 0 && cmio_now() >= deadline);
    TEST_FAILS(result, -ECANCELED);
    assert_int_equal(pending, polls);
}

static void a_sleep_or_yield_is_dropped_at_any_point(void **state) {
    struct cmio_executor *executor = executor_of(state);
    struct cmio_sleep_future sleep;
    struct cmio_yield_future yield;
    for (int polls = 0; polls < 2; polls++) {
        drop_sleep_after(executor, polls);
        TEST_OK(cmio_yield_future_init(&yield));
        drop_after(executor, &yield.future, polls);
    }
    TEST_OK(cmio_sleep_future_init(&sleep, CMIO_FOREVER));
    abort_waiting(executor, &sleep.future);
    cmio_executor_free(executor);
}

/* Makes a sleep and polls it. False if it was over before its first poll. */
static bool falls_asleep(struct cmio_sleep_future *sleep, int64_t duration,
                         struct cmio_context *context) {
    TEST_OK(cmio_sleep_future_init(sleep, duration));
    return cmio_future_poll(&sleep->future, context) == CMIO_PENDING;
}

/* Drops a sleep while it waits, then sleeps for longer; counts its polls. */
struct changes_its_mind {
    struct cmio_future future;
    struct cmio_sleep_future given_up, longer;
    int polls;
};

static enum cmio_future_state poll_changes_its_mind(struct cmio_future *future,
                                                    struct cmio_context *context) {
    struct changes_its_mind *self = (struct changes_its_mind *)future;
    if (self->polls++ > 0)
        return cmio_future_poll(&self->longer.future, context);
    do {
        while (!falls_asleep(&self->given_up, 20 * CMIO_MILLISECOND, context))
            continue;
        cmio_future_drop(&self->given_up.future);
    } while (!falls_asleep(&self->longer, 100 * CMIO_MILLISECOND, context));
    return CMIO_PENDING;
}

static void drop_changes_its_mind(struct cmio_future *future) {
    cmio_future_drop(&((struct changes_its_mind *)future)->longer.future);
}

static void a_sleep_that_is_dropped_wakes_nobody(void **state) {
    static const struct cmio_future_ops ops = {"changes its mind", poll_changes_its_mind,
                                               drop_changes_its_mind};
    struct cmio_executor *executor = executor_of(state);
    struct changes_its_mind future = {.future.ops = &ops};
    TEST_OK(cmio_block_on(executor, &future.future));
    assert_int_equal(future.polls, 2);
    cmio_executor_free(executor);
}

/* Join */

static void a_join_that_is_dropped_leaves_the_task_to_be_joined(void **state) {
    for (int polls = -1; polls < 2; polls++) { /* -1: aborted while it waits */
        struct cmio_executor *executor = executor_of(state);
        struct cmio_channel_sender *sender;
        struct cmio_channel_receiver *receiver;
        struct cmio_receive_future receive;
        struct cmio_join_future waiting;
        int message = 1;
        TEST_OK(cmio_channel_new(&sender, &receiver, sizeof message, 1));
        TEST_OK(cmio_receive_future_init(&receive, receiver, &message));
        struct cmio_join_handle *handle = SPAWN(executor, &receive);
        TEST_OK(cmio_join_future_init(&waiting, handle));
        for (int i = 0; i < 2 && polls < 0; i++) { /* the second one finds its place free */
            TEST_OK(cmio_join_future_init(&waiting, handle));
            abort_waiting(executor, &waiting.future);
        }
        struct cmio_join_handle *joiner =
            polls < 0 ? NULL : spawn_giving_up(executor, &waiting.future, polls);
        TEST_OK(cmio_channel_try_send(sender, &message));
        if (joiner != NULL)
            TEST_FAILS(join(executor, joiner), -ECANCELED);
        TEST_GIVES(join(executor, handle), 1);
        cmio_channel_sender_drop(sender);
        cmio_channel_receiver_drop(receiver);
        cmio_executor_free(executor);
    }
}

/* Streams */

static void streams_open(void **state, struct cmio_executor **executor, struct ends *ends) {
    *executor = executor_of(state);
    ends_open(ends, SUBJECT(state)->kind);
    ends_bind(ends, *executor);
}

static void streams_close(struct cmio_executor *executor, struct ends *ends) {
    ends_close(ends);
    cmio_executor_free(executor);
}

static void put(const struct end *end, const char *text) {
    assert_int_equal(write(end_fd(end), text, strlen(text)), (int)strlen(text));
}

/* Ends a read_exactly or read_until, of which two bytes came before and were read or not. */
static void end_reading(struct cmio_executor *executor, struct ends *ends,
                        struct cmio_future *reading, int polls) {
    struct cmio_join_handle *handle = spawn_giving_up(executor, reading, polls);
    put(&ends->a, "cd\n");
    TEST_FAILS(join(executor, handle), -ECANCELED);
}

static void read_exactly_that_is_dropped_at_any_point_loses_nothing(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    streams_open(state, &executor, &ends);
    for (int polls = 0; polls < 2; polls++) {
        char buffer[6] = "";
        struct cmio_read_exactly_future read, rest;
        TEST_OK(cmio_read_exactly_future_init(&read, &ends.b.io, buffer, 5));
        put(&ends.a, "ab");
        end_reading(executor, &ends, &read.future, polls);
        assert_true(read.done == 0 || (polls > 0 && read.done == 2)); /* 2: it was not the wake */
        TEST_OK(
            cmio_read_exactly_future_init(&rest, &ends.b.io, buffer + read.done, 5 - read.done));
        TEST_GIVES(cmio_block_on(executor, &rest.future), (ssize_t)(5 - read.done));
        assert_string_equal(buffer, "abcd\n");
    }
    streams_close(executor, &ends);
}

static void read_until_that_is_dropped_at_any_point_loses_nothing(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    streams_open(state, &executor, &ends);
    for (int polls = 0; polls < 2; polls++) {
        char memory[16];
        struct cmio_read_buffer buffer;
        struct cmio_read_until_future read;
        TEST_OK(cmio_read_buffer_init(&buffer, memory, sizeof memory));
        TEST_OK(cmio_read_until_future_init(&read, &ends.b.io, &buffer, "\n", 1));
        put(&ends.a, "ab");
        end_reading(executor, &ends, &read.future, polls);
        const size_t size = cmio_read_buffer_size(&buffer);
        assert_true(size == 0 || (polls > 0 && size == 2)); /* 2: it was not the wake */
        TEST_OK(cmio_read_until_future_init(&read, &ends.b.io, &buffer, "\n", 1));
        TEST_GIVES(cmio_block_on(executor, &read.future), 5);
        assert_memory_equal(cmio_read_buffer_data(&buffer), "abcd\n", 5);
    }
    streams_close(executor, &ends);
}

/* Reads what was sent behind the first bytes, and returns how much that was. */
static size_t drain_from(const struct end *end, size_t first) {
    static char buffer[1 << 16];
    size_t all = 0;
    for (ssize_t n; (n = read(end_fd(end), buffer, sizeof buffer)) > 0; all += (size_t)n)
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(buffer[i], byte_at(first + all + (size_t)i));
    return all;
}

enum { MORE_THAN_FITS = 16 << 20 };

static char pattern[MORE_THAN_FITS];

static void prepare_pattern(void) {
    if (pattern[1] == 0)
        fill_pattern(pattern, sizeof pattern);
}

/* Drops what writes when there is room again; returns how much was received. */
static size_t receive_until_dropped(struct cmio_executor *executor, struct ends *ends,
                                    struct cmio_future *writing) {
    struct cmio_join_handle *handle = spawn_giving_up(executor, writing, 1);
    size_t got = 0;
    TEST_EVENTUALLY(run_a_little(executor) && (got += drain_from(&ends->b, got)) > 0 &&
                    cmio_join_handle_is_finished(handle));
    TEST_FAILS(join(executor, handle), -ECANCELED);
    return got;
}

static void write_all_that_is_dropped_when_there_is_room_says_what_went(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    struct cmio_write_all_future write;
    prepare_pattern();
    streams_open(state, &executor, &ends);
    TEST_OK(cmio_write_all_future_init(&write, &ends.a.io, pattern, MORE_THAN_FITS));
    size_t got = receive_until_dropped(executor, &ends, &write.future);
    TEST_EVENTUALLY((got += drain_from(&ends.b, got)) >= write.done);
    assert_int_equal(got, write.done);
    assert_true(write.done < MORE_THAN_FITS);
    streams_close(executor, &ends);
}

static void writev_all_that_is_dropped_at_any_point_says_what_is_left(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    struct iovec buffers[2] = {{pattern, 10}, {pattern + 10, MORE_THAN_FITS - 10}};
    struct cmio_writev_all_future write;
    prepare_pattern();
    streams_open(state, &executor, &ends);
    TEST_OK(cmio_writev_all_future_init(&write, &ends.a.io, buffers, 2));
    drop_after(executor, &write.future, 0);
    assert_int_equal(write.done, 0);
    assert_int_equal(buffers[0].iov_len, 10);
    TEST_OK(cmio_writev_all_future_init(&write, &ends.a.io, buffers, 2));
    size_t got = receive_until_dropped(executor, &ends, &write.future);
    TEST_EVENTUALLY((got += drain_from(&ends.b, got)) >= write.done);
    assert_int_equal(got, write.done);
    assert_ptr_equal(buffers[1].iov_base, pattern + write.done);
    streams_close(executor, &ends);
}

/* A read of the program's own, of which the source and the binding are told. */
static ssize_t read_own(struct end *end, struct cmio_ready_future *ready) {
    char byte;
    if (end->kind != FD)
        return cmio_io_note(ready, stream_read(&end->stream, &byte, 1));
    return cmio_io_note(
        ready, cmio_fd_source_note_io(&end->fd_source, CMIO_READABLE, read(end->fd, &byte, 1), 1));
}

static struct cmio_ready_future readable(struct end *end) {
    struct cmio_ready_future ready;
    TEST_OK(cmio_ready_future_init(&ready, &end->io, CMIO_READABLE));
    return ready;
}

static void ready_that_is_dropped_at_any_point_leaves_the_source_ready(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    streams_open(state, &executor, &ends);
    for (int polls = 0; polls < 2; polls++) {
        struct cmio_ready_future ready, dropped;
        struct cmio_join_handle *handle;
        int tries = 0;
        do {
            assert_true(tries++ < 10);
            ready = readable(&ends.b); /* it may be: it was just bound */
            assert_true(cmio_block_on(executor, &ready.future) > 0);
            TEST_FAILS(read_own(&ends.b, &ready), -EAGAIN);
            dropped = readable(&ends.b);
            handle = try_to_spawn_giving_up(executor, &dropped.future, polls);
        } while (handle == NULL);
        put(&ends.a, "x");
        TEST_FAILS(join(executor, handle), -ECANCELED);
        ready = readable(&ends.b);
        assert_true((cmio_block_on(executor, &ready.future) & CMIO_READABLE) != 0);
        TEST_GIVES(read_own(&ends.b, &ready), 1);
    }
    streams_close(executor, &ends);
}

/* Datagrams */

static int fill_queue(struct cmio_unix_datagram *socket, const char *message, size_t length) {
    int sent = 0;
    while (cmio_unix_datagram_send(socket, message, length) > 0)
        sent++;
    return sent;
}

static int empty_queue(struct cmio_unix_datagram *socket) {
    char buffer[64];
    int received = 0;
    while (cmio_unix_datagram_recv(socket, buffer, sizeof buffer, NULL) > 0)
        received++;
    return received;
}

static void a_send_to_that_is_dropped_at_any_point_has_sent_nothing(void **state) {
    static const char message[64];
    struct cmio_executor *executor = executor_of(state);
    struct cmio_unix_datagram a, b;
    struct cmio_io io;
    struct cmio_send_to_future send;
    TEST_OK(cmio_unix_datagram_pair(&a, &b));
    TEST_OK(cmio_io_bind_unix_datagram(&io, executor, &a));
    TEST_OK(cmio_send_to_future_init(&send, &io, message, sizeof message, NULL));
    drop_after(executor, &send.future, 0);
    assert_int_equal(empty_queue(&b), 0);
    const int sent = fill_queue(&a, message, sizeof message);
    TEST_OK(cmio_send_to_future_init(&send, &io, message, sizeof message, NULL));
    struct cmio_join_handle *handle = spawn_giving_up(executor, &send.future, 1);
    assert_int_equal(empty_queue(&b), sent);
    TEST_FAILS(join(executor, handle), -ECANCELED);
    assert_int_equal(empty_queue(&b), 0);
    TEST_OK(cmio_io_close(&io));
    TEST_OK(cmio_unix_datagram_close(&a));
    TEST_OK(cmio_unix_datagram_close(&b));
    cmio_executor_free(executor);
}

/* Channels: the futures that wait for the other side to go */

static void a_wait_for_the_close_is_dropped_at_any_point(void **state) {
    struct cmio_executor *executor = executor_of(state);
    for (int polls = 0; polls < 2; polls++) {
        struct cmio_channel_sender *sender;
        struct cmio_channel_receiver *receiver;
        struct cmio_oneshot_sender *oneshot_sender;
        struct cmio_oneshot_receiver *oneshot_receiver;
        struct cmio_channel_closed_future closed;
        struct cmio_oneshot_closed_future oneshot_closed;
        TEST_OK(cmio_channel_new(&sender, &receiver, 1, 1));
        TEST_OK(cmio_oneshot_new(&oneshot_sender, &oneshot_receiver, 1));
        TEST_OK(cmio_channel_closed_future_init(&closed, sender));
        TEST_OK(cmio_oneshot_closed_future_init(&oneshot_closed, oneshot_sender));
        struct cmio_join_handle *handle = spawn_giving_up(executor, &closed.future, polls);
        cmio_channel_receiver_drop(receiver);
        TEST_FAILS(join(executor, handle), -ECANCELED);
        handle = spawn_giving_up(executor, &oneshot_closed.future, polls);
        cmio_oneshot_receiver_drop(oneshot_receiver);
        TEST_FAILS(join(executor, handle), -ECANCELED);
        assert_true(cmio_channel_sender_is_closed(sender));
        assert_true(cmio_oneshot_sender_is_closed(oneshot_sender));
        cmio_channel_sender_drop(sender);
        cmio_oneshot_sender_drop(oneshot_sender);
    }
    cmio_executor_free(executor);
}

/* Blocking functions, and what is made of them */

static atomic_int calls, destroyed;

static ssize_t count_call(void *argument) {
    (void)argument;
    return atomic_fetch_add(&calls, 1);
}

static void count_destroyed(void *argument) {
    (void)argument;
    atomic_fetch_add(&destroyed, 1);
}

static void a_job_that_is_dropped_when_it_is_done_destroys_its_argument(void **state) {
    struct cmio_executor *executor = executor_of(state);
    struct cmio_blocking_future blocking;
    atomic_store(&calls, 0);
    atomic_store(&destroyed, 0);
    TEST_OK(cmio_blocking_future_init(&blocking, count_call, &calls, count_destroyed));
    drop_after(executor, &blocking.future, 1);
    assert_int_equal(calls, 1);
    assert_int_equal(destroyed, 1);
    cmio_executor_free(executor);
}

static void a_lookup_that_is_dropped_when_it_is_done_writes_nothing(void **state) {
    struct cmio_executor *executor = executor_of(state);
    struct cmio_resolve_future resolve;
    struct cmio_address address = {.length = 0};
    for (int polls = 0; polls < 2; polls++) {
        TEST_OK(cmio_resolve_future_init(&resolve, "localhost", 80, &address, 1));
        drop_after(executor, &resolve.future, polls);
        assert_int_equal(address.length, 0);
    }
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    cmio_executor_free(executor);
}

/* The address is known at the first poll: the next wake is the connection's. */
static void a_connect_to_a_name_is_dropped_at_any_point(void **state) {
    struct cmio_executor *executor = executor_of(state);
    struct cmio_tcp_listener listener;
    struct cmio_address address;
    TEST_OK(cmio_address_parse("127.0.0.1:0", &address));
    TEST_OK(cmio_tcp_listener_bind(&listener, &address, NULL));
    TEST_OK(cmio_tcp_listener_local_address(&listener, &address));
    const int descriptors = test_count_descriptors();
    for (int polls = 0; polls < 2; polls++) {
        struct cmio_connect_name_future connect;
        struct cmio_tcp_stream stream;
        struct cmio_io io;
        TEST_OK(cmio_connect_name_future_init(&connect, &io, &stream, "127.0.0.1",
                                              cmio_address_port(&address)));
        atomic_int pending = 0;
        struct giving_up giving_up = giving_up_after(&connect.future, polls, &pending);
        const ssize_t result = cmio_block_on(executor, &giving_up.future);
        assert_true(result == -ECANCELED || (result == 0 && polls > 0)); /* or it never waited */
        TEST_OK(cmio_io_close(&io));
        TEST_OK(cmio_tcp_stream_close(&stream));
        assert_int_equal(test_count_descriptors(), descriptors);
    }
    TEST_OK(cmio_tcp_listener_close(&listener));
    cmio_executor_free(executor);
}

static const struct CMUnitTest tests[] = {
    WORKERS_ROWS(a_sleep_or_yield_is_dropped_at_any_point),
    WORKERS_ROWS(a_sleep_that_is_dropped_wakes_nobody),
    WORKERS_ROWS(a_join_that_is_dropped_leaves_the_task_to_be_joined),
    EACH_KIND(read_exactly_that_is_dropped_at_any_point_loses_nothing),
    EACH_KIND(read_until_that_is_dropped_at_any_point_loses_nothing),
    EACH_KIND(write_all_that_is_dropped_when_there_is_room_says_what_went),
    EACH_KIND(writev_all_that_is_dropped_at_any_point_says_what_is_left),
    EACH_KIND(ready_that_is_dropped_at_any_point_leaves_the_source_ready),
    WORKERS_ROWS(a_send_to_that_is_dropped_at_any_point_has_sent_nothing),
    WORKERS_ROWS(a_wait_for_the_close_is_dropped_at_any_point),
    WORKERS_ROWS(a_job_that_is_dropped_when_it_is_done_destroys_its_argument),
    WORKERS_ROWS(a_lookup_that_is_dropped_when_it_is_done_writes_nothing),
    WORKERS_ROWS(a_connect_to_a_name_is_dropped_at_any_point),
};

TEST_GROUP(async_cancel_safety, tests)
