/* SPDX-License-Identifier: MIT */

/*
 * What TCP listeners and streams alone have, as sources. What they share with other kinds is in
 * test_streams.c and test_listeners.c, and that each call does what it should in tests/net.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"

enum { LISTENER = 1, CLIENT = 2, SERVER = 3 };

static const cmio_interest both = CMIO_READABLE | CMIO_WRITABLE;

static const char *const any_v4 = "127.0.0.1:0";

/* A loop and the two ends of a connection, neither registered. */
struct setting {
    struct test_loop loop;
    struct cmio_tcp_stream client;
    struct cmio_tcp_stream server;
};

static void setting_open(struct setting *setting) {
    int fds[2];
    test_loop_open(&setting->loop);
    test_pair_open(TEST_TCP, fds);
    assert_int_equal(cmio_tcp_stream_from_fd(&setting->client, fds[0]), 0);
    assert_int_equal(cmio_tcp_stream_from_fd(&setting->server, fds[1]), 0);
}

static void setting_close(struct setting *setting) {
    assert_int_equal(cmio_tcp_stream_close(&setting->client), 0);
    assert_int_equal(cmio_tcp_stream_close(&setting->server), 0);
    test_loop_close(&setting->loop);
}

static void enter(struct setting *setting, struct cmio_tcp_stream *stream, cmio_interest interest) {
    cmio_token token = stream == &setting->client ? CLIENT : SERVER;
    assert_int_equal(
        cmio_registry_register(setting->loop.registry, &stream->source, token, interest), 0);
}

static void only_v6_listeners_take_no_v4_and_others_do(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    bool there = false;
    for (int only = 0; only < 2; only++) {
        struct cmio_tcp_listener listener;
        struct cmio_address address;
        const struct cmio_tcp_listener_options options = {
            .v6only = only ? CMIO_V6ONLY_ON : CMIO_V6ONLY_OFF,
        };
        assert_int_equal(cmio_address_parse("[::]:0", &address), 0);
        int bound = cmio_tcp_listener_bind(&listener, &address, &options);
        /* OpenBSD has IPv6 sockets for IPv6 alone. */
        if (bound < 0)
            continue;
        there = true;
        assert_int_equal(cmio_tcp_listener_local_address(&listener, &address), 0);
        uint16_t port = cmio_address_port(&address);
        assert_int_equal(cmio_address_parse(any_v4, &address), 0);
        assert_int_equal(cmio_address_set_port(&address, port), 0);
        assert_int_equal(
            cmio_registry_register(loop.registry, &listener.source, LISTENER, CMIO_READABLE), 0);
        struct cmio_tcp_stream client;
        int connected = cmio_tcp_stream_connect(&client, &address);
        if (only) {
            test_loop_expect_silence(&loop);
        } else {
            assert_int_equal(connected, 0);
            test_loop_expect(&loop, LISTENER, CMIO_READABLE);
        }
        if (connected == 0)
            assert_int_equal(cmio_tcp_stream_close(&client), 0);
        assert_int_equal(cmio_tcp_listener_close(&listener), 0);
    }
    test_loop_close(&loop);
    if (!there)
        skip();
}

/* A port that nobody listens on, nor can as long as the descriptor is open. */
static int open_refusing(struct cmio_address *out) {
    socklen_t length = sizeof out->u.v4;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(cmio_address_parse(any_v4, out), 0);
    assert_int_equal(bind(fd, &out->u.any, length), 0);
    assert_int_equal(getsockname(fd, &out->u.any, &length), 0);
    return fd;
}

