/* SPDX-License-Identifier: MIT */

/*
 * What the calls of every kind of stream do. Each test is a row for each kind that it makes sense
 * for. What one kind alone has is in test_tcp_stream.c, test_unix_stream.c and test_pipe.c.
 */

#include "support/pair.h"
#include "support/scale.h"
#include "support/streams.h"
#include "support/system.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* A connection. The client of a pipe is its sender, the server its receiver. */
struct ends {
    const struct test_stream_kind *kind;
    struct test_stream client;
    struct test_stream server;
};

static void open_ends(struct ends *ends, void *const *state) {
    ends->kind = *state;
    if (!test_stream_open(ends->kind, &ends->client, &ends->server))
        skip();
}

static void close_ends(struct ends *ends) {
    TEST_OK(stream_close(&ends->client));
    TEST_OK(stream_close(&ends->server));
}

/* Waits with poll(2): these tests are about the calls, not events. */
static void await_bytes(const struct test_stream *stream) {
    struct pollfd entry = {.fd = stream_fd(stream), .events = POLLIN};
    TEST_GIVES(poll(&entry, 1, 30000), 1);
}

static void expect_prepared(int fd) {
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

/* Bytes. */

static void what_the_client_writes_the_server_reads(void **state) {
    struct ends ends;
    char buffer[8] = "";
    open_ends(&ends, state);
    TEST_FAILS(stream_read(&ends.server, buffer, 8), -EAGAIN);
    TEST_GIVES(stream_write(&ends.client, "abc", 3), 3);
    await_bytes(&ends.server);
    TEST_GIVES(stream_read(&ends.server, buffer, 2), 2);
    TEST_GIVES(stream_read(&ends.server, buffer + 2, 6), 1);
    assert_string_equal(buffer, "abc");
    TEST_FAILS(stream_read(&ends.server, buffer, 8), -EAGAIN);
    TEST_OK(stream_close(&ends.client));
    await_bytes(&ends.server);
    TEST_GIVES(stream_read(&ends.server, buffer, 8), 0);
    close_ends(&ends);
}

static void bytes_go_both_ways(void **state) {
    struct ends ends;
    char buffer[8] = "";
    open_ends(&ends, state);
    TEST_FAILS(stream_read(&ends.server, buffer, 8), -EAGAIN);
    TEST_GIVES(stream_write(&ends.client, "abc", 3), 3);
    await_bytes(&ends.server);
    TEST_GIVES(stream_peek(&ends.server, buffer, 8), 3);
    TEST_GIVES(stream_read(&ends.server, buffer, 8), 3);
    assert_string_equal(buffer, "abc");
    TEST_GIVES(stream_write(&ends.server, "xyz", 3), 3);
    await_bytes(&ends.client);
    TEST_GIVES(stream_read(&ends.client, buffer, 8), 3);
    assert_string_equal(buffer, "xyz");
    TEST_OK(stream_take_error(&ends.client));
    close_ends(&ends);
}

static void several_buffers_go_in_one_call(void **state) {
    struct ends ends;
    char first[3] = "";
    char second[8] = "12345678";
    open_ends(&ends, state);
    const struct iovec out[] = {{.iov_base = (char[]){'a', 'b'}, .iov_len = 2},
                                {.iov_base = NULL, .iov_len = 0},
                                {.iov_base = (char[]){'c', 'd', 'e'}, .iov_len = 3}};
    const struct iovec in[] = {{.iov_base = first, .iov_len = sizeof first},
                               {.iov_base = second, .iov_len = sizeof second}};
    TEST_FAILS(stream_readv(&ends.server, in, 2), -EAGAIN);
    TEST_GIVES(stream_writev(&ends.client, out, 3), 5);
    await_bytes(&ends.server);
    TEST_GIVES(stream_readv(&ends.server, in, 2), 5);
    assert_memory_equal(first, "abc", 3);
    assert_memory_equal(second, "de345678", 8);
    close_ends(&ends);
}

static void no_buffers_are_no_bytes(void **state) {
    struct ends ends;
    char byte = 'a';
    open_ends(&ends, state);
    TEST_GIVES(stream_readv(&ends.server, NULL, 0), 0); /* nothing is there */
    if (ends.kind->family == TEST_FAMILY_PIPE)          /* an empty socket would block */
        TEST_GIVES(stream_read(&ends.server, NULL, 0), 0);
    TEST_GIVES(stream_write(&ends.client, &byte, 1), 1);
    await_bytes(&ends.server);
    TEST_GIVES(stream_readv(&ends.server, NULL, 0), 0);
    TEST_GIVES(stream_writev(&ends.client, NULL, 0), 0);
    TEST_GIVES(stream_write(&ends.client, NULL, 0), 0);
    TEST_GIVES(stream_read(&ends.server, &byte, 1), 1);
    close_ends(&ends);
}

/* Arguments. */

static void too_many_buffers_and_null_ones_are_invalid(void **state) {
    static struct iovec many[IOV_MAX + 1];
    static char byte;
    struct ends ends;
    for (size_t i = 0; i <= IOV_MAX; i++)
        many[i] = (struct iovec){.iov_base = &byte, .iov_len = 1};
    open_ends(&ends, state);
    TEST_FAILS(stream_writev(&ends.client, many, IOV_MAX + 1), -EINVAL);
    TEST_FAILS(stream_readv(&ends.server, many, IOV_MAX + 1), -EINVAL);
    TEST_FAILS(stream_writev(&ends.client, many, -1), -EINVAL);
    TEST_FAILS(stream_readv(&ends.server, many, -1), -EINVAL);
    TEST_FAILS(stream_writev(&ends.client, NULL, 1), -EINVAL);
    TEST_FAILS(stream_readv(&ends.server, NULL, 1), -EINVAL);
    TEST_FAILS(stream_write(&ends.client, NULL, 1), -EINVAL);
    TEST_FAILS(stream_read(&ends.server, NULL, 1), -EINVAL);
    if (ends.server.calls->peek != NULL)
        TEST_FAILS(stream_peek(&ends.server, NULL, 1), -EINVAL);
    TEST_GIVES(stream_writev(&ends.client, many, IOV_MAX), IOV_MAX);
    await_bytes(&ends.server);
    TEST_GIVES(stream_readv(&ends.server, many, IOV_MAX), IOV_MAX);
    close_ends(&ends);
}

/* The array is as long as the kernel looks: not at all, here. valgrind looks in its place. */
static void an_array_of_too_many_buffers_is_not_looked_at(void **state) {
    struct ends ends;
    if (test_is_under_valgrind())
        skip();
    open_ends(&ends, state);
    struct iovec *one = malloc(sizeof *one);
    assert_non_null(one);
    *one = (struct iovec){.iov_base = NULL, .iov_len = 0};
    TEST_FAILS(stream_writev(&ends.client, one, INT_MAX), -EINVAL);
    TEST_FAILS(stream_readv(&ends.server, one, INT_MAX), -EINVAL);
    free(one);
    close_ends(&ends);
}

static void expect_invalid(struct test_stream *closed) {
    const struct iovec vector = {.iov_base = (char[]){'a'}, .iov_len = 1};
    if (closed->calls->read != NULL) {
        TEST_FAILS(stream_read(closed, NULL, 1), -EINVAL);
        TEST_FAILS(stream_readv(closed, NULL, 1), -EINVAL);
        TEST_FAILS(stream_readv(closed, &vector, -1), -EINVAL);
    }
    if (closed->calls->write != NULL) {
        TEST_FAILS(stream_write(closed, NULL, 1), -EINVAL);
        TEST_FAILS(stream_writev(closed, NULL, 1), -EINVAL);
        TEST_FAILS(stream_writev(closed, &vector, -1), -EINVAL);
    }
    if (closed->calls->peek != NULL) {
        TEST_FAILS(stream_peek(closed, NULL, 1), -EINVAL);
        TEST_FAILS(stream_shutdown(closed, (enum cmio_shutdown)77), -EINVAL);
        TEST_FAILS(stream_local_address(closed, NULL), -EINVAL);
        TEST_FAILS(stream_peer_address(closed, NULL), -EINVAL);
    }
}

static void invalid_arguments_come_before_a_closed_stream(void **state) {
    struct ends ends;
    open_ends(&ends, state);
    close_ends(&ends);
    struct test_stream zeroed[] = {{.calls = ends.client.calls}, {.calls = ends.server.calls}};
    expect_invalid(&ends.client);
    expect_invalid(&ends.server);
    expect_invalid(&zeroed[0]);
    expect_invalid(&zeroed[1]);
}

/* Ends. */

static struct sigaction set_default_for_broken_pipes(void) {
    const struct sigaction default_action = {.sa_handler = SIG_DFL};
    struct sigaction before;
    TEST_OK(sigaction(SIGPIPE, &default_action, &before));
    return before;
}

static void writing_after_a_shutdown_is_an_error_and_no_signal(void **state) {
    struct ends ends;
    const struct iovec out = {.iov_base = (char[]){'a'}, .iov_len = 1};
    open_ends(&ends, state);
    const struct sigaction before = set_default_for_broken_pipes();
    TEST_OK(stream_shutdown(&ends.client, CMIO_SHUTDOWN_WRITE));
    TEST_FAILS(stream_write(&ends.client, "a", 1), -EPIPE);
    TEST_FAILS(stream_writev(&ends.client, &out, 1), -EPIPE);
    close_ends(&ends);
    TEST_OK(sigaction(SIGPIPE, &before, NULL));
}

/* The first bytes after a TCP connection's end may only bring the news that it was reset. */
static bool write_fails(struct ends *ends) {
    const ssize_t result = stream_write(&ends->client, "a", 1);
    if (ends->kind->family == TEST_FAMILY_TCP)
        assert_true(result == 1 || result == -EPIPE || result == -ECONNRESET);
    else
        TEST_FAILS(result, -EPIPE);
    return result < 0;
}

static void writing_to_a_gone_peer_is_an_error_and_no_signal(void **state) {
    struct ends ends;
    const struct iovec out = {.iov_base = (char[]){'a'}, .iov_len = 1};
    open_ends(&ends, state);
    const struct sigaction before = set_default_for_broken_pipes();
    TEST_OK(stream_close(&ends.server));
    TEST_EVENTUALLY(write_fails(&ends));
    TEST_FAILS(stream_writev(&ends.client, &out, 1), -EPIPE);
    close_ends(&ends);
    TEST_OK(sigaction(SIGPIPE, &before, NULL));
}

static void shutdown_ends_one_direction_or_both(void **state) {
    struct ends ends;
    char byte;
    open_ends(&ends, state);
    TEST_OK(stream_shutdown(&ends.client, CMIO_SHUTDOWN_WRITE));
    TEST_FAILS(stream_write(&ends.client, "a", 1), -EPIPE);
    await_bytes(&ends.server);
    TEST_GIVES(stream_read(&ends.server, &byte, 1), 0);
    TEST_GIVES(stream_write(&ends.server, "a", 1), 1);
    await_bytes(&ends.client);
    TEST_GIVES(stream_read(&ends.client, &byte, 1), 1);
    TEST_OK(stream_shutdown(&ends.server, CMIO_SHUTDOWN_BOTH));
    TEST_FAILS(stream_write(&ends.server, "a", 1), -EPIPE);
    TEST_FAILS(stream_shutdown(&ends.client, (enum cmio_shutdown)3), -EINVAL);
    close_ends(&ends);
}

/* One that nobody began to connect will not be ready one day, where the system can tell. */
static void an_unconnected_socket_is_not_connected(void **state) {
    struct ends ends;
    struct cmio_address peer;
    open_ends(&ends, state);
    TEST_OK(stream_local_address(&ends.client, &peer));
    const int fd = socket(cmio_address_family(&peer), SOCK_STREAM, 0);
    struct test_stream stream = {.calls = ends.client.calls};
    TEST_OK(stream_from_fd(&stream, fd));
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    const int error = poll(&entry, 1, 0) == 0 ? -EINPROGRESS : -ENOTCONN; /* a BSD; Linux */
    for (int i = 0; i < 3; i++)
        TEST_FAILS(stream_finish_connect(&stream), error);
    peer.length = 77;
    TEST_FAILS(stream_peer_address(&stream, &peer), -ENOTCONN);
    assert_int_equal(peer.length, 77);
    if (ends.kind->family == TEST_FAMILY_TCP)
        TEST_GIVES(stream_shutdown(&stream, CMIO_SHUTDOWN_BOTH),
                   test_answers()->unconnected_is_not_shut ? -ENOTCONN : 0);
    TEST_OK(stream_close(&stream));
    close_ends(&ends);
}

/* Descriptors. */

static void descriptors_are_nonblocking_and_close_on_exec(void **state) {
    struct ends ends;
    open_ends(&ends, state);
    expect_prepared(stream_fd(&ends.client));
    expect_prepared(stream_fd(&ends.server));
    close_ends(&ends);
}

static int give_away(struct test_stream *stream) {
    const int fd = stream_fd(stream);
    TEST_GIVES(stream_into_fd(stream), fd);
    TEST_FAILS(stream_fd(stream), -EBADF);
    TEST_FAILS(stream_into_fd(stream), -EBADF);
    TEST_OK(stream_close(stream));
    return fd;
}

static void adopt(struct test_stream *stream, int fd) {
    TEST_OK(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK));
    TEST_OK(fcntl(fd, F_SETFD, 0));
    TEST_OK(stream_from_fd(stream, fd));
    TEST_GIVES(stream_fd(stream), fd);
    expect_prepared(fd);
}

