/* SPDX-License-Identifier: MIT */
/*
 * src/posix/child_pidfd.c on Linux 5.3, which has pidfds that waitid(2) does not know: the linker
 * turns waitid to here (--wrap: see meson.build).
 */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/child.h"
#include "posix/descriptor.h"

enum { BY_PIDFD = 3, STATUS = 7 };

static bool knows_pidfds;
static void (*before_wait)(void); /* by number, once */

int __real_waitid(idtype_t type, id_t id, siginfo_t *info, int options);
int __wrap_waitid(idtype_t type, id_t id, siginfo_t *info, int options);
int __wrap_waitid(idtype_t type, id_t id, siginfo_t *info, int options) {
    if ((int)type == BY_PIDFD && !knows_pidfds) {
        errno = EINVAL;
        return -1;
    }
    void (*const act)(void) = before_wait;
    before_wait = NULL;
    if (act != NULL)
        act();
    return __real_waitid(type, id, info, options);
}

/* A process that waits for a signal, or ends at once. A shell may have had some ignored. */
static pid_t start(bool stays) {
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGQUIT, SIG_DFL);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        while (stays)
            pause();
        _exit(STATUS);
    }
    return pid;
}

static int open_child(pid_t pid) {
    const int fd = cmio__child_open(pid);
    if (fd == -ENOSYS) { /* valgrind */
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        skip();
    }
    assert_true(fd >= 0);
    return fd;
}

static int wait_on(bool by_pidfd, int fd, pid_t pid, int *status) {
    knows_pidfds = by_pidfd;
    return cmio__child_wait(fd, pid, status);
}

static void expect_same_status(bool stays, int number) {
    for (int by_pidfd = 0; by_pidfd < 2; by_pidfd++) {
        int status = 77;
        const pid_t pid = start(stays);
        const int fd = open_child(pid);
        if (stays) {
            assert_int_equal(wait_on(by_pidfd, fd, pid, &status), -EAGAIN);
            assert_int_equal(cmio__child_signal(fd, pid, number), 0);
        }
        assert_int_equal(status, 77);
        TEST_EVENTUALLY(wait_on(by_pidfd, fd, pid, &status) != -EAGAIN);
        assert_int_equal(stays ? WIFSIGNALED(status) : WIFEXITED(status), 1);
        assert_int_equal(stays ? WTERMSIG(status) : WEXITSTATUS(status), stays ? number : STATUS);
        assert_int_equal(wait_on(by_pidfd, fd, pid, &status), -ECHILD);
        assert_int_equal(cmio__fd_close(fd), 0);
    }
}

static void the_status_is_the_same_with_and_without_waits_by_pidfd(void **state) {
    (void)state;
    expect_same_status(false, 0);
    expect_same_status(true, SIGTERM);
    expect_same_status(true, SIGQUIT); /* which may dump core */
}

static void a_stop_is_no_end_with_and_without_waits_by_pidfd(void **state) {
    (void)state;
    siginfo_t info;
    const pid_t pid = start(true);
    const int fd = open_child(pid);
    int status = 77;
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(__real_waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
    assert_int_equal(wait_on(false, fd, pid, &status), -EAGAIN);
    assert_int_equal(wait_on(true, fd, pid, &status), -EAGAIN);
    assert_int_equal(status, 77);
    assert_int_equal(kill(pid, SIGKILL), 0);
    TEST_EVENTUALLY(wait_on(false, fd, pid, &status) == 0);
    assert_int_equal(cmio__fd_close(fd), 0);
}

/* The number is another's: as if it had been given again, a test says which it is. */
static void the_status_of_another_process_with_the_number_is_not_taken(void **state) {
    (void)state;
    int status = 77;
    const pid_t pid = start(true);
    const int fd = open_child(pid);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    const pid_t running = start(true);
    const pid_t ended = start(false);
    siginfo_t info;
    assert_int_equal(__real_waitid(P_PID, (id_t)ended, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(wait_on(false, fd, running, &status), -ECHILD);
    assert_int_equal(wait_on(false, fd, ended, &status), -ECHILD);
    assert_int_equal(status, 77);
    assert_int_equal(waitpid(ended, &status, WNOHANG), ended);
    assert_int_equal(kill(running, SIGKILL), 0);
    assert_int_equal(waitpid(running, NULL, 0), running);
    assert_int_equal(cmio__fd_close(fd), 0);
}

static pid_t taken_by_another;

static void take(void) {
    assert_int_equal(waitpid(taken_by_another, NULL, 0), taken_by_another);
}

static void a_status_that_is_taken_during_the_look_is_echild(void **state) {
    (void)state;
    for (int by_pidfd = 0; by_pidfd < 2; by_pidfd++) {
        int status = 77;
        const pid_t pid = start(false);
        const int fd = open_child(pid);
        taken_by_another = pid;
        before_wait = take;
        assert_int_equal(wait_on(by_pidfd, fd, pid, &status), -ECHILD);
        assert_int_equal(status, 77);
        assert_int_equal(cmio__fd_close(fd), 0);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_status_is_the_same_with_and_without_waits_by_pidfd),
    cmocka_unit_test(a_stop_is_no_end_with_and_without_waits_by_pidfd),
    cmocka_unit_test(the_status_of_another_process_with_the_number_is_not_taken),
    cmocka_unit_test(a_status_that_is_taken_during_the_look_is_echild),
};
TEST_GROUP(posix_child_pidfd, tests)
