/* SPDX-License-Identifier: MIT */

/* Connecting: nothing stays open but what is connected. */
#include "async/io_support.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "support/scratch.h"
#include "support/udp.h"

static struct cmio_address address_of_port(uint16_t port) {
    char text[32];
    (void)snprintf(text, sizeof text, "127.0.0.1:%u", (unsigned)port);
    return test_address(text);
}

static void a_connect_over_tcp_binds_the_stream(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    uint16_t port = 0;
    const int listener = test_listen(&port);
    const struct cmio_address address = address_of_port(port);
    struct cmio_tcp_stream stream;
    struct cmio_io io;
    struct cmio_connect_future connect;
    struct cmio_write_all_future write;
    TEST_OK(cmio_connect_tcp_future_init(&connect, &io, &stream, &address));
    TEST_OK(cmio_block_on(executor, &connect.future));
    const int peer = accept(listener, NULL, NULL);
    assert_true(peer >= 0);
    TEST_OK(cmio_write_all_future_init(&write, &io, "hello", 5));
    TEST_GIVES(cmio_block_on(executor, &write.future), 5);
    test_take(peer, 5);
    TEST_OK(cmio_io_close(&io));
    TEST_OK(cmio_tcp_stream_close(&stream));
    test_close(peer);
    test_close(listener);
    cmio_executor_free(executor);
}

static void a_connect_to_a_path_binds_the_stream(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct test_scratch scratch;
    test_scratch_open(&scratch);
    const struct cmio_address address = test_scratch_address(&scratch, "s");
    struct cmio_unix_listener listener;
    struct cmio_unix_stream stream, peer;
    struct cmio_io io;
    struct cmio_connect_future connect;
    struct cmio_write_all_future write;
    TEST_OK(cmio_unix_listener_bind(&listener, &address, NULL));
    TEST_OK(cmio_connect_unix_future_init(&connect, &io, &stream, &address));
    TEST_OK(cmio_block_on(executor, &connect.future));
    TEST_OK(cmio_unix_listener_accept(&listener, &peer, NULL));
    TEST_OK(cmio_write_all_future_init(&write, &io, "hello", 5));
    TEST_GIVES(cmio_block_on(executor, &write.future), 5);
    test_take(cmio_unix_stream_fd(&peer), 5);
    TEST_OK(cmio_io_close(&io));
    TEST_OK(cmio_unix_stream_close(&stream));
    TEST_OK(cmio_unix_stream_close(&peer));
    TEST_OK(cmio_unix_listener_close(&listener));
    assert_int_equal(test_scratch_close(&scratch), 1);
    cmio_executor_free(executor);
}

static void expect_all_closed(struct cmio_io *io, struct cmio_source *source, int descriptors) {
    assert_int_equal(test_count_descriptors(), descriptors);
    assert_false(cmio_source_is_registered(source));
    assert_null(io->slot);
    TEST_OK(cmio_io_close(io));
}

static void a_connect_that_fails_leaves_nothing_open(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct test_scratch scratch;
    test_scratch_open(&scratch);
    uint16_t port = 0;
    const int holder = test_refuse(&port);
    const struct cmio_address refusing = address_of_port(port);
    const struct cmio_address missing = test_scratch_address(&scratch, "missing");
    const int descriptors = test_count_descriptors();
    struct cmio_tcp_stream tcp;
    struct cmio_unix_stream local;
    struct cmio_io io;
    struct cmio_connect_future connect;
    TEST_OK(cmio_connect_tcp_future_init(&connect, &io, &tcp, &refusing));
    TEST_FAILS(cmio_block_on(executor, &connect.future), -ECONNREFUSED);
    expect_all_closed(&io, &tcp.source, descriptors);
    TEST_OK(cmio_tcp_stream_close(&tcp));
    TEST_OK(cmio_connect_unix_future_init(&connect, &io, &local, &missing));
    TEST_FAILS(cmio_block_on(executor, &connect.future), -ENOENT);
    expect_all_closed(&io, &local.source, descriptors);
    TEST_OK(cmio_unix_stream_close(&local));
    if (holder >= 0)
        test_close(holder);
    assert_int_equal(test_scratch_close(&scratch), 0);
    cmio_executor_free(executor);
}

/* A listener whose queue is full: what connects to it waits. */
struct full_listener {
    int listener;
    struct cmio_address address;
    struct cmio_tcp_stream clients[8];
};

static void full_listener_open(struct full_listener *full) {
    uint16_t port;
    full->listener = test_listen(&port);
    full->address = address_of_port(port);
    assert_int_equal(listen(full->listener, 0), 0); /* makes its queue shorter */
    for (size_t i = 0; i < sizeof full->clients / sizeof *full->clients; i++)
        TEST_OK(cmio_tcp_stream_connect(&full->clients[i], &full->address));
    struct pollfd queue = {.fd = full->listener, .events = POLLIN};
    assert_int_equal(poll(&queue, 1, 30000), 1); /* one that waits fills it */
}

static void full_listener_close(struct full_listener *full) {
    for (size_t i = 0; i < sizeof full->clients / sizeof *full->clients; i++)
        TEST_OK(cmio_tcp_stream_close(&full->clients[i]));
    test_close(full->listener);
}

