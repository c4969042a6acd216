/* SPDX-License-Identifier: MIT */

/*
 * TCP listeners and streams as sources: what their calls do to the events that follow, and what
 * events say about them. That each call does what it should is for tests/net.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"

enum { LISTENER = 1, CLIENT = 2, SERVER = 3, WAKER = 4 };

static const cmio_interest both = CMIO_READABLE | CMIO_WRITABLE;

static const char *const any_v4 = "127.0.0.1:0";
static const char *const any_v6 = "[::1]:0";

/* A listener that is registered to read, and its address. False where the family is not there. */
static bool listen_on(struct test_loop *loop, const char *text, cmio_interest mode,
                      struct cmio_tcp_listener *listener, struct cmio_address *address) {
    assert_int_equal(cmio_address_parse(text, address), 0);
    int bound = cmio_tcp_listener_bind(listener, address, NULL);
    if (bound == -EAFNOSUPPORT || bound == -EADDRNOTAVAIL)
        return false;
    assert_int_equal(bound, 0);
    assert_int_equal(cmio_tcp_listener_local_address(listener, address), 0);
    assert_int_equal(
        cmio_registry_register(loop->registry, &listener->source, LISTENER, CMIO_READABLE | mode),
        0);
    return true;
}

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

/* The whole of a connection's life, as a program sees it. */

static void expect_a_connection_s_life(const char *text) {
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_tcp_listener listener;
    struct cmio_address address;
    if (!listen_on(&loop, text, 0, &listener, &address)) {
        test_loop_close(&loop);
        skip();
    }
    struct cmio_tcp_stream client;
    assert_int_equal(cmio_tcp_stream_connect(&client, &address), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &client.source, CLIENT, both), 0);
    test_loop_expect(&loop, LISTENER, CMIO_READABLE);
    struct cmio_tcp_stream server;
    struct cmio_address peer;
    assert_int_equal(cmio_tcp_listener_accept(&listener, &server, &peer), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &server.source, SERVER, both), 0);
    uint32_t came = test_loop_expect(&loop, CLIENT, CMIO_WRITABLE);
    assert_int_equal(came, CMIO_WRITABLE);
    assert_int_equal(cmio_tcp_stream_finish_connect(&client), 0);
    assert_int_equal(cmio_tcp_stream_take_error(&client), 0);
    struct cmio_address local;
    assert_int_equal(cmio_tcp_stream_local_address(&client, &local), 0);
    assert_true(cmio_address_equal(&local, &peer));
    assert_int_equal(test_loop_expect(&loop, SERVER, CMIO_WRITABLE), CMIO_WRITABLE);

    char buffer[16];
    assert_int_equal(cmio_tcp_stream_write(&client, "hello", 5), 5);
    test_loop_expect(&loop, SERVER, CMIO_READABLE);
    assert_int_equal(cmio_tcp_stream_read(&server, buffer, sizeof buffer), 5);
    assert_memory_equal(buffer, "hello", 5);
    assert_int_equal(cmio_tcp_stream_write(&server, "there", 5), 5);
    test_loop_expect(&loop, CLIENT, CMIO_READABLE);
    assert_int_equal(cmio_tcp_stream_read(&client, buffer, sizeof buffer), 5);
    assert_memory_equal(buffer, "there", 5);
    test_loop_expect_silence(&loop);

    assert_int_equal(cmio_tcp_stream_close(&client), 0);
    test_loop_expect(&loop, SERVER, CMIO_READABLE | CMIO_READ_CLOSED);
    assert_int_equal(cmio_tcp_stream_read(&server, buffer, sizeof buffer), 0);
    assert_int_equal(cmio_tcp_stream_close(&server), 0);
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
    test_loop_expect_silence(&loop);
    test_loop_close(&loop);
}

static void a_connection_over_v4_is_accepted_read_written_and_ended(void **state) {
    (void)state;
    expect_a_connection_s_life(any_v4);
}

