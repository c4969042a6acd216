/* SPDX-License-Identifier: MIT */

/*
 * Listeners of every kind as sources, and the connections that they accept. Each test is a row for
 * each kind. What one kind alone has is in test_tcp.c and test_unix.c, and that each call does what
 * it should in tests/net.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "backend/expectations.h"
#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"
#include "support/streams.h"

enum { LISTENER = 1, CLIENT = 2, SERVER = 3 };

static const cmio_interest both = CMIO_READABLE | CMIO_WRITABLE;

/* A loop and a listener that is registered to read. */
struct setting {
    const struct test_listener_kind *kind;
    struct test_scratch scratch;
    struct test_loop loop;
    struct test_listener listener;
    struct cmio_address address;
};

static void enter(struct setting *setting, cmio_interest mode) {
    TEST_OK(cmio_registry_register(setting->loop.registry, &setting->listener.source, LISTENER,
                                   CMIO_READABLE | mode));
}

static void setting_open(struct setting *setting, void *const *state, cmio_interest mode) {
    setting->kind = *state;
    test_scratch_open(&setting->scratch);
    if (!test_listener_open(setting->kind, &setting->scratch, &setting->listener,
                            &setting->address)) {
        (void)test_scratch_close(&setting->scratch);
        skip();
    }
    test_loop_open(&setting->loop);
    enter(setting, mode);
}

static void setting_close(struct setting *setting) {
    TEST_OK(listener_close(&setting->listener));
    test_loop_close(&setting->loop);
    (void)test_scratch_close(&setting->scratch);
}

#define expect_listener(setting) test_loop_expect(&(setting)->loop, LISTENER, CMIO_READABLE)

static struct test_stream connect_to(const struct setting *setting) {
    struct test_stream stream;
    test_stream_connect(&stream, setting->kind, &setting->address);
    return stream;
}

static void close_stream(struct test_stream *stream) {
    TEST_OK(stream_close(stream));
}

static int accept_and_close(struct setting *setting) {
    struct test_stream stream;
    const int error = listener_accept(&setting->listener, &stream, NULL);
    if (error == 0)
        close_stream(&stream);
    return error;
}

/* The whole of a connection's life, as a program sees it. */

static void expect_names(const struct setting *setting, const struct test_stream *client,
                         const struct cmio_address *peer) {
    struct cmio_address name;
    size_t length = 77;
    TEST_OK(stream_peer_address(client, &name));
    assert_true(cmio_address_equal(&name, &setting->address));
    TEST_OK(stream_local_address(client, &name));
    assert_true(cmio_address_equal(&name, peer));
    if (setting->kind->family == TEST_FAMILY_UNIX) {
        assert_non_null(cmio_address_unix_name(peer, &length));
        assert_int_equal(length, 0); /* a client has no name */
    }
}

static void expect_bytes(struct test_loop *loop, struct test_stream *from, struct test_stream *to,
                         cmio_token token, const char *five) {
    char buffer[16];
    TEST_GIVES(stream_write(from, five, 5), 5);
    test_loop_expect(loop, token, CMIO_READABLE);
    TEST_GIVES(stream_read(to, buffer, sizeof buffer), 5);
    assert_memory_equal(buffer, five, 5);
}

static void expect_end(const struct setting *setting, struct test_loop *loop,
                       struct test_stream *server) {
    const enum scene scene =
        setting->kind->family == TEST_FAMILY_TCP ? SCENE_TCP_PEER_CLOSED : SCENE_UNIX_PEER_CLOSED;
    char byte;
    test_loop_expect(loop, SERVER, expected_in(loop->poll, scene)->all);
    TEST_GIVES(stream_read(server, &byte, 1), 0);
    close_stream(server);
}

static void a_connection_is_accepted_read_written_and_ended(void **state) {
    struct setting setting;
    struct test_stream server;
    struct cmio_address peer;
    struct test_loop *loop = &setting.loop;
    setting_open(&setting, state, 0);
    struct test_stream client = connect_to(&setting);
    TEST_OK(cmio_registry_register(loop->registry, &client.source, CLIENT, both));
    expect_listener(&setting);
    TEST_OK(listener_accept(&setting.listener, &server, &peer));
    TEST_OK(cmio_registry_register(loop->registry, &server.source, SERVER, both));
    assert_int_equal(test_loop_expect(loop, CLIENT, CMIO_WRITABLE), CMIO_WRITABLE);
    TEST_OK(stream_finish_connect(&client));
    TEST_OK(stream_take_error(&client));
    expect_names(&setting, &client, &peer);
    assert_int_equal(test_loop_expect(loop, SERVER, CMIO_WRITABLE), CMIO_WRITABLE);

    expect_bytes(loop, &client, &server, SERVER, "hello");
    expect_bytes(loop, &server, &client, CLIENT, "there");
    /* That a peer took bytes may be told as room. */
    if (setting.kind->family == TEST_FAMILY_TCP && !expected_late_edge(loop->poll))
        test_loop_expect_silence(loop);
    test_loop_forget(loop);

    close_stream(&client);
    expect_end(&setting, loop, &server);
    TEST_OK(listener_close(&setting.listener));
    test_loop_expect_silence(loop);
    setting_close(&setting);
}

