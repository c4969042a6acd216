/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmio/signals.h>

#include "support/scale.h"

static struct cmio_signals listen_for(const int *numbers, size_t count) {
    struct cmio_signals signals;
    assert_int_equal(cmio_signals_init(&signals, numbers, count), 0);
    return signals;
}

static int is_readable(const struct cmio_signals *signals) {
    struct pollfd entry = {.fd = signals->source.fd, .events = POLLIN};
    return poll(&entry, 1, 0);
}

static void (*handler_of(int number))(int) {
    struct sigaction action;
    assert_int_equal(sigaction(number, NULL, &action), 0);
    return action.sa_handler;
}

static void signals_are_readable_and_come_each_once(void **state) {
    (void)state;
    const int numbers[] = {SIGUSR1, SIGUSR2, SIGHUP};
    struct cmio_signals signals = listen_for(numbers, 3);
    assert_int_equal(is_readable(&signals), 0);
    assert_int_equal(cmio_signals_next(&signals), -EAGAIN);
    raise(SIGUSR2);
    raise(SIGHUP);
    raise(SIGUSR2);
    assert_int_equal(is_readable(&signals), 1);
    int seen = 0;
    for (int number; (number = cmio_signals_next(&signals)) != -EAGAIN; seen++)
        assert_true(number == SIGUSR2 || number == SIGHUP);
    assert_int_equal(seen, 2);
    assert_int_equal(is_readable(&signals), 0);
    assert_int_equal(cmio_signals_close(&signals), 0);
}

static void more_signals_than_the_pipe_holds_lose_none(void **state) {
    (void)state;
    const int numbers[] = {SIGUSR1, SIGUSR2};
    struct cmio_signals signals = listen_for(numbers, 2);
    for (int i = 0; i < 70000; i++)
        raise(SIGUSR1);
    raise(SIGUSR2);
    assert_int_equal(cmio_signals_next(&signals), SIGUSR1);
    assert_int_equal(cmio_signals_next(&signals), SIGUSR2);
    assert_int_equal(cmio_signals_next(&signals), -EAGAIN);
    assert_int_equal(is_readable(&signals), 0);
    assert_int_equal(cmio_signals_close(&signals), 0);
}

static void overlapping_sets_all_hear_a_signal(void **state) {
    (void)state;
    const int both[] = {SIGUSR1, SIGUSR2};
    const int one[] = {SIGUSR1};
    struct cmio_signals first = listen_for(both, 2);
    struct cmio_signals second = listen_for(one, 1);
    raise(SIGUSR1);
    raise(SIGUSR2);
    assert_int_equal(cmio_signals_next(&first), SIGUSR1);
    assert_int_equal(cmio_signals_next(&first), SIGUSR2);
    assert_int_equal(cmio_signals_next(&second), SIGUSR1);
    assert_int_equal(cmio_signals_next(&second), -EAGAIN);
    assert_int_equal(cmio_signals_close(&first), 0);
    raise(SIGUSR1);
    assert_int_equal(cmio_signals_next(&second), SIGUSR1);
    assert_int_equal(cmio_signals_close(&second), 0);
}

static void count_signal(int number) {
    (void)number;
}