static void a_connect_that_is_dropped_leaves_nothing_open(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct full_listener full;
    full_listener_open(&full);
    const int descriptors = test_count_descriptors();
    struct cmio_tcp_stream stream;
    struct cmio_io io;
    struct cmio_connect_future connect;
    atomic_int pending = 0;
    TEST_OK(cmio_connect_tcp_future_init(&connect, &io, &stream, &full.address));
    struct giving_up giving_up = giving_up_after(&connect.future, 0, &pending);
    TEST_FAILS(cmio_block_on(executor, &giving_up.future), -ECANCELED);
    expect_all_closed(&io, &stream.source, descriptors);
    TEST_OK(cmio_connect_tcp_future_init(&connect, &io, &stream, &full.address));
    abort_waiting(executor, &connect.future);
    expect_all_closed(&io, &stream.source, descriptors);
    TEST_OK(cmio_tcp_stream_close(&stream));
    full_listener_close(&full);
    cmio_executor_free(executor);
}

/* Begins to connect, makes the event come, and when it is woken gives the connect up. */
struct too_late {
    struct cmio_future future;
    struct cmio_connect_future connect;
    struct cmio_tcp_stream *stream;
    bool was_polled;
};

static enum cmio_future_state poll_too_late(struct cmio_future *future,
                                            struct cmio_context *context) {
    struct too_late *too_late = (struct too_late *)future;
    if (!too_late->was_polled) {
        too_late->was_polled = true;
        assert_int_equal(cmio_future_poll(&too_late->connect.future, context), CMIO_PENDING);
        assert_int_equal(shutdown(cmio_tcp_stream_fd(too_late->stream), SHUT_RDWR), 0);
        return CMIO_PENDING;
    }
    cmio_future_drop(&too_late->connect.future);
    future->result = too_late->connect.future.result;
    return CMIO_READY;
}

static void drop_too_late(struct cmio_future *future) {
    cmio_future_drop(&((struct too_late *)future)->connect.future);
}

static const struct cmio_future_ops too_late_ops = {"too late", poll_too_late, drop_too_late};

static void a_connect_that_is_dropped_after_its_event_leaves_nothing_open(void **state) {
    struct cmio_executor *executor = new_executor(SUBJECT(state)->workers);
    struct full_listener full;
    full_listener_open(&full);
    struct cmio_tcp_stream stream;
    struct cmio_io io;
    struct too_late too_late = {.future.ops = &too_late_ops, .stream = &stream};
    TEST_OK(cmio_connect_tcp_future_init(&too_late.connect, &io, &stream, &full.address));
    const int descriptors = test_count_descriptors();
    TEST_FAILS(cmio_block_on(executor, &too_late.future), -ECANCELED);
    expect_all_closed(&io, &stream.source, descriptors);
    full_listener_close(&full);
    cmio_executor_free(executor);
}

static void what_cannot_be_connected_to_is_refused(void **state) {
    (void)state;
    const struct cmio_address ip = test_address("127.0.0.1:9");
    struct cmio_address path;
    TEST_OK(cmio_address_from_path("/nowhere", &path));
    struct cmio_tcp_stream tcp;
    struct cmio_unix_stream local;
    struct cmio_io io;
    struct cmio_connect_future connect;
    TEST_FAILS(cmio_connect_tcp_future_init(&connect, &io, &tcp, &path), -EAFNOSUPPORT);
    TEST_FAILS(cmio_connect_unix_future_init(&connect, &io, &local, &ip), -EAFNOSUPPORT);
    TEST_FAILS(cmio_connect_tcp_future_init(NULL, &io, &tcp, &ip), -EINVAL);
    TEST_FAILS(cmio_connect_tcp_future_init(&connect, NULL, &tcp, &ip), -EINVAL);
    TEST_FAILS(cmio_connect_tcp_future_init(&connect, &io, NULL, &ip), -EINVAL);
    TEST_FAILS(cmio_connect_tcp_future_init(&connect, &io, &tcp, NULL), -EINVAL);
    TEST_FAILS(cmio_connect_unix_future_init(NULL, &io, &local, &path), -EINVAL);
    TEST_FAILS(cmio_connect_unix_future_init(&connect, NULL, &local, &path), -EINVAL);
    TEST_FAILS(cmio_connect_unix_future_init(&connect, &io, NULL, &path), -EINVAL);
    TEST_FAILS(cmio_connect_unix_future_init(&connect, &io, &local, NULL), -EINVAL);
}

static const struct CMUnitTest tests[] = {
    WORKERS_ROWS(a_connect_over_tcp_binds_the_stream),
    WORKERS_ROWS(a_connect_to_a_path_binds_the_stream),
    WORKERS_ROWS(a_connect_that_fails_leaves_nothing_open),
    WORKERS_ROWS(a_connect_that_is_dropped_leaves_nothing_open),
    WORKERS_ROWS(a_connect_that_is_dropped_after_its_event_leaves_nothing_open),
    cmocka_unit_test(what_cannot_be_connected_to_is_refused),
};

TEST_GROUP(async_connect, tests)
