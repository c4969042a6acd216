/* SPDX-License-Identifier: MIT */

/*
 * The wait itself: how long it takes, how much it brings, who may call it, and what it says to
 * wrong arguments. Signals that end it are in test_signals.c.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmio/cmio.h>

#include "backend/expectations.h"
#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"

#define DAY (24 * 3600 * CMIO_SECOND)

enum { TOKEN = 1, WAKER = 2 };

static void an_empty_poll_waits_out_its_timeout(void **state) {
    (void)state;
    static const int64_t timeouts[] = {1 * CMIO_MILLISECOND, 10 * CMIO_MILLISECOND,
                                       100 * CMIO_MILLISECOND};
    struct test_loop loop;
    test_loop_open(&loop);
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        int64_t begin = test_now();
        assert_int_equal(test_loop_wait(&loop, timeouts[i]), 0);
        assert_true(test_now() - begin >= timeouts[i]);
    }
    test_loop_close(&loop);
}

static void a_wait_is_never_early_whatever_its_timeout(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    int tries = test_scale(300);
    for (int i = 0; i < tries; i++) {
        /* Up to 4 ms, most of them no whole number of anything. */
        int64_t timeout = 1 + INT64_C(7919) * i % 499 * 8017;
        int64_t begin = test_now();
        assert_int_equal(test_loop_wait(&loop, timeout), 0);
        assert_true(test_now() - begin >= timeout);
    }
    test_loop_close(&loop);
}

static void a_wait_until_a_deadline_is_never_early(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    int tries = test_scale(100);
    for (int i = 0; i < tries; i++) {
        int64_t deadline = cmio_now() + 100 + INT64_C(104729) * i % 4000000;
        assert_int_equal(cmio_poll_wait_until(loop.poll, loop.events, deadline), 0);
        assert_true(cmio_now() >= deadline);
    }
    test_loop_close(&loop);
}

static void a_zero_timeout_does_not_wait(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    for (int i = 0; i < 100; i++)
        assert_int_equal(test_loop_wait(&loop, 0), 0);
    test_loop_close(&loop);
}

static void a_zero_timeout_still_reports_what_is_ready(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    struct cmio_fd_source reader;
    assert_int_equal(cmio_fd_source_init(&reader, fds[0]), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &reader.source, TOKEN, CMIO_READABLE),
                     0);
    test_put(fds[1], 1);
    assert_int_equal(test_loop_wait(&loop, 0), 1);
    assert_true(loop.came[TOKEN] & CMIO_READABLE);
    assert_int_equal(cmio_fd_source_close(&reader), 0);
    test_pair_close(fds);
    test_loop_close(&loop);
}

static void a_deadline_in_the_past_does_not_wait_and_reports_what_is_ready(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    assert_int_equal(cmio_poll_wait_until(loop.poll, loop.events, 0), 0);
    assert_int_equal(cmio_poll_wait_until(loop.poll, loop.events, cmio_now() - 1), 0);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, loop.registry, WAKER), 0);
    assert_int_equal(cmio_waker_wake(waker), 0);
    assert_int_equal(cmio_poll_wait_until(loop.poll, loop.events, 0), 1);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

static void a_deadline_of_forever_waits_for_an_event(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, loop.registry, WAKER), 0);
    assert_int_equal(cmio_waker_wake(waker), 0);
    assert_int_equal(cmio_poll_wait_until(loop.poll, loop.events, CMIO_FOREVER), 1);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

/*
 * Precision. A machine that is too busy to keep even nanosleep(2) to half a millisecond in twenty
 * tries says nothing; so the two are measured in turn. A library that rounds to whole milliseconds
 * misses every one of some hundreds of tries, while a good one on a busy machine hits some: only
 * when none did although the sleep did is it a failure.
 */

enum { TRIES = 20, ROUNDS = 25 };

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t sleep_overshoot(int64_t span) {
    const struct timespec time = {.tv_nsec = (long)span};
    int64_t begin = test_now();
    nanosleep(&time, NULL);
    return test_now() - begin - span;
}

static int64_t wait_overshoot(struct test_loop *loop, int64_t span) {
    int64_t begin = test_now();
    assert_int_equal(test_loop_wait(loop, span), 0);
    int64_t overshoot = test_now() - begin - span;
    assert_true(overshoot >= 0);
    return overshoot;
}

