/* SPDX-License-Identifier: MIT */

/*
 * What Unix datagram sockets alone have, as sources. What they share with UDP is in
 * test_datagrams.c, and that each call does what it should in tests/net.
 */

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/scratch.h"

enum { RECEIVER = 1, SENDER = 2, ROOM = 64 };

/* A loop and a pair, of which the receiver is registered to read. */
struct setting {
    struct test_loop loop;
    struct cmio_unix_datagram receiver;
    struct cmio_unix_datagram sender;
};

static void enter(struct setting *setting, struct cmio_unix_datagram *socket,
                  cmio_interest interest) {
    cmio_token token = socket == &setting->receiver ? RECEIVER : SENDER;
    assert_int_equal(
        cmio_registry_register(setting->loop.registry, &socket->source, token, interest), 0);
}

static void setting_open(struct setting *setting, cmio_interest mode) {
    test_loop_open(&setting->loop);
    assert_int_equal(cmio_unix_datagram_pair(&setting->receiver, &setting->sender), 0);
    enter(setting, &setting->receiver, CMIO_READABLE | mode);
    test_loop_expect_silence(&setting->loop);
}

static void setting_close(struct setting *setting) {
    assert_int_equal(cmio_unix_datagram_close(&setting->receiver), 0);
    assert_int_equal(cmio_unix_datagram_close(&setting->sender), 0);
    test_loop_close(&setting->loop);
}

#define send_some(setting, length)                                                                 \
    assert_int_equal(cmio_unix_datagram_send(&(setting)->sender, "0123456789", (length)), (length))
#define expect_readable(setting) test_loop_expect(&(setting)->loop, RECEIVER, CMIO_READABLE)

static ssize_t receive(struct setting *setting) {
    char buffer[ROOM];
    return cmio_unix_datagram_recv(&setting->receiver, buffer, sizeof buffer, NULL);
}

static void expect_named_exchange(const struct cmio_address *name) {
    struct test_loop loop;
    struct cmio_unix_datagram receiver;
    struct cmio_unix_datagram sender;
    struct cmio_address peer;
    char buffer[ROOM];
    test_loop_open(&loop);
    assert_int_equal(cmio_unix_datagram_bind(&receiver, name), 0);
    assert_int_equal(cmio_unix_datagram_unbound(&sender), 0);
    assert_int_equal(
        cmio_registry_register(loop.registry, &receiver.source, RECEIVER, CMIO_READABLE), 0);
    test_loop_expect_silence(&loop);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(cmio_unix_datagram_send_to(&sender, "abc", 3, name), 3);
        test_loop_expect(&loop, RECEIVER, CMIO_READABLE);
        assert_int_equal(
            cmio_unix_datagram_recv_from(&receiver, buffer, sizeof buffer, &peer, NULL), 3);
        size_t length;
        assert_non_null(cmio_address_unix_name(&peer, &length));
        assert_int_equal(length, 0);
    }
    assert_int_equal(cmio_unix_datagram_close(&receiver), 0);
    assert_int_equal(cmio_unix_datagram_close(&sender), 0);
    test_loop_close(&loop);
}

static void datagrams_to_a_path_are_events_and_received(void **state) {
    (void)state;
    struct test_scratch scratch;
    test_scratch_open(&scratch);
    const struct cmio_address name = test_scratch_address(&scratch, "socket");
    expect_named_exchange(&name);
    assert_int_equal(test_scratch_close(&scratch), 1);
}

static void datagrams_to_an_abstract_name_are_events_and_received(void **state) {
    (void)state;
    char text[64];
    struct cmio_address name;
    int length = snprintf(text, sizeof text, "cmio-backend-test-%ld", (long)getpid());
    if (cmio_address_from_abstract(text, (size_t)length, &name) == -ENOTSUP)
        skip();
    expect_named_exchange(&name);
}

/* Sends until the peer has no more room: how many went. */
static int fill(struct setting *setting, ssize_t *error) {
    int sent = 0;
    while ((*error = cmio_unix_datagram_send(&setting->sender, "abc", 3)) == 3)
        sent++;
    return sent;
}

static void a_full_peer_that_received_is_an_event(void **state) {
    (void)state;
    struct setting setting;
    ssize_t error;
    setting_open(&setting, 0);
    enter(&setting, &setting.sender, CMIO_WRITABLE);
    test_loop_expect(&setting.loop, SENDER, CMIO_WRITABLE);
    int sent = fill(&setting, &error);
    if (error == -EAGAIN) {
        for (int round = 0; round < 3; round++) {
            expect_readable(&setting);
            test_loop_forget(&setting.loop);
            test_loop_expect_none(&setting.loop, SENDER);
            for (; sent > 0; sent--)
                assert_int_equal(receive(&setting), 3);
            assert_int_equal(receive(&setting), -EAGAIN);
            test_loop_expect(&setting.loop, SENDER, CMIO_WRITABLE);
            sent = fill(&setting, &error);
            assert_true(sent > 0);
            assert_int_equal(error, -EAGAIN);
        }
    } else {
        assert_int_equal(error, -ENOBUFS); /* there is no event for it */
    }
    setting_close(&setting);
}

static void shutdown_of_reading_is_an_event(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, 0);
    assert_int_equal(cmio_unix_datagram_shutdown(&setting.receiver, CMIO_SHUTDOWN_READ), 0);
    expect_readable(&setting);
    ssize_t result = receive(&setting);
    assert_true(result == 0 || result == -EAGAIN);
    setting_close(&setting);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(datagrams_to_a_path_are_events_and_received),
    cmocka_unit_test(datagrams_to_an_abstract_name_are_events_and_received),
    cmocka_unit_test(a_full_peer_that_received_is_an_event),
    cmocka_unit_test(shutdown_of_reading_is_an_event),
};

TEST_GROUP(backend_unix_datagram, tests)
