/* SPDX-License-Identifier: MIT */

/* Writing as a program does it, of each kind of source that takes bytes. */
#include "async/io_support.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LARGE = 4 << 20 };

static size_t large(void) {
    return (size_t)test_scale(LARGE / 64) * 64;
}

static char *new_pattern(size_t length) {
    char *bytes = malloc(length);
    assert_non_null(bytes);
    fill_pattern(bytes, length);
    return bytes;
}

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

static void write_all_writes_more_than_the_system_takes_at_once(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    const size_t length = large();
    char *sent = new_pattern(length), *received = calloc(1, length);
    assert_non_null(received);
    open_bound(state, &executor, &ends);
    struct cmio_write_all_future write;
    struct cmio_read_exactly_future read;
    TEST_OK(cmio_write_all_future_init(&write, &ends.a.io, sent, length));
    TEST_OK(cmio_read_exactly_future_init(&read, &ends.b.io, received, length));
    struct cmio_join_handle *writer = SPAWN(executor, &write);
    TEST_GIVES(cmio_block_on(executor, &read.future), (ssize_t)length);
    TEST_GIVES(join(executor, writer), (ssize_t)length);
    assert_memory_equal(sent, received, length);
    close_bound(executor, &ends);
    free(received);
    free(sent);
}

/* Lengths of 0 to 1,500 bytes in turn. */
static int cut(struct iovec *buffers, char *bytes, size_t length) {
    int count = 0;
    for (size_t at = 0; at < length; count++) {
        size_t part = (size_t)count * 37 % 1501;
        part = part < length - at ? part : length - at;
        buffers[count] = (struct iovec){bytes + at, part};
        at += part;
    }
    buffers[count++] = (struct iovec){bytes, 0};
    return count;
}

static void writev_all_writes_more_buffers_than_one_call_takes(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    const size_t length = 2000 * 750;
    char *sent = new_pattern(length), *received = calloc(1, length);
    struct iovec *buffers = calloc(4000, sizeof *buffers);
    assert_non_null(received);
    assert_non_null(buffers);
    open_bound(state, &executor, &ends);
    struct cmio_writev_all_future write;
    struct cmio_read_exactly_future read;
    const int count = cut(buffers, sent, length);
    assert_true(count > 1500);
    TEST_OK(cmio_writev_all_future_init(&write, &ends.a.io, buffers, count));
    TEST_OK(cmio_read_exactly_future_init(&read, &ends.b.io, received, length));
    struct cmio_join_handle *writer = SPAWN(executor, &write);
    TEST_GIVES(cmio_block_on(executor, &read.future), (ssize_t)length);
    TEST_GIVES(join(executor, writer), (ssize_t)length);
    assert_memory_equal(sent, received, length);
    close_bound(executor, &ends);
    free(buffers);
    free(received);
    free(sent);
}

static void writing_nothing_is_ready(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    struct iovec empty[2] = {{NULL, 0}, {NULL, 0}};
    struct cmio_write_all_future write;
    struct cmio_writev_all_future writev;
    open_bound(state, &executor, &ends);
    TEST_OK(cmio_write_all_future_init(&write, &ends.a.io, NULL, 0));
    TEST_OK(cmio_block_on(executor, &write.future));
    TEST_OK(cmio_writev_all_future_init(&writev, &ends.a.io, NULL, 0));
    TEST_OK(cmio_block_on(executor, &writev.future));
    TEST_OK(cmio_writev_all_future_init(&writev, &ends.a.io, empty, 2));
    TEST_OK(cmio_block_on(executor, &writev.future));
    close_bound(executor, &ends);
}

/* Reads what is there, which must be the pattern from the first byte on. Returns how much that was. */
static size_t read_pattern(struct end *end, size_t first) {
    char bytes[4096];
    size_t got = 0;
    for (ssize_t count; (count = read(end_fd(end), bytes, sizeof bytes)) > 0; got += (size_t)count)
        for (ssize_t i = 0; i < count; i++)
            assert_int_equal(bytes[i], byte_at(first + got + (size_t)i));
    return got;
}

/* All that was written arrives, and no more; with TCP, some of it only when there is room for it. */
static void expect_pattern(struct end *end, size_t length) {
    size_t got = 0;
    TEST_EVENTUALLY((got += read_pattern(end, got)) >= length);
    assert_int_equal(got, length);
}

static void write_all_that_is_dropped_says_what_went(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    const size_t length = 16 << 20; /* more than fits */
    char *sent = new_pattern(length);
    struct cmio_write_all_future write;
    open_bound(state, &executor, &ends);
    TEST_OK(cmio_write_all_future_init(&write, &ends.a.io, sent, length));
    abort_waiting(executor, &write.future);
    TEST_FAILS(write.future.result, -ECANCELED);
    assert_true(write.done > 0 && write.done < length);
    expect_pattern(&ends.b, write.done);
    close_bound(executor, &ends);
    free(sent);
}

