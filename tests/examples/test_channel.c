/* SPDX-License-Identifier: MIT */

/*
 * The channel of examples/framed: its messages, and how it behaves as a source that is made of
 * others. The other end is a plain descriptor.
 */

#include "framed/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/loop.h"
#include "support/pair.h"

enum { TOKEN = 1, OTHER = 2, HEAD = CHANNEL_HEAD_SIZE, LONGEST = CHANNEL_MESSAGE_MAX };

struct setting {
    struct test_loop loop;
    struct cmio_timers *timers;
    struct channel channel;
    int peer;
};

static void setting_open(struct setting *setting, int64_t idle_timeout) {
    int fds[2];
    struct cmio_tcp_stream stream;
    memset(setting, 0, sizeof *setting);
    test_loop_open(&setting->loop);
    assert_int_equal(cmio_timers_new(&setting->timers), 0);
    test_pair_open(TEST_TCP, fds);
    assert_int_equal(cmio_tcp_stream_from_fd(&stream, fds[0]), 0);
    channel_init(&setting->channel, &stream, setting->timers, idle_timeout);
    setting->peer = fds[1];
}

static void setting_close(struct setting *setting) {
    assert_int_equal(channel_close(&setting->channel), 0);
    assert_false(cmio_timer_is_set(&setting->channel.timer));
    assert_int_equal(channel_close(&setting->channel), 0);
    if (setting->peer >= 0)
        test_close(setting->peer);
    cmio_timers_free(setting->timers);
    test_loop_close(&setting->loop);
}

static int enter(struct setting *setting) {
    return cmio_registry_register(setting->loop.registry, &setting->channel.source, TOKEN,
                                  CMIO_READABLE | CMIO_WRITABLE);
}

/* ---- Messages ---- */

/* Frames a message of so many bytes, all of the given value; returns the frame's length. */
static size_t frame(unsigned char *out, size_t length, int value) {
    for (int i = 0; i < HEAD; i++)
        out[i] = (unsigned char)(length >> (24 - 8 * i));
    memset(out + HEAD, value, length);
    return HEAD + length;
}

static void peer_writes(const struct setting *setting, const void *bytes, size_t length) {
    assert_int_equal(write(setting->peer, bytes, length), length);
}

/* What receive says once there is something to say. */
static int receive(struct setting *setting, const void **message, size_t *length) {
    int result = -EAGAIN;
    TEST_EVENTUALLY((result = channel_receive(&setting->channel, message, length)) != -EAGAIN);
    return result;
}

static void expect_message(struct setting *setting, size_t length, int value) {
    const void *message = NULL;
    size_t received = 0;
    assert_int_equal(receive(setting, &message, &received), 1);
    assert_int_equal(received, length);
    for (size_t i = 0; i < length; i++)
        assert_int_equal(((const unsigned char *)message)[i], value);
}

static void expect_result(struct setting *setting, int result) {
    const void *message = setting;
    size_t length = 77;
    assert_int_equal(receive(setting, &message, &length), result);
    assert_ptr_equal(message, setting);
    assert_int_equal(length, 77);
}

static void expect_nothing_yet(struct setting *setting) {
    const void *message;
    size_t length;
    assert_int_equal(channel_receive(&setting->channel, &message, &length), -EAGAIN);
}

static void a_frame_may_be_cut_at_each_byte(void **state) {
    (void)state;
    struct setting setting;
    unsigned char bytes[64];
    setting_open(&setting, CMIO_FOREVER);
    size_t length = frame(bytes, 5, 'a');
    length += frame(bytes + length, 0, 0);
    length += frame(bytes + length, 9, 'b');
    for (size_t at = 0; at <= length; at++) {
        peer_writes(&setting, bytes, at);
        if (at < HEAD + 5)
            expect_nothing_yet(&setting);
        peer_writes(&setting, bytes + at, length - at);
        expect_message(&setting, 5, 'a');
        expect_message(&setting, 0, 0);
        expect_message(&setting, 9, 'b');
        expect_nothing_yet(&setting);
    }
    setting_close(&setting);
}

static void a_frame_may_come_byte_by_byte(void **state) {
    (void)state;
    struct setting setting;
    unsigned char bytes[HEAD + 300];
    setting_open(&setting, CMIO_FOREVER);
    size_t length = frame(bytes, 300, 'x');
    for (size_t at = 0; at < length; at++) {
        expect_nothing_yet(&setting);
        peer_writes(&setting, bytes + at, 1);
    }
    expect_message(&setting, 300, 'x');
    setting_close(&setting);
}

