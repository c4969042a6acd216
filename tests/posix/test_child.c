/* SPDX-License-Identifier: MIT */
/*
 * What tells of a process's end. Built once more with the file for kqueue(2), over stand-ins for
 * it: no test may tell them apart.
 */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/child.h"
#include "posix/descriptor.h"

/* A process that waits for a signal. */
static pid_t start(void) {
    const pid_t pid = fork();
    assert_true(pid >= 0);
    while (pid == 0)
        pause();
    return pid;
}

static void skip_where_impossible(void) {
    const int fd = cmio__child_open(getpid());
    if (fd == -ENOSYS || fd == -ENOTSUP)
        skip();
    assert_true(fd >= 0);
    assert_int_equal(cmio__fd_close(fd), 0);
}

static bool is_readable(int fd, int milliseconds) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return poll(&entry, 1, milliseconds) == 1 && (entry.revents & POLLIN);
}

static void wait_for(int fd, pid_t pid) {
    int status = 77;
    TEST_EVENTUALLY(cmio__child_wait(fd, pid, &status) == 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(cmio__child_wait(fd, pid, &status), -ECHILD);
}

static void the_descriptor_is_readable_from_the_end_on(void **state) {
    (void)state;
    skip_where_impossible();
    const pid_t pid = start();
    const int fd = cmio__child_open(pid);
    int status = 77;
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_false(is_readable(fd, 0));
    assert_int_equal(cmio__child_wait(fd, pid, &status), -EAGAIN);
    assert_int_equal(status, 77);
    assert_int_equal(cmio__child_signal(fd, pid, 0), 0);
    assert_int_equal(cmio__child_signal(fd, pid, SIGKILL), 0);
    assert_true(is_readable(fd, 30000));
    wait_for(fd, pid);
    assert_true(is_readable(fd, 30000));
    assert_int_equal(cmio__fd_close(fd), 0);
}

static void a_rearm_of_a_running_process_changes_nothing(void **state) {
    (void)state;
    skip_where_impossible();
    const pid_t pid = start();
    const int fd = cmio__child_open(pid);
    int span = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cmio__child_rearm(fd, &span), 0);
        assert_false(is_readable(fd, 5));
        assert_int_equal(span, 0);
    }
    assert_int_equal(cmio__child_signal(fd, pid, SIGKILL), 0);
    assert_true(is_readable(fd, 30000));
    wait_for(fd, pid);
    assert_int_equal(cmio__fd_close(fd), 0);
}

/* As when a system tells of the end before the process can be waited for. */
static void a_rearm_after_the_end_makes_it_readable_anew(void **state) {
    (void)state;
    skip_where_impossible();
    const pid_t pid = start();
    const int fd = cmio__child_open(pid);
    int span = 0;
    assert_int_equal(cmio__child_signal(fd, pid, SIGKILL), 0);
    for (int i = 0; i < 10; i++) {
        assert_true(is_readable(fd, 30000));
        assert_int_equal(cmio__child_rearm(fd, &span), 0);
    }
    assert_true(is_readable(fd, 30000));
    wait_for(fd, pid);
    assert_int_equal(cmio__fd_close(fd), 0);
}

static void a_process_that_ended_before_is_readable_and_one_that_is_gone_esrch(void **state) {
    (void)state;
    skip_where_impossible();
    const pid_t pid = start();
    siginfo_t info;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    const int fd = cmio__child_open(pid);
    assert_true(fd >= 0);
    assert_true(is_readable(fd, 30000));
    wait_for(fd, pid);
    assert_int_equal(cmio__fd_close(fd), 0);
    assert_int_equal(cmio__child_open(pid), -ESRCH);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_descriptor_is_readable_from_the_end_on),
    cmocka_unit_test(a_rearm_of_a_running_process_changes_nothing),
    cmocka_unit_test(a_rearm_after_the_end_makes_it_readable_anew),
    cmocka_unit_test(a_process_that_ended_before_is_readable_and_one_that_is_gone_esrch),
};
TEST_GROUP(posix_child, tests)
