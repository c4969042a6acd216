/* SPDX-License-Identifier: MIT */

/*
 * What UDP sockets alone have, as sources: refusals, groups, batches. What they share with other
 * datagram sockets is in test_datagrams.c, and that each call does what it should in tests/net.
 */

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"

enum { RECEIVER = 1, SENDER = 2, ROOM = 64 };

static const uint32_t closed = CMIO_READ_CLOSED | CMIO_WRITE_CLOSED;

static const char *const any_v4 = "127.0.0.1:0";

static struct cmio_address address_of(const char *text) {
    struct cmio_address address;
    assert_int_equal(cmio_address_parse(text, &address), 0);
    return address;
}

/* False where the system has no such address. */
static bool open_on(struct cmio_udp_socket *socket, const char *text, struct cmio_address *out) {
    *out = address_of(text);
    int bound = cmio_udp_socket_bind(socket, out, NULL);
    if (bound == -EAFNOSUPPORT || bound == -EADDRNOTAVAIL)
        return false;
    assert_int_equal(bound, 0);
    assert_int_equal(cmio_udp_socket_local_address(socket, out), 0);
    return true;
}

/* A loop, a socket that is registered to read, and one that sends to it and is not registered. */
struct setting {
    struct test_loop loop;
    struct cmio_udp_socket receiver;
    struct cmio_udp_socket sender;
    struct cmio_address address; /* the receiver's */
};

static void enter(struct setting *setting, struct cmio_udp_socket *socket, cmio_interest interest) {
    cmio_token token = socket == &setting->receiver ? RECEIVER : SENDER;
    assert_int_equal(
        cmio_registry_register(setting->loop.registry, &socket->source, token, interest), 0);
}

static bool setting_open_on(struct setting *setting, const char *text, cmio_interest mode) {
    struct cmio_address unused;
    if (!open_on(&setting->receiver, text, &setting->address))
        return false;
    assert_true(open_on(&setting->sender, text, &unused));
    test_loop_open(&setting->loop);
    enter(setting, &setting->receiver, CMIO_READABLE | mode);
    test_loop_expect_silence(&setting->loop);
    return true;
}

static void setting_open(struct setting *setting, cmio_interest mode) {
    assert_true(setting_open_on(setting, any_v4, mode));
}

static void setting_close(struct setting *setting) {
    assert_int_equal(cmio_udp_socket_close(&setting->receiver), 0);
    assert_int_equal(cmio_udp_socket_close(&setting->sender), 0);
    test_loop_close(&setting->loop);
}

#define send_some(setting, length)                                                                 \
    assert_int_equal(                                                                              \
        cmio_udp_socket_send_to(&(setting)->sender, "0123456789", (length), &(setting)->address),  \
        (length))
#define expect_readable(setting) test_loop_expect(&(setting)->loop, RECEIVER, CMIO_READABLE)

static ssize_t receive(struct setting *setting) {
    char buffer[ROOM];
    return cmio_udp_socket_recv(&setting->receiver, buffer, sizeof buffer, NULL);
}

/* One by one. */

/*
 * The receiver sends to a port that refuses, as its socket is connected to somebody else, and gets
 * its answer through a socket that is connected to that port.
 */
static void be_refused(struct setting *setting, struct cmio_udp_socket *holder) {
    const struct cmio_address elsewhere = address_of("127.0.0.1:9");
    struct cmio_address address;
    assert_true(open_on(holder, any_v4, &address));
    assert_int_equal(cmio_udp_socket_connect(holder, &elsewhere), 0);
    assert_int_equal(cmio_udp_socket_connect(&setting->receiver, &address), 0);
    assert_int_equal(cmio_udp_socket_send(&setting->receiver, "abc", 3), 3);
}

static void a_refusal_is_an_event_and_later_datagrams_are_too(void **state) {
    (void)state;
    static const cmio_interest modes[] = {0, CMIO_LEVEL};
    for (size_t i = 0; i < 2; i++) {
        struct setting setting;
        struct cmio_udp_socket holder;
        setting_open(&setting, modes[i]);
        be_refused(&setting, &holder);
        assert_int_equal(expect_readable(&setting) & closed, 0);
        assert_int_equal(receive(&setting), -ECONNREFUSED);
        assert_int_equal(receive(&setting), -EAGAIN);
        test_loop_forget(&setting.loop);
        test_loop_expect_silence(&setting.loop);
        assert_int_equal(cmio_udp_socket_connect(&holder, &setting.address), 0);
        for (int round = 0; round < 3; round++) {
            assert_int_equal(cmio_udp_socket_send(&holder, "abc", 3), 3);
            assert_int_equal(expect_readable(&setting), CMIO_READABLE);
            assert_int_equal(receive(&setting), 3);
            assert_int_equal(receive(&setting), -EAGAIN);
        }
        assert_int_equal(cmio_udp_socket_close(&holder), 0);
        setting_close(&setting);
    }
}

