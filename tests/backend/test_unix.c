/* SPDX-License-Identifier: MIT */

/*
 * Unix listeners and streams as sources: what their calls do to the events that follow, and what
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "backend/expectations.h"
#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"
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

static struct cmio_unix_stream connect_to(const struct accepting *accepting) {
    struct cmio_unix_stream stream;
    assert_int_equal(cmio_unix_stream_connect(&stream, &accepting->address), 0);
    return stream;
}

static void close_stream(struct cmio_unix_stream *stream) {
    assert_int_equal(cmio_unix_stream_close(stream), 0);
}

/* The whole of a connection's life, as a program sees it. */

static void expect_a_connection_s_life(struct accepting *accepting) {
    struct test_loop *loop = &accepting->loop;
    struct cmio_unix_stream client = connect_to(accepting);
    assert_int_equal(cmio_registry_register(loop->registry, &client.source, CLIENT, both), 0);
    test_loop_expect(loop, LISTENER, CMIO_READABLE);
    struct cmio_unix_stream server;
    struct cmio_address name;
    assert_int_equal(cmio_unix_listener_accept(&accepting->listener, &server, &name), 0);
    size_t length = 77;
    assert_non_null(cmio_address_unix_name(&name, &length));
    assert_int_equal(length, 0); /* a client has no name */
    assert_int_equal(cmio_registry_register(loop->registry, &server.source, SERVER, both), 0);
    assert_int_equal(test_loop_expect(loop, CLIENT, CMIO_WRITABLE), CMIO_WRITABLE);
    assert_int_equal(cmio_unix_stream_finish_connect(&client), 0);
    assert_int_equal(cmio_unix_stream_peer_address(&client, &name), 0);
    assert_true(cmio_address_equal(&name, &accepting->address));
    assert_int_equal(test_loop_expect(loop, SERVER, CMIO_WRITABLE), CMIO_WRITABLE);

    char buffer[16];
    assert_int_equal(cmio_unix_stream_write(&client, "hello", 5), 5);
    test_loop_expect(loop, SERVER, CMIO_READABLE);
    assert_int_equal(cmio_unix_stream_read(&server, buffer, sizeof buffer), 5);
    assert_memory_equal(buffer, "hello", 5);
    assert_int_equal(cmio_unix_stream_write(&server, "there", 5), 5);
    test_loop_expect(loop, CLIENT, CMIO_READABLE);
    assert_int_equal(cmio_unix_stream_read(&client, buffer, sizeof buffer), 5);
    assert_memory_equal(buffer, "there", 5);
    test_loop_forget(loop); /* that a peer took bytes may be told as room */

    close_stream(&client);
    test_loop_expect(loop, SERVER, CMIO_READABLE | CMIO_READ_CLOSED);
    assert_int_equal(cmio_unix_stream_read(&server, buffer, sizeof buffer), 0);
    close_stream(&server);
}

static void a_connection_over_a_path_is_accepted_read_written_and_ended(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, 0);
    expect_a_connection_s_life(&accepting);
    accepting_close(&accepting);
}

static void a_connection_over_an_abstract_name_is_too(void **state) {
    (void)state;
    struct accepting accepting;
    struct cmio_address address;
    char name[64];
    int length = snprintf(name, sizeof name, "cmio-%ld", (long)getpid());
    if (cmio_address_from_abstract(name, (size_t)length, &address) == -ENOTSUP)
        skip();
    test_scratch_open(&accepting.scratch);
    accepting_open_at(&accepting, &address, 0);
    expect_a_connection_s_life(&accepting);
    accepting_close(&accepting);
}

/* Listeners. */

static void two_accepts_around_would_block_each_follow_an_event(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, 0);
    for (int round = 0; round < 3; round++) {
        test_loop_expect_silence(&accepting.loop);
        assert_int_equal(accept_and_close(&accepting), -EAGAIN);
        struct cmio_unix_stream client = connect_to(&accepting);
        test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
        assert_int_equal(accept_and_close(&accepting), 0);
        assert_int_equal(accept_and_close(&accepting), -EAGAIN);
        close_stream(&client);
    }
    test_loop_expect_silence(&accepting.loop);
    accepting_close(&accepting);
}