static void expect_precision(int64_t span) {
    struct test_loop loop;
    test_loop_open(&loop);
    bool promised = expected_fine_timeouts(loop.poll) && !test_is_slow();
    int64_t slept = INT64_MAX;
    int64_t waited = INT64_MAX;
    for (int round = 0; promised && waited > CMIO_MILLISECOND / 2 && round < ROUNDS; round++)
        for (int i = 0; i < TRIES; i++) {
            slept = least(slept, sleep_overshoot(span));
            waited = least(waited, wait_overshoot(&loop, span));
        }
    test_loop_close(&loop);
    if (!promised)
        skip();
    if (waited <= CMIO_MILLISECOND / 2)
        return;
    if (slept > CMIO_MILLISECOND / 2)
        skip();
    fail_msg("waits for %jd ns took at least %jd ns more, sleeps only %jd", (intmax_t)span,
             (intmax_t)waited, (intmax_t)slept);
}

static void a_hundred_microseconds_are_kept_to_sub_millisecond_precision(void **state) {
    (void)state;
    expect_precision(100 * CMIO_MICROSECOND);
}

static void three_point_one_milliseconds_are_kept_to_sub_millisecond_precision(void **state) {
    (void)state;
    expect_precision(3100 * CMIO_MICROSECOND);
}

/*
 * Huge timeouts: the wait blocks until it is woken. That it does not spin meanwhile is seen by the
 * processor time of its thread, at the best of a few tries.
 */

static bool huge_wait_ends_with_the_wake_and_is_idle(struct test_loop *loop,
                                                     struct cmio_waker *waker, test_wait_call *wait,
                                                     int64_t time) {
    struct test_waiter waiter;
    test_waiter_start(&waiter, loop, wait, time);
    test_waiter_give_time_to_spin(&waiter); /* or to return early */
    int64_t woken = test_now();
    assert_int_equal(cmio_waker_wake(waker), 0);
    test_waiter_join(&waiter);
    assert_int_equal(waiter.result, 1);
    assert_true(test_waiter_came(&waiter, WAKER) & CMIO_READABLE);
    assert_true(test_now() >= woken);
    test_waiter_free(&waiter);
    return test_waiter_slept(&waiter);
}

static void expect_huge_wait(test_wait_call *wait, int64_t time) {
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, loop.registry, WAKER), 0);
    bool idle = false;
    for (int i = 0; !idle && i < 10; i++)
        idle = huge_wait_ends_with_the_wake_and_is_idle(&loop, waker, wait, time);
    cmio_waker_free(waker);
    test_loop_close(&loop);
    if (!idle)
        fail_msg("a wait for %jd ns kept the processor busy", (intmax_t)time);
}

static void huge_timeouts_neither_return_early_nor_spin(void **state) {
    (void)state;
    /*
     * Past what milliseconds in an int hold, 24.86 days, in an unsigned, and what nanoseconds do.
     */
    const int64_t timeouts[] = {
        INT64_MAX,
        INT64_MAX - 1,
        INT64_MAX - cmio_now(),
        INT64_MAX / 2,
        INT_MAX * CMIO_MILLISECOND,
        (INT_MAX + INT64_C(1)) * CMIO_MILLISECOND,
        (UINT_MAX + INT64_C(1)) * CMIO_MILLISECOND,
        (UINT_MAX + INT64_C(1)) * CMIO_MILLISECOND + CMIO_MICROSECOND,
        24 * DAY,
        25 * DAY,
        50 * DAY,
        INT_MAX * CMIO_SECOND,
        (INT_MAX + INT64_C(1)) * CMIO_SECOND,
        INT64_MAX / CMIO_MILLISECOND * CMIO_MILLISECOND,
        CMIO_FOREVER,
    };
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++)
        expect_huge_wait(cmio_poll_wait, timeouts[i]);
}

static void huge_deadlines_neither_return_early_nor_spin(void **state) {
    (void)state;
    const int64_t deadlines[] = {
        INT64_MAX,     INT64_MAX - 1, cmio_now() + 25 * DAY, cmio_now() + INT_MAX * CMIO_SECOND,
        INT64_MAX / 2, CMIO_FOREVER,
    };
    for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++)
        expect_huge_wait(cmio_poll_wait_until, deadlines[i]);
}

/* A thread that registers and deregisters without pause until told to stop, or for 30 seconds. */
struct churn {
    pthread_t thread;
    struct cmio_registry *registry;
    struct cmio_fd_source source;
    int64_t rounds;
    int error;
    bool gave_up;
    atomic_bool stop;
};

static void *churn(void *argument) {
    struct churn *churn = argument;
    int64_t give_up = test_now() + 30 * CMIO_SECOND;
    while (!atomic_load(&churn->stop) && churn->error == 0 && !churn->gave_up) {
        churn->error =
            cmio_registry_register(churn->registry, &churn->source.source, TOKEN, CMIO_READABLE);
        if (churn->error == 0)
            churn->error = cmio_registry_deregister(churn->registry, &churn->source.source);
        churn->gave_up = test_now() > give_up;
        churn->rounds++;
    }
    return NULL;
}

