/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmio/tcp_listener.h>
#include <cmio/tcp_stream.h>

/*
 * Waits until the descriptor is ready, with poll(2): these tests are about the calls, not events.
 */
static void await(int fd, short events) {
    struct pollfd entry = {.fd = fd, .events = events};
    assert_int_equal(poll(&entry, 1, 30000), 1);
}

struct pair {
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream client;
    struct cmio_tcp_stream server;
};

static void open_pair(struct pair *pair, const char *host) {
    struct cmio_address address;
    struct cmio_address peer;
    struct cmio_address mine;
    assert_int_equal(cmio_address_parse(host, &address), 0);
    assert_int_equal(cmio_tcp_listener_bind(&pair->listener, &address, NULL), 0);
    assert_int_equal(cmio_tcp_listener_local_address(&pair->listener, &address), 0);
    assert_int_equal(cmio_tcp_stream_connect(&pair->client, &address), 0);
    await(cmio_tcp_stream_fd(&pair->client), POLLOUT);
    assert_int_equal(cmio_tcp_stream_finish_connect(&pair->client), 0);
    await(cmio_tcp_listener_fd(&pair->listener), POLLIN);
    assert_int_equal(cmio_tcp_listener_accept(&pair->listener, &pair->server, &peer), 0);
    assert_int_equal(cmio_tcp_stream_local_address(&pair->client, &mine), 0);
    assert_true(cmio_address_equal(&peer, &mine));
    assert_int_equal(cmio_tcp_stream_peer_address(&pair->client, &peer), 0);
    assert_true(cmio_address_equal(&peer, &address));
}

static void close_pair(struct pair *pair) {
    assert_int_equal(cmio_tcp_stream_close(&pair->client), 0);
    assert_int_equal(cmio_tcp_stream_close(&pair->server), 0);
    assert_int_equal(cmio_tcp_listener_close(&pair->listener), 0);
}

static void nodelay_and_ttl_are_set_and_read(void **state) {
    (void)state;
    static const char *const hosts[] = {"127.0.0.1:0", "[::1]:0"};
    for (size_t i = 0; i < 2; i++) {
        struct pair pair;
        bool nodelay = true;
        uint32_t ttl = 0;
        open_pair(&pair, hosts[i]);
        assert_int_equal(cmio_tcp_stream_nodelay(&pair.client, &nodelay), 0);
        assert_false(nodelay);
        assert_int_equal(cmio_tcp_stream_set_nodelay(&pair.client, true), 0);
        assert_int_equal(cmio_tcp_stream_nodelay(&pair.client, &nodelay), 0);
        assert_true(nodelay);
        assert_int_equal(cmio_tcp_stream_set_ttl(&pair.client, 255), 0);
        assert_int_equal(cmio_tcp_stream_ttl(&pair.client, &ttl), 0);
        assert_int_equal(ttl, 255);
        assert_int_equal(cmio_tcp_stream_set_ttl(&pair.client, 0), -EINVAL);
        assert_int_equal(cmio_tcp_stream_nodelay(&pair.client, NULL), -EINVAL);
        assert_int_equal(cmio_tcp_stream_ttl(&pair.client, NULL), -EINVAL);
        close_pair(&pair);
    }
}