static void writev_all_that_is_dropped_says_what_is_left(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    const size_t length = 8 << 20;
    char *sent = new_pattern(2 * length);
    struct iovec buffers[3] = {{sent, 10}, {sent + 10, 2 * length - 20}, {sent, 10}};
    struct cmio_writev_all_future write;
    open_bound(state, &executor, &ends);
    TEST_OK(cmio_writev_all_future_init(&write, &ends.a.io, buffers, 3));
    abort_waiting(executor, &write.future);
    assert_true(write.done > 10 && write.done < 2 * length - 10);
    assert_int_equal(buffers[0].iov_len, 0);
    assert_ptr_equal(buffers[1].iov_base, sent + write.done);
    assert_int_equal(buffers[1].iov_len, 2 * length - 10 - write.done);
    assert_int_equal(buffers[2].iov_len, 10);
    expect_pattern(&ends.b, write.done);
    close_bound(executor, &ends);
    free(sent);
}

static void write_all_that_is_dropped_before_its_first_poll_wrote_nothing(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    atomic_int pending = 0;
    char byte;
    struct cmio_write_all_future write;
    open_bound(state, &executor, &ends);
    TEST_OK(cmio_write_all_future_init(&write, &ends.a.io, "x", 1));
    struct giving_up giving_up = giving_up_after(&write.future, 0, &pending);
    TEST_FAILS(cmio_block_on(executor, &giving_up.future), -ECANCELED);
    assert_int_equal(write.done, 0);
    assert_int_equal(read(end_fd(&ends.b), &byte, 1), -1);
    close_bound(executor, &ends);
}

static void writing_fails_when_nobody_reads_any_more(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char *sent = new_pattern(LARGE);
    ssize_t result = 0;
    open_bound(state, &executor, &ends);
    struct cmio_write_all_future write;
    TEST_OK(cmio_write_all_future_init(&write, &ends.a.io, sent, LARGE));
    struct cmio_join_handle *writer = SPAWN(executor, &write);
    run_a_little(executor);
    end_close(&ends.b);
    ends.b = (struct end){0};
    result = join(executor, writer);
    assert_true(result == -EPIPE || result == -ECONNRESET);
    TEST_OK(cmio_write_all_future_init(&write, &ends.a.io, sent, LARGE));
    TEST_FAILS(cmio_block_on(executor, &write.future), -EPIPE);
    end_close(&ends.a);
    cmio_executor_free(executor);
    free(sent);
}

static void a_reset_is_told_to_who_reads(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char byte;
    open_bound(state, &executor, &ends);
    struct cmio_read_future read;
    TEST_OK(cmio_read_future_init(&read, &ends.a.io, &byte, 1));
    struct cmio_join_handle *reader = SPAWN(executor, &read);
    run_a_little(executor);
    test_set_reset_on_close(end_fd(&ends.b));
    end_close(&ends.b);
    TEST_FAILS(join(executor, reader), -ECONNRESET);
    end_close(&ends.a);
    cmio_executor_free(executor);
}

static void after_shutdown_the_other_direction_goes_on(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    char buffer[8] = {0};
    struct cmio_shutdown_future shutdown;
    struct cmio_read_future read;
    struct cmio_write_all_future write;
    open_bound(state, &executor, &ends);
    TEST_OK(cmio_read_future_init(&read, &ends.b.io, buffer, sizeof buffer));
    struct cmio_join_handle *reader = SPAWN(executor, &read);
    TEST_OK(cmio_shutdown_future_init(&shutdown, &ends.a.io));
    TEST_OK(cmio_block_on(executor, &shutdown.future));
    TEST_OK(join(executor, reader));
    TEST_OK(cmio_write_all_future_init(&write, &ends.b.io, "back", 4));
    TEST_GIVES(cmio_block_on(executor, &write.future), 4);
    TEST_OK(cmio_read_future_init(&read, &ends.a.io, buffer, sizeof buffer));
    TEST_GIVES(cmio_block_on(executor, &read.future), 4);
    TEST_OK(cmio_write_all_future_init(&write, &ends.a.io, "x", 1));
    TEST_FAILS(cmio_block_on(executor, &write.future), -EPIPE);
    close_bound(executor, &ends);
}

static void shutdown_that_is_dropped_did_nothing(void **state) {
    struct cmio_executor *executor;
    struct ends ends;
    atomic_int pending = 0;
    struct cmio_shutdown_future shutdown;
    struct cmio_write_all_future write;
    open_bound(state, &executor, &ends);
    TEST_OK(cmio_shutdown_future_init(&shutdown, &ends.a.io));
    struct giving_up giving_up = giving_up_after(&shutdown.future, 0, &pending);
    TEST_FAILS(cmio_block_on(executor, &giving_up.future), -ECANCELED);
    TEST_OK(cmio_write_all_future_init(&write, &ends.a.io, "x", 1));
    TEST_GIVES(cmio_block_on(executor, &write.future), 1);
    close_bound(executor, &ends);
}