static void the_old_action_comes_back_with_the_last_set(void **state) {
    (void)state;
    const int numbers[] = {SIGUSR1};
    const struct sigaction mine = {.sa_handler = count_signal};
    struct sigaction before;
    assert_int_equal(sigaction(SIGUSR1, &mine, &before), 0);
    struct cmio_signals first = listen_for(numbers, 1);
    struct cmio_signals second = listen_for(numbers, 1);
    assert_ptr_not_equal(handler_of(SIGUSR1), count_signal);
    assert_int_equal(cmio_signals_close(&first), 0);
    assert_ptr_not_equal(handler_of(SIGUSR1), count_signal);
    assert_int_equal(cmio_signals_close(&second), 0);
    assert_ptr_equal(handler_of(SIGUSR1), count_signal);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

static void an_action_that_replaced_ours_is_left_alone(void **state) {
    (void)state;
    const int numbers[] = {SIGUSR1};
    const struct sigaction theirs = {.sa_handler = count_signal};
    struct sigaction before;
    assert_int_equal(sigaction(SIGUSR1, NULL, &before), 0);
    struct cmio_signals signals = listen_for(numbers, 1);
    assert_int_equal(sigaction(SIGUSR1, &theirs, NULL), 0);
    assert_int_equal(cmio_signals_close(&signals), 0);
    assert_ptr_equal(handler_of(SIGUSR1), count_signal);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

static void signals_that_cannot_be_put_off_are_invalid(void **state) {
    (void)state;
    static const int bad[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, 0, -1, 128, 1000};
    struct cmio_signals signals = {.source.fd = 77};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const int numbers[] = {SIGUSR1, bad[i]};
        assert_int_equal(cmio_signals_init(&signals, numbers, 2), -EINVAL);
        assert_ptr_equal(handler_of(SIGUSR1), SIG_DFL);
    }
    const int good = SIGUSR1;
    assert_int_equal(cmio_signals_init(NULL, &good, 1), -EINVAL);
    assert_int_equal(cmio_signals_init(&signals, NULL, 1), -EINVAL);
    assert_int_equal(cmio_signals_init(&signals, &good, 0), -EINVAL);
    assert_int_equal(signals.source.fd, 77);
}

static void a_number_that_the_system_refuses_undoes_those_before_it(void **state) {
    (void)state;
    const int numbers[] = {SIGUSR1, 127};
    struct cmio_signals signals;
    if (sigaction(127, NULL, &(struct sigaction){.sa_handler = SIG_DFL}) == 0)
        skip(); /* a system with that many */
    assert_int_equal(cmio_signals_init(&signals, numbers, 2), -EINVAL);
    assert_ptr_equal(handler_of(SIGUSR1), SIG_DFL);
}

static void null_and_closed_sets_are_refused(void **state) {
    (void)state;
    const int numbers[] = {SIGUSR1};
    struct cmio_signals zeroed = {.watch = NULL};
    struct cmio_signals closed = listen_for(numbers, 1);
    assert_int_equal(cmio_signals_close(&closed), 0);
    assert_int_equal(cmio_signals_close(&closed), 0);
    assert_int_equal(cmio_signals_close(&zeroed), 0);
    assert_int_equal(cmio_signals_close(NULL), 0);
    assert_int_equal(cmio_signals_next(&closed), -EBADF);
    assert_int_equal(cmio_signals_next(&zeroed), -EBADF);
    assert_int_equal(cmio_signals_next(NULL), -EINVAL);
}

static void a_new_set_does_not_hear_what_came_before_it(void **state) {
    (void)state;
    const int numbers[] = {SIGUSR1};
    struct cmio_signals signals = listen_for(numbers, 1);
    raise(SIGUSR1);
    assert_int_equal(cmio_signals_close(&signals), 0);
    signals = listen_for(numbers, 1);
    assert_int_equal(cmio_signals_next(&signals), -EAGAIN);
    assert_int_equal(is_readable(&signals), 0);
    assert_int_equal(cmio_signals_close(&signals), 0);
}

static void errno_is_kept_by_the_handler(void **state) {
    (void)state;
    const int numbers[] = {SIGUSR1};
    struct cmio_signals signals = listen_for(numbers, 1);
    for (int i = 0; i < 70000; i++) { /* also when the pipe is full */
        errno = EXDEV;
        (void)pthread_kill(pthread_self(), SIGUSR1);
        assert_int_equal(errno, EXDEV);
    }
    assert_int_equal(cmio_signals_close(&signals), 0);
}

static atomic_int stop_raising;

static void *raise_until_stopped(void *unused) {
    (void)unused;
    while (!atomic_load(&stop_raising))
        (void)pthread_kill(pthread_self(), SIGUSR1);
    return NULL;
}

/* Closing while handlers run elsewhere: the sanitizers and the descriptor count watch. */
static void sets_come_and_go_while_signals_pour_in(void **state) {
    (void)state;
    const int numbers[] = {SIGUSR1};
    pthread_t thread;
    struct cmio_signals kept = listen_for(numbers, 1); /* or the default action would end us */
    atomic_store(&stop_raising, 0);
    assert_int_equal(pthread_create(&thread, NULL, raise_until_stopped, NULL), 0);
    for (int i = 0; i < test_scale(2000); i++) {
        struct cmio_signals signals = listen_for(numbers, 1);
        (void)cmio_signals_next(&signals);
        assert_int_equal(cmio_signals_close(&signals), 0);
    }
    atomic_store(&stop_raising, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(cmio_signals_close(&kept), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(signals_are_readable_and_come_each_once),
    cmocka_unit_test(more_signals_than_the_pipe_holds_lose_none),
    cmocka_unit_test(overlapping_sets_all_hear_a_signal),
    cmocka_unit_test(the_old_action_comes_back_with_the_last_set),
    cmocka_unit_test(an_action_that_replaced_ours_is_left_alone),
    cmocka_unit_test(signals_that_cannot_be_put_off_are_invalid),
    cmocka_unit_test(a_number_that_the_system_refuses_undoes_those_before_it),
    cmocka_unit_test(null_and_closed_sets_are_refused),
    cmocka_unit_test(a_new_set_does_not_hear_what_came_before_it),
    cmocka_unit_test(errno_is_kept_by_the_handler),
    cmocka_unit_test(sets_come_and_go_while_signals_pour_in),
};
TEST_GROUP(signal_signals, tests)