static void an_accept_that_somebody_else_was_quicker_for_arms_the_edge(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, 0);
    for (int round = 0; round < 3; round++) {
        struct cmio_unix_stream client = connect_to(&accepting);
        test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
        const int taken = accept(cmio_unix_listener_fd(&accepting.listener), NULL, NULL);
        assert_true(taken >= 0);
        assert_int_equal(accept_and_close(&accepting), -EAGAIN);
        test_close(taken);
        close_stream(&client);
    }
    accepting_close(&accepting);
}

static void a_connection_after_one_was_accepted_makes_an_event(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, 0);
    for (int round = 0; round < 3; round++) {
        struct cmio_unix_stream client = connect_to(&accepting);
        test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
        /* Accepted until there is none, but not until it says so. */
        assert_int_equal(accept_and_close(&accepting), 0);
        close_stream(&client);
    }
    accepting_close(&accepting);
}

static void a_level_listener_is_reported_until_all_were_accepted(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, CMIO_LEVEL);
    struct cmio_unix_stream clients[2] = {connect_to(&accepting), connect_to(&accepting)};
    for (int i = 0; i < 2; i++) {
        for (int wait = 0; wait < 3; wait++)
            test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
        assert_int_equal(accept_and_close(&accepting), 0);
    }
    test_loop_expect_silence(&accepting.loop);
    for (int i = 0; i < 2; i++)
        close_stream(&clients[i]);
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
static int accept_at_the_limit(struct accepting *accepting, struct cmio_unix_stream *stream) {
    int listener_fd = cmio_unix_listener_fd(&accepting->listener);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit limit = before;
    limit.rlim_cur = (rlim_t)lowest_free_descriptor(listener_fd);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    int result = cmio_unix_listener_accept(&accepting->listener, stream, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    return result;
}

static void accept_without_descriptors_is_emfile_and_the_listener_lives_on(void **state) {
    (void)state;
    if (test_is_under_valgrind())
        skip();
    struct accepting accepting;
    accepting_open(&accepting, 0);
    struct cmio_unix_stream client = connect_to(&accepting);
    test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
    for (int i = 0; i < 5; i++) {
        struct cmio_unix_stream untouched;
        memset(&untouched, 0x5a, sizeof untouched);
        struct cmio_unix_stream stream = untouched;
        assert_int_equal(accept_at_the_limit(&accepting, &stream), -EMFILE);
        assert_memory_equal(&stream, &untouched, sizeof stream);
        (void)test_loop_expect_no_spin(&accepting.loop);
    }
    assert_int_equal(cmio_registry_reregister(accepting.loop.registry, &accepting.listener.source,
                                              LISTENER, CMIO_READABLE),
                     0);
    test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
    assert_int_equal(accept_and_close(&accepting), 0);
    assert_int_equal(accept_and_close(&accepting), -EAGAIN);
    close_stream(&client);
    client = connect_to(&accepting);
    test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
    assert_int_equal(accept_and_close(&accepting), 0);
    close_stream(&client);
    accepting_close(&accepting);
}

static void a_listener_closed_before_the_wait_reports_nothing(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, 0);
    struct cmio_unix_stream client = connect_to(&accepting);
    assert_int_equal(cmio_unix_listener_close(&accepting.listener), 0);
    test_loop_expect_silence(&accepting.loop);
    close_stream(&client);
    accepting_close(&accepting);
}

static void who_asks_whether_a_listener_lives_makes_no_event(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, 0);
    struct cmio_unix_listener second;
    assert_int_equal(cmio_unix_listener_bind_stale(&second, &accepting.address, NULL), -EADDRINUSE);
    test_loop_expect_silence(&accepting.loop);
    assert_int_equal(accept_and_close(&accepting), -EAGAIN);
    accepting_close(&accepting);
}

/* Streams. */

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
        assert_int_equal(cmio_unix_stream_writev(&setting.client, out, 2), 5);
        test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
        assert_int_equal(cmio_unix_stream_readv(&setting.server, in, 2), 5);
        assert_memory_equal(first, "he", 2);
        assert_memory_equal(second, "llo__", 5);
        /* Less than asked for: the edge is armed. */
        test_loop_expect_silence(&setting.loop);
    }
    assert_int_equal(cmio_unix_stream_readv(&setting.server, in, 2), -EAGAIN);
    setting_close(&setting);
}