static void a_timeout_does_not_start_over_while_another_thread_registers(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    struct churn other = {.registry = loop.registry};
    assert_int_equal(cmio_fd_source_init(&other.source, fds[0]), 0);
    assert_int_equal(pthread_create(&other.thread, NULL, churn, &other), 0);
    int64_t begin = test_now();
    int count = test_loop_wait(&loop, 200 * CMIO_MILLISECOND);
    int64_t elapsed = test_now() - begin;
    atomic_store(&other.stop, true);
    assert_int_equal(pthread_join(other.thread, NULL), 0);
    assert_int_equal(count, 0);
    assert_true(elapsed >= 200 * CMIO_MILLISECOND);
    assert_int_equal(other.error, 0);
    assert_false(other.gave_up);
    assert_true(other.rounds > 0);
    assert_int_equal(cmio_fd_source_close(&other.source), 0);
    test_pair_close(fds);
    test_loop_close(&loop);
}

/* Many ready sources and little room. */

enum { MANY = 100 };

struct many {
    struct cmio_fd_source sources[MANY];
    int fds[MANY][2];
};

static void many_open(struct many *many, struct test_loop *loop, cmio_interest interest) {
    for (int i = 0; i < MANY; i++) {
        test_pair_open(TEST_PIPE, many->fds[i]);
        test_put(many->fds[i][1], 1);
        assert_int_equal(cmio_fd_source_init(&many->sources[i], many->fds[i][0]), 0);
        assert_int_equal(cmio_registry_register(loop->registry, &many->sources[i].source,
                                                (cmio_token)i, interest),
                         0);
    }
}

static void many_close(struct many *many) {
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(cmio_fd_source_close(&many->sources[i]), 0);
        test_pair_close(many->fds[i]);
    }
}

static int visited(const struct test_loop *loop) {
    int count = 0;
    for (int i = 0; i < MANY; i++)
        count += loop->came[i] != 0;
    return count;
}

/* All are there after MANY waits of one where each comes once; level ones may take more turns. */
static void expect_all_visited(cmio_interest interest, size_t capacity, int most_waits) {
    struct test_loop loop;
    test_loop_open_with(&loop, capacity, TEST_HERE);
    struct many *many = malloc(sizeof *many);
    assert_non_null(many);
    many_open(many, &loop, interest);
    int waits = 0;
    for (; visited(&loop) < MANY && waits < most_waits; waits++) {
        int count = test_loop_wait(&loop, 0);
        assert_true(count >= 1 && (size_t)count <= capacity);
    }
    assert_int_equal(visited(&loop), MANY);
    many_close(many);
    free(many);
    test_loop_close(&loop);
}

static void with_room_for_one_a_hundred_ready_edges_come_one_at_a_time(void **state) {
    (void)state;
    expect_all_visited(CMIO_READABLE, 1, MANY);
}

static void with_room_for_one_a_hundred_oneshots_come_one_at_a_time(void **state) {
    (void)state;
    expect_all_visited(CMIO_READABLE | CMIO_ONESHOT, 1, MANY);
}

static void with_room_for_one_no_level_source_of_a_hundred_starves(void **state) {
    (void)state;
    expect_all_visited(CMIO_READABLE | CMIO_LEVEL, 1, 10 * MANY);
}

static void with_room_for_seven_a_hundred_ready_edges_take_fifteen_waits(void **state) {
    (void)state;
    expect_all_visited(CMIO_READABLE, 7, (MANY + 6) / 7);
}

static void with_room_for_seven_no_level_source_of_a_hundred_starves(void **state) {
    (void)state;
    expect_all_visited(CMIO_READABLE | CMIO_LEVEL, 7, 10 * MANY);
}

/* By what does not end an edge, so that no backend is told. */
static void what_was_read_before_its_turn_is_not_reported(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open_with(&loop, 7, TEST_HERE);
    struct many *many = malloc(sizeof *many);
    assert_non_null(many);
    many_open(many, &loop, CMIO_READABLE | CMIO_LEVEL);
    assert_int_equal(test_loop_wait(&loop, 0), 7);
    for (int i = 0; i < MANY; i++)
        test_drain(many->fds[i][0]);
    test_loop_forget(&loop);
    test_loop_expect_silence(&loop);
    many_close(many);
    free(many);
    test_loop_close(&loop);
}

