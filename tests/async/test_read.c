/* SPDX-License-Identifier: MIT */

/* Reading as a program does it, of each kind of source that has bytes. */
#include "async/io_support.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void put(struct end *end, const char *text) {
    assert_int_equal(write(end_fd(end), text, strlen(text)), (ssize_t)strlen(text));
}

/* Writes, and waits until that has arrived, which takes a while where the system puts it off. */
static void put_and_await(struct ends *ends, const char *text) {
    struct pollfd arrival = {.fd = end_fd(&ends->b), .events = POLLIN};
    put(&ends->a, text);
    assert_int_equal(poll(&arrival, 1, 30000), 1);
}

static void open_bound(void **state, struct cmio_executor **executor, struct ends *ends) {
    *executor = new_executor(SUBJECT(state)->workers);
    ends_open(ends, SUBJECT(state)->kind);
    ends_bind(ends, *executor);
}

static void close_bound(struct cmio_executor *executor, struct ends *ends) {
    ends_close(ends);
    cmio_executor_free(executor);
}

/* The end that writes closes. */
static void close_a(struct ends *ends) {
    end_close(&ends->a);
    ends->a = (struct end){0};
}

static void a_read_gives_what_is_there(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char buffer[16] = {0};
    struct cmio_read_future read;
    open_bound(state, &executor, &ends);
    put(&ends.a, "hello");
    TEST_OK(cmio_read_future_init(&read, &ends.b.io, buffer, sizeof buffer));
    TEST_GIVES(cmio_block_on(executor, &read.future), 5);
    assert_string_equal(buffer, "hello");
    close_bound(executor, &ends);
}

static void a_read_waits_for_what_comes_and_for_the_end(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char buffer[16] = {0};
    open_bound(state, &executor, &ends);
    for (int i = 0; i < 20; i++) {
        atomic_int pending = 0;
        struct cmio_read_future read;
        TEST_OK(cmio_read_future_init(&read, &ends.b.io, buffer, sizeof buffer));
        struct giving_up waiting = giving_up_after(&read.future, 1 << 20, &pending);
        struct cmio_join_handle *handle = SPAWN(executor, &waiting);
        await_pending(executor, &pending, 1);
        put(&ends.a, "ab");
        TEST_GIVES(join(executor, handle), 2);
    }
    struct cmio_read_future last;
    TEST_OK(cmio_read_future_init(&last, &ends.b.io, buffer, sizeof buffer));
    struct cmio_join_handle *handle = SPAWN(executor, &last);
    close_a(&ends);
    TEST_OK(join(executor, handle));
    TEST_OK(cmio_read_future_init(&last, &ends.b.io, buffer, sizeof buffer));
    TEST_OK(cmio_block_on(executor, &last.future));
    end_close(&ends.b);
    cmio_executor_free(executor);
}

static void what_came_before_the_end_is_read_before_it(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char buffer[16] = {0};
    struct cmio_read_future read;
    open_bound(state, &executor, &ends);
    put(&ends.a, "hello");
    close_a(&ends);
    TEST_OK(cmio_read_future_init(&read, &ends.b.io, buffer, sizeof buffer));
    TEST_GIVES(cmio_block_on(executor, &read.future), 5);
    TEST_OK(cmio_read_future_init(&read, &ends.b.io, buffer, sizeof buffer));
    TEST_OK(cmio_block_on(executor, &read.future));
    end_close(&ends.b);
    cmio_executor_free(executor);
}

static void read_exactly_gathers_the_parts(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char buffer[10] = {0};
    struct cmio_read_exactly_future read;
    open_bound(state, &executor, &ends);
    TEST_OK(cmio_read_exactly_future_init(&read, &ends.b.io, buffer, 9));
    struct cmio_join_handle *handle = SPAWN(executor, &read);
    for (int i = 0; i < 3; i++) {
        put(&ends.a, "abc");
        run_a_little(executor);
    }
    put(&ends.a, "more");
    TEST_GIVES(join(executor, handle), 9);
    assert_string_equal(buffer, "abcabcabc");
    TEST_OK(cmio_read_exactly_future_init(&read, &ends.b.io, buffer, 4));
    TEST_GIVES(cmio_block_on(executor, &read.future), 4);
    assert_memory_equal(buffer, "more", 4);
    close_bound(executor, &ends);
}

