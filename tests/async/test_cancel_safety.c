/* SPDX-License-Identifier: MIT */

/*
 * What is left of a leaf that is dropped before its first poll, while it waits, or between its wake
 * and its next poll. Here are the points that the tests of the leaves leave out: the table in
 * docs/async/cancellation.md names the test of each point.
 */
#include "async/io_support.h"

#include <sys/uio.h>

static struct cmio_executor *executor_of(void **state) {
    return new_executor(SUBJECT(state)->workers);
}

/* Polls the child so often, and drops it at the next wake; to be ended by join(). */
static struct cmio_join_handle *spawn_giving_up(struct cmio_executor *executor,
                                                struct cmio_future *child, int polls) {
    atomic_int pending = 0;
    struct giving_up giving_up = giving_up_after(child, polls, &pending);
    struct cmio_join_handle *handle = SPAWN(executor, &giving_up);
    await_pending(executor, &pending, polls);
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

static void a_sleep_or_yield_is_dropped_at_any_point(void **state) {
    struct cmio_executor *executor = executor_of(state);
    struct cmio_sleep_future sleep;
    struct cmio_yield_future yield;
    for (int polls = 0; polls < 2; polls++) {
        TEST_OK(cmio_sleep_future_init(&sleep, CMIO_MILLISECOND));
        drop_after(executor, &sleep.future, polls);
        TEST_OK(cmio_yield_future_init(&yield));
        drop_after(executor, &yield.future, polls);
    }
    TEST_OK(cmio_sleep_future_init(&sleep, CMIO_FOREVER));
    abort_waiting(executor, &sleep.future);
    cmio_executor_free(executor);
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
    if (self->polls++ == 0) {
        assert_int_equal(cmio_future_poll(&self->given_up.future, context), CMIO_PENDING);
        cmio_future_drop(&self->given_up.future);
        TEST_OK(cmio_sleep_future_init(&self->longer, 100 * CMIO_MILLISECOND));
    }
    return cmio_future_poll(&self->longer.future, context);
}

static void drop_changes_its_mind(struct cmio_future *future) {
    cmio_future_drop(&((struct changes_its_mind *)future)->longer.future);
}

static void a_sleep_that_is_dropped_wakes_nobody(void **state) {
    static const struct cmio_future_ops ops = {"changes its mind", poll_changes_its_mind,
                                               drop_changes_its_mind};
    struct cmio_executor *executor = executor_of(state);
    struct changes_its_mind future = {.future.ops = &ops};
    TEST_OK(cmio_sleep_future_init(&future.given_up, 20 * CMIO_MILLISECOND));
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
        if (polls < 0)
            abort_waiting(executor, &waiting.future);
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
        assert_int_equal(read.done, polls == 0 ? 0 : 2);
        TEST_OK(cmio_read_exactly_future_init(&rest, &ends.b.io, buffer + read.done,
                                              5 - read.done));
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
        assert_int_equal(cmio_read_buffer_size(&buffer), polls == 0 ? 0 : 2);
        TEST_OK(cmio_read_until_future_init(&read, &ends.b.io, &buffer, "\n", 1));
        TEST_GIVES(cmio_block_on(executor, &read.future), 5);
        assert_memory_equal(cmio_read_buffer_data(&buffer), "abcd\n", 5);
    }
    streams_close(executor, &ends);
}

/* Reads all that was sent, and returns how much that was. */
static size_t drain(const struct end *end) {
    static char buffer[1 << 16];
    size_t all = 0;
    for (;;) {
        const ssize_t n = read(end_fd(end), buffer, sizeof buffer);
        if (n <= 0)
            return all;
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(buffer[i], byte_at(all + (size_t)i));
        all += (size_t)n;
    }
}

enum { MORE_THAN_FITS = 16 << 20 };

static char *new_pattern(void) {
    char *pattern = malloc(MORE_THAN_FITS);
    assert_non_null(pattern);
    fill_pattern(pattern, MORE_THAN_FITS);
    return pattern;
}

static void write_all_that_is_dropped_when_there_is_room_says_what_went(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char *pattern = new_pattern();
    struct cmio_write_all_future write;
    streams_open(state, &executor, &ends);
    TEST_OK(cmio_write_all_future_init(&write, &ends.a.io, pattern, MORE_THAN_FITS));
    struct cmio_join_handle *handle = spawn_giving_up(executor, &write.future, 1);
    size_t got = 0;
    TEST_EVENTUALLY((got += drain(&ends.b)) > 0 && cmio_join_handle_is_finished(handle));
    TEST_FAILS(join(executor, handle), -ECANCELED);
    TEST_FAILS(write.future.result, -ECANCELED);
    TEST_EVENTUALLY((got += drain(&ends.b)) == write.done);
    assert_true(write.done < MORE_THAN_FITS);
    streams_close(executor, &ends);
    free(pattern);
}

static const struct CMUnitTest tests[] = {
    WORKERS_ROWS(a_sleep_or_yield_is_dropped_at_any_point),
    WORKERS_ROWS(a_sleep_that_is_dropped_wakes_nobody),
    WORKERS_ROWS(a_join_that_is_dropped_leaves_the_task_to_be_joined),
    EACH_KIND(read_exactly_that_is_dropped_at_any_point_loses_nothing),
    EACH_KIND(read_until_that_is_dropped_at_any_point_loses_nothing),
    EACH_KIND(write_all_that_is_dropped_when_there_is_room_says_what_went),
};

TEST_GROUP(async_cancel_safety, tests)