static void a_waker_is_not_starved_by_level_sources(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open_with(&loop, 1, TEST_HERE);
    struct many *many = malloc(sizeof *many);
    assert_non_null(many);
    many_open(many, &loop, CMIO_READABLE | CMIO_LEVEL);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, loop.registry, MANY), 0);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(cmio_waker_wake(waker), 0);
        loop.came[MANY] = 0;
        for (int waits = 0; loop.came[MANY] == 0 && waits < 10 * MANY; waits++)
            assert_int_equal(test_loop_wait(&loop, 0), 1);
        assert_true(loop.came[MANY] & CMIO_READABLE);
    }
    cmio_waker_free(waker);
    many_close(many);
    free(many);
    test_loop_close(&loop);
}

static void a_wait_empties_the_batch_first(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, loop.registry, WAKER), 0);
    assert_int_equal(cmio_waker_wake(waker), 0);
    assert_int_equal(cmio_poll_wait(loop.poll, loop.events, CMIO_FOREVER), 1);
    assert_int_equal(cmio_events_count(loop.events), 1);
    assert_int_equal(cmio_poll_wait(loop.poll, loop.events, 0), 0);
    assert_int_equal(cmio_events_count(loop.events), 0);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

static void a_refused_wait_leaves_the_batch_empty(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, loop.registry, WAKER), 0);
    assert_int_equal(cmio_waker_wake(waker), 0);
    assert_int_equal(cmio_poll_wait(loop.poll, loop.events, CMIO_FOREVER), 1);
    assert_int_equal(cmio_poll_wait(loop.poll, loop.events, -2), -EINVAL);
    assert_int_equal(cmio_events_count(loop.events), 0);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

static void one_batch_serves_several_polls_in_turn(void **state) {
    (void)state;
    struct test_loop loops[2];
    struct cmio_waker *wakers[2];
    for (int i = 0; i < 2; i++) {
        test_loop_open(&loops[i]);
        assert_int_equal(cmio_waker_new(&wakers[i], loops[i].registry, (cmio_token)i), 0);
    }
    for (int round = 0; round < 4; round++) {
        int i = round % 2;
        assert_int_equal(cmio_waker_wake(wakers[i]), 0);
        assert_int_equal(cmio_poll_wait(loops[i].poll, loops[0].events, CMIO_FOREVER), 1);
        assert_int_equal(cmio_events_begin(loops[0].events)->token, i);
    }
    for (int i = 0; i < 2; i++) {
        cmio_waker_free(wakers[i]);
        test_loop_close(&loops[i]);
    }
}

static rlim_t limit_descriptors(rlim_t limit) {
    struct rlimit limits;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limits), 0);
    const rlim_t before = limits.rlim_cur;
    limits.rlim_cur = limit;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limits), 0);
    return before;
}

static void a_limit_below_what_is_registered_loses_no_event(void **state) {
    (void)state;
    if (test_is_under_valgrind())
        skip(); /* it keeps the limit to itself */
    enum { SOURCES = 8 };
    struct test_loop loop;
    struct cmio_fd_source sources[SOURCES];
    int fds[SOURCES][2];
    test_loop_open(&loop);
    for (int i = 0; i < SOURCES; i++) {
        test_pair_open(TEST_PIPE, fds[i]);
        assert_int_equal(cmio_fd_source_init(&sources[i], fds[i][0]), 0);
        assert_int_equal(
            cmio_registry_register(loop.registry, &sources[i].source, (cmio_token)i, CMIO_READABLE),
            0);
    }
    test_put(fds[3][1], 1);
    const rlim_t before = limit_descriptors(SOURCES / 2);
    const int result = test_loop_wait(&loop, 0);
    if (expected_limited(loop.poll))
        assert_int_equal(result, -EMFILE);
    else if (strcmp(cmio_poll_backend(loop.poll), "poll") != 0)
        assert_int_equal(result, 1);
    (void)limit_descriptors(before);
    test_loop_expect(&loop, 3, CMIO_READABLE);
    for (int i = 0; i < SOURCES; i++) {
        assert_int_equal(cmio_fd_source_close(&sources[i]), 0);
        test_pair_close(fds[i]);
    }
    test_loop_close(&loop);
}

