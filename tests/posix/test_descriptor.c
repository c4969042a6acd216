/* SPDX-License-Identifier: MIT */

/* Descriptors as such, with close(2) turned to the test by the linker. */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "posix/descriptor.h"

static int close_error; /* what close(2) says after it closed, or 0 */

int __real_close(int fd);
int __wrap_close(int fd);

int __wrap_close(int fd) {
    const int result = __real_close(fd);
    if (close_error == 0)
        return result;
    errno = close_error;
    return -1;
}

static int close_that_says(int error) {
    const int fd = dup(1);
    assert_true(fd >= 0);
    close_error = error;
    const int result = cmio__fd_close(fd);
    close_error = 0;
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    return result;
}

static void a_close_that_was_interrupted_has_closed(void **state) {
    (void)state;
    assert_int_equal(close_that_says(EINTR), 0);
    assert_int_equal(close_that_says(EINPROGRESS), 0);
}

static void what_the_system_could_not_write_is_told(void **state) {
    (void)state;
    assert_int_equal(close_that_says(EIO), -EIO);
    assert_int_equal(close_that_says(ENOSPC), -ENOSPC);
    assert_int_equal(cmio__fd_close(-1), -EBADF);
}

static void preparing_keeps_the_other_flags(void **state) {
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(fcntl(fds[1], F_SETFL, O_APPEND), 0);
    const int flags = fcntl(fds[1], F_GETFL);
    for (int time = 0; time < 2; time++) {
        assert_int_equal(cmio__fd_prepare(fds[1]), 0);
        assert_int_equal(fcntl(fds[1], F_GETFL), flags | O_NONBLOCK);
        assert_true(fcntl(fds[1], F_GETFD) & FD_CLOEXEC);
    }
    assert_int_equal(close(fds[0]), 0);
    assert_int_equal(close(fds[1]), 0);
}

static void what_can_be_read_from_is_adopted_for_reading_alone(void **state) {
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(cmio__fd_adopt(fds[0], O_WRONLY), -EINVAL);
    assert_int_equal(cmio__fd_adopt(fds[1], O_RDONLY), -EINVAL);
    for (int i = 0; i < 2; i++) {
        assert_false(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
        assert_false(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
    }
    assert_int_equal(cmio__fd_adopt(fds[0], O_RDONLY), 0);
    assert_int_equal(cmio__fd_adopt(fds[1], O_WRONLY), 0);
    for (int i = 0; i < 2; i++) {
        assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        assert_int_equal(close(fds[i]), 0);
    }
    assert_int_equal(cmio__fd_adopt(fds[0], O_RDONLY), -EBADF);
}

static void an_error_without_a_number_is_eio(void **state) {
    (void)state;
    static const int rows[][2] = {{EAGAIN, -EAGAIN}, {1, -1}, {0, -EIO}, {-3, -EIO}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        errno = rows[i][0];
        assert_int_equal(cmio__last_error(), rows[i][1]);
    }
}

/* Linux is asked with a descriptor of the moment. */
static void whether_a_device_can_be_watched_is_not_guessed_without_descriptors(void **state) {
    (void)state;
    struct rlimit kept;
    const int device = open("/dev/null", O_RDWR);
    const int lowest = dup(device);
    assert_true(device >= 0 && lowest >= 0);
    assert_int_equal(close(lowest), 0);
    const int answer = cmio__fd_check_watchable(device);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
    const struct rlimit full = {.rlim_cur = (rlim_t)lowest, .rlim_max = kept.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &full), 0);
    const int without = cmio__fd_check_watchable(device);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
    assert_int_equal(cmio__fd_check_watchable(device), answer);
    assert_int_equal(close(device), 0);
    if (without == answer)
        skip(); /* built without epoll(7): nobody is asked */
    assert_int_equal(without, -EMFILE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_close_that_was_interrupted_has_closed),
    cmocka_unit_test(what_the_system_could_not_write_is_told),
    cmocka_unit_test(preparing_keeps_the_other_flags),
    cmocka_unit_test(what_can_be_read_from_is_adopted_for_reading_alone),
    cmocka_unit_test(an_error_without_a_number_is_eio),
    cmocka_unit_test(whether_a_device_can_be_watched_is_not_guessed_without_descriptors),
};

TEST_GROUP(posix_descriptor, tests)
