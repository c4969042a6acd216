/* SPDX-License-Identifier: MIT */

/*
 * What FreeBSD has and OpenBSD has not: EVFILT_USER, units of timers, and the write filter of a
 * pipe that goes with its reader.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "kq.h"
#include "support/scale.h"

enum { IDENT = 42 };

static int trigger(int kq) {
    return kq_change(kq, IDENT, EVFILT_USER, 0, NOTE_TRIGGER, 0, NULL);
}

static void open_user(int *kq, unsigned flags) {
    *kq = kq_open();
    assert_int_equal(kq_change(*kq, IDENT, EVFILT_USER, EV_ADD | flags, 0, 0, NULL), 0);
}

static void a_trigger_before_a_wait_is_kept(void **state) {
    (void)state;
    int kq;
    open_user(&kq, EV_CLEAR);
    kq_expect_silence(kq);
    assert_int_equal(trigger(kq), 0);
    assert_true(kq_is_readable(kq));
    (void)kq_expect(kq, IDENT, EVFILT_USER);
    assert_false(kq_is_readable(kq));
    kq_expect_silence(kq);
    test_close(kq);
}

static void a_level_trigger_holds_until_it_is_cleared(void **state) {
    (void)state;
    int kq;
    open_user(&kq, 0);
    assert_int_equal(trigger(kq), 0);
    for (int i = 0; i < 3; i++)
        (void)kq_expect(kq, IDENT, EVFILT_USER);
    assert_int_equal(kq_change(kq, IDENT, EVFILT_USER, EV_CLEAR, 0, 0, NULL), 0);
    kq_expect_silence(kq);
    test_close(kq);
}

static void fflags_are_kept_and_combined(void **state) {
    (void)state;
    int kq = kq_open();
    assert_int_equal(kq_change(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, 0x6, 0, NULL), 0);
    static const struct {
        unsigned change, result;
    } steps[] = {
        {NOTE_FFNOP | 0x1, 0x6},  {NOTE_FFOR | 0x1, 0x7},   {NOTE_FFAND | 0x3, 0x3},
        {NOTE_FFCOPY | 0x8, 0x8}, {NOTE_FFCOPY | 0x0, 0x0},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        assert_int_equal(
            kq_change(kq, IDENT, EVFILT_USER, 0, NOTE_TRIGGER | steps[i].change, 0, NULL), 0);
        assert_int_equal(kq_expect(kq, IDENT, EVFILT_USER).fflags, steps[i].result);
    }
    test_close(kq);
}

/* Every trigger whose turn it was while nobody looked is one event; none is lost. */

struct trigger {
    int kq;
    int rounds;
    atomic_int answered;
};

static bool is_answered(struct trigger *trigger, int round) {
    return atomic_load(&trigger->answered) > round;
}

static void *trigger_often(void *argument) {
    struct trigger *self = argument;
    for (int round = 0; round < self->rounds; round++) {
        assert_int_equal(trigger(self->kq), 0);
        TEST_EVENTUALLY(is_answered(self, round));
    }
    return NULL;
}

static void triggers_of_another_thread_are_never_lost(void **state) {
    (void)state;
    pthread_t thread;
    struct trigger other = {.rounds = test_scale(5000)};
    atomic_init(&other.answered, 0);
    open_user(&other.kq, EV_CLEAR);
    assert_int_equal(pthread_create(&thread, NULL, trigger_often, &other), 0);
    for (int round = 0; round < other.rounds; round++) {
        (void)kq_expect(other.kq, IDENT, EVFILT_USER);
        atomic_fetch_add(&other.answered, 1);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    kq_expect_silence(other.kq);
    test_close(other.kq);
}

static atomic_int kq_of_handler;

static void trigger_from_handler(int number) {
    (void)number;
    int kept = errno;
    (void)trigger(atomic_load(&kq_of_handler));
    errno = kept;
}

static void a_signal_handler_may_trigger(void **state) {
    (void)state;
    int kq;
    struct sigaction action;
    open_user(&kq, EV_CLEAR);
    atomic_store(&kq_of_handler, kq);
    memset(&action, 0, sizeof action);
    action.sa_handler = trigger_from_handler;
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(raise(SIGUSR1), 0);
        (void)kq_expect(kq, IDENT, EVFILT_USER);
        kq_expect_silence(kq);
    }
    action.sa_handler = SIG_DFL;
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    test_close(kq);
}

static void timers_have_units(void **state) {
    (void)state;
    static const struct {
        unsigned unit;
        int64_t amount, span;
    } timers[] = {
        {NOTE_NSECONDS, 100000, 100000},
        {NOTE_USECONDS, 250, 250000},
        {NOTE_MSECONDS, 3, 3000000},
        {NOTE_SECONDS, 1, 1000000000},
    };
    int kq = kq_open();
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
        int64_t start = test_now();
        assert_int_equal(kq_change(kq, i, EVFILT_TIMER, EV_ADD | EV_ONESHOT, timers[i].unit,
                                   timers[i].amount, NULL),
                         0);
        (void)kq_expect(kq, (int)i, EVFILT_TIMER);
        assert_true(test_now() - start >= timers[i].span);
    }
    assert_int_equal(kq_change(kq, 9, EVFILT_TIMER, EV_ADD, NOTE_SECONDS | NOTE_USECONDS, 1, NULL),
                     EINVAL);
    assert_int_equal(kq_change(kq, 9, EVFILT_TIMER, EV_ADD, NOTE_SECONDS, INT64_MAX, NULL), EINVAL);
    test_close(kq);
}

/* In level mode too. */
static void the_filter_of_a_pipe_without_reader_goes_with_its_event(void **state) {
    (void)state;
    int fds[2];
    int kq = kq_open();
    test_pair_open(TEST_PIPE, fds);
    assert_int_equal(kq_add(kq, fds[1], EVFILT_WRITE, 0), 0);
    (void)kq_expect(kq, fds[1], EVFILT_WRITE);
    test_close(fds[0]);
    struct kevent event = kq_expect(kq, fds[1], EVFILT_WRITE);
    assert_int_equal(event.flags, EV_EOF | EV_ONESHOT);
    kq_expect_silence(kq);
    assert_int_equal(kq_delete(kq, fds[1], EVFILT_WRITE), ENOENT);
    assert_int_equal(kq_add(kq, fds[1], EVFILT_WRITE, 0), EPIPE);
    test_close(fds[1]);
    test_close(kq);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_trigger_before_a_wait_is_kept),
    cmocka_unit_test(a_level_trigger_holds_until_it_is_cleared),
    cmocka_unit_test(fflags_are_kept_and_combined),
    cmocka_unit_test(triggers_of_another_thread_are_never_lost),
    cmocka_unit_test(a_signal_handler_may_trigger),
    cmocka_unit_test(timers_have_units),
    cmocka_unit_test(the_filter_of_a_pipe_without_reader_goes_with_its_event),
};

TEST_GROUP(kqueue_freebsd, tests)