static void a_connection_over_v6_is_accepted_read_written_and_ended(void **state) {
    (void)state;
    expect_a_connection_s_life(any_v6);
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

/* Listeners. */

struct accepting {
    struct test_loop loop;
    struct cmio_tcp_listener listener;
    struct cmio_address address;
};

static void accepting_open(struct accepting *accepting, cmio_interest mode) {
    test_loop_open(&accepting->loop);
    assert_true(
        listen_on(&accepting->loop, any_v4, mode, &accepting->listener, &accepting->address));
}

static void accepting_close(struct accepting *accepting) {
    assert_int_equal(cmio_tcp_listener_close(&accepting->listener), 0);
    test_loop_close(&accepting->loop);
}

static int accept_and_close(struct accepting *accepting) {
    struct cmio_tcp_stream stream;
    int error = cmio_tcp_listener_accept(&accepting->listener, &stream, NULL);
    if (error == 0)
        assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    return error;
}

static int connect_to(const struct accepting *accepting) {
    return test_connect(cmio_address_port(&accepting->address));
}

static void two_accepts_around_would_block_each_follow_an_event(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, 0);
    for (int round = 0; round < 3; round++) {
        test_loop_expect_silence(&accepting.loop);
        assert_int_equal(accept_and_close(&accepting), -EAGAIN);
        int client = connect_to(&accepting);
        test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
        assert_int_equal(accept_and_close(&accepting), 0);
        assert_int_equal(accept_and_close(&accepting), -EAGAIN);
        test_close(client);
    }
    test_loop_expect_silence(&accepting.loop);
    accepting_close(&accepting);
}

static void an_accept_that_somebody_else_was_quicker_for_arms_the_edge(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, 0);
    for (int round = 0; round < 3; round++) {
        int client = connect_to(&accepting);
        test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
        const int taken = accept(cmio_tcp_listener_fd(&accepting.listener), NULL, NULL);
        assert_true(taken >= 0);
        assert_int_equal(accept_and_close(&accepting), -EAGAIN);
        test_close(taken);
        test_close(client);
    }
    accepting_close(&accepting);
}

static void a_connection_after_one_was_accepted_makes_an_event(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, 0);
    for (int round = 0; round < 3; round++) {
        int client = connect_to(&accepting);
        test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
        /* Accepted until there is none, but not until it says so. */
        assert_int_equal(accept_and_close(&accepting), 0);
        test_close(client);
    }
    accepting_close(&accepting);
}

static void connections_that_came_together_are_all_there_to_accept(void **state) {
    (void)state;
    enum { CONNECTIONS = 5 };
    struct accepting accepting;
    accepting_open(&accepting, 0);
    int clients[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++)
        clients[i] = connect_to(&accepting);
    int accepted = 0;
    while (accepted < CONNECTIONS) {
        test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
        int error;
        while ((error = accept_and_close(&accepting)) == 0)
            accepted++;
        assert_int_equal(error, -EAGAIN);
    }
    assert_int_equal(accepted, CONNECTIONS);
    for (int i = 0; i < CONNECTIONS; i++)
        test_close(clients[i]);
    accepting_close(&accepting);
}

static void a_level_listener_is_reported_until_all_were_accepted(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, CMIO_LEVEL);
    int clients[2];
    for (int i = 0; i < 2; i++)
        clients[i] = connect_to(&accepting);
    for (int i = 0; i < 2; i++) {
        for (int wait = 0; wait < 3; wait++)
            test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
        assert_int_equal(accept_and_close(&accepting), 0);
    }
    test_loop_expect_silence(&accepting.loop);
    for (int i = 0; i < 2; i++)
        test_close(clients[i]);
    accepting_close(&accepting);
}

/* No descriptor below it is free. */
static int lowest_free_descriptor(int open_fd) {
    int fd = dup(open_fd);
    assert_true(fd >= 0);
    test_close(fd);
    return fd;
}