static void a_connect_that_is_closed_at_once_leaves_no_event(void **state) {
    struct setting setting;
    setting_open(&setting, state, 0);
    for (int i = 0; i < 10; i++) {
        struct test_stream client = connect_to(&setting);
        TEST_OK(cmio_registry_register(setting.loop.registry, &client.source, CLIENT, both));
        close_stream(&client);
    }
    test_loop_expect_none(&setting.loop, CLIENT);
    setting_close(&setting);
}

/* Events around accepts. */

static void two_accepts_around_would_block_each_follow_an_event(void **state) {
    struct setting setting;
    setting_open(&setting, state, 0);
    for (int round = 0; round < 3; round++) {
        test_loop_expect_silence(&setting.loop);
        TEST_FAILS(accept_and_close(&setting), -EAGAIN);
        struct test_stream client = connect_to(&setting);
        expect_listener(&setting);
        TEST_OK(accept_and_close(&setting));
        TEST_FAILS(accept_and_close(&setting), -EAGAIN);
        close_stream(&client);
    }
    test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

static void a_connection_after_one_was_accepted_makes_an_event(void **state) {
    struct setting setting;
    setting_open(&setting, state, 0);
    for (int round = 0; round < 3; round++) {
        struct test_stream client = connect_to(&setting);
        expect_listener(&setting);
        /* Accepted until there is none, but not until it says so. */
        TEST_OK(accept_and_close(&setting));
        close_stream(&client);
    }
    setting_close(&setting);
}

static void connections_that_came_together_are_all_there_to_accept(void **state) {
    enum { CONNECTIONS = 5 };
    struct setting setting;
    struct test_stream clients[CONNECTIONS];
    setting_open(&setting, state, 0);
    for (int i = 0; i < CONNECTIONS; i++)
        clients[i] = connect_to(&setting);
    int accepted = 0;
    while (accepted < CONNECTIONS) {
        int error;
        expect_listener(&setting);
        while ((error = accept_and_close(&setting)) == 0)
            accepted++;
        TEST_FAILS(error, -EAGAIN);
    }
    assert_int_equal(accepted, CONNECTIONS);
    for (int i = 0; i < CONNECTIONS; i++)
        close_stream(&clients[i]);
    setting_close(&setting);
}

static void a_level_listener_is_reported_until_all_were_accepted(void **state) {
    struct setting setting;
    setting_open(&setting, state, CMIO_LEVEL);
    struct test_stream clients[2] = {connect_to(&setting), connect_to(&setting)};
    for (int i = 0; i < 2; i++) {
        for (int wait = 0; wait < 3; wait++)
            expect_listener(&setting);
        TEST_OK(accept_and_close(&setting));
    }
    test_loop_expect_silence(&setting.loop);
    for (int i = 0; i < 2; i++)
        close_stream(&clients[i]);
    setting_close(&setting);
}

static void a_oneshot_listener_is_reported_once_a_register(void **state) {
    struct setting setting;
    setting_open(&setting, state, CMIO_ONESHOT);
    for (int round = 0; round < 3; round++) {
        struct test_stream first = connect_to(&setting);
        expect_listener(&setting);
        TEST_OK(accept_and_close(&setting));
        struct test_stream second = connect_to(&setting);
        test_loop_expect_silence(&setting.loop);
        TEST_OK(cmio_registry_reregister(setting.loop.registry, &setting.listener.source, LISTENER,
                                         CMIO_READABLE | CMIO_ONESHOT));
        expect_listener(&setting);
        TEST_OK(accept_and_close(&setting));
        TEST_FAILS(accept_and_close(&setting), -EAGAIN);
        TEST_OK(cmio_registry_reregister(setting.loop.registry, &setting.listener.source, LISTENER,
                                         CMIO_READABLE | CMIO_ONESHOT));
        close_stream(&first);
        close_stream(&second);
    }
    setting_close(&setting);
}

/* Accepts that fail. */

/* No descriptor below it is free. */
static int lowest_free_descriptor(int open_fd) {
    const int fd = dup(open_fd);
    assert_true(fd >= 0);
    test_close(fd);
    return fd;
}

/* Accepts where no descriptor can be opened. */
static int accept_at_the_limit(struct setting *setting, struct test_stream *stream) {
    struct rlimit before;
    TEST_OK(getrlimit(RLIMIT_NOFILE, &before));
    struct rlimit limit = before;
    limit.rlim_cur = (rlim_t)lowest_free_descriptor(listener_fd(&setting->listener));
    TEST_OK(setrlimit(RLIMIT_NOFILE, &limit));
    const int result = listener_accept(&setting->listener, stream, NULL);
    TEST_OK(setrlimit(RLIMIT_NOFILE, &before));
    return result;
}

/* Connects, waits for the event, and has no descriptor to accept with. Skips under valgrind. */
static struct test_stream open_at_the_limit(struct setting *setting, void *const *state) {
    if (test_is_under_valgrind())
        skip();
    setting_open(setting, state, 0);
    struct test_stream client = connect_to(setting);
    expect_listener(setting);
    return client;
}

static void expect_another(struct setting *setting) {
    struct test_stream client = connect_to(setting);
    expect_listener(setting);
    TEST_OK(accept_and_close(setting));
    close_stream(&client);
}

static void accept_without_descriptors_is_emfile_and_the_listener_lives_on(void **state) {
    struct setting setting;
    struct test_stream client = open_at_the_limit(&setting, state);
    for (int i = 0; i < 5; i++) {
        struct test_stream untouched;
        memset(&untouched, 0x5a, sizeof untouched);
        struct test_stream stream = untouched;
        TEST_FAILS(accept_at_the_limit(&setting, &stream), -EMFILE);
        assert_memory_equal(&stream, &untouched, sizeof stream);
        (void)test_loop_expect_no_spin(&setting.loop);
    }
    TEST_OK(accept_and_close(&setting));
    TEST_FAILS(accept_and_close(&setting), -EAGAIN);
    close_stream(&client);
    expect_another(&setting);
    setting_close(&setting);
}

static void a_reregister_reports_a_connection_that_could_not_be_accepted(void **state) {
    struct setting setting;
    struct test_stream stream;
    struct test_stream client = open_at_the_limit(&setting, state);
    TEST_FAILS(accept_at_the_limit(&setting, &stream), -EMFILE);
    (void)test_loop_expect_no_spin(&setting.loop);
    TEST_OK(cmio_registry_reregister(setting.loop.registry, &setting.listener.source, LISTENER,
                                     CMIO_READABLE));
    expect_listener(&setting);
    TEST_OK(accept_and_close(&setting));
    TEST_FAILS(accept_and_close(&setting), -EAGAIN);
    close_stream(&client);
    expect_another(&setting);
    setting_close(&setting);
}

/* Ends of registrations, and descriptors. */

static void a_listener_closed_before_the_wait_reports_nothing(void **state) {
    struct setting setting;
    setting_open(&setting, state, 0);
    struct test_stream client = connect_to(&setting);
    TEST_OK(listener_close(&setting.listener));
    test_loop_expect_silence(&setting.loop);
    close_stream(&client);
    setting_close(&setting);
}

static void expect_prepared(int fd) {
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

/* As others have their descriptors. */
static int spoil(int fd) {
    assert_true(fd >= 0);
    TEST_OK(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK));
    TEST_OK(fcntl(fd, F_SETFD, 0));
    return fd;
}

static void adopted_and_accepted_descriptors_are_nonblocking_and_close_on_exec(void **state) {
    struct setting setting;
    struct test_stream server;
    char byte;
    setting_open(&setting, state, 0);
    expect_prepared(listener_fd(&setting.listener));
    const int fd = spoil(listener_into_fd(&setting.listener));
    TEST_OK(listener_from_fd(&setting.listener, fd));
    expect_prepared(listener_fd(&setting.listener));
    enter(&setting, 0);
    struct test_stream client = connect_to(&setting);
    expect_prepared(stream_fd(&client));
    expect_listener(&setting);
    TEST_OK(listener_accept(&setting.listener, &server, NULL));
    expect_prepared(stream_fd(&server));
    TEST_FAILS(stream_read(&server, &byte, 1), -EAGAIN);
    const int client_fd = spoil(stream_into_fd(&client));
    TEST_OK(stream_from_fd(&client, client_fd));
    expect_prepared(stream_fd(&client));
    close_stream(&server);
    close_stream(&client);
    setting_close(&setting);
}

static const struct CMUnitTest tests[] = {
    EACH_LISTENER(a_connection_is_accepted_read_written_and_ended),
    EACH_LISTENER(a_connect_that_is_closed_at_once_leaves_no_event),
    EACH_LISTENER(two_accepts_around_would_block_each_follow_an_event),
    EACH_LISTENER(a_connection_after_one_was_accepted_makes_an_event),
    EACH_LISTENER(connections_that_came_together_are_all_there_to_accept),
    EACH_LISTENER(a_level_listener_is_reported_until_all_were_accepted),
    EACH_LISTENER(a_oneshot_listener_is_reported_once_a_register),
    EACH_LISTENER(accept_without_descriptors_is_emfile_and_the_listener_lives_on),
    EACH_LISTENER(a_reregister_reports_a_connection_that_could_not_be_accepted),
    EACH_LISTENER(a_listener_closed_before_the_wait_reports_nothing),
    EACH_LISTENER(adopted_and_accepted_descriptors_are_nonblocking_and_close_on_exec),
};

TEST_GROUP(backend_listeners, tests)
