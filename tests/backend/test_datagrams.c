/* SPDX-License-Identifier: MIT */

/*
 * Datagram sockets of every kind as sources: what their calls do to the events that follow. Each
 * test is a row for each kind that it makes sense for. What one kind alone has is in test_udp.c and
 * test_unix_datagram.c, and that each call does what it should in tests/net.
 */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/datagrams.h"
#include "support/loop.h"
#include "support/pair.h"

enum { RECEIVER = 1, SENDER = 2, ROOM = 64 };

static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};

#define EACH_MODE(mode)                                                                            \
    for (const cmio_interest *mode = modes; mode < modes + sizeof modes / sizeof *modes; mode++)

/* A loop and two sockets, of which the receiver is registered to read. */
struct setting {
    const struct test_datagram_kind *kind;
    struct test_scratch scratch;
    struct test_loop loop;
    struct test_datagram sockets[2];
    struct test_datagram *receiver;
    struct test_datagram *sender;
    struct cmio_address address; /* the receiver's */
};

static void enter(struct setting *setting, struct test_datagram *socket, cmio_interest interest) {
    const cmio_token token = socket == setting->receiver ? RECEIVER : SENDER;
    TEST_OK(cmio_registry_register(setting->loop.registry, &socket->source, token, interest));
}

static void enter_again(struct setting *setting, cmio_interest interest) {
    TEST_OK(cmio_registry_reregister(setting->loop.registry, &setting->receiver->source, RECEIVER,
                                     interest));
}

static void setting_open(struct setting *setting, void *const *state, cmio_interest mode) {
    setting->kind = *state;
    setting->receiver = &setting->sockets[0];
    setting->sender = &setting->sockets[1];
    test_scratch_open(&setting->scratch);
    if (!test_datagram_open(setting->kind, &setting->scratch, setting->sockets)) {
        (void)test_scratch_close(&setting->scratch);
        skip();
    }
    TEST_OK(datagram_local_address(setting->receiver, &setting->address));
    test_loop_open(&setting->loop);
    enter(setting, setting->receiver, CMIO_READABLE | mode);
    test_loop_expect_silence(&setting->loop);
}

static void setting_close(struct setting *setting) {
    TEST_OK(datagram_close(setting->receiver));
    TEST_OK(datagram_close(setting->sender));
    test_loop_close(&setting->loop);
    (void)test_scratch_close(&setting->scratch);
}

#define expect_readable(setting) test_loop_expect(&(setting)->loop, RECEIVER, CMIO_READABLE)

static ssize_t send_from(const struct setting *setting, struct test_datagram *socket,
                         const struct cmio_address *to, size_t length) {
    static const char bytes[] = "0123456789";
    if (test_datagram_is_pair(setting->kind))
        return datagram_send(socket, bytes, length);
    return datagram_send_to(socket, bytes, length, to);
}

#define send_some(setting, length)                                                                 \
    TEST_GIVES(send_from((setting), (setting)->sender, &(setting)->address, (length)), (length))

static ssize_t receive(struct setting *setting) {
    char buffer[ROOM];
    return datagram_recv(setting->receiver, buffer, sizeof buffer, NULL);
}

/* As a program does that answers: only a pair knows without an address whom to. */
static void answer(struct setting *setting) {
    struct cmio_address peer;
    char buffer[ROOM];
    if (test_datagram_is_pair(setting->kind))
        TEST_GIVES(datagram_recv(setting->receiver, buffer, sizeof buffer, NULL), 5);
    else
        TEST_GIVES(datagram_recv_from(setting->receiver, buffer, sizeof buffer, &peer, NULL), 5);
    assert_memory_equal(buffer, "01234", 5);
    TEST_FAILS(receive(setting), -EAGAIN);
    TEST_GIVES(send_from(setting, setting->receiver, &peer, 3), 3);
}

static void datagrams_are_events_and_received(void **state) {
    struct setting setting;
    char buffer[ROOM];
    setting_open(&setting, state, 0);
    enter(&setting, setting.sender, CMIO_READABLE | CMIO_WRITABLE);
    assert_int_equal(test_loop_expect(&setting.loop, SENDER, CMIO_WRITABLE), CMIO_WRITABLE);
    for (int round = 0; round < 3; round++) {
        send_some(&setting, 5);
        assert_int_equal(expect_readable(&setting), CMIO_READABLE);
        answer(&setting);
        test_loop_expect(&setting.loop, SENDER, CMIO_READABLE);
        TEST_GIVES(datagram_recv(setting.sender, buffer, sizeof buffer, NULL), 3);
        assert_memory_equal(buffer, "012", 3);
        TEST_FAILS(datagram_recv(setting.sender, buffer, sizeof buffer, NULL), -EAGAIN);
        test_loop_expect_none(&setting.loop, RECEIVER);
    }
    setting_close(&setting);
}