/* Accepts where no descriptor can be opened. */
static int accept_at_the_limit(struct accepting *accepting, struct cmio_tcp_stream *stream) {
    int listener_fd = cmio_tcp_listener_fd(&accepting->listener);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit limit = before;
    limit.rlim_cur = (rlim_t)lowest_free_descriptor(listener_fd);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    int result = cmio_tcp_listener_accept(&accepting->listener, stream, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    return result;
}

static void accept_without_descriptors_is_emfile_and_the_listener_lives_on(void **state) {
    (void)state;
    if (test_is_under_valgrind())
        skip();
    struct accepting accepting;
    accepting_open(&accepting, 0);
    int client = connect_to(&accepting);
    test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
    for (int i = 0; i < 5; i++) {
        struct cmio_tcp_stream untouched;
        memset(&untouched, 0x5a, sizeof untouched);
        struct cmio_tcp_stream stream = untouched;
        assert_int_equal(accept_at_the_limit(&accepting, &stream), -EMFILE);
        assert_memory_equal(&stream, &untouched, sizeof stream);
        (void)test_loop_expect_no_spin(&accepting.loop);
    }
    assert_int_equal(accept_and_close(&accepting), 0);
    assert_int_equal(accept_and_close(&accepting), -EAGAIN);
    test_close(client);
    client = connect_to(&accepting);
    test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
    assert_int_equal(accept_and_close(&accepting), 0);
    test_close(client);
    accepting_close(&accepting);
}

static void a_reregister_reports_a_connection_that_could_not_be_accepted(void **state) {
    (void)state;
    if (test_is_under_valgrind())
        skip();
    struct accepting accepting;
    accepting_open(&accepting, 0);
    int client = connect_to(&accepting);
    test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
    struct cmio_tcp_stream stream;
    assert_int_equal(accept_at_the_limit(&accepting, &stream), -EMFILE);
    assert_int_equal(cmio_registry_reregister(accepting.loop.registry, &accepting.listener.source,
                                              LISTENER, CMIO_READABLE),
                     0);
    test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
    assert_int_equal(accept_and_close(&accepting), 0);
    test_close(client);
    accepting_close(&accepting);
}

static void a_listener_closed_before_the_wait_reports_nothing(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, 0);
    int client = connect_to(&accepting);
    assert_int_equal(cmio_tcp_listener_close(&accepting.listener), 0);
    test_loop_expect_silence(&accepting.loop);
    test_close(client);
    accepting_close(&accepting);
}

/* Streams. */

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

/* More than the listener has room for. The one that is left open waits for room; NULL: none does.
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

/* Asks only when there is an event, which may come too early a few times, but not again and again.
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

static void vectored_reads_and_writes_move_what_fits_and_no_byte_more(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, CMIO_READABLE);
    char hello[] = "hel";
    char world[] = "lo";
    const struct iovec out[] = {{hello, 3}, {world, 2}};
    char first[2] = {'_', '_'};
    char second[5] = {'_', '_', '_', '_', '_'};
    const struct iovec in[] = {{first, 2}, {second, 4}};
    for (int round = 0; round < 3; round++) {
        assert_int_equal(cmio_tcp_stream_writev(&setting.client, out, 2), 5);
        test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
        assert_int_equal(cmio_tcp_stream_readv(&setting.server, in, 2), 5);
        assert_memory_equal(first, "he", 2);
        assert_memory_equal(second, "llo__", 5);
        /* Less than asked for: the edge is armed. */
        test_loop_expect_silence(&setting.loop);
    }
    assert_int_equal(cmio_tcp_stream_readv(&setting.server, in, 2), -EAGAIN);
    setting_close(&setting);
}

static void a_peek_that_succeeds_consumes_nothing(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, CMIO_READABLE);
    char buffer[8];
    assert_int_equal(cmio_tcp_stream_write(&setting.client, "abc", 3), 3);
    test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cmio_tcp_stream_peek(&setting.server, buffer, sizeof buffer), 3);
        assert_memory_equal(buffer, "abc", 3);
        (void)test_loop_expect_no_spin(&setting.loop);
    }
    assert_int_equal(cmio_registry_reregister(setting.loop.registry, &setting.server.source, SERVER,
                                              CMIO_READABLE),
                     0);
    test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
    assert_int_equal(cmio_tcp_stream_read(&setting.server, buffer, sizeof buffer), 3);
    assert_memory_equal(buffer, "abc", 3);
    setting_close(&setting);
}