static void descriptors_are_given_away_open_and_adopted(void **state) {
    struct ends ends;
    char buffer[8];
    open_ends(&ends, state);
    const int client = give_away(&ends.client);
    const int server = give_away(&ends.server);
    test_put(client, 3);
    adopt(&ends.client, client);
    adopt(&ends.server, server);
    await_bytes(&ends.server);
    TEST_GIVES(stream_read(&ends.server, buffer, 8), 3);
    TEST_FAILS(stream_read(&ends.server, buffer, 8), -EAGAIN);
    TEST_GIVES(stream_write(&ends.client, "abc", 3), 3);
    await_bytes(&ends.server);
    TEST_GIVES(stream_read(&ends.server, buffer, 8), 3);
    close_ends(&ends);
}

static const struct CMUnitTest tests[] = {
    EACH_STREAM(what_the_client_writes_the_server_reads),
    EACH_SOCKET(bytes_go_both_ways),
    EACH_STREAM(several_buffers_go_in_one_call),
    EACH_STREAM(no_buffers_are_no_bytes),
    EACH_STREAM(too_many_buffers_and_null_ones_are_invalid),
    EACH_STREAM(an_array_of_too_many_buffers_is_not_looked_at),
    EACH_STREAM(invalid_arguments_come_before_a_closed_stream),
    EACH_SOCKET(writing_after_a_shutdown_is_an_error_and_no_signal),
    EACH_SOCKET(writing_to_a_gone_peer_is_an_error_and_no_signal),
    EACH_SOCKET(shutdown_ends_one_direction_or_both),
    EACH_SOCKET(an_unconnected_socket_is_not_connected),
    EACH_STREAM(descriptors_are_nonblocking_and_close_on_exec),
    EACH_STREAM(descriptors_are_given_away_open_and_adopted),
};

TEST_GROUP(net_streams, tests)