static void a_datagram_after_one_was_received_makes_an_event(void **state) {
    struct setting setting;
    setting_open(&setting, state, 0);
    send_some(&setting, 1);
    for (int round = 0; round < 4; round++) {
        send_some(&setting, 1);
        expect_readable(&setting);
        /* One is left behind, and nothing has said that it would block. */
        TEST_GIVES(receive(&setting), 1);
    }
    setting_close(&setting);
}

static void an_empty_datagram_is_an_event_and_arms_the_edge(void **state) {
    struct setting setting;
    setting_open(&setting, state, 0);
    for (int round = 0; round < 4; round++) {
        send_some(&setting, 0);
        expect_readable(&setting);
        TEST_GIVES(receive(&setting), 0);
    }
    test_loop_expect_silence(&setting.loop);
    TEST_FAILS(receive(&setting), -EAGAIN);
    setting_close(&setting);
}

static void a_datagram_that_did_not_fit_arms_the_edge(void **state) {
    struct setting setting;
    char buffer[4];
    bool truncated;
    setting_open(&setting, state, 0);
    for (int round = 0; round < 4; round++) {
        send_some(&setting, 9);
        expect_readable(&setting);
        if (round % 2 == 0)
            TEST_GIVES(datagram_recv(setting.receiver, buffer, 4, NULL), 4);
        else
            TEST_GIVES(datagram_recv(setting.receiver, buffer, 4, &truncated), 4);
    }
    test_loop_expect_silence(&setting.loop);
    TEST_FAILS(receive(&setting), -EAGAIN);
    setting_close(&setting);
}

static void a_peek_that_succeeds_consumes_nothing(void **state) {
    struct setting setting;
    struct cmio_address peer;
    char buffer[ROOM];
    setting_open(&setting, state, 0);
    send_some(&setting, 3);
    expect_readable(&setting);
    for (int i = 0; i < 3; i++) {
        TEST_GIVES(datagram_peek(setting.receiver, buffer, sizeof buffer, NULL), 3);
        TEST_GIVES(datagram_peek_from(setting.receiver, buffer, sizeof buffer, &peer, NULL), 3);
        TEST_GIVES(datagram_peek(setting.receiver, buffer, 1, NULL), 1);
        (void)test_loop_expect_no_spin(&setting.loop);
    }
    enter_again(&setting, CMIO_READABLE);
    expect_readable(&setting);
    TEST_GIVES(receive(&setting), 3);
    TEST_FAILS(receive(&setting), -EAGAIN);
    setting_close(&setting);
}

static void a_peek_that_blocks_arms_the_edge(void **state) {
    struct setting setting;
    char buffer[ROOM];
    setting_open(&setting, state, 0);
    for (int round = 0; round < 4; round++) {
        send_some(&setting, 3);
        expect_readable(&setting);
        /* Behind cmio's back, so that only the peek can have armed it. */
        test_take(datagram_fd(setting.receiver), 3);
        TEST_FAILS(datagram_peek(setting.receiver, buffer, sizeof buffer, NULL), -EAGAIN);
        test_loop_expect_silence(&setting.loop);
    }
    setting_close(&setting);
}