static void a_peek_that_blocks_arms_the_edge(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, CMIO_READABLE);
    char buffer[8];
    for (int round = 0; round < 4; round++) {
        assert_int_equal(cmio_tcp_stream_write(&setting.client, "abc", 3), 3);
        test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
        /* Behind cmio's back, so that only the peek can have armed it. */
        test_take(cmio_tcp_stream_fd(&setting.server), 3);
        assert_int_equal(cmio_tcp_stream_peek(&setting.server, buffer, sizeof buffer), -EAGAIN);
        test_loop_expect_silence(&setting.loop);
    }
    setting_close(&setting);
}

static void each_way_to_shut_down_shows_at_both_ends(void **state) {
    (void)state;
    static const enum cmio_shutdown ways[] = {CMIO_SHUTDOWN_READ, CMIO_SHUTDOWN_WRITE,
                                              CMIO_SHUTDOWN_BOTH};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct setting setting;
        setting_open(&setting);
        enter(&setting, &setting.server, both);
        assert_int_equal(test_loop_expect(&setting.loop, SERVER, CMIO_WRITABLE), CMIO_WRITABLE);
        assert_int_equal(cmio_tcp_stream_shutdown(&setting.client, ways[i]), 0);
        char byte;
        if (ways[i] != CMIO_SHUTDOWN_WRITE)
            assert_int_equal(cmio_tcp_stream_read(&setting.client, &byte, 1), 0);
        if (ways[i] != CMIO_SHUTDOWN_READ) {
            assert_int_equal(cmio_tcp_stream_write(&setting.client, "x", 1), -EPIPE);
            test_loop_expect(&setting.loop, SERVER, CMIO_READABLE | CMIO_READ_CLOSED);
            assert_int_equal(cmio_tcp_stream_read(&setting.server, &byte, 1), 0);
        } else {
            /* The other end is not told. */
            test_loop_expect_silence(&setting.loop);
            assert_int_equal(cmio_tcp_stream_write(&setting.client, "x", 1), 1);
            test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
        }
        setting_close(&setting);
    }
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

static bool write_fails(struct cmio_tcp_stream *stream) {
    ssize_t result = cmio_tcp_stream_write(stream, "x", 1);
    assert_true(result == 1 || result == -EPIPE || result == -ECONNRESET);
    return result < 0;
}

static void writes_after_the_peer_left_fail_and_raise_no_signal(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, both);
    assert_int_equal(cmio_tcp_stream_close(&setting.client), 0);
    test_loop_expect(&setting.loop, SERVER, CMIO_READABLE | CMIO_READ_CLOSED);
    /* SIGPIPE is at its default here, and would end the program. */
    TEST_EVENTUALLY(write_fails(&setting.server));
    setting_close(&setting);
}

static void what_was_written_before_close_arrives(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.client, both);
    enter(&setting, &setting.server, CMIO_READABLE);
    for (int i = 0; i < 16; i++)
        assert_int_equal(cmio_tcp_stream_write(&setting.client, "0123456789abcdef", 16), 16);
    assert_int_equal(cmio_tcp_stream_close(&setting.client), 0);
    char buffer[512];
    size_t total = 0;
    ssize_t count = -EAGAIN;
    while (count != 0) {
        test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
        while ((count = cmio_tcp_stream_read(&setting.server, buffer, sizeof buffer)) > 0)
            total += (size_t)count;
        assert_true(count == 0 || count == -EAGAIN);
    }
    assert_int_equal(total, 16 * 16);
    setting_close(&setting);
}

