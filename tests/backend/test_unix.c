/* SPDX-License-Identifier: MIT */

/*
 * What Unix listeners and streams alone have, as sources. What they share with other kinds is in
 * test_streams.c and test_listeners.c, and that each call does what it should in tests/net.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "backend/expectations.h"
#include "support/loop.h"
#include "support/pair.h"
#include "support/scratch.h"

enum { LISTENER = 1, CLIENT = 2, SERVER = 3 };

static const cmio_interest both = CMIO_READABLE | CMIO_WRITABLE;

/* A loop and the two ends of a connection, neither registered. */
struct setting {
    struct test_loop loop;
    struct cmio_unix_stream client;
    struct cmio_unix_stream server;
};

static void setting_open(struct setting *setting) {
    test_loop_open(&setting->loop);
    assert_int_equal(cmio_unix_stream_pair(&setting->client, &setting->server), 0);
}

static void setting_close(struct setting *setting) {
    assert_int_equal(cmio_unix_stream_close(&setting->client), 0);
    assert_int_equal(cmio_unix_stream_close(&setting->server), 0);
    test_loop_close(&setting->loop);
}

static void enter(struct setting *setting, struct cmio_unix_stream *stream,
                  cmio_interest interest) {
    cmio_token token = stream == &setting->client ? CLIENT : SERVER;
    assert_int_equal(
        cmio_registry_register(setting->loop.registry, &stream->source, token, interest), 0);
}

/* A loop and a listener in a folder of its own, registered to read. */
struct accepting {
    struct test_loop loop;
    struct test_scratch scratch;
    struct cmio_unix_listener listener;
    struct cmio_address address;
};

static void accepting_open_at(struct accepting *accepting, const struct cmio_address *address,
                              cmio_interest mode) {
    accepting->address = *address;
    test_loop_open(&accepting->loop);
    assert_int_equal(cmio_unix_listener_bind(&accepting->listener, address, NULL), 0);
    assert_int_equal(cmio_registry_register(accepting->loop.registry, &accepting->listener.source,
                                            LISTENER, CMIO_READABLE | mode),
                     0);
}

static void accepting_open(struct accepting *accepting, cmio_interest mode) {
    test_scratch_open(&accepting->scratch);
    struct cmio_address address = test_scratch_address(&accepting->scratch, "s");
    accepting_open_at(accepting, &address, mode);
}

static void accepting_close(struct accepting *accepting) {
    assert_int_equal(cmio_unix_listener_close(&accepting->listener), 0);
    test_loop_close(&accepting->loop);
    (void)test_scratch_close(&accepting->scratch);
}

static int accept_and_close(struct accepting *accepting) {
    struct cmio_unix_stream stream;
    int error = cmio_unix_listener_accept(&accepting->listener, &stream, NULL);
    if (error == 0)
        assert_int_equal(cmio_unix_stream_close(&stream), 0);
    return error;
}

static void close_stream(struct cmio_unix_stream *stream) {
    assert_int_equal(cmio_unix_stream_close(stream), 0);
}

static void who_asks_whether_a_listener_lives_makes_no_event(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, 0);
    struct cmio_unix_listener second;
    assert_int_equal(cmio_unix_listener_bind_replacing_stale(&second, &accepting.address, NULL),
                     -EADDRINUSE);
    test_loop_expect_silence(&accepting.loop);
    assert_int_equal(accept_and_close(&accepting), -EAGAIN);
    accepting_close(&accepting);
}

static void sends_of_descriptors_after_the_peer_left_fail_and_raise_no_signal(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, both);
    close_stream(&setting.client);
    test_loop_expect(&setting.loop, SERVER,
                     expected_in(setting.loop.poll, SCENE_UNIX_PEER_CLOSED)->all);
    /* SIGPIPE is at its default here, and would end the program. */
    const int fd = cmio_unix_stream_fd(&setting.server);
    assert_int_equal(cmio_unix_stream_send_fds(&setting.server, "x", 1, &fd, 1), -EPIPE);
    setting_close(&setting);
}

/* Descriptors that travel. */

static ssize_t send_one(struct cmio_unix_stream *stream, int fd) {
    return cmio_unix_stream_send_fds(stream, "x", 1, &fd, 1);
}

/* Receives bytes and closes the descriptors that came with them; how many those were. */
static ssize_t receive_and_close(struct cmio_unix_stream *stream, ssize_t *fds_received) {
    char buffer[16];
    int fds[4];
    ssize_t count = 0;
    ssize_t result = cmio_unix_stream_receive_fds(stream, buffer, sizeof buffer, fds, 4, &count);
    *fds_received = count;
    for (; result >= 0 && count > 0; count--)
        test_close(fds[count - 1]);
    return result;
}