static void a_second_thread_that_waits_is_told_busy(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, loop.registry, WAKER), 0);
    struct test_waiter waiter;
    test_waiter_start(&waiter, &loop, cmio_poll_wait, CMIO_FOREVER);
    /* For as long as the first one waits, and whatever the second asks for. */
    assert_int_equal(cmio_poll_wait(loop.poll, loop.events, 0), -EBUSY);
    assert_int_equal(cmio_poll_wait(loop.poll, loop.events, CMIO_SECOND), -EBUSY);
    assert_int_equal(cmio_poll_wait(loop.poll, loop.events, CMIO_FOREVER), -EBUSY);
    assert_int_equal(cmio_poll_wait_until(loop.poll, loop.events, CMIO_FOREVER), -EBUSY);
    assert_int_equal(cmio_events_count(loop.events), 0);
    assert_int_equal(cmio_waker_wake(waker), 0);
    test_waiter_join(&waiter);
    assert_int_equal(waiter.result, 1);
    assert_true(test_waiter_came(&waiter, WAKER) & CMIO_READABLE);
    assert_int_equal(cmio_poll_wait(loop.poll, loop.events, 0), 0);
    test_waiter_free(&waiter);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

/* Nesting. */

static void open_nested(struct test_loop *inner, struct test_loop *outer,
                        struct cmio_fd_source *nested, cmio_interest interest) {
    test_loop_open(inner);
    test_loop_open(outer);
    int fd = cmio_poll_fd(inner->poll);
    if (!expected_nesting(inner->poll)) {
        assert_int_equal(fd, -ENOTSUP);
        test_loop_close(inner);
        test_loop_close(outer);
        skip();
    }
    assert_true(fd >= 0);
    assert_int_equal(cmio_fd_source_init(nested, fd), 0);
    assert_int_equal(cmio_registry_register(outer->registry, &nested->source, TOKEN, interest), 0);
}

static void expect_nested_events(cmio_interest interest) {
    struct test_loop inner;
    struct test_loop outer;
    struct cmio_fd_source nested;
    open_nested(&inner, &outer, &nested, interest);
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    struct cmio_fd_source reader;
    assert_int_equal(cmio_fd_source_init(&reader, fds[0]), 0);
    assert_int_equal(cmio_registry_register(inner.registry, &reader.source, TOKEN, CMIO_READABLE),
                     0);
    for (int round = 0; round < 3; round++) {
        test_loop_expect_silence(&outer);
        test_put(fds[1], 1);
        test_loop_expect(&outer, TOKEN, CMIO_READABLE);
        test_loop_expect(&inner, TOKEN, CMIO_READABLE);
        assert_int_equal(test_source_drain(&reader), 1);
        test_loop_expect_silence(&inner);
        /*
         * A level-triggered outer poll may have seen it once more before the inner one was empty.
         */
        test_loop_forget(&outer);
    }
    test_loop_expect_silence(&outer);
    assert_int_equal(cmio_fd_source_close(&nested), 0);
    assert_int_equal(cmio_fd_source_close(&reader), 0);
    test_pair_close(fds);
    test_loop_close(&outer);
    test_loop_close(&inner);
}

static void a_nested_poll_is_readable_when_it_has_events(void **state) {
    (void)state;
    expect_nested_events(CMIO_READABLE | CMIO_LEVEL);
}

static void a_nested_poll_is_readable_by_edge_when_it_has_events(void **state) {
    (void)state;
    expect_nested_events(CMIO_READABLE);
}

static void a_nested_poll_is_readable_when_its_waker_woke(void **state) {
    (void)state;
    struct test_loop inner;
    struct test_loop outer;
    struct cmio_fd_source nested;
    open_nested(&inner, &outer, &nested, CMIO_READABLE | CMIO_LEVEL);
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, inner.registry, WAKER), 0);
    for (int round = 0; round < 3; round++) {
        test_loop_expect_silence(&outer);
        assert_int_equal(cmio_waker_wake(waker), 0);
        test_loop_expect(&outer, TOKEN, CMIO_READABLE);
        test_loop_expect(&inner, WAKER, CMIO_READABLE);
        test_loop_forget(&outer);
    }
    test_loop_expect_silence(&outer);
    assert_int_equal(cmio_fd_source_close(&nested), 0);
    cmio_waker_free(waker);
    test_loop_close(&outer);
    test_loop_close(&inner);
}

static void a_foreign_loop_can_watch_the_descriptor_of_a_poll(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    if (!expected_nesting(loop.poll)) {
        test_loop_close(&loop);
        skip();
    }
    struct cmio_waker *waker;
    assert_int_equal(cmio_waker_new(&waker, loop.registry, WAKER), 0);
    struct pollfd watched = {.fd = cmio_poll_fd(loop.poll), .events = POLLIN};
    assert_int_equal(poll(&watched, 1, 0), 0);
    assert_int_equal(cmio_waker_wake(waker), 0);
    assert_int_equal(poll(&watched, 1, 30000), 1);
    test_loop_expect(&loop, WAKER, CMIO_READABLE);
    assert_int_equal(poll(&watched, 1, 0), 0);
    cmio_waker_free(waker);
    test_loop_close(&loop);
}