static void options_are_set_and_read_back(void **state) {
    (void)state;
    struct pair pair;
    struct cmio_tcp_stream_options options;
    open_pair(&pair, "127.0.0.1:0");
    memset(&options, 0xff, sizeof options);
    assert_int_equal(cmio_tcp_stream_get_options(&pair.client, &options), 0);
    assert_false(options.keepalive || options.linger);
    assert_int_equal(options.keepalive_idle, 0);
    assert_int_equal(options.linger_seconds, 0);
    options = (struct cmio_tcp_stream_options){
        .keepalive = true,
        .keepalive_idle = 30,
        .keepalive_interval = 5,
        .keepalive_count = 3,
        .linger = true,
        .linger_seconds = 7,
    };
    int set = cmio_tcp_stream_set_options(&pair.client, &options);
    const bool has_numbers = set != -ENOTSUP;
    if (!has_numbers) {
        options.keepalive_idle = options.keepalive_interval = options.keepalive_count = 0;
        set = cmio_tcp_stream_set_options(&pair.client, &options);
    }
    assert_int_equal(set, 0);
    struct cmio_tcp_stream_options read;
    assert_int_equal(cmio_tcp_stream_get_options(&pair.client, &read), 0);
    assert_true(read.keepalive && read.linger);
    assert_int_equal(read.keepalive_idle, has_numbers ? 30 : 0);
    assert_int_equal(read.keepalive_interval, has_numbers ? 5 : 0);
    assert_int_equal(read.keepalive_count, has_numbers ? 3 : 0);
    assert_int_equal(read.linger_seconds, 7);
    options.keepalive_idle = options.keepalive_interval = options.keepalive_count = 0;
    assert_int_equal(cmio_tcp_stream_set_options(&pair.client, &options), 0);
    assert_int_equal(cmio_tcp_stream_get_options(&pair.client, &read), 0);
    assert_int_equal(read.keepalive_idle, has_numbers ? 30 : 0); /* as it was */
    const struct cmio_tcp_stream_options none = {.keepalive = false};
    assert_int_equal(cmio_tcp_stream_set_options(&pair.client, &none), 0);
    assert_int_equal(cmio_tcp_stream_get_options(&pair.client, &read), 0);
    assert_false(read.keepalive || read.linger);
    close_pair(&pair);
}

static void options_that_make_no_sense_change_nothing(void **state) {
    (void)state;
    static const struct cmio_tcp_stream_options wrong[] = {
        {.keepalive_idle = 1},
        {.keepalive_interval = 1},
        {.keepalive_count = 1},
        {.linger_seconds = 1},
        {.keepalive = true, .keepalive_idle = 32768},
        {.keepalive = true, .keepalive_interval = 32768},
        {.keepalive = true, .keepalive_count = 128},
        {.keepalive = true, .linger = true, .linger_seconds = 32768},
    };
    struct pair pair;
    open_pair(&pair, "127.0.0.1:0");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct cmio_tcp_stream_options read;
        assert_int_equal(cmio_tcp_stream_set_options(&pair.client, &wrong[i]), -EINVAL);
        assert_int_equal(cmio_tcp_stream_get_options(&pair.client, &read), 0);
        assert_false(read.keepalive || read.linger);
    }
    close_pair(&pair);
}

static void a_linger_of_no_seconds_resets_the_connection(void **state) {
    (void)state;
    struct pair pair;
    char byte;
    const struct cmio_tcp_stream_options reset = {.linger = true};
    open_pair(&pair, "127.0.0.1:0");
    assert_int_equal(cmio_tcp_stream_set_options(&pair.client, &reset), 0);
    struct cmio_tcp_stream_options read;
    assert_int_equal(cmio_tcp_stream_get_options(&pair.client, &read), 0);
    assert_true(read.linger);
    assert_int_equal(read.linger_seconds, 0);
    assert_int_equal(cmio_tcp_stream_write(&pair.client, "x", 1), 1);
    assert_int_equal(cmio_tcp_stream_close(&pair.client), 0);
    await(cmio_tcp_stream_fd(&pair.server), POLLIN);
    ssize_t count;
    while ((count = cmio_tcp_stream_read(&pair.server, &byte, 1)) > 0)
        continue; /* what arrived before the reset may be there */
    assert_int_equal(count, -ECONNRESET);
    close_pair(&pair);
}

static void linger_is_changed_alone_and_read_back(void **state) {
    (void)state;
    struct pair pair;
    struct cmio_tcp_stream_options options = {.keepalive = true};
    bool enabled = true;
    uint32_t seconds = 9;
    open_pair(&pair, "127.0.0.1:0");
    TEST_OK(cmio_tcp_stream_linger(&pair.client, &enabled, &seconds));
    assert_true(!enabled && seconds == 0);
    TEST_OK(cmio_tcp_stream_set_options(&pair.client, &options));
    TEST_OK(cmio_tcp_stream_set_linger(&pair.client, true, 32767));
    TEST_OK(cmio_tcp_stream_linger(&pair.client, &enabled, &seconds));
    assert_true(enabled && seconds == 32767);
    TEST_OK(cmio_tcp_stream_get_options(&pair.client, &options));
    assert_true(options.keepalive && options.linger && options.linger_seconds == 32767);
    TEST_FAILS(cmio_tcp_stream_set_linger(&pair.client, true, 32768), -EINVAL);
    TEST_FAILS(cmio_tcp_stream_set_linger(&pair.client, false, 1), -EINVAL);
    TEST_OK(cmio_tcp_stream_linger(&pair.client, NULL, &seconds));
    assert_int_equal(seconds, 32767);
    TEST_OK(cmio_tcp_stream_set_linger(&pair.client, false, 0));
    TEST_OK(cmio_tcp_stream_linger(&pair.client, &enabled, NULL));
    assert_false(enabled);
    TEST_OK(cmio_tcp_stream_get_options(&pair.client, &options));
    assert_true(options.keepalive && !options.linger);
    close_pair(&pair);
}

