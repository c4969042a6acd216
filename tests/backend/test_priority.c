/* SPDX-License-Identifier: MIT */

/*
 * Out-of-band bytes of TCP: CMIO_PRIORITY in each mode, on backends that can watch for it. The byte
 * is taken with recv(2) and MSG_OOB, behind cmio's back, so an edge is armed by hand.
 */

#include <errno.h>
#include <sys/socket.h>

#include <cmio/cmio.h>

#include "backend/expectations.h"
#include "support/loop.h"
#include "support/pair.h"

enum { TOKEN = 1 };

struct setting {
    struct test_loop loop;
    struct cmio_tcp_stream stream;
    int peer;
};

static void setting_open(struct setting *setting) {
    int fds[2];
    test_loop_open(&setting->loop);
    test_pair_open(TEST_TCP, fds);
    assert_int_equal(cmio_tcp_stream_from_fd(&setting->stream, fds[0]), 0);
    setting->peer = fds[1];
}

static void setting_close(struct setting *setting) {
    assert_int_equal(cmio_tcp_stream_close(&setting->stream), 0);
    test_close(setting->peer);
    test_loop_close(&setting->loop);
}

/* Registers the stream; the test ends as skipped where the backend cannot watch for it. */
static void enter(struct setting *setting, cmio_interest interest) {
    const int error = cmio_registry_register(setting->loop.registry, &setting->stream.source, TOKEN,
                                             CMIO_PRIORITY | interest);
    if (!expected_in(setting->loop.poll, SCENE_TCP_OUT_OF_BAND)->impossible) {
        assert_int_equal(error, 0);
        return;
    }
    assert_int_equal(error, -ENOTSUP);
    setting_close(setting);
    skip();
}

static void send_urgent(struct setting *setting, char byte) {
    assert_int_equal(send(setting->peer, &byte, 1, MSG_OOB), 1);
}

static bool takes_urgent(struct setting *setting, char expected) {
    char byte = 0;
    return recv(cmio_tcp_stream_fd(&setting->stream), &byte, 1, MSG_OOB) == 1 && byte == expected;
}

/* Where a byte is not forgotten, the event may have been of the one before. */
static void take_urgent(struct setting *setting, char expected) {
    if (!expected_lasting_priority(setting->loop.poll)) {
        assert_true(takes_urgent(setting, expected));
        return;
    }
    TEST_EVENTUALLY(takes_urgent(setting, expected));
}

static void expect_priority(struct setting *setting) {
    const uint32_t came = test_loop_expect(&setting->loop, TOKEN, CMIO_PRIORITY);
    assert_false(came & (CMIO_ERROR | CMIO_READ_CLOSED | CMIO_WRITE_CLOSED));
}

/* No event follows, where the system forgets the byte with the call that takes it. */
static void expect_forgotten(struct setting *setting) {
    if (!expected_lasting_priority(setting->loop.poll))
        test_loop_expect_silence(&setting->loop);
    test_loop_forget(&setting->loop);
}

/* Ordinary readiness alone, but for a byte that is not forgotten. */
static void expect_ordinary(struct setting *setting) {
    uint32_t came = test_loop_expect(&setting->loop, TOKEN, CMIO_READABLE);
    if (expected_lasting_priority(setting->loop.poll))
        came &= ~(uint32_t)CMIO_PRIORITY;
    assert_int_equal(came, CMIO_READABLE);
}

static void each_urgent_byte_is_an_edge_once_the_one_before_was_taken(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, 0);
    test_loop_expect_silence(&setting.loop);
    for (char byte = 'a'; byte < 'e'; byte++) {
        send_urgent(&setting, byte);
        expect_priority(&setting);
        take_urgent(&setting, byte);
        assert_int_equal(cmio_source_rearm(&setting.stream.source, CMIO_PRIORITY), 0);
        expect_forgotten(&setting);
    }
    setting_close(&setting);
}

static void an_urgent_byte_that_comes_before_the_rearm_is_not_missed(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, 0);
    send_urgent(&setting, 'a');
    expect_priority(&setting);
    take_urgent(&setting, 'a');
    send_urgent(&setting, 'b');
    assert_int_equal(cmio_source_rearm(&setting.stream.source, CMIO_PRIORITY), 0);
    expect_priority(&setting);
    take_urgent(&setting, 'b');
    setting_close(&setting);
}