/* What a poll and its wakers open. */

enum { LOOKED_AT = 1024 };

static bool is_close_on_exec(int fd) {
    return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

static void every_descriptor_of_a_poll_and_its_wakers_is_close_on_exec(void **state) {
    (void)state;
    bool was_open[LOOKED_AT];
    for (int fd = 0; fd < LOOKED_AT; fd++)
        was_open[fd] = fcntl(fd, F_GETFD) >= 0;
    struct test_loop loop;
    test_loop_open(&loop);
    struct cmio_waker *wakers[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(cmio_waker_new(&wakers[i], loop.registry, WAKER), 0);
    int opened = 0;
    for (int fd = 0; fd < LOOKED_AT; fd++) {
        if (was_open[fd] || fcntl(fd, F_GETFD) < 0)
            continue;
        opened++;
        assert_true(is_close_on_exec(fd));
    }
    assert_true(opened > 0);
    for (int i = 0; i < 2; i++)
        cmio_waker_free(wakers[i]);
    test_loop_close(&loop);
}

/* Choosing a backend. */

enum { MOST_BACKENDS = 16 };

static void every_backend_that_is_listed_can_be_had_by_its_name(void **state) {
    (void)state;
    const char *names[MOST_BACKENDS];
    size_t count = cmio_backends(names, MOST_BACKENDS);
    assert_in_range(count, 1, MOST_BACKENDS);
    for (size_t i = 0; i < count; i++) {
        struct cmio_poll *poll;
        assert_int_equal(cmio_poll_new_with(&poll, names[i]), 0);
        assert_string_equal(cmio_poll_backend(poll), names[i]);
        cmio_poll_free(poll);
    }
}

static void no_more_backends_are_listed_than_there_is_room_for(void **state) {
    (void)state;
    const char *names[MOST_BACKENDS] = {0};
    size_t count = cmio_backends(NULL, 0);
    assert_int_equal(cmio_backends(names, 1), count);
    assert_non_null(names[0]);
    assert_null(names[1]);
}

static void the_best_backend_is_the_one_listed_first(void **state) {
    (void)state;
    const char *best;
    assert_true(cmio_backends(&best, 1) >= 1);
    struct cmio_poll *poll;
    assert_int_equal(cmio_poll_new_with(&poll, NULL), 0);
    assert_string_equal(cmio_poll_backend(poll), best);
    cmio_poll_free(poll);
}

static void an_unknown_backend_is_not_supported(void **state) {
    (void)state;
    static const char *const unknown[] = {"", "select", "EPOLL", "epoll ", "pol", "polll"};
    struct cmio_poll *const untouched = (struct cmio_poll *)&unknown;
    struct cmio_poll *poll = untouched;
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_int_equal(cmio_poll_new_with(&poll, unknown[i]), -ENOTSUP);
    assert_ptr_equal(poll, untouched);
}

static void the_environment_chooses_for_poll_new_alone(void **state) {
    (void)state;
    struct cmio_poll *poll = NULL;
    assert_int_equal(setenv("CMIO_BACKEND", "no such backend", 1), 0);
    int refused = cmio_poll_new(&poll);
    int by_name = cmio_poll_new_with(&poll, test_backend());
    assert_int_equal(unsetenv("CMIO_BACKEND"), 0);
    assert_int_equal(refused, -ENOTSUP);
    assert_int_equal(by_name, 0);
    const char *name = cmio_poll_backend(poll);
    cmio_poll_free(poll);

    assert_int_equal(setenv("CMIO_BACKEND", name, 1), 0);
    int made = cmio_poll_new(&poll);
    assert_int_equal(unsetenv("CMIO_BACKEND"), 0);
    assert_int_equal(made, 0);
    assert_string_equal(cmio_poll_backend(poll), name);
    cmio_poll_free(poll);
}

static void null_arguments_and_negative_times_are_invalid(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    assert_int_equal(cmio_poll_new(NULL), -EINVAL);
    assert_int_equal(cmio_poll_new_with(NULL, test_backend()), -EINVAL);
    assert_int_equal(cmio_poll_wait(NULL, loop.events, 0), -EINVAL);
    assert_int_equal(cmio_poll_wait(loop.poll, NULL, 0), -EINVAL);
    static const int64_t negative[] = {-2, -CMIO_MILLISECOND, -CMIO_SECOND, INT64_MIN,
                                       INT64_MIN / CMIO_MILLISECOND * CMIO_MILLISECOND};
    for (size_t i = 0; i < sizeof negative / sizeof *negative; i++) {
        assert_int_equal(cmio_poll_wait(loop.poll, loop.events, negative[i]), -EINVAL);
        assert_int_equal(cmio_poll_wait_until(loop.poll, loop.events, negative[i]), -EINVAL);
    }
    assert_int_equal(cmio_poll_wait_until(NULL, loop.events, 0), -EINVAL);
    assert_int_equal(cmio_poll_wait_until(loop.poll, NULL, 0), -EINVAL);
    assert_int_equal(cmio_poll_fd(NULL), -EINVAL);
    assert_null(cmio_poll_registry(NULL));
    assert_null(cmio_poll_backend(NULL));
    cmio_poll_free(NULL);
    test_loop_close(&loop);
}

static void a_batch_without_room_or_with_too_much_is_invalid(void **state) {
    (void)state;
    struct cmio_events *events = NULL;
    assert_int_equal(cmio_events_new(&events, 0), -EINVAL);
    assert_int_equal(cmio_events_new(&events, INT_MAX / 64 + 1), -EINVAL);
    assert_int_equal(cmio_events_new(&events, SIZE_MAX), -EINVAL);
    assert_null(events);
}

/* All the bits that have a meaning in an interest, and one that has none. */
enum { INTEREST_BITS = 6 };
static const cmio_interest interest_bits[INTEREST_BITS] = {
    CMIO_READABLE, CMIO_WRITABLE, CMIO_PRIORITY, CMIO_LEVEL, CMIO_ONESHOT, 0x8000u,
};

static cmio_interest interest_number(unsigned number) {
    cmio_interest interest = 0;
    for (unsigned i = 0; i < INTEREST_BITS; i++)
        if (number >> i & 1u)
            interest |= interest_bits[i];
    return interest;
}

static void a_poll_supports_what_it_can_register_and_nothing_else(void **state) {
    (void)state;
    struct test_loop loop;
    int fds[2];
    struct cmio_fd_source tcp;
    test_loop_open(&loop);
    test_pair_open(TEST_TCP, fds);
    TEST_OK(cmio_fd_source_init(&tcp, fds[0]));
    for (unsigned number = 0; number < 1u << INTEREST_BITS; number++) {
        const cmio_interest interest = interest_number(number);
        const int result = cmio_poll_register(loop.poll, &tcp.source, TOKEN, interest);
        assert_int_equal(cmio_poll_supports(loop.poll, interest), result == 0);
        assert_true(result == 0 || result == -EINVAL || result == -ENOTSUP);
        if (result == 0)
            TEST_OK(cmio_poll_deregister(loop.poll, &tcp.source));
    }
    assert_true(cmio_poll_supports(loop.poll, CMIO_READABLE | CMIO_WRITABLE));
    const bool impossible = expected_in(loop.poll, SCENE_TCP_OUT_OF_BAND)->impossible;
    assert_int_equal(cmio_poll_supports(loop.poll, CMIO_PRIORITY | CMIO_LEVEL), !impossible);
    assert_false(cmio_poll_supports(NULL, CMIO_READABLE));
    TEST_OK(cmio_fd_source_close(&tcp));
    test_pair_close(fds);
    test_loop_close(&loop);
}

static void a_poll_registers_with_its_own_registry(void **state) {
    (void)state;
    struct test_loop loop;
    int fds[2];
    struct cmio_fd_source tcp;
    test_loop_open(&loop);
    test_pair_open(TEST_TCP, fds);
    TEST_OK(cmio_fd_source_init(&tcp, fds[0]));
    struct cmio_source *source = &tcp.source;
    TEST_FAILS(cmio_poll_reregister(loop.poll, source, TOKEN, CMIO_READABLE), -ENOENT);
    TEST_FAILS(cmio_poll_deregister(loop.poll, source), -ENOENT);
    TEST_OK(cmio_poll_register(loop.poll, source, TOKEN, CMIO_READABLE));
    TEST_FAILS(cmio_registry_register(loop.registry, source, TOKEN, CMIO_READABLE), -EEXIST);
    test_put(fds[1], 1);
    test_loop_expect(&loop, TOKEN, CMIO_READABLE);
    TEST_OK(cmio_poll_reregister(loop.poll, source, WAKER, CMIO_READABLE));
    test_loop_expect(&loop, WAKER, CMIO_READABLE);
    TEST_OK(cmio_poll_deregister(loop.poll, source));
    TEST_FAILS(cmio_registry_deregister(loop.registry, source), -ENOENT);
    TEST_FAILS(cmio_poll_register(NULL, source, TOKEN, CMIO_READABLE), -EINVAL);
    TEST_FAILS(cmio_poll_register(loop.poll, NULL, TOKEN, CMIO_READABLE), -EINVAL);
    TEST_FAILS(cmio_poll_reregister(NULL, source, TOKEN, CMIO_READABLE), -EINVAL);
    TEST_FAILS(cmio_poll_deregister(NULL, source), -EINVAL);
    TEST_OK(cmio_fd_source_close(&tcp));
    test_pair_close(fds);
    test_loop_close(&loop);
}

static void every_backend_has_a_name_among_the_constants(void **state) {
    (void)state;
    static const char *const constants[] = {CMIO_BACKEND_EPOLL, CMIO_BACKEND_KQUEUE,
                                            CMIO_BACKEND_POLL};
    const char *names[8];
    const size_t count = cmio_backends(names, 8);
    assert_in_range(count, 1, 3);
    for (size_t i = 0; i < count; i++) {
        struct cmio_poll *poll;
        size_t found = 0;
        while (found < 3 && strcmp(names[i], constants[found]) != 0)
            found++;
        assert_in_range(found, 0, 2);
        TEST_OK(cmio_poll_new_with(&poll, constants[found]));
        assert_string_equal(cmio_poll_backend(poll), constants[found]);
        cmio_poll_free(poll);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_empty_poll_waits_out_its_timeout),
    cmocka_unit_test(a_wait_is_never_early_whatever_its_timeout),
    cmocka_unit_test(a_wait_until_a_deadline_is_never_early),
    cmocka_unit_test(a_zero_timeout_does_not_wait),
    cmocka_unit_test(a_zero_timeout_still_reports_what_is_ready),
    cmocka_unit_test(a_deadline_in_the_past_does_not_wait_and_reports_what_is_ready),
    cmocka_unit_test(a_deadline_of_forever_waits_for_an_event),
    cmocka_unit_test(a_hundred_microseconds_are_kept_to_sub_millisecond_precision),
    cmocka_unit_test(three_point_one_milliseconds_are_kept_to_sub_millisecond_precision),
    cmocka_unit_test(huge_timeouts_neither_return_early_nor_spin),
    cmocka_unit_test(huge_deadlines_neither_return_early_nor_spin),
    cmocka_unit_test(a_timeout_does_not_start_over_while_another_thread_registers),
    cmocka_unit_test(with_room_for_one_a_hundred_ready_edges_come_one_at_a_time),
    cmocka_unit_test(with_room_for_one_a_hundred_oneshots_come_one_at_a_time),
    cmocka_unit_test(with_room_for_one_no_level_source_of_a_hundred_starves),
    cmocka_unit_test(with_room_for_seven_a_hundred_ready_edges_take_fifteen_waits),
    cmocka_unit_test(with_room_for_seven_no_level_source_of_a_hundred_starves),
    cmocka_unit_test(what_was_read_before_its_turn_is_not_reported),
    cmocka_unit_test(a_waker_is_not_starved_by_level_sources),
    cmocka_unit_test(a_wait_empties_the_batch_first),
    cmocka_unit_test(a_refused_wait_leaves_the_batch_empty),
    cmocka_unit_test(one_batch_serves_several_polls_in_turn),
    cmocka_unit_test(a_limit_below_what_is_registered_loses_no_event),
    cmocka_unit_test(a_second_thread_that_waits_is_told_busy),
    cmocka_unit_test(a_nested_poll_is_readable_when_it_has_events),
    cmocka_unit_test(a_nested_poll_is_readable_by_edge_when_it_has_events),
    cmocka_unit_test(a_nested_poll_is_readable_when_its_waker_woke),
    cmocka_unit_test(a_foreign_loop_can_watch_the_descriptor_of_a_poll),
    cmocka_unit_test(every_descriptor_of_a_poll_and_its_wakers_is_close_on_exec),
    cmocka_unit_test(every_backend_that_is_listed_can_be_had_by_its_name),
    cmocka_unit_test(no_more_backends_are_listed_than_there_is_room_for),
    cmocka_unit_test(the_best_backend_is_the_one_listed_first),
    cmocka_unit_test(an_unknown_backend_is_not_supported),
    cmocka_unit_test(the_environment_chooses_for_poll_new_alone),
    cmocka_unit_test(null_arguments_and_negative_times_are_invalid),
    cmocka_unit_test(a_batch_without_room_or_with_too_much_is_invalid),
    cmocka_unit_test(a_poll_supports_what_it_can_register_and_nothing_else),
    cmocka_unit_test(a_poll_registers_with_its_own_registry),
    cmocka_unit_test(every_backend_has_a_name_among_the_constants),
};

TEST_GROUP(backend_poll, tests)
