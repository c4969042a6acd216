/* SPDX-License-Identifier: MIT */

/*
 * What the calls of every kind of listener do. Each test is a row for each kind. What one kind
 * alone has is in test_tcp_listener.c and test_unix_listener.c.
 */

#include "support/scratch.h"
#include "support/streams.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

struct setting {
    const struct test_listener_kind *kind;
    struct test_scratch scratch;
    struct test_listener listener;
    struct cmio_address address;
};

static void setting_open(struct setting *setting, void *const *state) {
    setting->kind = *state;
    test_scratch_open(&setting->scratch);
    if (!test_listener_open(setting->kind, &setting->scratch, &setting->listener,
                            &setting->address)) {
        (void)test_scratch_close(&setting->scratch);
        skip();
    }
}

static void setting_close(struct setting *setting) {
    TEST_OK(listener_close(&setting->listener));
    (void)test_scratch_close(&setting->scratch);
}

static struct test_stream connect_to(const struct setting *setting) {
    struct test_stream stream;
    test_stream_connect(&stream, setting->kind, &setting->address);
    return stream;
}

/* Waits with poll(2): these tests are about the calls, not events. */
static void accept_one(struct setting *setting, struct test_stream *stream,
                       struct cmio_address *peer) {
    struct pollfd entry = {.fd = listener_fd(&setting->listener), .events = POLLIN};
    TEST_GIVES(poll(&entry, 1, 30000), 1);
    TEST_OK(listener_accept(&setting->listener, stream, peer));
}

static void expect_prepared(int fd) {
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void connections_are_accepted_until_there_is_none(void **state) {
    struct setting setting;
    struct test_stream stream = {.source.fd = 77};
    struct cmio_address peer = {.length = 77};
    setting_open(&setting, state);
    TEST_FAILS(listener_accept(&setting.listener, &stream, &peer), -EAGAIN);
    assert_int_equal(stream.source.fd, 77);
    assert_int_equal(peer.length, 77);
    struct test_stream clients[2] = {connect_to(&setting), connect_to(&setting)};
    for (int i = 0; i < 2; i++) {
        accept_one(&setting, &stream, NULL);
        TEST_OK(stream_close(&stream));
    }
    TEST_FAILS(listener_accept(&setting.listener, &stream, NULL), -EAGAIN);
    TEST_OK(listener_take_error(&setting.listener));
    for (int i = 0; i < 2; i++)
        TEST_OK(stream_close(&clients[i]));
    setting_close(&setting);
}

static void both_ends_of_a_connection_know_both_addresses(void **state) {
    struct setting setting;
    struct test_stream server;
    struct cmio_address peer;
    struct cmio_address address;
    setting_open(&setting, state);
    struct test_stream client = connect_to(&setting);
    accept_one(&setting, &server, &peer);
    TEST_EVENTUALLY(stream_finish_connect(&client) == 0);
    TEST_OK(stream_local_address(&client, &address));
    assert_true(cmio_address_equal(&address, &peer));
    assert_int_equal(address.length, peer.length);
    TEST_OK(stream_peer_address(&server, &address));
    assert_true(cmio_address_equal(&address, &peer));
    TEST_OK(stream_peer_address(&client, &address));
    assert_true(cmio_address_equal(&address, &setting.address));
    assert_int_equal(address.length, setting.address.length);
    TEST_OK(stream_local_address(&server, &address));
    assert_true(cmio_address_equal(&address, &setting.address));
    assert_int_equal(address.length, setting.address.length);
    TEST_OK(stream_close(&server));
    TEST_OK(stream_close(&client));
    setting_close(&setting);
}

static void listeners_and_their_streams_are_nonblocking_and_close_on_exec(void **state) {
    struct setting setting;
    struct test_stream server;
    setting_open(&setting, state);
    struct test_stream client = connect_to(&setting);
    accept_one(&setting, &server, NULL);
    expect_prepared(listener_fd(&setting.listener));
    expect_prepared(stream_fd(&client));
    expect_prepared(stream_fd(&server));
    TEST_OK(stream_close(&server));
    TEST_OK(stream_close(&client));
    setting_close(&setting);
}

static void a_descriptor_is_given_away_open_and_adopted(void **state) {
    struct setting setting;
    struct test_stream server;
    setting_open(&setting, state);
    const int fd = listener_fd(&setting.listener);
    TEST_GIVES(listener_into_fd(&setting.listener), fd);
    TEST_FAILS(listener_into_fd(&setting.listener), -EBADF);
    TEST_OK(listener_close(&setting.listener));
    TEST_OK(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK));
    TEST_OK(fcntl(fd, F_SETFD, 0));
    TEST_OK(listener_from_fd(&setting.listener, fd));
    TEST_GIVES(listener_fd(&setting.listener), fd);
    expect_prepared(fd);
    TEST_FAILS(listener_accept(&setting.listener, &server, NULL), -EAGAIN);
    TEST_OK(listener_take_error(&setting.listener));
    struct test_stream client = connect_to(&setting);
    accept_one(&setting, &server, NULL);
    TEST_FAILS(listener_accept(&setting.listener, &(struct test_stream){0}, NULL), -EAGAIN);
    TEST_OK(stream_close(&server));
    TEST_OK(stream_close(&client));
    setting_close(&setting);
}

static const struct CMUnitTest tests[] = {
    EACH_LISTENER(connections_are_accepted_until_there_is_none),
    EACH_LISTENER(both_ends_of_a_connection_know_both_addresses),
    EACH_LISTENER(listeners_and_their_streams_are_nonblocking_and_close_on_exec),
    EACH_LISTENER(a_descriptor_is_given_away_open_and_adopted),
};

TEST_GROUP(net_listeners, tests)
