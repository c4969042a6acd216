/* SPDX-License-Identifier: MIT */
/*
 * New sockets and pipes, and files that are sent. Built twice: with the files for what this system
 * can do, and with the plain ones for systems that cannot. No test may tell them apart.
 */
#include "support/pair.h"
#include "support/scale.h"
#include "support/system.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
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
    const int error = cmio__socket_open(AF_INET, -1);
    assert_true(error == -test_answers()->bad_type || error == -test_answers()->bad_type_too);
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
    if (!test_is_under_valgrind()) /* which lets this call through */
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

/* A file that holds the numbers from 0 to 255 over and over. */
static int open_numbers(size_t length) {
    FILE *file = tmpfile();
    assert_non_null(file);
    for (size_t i = 0; i < length; i++)
        assert_int_equal(fputc((int)(i & 0xff), file), (int)(i & 0xff));
    assert_int_equal(fflush(file), 0);
    const int fd = dup(fileno(file));
    assert_true(fd >= 0);
    assert_int_equal(fclose(file), 0);
    return fd;
}

/* What the file holds from an offset on, taken from the socket. */
static void expect_numbers(int fd, size_t offset, size_t length) {
    unsigned char buffer[4096];
    while (length > 0) {
        const size_t wanted = length < sizeof buffer ? length : sizeof buffer;
        ssize_t count;
        TEST_EVENTUALLY((count = cmio__socket_receive(fd, buffer, wanted, 0)) != -EAGAIN);
        assert_true(count > 0);
        for (ssize_t i = 0; i < count; i++)
            assert_int_equal(buffer[i], (offset + (size_t)i) & 0xff);
        offset += (size_t)count;
        length -= (size_t)count;
    }
}

static void files_are_sent_from_an_offset_to_their_end(void **state) {
    (void)state;
    const size_t length = 1000;
    const int file = open_numbers(length);
    const off_t position = lseek(file, 100, SEEK_SET);
    int ends[2];
    test_pair_open(TEST_TCP, ends);
    assert_int_equal(cmio__socket_send_file(ends[1], file, 7, 300), 300);
    expect_numbers(ends[0], 7, 300);
    assert_int_equal(cmio__socket_send_file(ends[1], file, 900, 300), 100);
    expect_numbers(ends[0], 900, 100);
    assert_int_equal(cmio__socket_send_file(ends[1], file, (off_t)length, 300), 0);
    assert_int_equal(cmio__socket_send_file(ends[1], file, 5000, 300), 0);
    assert_int_equal(cmio__socket_send_file(ends[1], file, 0, 0), 0);
    char byte;
    assert_int_equal(cmio__socket_receive(ends[0], &byte, 1, 0), -EAGAIN);
    assert_int_equal(lseek(file, 0, SEEK_CUR), position);
    assert_int_equal(cmio__fd_close(file), 0);
    test_pair_close(ends);
}

static void as_much_is_sent_as_was_asked_for_where_there_is_room(void **state) {
    (void)state;
    const size_t length = 50000; /* several buffers of whoever copies */
    const int file = open_numbers(length);
    int ends[2];
    test_pair_open(TEST_TCP, ends);
    assert_int_equal(cmio__socket_set_option(ends[1], SOL_SOCKET, SO_SNDBUF, 131072), 0);
    assert_int_equal(cmio__socket_send_file(ends[1], file, 0, length), length);
    expect_numbers(ends[0], 0, length);
    assert_int_equal(cmio__fd_close(file), 0);
    test_pair_close(ends);
}

static void files_go_on_where_the_socket_was_full(void **state) {
    (void)state;
    const size_t length = 4 << 20;
    const int file = open_numbers(length);
    int ends[2];
    size_t sent = 0;
    int times_full = 0;
    test_pair_open(TEST_TCP, ends);
    assert_int_equal(cmio__socket_set_option(ends[1], SOL_SOCKET, SO_SNDBUF, 65536), 0);
    for (size_t taken = 0; taken < length; taken = sent) {
        ssize_t count;
        while ((count = cmio__socket_send_file(ends[1], file, (off_t)sent, length - sent)) > 0)
            sent += (size_t)count;
        if (count < 0)
            assert_int_equal(count, -EAGAIN);
        times_full += count < 0;
        expect_numbers(ends[0], taken, sent - taken);
    }
    assert_true(times_full > 0);
    assert_int_equal(cmio__fd_close(file), 0);
    test_pair_close(ends);
}

static void what_is_no_file_to_send_is_refused(void **state) {
    (void)state;
    int ends[2];
    int pipe[2];
    test_pair_open(TEST_TCP, ends);
    assert_int_equal(cmio__pipe_open(pipe), 0);
    const int directory = open("/", O_RDONLY | O_DIRECTORY);
    const int file = open_numbers(10);
    assert_int_equal(cmio__socket_send_file(ends[1], pipe[0], 0, 1), -ESPIPE);
    assert_int_equal(cmio__socket_send_file(ends[1], ends[0], 0, 1), -ESPIPE);
    assert_int_equal(cmio__socket_send_file(ends[1], directory, 0, 1),
                     test_answers()->directories_are_read ? 1 : -EISDIR);
    assert_int_equal(cmio__socket_send_file(ends[1], -1, 0, 1), -EBADF);
    assert_int_equal(cmio__socket_send_file(-1, file, 0, 1), -EBADF);
    assert_int_equal(cmio__fd_close(file), 0);
    assert_int_equal(cmio__fd_close(directory), 0);
    test_pair_close(pipe);
    test_pair_close(ends);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(files_are_sent_from_an_offset_to_their_end),
    cmocka_unit_test(as_much_is_sent_as_was_asked_for_where_there_is_room),
    cmocka_unit_test(files_go_on_where_the_socket_was_full),
    cmocka_unit_test(what_is_no_file_to_send_is_refused),
    cmocka_unit_test(new_sockets_are_nonblocking_and_close_on_exec),
    cmocka_unit_test(accepted_sockets_are_too),
    cmocka_unit_test(both_sockets_of_a_pair_are_too),
    cmocka_unit_test(both_ends_of_a_pipe_are_too),
    cmocka_unit_test(without_descriptors_nothing_is_left_open),
    cmocka_unit_test(closed_descriptors_are_bad),
    cmocka_unit_test(an_option_that_the_system_lacks_is_not_supported),
};
TEST_GROUP(posix_socket, tests)