/* Whoever waits because finish_connect said so must get an event, so it must not say so. */
static void a_failed_connect_is_never_said_to_be_in_progress(void **state) {
    (void)state;
    struct test_loop loop;
    struct cmio_tcp_stream client;
    struct cmio_address address;
    test_loop_open(&loop);
    const int holder = open_refusing(&address);
    const int connected = cmio_tcp_stream_connect(&client, &address);
    if (connected == 0) {
        assert_int_equal(cmio_registry_register(loop.registry, &client.source, CLIENT, both), 0);
        (void)test_loop_expect(&loop, CLIENT, CMIO_WRITABLE);
        assert_int_equal(cmio_tcp_stream_take_error(&client), -ECONNREFUSED);
        for (int i = 0; i < 3; i++)
            assert_int_equal(cmio_tcp_stream_finish_connect(&client), -ECONNREFUSED);
        assert_int_equal(cmio_tcp_stream_close(&client), 0);
    } else {
        assert_int_equal(connected, -ECONNREFUSED); /* a system that knows at once */
    }
    test_close(holder);
    test_loop_close(&loop);
}

enum { CROWD = 16, BACKLOG = 1 };

/*
 * More than the listener has room for. The one that is left open waits for room; NULL: none does.
 */
static struct cmio_tcp_stream *connect_crowd(const struct cmio_address *address,
                                             struct cmio_tcp_stream *streams) {
    struct cmio_tcp_stream *pending = NULL;
    for (size_t i = 0; i < CROWD; i++)
        assert_int_equal(cmio_tcp_stream_connect(&streams[i], address), 0);
    for (size_t i = 0; i < CROWD && pending == NULL; i++)
        if (cmio_tcp_stream_finish_connect(&streams[i]) == -EINPROGRESS)
            pending = &streams[i];
    for (size_t i = 0; i < CROWD; i++)
        if (&streams[i] != pending)
            assert_int_equal(cmio_tcp_stream_close(&streams[i]), 0);
    return pending;
}

static void accept_all(struct cmio_tcp_listener *listener) {
    struct cmio_tcp_stream server;
    while (cmio_tcp_listener_accept(listener, &server, NULL) == 0)
        assert_int_equal(cmio_tcp_stream_close(&server), 0);
}

/*
 * Asks only when there is an event, which may come too early a few times, but not again and again.
 */
static bool is_connected_by_an_event(struct test_loop *loop, struct cmio_tcp_stream *stream,
                                     int *early) {
    test_loop_wait(loop, 10 * CMIO_MILLISECOND);
    if (loop->came[CLIENT] == 0)
        return false;
    loop->came[CLIENT] = 0;
    const int error = cmio_tcp_stream_finish_connect(stream);
    if (error == -EINPROGRESS)
        assert_in_range(++*early, 1, 10);
    else
        assert_int_equal(error, 0);
    return error == 0;
}

static void a_pending_connect_is_in_progress_until_an_event_says_that_it_is_done(void **state) {
    (void)state;
    struct test_loop loop;
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream streams[CROWD];
    struct cmio_address address;
    int early = 0;
    const struct cmio_tcp_listener_options options = {.backlog = BACKLOG};
    test_loop_open(&loop);
    assert_int_equal(cmio_address_parse(any_v4, &address), 0);
    assert_int_equal(cmio_tcp_listener_bind(&listener, &address, &options), 0);
    assert_int_equal(cmio_tcp_listener_local_address(&listener, &address), 0);
    struct cmio_tcp_stream *stream = connect_crowd(&address, streams);
    if (stream != NULL) {
        assert_int_equal(cmio_registry_register(loop.registry, &stream->source, CLIENT, both), 0);
        TEST_EVENTUALLY((accept_all(&listener), is_connected_by_an_event(&loop, stream, &early)));
        assert_int_equal(cmio_tcp_stream_finish_connect(stream), 0);
        assert_int_equal(cmio_tcp_stream_close(stream), 0);
    }
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
    test_loop_close(&loop);
}

static void a_reset_is_read_as_econnreset(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, CMIO_READABLE);
    test_set_reset_on_close(cmio_tcp_stream_fd(&setting.client));
    assert_int_equal(cmio_tcp_stream_close(&setting.client), 0);
    test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
    char byte;
    assert_int_equal(cmio_tcp_stream_read(&setting.server, &byte, 1), -ECONNRESET);
    setting_close(&setting);
}

/* A pattern in which no piece equals its neighbours. */
static unsigned char byte_at(size_t offset) {
    return (unsigned char)(offset * 2654435761U >> 13);
}