static void a_linger_of_no_seconds_set_alone_resets_the_connection(void **state) {
    (void)state;
    struct pair pair;
    char byte;
    open_pair(&pair, "127.0.0.1:0");
    TEST_OK(cmio_tcp_stream_set_linger(&pair.client, true, 0));
    TEST_OK(cmio_tcp_stream_close(&pair.client));
    await(cmio_tcp_stream_fd(&pair.server), POLLIN);
    TEST_FAILS(cmio_tcp_stream_read(&pair.server, &byte, 1), -ECONNRESET);
    close_pair(&pair);
}

static void linger_of_a_closed_stream_is_an_error(void **state) {
    (void)state;
    struct cmio_tcp_stream closed = {0};
    bool enabled = true;
    uint32_t seconds = 9;
    TEST_FAILS(cmio_tcp_stream_set_linger(&closed, true, 0), -EBADF);
    TEST_FAILS(cmio_tcp_stream_set_linger(&closed, false, 1), -EINVAL);
    TEST_FAILS(cmio_tcp_stream_set_linger(NULL, true, 0), -EINVAL);
    TEST_FAILS(cmio_tcp_stream_linger(&closed, &enabled, &seconds), -EBADF);
    TEST_FAILS(cmio_tcp_stream_linger(NULL, &enabled, &seconds), -EINVAL);
    assert_true(enabled && seconds == 9);
}

static void a_read_stops_before_urgent_data(void **state) {
    (void)state;
    struct pair pair;
    char buffer[16];
    open_pair(&pair, "127.0.0.1:0");
    const int fd = cmio_tcp_stream_fd(&pair.client);
    assert_int_equal(cmio_tcp_stream_write(&pair.client, "abc", 3), 3);
    assert_int_equal(send(fd, "x", 1, MSG_OOB), 1);
    assert_int_equal(cmio_tcp_stream_write(&pair.client, "def", 3), 3);
    await(cmio_tcp_stream_fd(&pair.server), POLLPRI);
    assert_int_equal(cmio_tcp_stream_read(&pair.server, buffer, sizeof buffer), 3);
    assert_memory_equal(buffer, "abc", 3);
    ssize_t count;
    TEST_EVENTUALLY((count = cmio_tcp_stream_read(&pair.server, buffer, sizeof buffer)) != -EAGAIN);
    assert_int_equal(count, 3);
    assert_memory_equal(buffer, "def", 3);
    close_pair(&pair);
}

static void sockets_of_other_families_are_not_adopted(void **state) {
    (void)state;
    struct cmio_tcp_stream stream;
    struct cmio_tcp_listener listener;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(cmio_tcp_stream_from_fd(&stream, fds[0]), -EAFNOSUPPORT);
    assert_int_equal(cmio_tcp_listener_from_fd(&listener, fds[0]), -EAFNOSUPPORT);
    assert_int_equal(close(fds[0]), 0);
    assert_int_equal(close(fds[1]), 0);
}

static void a_negative_offset_of_a_file_is_invalid(void **state) {
    (void)state;
    struct pair pair;
    open_pair(&pair, "127.0.0.1:0");
    assert_int_equal(cmio_tcp_stream_send_file(&pair.client, -1, -1, 1), -EINVAL);
    assert_int_equal(cmio_tcp_stream_send_file(&pair.client, -1, INT64_MIN, 1), -EINVAL);
    assert_int_equal(cmio_tcp_stream_send_file(&pair.client, -1, 0, SIZE_MAX), -EBADF);
    close_pair(&pair);
}

/* A port that nobody listens on, nor can as long as the descriptor is open. */
static int open_refusing(struct cmio_address *out) {
    socklen_t length = sizeof out->u.v4;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(cmio_address_parse("127.0.0.1:0", out), 0);
    assert_int_equal(bind(fd, &out->u.any, length), 0);
    assert_int_equal(getsockname(fd, &out->u.any, &length), 0);
    return fd;
}