static void many_frames_may_come_in_one_read(void **state) {
    (void)state;
    struct setting setting;
    unsigned char bytes[100 * (HEAD + 100)];
    size_t length = 0;
    setting_open(&setting, CMIO_FOREVER);
    for (int i = 0; i < 100; i++)
        length += frame(bytes + length, (size_t)i, i);
    peer_writes(&setting, bytes, length);
    for (int i = 0; i < 100; i++)
        expect_message(&setting, (size_t)i, i);
    expect_nothing_yet(&setting);
    setting_close(&setting);
}

static void the_longest_message_fits_and_one_byte_more_is_emsgsize(void **state) {
    (void)state;
    struct setting setting;
    static unsigned char bytes[HEAD + LONGEST];
    setting_open(&setting, CMIO_FOREVER);
    for (int i = 0; i < 3; i++) {
        peer_writes(&setting, bytes, frame(bytes, LONGEST, i));
        expect_message(&setting, LONGEST, i);
    }
    peer_writes(&setting, bytes, frame(bytes, 1, 'y'));
    peer_writes(&setting, (const unsigned char[]){0, 0, LONGEST >> 8, 1}, HEAD);
    expect_message(&setting, 1, 'y');
    expect_result(&setting, -EMSGSIZE);
    expect_result(&setting, -EMSGSIZE);
    setting_close(&setting);
}

static void a_length_beyond_all_reason_is_emsgsize_before_the_message_comes(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, CMIO_FOREVER);
    peer_writes(&setting, "\xff\xff\xff\xff", HEAD);
    expect_result(&setting, -EMSGSIZE);
    setting_close(&setting);
}

static void the_end_is_0_between_messages_and_eproto_inside_of_one(void **state) {
    (void)state;
    for (size_t missing = 0; missing < HEAD + 3; missing++) {
        struct setting setting;
        unsigned char bytes[2 * (HEAD + 3)];
        setting_open(&setting, CMIO_FOREVER);
        size_t length = frame(bytes, 3, 'a');
        length += frame(bytes + length, 3, 'b');
        peer_writes(&setting, bytes, length - missing);
        assert_int_equal(shutdown(setting.peer, SHUT_WR), 0);
        expect_message(&setting, 3, 'a');
        if (missing == 0)
            expect_message(&setting, 3, 'b');
        expect_result(&setting, missing == 0 ? 0 : -EPROTO);
        expect_result(&setting, missing == 0 ? 0 : -EPROTO);
        setting_close(&setting);
    }
}

static void the_errors_of_the_connection_are_passed_on(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, CMIO_FOREVER);
    test_set_reset_on_close(setting.peer);
    test_close(setting.peer);
    setting.peer = -1;
    expect_result(&setting, -ECONNRESET);
    assert_int_equal(channel_send(&setting.channel, "x", 1), 0);
    assert_int_equal(channel_flush(&setting.channel), -EPIPE);
    setting_close(&setting);
}

static void a_message_is_taken_whole_or_not_at_all(void **state) {
    (void)state;
    struct setting setting;
    static unsigned char message[LONGEST + 1];
    setting_open(&setting, CMIO_FOREVER);
    assert_int_equal(channel_send(&setting.channel, message, LONGEST + 1), -EMSGSIZE);
    assert_int_equal(channel_flush(&setting.channel), 0);
    assert_int_equal(recv(setting.peer, message, 1, 0), -1);
    assert_int_equal(channel_send(&setting.channel, NULL, 0), 0);
    assert_int_equal(channel_send(&setting.channel, "abc", 3), 0);
    assert_int_equal(channel_flush(&setting.channel), 0);
    unsigned char received[2 * HEAD + 3];
    size_t length = 0;
    while (length < sizeof received) {
        ssize_t n = recv(setting.peer, received + length, sizeof received - length, 0);
        assert_true(n > 0 || (n < 0 && errno == EAGAIN));
        length += n > 0 ? (size_t)n : 0;
    }
    assert_memory_equal(received, "\0\0\0\0\0\0\0\3abc", sizeof received);
    setting_close(&setting);
}