static void what_was_written_before_deregister_arrives(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.client, both);
    enter(&setting, &setting.server, CMIO_READABLE);
    assert_int_equal(cmio_tcp_stream_write(&setting.client, "abc", 3), 3);
    assert_int_equal(cmio_registry_deregister(setting.loop.registry, &setting.client.source), 0);
    test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
    char buffer[8];
    assert_int_equal(cmio_tcp_stream_read(&setting.server, buffer, sizeof buffer), 3);
    /* A deregistered stream has no events, and its I/O goes on. */
    assert_int_equal(cmio_tcp_stream_write(&setting.server, "def", 3), 3);
    test_loop_expect_silence(&setting.loop);
    TEST_EVENTUALLY(cmio_tcp_stream_peek(&setting.client, buffer, sizeof buffer) == 3);
    assert_int_equal(cmio_tcp_stream_read(&setting.client, buffer, sizeof buffer), 3);
    assert_int_equal(cmio_tcp_stream_read(&setting.client, buffer, sizeof buffer), -EAGAIN);
    setting_close(&setting);
}

static void a_connect_that_is_closed_at_once_leaves_no_event(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, 0);
    for (int i = 0; i < 10; i++) {
        struct cmio_tcp_stream client;
        assert_int_equal(cmio_tcp_stream_connect(&client, &accepting.address), 0);
        assert_int_equal(
            cmio_registry_register(accepting.loop.registry, &client.source, CLIENT, both), 0);
        assert_int_equal(cmio_tcp_stream_close(&client), 0);
    }
    test_loop_expect_none(&accepting.loop, CLIENT);
    accepting_close(&accepting);
}

static void close_deregisters_though_a_dup_keeps_the_connection_alive(void **state) {
    (void)state;
    static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct setting setting;
        setting_open(&setting);
        enter(&setting, &setting.server, both | modes[i]);
        int copy = dup(cmio_tcp_stream_fd(&setting.server));
        assert_true(copy >= 0);
        assert_int_equal(cmio_tcp_stream_write(&setting.client, "x", 1), 1);
        assert_int_equal(cmio_tcp_stream_close(&setting.server), 0);
        test_loop_expect_silence(&setting.loop);
        assert_int_equal(cmio_tcp_stream_write(&setting.client, "y", 1), 1);
        test_loop_expect_silence(&setting.loop);
        test_close(copy);
        setting_close(&setting);
    }
}

static void into_fd_deregisters_and_gives_the_connection_away(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, CMIO_READABLE | CMIO_LEVEL);
    int fd = cmio_tcp_stream_into_fd(&setting.server);
    assert_true(fd >= 0);
    assert_int_equal(cmio_tcp_stream_write(&setting.client, "abc", 3), 3);
    test_loop_expect_silence(&setting.loop);
    assert_int_equal(cmio_tcp_stream_into_fd(&setting.server), -EBADF);

    /* It can be adopted again, on another source. */
    struct cmio_tcp_stream again;
    assert_int_equal(cmio_tcp_stream_from_fd(&again, fd), 0);
    assert_int_equal(
        cmio_registry_register(setting.loop.registry, &again.source, SERVER, CMIO_READABLE), 0);
    test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
    char buffer[8];
    assert_int_equal(cmio_tcp_stream_read(&again, buffer, sizeof buffer), 3);
    assert_int_equal(cmio_tcp_stream_close(&again), 0);
    setting_close(&setting);
}