static void receiving_descriptors_arms_the_edge(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, CMIO_READABLE);
    const int fd = cmio_unix_stream_fd(&setting.client);
    ssize_t count;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(send_one(&setting.client, fd), 1);
        test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
        assert_int_equal(receive_and_close(&setting.server, &count), 1);
        assert_int_equal(count, 1);
        test_loop_expect_silence(&setting.loop);
    }
    for (int round = 0; round < 3; round++) {
        assert_int_equal(cmio_unix_stream_write(&setting.client, "x", 1), 1);
        test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
        /* Behind cmio's back, so that only what blocks can have armed it. */
        test_take(cmio_unix_stream_fd(&setting.server), 1);
        assert_int_equal(receive_and_close(&setting.server, &count), -EAGAIN);
        test_loop_expect_silence(&setting.loop);
    }
    setting_close(&setting);
}

static void several_sends_are_all_received_after_one_event(void **state) {
    (void)state;
    enum { SENDS = 5 };
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, CMIO_READABLE);
    for (int i = 0; i < SENDS; i++)
        assert_int_equal(send_one(&setting.client, cmio_unix_stream_fd(&setting.client)), 1);
    test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
    ssize_t total = 0;
    ssize_t count;
    ssize_t result;
    while ((result = receive_and_close(&setting.server, &count)) > 0)
        total += count;
    assert_int_equal(result, -EAGAIN);
    assert_int_equal(total, SENDS);
    test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

/* Streams on which a short read is not the end: see cmio_unix_stream_read(). */

/* Reads until -EAGAIN, with room for more than there is. Returns how many reads gave something. */
static int read_on(struct setting *setting, const char *expected) {
    char bytes[64];
    size_t length = 0;
    ssize_t count;
    int reads = 0;
    for (; (count =
                cmio_unix_stream_read(&setting->server, bytes + length, sizeof bytes - length)) > 0;
         reads++)
        length += (size_t)count;
    assert_int_equal(count, -EAGAIN);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(bytes, expected, length);
    return reads;
}

/*
 * All of it comes after one event, in at least so many reads; after that the next byte makes one.
 */
static void expect_short_reads(struct setting *setting, const char *expected, int reads) {
    test_loop_expect(&setting->loop, SERVER, CMIO_READABLE);
    assert_true(read_on(setting, expected) >= reads);
    test_loop_expect_silence(&setting->loop);
    assert_int_equal(cmio_unix_stream_write(&setting->client, "x", 1), 1);
    test_loop_expect(&setting->loop, SERVER, CMIO_READABLE);
    assert_int_equal(read_on(setting, "x"), 1);
    test_loop_expect_silence(&setting->loop);
}

/* The shim for systems that tell the sender of each byte, and so keep the bytes of two apart. */
#ifdef SO_PASSCRED
static const int pass_credentials = SO_PASSCRED;
#else
static const int pass_credentials = -1;
#endif

/* Another process writes, so that these bytes have another sender. */
static void write_as_another(int fd, const char *bytes, size_t length) {
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(write(fd, bytes, length) == (ssize_t)length ? 0 : 1);
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_short_read_between_the_bytes_of_two_senders_is_not_the_end(void **state) {
    (void)state;
    const int on = 1;
    if (pass_credentials < 0)
        skip();
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(setsockopt(cmio_unix_stream_fd(&setting.server), SOL_SOCKET, pass_credentials,
                                &on, sizeof on),
                     0);
    enter(&setting, &setting.server, CMIO_READABLE);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(cmio_unix_stream_write(&setting.client, "mine", 4), 4);
        write_as_another(cmio_unix_stream_fd(&setting.client), "theirs", 6);
        expect_short_reads(&setting, "minetheirs", 2);
    }
    setting_close(&setting);
}

static void a_short_read_at_passed_descriptors_is_not_the_end(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, CMIO_READABLE);
    const int fd = cmio_unix_stream_fd(&setting.client);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(cmio_unix_stream_send_fds(&setting.client, "one", 3, &fd, 1), 3);
        assert_int_equal(cmio_unix_stream_send_fds(&setting.client, "two", 3, &fd, 1), 3);
        assert_int_equal(cmio_unix_stream_write(&setting.client, "three", 5), 5);
        expect_short_reads(&setting, "onetwothree", 2);
    }
    setting_close(&setting);
}