/* Takes what is there of the frames of message number 0, 1, ...: each has its number for bytes. */
static void peer_checks(const struct setting *setting, size_t length, size_t *position) {
    unsigned char bytes[4096];
    ssize_t n;
    while ((n = recv(setting->peer, bytes, sizeof bytes, 0)) > 0)
        for (ssize_t i = 0; i < n; i++, ++*position) {
            size_t within = *position % (HEAD + length);
            size_t number = *position / (HEAD + length);
            size_t head = within < HEAD ? length >> (24 - 8 * within) : number;
            assert_int_equal(bytes[i], head & 0xff);
        }
    assert_true(n < 0 && errno == EAGAIN);
}

static void nothing_is_lost_or_sent_twice_when_there_is_no_room(void **state) {
    (void)state;
    struct setting setting;
    static unsigned char message[LONGEST];
    const size_t length = 5000;
    size_t sent = 0;
    size_t position = 0;
    setting_open(&setting, CMIO_FOREVER);
    assert_int_equal(enter(&setting), 0);
    for (int refusals = 0; refusals < 5; sent++) {
        memset(message, (int)(sent & 0xff), length);
        int result;
        while ((result = channel_send(&setting.channel, message, length)) == -EAGAIN) {
            refusals++;
            result = channel_flush(&setting.channel);
            if (result == 0) /* bytes were on their way, and there is room after all */
                continue;
            assert_int_equal(result, -EAGAIN);
            test_loop_forget(&setting.loop);
            peer_checks(&setting, length, &position);
            test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
        }
        assert_int_equal(result, 0);
    }
    while (position < sent * (HEAD + length)) {
        int result = channel_flush(&setting.channel);
        assert_true(result == 0 || result == -EAGAIN);
        peer_checks(&setting, length, &position);
    }
    assert_int_equal(position, sent * (HEAD + length));
    setting_close(&setting);
}

/* ---- Time ---- */

/* Waits for the timer, which must come with the token. */
static void expect_timer(struct setting *setting, cmio_token token) {
    struct cmio_timer *timer = NULL;
    TEST_EVENTUALLY((timer = cmio_timers_pop(setting->timers, cmio_now())) != NULL);
    assert_int_equal(timer->token, token);
}

static void an_idle_channel_is_etimedout_when_its_timer_comes(void **state) {
    (void)state;
    struct setting setting;
    const int64_t begin = cmio_now();
    setting_open(&setting, 50 * CMIO_MILLISECOND);
    assert_int_equal(enter(&setting), 0);
    expect_timer(&setting, TOKEN);
    assert_true(cmio_now() >= begin + 50 * CMIO_MILLISECOND);
    expect_result(&setting, -ETIMEDOUT);
    setting_close(&setting);
}

static void what_arrived_is_received_though_it_is_late(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, CMIO_MILLISECOND);
    assert_int_equal(enter(&setting), 0);
    peer_writes(&setting, "\0\0\0\1x", HEAD + 1);
    expect_timer(&setting, TOKEN);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    expect_message(&setting, 1, 'x');
    expect_timer(&setting, TOKEN);
    expect_result(&setting, -ETIMEDOUT);
    setting_close(&setting);
}

static void what_moves_in_either_direction_moves_the_deadline(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, CMIO_SECOND * 3600);
    assert_int_equal(enter(&setting), 0);
    int64_t first = cmio_timer_deadline(&setting.channel.timer);
    peer_writes(&setting, "\0\0\0\1x", HEAD + 1);
    expect_message(&setting, 1, 'x');
    int64_t second = cmio_timer_deadline(&setting.channel.timer);
    assert_true(second > first);
    assert_int_equal(channel_send(&setting.channel, "x", 1), 0);
    assert_int_equal(cmio_timer_deadline(&setting.channel.timer), second);
    assert_int_equal(channel_flush(&setting.channel), 0);
    assert_true(cmio_timer_deadline(&setting.channel.timer) > second);
    setting_close(&setting);
}

static void a_stuck_writer_is_etimedout(void **state) {
    (void)state;
    struct setting setting;
    static unsigned char message[LONGEST];
    setting_open(&setting, 20 * CMIO_MILLISECOND);
    assert_int_equal(enter(&setting), 0);
    int result = 0;
    while (result == 0)
        result = channel_send(&setting.channel, message, sizeof message);
    assert_true(result == -EAGAIN || result == -ETIMEDOUT);
    /* The kernel may take some more bytes yet, which moves the deadline. */
    TEST_EVENTUALLY(channel_send(&setting.channel, message, sizeof message) == -ETIMEDOUT);
    TEST_EVENTUALLY(channel_flush(&setting.channel) == -ETIMEDOUT);
    setting_close(&setting);
}