/* False where the system knows at once, and connect says so. */
static bool is_refused_later(struct cmio_tcp_stream *stream) {
    struct cmio_address address;
    const int holder = open_refusing(&address);
    const int error = cmio_tcp_stream_connect(stream, &address);
    if (error == 0)
        await(cmio_tcp_stream_fd(stream), POLLOUT);
    else
        assert_int_equal(error, -ECONNREFUSED);
    assert_int_equal(close(holder), 0);
    return error == 0;
}

static void a_refused_connect_stays_refused(void **state) {
    (void)state;
    struct cmio_tcp_stream stream;
    if (!is_refused_later(&stream))
        skip();
    for (int i = 0; i < 3; i++)
        assert_int_equal(cmio_tcp_stream_finish_connect(&stream), -ECONNREFUSED);
    assert_int_equal(cmio_tcp_stream_take_error(&stream), 0); /* it was taken */
    assert_int_equal(cmio_tcp_stream_finish_connect(&stream), -ECONNREFUSED);
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
}

static char one_byte;
static const struct iovec one_vector = {.iov_base = &one_byte, .iov_len = 1};

static ssize_t told_by_take_error(struct cmio_tcp_stream *stream) {
    return cmio_tcp_stream_take_error(stream);
}

static ssize_t told_by_read(struct cmio_tcp_stream *stream) {
    return cmio_tcp_stream_read(stream, &one_byte, 1);
}

static ssize_t told_by_readv(struct cmio_tcp_stream *stream) {
    return cmio_tcp_stream_readv(stream, &one_vector, 1);
}

static ssize_t told_by_peek(struct cmio_tcp_stream *stream) {
    return cmio_tcp_stream_peek(stream, &one_byte, 1);
}

static ssize_t told_by_write(struct cmio_tcp_stream *stream) {
    return cmio_tcp_stream_write(stream, &one_byte, 1);
}

static ssize_t told_by_writev(struct cmio_tcp_stream *stream) {
    return cmio_tcp_stream_writev(stream, &one_vector, 1);
}

static ssize_t told_by_send_file(struct cmio_tcp_stream *stream) {
    const int file = open("/proc/self/exe", O_RDONLY);
    const ssize_t result = file < 0 ? -ENOSYS : cmio_tcp_stream_send_file(stream, file, 0, 1);
    if (file >= 0)
        assert_int_equal(close(file), 0);
    return result;
}

static void a_refused_connect_stays_refused_whichever_call_was_told(void **state) {
    (void)state;
    static ssize_t (*const calls[])(struct cmio_tcp_stream * stream) = {
        told_by_take_error, told_by_read,   told_by_readv,     told_by_peek,
        told_by_write,      told_by_writev, told_by_send_file,
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct cmio_tcp_stream stream;
        if (!is_refused_later(&stream))
            skip();
        const ssize_t result = calls[i](&stream);
        if (result != -ENOSYS) {
            assert_int_equal(result, -ECONNREFUSED);
            for (int round = 0; round < 3; round++) {
                assert_int_equal(cmio_tcp_stream_finish_connect(&stream), -ECONNREFUSED);
                (void)cmio_tcp_stream_write(&stream, &one_byte, 1); /* other errors by now */
                (void)cmio_tcp_stream_read(&stream, &one_byte, 1);
            }
        }
        assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    }
}

static void a_failure_that_was_told_to_somebody_else_is_not_connected(void **state) {
    (void)state;
    struct cmio_tcp_stream stream;
    if (!is_refused_later(&stream))
        skip();
    int taken = 0;
    socklen_t length = sizeof taken;
    assert_int_equal(getsockopt(cmio_tcp_stream_fd(&stream), SOL_SOCKET, SO_ERROR, &taken, &length),
                     0);
    assert_int_equal(taken, ECONNREFUSED);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cmio_tcp_stream_finish_connect(&stream), -ENOTCONN);
        (void)cmio_tcp_stream_write(&stream, &one_byte, 1);
        (void)cmio_tcp_stream_read(&stream, &one_byte, 1);
    }
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
}

