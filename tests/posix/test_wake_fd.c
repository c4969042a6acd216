/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "posix/wake_fd.h"

static int is_readable(const struct cmio__wake_fd *wake) {
    struct pollfd entry = {.fd = wake->read_fd, .events = POLLIN};
    return poll(&entry, 1, 0);
}

static void it_is_readable_from_signal_to_drain(void **state) {
    (void)state;
    struct cmio__wake_fd wake;
    assert_int_equal(cmio__wake_fd_open(&wake), 0);
    assert_true(fcntl(wake.read_fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(wake.write_fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(is_readable(&wake), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(cmio__wake_fd_signal(&wake), 0);
    assert_int_equal(is_readable(&wake), 1);
    cmio__wake_fd_drain(&wake);
    assert_int_equal(is_readable(&wake), 0);
    cmio__wake_fd_drain(&wake);
    cmio__wake_fd_close(&wake);
}

/* What an eventfd's counter needs centuries for: as much as it holds, written by hand. */
static void a_full_one_is_drained_and_signalled(void **state) {
    (void)state;
    struct cmio__wake_fd wake;
    assert_int_equal(cmio__wake_fd_open(&wake), 0);
    uint64_t almost_all = UINT64_MAX - 1;
    unsigned char bytes[sizeof almost_all];
    memcpy(bytes, &almost_all, sizeof bytes);
    while (write(wake.write_fd, bytes, sizeof bytes) > 0)
        continue;
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(cmio__wake_fd_signal(&wake), 0);
    assert_int_equal(is_readable(&wake), 1);
    cmio__wake_fd_close(&wake);
}

static void signalling_keeps_errno(void **state) {
    (void)state;
    struct cmio__wake_fd wake;
    assert_int_equal(cmio__wake_fd_open(&wake), 0);
    errno = EXDEV;
    assert_int_equal(cmio__wake_fd_signal(&wake), 0);
    assert_int_equal(errno, EXDEV);
    const struct cmio__wake_fd closed = {.read_fd = -1, .write_fd = -1};
    assert_int_equal(cmio__wake_fd_signal(&closed), -EBADF);
    assert_int_equal(errno, EXDEV);
    cmio__wake_fd_close(&wake);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(it_is_readable_from_signal_to_drain),
    cmocka_unit_test(a_full_one_is_drained_and_signalled),
    cmocka_unit_test(signalling_keeps_errno),
};
TEST_GROUP(posix_wake_fd, tests)