/* Makes one future after the other, each of which is ready at once, until one is not. */
struct hog {
    struct cmio_future future;
    struct ends *ends;
    bool gathers;
    int count;
};

static enum cmio_future_state poll_hog(struct cmio_future *future, struct cmio_context *context) {
    struct hog *hog = (struct hog *)future;
    static char byte = 'x';
    struct iovec buffer = {&byte, 1};
    struct cmio_write_all_future write;
    struct cmio_writev_all_future writev;
    enum cmio_future_state state = CMIO_READY;
    for (; state == CMIO_READY && hog->count < 1000; hog->count += state == CMIO_READY) {
        if (hog->gathers) {
            TEST_OK(cmio_writev_all_future_init(&writev, &hog->ends->a.io, &buffer, 1));
            state = cmio_future_poll(&writev.future, context);
            cmio_future_drop(&writev.future);
        } else {
            TEST_OK(cmio_write_all_future_init(&write, &hog->ends->a.io, &byte, 1));
            state = cmio_future_poll(&write.future, context);
            cmio_future_drop(&write.future);
        }
    }
    return CMIO_READY;
}

static void drop_hog(struct cmio_future *future) {
    (void)future;
}

static void writes_that_are_ready_give_way_after_a_while(void **state) {
    static const struct cmio_future_ops ops = {"hog", poll_hog, drop_hog};
    struct cmio_executor *executor;
    struct ends ends;
    open_bound(state, &executor, &ends);
    for (int i = 0; i < 2; i++) {
        struct hog hog = {.future.ops = &ops, .ends = &ends, .gathers = i != 0};
        TEST_OK(cmio_block_on(executor, &hog.future));
        assert_true(hog.count > 0 && hog.count <= 128);
    }
    close_bound(executor, &ends);
}

static void what_cannot_be_written_to_is_refused(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct ends ends;
    struct cmio_write_all_future write;
    struct cmio_writev_all_future writev;
    struct cmio_shutdown_future shutdown;
    struct iovec buffer = {NULL, 0};
    ends_open(&ends, PIPE);
    ends_bind(&ends, executor);
    TEST_FAILS(cmio_write_all_future_init(&write, &ends.b.io, "x", 1), -EINVAL);
    TEST_FAILS(cmio_write_all_future_init(&write, &ends.a.io, NULL, 1), -EINVAL);
    TEST_FAILS(cmio_write_all_future_init(&write, NULL, "x", 1), -EINVAL);
    TEST_FAILS(cmio_write_all_future_init(NULL, &ends.a.io, "x", 1), -EINVAL);
    TEST_FAILS(cmio_writev_all_future_init(&writev, &ends.b.io, &buffer, 1), -EINVAL);
    TEST_FAILS(cmio_writev_all_future_init(&writev, &ends.a.io, NULL, 1), -EINVAL);
    TEST_FAILS(cmio_writev_all_future_init(&writev, &ends.a.io, &buffer, -1), -EINVAL);
    TEST_FAILS(cmio_shutdown_future_init(&shutdown, &ends.a.io), -EINVAL);
    TEST_FAILS(cmio_shutdown_future_init(&shutdown, NULL), -EINVAL);
    ends_close(&ends);
    ends_open(&ends, TCP);
    ends_bind(&ends, executor);
    TEST_FAILS(cmio_shutdown_future_init(NULL, &ends.a.io), -EINVAL);
    close_bound(executor, &ends);
}

static const struct CMUnitTest tests[] = {
    EACH_KIND(write_all_writes_more_than_the_system_takes_at_once),
    EACH_KIND(writev_all_writes_more_buffers_than_one_call_takes),
    EACH_KIND(writing_nothing_is_ready),
    EACH_KIND(write_all_that_is_dropped_says_what_went),
    EACH_KIND(writev_all_that_is_dropped_says_what_is_left),
    EACH_KIND(write_all_that_is_dropped_before_its_first_poll_wrote_nothing),
    EACH_KIND(writing_fails_when_nobody_reads_any_more),
    WORKERS_ROWS(a_reset_is_told_to_who_reads),
    KIND_ROWS(tcp, TCP, after_shutdown_the_other_direction_goes_on),
    KIND_ROWS(unix, UNIX, after_shutdown_the_other_direction_goes_on),
    WORKERS_ROWS(shutdown_that_is_dropped_did_nothing),
    WORKERS_ROWS(writes_that_are_ready_give_way_after_a_while),
    WORKERS_ROWS(what_cannot_be_written_to_is_refused),
};

TEST_GROUP(async_write, tests)