/* ---- As a source ---- */

static struct {
    const struct cmio_source_ops *ops;
    int registers, reregisters, deregisters;
} counted;

static int count_register(struct cmio_source *source, struct cmio_registry *registry,
                          cmio_token token, cmio_interest interest) {
    counted.registers++;
    return counted.ops->on_register(source, registry, token, interest);
}

static int count_reregister(struct cmio_source *source, struct cmio_registry *registry,
                            cmio_token token, cmio_interest interest) {
    counted.reregisters++;
    return counted.ops->on_reregister(source, registry, token, interest);
}

static int count_deregister(struct cmio_source *source, struct cmio_registry *registry) {
    counted.deregisters++;
    return counted.ops->on_deregister(source, registry);
}

static const struct cmio_source_ops counting_ops = {
    .on_register = count_register,
    .on_reregister = count_reregister,
    .on_deregister = count_deregister,
};

static void count_calls(struct channel *channel) {
    memset(&counted, 0, sizeof counted);
    counted.ops = channel->source.ops;
    channel->source.ops = &counting_ops;
}

static void expect_calls(int registers, int reregisters, int deregisters) {
    assert_int_equal(counted.registers, registers);
    assert_int_equal(counted.reregisters, reregisters);
    assert_int_equal(counted.deregisters, deregisters);
}

static void each_call_on_a_channel_is_one_of_its_operations_and_reaches_its_stream(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, CMIO_FOREVER);
    count_calls(&setting.channel);
    struct cmio_source *source = &setting.channel.source;
    assert_int_equal(enter(&setting), 0);
    expect_calls(1, 0, 0);
    assert_true(cmio_source_is_registered(&setting.channel.stream.source));
    test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
    peer_writes(&setting, "\0\0\0\1x", HEAD + 1);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    assert_int_equal(cmio_registry_reregister(setting.loop.registry, source, OTHER, CMIO_READABLE),
                     0);
    expect_calls(1, 1, 0);
    test_loop_expect(&setting.loop, OTHER, CMIO_READABLE);
    expect_message(&setting, 1, 'x');
    assert_int_equal(cmio_registry_deregister(setting.loop.registry, source), 0);
    expect_calls(1, 1, 1);
    assert_false(cmio_source_is_registered(&setting.channel.stream.source));
    peer_writes(&setting, "\0\0\0\1y", HEAD + 1);
    test_loop_forget(&setting.loop);
    test_loop_expect_silence(&setting.loop);
    expect_message(&setting, 1, 'y');
    assert_int_equal(enter(&setting), 0);
    expect_calls(2, 1, 1);
    test_loop_expect(&setting.loop, TOKEN, CMIO_WRITABLE);
    assert_int_equal(channel_close(&setting.channel), 0);
    expect_calls(2, 1, 2);
    setting_close(&setting);
    expect_calls(2, 1, 2);
}

static void the_timer_is_set_while_it_is_registered_and_has_its_token(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, CMIO_MILLISECOND);
    struct channel *channel = &setting.channel;
    assert_false(cmio_timer_is_set(&channel->timer));
    assert_int_equal(enter(&setting), 0);
    assert_true(cmio_timer_is_set(&channel->timer));
    assert_int_equal(
        cmio_registry_reregister(setting.loop.registry, &channel->source, OTHER, CMIO_READABLE), 0);
    expect_timer(&setting, OTHER);
    assert_int_equal(cmio_registry_deregister(setting.loop.registry, &channel->source), 0);
    assert_int_equal(enter(&setting), 0);
    assert_true(cmio_timer_is_set(&channel->timer));
    assert_int_equal(cmio_registry_deregister(setting.loop.registry, &channel->source), 0);
    assert_false(cmio_timer_is_set(&channel->timer));
    setting_close(&setting);
}