static void a_full_vectored_write_makes_no_event(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.client, CMIO_WRITABLE);
    test_loop_expect(&setting.loop, CLIENT, CMIO_WRITABLE);
    char hello[] = "hello";
    /* What stands behind the buffers that count is not looked at. */
    const struct iovec out[] = {{hello, 3}, {hello + 3, 2}, {hello, 5}};
    for (int round = 0; round < 3; round++) {
        assert_int_equal(cmio_unix_stream_writev(&setting.client, out, 2), 5);
        if (!expected_spurious(setting.loop.poll))
            test_loop_expect_silence(&setting.loop);
        test_loop_forget(&setting.loop);
    }
    setting_close(&setting);
}

static void a_peek_that_succeeds_consumes_nothing(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, CMIO_READABLE);
    char buffer[8];
    assert_int_equal(cmio_unix_stream_write(&setting.client, "abc", 3), 3);
    test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cmio_unix_stream_peek(&setting.server, buffer, sizeof buffer), 3);
        assert_memory_equal(buffer, "abc", 3);
        (void)test_loop_expect_no_spin(&setting.loop);
    }
    assert_int_equal(cmio_registry_reregister(setting.loop.registry, &setting.server.source, SERVER,
                                              CMIO_READABLE),
                     0);
    test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
    assert_int_equal(cmio_unix_stream_read(&setting.server, buffer, sizeof buffer), 3);
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
        assert_int_equal(cmio_unix_stream_write(&setting.client, "abc", 3), 3);
        test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
        /* Behind cmio's back, so that only the peek can have armed it. */
        test_take(cmio_unix_stream_fd(&setting.server), 3);
        assert_int_equal(cmio_unix_stream_peek(&setting.server, buffer, sizeof buffer), -EAGAIN);
        test_loop_expect_silence(&setting.loop);
    }
    setting_close(&setting);
}

/* What the other end shows of a shutdown, as the table has it. */
static void expect_scene(struct setting *setting, enum scene scene) {
    const struct expected *expected = expected_in(setting->loop.poll, scene);
    assert_non_null(expected);
    uint32_t came = 0;
    if (expected->all != 0)
        came = test_loop_expect(&setting->loop, SERVER, expected->all);
    (void)test_loop_wait(&setting->loop, 15 * CMIO_MILLISECOND);
    came |= setting->loop.came[SERVER];
    test_loop_forget(&setting->loop);
    assert_int_equal(came & expected->never, 0);
}

static void each_way_to_shut_down_shows_at_both_ends(void **state) {
    (void)state;
    static const struct {
        enum cmio_shutdown way;
        enum scene scene;
    } rows[] = {
        {CMIO_SHUTDOWN_READ, SCENE_UNIX_PEER_SHUT_READING},
        {CMIO_SHUTDOWN_WRITE, SCENE_UNIX_PEER_SHUT_WRITING},
        {CMIO_SHUTDOWN_BOTH, SCENE_UNIX_PEER_SHUT_BOTH},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setting setting;
        setting_open(&setting);
        enter(&setting, &setting.server, both);
        assert_int_equal(test_loop_expect(&setting.loop, SERVER, CMIO_WRITABLE), CMIO_WRITABLE);
        assert_int_equal(cmio_unix_stream_shutdown(&setting.client, rows[i].way), 0);
        expect_scene(&setting, rows[i].scene);
        char byte;
        if (rows[i].way != CMIO_SHUTDOWN_WRITE)
            assert_int_equal(cmio_unix_stream_read(&setting.client, &byte, 1), 0);
        if (rows[i].way != CMIO_SHUTDOWN_READ) {
            assert_int_equal(cmio_unix_stream_write(&setting.client, "x", 1), -EPIPE);
            assert_int_equal(cmio_unix_stream_read(&setting.server, &byte, 1), 0);
        } else {
            assert_int_equal(cmio_unix_stream_write(&setting.client, "x", 1), 1);
            test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
        }
        setting_close(&setting);
    }
}

static void a_peer_that_left_bytes_unread_is_an_end_or_a_reset(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, CMIO_READABLE);
    assert_int_equal(cmio_unix_stream_write(&setting.server, "unread", 6), 6);
    close_stream(&setting.client);
    test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
    char byte;
    ssize_t result = cmio_unix_stream_read(&setting.server, &byte, 1);
    assert_true(result == 0 || result == -ECONNRESET);
    assert_int_equal(cmio_unix_stream_read(&setting.server, &byte, 1), 0);
    setting_close(&setting);
}

