/* SPDX-License-Identifier: MIT */
/*
 * Children that no handler of pthread_atfork(3) knows of, and that are told from their parent by
 * the process number; and one that has its parent's number, in a PID namespace of its own. Linux.
 */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/signals.h>

#include "support/scale.h"

static struct cmio_signals listen_for(int number) {
    struct cmio_signals signals;
    assert_int_equal(cmio_signals_init(&signals, &number, 1), 0);
    return signals;
}

static void expect_silent(struct cmio_signals *signals) {
    assert_int_equal(cmio_signals_next(signals), -EAGAIN);
}

static void expect_heard(struct cmio_signals *signals, int number) {
    assert_int_equal(raise(number), 0);
    assert_int_equal(cmio_signals_next(signals), number);
    expect_silent(signals);
    assert_int_equal(cmio_signals_close(signals), 0);
}

/* fork(2) as the kernel has it. raise(3) may not know such a child's number: kill(2) it is. */
static pid_t clone_raw(unsigned long flags) {
    return (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
}

static int status_of(pid_t pid) {
    int status = -1;
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void expect_killed(pid_t pid, int number) {
    const int status = status_of(pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), number);
}

static void a_cloned_child_dies_of_a_signal_that_its_parent_listens_for(void **state) {
    (void)state;
    struct cmio_signals signals = listen_for(SIGTERM);
    const pid_t pid = clone_raw(0);
    if (pid == 0) {
        (void)kill(getpid(), SIGTERM);
        _exit(0);
    }
    expect_killed(pid, SIGTERM);
    expect_silent(&signals);
    expect_heard(&signals, SIGTERM);
}

static volatile sig_atomic_t calls;
static volatile sig_atomic_t sender;

static void note_call(int number, siginfo_t *info, void *context) {
    (void)number;
    calls = calls + (context != NULL);
    sender = (sig_atomic_t)info->si_pid;
}

static void a_cloned_child_calls_the_function_that_was_there_before_the_set(void **state) {
    (void)state;
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    struct sigaction before;
    action.sa_sigaction = note_call;
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    struct cmio_signals signals = listen_for(SIGUSR1);
    const pid_t pid = clone_raw(0);
    if (pid == 0) {
        errno = EXDEV;
        for (int i = 0; i < 3; i++)
            (void)kill(getpid(), SIGUSR1);
        _exit(calls == 3 && sender == getpid() && errno == EXDEV ? 0 : 1);
    }
    assert_int_equal(status_of(pid), 0);
    expect_silent(&signals);
    expect_heard(&signals, SIGUSR1);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

static void a_cloned_child_ignores_what_was_ignored_before_the_set(void **state) {
    (void)state;
    void (*const before)(int) = signal(SIGUSR1, SIG_IGN);
    struct cmio_signals signals = listen_for(SIGUSR1);
    const pid_t pid = clone_raw(0);
    if (pid == 0) {
        (void)kill(getpid(), SIGUSR1);
        _exit(0);
    }
    assert_int_equal(status_of(pid), 0);
    expect_silent(&signals);
    expect_heard(&signals, SIGUSR1);
    assert_true(signal(SIGUSR1, before) == SIG_IGN);
}

/* In a process group of its own, with its parent in the same session: no orphan. */
static void stop_twice(void) {
    (void)setpgid(0, 0);
    for (int i = 0; i < 2; i++)
        (void)kill(getpid(), SIGTSTP);
    (void)kill(getpid(), SIGCHLD); /* whose default is to do nothing */
    (void)kill(getpid(), SIGTERM);
    _exit(1);
}

static bool is_stopped(pid_t pid) {
    int status = 0;
    return waitpid(pid, &status, WUNTRACED | WNOHANG) == pid && WIFSTOPPED(status);
}

static void a_cloned_child_stops_each_time_and_goes_on(void **state) {
    (void)state;
    if (test_is_under_valgrind())
        skip(); /* nothing stops there */
    static const int numbers[] = {SIGTSTP, SIGCHLD, SIGTERM};
    struct cmio_signals signals;
    assert_int_equal(cmio_signals_init(&signals, numbers, 3), 0);
    const pid_t pid = clone_raw(0);
    if (pid == 0)
        stop_twice();
    for (int i = 0; i < 2; i++) {
        TEST_EVENTUALLY(is_stopped(pid));
        assert_int_equal(kill(pid, SIGCONT), 0);
    }
    expect_killed(pid, SIGTERM);
    assert_int_equal(cmio_signals_next(&signals), SIGCHLD); /* the parent's own */
    expect_heard(&signals, SIGTERM);
}

static int hear(int number) {
    struct cmio_signals own;
    if (cmio_signals_init(&own, &number, 1) != 0)
        return 1;
    if (kill(getpid(), number) != 0 || cmio_signals_next(&own) != number)
        return 2;
    return cmio_signals_close(&own) == 0 ? 0 : 3;
}

static void a_cloned_child_hears_through_a_set_of_its_own_and_dies_without(void **state) {
    (void)state;
    struct cmio_signals signals = listen_for(SIGTERM);
    const pid_t pid = clone_raw(0);
    if (pid == 0) {
        const int result = hear(SIGTERM);
        if (result == 0)
            (void)kill(getpid(), SIGTERM);
        _exit(result);
    }
    expect_killed(pid, SIGTERM);
    expect_silent(&signals);
    expect_heard(&signals, SIGTERM);
}

/* Its memory is its parent's. */
static void a_child_of_vfork_dies_of_a_signal_and_its_parent_s_set_closes(void **state) {
    (void)state;
    struct cmio_signals signals = listen_for(SIGTERM);
    const pid_t pid = vfork();
    if (pid == 0) {
        (void)kill(getpid(), SIGTERM);
        _exit(0);
    }
    expect_killed(pid, SIGTERM);
    expect_silent(&signals);
    expect_heard(&signals, SIGTERM);
}

/* Number 1 of a namespace, the child of number 1 of another one. */
static int be_first_again(void) {
    const int number = SIGUSR1;
    struct cmio_signals signals;
    if (cmio_signals_init(&signals, &number, 1) != 0 || unshare(CLONE_NEWPID) != 0)
        return 1;
    const pid_t pid = fork();
    if (pid == 0) {
        int fds[2]; /* in the place of the set's pipe */
        char byte;
        if (getpid() != 1 || pipe2(fds, O_NONBLOCK) != 0 || dup2(fds[1], 99) != 99)
            _exit(2);
        for (int fd = 3; fd < 99; fd++)
            if (fd != fds[0])
                (void)dup2(99, fd);
        (void)signal(SIGUSR1, SIG_IGN); /* as long as there is no set of its own */
        (void)kill(getpid(), SIGUSR1);
        if (hear(SIGUSR1) != 0)
            _exit(3);
        _exit(read(fds[0], &byte, 1) < 0 ? 0 : 4);
    }
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 5;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 6;
}

static void
a_forked_child_with_its_parent_s_number_writes_to_no_descriptor_of_its_own(void **state) {
    (void)state;
    const pid_t outer = fork();
    assert_true(outer >= 0);
    if (outer == 0) {
        if (unshare(CLONE_NEWPID) != 0)
            _exit(77);
        const pid_t first = fork();
        int status = -1;
        if (first == 0)
            _exit(be_first_again());
        (void)waitpid(first, &status, 0);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 8);
    }
    const int status = status_of(outer);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip(); /* not ours to make namespaces */
    assert_int_equal(WEXITSTATUS(status), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_cloned_child_dies_of_a_signal_that_its_parent_listens_for),
    cmocka_unit_test(a_cloned_child_calls_the_function_that_was_there_before_the_set),
    cmocka_unit_test(a_cloned_child_ignores_what_was_ignored_before_the_set),
    cmocka_unit_test(a_cloned_child_stops_each_time_and_goes_on),
    cmocka_unit_test(a_cloned_child_hears_through_a_set_of_its_own_and_dies_without),
    cmocka_unit_test(a_child_of_vfork_dies_of_a_signal_and_its_parent_s_set_closes),
    cmocka_unit_test(a_forked_child_with_its_parent_s_number_writes_to_no_descriptor_of_its_own),
};
TEST_GROUP(signal_clone, tests)