static FILE *file_of(const unsigned char *bytes, size_t length) {
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fflush(file), 0);
    return file;
}

/*
 * Reads until -EAGAIN and so much came, which may take another event where bytes are still on their
 * way. Returns what the first read gave.
 */
static ssize_t read_on(struct setting *setting, const char *expected) {
    char bytes[64];
    size_t length = 0;
    ssize_t first = 0;
    for (;;) {
        ssize_t count =
            cmio_tcp_stream_read(&setting->server, bytes + length, sizeof bytes - length);
        if (count == -EAGAIN && length == strlen(expected))
            break;
        if (count == -EAGAIN) {
            test_loop_expect(&setting->loop, SERVER, CMIO_READABLE);
            continue;
        }
        assert_true(count > 0);
        first = length == 0 ? count : first;
        length += (size_t)count;
    }
    assert_memory_equal(bytes, expected, length);
    return first;
}

/* Whether the urgent byte was received: from then on no read goes past it. */
static bool has_urgent(int fd) {
    char byte;
    return recv(fd, &byte, 1, MSG_OOB | MSG_PEEK) == 1;
}

static void a_short_read_at_an_urgent_byte_is_not_the_end(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, CMIO_READABLE);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(cmio_tcp_stream_write(&setting.client, "one", 3), 3);
        assert_int_equal(send(cmio_tcp_stream_fd(&setting.client), "!", 1, MSG_OOB), 1);
        assert_int_equal(cmio_tcp_stream_write(&setting.client, "three", 5), 5);
        TEST_EVENTUALLY(has_urgent(cmio_tcp_stream_fd(&setting.server)));
        test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
        assert_int_equal(read_on(&setting, "onethree"), 3);
        test_loop_forget(&setting.loop);
        assert_int_equal(cmio_tcp_stream_write(&setting.client, "x", 1), 1);
        test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
        assert_int_equal(read_on(&setting, "x"), 1);
        test_loop_forget(&setting.loop);
    }
    setting_close(&setting);
}

static void a_file_that_ends_early_stops_a_send_without_a_wait(void **state) {
    (void)state;
    static unsigned char bytes[40000];
    static unsigned char arrived[sizeof bytes];
    struct setting setting;
    setting_open(&setting);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = byte_at(i);
    FILE *file = file_of(bytes, sizeof bytes);
    const int fd = fileno(file);
    enter(&setting, &setting.client, both);
    (void)test_loop_expect(&setting.loop, CLIENT, CMIO_WRITABLE);
    assert_int_equal(cmio_tcp_stream_send_file(&setting.client, fd, 0, sizeof bytes + 100),
                     sizeof bytes);
    assert_int_equal(
        cmio_tcp_stream_send_file(&setting.client, fd, (int64_t)sizeof bytes, SIZE_MAX), 0);
    for (int i = 0; i < 10; i++) /* it may be writable again, a few times at most */
        test_loop_wait(&setting.loop, 0);
    test_loop_forget(&setting.loop);
    test_loop_expect_silence(&setting.loop);
    for (size_t length = 0; length < sizeof bytes;) {
        ssize_t count;
        TEST_EVENTUALLY((count = cmio_tcp_stream_read(&setting.server, arrived + length,
                                                      sizeof bytes - length)) != -EAGAIN);
        assert_true(count > 0);
        length += (size_t)count;
    }
    assert_memory_equal(arrived, bytes, sizeof bytes);
    assert_int_equal(fclose(file), 0);
    setting_close(&setting);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(only_v6_listeners_take_no_v4_and_others_do),
    cmocka_unit_test(a_failed_connect_is_never_said_to_be_in_progress),
    cmocka_unit_test(a_pending_connect_is_in_progress_until_an_event_says_that_it_is_done),
    cmocka_unit_test(a_reset_is_read_as_econnreset),
    cmocka_unit_test(a_short_read_at_an_urgent_byte_is_not_the_end),
    cmocka_unit_test(a_file_that_ends_early_stops_a_send_without_a_wait),
};

TEST_GROUP(backend_tcp, tests)