static void writes_after_the_peer_left_fail_and_raise_no_signal(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.server, both);
    close_stream(&setting.client);
    test_loop_expect(&setting.loop, SERVER, CMIO_READABLE | CMIO_READ_CLOSED);
    /* SIGPIPE is at its default here, and would end the program. */
    assert_int_equal(cmio_unix_stream_write(&setting.server, "x", 1), -EPIPE);
    const int fd = cmio_unix_stream_fd(&setting.server);
    assert_int_equal(cmio_unix_stream_send_fds(&setting.server, "x", 1, &fd, 1), -EPIPE);
    setting_close(&setting);
}

static void what_was_written_before_close_arrives(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.client, both);
    enter(&setting, &setting.server, CMIO_READABLE);
    for (int i = 0; i < 16; i++)
        assert_int_equal(cmio_unix_stream_write(&setting.client, "0123456789abcdef", 16), 16);
    close_stream(&setting.client);
    char buffer[512];
    size_t total = 0;
    ssize_t count = -EAGAIN;
    while (count != 0) {
        test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
        while ((count = cmio_unix_stream_read(&setting.server, buffer, sizeof buffer)) > 0)
            total += (size_t)count;
        assert_true(count == 0 || count == -EAGAIN);
    }
    assert_int_equal(total, 16 * 16);
    setting_close(&setting);
}

static void a_connect_that_is_closed_at_once_leaves_no_event(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, 0);
    for (int i = 0; i < 10; i++) {
        struct cmio_unix_stream client = connect_to(&accepting);
        assert_int_equal(
            cmio_registry_register(accepting.loop.registry, &client.source, CLIENT, both), 0);
        close_stream(&client);
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
        int copy = dup(cmio_unix_stream_fd(&setting.server));
        assert_true(copy >= 0);
        assert_int_equal(cmio_unix_stream_write(&setting.client, "x", 1), 1);
        close_stream(&setting.server);
        test_loop_expect_silence(&setting.loop);
        assert_int_equal(cmio_unix_stream_write(&setting.client, "y", 1), 1);
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
    int fd = cmio_unix_stream_into_fd(&setting.server);
    assert_true(fd >= 0);
    assert_int_equal(cmio_unix_stream_write(&setting.client, "abc", 3), 3);
    test_loop_expect_silence(&setting.loop);
    assert_int_equal(cmio_unix_stream_into_fd(&setting.server), -EBADF);

    /* It can be adopted again, on another source. */
    struct cmio_unix_stream again;
    assert_int_equal(cmio_unix_stream_from_fd(&again, fd), 0);
    assert_int_equal(
        cmio_registry_register(setting.loop.registry, &again.source, SERVER, CMIO_READABLE), 0);
    test_loop_expect(&setting.loop, SERVER, CMIO_READABLE);
    char buffer[8];
    assert_int_equal(cmio_unix_stream_read(&again, buffer, sizeof buffer), 3);
    close_stream(&again);
    setting_close(&setting);
}