static void a_stream_that_is_made_anew_knows_nothing_of_the_last_failure(void **state) {
    (void)state;
    struct cmio_tcp_stream stream;
    struct pair pair;
    if (!is_refused_later(&stream))
        skip();
    assert_int_equal(cmio_tcp_stream_finish_connect(&stream), -ECONNREFUSED);
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    open_pair(&pair, "127.0.0.1:0");
    const int fd = cmio_tcp_stream_into_fd(&pair.client);
    assert_int_equal(cmio_tcp_stream_from_fd(&stream, fd), 0);
    assert_int_equal(cmio_tcp_stream_finish_connect(&stream), 0);
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    close_pair(&pair);
}

static void a_connection_that_was_reset_has_failed_and_stays_so(void **state) {
    (void)state;
    for (int reads = 0; reads < 2; reads++) {
        struct pair pair;
        const struct cmio_tcp_stream_options reset = {.linger = true};
        open_pair(&pair, "127.0.0.1:0");
        assert_int_equal(cmio_tcp_stream_finish_connect(&pair.server), 0);
        assert_int_equal(cmio_tcp_stream_set_options(&pair.server, &reset), 0);
        assert_int_equal(cmio_tcp_stream_close(&pair.server), 0);
        await(cmio_tcp_stream_fd(&pair.client), POLLIN);
        if (reads > 0)
            assert_int_equal(cmio_tcp_stream_read(&pair.client, &one_byte, 1), -ECONNRESET);
        for (int i = 0; i < 3; i++)
            assert_int_equal(cmio_tcp_stream_finish_connect(&pair.client), -ECONNRESET);
        close_pair(&pair);
    }
}

static void a_connection_is_connected_until_both_ends_have_ended_it(void **state) {
    (void)state;
    struct pair pair;
    open_pair(&pair, "127.0.0.1:0");
    assert_int_equal(cmio_tcp_stream_shutdown(&pair.server, CMIO_SHUTDOWN_WRITE), 0);
    await(cmio_tcp_stream_fd(&pair.client), POLLIN);
    assert_int_equal(cmio_tcp_stream_read(&pair.client, &one_byte, 1), 0);
    assert_int_equal(cmio_tcp_stream_finish_connect(&pair.client), 0);
    assert_int_equal(cmio_tcp_stream_finish_connect(&pair.server), 0);
    assert_int_equal(cmio_tcp_stream_shutdown(&pair.client, CMIO_SHUTDOWN_WRITE), 0);
    TEST_EVENTUALLY(cmio_tcp_stream_finish_connect(&pair.client) == -ENOTCONN);
    assert_int_equal(cmio_tcp_stream_finish_connect(&pair.client), -ENOTCONN);
    close_pair(&pair);
}

static void connect_takes_ip_addresses_alone(void **state) {
    (void)state;
    struct cmio_tcp_stream stream = {.source.fd = 77};
    struct cmio_address address;
    assert_int_equal(cmio_address_parse("unix:/tmp/x", &address), 0);
    assert_int_equal(cmio_tcp_stream_connect(&stream, &address), -EAFNOSUPPORT);
    assert_int_equal(cmio_tcp_stream_connect(&stream, NULL), -EINVAL);
    assert_int_equal(cmio_tcp_stream_connect(NULL, &address), -EINVAL);
    assert_int_equal(stream.source.fd, 77);
}