static void a_refusal_is_told_by_take_error_too(void **state) {
    (void)state;
    struct setting setting;
    struct cmio_udp_socket holder;
    setting_open(&setting, 0);
    be_refused(&setting, &holder);
    expect_readable(&setting);
    assert_int_equal(cmio_udp_socket_take_error(&setting.receiver), -ECONNREFUSED);
    assert_int_equal(cmio_udp_socket_take_error(&setting.receiver), 0);
    assert_int_equal(receive(&setting), -EAGAIN);
    assert_int_equal(cmio_udp_socket_close(&holder), 0);
    setting_close(&setting);
}

static void an_only_v6_socket_has_no_event_for_v4_and_others_have(void **state) {
    (void)state;
    bool there = false;
    for (int only = 0; only < 2; only++) {
        struct test_loop loop;
        struct cmio_udp_socket receiver;
        struct cmio_udp_socket sender;
        struct cmio_address address = address_of("[::]:0");
        struct cmio_address target;
        const struct cmio_udp_socket_options options = {
            .v6only = only ? CMIO_V6ONLY_ON : CMIO_V6ONLY_OFF,
        };
        /* OpenBSD has IPv6 sockets for IPv6 alone. */
        if (cmio_udp_socket_bind(&receiver, &address, &options) < 0)
            continue;
        there = true;
        test_loop_open(&loop);
        assert_int_equal(
            cmio_registry_register(loop.registry, &receiver.source, RECEIVER, CMIO_READABLE), 0);
        assert_int_equal(cmio_udp_socket_local_address(&receiver, &address), 0);
        assert_true(open_on(&sender, any_v4, &target));
        assert_int_equal(cmio_address_set_port(&target, cmio_address_port(&address)), 0);
        assert_int_equal(cmio_udp_socket_send_to(&sender, "abc", 3, &target), 3);
        if (only)
            test_loop_expect_silence(&loop);
        else
            test_loop_expect(&loop, RECEIVER, CMIO_READABLE);
        assert_int_equal(cmio_udp_socket_close(&sender), 0);
        assert_int_equal(cmio_udp_socket_close(&receiver), 0);
        test_loop_close(&loop);
    }
    if (!there)
        skip();
}

static void members_of_a_group_have_events_until_they_leave(void **state) {
    (void)state;
    struct setting setting;
    const struct cmio_address loopback = address_of(any_v4);
    struct cmio_address group = address_of("239.255.77.79:0");
    assert_true(setting_open_on(&setting, "0.0.0.0:0", 0));
    assert_int_equal(cmio_address_set_port(&group, cmio_address_port(&setting.address)), 0);
    const struct in_addr interface = {.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(setsockopt(cmio_udp_socket_fd(&setting.sender), IPPROTO_IP, IP_MULTICAST_IF,
                                &interface, sizeof interface),
                     0);
    int joined = cmio_udp_socket_join_multicast_v4(&setting.receiver, &group, &loopback);
    bool works = joined == 0 && cmio_udp_socket_send_to(&setting.sender, "abc", 3, &group) == 3;
    if (works) {
        expect_readable(&setting);
        assert_int_equal(receive(&setting), 3);
        assert_int_equal(receive(&setting), -EAGAIN);
        assert_int_equal(cmio_udp_socket_leave_multicast_v4(&setting.receiver, &group, &loopback),
                         0);
        (void)cmio_udp_socket_send_to(&setting.sender, "abc", 3, &group); /* may have no taker */
        test_loop_expect_silence(&setting.loop);
    }
    setting_close(&setting);
    if (!works)
        skip(); /* the loopback of this system knows no multicast */
}

/* Batches. */

enum { BATCH = 8 };

struct batch {
    struct cmio_udp_message messages[BATCH];
    char bytes[BATCH][ROOM];
};

static void batch_init(struct batch *batch, const struct cmio_address *to) {
    memset(batch, 0, sizeof *batch);
    for (size_t i = 0; i < BATCH; i++) {
        batch->messages[i].buffer = batch->bytes[i];
        batch->messages[i].size = ROOM;
        if (to != NULL)
            batch->messages[i].address = *to;
    }
}

static void send_batch(struct setting *setting, size_t count) {
    struct batch batch;
    batch_init(&batch, &setting->address);
    assert_int_equal(cmio_udp_socket_send_batch(&setting->sender, batch.messages, count), count);
}

static int receive_batch(struct setting *setting, size_t count) {
    struct batch batch;
    batch_init(&batch, NULL);
    return cmio_udp_socket_recv_batch(&setting->receiver, batch.messages, count);
}

static void a_batch_that_was_not_filled_arms_the_edge(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, 0);
    for (int round = 0; round < 4; round++) {
        send_batch(&setting, 3);
        for (int received = 0; received < 3;) {
            expect_readable(&setting);
            int count = receive_batch(&setting, BATCH);
            assert_true(count > 0);
            received += count;
        }
        /* Fewer than asked for, and so all that there was. */
        test_loop_expect_silence(&setting.loop);
    }
    assert_int_equal(receive_batch(&setting, BATCH), -EAGAIN);
    setting_close(&setting);
}