static void expect_prepared(int fd) {
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void adopted_and_accepted_descriptors_are_nonblocking_and_close_on_exec(void **state) {
    (void)state;
    struct accepting accepting;
    accepting_open(&accepting, 0);
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    struct cmio_unix_stream adopted;
    assert_int_equal(cmio_unix_stream_from_fd(&adopted, fds[0]), 0);
    expect_prepared(fds[0]);
    expect_prepared(cmio_unix_listener_fd(&accepting.listener));
    struct cmio_unix_stream client = connect_to(&accepting);
    expect_prepared(cmio_unix_stream_fd(&client));
    test_loop_expect(&accepting.loop, LISTENER, CMIO_READABLE);
    struct cmio_unix_stream server;
    assert_int_equal(cmio_unix_listener_accept(&accepting.listener, &server, NULL), 0);
    expect_prepared(cmio_unix_stream_fd(&server));
    close_stream(&server);
    close_stream(&client);
    close_stream(&adopted);
    test_close(fds[1]);
    accepting_close(&accepting);
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

/* All of it comes after one event, in at least so many reads; after that the next byte makes one.
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

/* 16 MiB through one thread, as edges allow: each end goes on until it blocks, then waits. */

enum { MEBIBYTE = 1 << 20, CHUNK = 128 * 1024 };

struct transfer {
    unsigned char *bytes;
    size_t length;
    size_t sent;
    size_t received;
    int short_writes;
};

/* A pattern in which no piece equals its neighbours. */
static unsigned char byte_at(size_t offset) {
    return (unsigned char)(offset * 2654435761U >> 13);
}

static void send_until_blocked(struct setting *setting, struct transfer *transfer) {
    while (transfer->sent < transfer->length) {
        size_t wanted = transfer->length - transfer->sent;
        ssize_t count =
            cmio_unix_stream_write(&setting->client, transfer->bytes + transfer->sent, wanted);
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
    for (;;) {
        ssize_t count = cmio_unix_stream_read(&setting->server, piece, sizeof piece);
        if (count < 0) {
            assert_int_equal(count, -EAGAIN);
            return;
        }
        assert_true(count > 0);
        assert_memory_equal(piece, transfer->bytes + transfer->received, (size_t)count);
        transfer->received += (size_t)count;
        if ((size_t)count < sizeof piece)
            return;
    }
}

static void expect_transfer(cmio_interest mode) {
    struct setting setting;
    setting_open(&setting);
    enter(&setting, &setting.client, CMIO_WRITABLE | mode);
    enter(&setting, &setting.server, CMIO_READABLE | mode);
    struct transfer transfer = {.length = test_is_slow() ? 2 * MEBIBYTE : 16 * MEBIBYTE};
    transfer.bytes = malloc(transfer.length);
    assert_non_null(transfer.bytes);
    for (size_t i = 0; i < transfer.length; i++)
        transfer.bytes[i] = byte_at(i);
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
    free(transfer.bytes);
    setting_close(&setting);
}

static void sixteen_mebibytes_go_through_with_edges(void **state) {
    (void)state;
    expect_transfer(0);
}

static void sixteen_mebibytes_go_through_with_levels(void **state) {
    (void)state;
    expect_transfer(CMIO_LEVEL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_connection_over_a_path_is_accepted_read_written_and_ended),
    cmocka_unit_test(a_connection_over_an_abstract_name_is_too),
    cmocka_unit_test(two_accepts_around_would_block_each_follow_an_event),
    cmocka_unit_test(an_accept_that_somebody_else_was_quicker_for_arms_the_edge),
    cmocka_unit_test(a_connection_after_one_was_accepted_makes_an_event),
    cmocka_unit_test(a_level_listener_is_reported_until_all_were_accepted),
    cmocka_unit_test(accept_without_descriptors_is_emfile_and_the_listener_lives_on),
    cmocka_unit_test(a_listener_closed_before_the_wait_reports_nothing),
    cmocka_unit_test(who_asks_whether_a_listener_lives_makes_no_event),
    cmocka_unit_test(vectored_reads_and_writes_move_what_fits_and_no_byte_more),
    cmocka_unit_test(a_full_vectored_write_makes_no_event),
    cmocka_unit_test(a_peek_that_succeeds_consumes_nothing),
    cmocka_unit_test(a_peek_that_blocks_arms_the_edge),
    cmocka_unit_test(each_way_to_shut_down_shows_at_both_ends),
    cmocka_unit_test(a_peer_that_left_bytes_unread_is_an_end_or_a_reset),
    cmocka_unit_test(writes_after_the_peer_left_fail_and_raise_no_signal),
    cmocka_unit_test(what_was_written_before_close_arrives),
    cmocka_unit_test(a_connect_that_is_closed_at_once_leaves_no_event),
    cmocka_unit_test(close_deregisters_though_a_dup_keeps_the_connection_alive),
    cmocka_unit_test(into_fd_deregisters_and_gives_the_connection_away),
    cmocka_unit_test(adopted_and_accepted_descriptors_are_nonblocking_and_close_on_exec),
    cmocka_unit_test(receiving_descriptors_arms_the_edge),
    cmocka_unit_test(several_sends_are_all_received_after_one_event),
    cmocka_unit_test(a_short_read_between_the_bytes_of_two_senders_is_not_the_end),
    cmocka_unit_test(a_short_read_at_passed_descriptors_is_not_the_end),
    cmocka_unit_test(a_short_read_at_an_urgent_byte_is_not_the_end),
    cmocka_unit_test(a_send_of_descriptors_that_blocks_arms_the_edge),
    cmocka_unit_test(a_send_of_descriptors_that_falls_short_arms_the_edge),
    cmocka_unit_test(a_stream_that_was_sent_over_is_registered_and_heard),
    cmocka_unit_test(sixteen_mebibytes_go_through_with_edges),
    cmocka_unit_test(sixteen_mebibytes_go_through_with_levels),
};

TEST_GROUP(backend_unix, tests)