static void misuse_is_refused_before_the_channel_hears_of_it(void **state) {
    (void)state;
    struct setting setting;
    struct test_loop other;
    setting_open(&setting, CMIO_FOREVER);
    test_loop_open(&other);
    count_calls(&setting.channel);
    struct cmio_source *source = &setting.channel.source;
    assert_int_equal(cmio_registry_deregister(setting.loop.registry, source), -ENOENT);
    assert_int_equal(cmio_registry_reregister(other.registry, source, TOKEN, CMIO_READABLE),
                     -ENOENT);
    assert_int_equal(cmio_registry_register(other.registry, source, TOKEN, 0), -EINVAL);
    expect_calls(0, 0, 0);
    assert_int_equal(enter(&setting), 0);
    assert_int_equal(enter(&setting), -EEXIST);
    assert_int_equal(cmio_registry_register(other.registry, source, TOKEN, CMIO_READABLE), -EEXIST);
    expect_calls(1, 0, 0);
    test_loop_close(&other);
    setting_close(&setting);
}

static void the_errors_of_its_stream_are_passed_on_and_leave_nothing_registered(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, CMIO_SECOND);
    struct channel *channel = &setting.channel;
    struct cmio_registry *registry = setting.loop.registry;
    /* The stream is somebody else's. */
    assert_int_equal(
        cmio_registry_register(registry, &channel->stream.source, OTHER, CMIO_READABLE), 0);
    assert_int_equal(enter(&setting), -EEXIST);
    assert_false(cmio_source_is_registered(&channel->source));
    assert_false(cmio_timer_is_set(&channel->timer));
    assert_int_equal(cmio_registry_deregister(registry, &channel->stream.source), 0);
    /* It was taken away. */
    assert_int_equal(enter(&setting), 0);
    assert_int_equal(cmio_registry_deregister(registry, &channel->stream.source), 0);
    assert_int_equal(cmio_registry_reregister(registry, &channel->source, OTHER, CMIO_READABLE),
                     -ENOENT);
    assert_int_equal(channel->timer.token, TOKEN);
    assert_int_equal(cmio_registry_deregister(registry, &channel->source), -ENOENT);
    assert_false(cmio_source_is_registered(&channel->source));
    assert_false(cmio_timer_is_set(&channel->timer));
    /* It is closed. */
    assert_int_equal(cmio_tcp_stream_close(&channel->stream), 0);
    assert_int_equal(enter(&setting), -EBADF);
    assert_false(cmio_source_is_registered(&channel->source));
    setting_close(&setting);
}

static void a_channel_outlives_its_poll_and_joins_another(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, CMIO_SECOND * 3600);
    assert_int_equal(enter(&setting), 0);
    test_loop_close(&setting.loop);
    assert_false(cmio_source_is_registered(&setting.channel.source));
    test_loop_open(&setting.loop);
    assert_int_equal(enter(&setting), 0);
    assert_true(cmio_timer_is_set(&setting.channel.timer));
    peer_writes(&setting, "\0\0\0\1x", HEAD + 1);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    test_loop_close(&setting.loop);
    int closed = channel_close(&setting.channel);
    assert_int_equal(closed, -EBADF); /* what deregister says of a poll that is gone */
    test_loop_open(&setting.loop);
    setting_close(&setting);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_frame_may_be_cut_at_each_byte),
    cmocka_unit_test(a_frame_may_come_byte_by_byte),
    cmocka_unit_test(many_frames_may_come_in_one_read),
    cmocka_unit_test(the_longest_message_fits_and_one_byte_more_is_emsgsize),
    cmocka_unit_test(a_length_beyond_all_reason_is_emsgsize_before_the_message_comes),
    cmocka_unit_test(the_end_is_0_between_messages_and_eproto_inside_of_one),
    cmocka_unit_test(the_errors_of_the_connection_are_passed_on),
    cmocka_unit_test(a_message_is_taken_whole_or_not_at_all),
    cmocka_unit_test(nothing_is_lost_or_sent_twice_when_there_is_no_room),
    cmocka_unit_test(an_idle_channel_is_etimedout_when_its_timer_comes),
    cmocka_unit_test(what_arrived_is_received_though_it_is_late),
    cmocka_unit_test(what_moves_in_either_direction_moves_the_deadline),
    cmocka_unit_test(a_stuck_writer_is_etimedout),
    cmocka_unit_test(each_call_on_a_channel_is_one_of_its_operations_and_reaches_its_stream),
    cmocka_unit_test(the_timer_is_set_while_it_is_registered_and_has_its_token),
    cmocka_unit_test(misuse_is_refused_before_the_channel_hears_of_it),
    cmocka_unit_test(the_errors_of_its_stream_are_passed_on_and_leave_nothing_registered),
    cmocka_unit_test(a_channel_outlives_its_poll_and_joins_another),
};

TEST_GROUP(examples_channel, tests)
