/* SPDX-License-Identifier: MIT */
/*
 * The lock of the sets, while a thread that holds it is stopped in a call of sigaction(2): the
 * linker turns that to here (--wrap: see meson.build). Linux, for the child of clone(2).
 */
#include "support/test.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/signals.h>
#include <cmio/time.h>

static atomic_bool must_stop; /* the next thread that calls does */
static atomic_bool stopped;
static atomic_bool may_go_on;
static atomic_bool overlapped; /* another thread called meanwhile */

int __real_sigaction(int number, const struct sigaction *action, struct sigaction *old);
int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *old);
int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *old) {
    if (atomic_exchange(&must_stop, false)) {
        atomic_store(&stopped, true);
        while (!atomic_load(&may_go_on))
            (void)sched_yield();
        atomic_store(&stopped, false);
    } else if (atomic_load(&stopped)) {
        atomic_store(&overlapped, true);
    }
    return __real_sigaction(number, action, old);
}

static void *make_set(void *numbers) {
    struct cmio_signals signals;
    assert_int_equal(cmio_signals_init(&signals, numbers, 1), 0);
    assert_int_equal(cmio_signals_close(&signals), 0);
    return NULL;
}

static int first_number[] = {SIGUSR1};
static int second_number[] = {SIGUSR2};

/* A thread that holds the lock until it is let go. */
static pthread_t start_holder(void) {
    pthread_t holder;
    atomic_store(&may_go_on, false);
    atomic_store(&overlapped, false);
    atomic_store(&must_stop, true);
    assert_int_equal(pthread_create(&holder, NULL, make_set, first_number), 0);
    TEST_EVENTUALLY(atomic_load(&stopped));
    return holder;
}

static void let_go(pthread_t holder) {
    atomic_store(&may_go_on, true);
    assert_int_equal(pthread_join(holder, NULL), 0);
}

/* Gives the other thread time to do what it must not. */
static void watch_for_overlap(void) {
    const int64_t end = test_now() + 50 * CMIO_MILLISECOND;
    while (test_now() < end && !atomic_load(&overlapped))
        (void)sched_yield();
    assert_false(atomic_load(&overlapped));
}

static void a_set_is_made_when_the_thread_that_makes_another_is_done(void **state) {
    (void)state;
    pthread_t other;
    const pthread_t holder = start_holder();
    assert_int_equal(pthread_create(&other, NULL, make_set, second_number), 0);
    watch_for_overlap();
    let_go(holder);
    assert_int_equal(pthread_join(other, NULL), 0);
}

static void *close_one(void *signals) {
    assert_int_equal(cmio_signals_close(signals), 0);
    return NULL;
}

static void a_set_is_closed_when_the_thread_that_makes_another_is_done(void **state) {
    (void)state;
    struct cmio_signals signals;
    pthread_t other;
    assert_int_equal(cmio_signals_init(&signals, second_number, 1), 0);
    const pthread_t holder = start_holder();
    assert_int_equal(pthread_create(&other, NULL, close_one, &signals), 0);
    watch_for_overlap();
    let_go(holder);
    assert_int_equal(pthread_join(other, NULL), 0);
}

/* It has the lock as it was, and no thread that gives it back. */
static void a_cloned_child_makes_a_set_though_a_thread_of_its_parent_holds_the_lock(void **state) {
    (void)state;
    int status = -1;
    const pthread_t holder = start_holder();
    const pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    assert_true(pid >= 0);
    if (pid == 0) {
        struct cmio_signals signals;
        (void)alarm(30); /* or it would wait for ever */
        if (cmio_signals_init(&signals, second_number, 1) != 0)
            _exit(1);
        if (kill(getpid(), SIGUSR2) != 0 || cmio_signals_next(&signals) != SIGUSR2)
            _exit(2);
        _exit(cmio_signals_close(&signals) == 0 ? 0 : 3);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    let_go(holder);
    assert_int_equal(status, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_set_is_made_when_the_thread_that_makes_another_is_done),
    cmocka_unit_test(a_set_is_closed_when_the_thread_that_makes_another_is_done),
    cmocka_unit_test(a_cloned_child_makes_a_set_though_a_thread_of_its_parent_holds_the_lock),
};
TEST_GROUP(signal_lock, tests)
