/* SPDX-License-Identifier: MIT */
/*
 * Every send and receive on a socket carries MSG_DONTWAIT, every send MSG_NOSIGNAL, and no look at
 * a socket waits, with the system's calls turned to the test by the linker: a UDP socket that is
 * full cannot be had at will.
 */
#include "support/test.h"
#include "support/udp.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <cmio/tcp_listener.h>
#include <cmio/tcp_stream.h>

static int sends;
static int receives;

static void count(int flags, int wanted, int *calls) {
    assert_int_equal(flags & wanted, wanted);
    ++*calls;
}

static void sent(int flags) {
    count(flags, MSG_DONTWAIT | MSG_NOSIGNAL, &sends);
}

static void received(int flags) {
    count(flags, MSG_DONTWAIT, &receives);
}

ssize_t __real_send(int fd, const void *buffer, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *buffer, size_t size, int flags);

ssize_t __wrap_send(int fd, const void *buffer, size_t size, int flags) {
    sent(flags);
    return __real_send(fd, buffer, size, flags);
}

ssize_t __real_sendto(int fd, const void *buffer, size_t size, int flags,
                      const struct sockaddr *address, socklen_t length);
ssize_t __wrap_sendto(int fd, const void *buffer, size_t size, int flags,
                      const struct sockaddr *address, socklen_t length);

ssize_t __wrap_sendto(int fd, const void *buffer, size_t size, int flags,
                      const struct sockaddr *address, socklen_t length) {
    sent(flags);
    return __real_sendto(fd, buffer, size, flags, address, length);
}

int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned length, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned length, int flags);

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned length, int flags) {
    sent(flags);
    return __real_sendmmsg(fd, messages, length, flags);
}

ssize_t __real_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags) {
    received(flags);
    return __real_recvmsg(fd, message, flags);
}

static int looks;

int __real_poll(struct pollfd *entries, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *entries, nfds_t count, int timeout);

int __wrap_poll(struct pollfd *entries, nfds_t count, int timeout) {
    looks += timeout == 0;
    return __real_poll(entries, count, timeout);
}

enum { CLIENTS = 8 };

/* Of so many clients of a listener with hardly any room, some wait for their answer. */
static void to_ask_whether_a_connect_is_over_does_not_wait(void **state) {
    (void)state;
    const struct cmio_tcp_listener_options options = {.backlog = 1};
    struct cmio_tcp_listener listener;
    struct cmio_tcp_stream streams[CLIENTS];
    struct cmio_address address;
    assert_int_equal(cmio_address_parse("127.0.0.1:0", &address), 0);
    assert_int_equal(cmio_tcp_listener_bind(&listener, &address, &options), 0);
    assert_int_equal(cmio_tcp_listener_local_address(&listener, &address), 0);
    int unanswered = 0;
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(cmio_tcp_stream_connect(&streams[i], &address), 0);
        looks = 0;
        const int error = cmio_tcp_stream_finish_connect(&streams[i]);
        assert_true(error == 0 || error == -EINPROGRESS);
        unanswered += error < 0;
        if (error < 0)
            assert_true(looks > 0);
    }
    assert_true(unanswered > 0);
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(cmio_tcp_stream_close(&streams[i]), 0);
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
}

static void every_udp_call_says_not_to_wait(void **state) {
    (void)state;
    struct test_udp_pair pair;
    char byte = 'a';
    const struct cmio_udp_message messages[] = {{.buffer = &byte, .size = 1},
                                                {.buffer = &byte, .size = 1}};
    test_udp_pair_connect(&pair);
    assert_int_equal(cmio_udp_socket_send(&pair.a, &byte, 1), 1);
    assert_int_equal(cmio_udp_socket_send_batch(&pair.a, messages, 2), 2);
    assert_true(sends >= 2); /* the second is one system call or several */
    sends = 0;
    assert_int_equal(cmio_udp_socket_send_to(&pair.a, &byte, 1, &pair.b_address), 1);
    assert_int_equal(sends, 1);
    test_udp_await(&pair.b);
    assert_int_equal(cmio_udp_socket_recv(&pair.b, &byte, 1, NULL), 1);
    assert_int_equal(receives, 1);
    test_udp_pair_close(&pair);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(to_ask_whether_a_connect_is_over_does_not_wait),
    cmocka_unit_test(every_udp_call_says_not_to_wait),
};
TEST_GROUP(net_flags, tests)
