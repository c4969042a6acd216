/* SPDX-License-Identifier: MIT */
/*
 * What NetBSD's kernel answers and no other does, played on Linux: the linker turns bind(2),
 * getsockopt(2) and sendmsg(2) to here.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/pair.h"
#include "support/scratch.h"
#include "support/test.h"

int __real_bind(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length);
int __real_getsockopt(int fd, int level, int option, void *value, socklen_t *length);
int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *length);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);

/* Follows a symbolic link that leads nowhere, and makes the socket there. */
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length) {
    struct sockaddr_un target = {.sun_family = AF_UNIX};
    if (address->sa_family == AF_UNIX) {
        const char *path = ((const struct sockaddr_un *)(const void *)address)->sun_path;
        if (readlink(path, target.sun_path, sizeof target.sun_path - 1) > 0)
            return __real_bind(fd, (const struct sockaddr *)&target, sizeof target);
    }
    return __real_bind(fd, address, length);
}

/* The numbers of keepalive can be set, but not read. */
int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *length) {
    if (level == IPPROTO_TCP &&
        (option == TCP_KEEPIDLE || option == TCP_KEEPINTVL || option == TCP_KEEPCNT)) {
        errno = ENOPROTOOPT;
        return -1;
    }
    return __real_getsockopt(fd, level, option, value, length);
}

/* A stream without room for descriptors calls them too long. */
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags) {
    const ssize_t result = __real_sendmsg(fd, message, flags);
    if (result < 0 && errno == EAGAIN && message->msg_controllen > 0)
        errno = EMSGSIZE;
    return result;
}

typedef int bind_call(const struct cmio_address *address);

static int bind_listener(const struct cmio_address *address) {
    struct cmio_unix_listener listener;
    const int error = cmio_unix_listener_bind_replacing_stale(&listener, address, NULL);
    return error < 0 ? error : cmio_unix_listener_close(&listener);
}

static int bind_datagram(const struct cmio_address *address) {
    struct cmio_unix_datagram socket;
    const int error = cmio_unix_datagram_bind_replacing_stale(&socket, address);
    return error < 0 ? error : cmio_unix_datagram_close(&socket);
}

static void a_link_that_leads_nowhere_is_not_followed_by_bind_replacing_stale(void **state) {
    (void)state;
    static bind_call *const calls[] = {bind_listener, bind_datagram};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct test_scratch scratch;
        test_scratch_open(&scratch);
        const struct cmio_address address = test_scratch_address(&scratch, "link");
        const struct cmio_address nowhere = test_scratch_address(&scratch, "nowhere");
        assert_int_equal(symlink(nowhere.u.local.sun_path, address.u.local.sun_path), 0);
        assert_int_equal(calls[i](&address), -EADDRINUSE);
        assert_false(test_scratch_has(&scratch, "nowhere"));
        assert_int_equal(unlink(address.u.local.sun_path), 0);
        assert_int_equal(calls[i](&address), 0);
        assert_int_equal(test_scratch_close(&scratch), 1);
    }
}

static void numbers_of_keepalive_that_cannot_be_read_are_0(void **state) {
    (void)state;
    int fds[2];
    struct cmio_tcp_stream stream;
    struct cmio_tcp_stream_options read = {.keepalive_idle = 1};
    const struct cmio_tcp_stream_options options = {
        .keepalive = true,
        .keepalive_idle = 30,
        .keepalive_interval = 5,
        .keepalive_count = 3,
    };
    test_pair_open(TEST_TCP, fds);
    assert_int_equal(cmio_tcp_stream_from_fd(&stream, fds[0]), 0);
    assert_int_equal(cmio_tcp_stream_set_options(&stream, &options), 0);
    assert_int_equal(cmio_tcp_stream_get_options(&stream, &read), 0);
    assert_true(read.keepalive);
    assert_int_equal(read.keepalive_idle, 0);
    assert_int_equal(read.keepalive_interval, 0);
    assert_int_equal(read.keepalive_count, 0);
    assert_int_equal(cmio_tcp_stream_close(&stream), 0);
    test_close(fds[1]);
}

/* Sends a byte with a descriptor. */
static ssize_t send_one(struct cmio_unix_stream *stream) {
    const int fd = cmio_unix_stream_fd(stream);
    return cmio_unix_stream_send_fds(stream, "x", 1, &fd, 1);
}

static void a_full_stream_blocks_descriptors_until_it_has_room(void **state) {
    (void)state;
    struct cmio_unix_stream pair[2];
    assert_int_equal(cmio_unix_stream_pair(&pair[0], &pair[1]), 0);
    assert_int_equal(send_one(&pair[0]), 1);
    (void)test_fill(cmio_unix_stream_fd(&pair[0]));
    assert_int_equal(send_one(&pair[0]), -EAGAIN);
    (void)test_drain(cmio_unix_stream_fd(&pair[1]));
    assert_int_equal(send_one(&pair[0]), 1);
    assert_int_equal(cmio_unix_stream_close(&pair[1]), 0);
    assert_int_equal(send_one(&pair[0]), -EPIPE);
    assert_int_equal(cmio_unix_stream_close(&pair[0]), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_link_that_leads_nowhere_is_not_followed_by_bind_replacing_stale),
    cmocka_unit_test(numbers_of_keepalive_that_cannot_be_read_are_0),
    cmocka_unit_test(a_full_stream_blocks_descriptors_until_it_has_room),
};

TEST_GROUP(net_netbsd, tests)