static void read_exactly_gives_fewer_where_the_source_ends(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char buffer[10] = {0};
    struct cmio_read_exactly_future read;
    open_bound(state, &executor, &ends);
    TEST_OK(cmio_read_exactly_future_init(&read, &ends.b.io, buffer, 0));
    TEST_OK(cmio_block_on(executor, &read.future));
    put(&ends.a, "abc");
    close_a(&ends);
    TEST_OK(cmio_read_exactly_future_init(&read, &ends.b.io, buffer, sizeof buffer));
    TEST_GIVES(cmio_block_on(executor, &read.future), 3);
    assert_int_equal(read.done, 3);
    end_close(&ends.b);
    cmio_executor_free(executor);
}

static void read_exactly_that_is_dropped_says_what_it_has(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char buffer[10] = {0};
    struct cmio_read_exactly_future read, rest;
    open_bound(state, &executor, &ends);
    put_and_await(&ends, "abc");
    TEST_OK(cmio_read_exactly_future_init(&read, &ends.b.io, buffer, 6));
    abort_waiting(executor, &read.future);
    TEST_FAILS(read.future.result, -ECANCELED);
    assert_int_equal(read.done, 3);
    put(&ends.a, "def");
    TEST_OK(cmio_read_exactly_future_init(&rest, &ends.b.io, buffer + read.done, 6 - read.done));
    TEST_GIVES(cmio_block_on(executor, &rest.future), 3);
    assert_string_equal(buffer, "abcdef");
    close_bound(executor, &ends);
}

/* After so many polls: 0 before the first, 1 between the wake and the next one. */
static void drop_read_after(struct cmio_executor *executor, struct ends *ends, int polls) {
    char buffer[16] = {0};
    atomic_int pending = 0;
    struct cmio_read_future read;
    TEST_OK(cmio_read_future_init(&read, &ends->b.io, buffer, sizeof buffer));
    struct giving_up giving_up = giving_up_after(&read.future, polls, &pending);
    struct cmio_join_handle *handle = SPAWN(executor, &giving_up);
    await_pending(executor, &pending, polls);
    put(&ends->a, "hello");
    TEST_FAILS(join(executor, handle), -ECANCELED);
    assert_int_equal(buffer[0], '\0');
    TEST_OK(cmio_read_future_init(&read, &ends->b.io, buffer, sizeof buffer));
    TEST_GIVES(cmio_block_on(executor, &read.future), 5);
    assert_string_equal(buffer, "hello");
}

static void a_read_that_is_dropped_loses_nothing(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char buffer[16];
    struct cmio_read_future read;
    open_bound(state, &executor, &ends);
    drop_read_after(executor, &ends, 0);
    drop_read_after(executor, &ends, 1);
    TEST_OK(cmio_read_future_init(&read, &ends.b.io, buffer, sizeof buffer));
    abort_waiting(executor, &read.future);
    drop_read_after(executor, &ends, 1);
    close_bound(executor, &ends);
}

/* Reading until a delimiter */

static ssize_t read_until(struct cmio_executor *executor, struct end *end,
                          struct cmio_read_buffer *buffer, const char *delimiter) {
    struct cmio_read_until_future read;
    TEST_OK(cmio_read_until_future_init(&read, &end->io, buffer, delimiter, strlen(delimiter)));
    return cmio_block_on(executor, &read.future);
}

static void expect_line(struct cmio_executor *executor, struct end *end,
                        struct cmio_read_buffer *buffer, const char *line) {
    TEST_GIVES(read_until(executor, end, buffer, "\r\n"), (ssize_t)strlen(line));
    assert_memory_equal(cmio_read_buffer_data(buffer), line, strlen(line));
    cmio_read_buffer_consume(buffer, strlen(line));
}