static void a_level_socket_is_reported_until_all_was_received(void **state) {
    struct setting setting;
    setting_open(&setting, state, CMIO_LEVEL);
    for (int i = 0; i < 2; i++)
        send_some(&setting, 3);
    for (int i = 0; i < 2; i++) {
        for (int wait = 0; wait < 3; wait++)
            expect_readable(&setting);
        TEST_GIVES(receive(&setting), 3);
    }
    test_loop_forget(&setting.loop);
    test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

static void a_oneshot_socket_is_reported_once_a_register(void **state) {
    struct setting setting;
    setting_open(&setting, state, CMIO_ONESHOT);
    for (int round = 0; round < 3; round++) {
        send_some(&setting, 3);
        expect_readable(&setting);
        send_some(&setting, 3);
        test_loop_expect_silence(&setting.loop);
        enter_again(&setting, CMIO_READABLE | CMIO_ONESHOT);
        expect_readable(&setting);
        while (receive(&setting) == 3)
            continue;
        enter_again(&setting, CMIO_READABLE | CMIO_ONESHOT);
        test_loop_expect_silence(&setting.loop);
    }
    setting_close(&setting);
}

/* Registrations and their ends. */

static void a_socket_that_is_reregistered_reports_what_it_holds(void **state) {
    struct setting setting;
    setting_open(&setting, state, 0);
    send_some(&setting, 3);
    expect_readable(&setting);
    for (int round = 0; round < 3; round++) {
        enter_again(&setting, CMIO_READABLE);
        expect_readable(&setting);
    }
    TEST_GIVES(receive(&setting), 3);
    TEST_FAILS(receive(&setting), -EAGAIN);
    enter_again(&setting, CMIO_WRITABLE);
    assert_int_equal(test_loop_expect(&setting.loop, RECEIVER, CMIO_WRITABLE), CMIO_WRITABLE);
    TEST_OK(cmio_registry_deregister(setting.loop.registry, &setting.receiver->source));
    send_some(&setting, 3);
    test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

static void close_deregisters_though_a_dup_keeps_the_socket_alive(void **state) {
    EACH_MODE(mode) {
        struct setting setting;
        setting_open(&setting, state, *mode);
        const int copy = dup(datagram_fd(setting.receiver));
        assert_true(copy >= 0);
        send_some(&setting, 3);
        TEST_OK(datagram_close(setting.receiver));
        test_loop_expect_silence(&setting.loop);
        send_some(&setting, 3);
        test_loop_expect_silence(&setting.loop);
        test_close(copy);
        setting_close(&setting);
    }
}

static void into_fd_deregisters_and_what_is_adopted_works(void **state) {
    struct setting setting;
    setting_open(&setting, state, CMIO_LEVEL);
    const int fd = datagram_into_fd(setting.receiver);
    assert_true(fd >= 0);
    TEST_FAILS(datagram_into_fd(setting.receiver), -EBADF);
    send_some(&setting, 3);
    test_loop_expect_silence(&setting.loop);
    TEST_OK(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK));
    TEST_OK(fcntl(fd, F_SETFD, 0));
    TEST_OK(datagram_from_fd(setting.receiver, fd));
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    enter(&setting, setting.receiver, CMIO_READABLE);
    expect_readable(&setting);
    TEST_GIVES(receive(&setting), 3);
    TEST_FAILS(receive(&setting), -EAGAIN);
    setting_close(&setting);
}

/* Who may send. On a Unix socket the system refuses strangers already when they send. */

static void a_connected_socket_has_no_event_for_strangers(void **state) {
    struct setting setting;
    struct test_datagram others[2];
    struct cmio_address address;
    setting_open(&setting, state, 0);
    assert_true(test_datagram_open(setting.kind, &setting.scratch, others));
    struct test_datagram *friend = &others[0];
    TEST_OK(datagram_local_address(friend, &address));
    TEST_OK(datagram_connect(setting.receiver, &address));
    send_some(&setting, 3);
    test_loop_expect_silence(&setting.loop);
    TEST_FAILS(receive(&setting), -EAGAIN);
    TEST_GIVES(datagram_send_to(friend, "abc", 3, &setting.address), 3);
    expect_readable(&setting);
    TEST_GIVES(receive(&setting), 3);
    TEST_OK(datagram_close(&others[0]));
    TEST_OK(datagram_close(&others[1]));
    setting_close(&setting);
}

static const struct CMUnitTest tests[] = {
    EACH_DATAGRAM(datagrams_are_events_and_received),
    EACH_DATAGRAM(a_datagram_after_one_was_received_makes_an_event),
    EACH_DATAGRAM(an_empty_datagram_is_an_event_and_arms_the_edge),
    EACH_DATAGRAM(a_datagram_that_did_not_fit_arms_the_edge),
    EACH_DATAGRAM(a_peek_that_succeeds_consumes_nothing),
    EACH_DATAGRAM(a_peek_that_blocks_arms_the_edge),
    EACH_DATAGRAM(a_level_socket_is_reported_until_all_was_received),
    EACH_DATAGRAM(a_oneshot_socket_is_reported_once_a_register),
    EACH_DATAGRAM(a_socket_that_is_reregistered_reports_what_it_holds),
    EACH_DATAGRAM(close_deregisters_though_a_dup_keeps_the_socket_alive),
    EACH_DATAGRAM(into_fd_deregisters_and_what_is_adopted_works),
    EACH_UDP(a_connected_socket_has_no_event_for_strangers),
};

TEST_GROUP(backend_datagrams, tests)