static void expect_adopted(int fd) {
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void adopted_and_accepted_descriptors_are_nonblocking_and_close_on_exec(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    uint16_t port;
    struct cmio_tcp_listener listener;
    assert_int_equal(cmio_tcp_listener_from_fd(&listener, test_listen(&port)), 0);
    expect_adopted(cmio_tcp_listener_fd(&listener));
    assert_int_equal(
        cmio_registry_register(loop.registry, &listener.source, LISTENER, CMIO_READABLE), 0);
    struct cmio_tcp_stream client;
    assert_int_equal(cmio_tcp_stream_from_fd(&client, test_connect(port)), 0);
    expect_adopted(cmio_tcp_stream_fd(&client));
    test_loop_expect(&loop, LISTENER, CMIO_READABLE);
    struct cmio_tcp_stream server;
    assert_int_equal(cmio_tcp_listener_accept(&listener, &server, NULL), 0);
    expect_adopted(cmio_tcp_stream_fd(&server));
    char byte;
    assert_int_equal(cmio_tcp_stream_read(&server, &byte, 1), -EAGAIN);
    assert_int_equal(cmio_tcp_stream_close(&server), 0);
    assert_int_equal(cmio_tcp_stream_close(&client), 0);
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
    test_loop_close(&loop);
}

/* 16 MiB through one thread, as edges allow: each end goes on until it blocks, then waits. */

enum { MEBIBYTE = 1 << 20, CHUNK = 128 * 1024 };

struct transfer {
    unsigned char *bytes;
    size_t length;
    size_t sent;
    size_t received;
    int short_writes;
    bool peeks; /* looks at each piece before it is read */
    FILE *file; /* sends from this, which holds the bytes; NULL: from memory */
};

/* A pattern in which no piece equals its neighbours. */
static unsigned char byte_at(size_t offset) {
    return (unsigned char)(offset * 2654435761U >> 13);
}

static ssize_t send_some(struct setting *setting, const struct transfer *transfer, size_t wanted) {
    if (transfer->file != NULL)
        return cmio_tcp_stream_send_file(&setting->client, fileno(transfer->file),
                                         (int64_t)transfer->sent, wanted);
    return cmio_tcp_stream_write(&setting->client, transfer->bytes + transfer->sent, wanted);
}

static void send_until_blocked(struct setting *setting, struct transfer *transfer) {
    while (transfer->sent < transfer->length) {
        size_t wanted = transfer->length - transfer->sent;
        ssize_t count = send_some(setting, transfer, wanted);
        if (count < 0) {
            assert_int_equal(count, -EAGAIN);
            return;
        }
        transfer->sent += (size_t)count;
        /* The room is used up: an event comes when there is some. */
        if ((size_t)count < wanted) {
            transfer->short_writes++;
            return;
        }
    }
}

static void receive_until_blocked(struct setting *setting, struct transfer *transfer) {
    static unsigned char piece[CHUNK];
    static unsigned char peeked[CHUNK];
    for (;;) {
        ssize_t looked = 0;
        if (transfer->peeks)
            looked = cmio_tcp_stream_peek(&setting->server, peeked, sizeof peeked);
        ssize_t count = cmio_tcp_stream_read(&setting->server, piece, sizeof piece);
        if (count < 0) {
            assert_int_equal(count, -EAGAIN);
            return;
        }
        assert_true(count > 0);
        if (looked > 0)
            assert_memory_equal(peeked, piece, (size_t)(looked < count ? looked : count));
        assert_memory_equal(piece, transfer->bytes + transfer->received, (size_t)count);
        transfer->received += (size_t)count;
        if ((size_t)count < sizeof piece)
            return;
    }
}

static FILE *file_of(const unsigned char *bytes, size_t length) {
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fflush(file), 0);
    return file;
}

enum transfer_way { PLAIN, PEEKING, FROM_A_FILE };

static void expect_transfer(cmio_interest mode, enum transfer_way way) {
    struct setting setting;
    setting_open(&setting);
    const int room = 64 * 1024; /* far less than goes through, so that writes fall short */
    assert_int_equal(
        setsockopt(cmio_tcp_stream_fd(&setting.client), SOL_SOCKET, SO_SNDBUF, &room, sizeof room),
        0);
    enter(&setting, &setting.client, CMIO_WRITABLE | mode);
    enter(&setting, &setting.server, CMIO_READABLE | mode);
    struct transfer transfer = {
        .length = test_is_slow() ? 2 * MEBIBYTE : 16 * MEBIBYTE,
        .peeks = way == PEEKING,
    };
    transfer.bytes = malloc(transfer.length);
    assert_non_null(transfer.bytes);
    for (size_t i = 0; i < transfer.length; i++)
        transfer.bytes[i] = byte_at(i);
    transfer.file = way == FROM_A_FILE ? file_of(transfer.bytes, transfer.length) : NULL;
    while (transfer.received < transfer.length) {
        assert_true(test_loop_wait(&setting.loop, 30 * CMIO_SECOND) > 0);
        if (setting.loop.came[CLIENT] & CMIO_WRITABLE)
            send_until_blocked(&setting, &transfer);
        if (setting.loop.came[SERVER] & CMIO_READABLE)
            receive_until_blocked(&setting, &transfer);
        test_loop_forget(&setting.loop);
    }
    assert_true(transfer.short_writes > 0);
    assert_int_equal(transfer.received, transfer.sent);
    if (transfer.file != NULL)
        assert_int_equal(fclose(transfer.file), 0);
    free(transfer.bytes);
    setting_close(&setting);
}