/* Linux since 5.15; elsewhere the byte is refused. */
static void a_short_read_at_an_urgent_byte_is_not_the_end(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, CMIO_READABLE);
    const int fd = cmio_unix_stream_fd(&setting.client);
    assert_int_equal(cmio_unix_stream_write(&setting.client, "one", 3), 3);
    if (send(fd, "!", 1, MSG_OOB) < 0) {
        setting_close(&setting);
        skip();
    }
    assert_int_equal(cmio_unix_stream_write(&setting.client, "two", 3), 3);
    expect_short_reads(&setting, "onetwo", 2);
    setting_close(&setting);
}

static void a_send_of_descriptors_that_blocks_arms_the_edge(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.client, CMIO_WRITABLE);
    for (int round = 0; round < 3; round++) {
        test_loop_expect(&setting.loop, CLIENT, CMIO_WRITABLE);
        (void)test_fill(cmio_unix_stream_fd(&setting.client));
        assert_int_equal(send_one(&setting.client, cmio_unix_stream_fd(&setting.client)), -EAGAIN);
        if (!expected_spurious(setting.loop.poll))
            test_loop_expect_silence(&setting.loop);
        test_loop_forget(&setting.loop);
        (void)test_drain(cmio_unix_stream_fd(&setting.server));
    }
    test_loop_expect(&setting.loop, CLIENT, CMIO_WRITABLE);
    setting_close(&setting);
}

static void a_send_of_descriptors_that_falls_short_arms_the_edge(void **state) {
    (void)state;
    const size_t length = 4 << 20; /* more than a stream holds */
    char *bytes = calloc(1, length);
    assert_non_null(bytes);
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.client, CMIO_WRITABLE);
    for (int round = 0; round < 3; round++) {
        test_loop_expect(&setting.loop, CLIENT, CMIO_WRITABLE);
        const int fd = cmio_unix_stream_fd(&setting.client);
        const ssize_t count = cmio_unix_stream_send_fds(&setting.client, bytes, length, &fd, 1);
        assert_true(count > 0 && (size_t)count < length);
        (void)test_loop_wait(&setting.loop, 0); /* of room that was there already */
        test_loop_forget(&setting.loop);
        assert_int_equal(test_drain(cmio_unix_stream_fd(&setting.server)), count);
    }
    test_loop_expect(&setting.loop, CLIENT, CMIO_WRITABLE);
    setting_close(&setting);
    free(bytes);
}

static void a_stream_that_was_sent_over_is_registered_and_heard(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, CMIO_READABLE);
    struct cmio_unix_stream near;
    struct cmio_unix_stream far;
    assert_int_equal(cmio_unix_stream_pair(&near, &far), 0);
    assert_int_equal(send_one(&setting.client, cmio_unix_stream_fd(&near)), 1);
    close_stream(&near);
    test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
    char byte;
    int fd = -1;
    ssize_t count = 0;
    assert_int_equal(cmio_unix_stream_receive_fds(&setting.server, &byte, 1, &fd, 1, &count), 1);
    assert_int_equal(count, 1);
    assert_int_equal(cmio_unix_stream_from_fd(&near, fd), 0);
    assert_int_equal(
        cmio_registry_register(setting.loop.registry, &near.source, CLIENT, CMIO_READABLE), 0);
    test_loop_expect_silence(&setting.loop);
    assert_int_equal(cmio_unix_stream_write(&far, "y", 1), 1);
    test_loop_expect(&setting.loop, CLIENT, CMIO_READABLE);
    assert_int_equal(cmio_unix_stream_read(&near, &byte, 1), 1);
    assert_int_equal(byte, 'y');
    close_stream(&near);
    close_stream(&far);
    setting_close(&setting);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(who_asks_whether_a_listener_lives_makes_no_event),
    cmocka_unit_test(sends_of_descriptors_after_the_peer_left_fail_and_raise_no_signal),
    cmocka_unit_test(receiving_descriptors_arms_the_edge),
    cmocka_unit_test(several_sends_are_all_received_after_one_event),
    cmocka_unit_test(a_short_read_between_the_bytes_of_two_senders_is_not_the_end),
    cmocka_unit_test(a_short_read_at_passed_descriptors_is_not_the_end),
    cmocka_unit_test(a_short_read_at_an_urgent_byte_is_not_the_end),
    cmocka_unit_test(a_send_of_descriptors_that_blocks_arms_the_edge),
    cmocka_unit_test(a_send_of_descriptors_that_falls_short_arms_the_edge),
    cmocka_unit_test(a_stream_that_was_sent_over_is_registered_and_heard),
};

TEST_GROUP(backend_unix, tests)
