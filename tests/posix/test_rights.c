/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that travel over Unix streams. Built twice: where recvmsg(2) makes them close-on-exec
 * and as on systems where it cannot. No test may tell the two apart.
 */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "posix/rights.h"

/* More than cmio sends, and what each system takes. */
enum { MANY = 100 };

static void open_pair(int pair[2]) {
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
}

static void close_pair(const int pair[2]) {
    assert_int_equal(close(pair[0]), 0);
    assert_int_equal(close(pair[1]), 0);
}

static void received_descriptors_are_close_on_exec(void **state) {
    (void)state;
    int pair[2];
    int fds[3] = {-1, -1, -1};
    ssize_t count = -1;
    char byte;
    open_pair(pair);
    const int sent[] = {pair[0], pair[1]};
    assert_int_equal(cmio__rights_receive(pair[1], &byte, 1, fds, 3, &count), -EAGAIN);
    assert_int_equal(cmio__rights_send(pair[0], "a", 1, sent, 2), 1);
    assert_int_equal(cmio__rights_receive(pair[1], &byte, 1, fds, 3, &count), 1);
    assert_int_equal(count, 2);
    assert_int_equal(fds[2], -1);
    for (int i = 0; i < 2; i++) {
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        assert_int_equal(close(fds[i]), 0);
    }
    close_pair(pair);
}

/* What a peer may send that is not cmio. */
static void send_many(int fd) {
    union {
        struct cmsghdr aligned;
        unsigned char bytes[2048];
    } control;
    struct iovec vector = {.iov_base = &(char){'a'}, .iov_len = 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control};
    memset(&control, 0, sizeof control);
    message.msg_controllen = CMSG_SPACE(MANY * sizeof fd);
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(MANY * sizeof fd);
    for (size_t i = 0; i < MANY; i++)
        memcpy(CMSG_DATA(part) + i * sizeof fd, &fd, sizeof fd);
    assert_int_equal(sendmsg(fd, &message, 0), 1);
}

static void as_many_as_a_system_sends_are_received_or_closed(void **state) {
    (void)state;
    int pair[2];
    int fds[MANY];
    ssize_t count = -1;
    char byte;
    open_pair(pair);
    const int before = test_count_descriptors();
    send_many(pair[0]);
    assert_int_equal(cmio__rights_receive(pair[1], &byte, 1, fds, MANY - 1, &count), 1);
    assert_int_equal(count, -EMSGSIZE);
    assert_int_equal(test_count_descriptors(), before);
    send_many(pair[0]);
    assert_int_equal(cmio__rights_receive(pair[1], &byte, 1, fds, MANY, &count), 1);
    assert_int_equal(count, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        assert_int_equal(close(fds[i]), 0);
    }
    assert_int_equal(test_count_descriptors(), before);
    close_pair(pair);
}

/* As a system may deliver it: a header, and nothing that belongs to it. */
static void a_part_without_content_does_not_hide_the_next(void **state) {
    (void)state;
    union {
        struct cmsghdr aligned;
        unsigned char bytes[2 * CMSG_SPACE(sizeof(int))];
    } control;
    const int fd = 77;
    memset(&control, 0, sizeof control);
    struct cmsghdr *empty = &control.aligned;
    *empty = (struct cmsghdr){.cmsg_len = CMSG_LEN(0), .cmsg_level = -1, .cmsg_type = -1};
    struct cmsghdr *part = (struct cmsghdr *)(void *)(control.bytes + CMSG_SPACE(0));
    *part = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    part->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(part), &fd, sizeof fd);
    struct msghdr message = {.msg_control = &control};
    message.msg_controllen = CMSG_SPACE(0) + CMSG_SPACE(sizeof fd);
    assert_ptr_equal(cmio__rights_next(&message, NULL), part);
    assert_int_equal(cmio__rights_count(part), 1);
    assert_int_equal(cmio__rights_at(part, 0), 77);
    assert_null(cmio__rights_next(&message, part));
}

static void closed_sockets_are_bad(void **state) {
    (void)state;
    char byte = 0;
    ssize_t count = 77;
    int fd = 0;
    assert_int_equal(cmio__rights_send(-1, "a", 1, &fd, 1), -EBADF);
    assert_int_equal(cmio__rights_receive(-1, &byte, 1, &fd, 1, &count), -EBADF);
    assert_int_equal(count, 77);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(received_descriptors_are_close_on_exec),
    cmocka_unit_test(as_many_as_a_system_sends_are_received_or_closed),
    cmocka_unit_test(a_part_without_content_does_not_hide_the_next),
    cmocka_unit_test(closed_sockets_are_bad),
};
TEST_GROUP(posix_rights, tests)