static void read_until_keeps_what_is_behind_the_delimiter(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char memory[16], rest[4];
    struct cmio_read_buffer buffer;
    open_bound(state, &executor, &ends);
    TEST_OK(cmio_read_buffer_init(&buffer, memory, sizeof memory));
    put(&ends.a, "one\r\ntwo\r\n\r\nre");
    expect_line(executor, &ends.b, &buffer, "one\r\n");
    expect_line(executor, &ends.b, &buffer, "two\r\n");
    expect_line(executor, &ends.b, &buffer, "\r\n");
    assert_int_equal(cmio_read_buffer_size(&buffer), 2);
    put(&ends.a, "st");
    const size_t taken = cmio_read_buffer_take(&buffer, rest, sizeof rest);
    struct cmio_read_exactly_future read;
    TEST_OK(cmio_read_exactly_future_init(&read, &ends.b.io, rest + taken, sizeof rest - taken));
    TEST_GIVES(cmio_block_on(executor, &read.future), 2);
    assert_memory_equal(rest, "rest", 4);
    close_bound(executor, &ends);
}

static void a_delimiter_may_come_in_parts(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char memory[64];
    struct cmio_read_buffer buffer;
    struct cmio_read_until_future read;
    open_bound(state, &executor, &ends);
    TEST_OK(cmio_read_buffer_init(&buffer, memory, sizeof memory));
    TEST_OK(cmio_read_until_future_init(&read, &ends.b.io, &buffer, "\r\n\r\n", 4));
    struct cmio_join_handle *handle = SPAWN(executor, &read);
    const char *const parts[] = {"a", "\r", "\n", "\r", "b\r\n", "\r", "\n", "c"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        put(&ends.a, parts[i]);
        for (int turns = 0; turns < 3; turns++)
            run_a_little(executor);
    }
    TEST_GIVES(join(executor, handle), 9);
    assert_memory_equal(cmio_read_buffer_data(&buffer), "a\r\n\rb\r\n\r\n", 9);
    close_bound(executor, &ends);
}

static void read_until_says_that_the_buffer_is_full_and_loses_nothing(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char memory[8];
    struct cmio_read_buffer buffer;
    open_bound(state, &executor, &ends);
    TEST_OK(cmio_read_buffer_init(&buffer, memory, sizeof memory));
    put(&ends.a, "123456789\n");
    TEST_FAILS(read_until(executor, &ends.b, &buffer, "\n"), -EMSGSIZE);
    assert_int_equal(cmio_read_buffer_size(&buffer), 8);
    cmio_read_buffer_consume(&buffer, 6);
    TEST_GIVES(read_until(executor, &ends.b, &buffer, "\n"), 4);
    assert_memory_equal(cmio_read_buffer_data(&buffer), "789\n", 4);
    cmio_read_buffer_consume(&buffer, 100);
    assert_int_equal(cmio_read_buffer_size(&buffer), 0);
    close_bound(executor, &ends);
}

static void read_until_keeps_what_the_end_left_without_delimiter(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char memory[16];
    struct cmio_read_buffer buffer;
    open_bound(state, &executor, &ends);
    TEST_OK(cmio_read_buffer_init(&buffer, memory, sizeof memory));
    put(&ends.a, "one\ntw");
    close_a(&ends);
    TEST_GIVES(read_until(executor, &ends.b, &buffer, "\n"), 4);
    cmio_read_buffer_consume(&buffer, 4);
    TEST_OK(read_until(executor, &ends.b, &buffer, "\n"));
    assert_int_equal(cmio_read_buffer_size(&buffer), 2);
    assert_memory_equal(cmio_read_buffer_data(&buffer), "tw", 2);
    end_close(&ends.b);
    cmio_executor_free(executor);
}

static void read_until_that_is_dropped_keeps_what_it_has(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char memory[16];
    struct cmio_read_buffer buffer;
    struct cmio_read_until_future read;
    open_bound(state, &executor, &ends);
    TEST_OK(cmio_read_buffer_init(&buffer, memory, sizeof memory));
    put_and_await(&ends, "on");
    TEST_OK(cmio_read_until_future_init(&read, &ends.b.io, &buffer, "\n", 1));
    abort_waiting(executor, &read.future);
    assert_int_equal(cmio_read_buffer_size(&buffer), 2);
    put(&ends.a, "e\n");
    TEST_GIVES(read_until(executor, &ends.b, &buffer, "\n"), 4);
    assert_memory_equal(cmio_read_buffer_data(&buffer), "one\n", 4);
    close_bound(executor, &ends);
}

