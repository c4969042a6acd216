/* SPDX-License-Identifier: MIT */
/*
 * New sockets and pipes. Built twice: with the files that set flags atomically, and with the plain
 * ones for systems that cannot. No test may tell them apart.
 */
#include "support/scale.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>

#include "posix/descriptor.h"
#include "posix/socket.h"

static void assert_prepared(int fd) {
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void new_sockets_are_nonblocking_and_close_on_exec(void **state) {
    (void)state;
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    for (size_t i = 0; i < 2; i++) {
        const int fd = cmio__socket_open(AF_INET, types[i]);
        assert_prepared(fd);
        assert_int_equal(cmio__fd_close(fd), 0);
    }
    assert_int_equal(cmio__socket_open(AF_INET, -1), -EINVAL);
}

static void accepted_sockets_are_too(void **state) {
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *name = (struct sockaddr *)&address;
    socklen_t length = sizeof address;
    const int listener = cmio__socket_open(AF_INET, SOCK_STREAM);
    assert_int_equal(cmio__socket_bind(listener, name, length), 0);
    assert_int_equal(cmio__socket_listen(listener, 1), 0);
    assert_int_equal(cmio__socket_local_name(listener, name, &length), 0);
    assert_int_equal(cmio__socket_accept(listener, NULL, NULL), -EAGAIN);
    const int client = cmio__socket_open(AF_INET, SOCK_STREAM);
    assert_int_equal(cmio__socket_connect(client, name, length), 0);
    int accepted = -1;
    TEST_EVENTUALLY((accepted = cmio__socket_accept(listener, NULL, NULL)) != -EAGAIN);
    assert_prepared(accepted);
    assert_int_equal(cmio__fd_close(accepted), 0);
    assert_int_equal(cmio__fd_close(client), 0);
    assert_int_equal(cmio__fd_close(listener), 0);
    assert_int_equal(cmio__socket_accept(-1, NULL, NULL), -EBADF);
}

static void both_sockets_of_a_pair_are_too(void **state) {
    (void)state;
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    for (size_t i = 0; i < 2; i++) {
        int fds[2];
        char byte = 0;
        assert_int_equal(cmio__socket_pair(AF_UNIX, types[i], fds), 0);
        assert_prepared(fds[0]);
        assert_prepared(fds[1]);
        assert_int_equal(cmio__socket_receive(fds[0], &byte, 1, 0), -EAGAIN);
        assert_int_equal(cmio__socket_send(fds[1], "a", 1), 1);
        assert_int_equal(cmio__socket_receive(fds[0], &byte, 1, 0), 1);
        assert_int_equal(byte, 'a');
        assert_int_equal(cmio__fd_close(fds[0]), 0);
        assert_int_equal(cmio__fd_close(fds[1]), 0);
    }
    int untouched[2] = {77, 77};
    assert_true(cmio__socket_pair(AF_INET, SOCK_STREAM, untouched) < 0);
    assert_int_equal(untouched[0], 77);
}

static void both_ends_of_a_pipe_are_too(void **state) {
    (void)state;
    int fds[2];
    char byte = 0;
    assert_int_equal(cmio__pipe_open(fds), 0);
    assert_prepared(fds[0]);
    assert_prepared(fds[1]);
    assert_int_equal(cmio__fd_read(fds[0], &byte, 1), -EAGAIN);
    assert_int_equal(cmio__fd_write(fds[1], "a", 1), 1);
    assert_int_equal(cmio__fd_read(fds[0], &byte, 1), 1);
    assert_int_equal(byte, 'a');
    assert_int_equal(cmio__fd_close(fds[0]), 0);
    assert_int_equal(cmio__fd_close(fds[1]), 0);
}

static void without_descriptors_nothing_is_left_open(void **state) {
    (void)state;
    int fds[2] = {77, 77};
    int hoard[64];
    int count = 0;
    const int lowest = dup(0);
    close(lowest);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit lowered = {.rlim_cur = (rlim_t)lowest + 8, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    while (count < 64 && (hoard[count] = dup(0)) >= 0)
        count++;
    assert_true(count < 64);
    assert_int_equal(cmio__socket_open(AF_INET, SOCK_STREAM), -EMFILE);
    assert_int_equal(cmio__socket_pair(AF_UNIX, SOCK_STREAM, fds), -EMFILE);
    assert_int_equal(fds[0], 77);
    assert_int_equal(cmio__pipe_open(fds), -EMFILE);
    if (!test_is_slow()) /* valgrind fails the call after the numbers were written */
        assert_int_equal(fds[0], 77);
    while (count > 0)
        close(hoard[--count]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void closed_descriptors_are_bad(void **state) {
    (void)state;
    char byte;
    assert_int_equal(cmio__fd_close(-1), -EBADF);
    assert_int_equal(cmio__fd_prepare(-1), -EBADF);
    assert_int_equal(cmio__fd_read(-1, &byte, 1), -EBADF);
    assert_int_equal(cmio__fd_write(-1, "a", 1), -EBADF);
}

static void an_option_that_the_system_lacks_is_not_supported(void **state) {
    (void)state;
    int value = 77;
    assert_int_equal(cmio__socket_set_option(-1, SOL_SOCKET, -1, 1), -ENOTSUP);
    assert_int_equal(cmio__socket_option(-1, SOL_SOCKET, -1, &value), -ENOTSUP);
    assert_int_equal(value, 77);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(new_sockets_are_nonblocking_and_close_on_exec),
    cmocka_unit_test(accepted_sockets_are_too),
    cmocka_unit_test(both_sockets_of_a_pair_are_too),
    cmocka_unit_test(both_ends_of_a_pipe_are_too),
    cmocka_unit_test(without_descriptors_nothing_is_left_open),
    cmocka_unit_test(closed_descriptors_are_bad),
    cmocka_unit_test(an_option_that_the_system_lacks_is_not_supported),
};
TEST_GROUP(posix_socket, tests)