static void a_batch_that_was_filled_leaves_the_rest_and_arms_the_edge(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, 0);
    send_batch(&setting, 1);
    for (int round = 0; round < 4; round++) {
        send_batch(&setting, 2);
        expect_readable(&setting);
        int received = 0;
        TEST_EVENTUALLY((received += receive_batch(&setting, (size_t)(2 - received))) == 2);
    }
    assert_int_equal(receive_batch(&setting, BATCH), 1);
    setting_close(&setting);
}

static void a_batch_that_blocks_arms_the_edge(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, 0);
    for (int round = 0; round < 4; round++) {
        send_batch(&setting, 1);
        expect_readable(&setting);
        test_take(cmio_udp_socket_fd(&setting.receiver), ROOM);
        assert_int_equal(receive_batch(&setting, BATCH), -EAGAIN);
        test_loop_expect_silence(&setting.loop);
    }
    setting_close(&setting);
}

/* A full send buffer cannot be had over a loopback; what ends a batch before it is full can. */
static void a_batch_that_was_cut_short_arms_the_edge_of_writing(void **state) {
    (void)state;
    static char too_long[70000];
    struct setting setting;
    struct batch batch;
    setting_open(&setting, 0);
    enter(&setting, &setting.sender, CMIO_WRITABLE);
    test_loop_expect(&setting.loop, SENDER, CMIO_WRITABLE);
    batch_init(&batch, &setting.address);
    batch.messages[2].buffer = too_long;
    batch.messages[2].size = sizeof too_long;
    /* Other backends have edges of their own, and the socket has had room all the while. */
    const bool is_emulated = strcmp(cmio_poll_backend(setting.loop.poll), "poll") == 0;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(cmio_udp_socket_send_batch(&setting.sender, batch.messages, 2), 2);
        if (is_emulated)
            test_loop_expect_none(&setting.loop, SENDER);
        assert_int_equal(cmio_udp_socket_send_batch(&setting.sender, batch.messages, 3), 2);
        if (is_emulated)
            test_loop_expect(&setting.loop, SENDER, CMIO_WRITABLE);
    }
    assert_int_equal(cmio_udp_socket_send_batch(&setting.sender, batch.messages + 2, 1), -EMSGSIZE);
    setting_close(&setting);
}

/* By 1, 3, 5, ... until all that was sent in this round is there. */
static void receive_by_batches(struct setting *setting, int wanted, uint32_t *next) {
    for (int received = 0; received < wanted;) {
        struct batch batch;
        batch_init(&batch, NULL);
        const size_t size = 1 + (size_t)(*next * 2 % BATCH);
        int count = cmio_udp_socket_recv_batch(&setting->receiver, batch.messages, size);
        if (count == -EAGAIN) {
            expect_readable(setting);
            continue;
        }
        assert_true(count > 0);
        for (int i = 0; i < count; i++) {
            uint32_t number;
            memcpy(&number, batch.bytes[i], sizeof number);
            assert_int_equal(batch.messages[i].length, sizeof number);
            assert_int_equal(number, (*next)++);
        }
        received += count;
        if (received < wanted && (size_t)count < size)
            expect_readable(setting); /* which must come: the rest is on its way */
    }
}

static void thousands_of_datagrams_go_through_with_edges(void **state) {
    (void)state;
    struct setting setting;
    uint32_t sent = 0;
    uint32_t next = 0;
    setting_open(&setting, 0);
    for (int round = 0; round < test_scale(1000); round++) {
        const size_t size = 1 + sent % BATCH;
        struct batch batch;
        batch_init(&batch, &setting.address);
        for (size_t i = 0; i < size; i++, sent++) {
            memcpy(batch.bytes[i], &sent, sizeof sent);
            batch.messages[i].size = sizeof sent;
        }
        assert_int_equal(cmio_udp_socket_send_batch(&setting.sender, batch.messages, size), size);
        expect_readable(&setting);
        receive_by_batches(&setting, (int)size, &next);
    }
    setting_close(&setting);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_refusal_is_an_event_and_later_datagrams_are_too),
    cmocka_unit_test(a_refusal_is_told_by_take_error_too),
    cmocka_unit_test(an_only_v6_socket_has_no_event_for_v4_and_others_have),
    cmocka_unit_test(members_of_a_group_have_events_until_they_leave),
    cmocka_unit_test(a_batch_that_was_not_filled_arms_the_edge),
    cmocka_unit_test(a_batch_that_was_filled_leaves_the_rest_and_arms_the_edge),
    cmocka_unit_test(a_batch_that_blocks_arms_the_edge),
    cmocka_unit_test(a_batch_that_was_cut_short_arms_the_edge_of_writing),
    cmocka_unit_test(thousands_of_datagrams_go_through_with_edges),
};

TEST_GROUP(backend_udp, tests)