/* A search that began anew with each part would take hours. */
static void a_long_line_in_short_parts_is_searched_once(void **state) {
    enum { LENGTH = 1 << 20 };
    struct cmio_executor *executor;
    struct ends ends;
    struct cmio_read_buffer buffer;
    char *memory = malloc(LENGTH);
    assert_non_null(memory);
    open_bound(state, &executor, &ends);
    TEST_OK(cmio_read_buffer_init(&buffer, memory, LENGTH));
    char *line = malloc(LENGTH);
    assert_non_null(line);
    memset(line, '.', LENGTH);
    line[LENGTH - 1] = '\n';
    struct cmio_read_until_future read;
    struct cmio_write_all_future write;
    TEST_OK(cmio_read_until_future_init(&read, &ends.b.io, &buffer, "\n", 1));
    TEST_OK(cmio_write_all_future_init(&write, &ends.a.io, line, LENGTH));
    struct cmio_join_handle *writer = SPAWN(executor, &write);
    TEST_GIVES(cmio_block_on(executor, &read.future), LENGTH);
    TEST_GIVES(join(executor, writer), LENGTH);
    close_bound(executor, &ends);
    free(line);
    free(memory);
}

/* A read stops at the urgent byte, and no event comes for what is behind it. */
static void urgent_data_hides_nothing_behind_it(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char buffer[64] = {0};
    open_bound(state, &executor, &ends);
    for (int i = 0; i < 10; i++) {
        const int fd = end_fd(&ends.a);
        struct cmio_read_exactly_future read;
        TEST_OK(cmio_read_exactly_future_init(&read, &ends.b.io, buffer, 4));
        atomic_int pending = 0;
        struct giving_up waiting = giving_up_after(&read.future, 1 << 20, &pending);
        struct cmio_join_handle *handle = NULL;
        if (i % 2 == 0) { /* with a reader that waits, and without */
            handle = SPAWN(executor, &waiting);
            await_pending(executor, &pending, 1);
        }
        put(&ends.a, "ab");
        assert_int_equal(send(fd, "!", 1, MSG_OOB), 1);
        put(&ends.a, "cd");
        if (handle != NULL)
            TEST_GIVES(join(executor, handle), 4);
        else
            TEST_GIVES(cmio_block_on(executor, &read.future), 4);
        assert_memory_equal(buffer, "abcd", 4);
    }
    close_bound(executor, &ends);
}

/* The urgent byte alone: who waits is neither let go nor woken again and again. */
static void an_urgent_byte_alone_does_not_make_readers_spin(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char buffer[16];
    atomic_int pending = 0;
    open_bound(state, &executor, &ends);
    struct cmio_read_future read;
    TEST_OK(cmio_read_future_init(&read, &ends.b.io, buffer, sizeof buffer));
    struct giving_up waiting = giving_up_after(&read.future, 1 << 30, &pending);
    struct cmio_join_handle *handle = SPAWN(executor, &waiting);
    await_pending(executor, &pending, 1);
    assert_int_equal(send(end_fd(&ends.a), "!", 1, MSG_OOB), 1);
    struct cmio_sleep_future sleep;
    TEST_OK(cmio_sleep_future_init(&sleep, 100 * CMIO_MILLISECOND));
    TEST_OK(cmio_block_on(executor, &sleep.future));
    assert_in_range(atomic_load(&pending), 1, 10);
    put(&ends.a, "x");
    TEST_GIVES(join(executor, handle), 1);
    assert_int_equal(buffer[0], 'x');
    close_bound(executor, &ends);
}

/* A read stops where descriptors were passed, and no event comes for what is behind them. */
static void passed_descriptors_hide_nothing_behind_them(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct ends ends;
    char buffer[8] = {0};
    ends_open(&ends, UNIX);
    ends_bind(&ends, executor);
    const int passed[] = {end_fd(&ends.a)};
    for (int i = 0; i < 5; i++) {
        struct cmio_read_exactly_future read;
        struct cmio_unix_stream *stream = &ends.a.stream.unix_stream;
        put(&ends.a, "ab");
        TEST_GIVES(cmio_unix_stream_send_fds(stream, "cd", 2, passed, 1), 2);
        put(&ends.a, "ef");
        TEST_OK(cmio_read_exactly_future_init(&read, &ends.b.io, buffer, 6));
        TEST_GIVES(cmio_block_on(executor, &read.future), 6);
        assert_string_equal(buffer, "abcdef");
    }
    close_bound(executor, &ends);
}

