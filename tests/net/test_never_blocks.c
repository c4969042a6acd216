/* SPDX-License-Identifier: MIT */
/*
 * Somebody who shares a socket clears O_NONBLOCK: what would block says -EAGAIN all the same. A
 * call that blocks is interrupted by a timer, and fails its test with -EINTR.
 */
#include "support/pair.h"
#include "support/test.h"
#include "support/udp.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmio/tcp_stream.h>
#include <cmio/udp_socket.h>
#include <cmio/unix_datagram.h>
#include <cmio/unix_stream.h>

static void wake_up(int number) {
    (void)number;
}

/* Again and again, since a signal that comes before the call blocks does not end it. */
static void watch_over_calls(bool on) {
    const struct sigaction action = {.sa_handler = on ? wake_up : SIG_DFL};
    const struct timeval time = {.tv_sec = on ? 5 : 0};
    const struct itimerval timer = {.it_interval = time, .it_value = time};
    if (on)
        assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
    if (!on)
        assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
}

/* As a child does to what it inherited: through a descriptor of its own. */
static void make_blocking_behind_the_back(int fd) {
    const int other = dup(fd);
    const int flags = fcntl(other, F_GETFL);
    assert_true(flags >= 0);
    assert_int_equal(fcntl(other, F_SETFL, flags & ~O_NONBLOCK), 0);
    assert_int_equal(close(other), 0);
    assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static char bytes[100000];
static const struct iovec vector = {.iov_base = bytes, .iov_len = sizeof bytes};

/* Each kind of socket, and its calls: what they return when they would block. */

static struct cmio_tcp_stream tcp;
static struct cmio_unix_stream local;
static struct cmio_unix_datagram datagrams;
static struct cmio_udp_socket udp;

static ssize_t tcp_read(void) {
    return cmio_tcp_stream_read(&tcp, bytes, sizeof bytes);
}

static ssize_t tcp_readv(void) {
    return cmio_tcp_stream_readv(&tcp, &vector, 1);
}

static ssize_t tcp_peek(void) {
    return cmio_tcp_stream_peek(&tcp, bytes, sizeof bytes);
}

static ssize_t tcp_write(void) {
    return cmio_tcp_stream_write(&tcp, bytes, sizeof bytes);
}

static ssize_t tcp_writev(void) {
    return cmio_tcp_stream_writev(&tcp, &vector, 1);
}

static ssize_t unix_read(void) {
    return cmio_unix_stream_read(&local, bytes, sizeof bytes);
}

static ssize_t unix_readv(void) {
    return cmio_unix_stream_readv(&local, &vector, 1);
}

static ssize_t unix_peek(void) {
    return cmio_unix_stream_peek(&local, bytes, sizeof bytes);
}

static ssize_t unix_receive_fds(void) {
    ssize_t count;
    return cmio_unix_stream_receive_fds(&local, bytes, sizeof bytes, NULL, 0, &count);
}

static ssize_t unix_write(void) {
    return cmio_unix_stream_write(&local, bytes, sizeof bytes);
}

static ssize_t unix_writev(void) {
    return cmio_unix_stream_writev(&local, &vector, 1);
}

static ssize_t unix_send_fds(void) {
    const int fd = cmio_unix_stream_fd(&local);
    return cmio_unix_stream_send_fds(&local, bytes, sizeof bytes, &fd, 1);
}

static ssize_t datagram_recv(void) {
    return cmio_unix_datagram_recv(&datagrams, bytes, sizeof bytes, NULL);
}

static ssize_t datagram_recv_from(void) {
    struct cmio_address peer;
    return cmio_unix_datagram_recv_from(&datagrams, bytes, sizeof bytes, &peer, NULL);
}

static ssize_t datagram_peek(void) {
    return cmio_unix_datagram_peek(&datagrams, bytes, sizeof bytes, NULL);
}

static ssize_t datagram_peek_from(void) {
    struct cmio_address peer;
    return cmio_unix_datagram_peek_from(&datagrams, bytes, sizeof bytes, &peer, NULL);
}

static ssize_t datagram_send(void) {
    return cmio_unix_datagram_send(&datagrams, bytes, 100);
}

static ssize_t udp_recv(void) {
    return cmio_udp_socket_recv(&udp, bytes, sizeof bytes, NULL);
}

static ssize_t udp_recv_from(void) {
    struct cmio_address peer;
    return cmio_udp_socket_recv_from(&udp, bytes, sizeof bytes, &peer, NULL);
}

static ssize_t udp_peek(void) {
    return cmio_udp_socket_peek(&udp, bytes, sizeof bytes, NULL);
}

static ssize_t udp_peek_from(void) {
    struct cmio_address peer;
    return cmio_udp_socket_peek_from(&udp, bytes, sizeof bytes, &peer, NULL);
}

static ssize_t udp_recv_batch(void) {
    struct cmio_udp_message messages[2] = {{.buffer = bytes, .size = 100},
                                           {.buffer = bytes + 100, .size = 100}};
    return cmio_udp_socket_recv_batch(&udp, messages, 2);
}

struct call {
    const char *name;
    ssize_t (*call)(void);
    bool sends;
};

static bool would_block(const struct call *call, ssize_t result) {
    return result == -EAGAIN || (call->sends && result == -ENOBUFS); /* a BSD's full queue */
}

/* What sends fills the socket first, while that still is non-blocking. */
static void expect_no_blocking(const struct call *calls, size_t count, int fd) {
    const int flags = fcntl(fd, F_GETFL);
    for (size_t i = 0; i < count; i++) {
        const struct call *call = &calls[i];
        ssize_t result = 1;
        assert_int_equal(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
        while (call->sends && result > 0)
            result = call->call();
        make_blocking_behind_the_back(fd);
        watch_over_calls(true);
        do /* a full TCP socket may find a little more room */
            result = call->call();
        while (call->sends && result > 0);
        watch_over_calls(false);
        if (!would_block(call, result))
            fail_msg("%s: %zd", call->name, result);
    }
}

#define EXPECT_NO_BLOCKING(calls, fd)                                                              \
    expect_no_blocking((calls), sizeof(calls) / sizeof *(calls), (fd))

static void a_shared_tcp_stream_never_blocks(void **state) {
    (void)state;
    static const struct call calls[] = {
        {"read", tcp_read, false},  {"readv", tcp_readv, false},  {"peek", tcp_peek, false},
        {"write", tcp_write, true}, {"writev", tcp_writev, true},
    };
    int ends[2];
    test_pair_open(TEST_TCP, ends);
    assert_int_equal(cmio_tcp_stream_from_fd(&tcp, ends[0]), 0);
    EXPECT_NO_BLOCKING(calls, ends[0]);
    assert_int_equal(cmio_tcp_stream_close(&tcp), 0);
    test_close(ends[1]);
}

static void a_shared_unix_stream_never_blocks(void **state) {
    (void)state;
    static const struct call calls[] = {
        {"read", unix_read, false},        {"readv", unix_readv, false},
        {"peek", unix_peek, false},        {"receive_fds", unix_receive_fds, false},
        {"write", unix_write, true},       {"writev", unix_writev, true},
        {"send_fds", unix_send_fds, true},
    };
    int ends[2];
    test_pair_open(TEST_UNIX_STREAM, ends);
    assert_int_equal(cmio_unix_stream_from_fd(&local, ends[0]), 0);
    EXPECT_NO_BLOCKING(calls, ends[0]);
    assert_int_equal(cmio_unix_stream_close(&local), 0);
    test_close(ends[1]);
}

static void a_shared_unix_datagram_socket_never_blocks(void **state) {
    (void)state;
    static const struct call calls[] = {
        {"recv", datagram_recv, false}, {"recv_from", datagram_recv_from, false},
        {"peek", datagram_peek, false}, {"peek_from", datagram_peek_from, false},
        {"send", datagram_send, true},
    };
    int ends[2];
    test_pair_open(TEST_UNIX_DATAGRAM, ends);
    assert_int_equal(cmio_unix_datagram_from_fd(&datagrams, ends[0]), 0);
    EXPECT_NO_BLOCKING(calls, ends[0]);
    assert_int_equal(cmio_unix_datagram_close(&datagrams), 0);
    test_close(ends[1]);
}

static void a_shared_udp_socket_never_blocks(void **state) {
    (void)state;
    static const struct call calls[] = {
        {"recv", udp_recv, false},
        {"recv_from", udp_recv_from, false},
        {"peek", udp_peek, false},
        {"peek_from", udp_peek_from, false},
        {"recv_batch", udp_recv_batch, false},
    };
    test_udp_open(&udp, "127.0.0.1:0");
    EXPECT_NO_BLOCKING(calls, cmio_udp_socket_fd(&udp));
    assert_int_equal(cmio_udp_socket_close(&udp), 0);
}

/* To a queue that is full, without being connected to it. */
static struct cmio_address full_queue;

static ssize_t datagram_send_to(void) {
    return cmio_unix_datagram_send_to(&datagrams, bytes, 100, &full_queue);
}

static void sending_to_a_full_queue_never_blocks(void **state) {
    (void)state;
    static const struct call calls[] = {{"send_to", datagram_send_to, true}};
    struct cmio_unix_datagram receiver;
    const struct cmio_address any = test_address("unix:");
    if (cmio_unix_datagram_bind(&receiver, &any) < 0)
        skip(); /* not Linux, which finds a name */
    assert_int_equal(cmio_unix_datagram_local_address(&receiver, &full_queue), 0);
    assert_int_equal(cmio_unix_datagram_unbound(&datagrams), 0);
    EXPECT_NO_BLOCKING(calls, cmio_unix_datagram_fd(&datagrams));
    assert_int_equal(cmio_unix_datagram_close(&datagrams), 0);
    assert_int_equal(cmio_unix_datagram_close(&receiver), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_shared_tcp_stream_never_blocks),
    cmocka_unit_test(a_shared_unix_stream_never_blocks),
    cmocka_unit_test(a_shared_unix_datagram_socket_never_blocks),
    cmocka_unit_test(a_shared_udp_socket_never_blocks),
    cmocka_unit_test(sending_to_a_full_queue_never_blocks),
};
TEST_GROUP(net_never_blocks, tests)