static void null_and_closed_streams_are_refused(void **state) {
    (void)state;
    struct pair pair;
    struct cmio_tcp_stream zeroed = {0};
    struct cmio_address address;
    struct iovec vector = {.iov_base = (char[]){'a'}, .iov_len = 1};
    char byte = 0;
    bool nodelay;
    uint32_t ttl;
    struct cmio_tcp_stream_options options = {.keepalive = true};
    open_pair(&pair, "127.0.0.1:0");
    assert_int_equal(cmio_tcp_stream_get_options(&pair.client, NULL), -EINVAL);
    assert_int_equal(cmio_tcp_stream_set_options(&pair.client, NULL), -EINVAL);
    assert_int_equal(cmio_tcp_stream_close(&pair.client), 0);
    struct cmio_tcp_stream *const rows[] = {NULL, &pair.client, &zeroed};
    for (size_t i = 0; i < 3; i++) {
        const int error = i == 0 ? -EINVAL : -EBADF;
        assert_int_equal(cmio_tcp_stream_read(rows[i], &byte, 1), error);
        assert_int_equal(cmio_tcp_stream_readv(rows[i], &vector, 1), error);
        assert_int_equal(cmio_tcp_stream_peek(rows[i], &byte, 1), error);
        assert_int_equal(cmio_tcp_stream_write(rows[i], &byte, 1), error);
        assert_int_equal(cmio_tcp_stream_writev(rows[i], &vector, 1), error);
        assert_int_equal(cmio_tcp_stream_send_file(rows[i], 0, 0, 1), error);
        assert_int_equal(cmio_tcp_stream_shutdown(rows[i], CMIO_SHUTDOWN_BOTH), error);
        assert_int_equal(cmio_tcp_stream_set_options(rows[i], &options), error);
        assert_int_equal(cmio_tcp_stream_get_options(rows[i], &options), error);
        assert_int_equal(cmio_tcp_stream_finish_connect(rows[i]), error);
        assert_int_equal(cmio_tcp_stream_set_nodelay(rows[i], true), error);
        assert_int_equal(cmio_tcp_stream_nodelay(rows[i], &nodelay), error);
        assert_int_equal(cmio_tcp_stream_set_ttl(rows[i], 9), error);
        assert_int_equal(cmio_tcp_stream_ttl(rows[i], &ttl), error);
        assert_int_equal(cmio_tcp_stream_local_address(rows[i], &address), error);
        assert_int_equal(cmio_tcp_stream_peer_address(rows[i], &address), error);
        assert_int_equal(cmio_tcp_stream_take_error(rows[i]), error);
        assert_int_equal(cmio_tcp_stream_fd(rows[i]), error);
        assert_int_equal(cmio_tcp_stream_into_fd(rows[i]), error);
        assert_int_equal(cmio_tcp_stream_close(rows[i]), 0);
    }
    close_pair(&pair);
}

static void a_stream_takes_24_bytes(void **state) {
    (void)state;
    assert_true(sizeof(void *) != 8 || sizeof(struct cmio_tcp_stream) == 24);
}

static void invalid_options_and_offsets_come_before_a_closed_stream(void **state) {
    (void)state;
    struct cmio_tcp_stream closed = {0};
    const struct cmio_tcp_stream_options wrong = {.linger_seconds = 1};
    assert_int_equal(cmio_tcp_stream_send_file(&closed, -1, -1, 1), -EINVAL);
    assert_int_equal(cmio_tcp_stream_set_options(&closed, &wrong), -EINVAL);
    assert_int_equal(cmio_tcp_stream_set_options(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_tcp_stream_get_options(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_tcp_stream_nodelay(&closed, NULL), -EINVAL);
    assert_int_equal(cmio_tcp_stream_set_ttl(&closed, 0), -EINVAL);
    assert_int_equal(cmio_tcp_stream_set_ttl(&closed, 256), -EINVAL);
    assert_int_equal(cmio_tcp_stream_ttl(&closed, NULL), -EINVAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nodelay_and_ttl_are_set_and_read),
    cmocka_unit_test(options_are_set_and_read_back),
    cmocka_unit_test(options_that_make_no_sense_change_nothing),
    cmocka_unit_test(a_linger_of_no_seconds_resets_the_connection),
    cmocka_unit_test(linger_is_changed_alone_and_read_back),
    cmocka_unit_test(a_linger_of_no_seconds_set_alone_resets_the_connection),
    cmocka_unit_test(linger_of_a_closed_stream_is_an_error),
    cmocka_unit_test(a_read_stops_before_urgent_data),
    cmocka_unit_test(sockets_of_other_families_are_not_adopted),
    cmocka_unit_test(a_negative_offset_of_a_file_is_invalid),
    cmocka_unit_test(a_refused_connect_stays_refused),
    cmocka_unit_test(a_refused_connect_stays_refused_whichever_call_was_told),
    cmocka_unit_test(a_failure_that_was_told_to_somebody_else_is_not_connected),
    cmocka_unit_test(a_stream_that_is_made_anew_knows_nothing_of_the_last_failure),
    cmocka_unit_test(a_connection_that_was_reset_has_failed_and_stays_so),
    cmocka_unit_test(a_connection_is_connected_until_both_ends_have_ended_it),
    cmocka_unit_test(connect_takes_ip_addresses_alone),
    cmocka_unit_test(null_and_closed_streams_are_refused),
    cmocka_unit_test(a_stream_takes_24_bytes),
    cmocka_unit_test(invalid_options_and_offsets_come_before_a_closed_stream),
};
TEST_GROUP(net_tcp_stream, tests)