static void sixteen_mebibytes_go_through_with_edges(void **state) {
    (void)state;
    expect_transfer(0, PLAIN);
}

static void sixteen_mebibytes_go_through_with_levels(void **state) {
    (void)state;
    expect_transfer(CMIO_LEVEL, PLAIN);
}

static void sixteen_mebibytes_go_through_with_a_peek_before_each_read(void **state) {
    (void)state;
    expect_transfer(0, PEEKING);
}

static void sixteen_mebibytes_of_a_file_go_through_with_edges(void **state) {
    (void)state;
    expect_transfer(0, FROM_A_FILE);
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
    cmocka_unit_test(a_connection_over_v4_is_accepted_read_written_and_ended),
    cmocka_unit_test(a_connection_over_v6_is_accepted_read_written_and_ended),
    cmocka_unit_test(only_v6_listeners_take_no_v4_and_others_do),
    cmocka_unit_test(two_accepts_around_would_block_each_follow_an_event),
    cmocka_unit_test(an_accept_that_somebody_else_was_quicker_for_arms_the_edge),
    cmocka_unit_test(a_connection_after_one_was_accepted_makes_an_event),
    cmocka_unit_test(connections_that_came_together_are_all_there_to_accept),
    cmocka_unit_test(a_level_listener_is_reported_until_all_were_accepted),
    cmocka_unit_test(accept_without_descriptors_is_emfile_and_the_listener_lives_on),
    cmocka_unit_test(a_reregister_reports_a_connection_that_could_not_be_accepted),
    cmocka_unit_test(a_listener_closed_before_the_wait_reports_nothing),
    cmocka_unit_test(a_failed_connect_is_never_said_to_be_in_progress),
    cmocka_unit_test(a_pending_connect_is_in_progress_until_an_event_says_that_it_is_done),
    cmocka_unit_test(vectored_reads_and_writes_move_what_fits_and_no_byte_more),
    cmocka_unit_test(a_peek_that_succeeds_consumes_nothing),
    cmocka_unit_test(a_peek_that_blocks_arms_the_edge),
    cmocka_unit_test(each_way_to_shut_down_shows_at_both_ends),
    cmocka_unit_test(a_reset_is_read_as_econnreset),
    cmocka_unit_test(writes_after_the_peer_left_fail_and_raise_no_signal),
    cmocka_unit_test(what_was_written_before_close_arrives),
    cmocka_unit_test(what_was_written_before_deregister_arrives),
    cmocka_unit_test(a_connect_that_is_closed_at_once_leaves_no_event),
    cmocka_unit_test(close_deregisters_though_a_dup_keeps_the_connection_alive),
    cmocka_unit_test(into_fd_deregisters_and_gives_the_connection_away),
    cmocka_unit_test(adopted_and_accepted_descriptors_are_nonblocking_and_close_on_exec),
    cmocka_unit_test(sixteen_mebibytes_go_through_with_edges),
    cmocka_unit_test(sixteen_mebibytes_go_through_with_levels),
    cmocka_unit_test(sixteen_mebibytes_go_through_with_a_peek_before_each_read),
    cmocka_unit_test(sixteen_mebibytes_of_a_file_go_through_with_edges),
    cmocka_unit_test(a_short_read_at_an_urgent_byte_is_not_the_end),
    cmocka_unit_test(a_file_that_ends_early_stops_a_send_without_a_wait),
};

TEST_GROUP(backend_tcp, tests)
