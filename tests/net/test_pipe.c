/* SPDX-License-Identifier: MIT */
#include "support/system.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmio/pipe.h>

#include "support/pair.h"
#include "support/scale.h"

struct ends {
    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
};

static void open_ends(struct ends *ends) {
    assert_int_equal(cmio_pipe_new(&ends->sender, &ends->receiver), 0);
}

static void close_ends(struct ends *ends) {
    assert_int_equal(cmio_pipe_sender_close(&ends->sender), 0);
    assert_int_equal(cmio_pipe_receiver_close(&ends->receiver), 0);
}

static void expect_prepared(int fd) {
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void up_to_pipe_buf_bytes_go_whole_or_not_at_all(void **state) {
    (void)state;
    struct ends ends;
    static char bytes[PIPE_BUF];
    open_ends(&ends);
    ssize_t count;
    while ((count = cmio_pipe_sender_write(&ends.sender, bytes, sizeof bytes)) > 0)
        assert_int_equal(count, PIPE_BUF);
    assert_int_equal(count, -EAGAIN);
    close_ends(&ends);
}

static void a_large_write_falls_short_and_the_next_has_no_room(void **state) {
    (void)state;
    struct ends ends;
    const size_t length = 4 << 20;
    char *bytes = calloc(1, length);
    assert_non_null(bytes);
    open_ends(&ends);
    ssize_t count = cmio_pipe_sender_write(&ends.sender, bytes, length);
    assert_true(count > 0 && (size_t)count < length);
    assert_int_equal(cmio_pipe_sender_write(&ends.sender, bytes, length), -EAGAIN);
    close_ends(&ends);
    free(bytes);
}

static volatile sig_atomic_t broken_pipes;

static void count_broken_pipe(int number) {
    (void)number;
    broken_pipes++;
}

static void writing_without_a_reader_is_epipe_with_the_signal_that_posix_wants(void **state) {
    (void)state;
    struct ends ends;
    const struct iovec out = {.iov_base = (char[]){'a'}, .iov_len = 1};
    struct sigaction counting = {.sa_handler = count_broken_pipe};
    struct sigaction before;
    broken_pipes = 0;
    assert_int_equal(sigaction(SIGPIPE, &counting, &before), 0);
    open_ends(&ends);
    assert_int_equal(cmio_pipe_receiver_close(&ends.receiver), 0);
    assert_int_equal(cmio_pipe_sender_write(&ends.sender, "a", 1), -EPIPE);
    assert_int_equal(broken_pipes, 1);
    assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    assert_int_equal(cmio_pipe_sender_write(&ends.sender, "a", 1), -EPIPE);
    assert_int_equal(cmio_pipe_sender_writev(&ends.sender, &out, 1), -EPIPE);
    assert_int_equal(broken_pipes, 1);
    close_ends(&ends);
    assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
}

static void without_descriptors_both_ends_are_untouched(void **state) {
    (void)state;
    if (test_is_under_valgrind())
        skip(); /* it keeps the limit itself, and prints */
    struct ends ends = {.sender.source.fd = 77, .receiver.source.fd = 78};
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int error = cmio_pipe_new(&ends.sender, &ends.receiver);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(error, -EMFILE);
    assert_int_equal(ends.sender.source.fd, 77);
    assert_int_equal(ends.receiver.source.fd, 78);
    assert_int_equal(cmio_pipe_new(NULL, &ends.receiver), -EINVAL);
    assert_int_equal(cmio_pipe_new(&ends.sender, NULL), -EINVAL);
}

static void adopted_pipes_sockets_and_devices_are_made_like_ours(void **state) {
    (void)state;
    struct ends ends;
    int fds[2];
    char buffer[4];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(cmio_pipe_receiver_from_fd(&ends.receiver, fds[0]), 0);
    assert_int_equal(cmio_pipe_sender_from_fd(&ends.sender, fds[1]), 0);
    expect_prepared(fds[0]);
    expect_prepared(fds[1]);
    assert_int_equal(cmio_pipe_receiver_read(&ends.receiver, buffer, 4), -EAGAIN);
    close_ends(&ends);

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(cmio_pipe_receiver_from_fd(&ends.receiver, fds[0]), 0);
    assert_int_equal(cmio_pipe_sender_from_fd(&ends.sender, fds[1]), 0);
    assert_int_equal(cmio_pipe_sender_write(&ends.sender, "abc", 3), 3);
    assert_int_equal(cmio_pipe_receiver_read(&ends.receiver, buffer, 4), 3);
    close_ends(&ends);

    assert_int_equal(cmio_pipe_sender_from_fd(&ends.sender, open("/dev/null", O_RDWR)), 0);
    assert_int_equal(cmio_pipe_sender_write(&ends.sender, "abc", 3), 3);
    assert_int_equal(cmio_pipe_sender_close(&ends.sender), 0);
}

static void an_adopted_end_keeps_its_other_flags(void **state) {
    (void)state;
    struct ends ends;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    int before[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fcntl(fds[i], F_SETFL, O_APPEND), 0);
        before[i] = fcntl(fds[i], F_GETFL);
        assert_true(before[i] & O_APPEND);
        assert_false(before[i] & O_NONBLOCK);
    }
    assert_int_equal(cmio_pipe_receiver_from_fd(&ends.receiver, fds[0]), 0);
    assert_int_equal(cmio_pipe_sender_from_fd(&ends.sender, fds[1]), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(fcntl(fds[i], F_GETFL), before[i] | O_NONBLOCK);
    close_ends(&ends);
}

static void the_ends_of_a_fifo_can_be_adopted(void **state) {
    (void)state;
    struct ends ends;
    char buffer[4];
    char folder[] = "/tmp/cmio-pipe-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/fifo", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    /* In this order neither waits for the other. */
    const int receiver = open(path, O_RDONLY | O_NONBLOCK);
    const int sender = open(path, O_WRONLY);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(cmio_pipe_receiver_from_fd(&ends.receiver, receiver), 0);
    assert_int_equal(cmio_pipe_sender_from_fd(&ends.sender, sender), 0);
    expect_prepared(sender);
    assert_int_equal(cmio_pipe_receiver_read(&ends.receiver, buffer, 4), -EAGAIN);
    assert_int_equal(cmio_pipe_sender_write(&ends.sender, "abc", 3), 3);
    assert_int_equal(cmio_pipe_receiver_read(&ends.receiver, buffer, 4), 3);
    close_ends(&ends);
}

static void a_terminal_can_be_adopted(void **state) {
    (void)state;
    struct ends ends;
    char buffer[8];
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        skip();
    const int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    assert_int_equal(cmio_pipe_sender_from_fd(&ends.sender, master), 0);
    assert_int_equal(cmio_pipe_receiver_from_fd(&ends.receiver, terminal), 0);
    assert_int_equal(cmio_pipe_receiver_read(&ends.receiver, buffer, 8), -EAGAIN);
    assert_int_equal(cmio_pipe_sender_write(&ends.sender, "abc\n", 4), 4);
    TEST_EVENTUALLY(cmio_pipe_receiver_read(&ends.receiver, buffer, 8) == 4);
    assert_memory_equal(buffer, "abc\n", 4);
    close_ends(&ends);
}

static void expect_refused(int fd, int to_send, int to_receive) {
    struct ends ends = {.sender.source.fd = 77, .receiver.source.fd = 78};
    const int flags = fcntl(fd, F_GETFL);
    assert_int_equal(cmio_pipe_sender_from_fd(&ends.sender, fd), to_send);
    assert_int_equal(cmio_pipe_receiver_from_fd(&ends.receiver, fd), to_receive);
    assert_true(to_send == 0 || ends.sender.source.fd == 77);
    assert_true(to_receive == 0 || ends.receiver.source.fd == 78);
    assert_true(to_send == 0 || to_receive == 0 || fcntl(fd, F_GETFL) == flags);
}

static void descriptors_of_the_wrong_kind_stay_the_caller_s(void **state) {
    (void)state;
    char path[] = "/tmp/cmio-pipe-XXXXXX";
    int fds[2];
    const int file = mkstemp(path);
    const int folder = open("/", O_RDONLY);
    assert_true(file >= 0 && folder >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(pipe(fds), 0);
    expect_refused(file, -EPERM, -EPERM);
    expect_refused(folder, -EPERM, -EPERM);
    if (!test_answers()->pipes_go_both_ways) {
        expect_refused(fds[0], -EINVAL, 0);
        expect_refused(fds[1], 0, -EINVAL);
    }
    expect_refused(-1, -EBADF, -EBADF);
    test_close(file);
    test_close(folder);
    test_pair_close(fds);
    expect_refused(fds[0], -EBADF, -EBADF);
}

static void null_and_closed_ends_are_refused(void **state) {
    (void)state;
    struct ends closed;
    struct ends zeroed = {0};
    struct iovec vector = {.iov_base = (char[]){'a'}, .iov_len = 1};
    char byte = 0;
    open_ends(&closed);
    close_ends(&closed);
    struct ends *const rows[] = {NULL, &closed, &zeroed};
    for (size_t i = 0; i < 3; i++) {
        const int error = i == 0 ? -EINVAL : -EBADF;
        struct cmio_pipe_sender *sender = i == 0 ? NULL : &rows[i]->sender;
        struct cmio_pipe_receiver *receiver = i == 0 ? NULL : &rows[i]->receiver;
        assert_int_equal(cmio_pipe_sender_write(sender, &byte, 1), error);
        assert_int_equal(cmio_pipe_sender_writev(sender, &vector, 1), error);
        assert_int_equal(cmio_pipe_sender_fd(sender), error);
        assert_int_equal(cmio_pipe_sender_into_fd(sender), error);
        assert_int_equal(cmio_pipe_sender_close(sender), 0);
        assert_int_equal(cmio_pipe_receiver_read(receiver, &byte, 1), error);
        assert_int_equal(cmio_pipe_receiver_readv(receiver, &vector, 1), error);
        assert_int_equal(cmio_pipe_receiver_fd(receiver), error);
        assert_int_equal(cmio_pipe_receiver_into_fd(receiver), error);
        assert_int_equal(cmio_pipe_receiver_close(receiver), 0);
    }
    assert_int_equal(cmio_pipe_sender_from_fd(NULL, 0), -EINVAL);
    assert_int_equal(cmio_pipe_receiver_from_fd(NULL, 0), -EINVAL);
}

static void an_end_takes_24_bytes(void **state) {
    (void)state;
    assert_true(sizeof(void *) != 8 || sizeof(struct cmio_pipe_sender) == 24);
    assert_true(sizeof(void *) != 8 || sizeof(struct cmio_pipe_receiver) == 24);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(up_to_pipe_buf_bytes_go_whole_or_not_at_all),
    cmocka_unit_test(a_large_write_falls_short_and_the_next_has_no_room),
    cmocka_unit_test(writing_without_a_reader_is_epipe_with_the_signal_that_posix_wants),
    cmocka_unit_test(without_descriptors_both_ends_are_untouched),
    cmocka_unit_test(adopted_pipes_sockets_and_devices_are_made_like_ours),
    cmocka_unit_test(an_adopted_end_keeps_its_other_flags),
    cmocka_unit_test(the_ends_of_a_fifo_can_be_adopted),
    cmocka_unit_test(a_terminal_can_be_adopted),
    cmocka_unit_test(descriptors_of_the_wrong_kind_stay_the_caller_s),
    cmocka_unit_test(null_and_closed_ends_are_refused),
    cmocka_unit_test(an_end_takes_24_bytes),
};
TEST_GROUP(net_pipe, tests)