static void what_cannot_be_read_is_refused(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct ends ends;
    char byte;
    struct cmio_read_future read;
    struct cmio_read_exactly_future exactly;
    struct cmio_read_until_future until;
    struct cmio_read_buffer buffer;
    ends_open(&ends, PIPE);
    ends_bind(&ends, executor);
    TEST_OK(cmio_read_buffer_init(&buffer, &byte, 1));
    TEST_FAILS(cmio_read_buffer_init(&buffer, &byte, 0), -EINVAL);
    TEST_FAILS(cmio_read_buffer_init(&buffer, NULL, 1), -EINVAL);
    TEST_FAILS(cmio_read_buffer_init(NULL, &byte, 1), -EINVAL);
    TEST_FAILS(cmio_read_future_init(&read, &ends.a.io, &byte, 1), -EINVAL);
    TEST_FAILS(cmio_read_future_init(&read, &ends.b.io, &byte, 0), -EINVAL);
    TEST_FAILS(cmio_read_future_init(&read, &ends.b.io, NULL, 1), -EINVAL);
    TEST_FAILS(cmio_read_future_init(&read, NULL, &byte, 1), -EINVAL);
    TEST_FAILS(cmio_read_future_init(NULL, &ends.b.io, &byte, 1), -EINVAL);
    TEST_FAILS(cmio_read_exactly_future_init(&exactly, &ends.a.io, &byte, 1), -EINVAL);
    TEST_FAILS(cmio_read_exactly_future_init(&exactly, &ends.b.io, NULL, 1), -EINVAL);
    TEST_FAILS(cmio_read_exactly_future_init(NULL, &ends.b.io, &byte, 1), -EINVAL);
    TEST_FAILS(cmio_read_until_future_init(&until, &ends.a.io, &buffer, "\n", 1), -EINVAL);
    TEST_FAILS(cmio_read_until_future_init(&until, &ends.b.io, NULL, "\n", 1), -EINVAL);
    TEST_FAILS(cmio_read_until_future_init(&until, &ends.b.io, &buffer, "\n", 0), -EINVAL);
    TEST_FAILS(cmio_read_until_future_init(&until, &ends.b.io, &buffer, NULL, 1), -EINVAL);
    assert_int_equal(cmio_read_buffer_take(NULL, &byte, 1), 0);
    assert_int_equal(cmio_read_buffer_take(&buffer, NULL, 1), 0);
    cmio_read_buffer_consume(NULL, 1);
    close_bound(executor, &ends);
}

static const struct CMUnitTest tests[] = {
    EACH_KIND(a_read_gives_what_is_there),
    EACH_KIND(a_read_waits_for_what_comes_and_for_the_end),
    EACH_KIND(what_came_before_the_end_is_read_before_it),
    EACH_KIND(read_exactly_gathers_the_parts),
    EACH_KIND(read_exactly_gives_fewer_where_the_source_ends),
    EACH_KIND(read_exactly_that_is_dropped_says_what_it_has),
    EACH_KIND(a_read_that_is_dropped_loses_nothing),
    EACH_KIND(read_until_keeps_what_is_behind_the_delimiter),
    EACH_KIND(a_delimiter_may_come_in_parts),
    EACH_KIND(read_until_says_that_the_buffer_is_full_and_loses_nothing),
    EACH_KIND(read_until_keeps_what_the_end_left_without_delimiter),
    EACH_KIND(read_until_that_is_dropped_keeps_what_it_has),
    EACH_KIND(a_long_line_in_short_parts_is_searched_once),
    WORKERS_ROWS(urgent_data_hides_nothing_behind_it),
    WORKERS_ROWS(an_urgent_byte_alone_does_not_make_readers_spin),
    WORKERS_ROWS(passed_descriptors_hide_nothing_behind_them),
    WORKERS_ROWS(what_cannot_be_read_is_refused),
};

TEST_GROUP(async_read, tests)
