/* SPDX-License-Identifier: MIT */
/*
 * What only kqueue(2) needs of src/posix/child_kqueue.c: a new edge after a rearm, and waits by
 * number. The linker turns waitpid and kevent to here (--wrap: see meson.build).
 */
#include "support/test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* In this order: OpenBSD and NetBSD want the types first. */
#include <sys/event.h>
#include <sys/time.h>

#include "posix/child.h"
#include "posix/descriptor.h"

/* What happens just before cmio's own waitpid(2), once: somebody else waits, or time passes. */
static enum { NOTHING, OTHER_WAITS, OTHER_HAS_NUMBER } meanwhile;

pid_t __real_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options) {
    const int what = (int)meanwhile;
    meanwhile = NOTHING;
    if (what == OTHER_HAS_NUMBER)
        return 0;
    if (what == OTHER_WAITS)
        (void)__real_waitpid(pid, NULL, 0);
    return __real_waitpid(pid, status, options);
}

/* Whether the kernel has no memory for a change. */
static bool is_short;

int __real_kevent(int fd, const struct kevent *changes, int change_count, struct kevent *events,
                  int event_count, const struct timespec *timeout);
int __wrap_kevent(int fd, const struct kevent *changes, int change_count, struct kevent *events,
                  int event_count, const struct timespec *timeout);
int __wrap_kevent(int fd, const struct kevent *changes, int change_count, struct kevent *events,
                  int event_count, const struct timespec *timeout) {
    if (is_short && change_count > 0) {
        errno = ENOMEM;
        return -1;
    }
    return __real_kevent(fd, changes, change_count, events, event_count, timeout);
}

/* How many events there are, waiting for one. */
static int events_within(int queue, time_t seconds) {
    struct kevent event;
    const struct timespec span = {.tv_sec = seconds, .tv_nsec = 20000000};
    return kevent(queue, NULL, 0, &event, 1, &span);
}

static void a_rearm_after_the_end_makes_an_edge_and_before_none(void **state) {
    (void)state;
    struct kevent change;
    int status;
    int span = 0;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    while (pid == 0)
        pause();
    const int queue = kqueue();
    const int fd = cmio__child_open(pid);
    if (fd == -ENOSYS) { /* the stand-in's reason, under valgrind */
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
        assert_int_equal(cmio__fd_close(queue), 0);
        skip();
    }
    EV_SET(&change, (uintptr_t)fd, EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, 0);
    assert_int_equal(kevent(queue, &change, 1, NULL, 0, NULL), 0);
    assert_int_equal(cmio__child_rearm(fd, &span), 0);
    assert_int_equal(events_within(queue, 0), 0);
    assert_int_equal(cmio__child_signal(fd, pid, SIGKILL), 0);
    assert_int_equal(events_within(queue, 30), 1);
    assert_int_equal(events_within(queue, 0), 0);
    static const int pauses[] = {1, 2, 4, 8, 16, 32, 50, 50};
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        assert_int_equal(cmio__child_rearm(fd, &span), 0);
        assert_int_equal(span, pauses[i]);
        assert_int_equal(events_within(queue, 30), 1);
    }
    TEST_EVENTUALLY(cmio__child_wait(fd, pid, &status) == 0);
    assert_int_equal(cmio__fd_close(fd), 0);
    assert_int_equal(cmio__fd_close(queue), 0);
}

/* ptrace(2) as Linux spells it. */
static void a_stop_of_a_process_that_this_one_traces_is_no_end(void **state) {
    (void)state;
    siginfo_t info;
    int status = 77;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        (void)raise(SIGUSR1);
        _exit(7);
    }
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
    assert_int_equal(cmio__child_wait_by_number(pid, &status), -EAGAIN);
    assert_int_equal(status, 77);
    assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
    TEST_EVENTUALLY(cmio__child_wait_by_number(pid, &status) == 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    assert_int_equal(cmio__child_wait_by_number(pid, &status), -ECHILD);
}

static pid_t start_ended(void) {
    siginfo_t info;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(7);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    return pid;
}

static bool is_readable(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return poll(&entry, 1, 30000) == 1;
}

/* The event that told of the end is gone by then, so the next rearm must not look for it. */
static void a_rearm_without_memory_says_so_and_a_later_one_makes_it_readable(void **state) {
    (void)state;
    int span = 0;
    int status;
    const pid_t pid = start_ended();
    const int fd = cmio__child_open(pid);
    if (fd == -ENOSYS) { /* the stand-in's reason, under valgrind */
        (void)waitpid(pid, &status, 0);
        skip();
    }
    assert_true(is_readable(fd));
    is_short = true;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cmio__child_rearm(fd, &span), -ENOMEM);
        assert_true(span < 0);
    }
    is_short = false;
    assert_int_equal(cmio__child_rearm(fd, &span), 0);
    assert_int_equal(span, 1);
    assert_true(is_readable(fd));
    assert_int_equal(cmio__child_wait(fd, pid, &status), 0);
    assert_int_equal(cmio__fd_close(fd), 0);
}

static void a_process_that_another_thread_waits_for_first_is_no_child_any_more(void **state) {
    (void)state;
    int status = 77;
    const pid_t pid = start_ended();
    meanwhile = OTHER_WAITS;
    errno = 0;
    assert_int_equal(cmio__child_wait_by_number(pid, &status), -ECHILD);
    assert_int_equal(status, 77);
}

/* Another thread waited for it, and a new child got the number, which has not ended. */
static void a_new_child_with_the_number_is_waited_for_as_long_as_it_runs(void **state) {
    (void)state;
    int status = 77;
    const pid_t pid = start_ended();
    meanwhile = OTHER_HAS_NUMBER;
    errno = 0;
    assert_int_equal(cmio__child_wait_by_number(pid, &status), -EAGAIN);
    assert_int_equal(status, 77);
    assert_int_equal(cmio__child_wait_by_number(pid, &status), 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_stop_of_a_process_that_this_one_traces_is_no_end),
    cmocka_unit_test(a_rearm_after_the_end_makes_an_edge_and_before_none),
    cmocka_unit_test(a_rearm_without_memory_says_so_and_a_later_one_makes_it_readable),
    cmocka_unit_test(a_process_that_another_thread_waits_for_first_is_no_child_any_more),
    cmocka_unit_test(a_new_child_with_the_number_is_waited_for_as_long_as_it_runs),
};
TEST_GROUP(posix_child_kqueue, tests)