static void urgent_and_ordinary_bytes_are_told_apart(void **state) {
    (void)state;
    struct setting setting;
    char buffer[8];
    setting_open(&setting);
    enter(&setting, CMIO_READABLE);
    for (int round = 0; round < 3; round++) {
        test_put(setting.peer, 3);
        expect_ordinary(&setting);
        assert_int_equal(cmio_tcp_stream_read(&setting.stream, buffer, sizeof buffer), 3);
        send_urgent(&setting, '!');
        expect_priority(&setting);
        take_urgent(&setting, '!');
        assert_int_equal(cmio_source_rearm(&setting.stream.source, CMIO_PRIORITY), 0);
        assert_int_equal(cmio_tcp_stream_read(&setting.stream, buffer, sizeof buffer), -EAGAIN);
        expect_forgotten(&setting);
    }
    setting_close(&setting);
}

/* What is taken through the source itself needs no rearm: it is a call that reads. */
static void a_foreign_source_that_takes_the_byte_is_armed_by_it(void **state) {
    (void)state;
    struct setting setting;
    struct cmio_fd_source source;
    char byte;
    setting_open(&setting);
    enter(&setting, 0);
    assert_int_equal(cmio_registry_deregister(setting.loop.registry, &setting.stream.source), 0);
    const int fd = cmio_tcp_stream_fd(&setting.stream);
    assert_int_equal(cmio_fd_source_init(&source, fd), 0);
    assert_int_equal(
        cmio_registry_register(setting.loop.registry, &source.source, TOKEN, CMIO_PRIORITY), 0);
    for (int round = 0; round < 3; round++) {
        send_urgent(&setting, '!');
        expect_priority(&setting);
        TEST_EVENTUALLY(
            cmio_fd_source_note_io(&source, CMIO_READABLE, recv(fd, &byte, 1, MSG_OOB), 1) == 1);
    }
    assert_int_equal(cmio_fd_source_close(&source), 0);
    setting_close(&setting);
}

static void a_level_comes_with_every_wait_until_the_byte_was_taken(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, CMIO_LEVEL);
    for (int round = 0; round < 2; round++) {
        send_urgent(&setting, '!');
        for (int i = 0; i < 3; i++)
            expect_priority(&setting);
        take_urgent(&setting, '!');
        expect_forgotten(&setting);
    }
    setting_close(&setting);
}

static void a_oneshot_comes_once_until_reregistered(void **state) {
    (void)state;
    struct setting setting;
    const cmio_interest interest = CMIO_PRIORITY | CMIO_ONESHOT;
    setting_open(&setting);
    enter(&setting, CMIO_ONESHOT);
    send_urgent(&setting, 'a');
    expect_priority(&setting);
    test_loop_expect_silence(&setting.loop);
    assert_int_equal(
        cmio_registry_reregister(setting.loop.registry, &setting.stream.source, TOKEN, interest),
        0);
    expect_priority(&setting); /* it is still there */
    take_urgent(&setting, 'a');
    send_urgent(&setting, 'b');
    test_loop_expect_silence(&setting.loop);
    assert_int_equal(
        cmio_registry_reregister(setting.loop.registry, &setting.stream.source, TOKEN, interest),
        0);
    expect_priority(&setting);
    setting_close(&setting);
}

/* On the backends that cannot: not dropped, and what was registered stays so. */
static void a_refused_reregister_for_priority_changes_nothing(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(
        cmio_registry_register(setting.loop.registry, &setting.stream.source, TOKEN, CMIO_READABLE),
        0);
    const int error = cmio_registry_reregister(setting.loop.registry, &setting.stream.source, TOKEN,
                                               CMIO_READABLE | CMIO_PRIORITY);
    const bool impossible = expected_in(setting.loop.poll, SCENE_TCP_OUT_OF_BAND)->impossible;
    assert_int_equal(error, impossible ? -ENOTSUP : 0);
    assert_true(cmio_source_is_registered(&setting.stream.source));
    test_put(setting.peer, 1);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    setting_close(&setting);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_urgent_byte_is_an_edge_once_the_one_before_was_taken),
    cmocka_unit_test(an_urgent_byte_that_comes_before_the_rearm_is_not_missed),
    cmocka_unit_test(urgent_and_ordinary_bytes_are_told_apart),
    cmocka_unit_test(a_foreign_source_that_takes_the_byte_is_armed_by_it),
    cmocka_unit_test(a_level_comes_with_every_wait_until_the_byte_was_taken),
    cmocka_unit_test(a_oneshot_comes_once_until_reregistered),
    cmocka_unit_test(a_refused_reregister_for_priority_changes_nothing),
};

TEST_GROUP(backend_priority, tests)
