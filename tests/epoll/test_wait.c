/* SPDX-License-Identifier: MIT */

/*
 * Waits of nanoseconds, where the system has them, where it has not and where a sandbox refuses
 * them: never early in any case. That a call is not there is made so by a seccomp(2) filter in a
 * child process.
 */
#include "epoll/wait.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/time.h>

#include "support/test.h"

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

enum { ROOM = 4 };

static const int64_t timeouts[] = {1,       CMIO_MICROSECOND,     100 * CMIO_MICROSECOND,
                                   1999999, 5 * CMIO_MILLISECOND, 2 * CMIO_MILLISECOND + 1};

/* Whether each wait ended in time and found nothing. */
static bool are_kept(int fd, bool *no_nanoseconds) {
    struct epoll_event records[ROOM];
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        int64_t begin = test_now();
        if (cmio__epoll_wait(fd, records, ROOM, timeouts[i], no_nanoseconds) != 0)
            return false;
        if (test_now() - begin < timeouts[i])
            return false;
    }
    return cmio__epoll_wait(fd, records, ROOM, 0, no_nanoseconds) == 0;
}

static void waits_are_never_early_with_nanoseconds_or_without(void **state) {
    (void)state;
    int fd = epoll_create1(EPOLL_CLOEXEC);
    assert_true(fd >= 0);
    bool no_nanoseconds = false;
    assert_true(are_kept(fd, &no_nanoseconds));
    no_nanoseconds = true;
    assert_true(are_kept(fd, &no_nanoseconds));
    assert_true(no_nanoseconds);
    assert_int_equal(close(fd), 0);
}

/* From now on epoll_pwait2(2) fails with the given error. False where filters cannot be had. */
static bool refuse_nanoseconds(int error) {
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)error & SECCOMP_RET_DATA)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {.len = sizeof steps / sizeof *steps, .filter = steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

enum verdict { KEPT, NOT_KEPT, NOT_REMEMBERED, NO_FILTER };

static enum verdict wait_without(int error) {
    bool no_nanoseconds = false;
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0 || !refuse_nanoseconds(error))
        return NO_FILTER;
    if (!are_kept(fd, &no_nanoseconds))
        return NOT_KEPT;
    return no_nanoseconds ? KEPT : NOT_REMEMBERED;
}

static void expect_fallback(int error) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit((int)wait_without(error));
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_FILTER)
        skip();
    assert_int_equal(WEXITSTATUS(status), KEPT);
}

static void a_kernel_without_the_call_waits_in_milliseconds(void **state) {
    (void)state;
    expect_fallback(ENOSYS);
}

static void a_sandbox_that_refuses_the_call_is_taken_for_such_a_kernel(void **state) {
    (void)state;
    expect_fallback(EPERM);
}

static void what_is_ready_ends_a_wait_of_any_kind(void **state) {
    (void)state;
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    int fd = epoll_create1(EPOLL_CLOEXEC);
    assert_true(fd >= 0);
    struct epoll_event record = {.events = EPOLLIN, .data.u64 = 7};
    assert_int_equal(epoll_ctl(fd, EPOLL_CTL_ADD, pipe_fds[0], &record), 0);
    static const int64_t any[] = {CMIO_FOREVER, 0, 1, CMIO_MILLISECOND, 3600 * CMIO_SECOND + 1};
    for (int without = 0; without < 2; without++)
        for (size_t i = 0; i < sizeof any / sizeof *any; i++) {
            bool no_nanoseconds = without != 0;
            struct epoll_event records[ROOM];
            assert_int_equal(cmio__epoll_wait(fd, records, ROOM, any[i], &no_nanoseconds), 1);
            assert_int_equal(records[0].data.u64, 7);
        }
    assert_int_equal(close(fd), 0);
    assert_int_equal(close(pipe_fds[0]), 0);
    assert_int_equal(close(pipe_fds[1]), 0);
}

static void the_error_of_the_call_comes_back(void **state) {
    (void)state;
    struct epoll_event records[ROOM];
    static const int64_t any[] = {0, 1, CMIO_MILLISECOND};
    for (int without = 0; without < 2; without++)
        for (size_t i = 0; i < sizeof any / sizeof *any; i++) {
            bool no_nanoseconds = without != 0;
            assert_int_equal(cmio__epoll_wait(-1, records, ROOM, any[i], &no_nanoseconds), -EBADF);
        }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(waits_are_never_early_with_nanoseconds_or_without),
    cmocka_unit_test(a_kernel_without_the_call_waits_in_milliseconds),
    cmocka_unit_test(a_sandbox_that_refuses_the_call_is_taken_for_such_a_kernel),
    cmocka_unit_test(what_is_ready_ends_a_wait_of_any_kind),
    cmocka_unit_test(the_error_of_the_call_comes_back),
};

TEST_GROUP(epoll_wait, tests)
