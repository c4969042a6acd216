/* SPDX-License-Identifier: MIT */
/* Timers, on a clock of the test's own: pop takes any time that does not run backwards. */
#include "support/scale.h"
#include "support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmio/time.h>
#include <cmio/timers.h>

static struct cmio_timers *new_timers(void) {
    struct cmio_timers *timers;
    assert_int_equal(cmio_timers_new(&timers), 0);
    return timers;
}

static void null_arguments_and_negative_deadlines_are_invalid(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    struct cmio_timer timer;
    assert_int_equal(cmio_timers_new(NULL), -EINVAL);
    assert_int_equal(cmio_timer_init(NULL, 1), -EINVAL);
    assert_int_equal(cmio_timer_init(&timer, 1), 0);
    assert_int_equal(cmio_timers_set(NULL, &timer, 1), -EINVAL);
    assert_int_equal(cmio_timers_set(timers, NULL, 1), -EINVAL);
    assert_int_equal(cmio_timers_set(timers, &timer, -2), -EINVAL);
    assert_int_equal(cmio_timers_set(timers, &timer, INT64_MIN), -EINVAL);
    assert_int_equal(cmio_timers_cancel(NULL, &timer), -EINVAL);
    assert_int_equal(cmio_timers_cancel(timers, NULL), -EINVAL);
    assert_int_equal(cmio_timers_cancel(timers, &timer), -ENOENT);
    assert_null(cmio_timers_pop(NULL, 0));
    assert_null(cmio_timers_pop(timers, -1));
    assert_int_equal(cmio_timers_next_deadline(NULL), CMIO_FOREVER);
    assert_false(cmio_timer_is_set(NULL));
    assert_false(cmio_timer_is_set(&timer));
    cmio_timers_free(timers);
    cmio_timers_free(NULL);
}

static void an_empty_set_has_no_deadline_and_nothing_to_pop(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    assert_int_equal(cmio_timers_next_deadline(timers), CMIO_FOREVER);
    assert_null(cmio_timers_pop(timers, INT64_MAX));
    cmio_timers_free(timers);
}

static void a_timer_is_popped_at_its_deadline_and_not_before(void **state) {
    (void)state;
    static const int64_t spans[] = {
        1,
        1000,
        CMIO_MILLISECOND - 1,
        CMIO_MILLISECOND,
        40 * CMIO_MILLISECOND,
        CMIO_SECOND,
        3600 * CMIO_SECOND,
        86400 * 365 * CMIO_SECOND,
        INT64_MAX / 2,
    };
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        struct cmio_timers *timers = new_timers();
        struct cmio_timer timer;
        const int64_t deadline = cmio_now() + spans[i];
        assert_int_equal(cmio_timer_init(&timer, 7), 0);
        assert_int_equal(cmio_timers_set(timers, &timer, deadline), 0);
        assert_true(cmio_timer_is_set(&timer));
        assert_int_equal(cmio_timer_deadline(&timer), deadline);
        assert_null(cmio_timers_pop(timers, deadline - 1));
        assert_ptr_equal(cmio_timers_pop(timers, deadline + CMIO_MILLISECOND), &timer);
        assert_int_equal(timer.token, 7);
        assert_false(cmio_timer_is_set(&timer));
        assert_int_equal(cmio_timer_deadline(&timer), CMIO_FOREVER);
        assert_null(cmio_timers_pop(timers, INT64_MAX));
        cmio_timers_free(timers);
    }
}

static void a_timer_of_zeros_may_be_used(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    struct cmio_timer zeroed;
    const int64_t now = cmio_now();
    memset(&zeroed, 0, sizeof zeroed);
    assert_false(cmio_timer_is_set(&zeroed));
    assert_int_equal(cmio_timer_deadline(&zeroed), CMIO_FOREVER);
    assert_int_equal(cmio_timers_cancel(timers, &zeroed), -ENOENT);
    assert_int_equal(cmio_timers_set(timers, &zeroed, CMIO_FOREVER), 0);
    assert_false(cmio_timer_is_set(&zeroed));
    assert_int_equal(cmio_timers_set(timers, &zeroed, now), 0);
    assert_true(cmio_timer_is_set(&zeroed));
    assert_ptr_equal(cmio_timers_pop(timers, now), &zeroed);
    assert_int_equal(zeroed.token, 0);
    assert_int_equal(cmio_timers_set(timers, &zeroed, now), 0);
    assert_int_equal(cmio_timers_cancel(timers, &zeroed), 0);
    assert_int_equal(cmio_timers_next_deadline(timers), CMIO_FOREVER);
    cmio_timers_free(timers);
}

static void the_end_of_time_is_a_deadline(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    struct cmio_timer timer;
    assert_int_equal(cmio_timer_init(&timer, 0), 0);
    assert_int_equal(cmio_timers_set(timers, &timer, INT64_MAX), 0);
    assert_true(cmio_timers_next_deadline(timers) > cmio_now());
    assert_null(cmio_timers_pop(timers, cmio_now()));
    assert_int_equal(cmio_timers_cancel(timers, &timer), 0);
    assert_int_equal(cmio_timers_next_deadline(timers), CMIO_FOREVER);
    cmio_timers_free(timers);
}

static void a_deadline_in_the_past_expires_with_the_next_pop(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    struct cmio_timer timer;
    const int64_t now = cmio_now();
    assert_int_equal(cmio_timer_init(&timer, 0), 0);
    assert_int_equal(cmio_timers_set(timers, &timer, 0), 0);
    assert_true(cmio_timers_next_deadline(timers) <= now);
    assert_ptr_equal(cmio_timers_pop(timers, now), &timer);
    cmio_timers_free(timers);
}

/* xorshift64: the same sequence on every system. */
static uint64_t next_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void a_timer_is_popped_at_its_deadline_to_the_nanosecond(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    struct cmio_timer timer;
    uint64_t seed = 7;
    int64_t now = cmio_now();
    assert_int_equal(cmio_timer_init(&timer, 0), 0);
    for (int i = 0; i < 10000; i++) {
        const int64_t deadline = now + 1 + (int64_t)(next_random(&seed) >> (24 + i % 40));
        assert_int_equal(cmio_timers_set(timers, &timer, deadline), 0);
        assert_true(cmio_timers_next_deadline(timers) < deadline + CMIO_MILLISECOND);
        assert_null(cmio_timers_pop(timers, now));
        assert_null(cmio_timers_pop(timers, deadline - 1));
        assert_ptr_equal(cmio_timers_pop(timers, deadline), &timer);
        assert_null(cmio_timers_pop(timers, deadline));
        now = deadline;
    }
    cmio_timers_free(timers);
}

static void a_thousand_timers_that_are_a_nanosecond_past_are_all_popped(void **state) {
    (void)state;
    static struct cmio_timer list[1000];
    struct cmio_timers *timers = new_timers();
    const int64_t now = cmio_now() + CMIO_SECOND;
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(cmio_timer_init(&list[i], i), 0);
        assert_int_equal(cmio_timers_set(timers, &list[i], now - 1), 0);
    }
    size_t popped = 0;
    while (cmio_timers_pop(timers, now) != NULL)
        popped++;
    assert_int_equal(popped, 1000);
    cmio_timers_free(timers);
}

/* How many timers expire at a time: none before its deadline, and none that should have by then. */
static size_t pop_at(struct cmio_timers *timers, int64_t now, const int64_t *deadlines) {
    size_t popped = 0;
    for (struct cmio_timer *timer; (timer = cmio_timers_pop(timers, now)) != NULL; popped++)
        assert_true(deadlines[timer->token] <= now);
    return popped;
}

enum { TICK = 65536 }; /* nanoseconds */

/* In work that grows with their number and no faster: otherwise this would take all day. */
static void a_crowd_in_one_tick_expires_nanosecond_by_nanosecond(void **state) {
    (void)state;
    const size_t count = (size_t)test_scale(100000);
    const int64_t begin = (cmio_now() / TICK + 20000) * TICK;
    struct cmio_timers *timers = new_timers();
    struct cmio_timer *list = calloc(count, sizeof *list);
    int64_t *deadlines = calloc(count, sizeof *deadlines);
    size_t *due = calloc(TICK, sizeof *due);
    assert_true(list != NULL && deadlines != NULL && due != NULL);
    uint64_t seed = 11;
    for (size_t i = 0; i < count; i++) {
        const size_t place = next_random(&seed) % TICK;
        deadlines[i] = begin + (int64_t)place;
        due[place]++;
        assert_int_equal(cmio_timer_init(&list[i], i), 0);
        assert_int_equal(cmio_timers_set(timers, &list[i], deadlines[i]), 0);
    }
    size_t half = 0;
    for (size_t place = 0; place <= TICK / 2; place++)
        half += due[place];
    assert_int_equal(pop_at(timers, begin + TICK / 2, deadlines), half);
    for (size_t place = TICK / 2 + 1; place < TICK; place++)
        assert_int_equal(pop_at(timers, begin + (int64_t)place, deadlines), due[place]);
    assert_int_equal(cmio_timers_next_deadline(timers), CMIO_FOREVER);
    free(due);
    free(deadlines);
    free(list);
    cmio_timers_free(timers);
}

static void a_clock_that_was_read_before_the_set_was_made_expires_nothing_early(void **state) {
    (void)state;
    const int64_t now = cmio_now();
    struct cmio_timers *timers = new_timers();
    struct cmio_timer timer;
    assert_int_equal(cmio_timer_init(&timer, 0), 0);
    assert_int_equal(cmio_timers_set(timers, &timer, now + 1), 0);
    assert_null(cmio_timers_pop(timers, now));
    assert_ptr_equal(cmio_timers_pop(timers, now + 1), &timer);
    cmio_timers_free(timers);
}

static void a_clock_that_runs_backwards_expires_nothing_early_and_loses_nothing(void **state) {
    (void)state;
    enum { COUNT = 64 };
    struct cmio_timers *timers = new_timers();
    struct cmio_timer list[COUNT];
    int64_t deadlines[COUNT];
    const int64_t begin = cmio_now() + CMIO_SECOND;
    for (size_t i = 0; i < COUNT; i++) {
        deadlines[i] = begin + ((int64_t)1 << (i / 2));
        assert_int_equal(cmio_timer_init(&list[i], i), 0);
        assert_int_equal(cmio_timers_set(timers, &list[i], deadlines[i]), 0);
    }
    assert_non_null(cmio_timers_pop(timers, begin + INT32_MAX)); /* the others are due now */
    assert_int_equal(pop_at(timers, begin, deadlines), 0);
    size_t popped = 1;
    for (int i = 0; i < COUNT / 2; i++)
        popped += pop_at(timers, begin + ((int64_t)1 << i), deadlines);
    assert_int_equal(popped, COUNT);
    cmio_timers_free(timers);
}

static void setting_again_moves_the_timer(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    struct cmio_timer timer;
    const int64_t now = cmio_now();
    assert_int_equal(cmio_timer_init(&timer, 0), 0);
    assert_int_equal(cmio_timers_set(timers, &timer, now + CMIO_SECOND), 0);
    assert_int_equal(cmio_timers_set(timers, &timer, now + 3 * CMIO_SECOND), 0);
    assert_null(cmio_timers_pop(timers, now + 2 * CMIO_SECOND));
    assert_int_equal(cmio_timers_set(timers, &timer, now + CMIO_SECOND), 0);
    assert_ptr_equal(cmio_timers_pop(timers, now + 2 * CMIO_SECOND), &timer);
    assert_int_equal(cmio_timers_next_deadline(timers), CMIO_FOREVER);
    cmio_timers_free(timers);
}

static void a_cancelled_timer_does_not_expire_and_leaves_no_deadline(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    struct cmio_timer timer;
    assert_int_equal(cmio_timer_init(&timer, 0), 0);
    assert_int_equal(cmio_timers_set(timers, &timer, cmio_now() + CMIO_SECOND), 0);
    assert_int_equal(cmio_timers_cancel(timers, &timer), 0);
    assert_false(cmio_timer_is_set(&timer));
    assert_int_equal(cmio_timers_next_deadline(timers), CMIO_FOREVER);
    assert_null(cmio_timers_pop(timers, INT64_MAX));
    cmio_timers_free(timers);
}

static void forever_cancels(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    struct cmio_timer timer;
    assert_int_equal(cmio_timer_init(&timer, 0), 0);
    assert_int_equal(cmio_timers_set(timers, &timer, CMIO_FOREVER), 0);
    assert_false(cmio_timer_is_set(&timer));
    assert_int_equal(cmio_timers_set(timers, &timer, cmio_now() + CMIO_SECOND), 0);
    assert_int_equal(cmio_timers_set(timers, &timer, CMIO_FOREVER), 0);
    assert_false(cmio_timer_is_set(&timer));
    assert_int_equal(cmio_timers_next_deadline(timers), CMIO_FOREVER);
    cmio_timers_free(timers);
}

static void a_timer_that_is_due_can_still_be_cancelled(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    struct cmio_timer pair[2];
    const int64_t deadline = cmio_now() + CMIO_SECOND;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cmio_timer_init(&pair[i], (cmio_token)i), 0);
        assert_int_equal(cmio_timers_set(timers, &pair[i], deadline), 0);
    }
    struct cmio_timer *first = cmio_timers_pop(timers, deadline + CMIO_SECOND);
    assert_non_null(first);
    struct cmio_timer *other = first == &pair[0] ? &pair[1] : &pair[0];
    assert_int_equal(cmio_timers_cancel(timers, other), 0);
    assert_null(cmio_timers_pop(timers, deadline + CMIO_SECOND));
    cmio_timers_free(timers);
}

static void a_timer_set_elsewhere_is_refused_and_stays_where_it_is(void **state) {
    (void)state;
    struct cmio_timers *here = new_timers();
    struct cmio_timers *there = new_timers();
    struct cmio_timer timer;
    const int64_t deadline = cmio_now() + CMIO_SECOND;
    assert_int_equal(cmio_timer_init(&timer, 0), 0);
    assert_int_equal(cmio_timers_set(here, &timer, deadline), 0);
    assert_int_equal(cmio_timers_set(there, &timer, deadline), -EEXIST);
    assert_int_equal(cmio_timers_cancel(there, &timer), -EEXIST);
    assert_null(cmio_timers_pop(there, INT64_MAX));
    assert_ptr_equal(cmio_timers_pop(here, deadline + CMIO_SECOND), &timer);
    assert_int_equal(cmio_timers_set(there, &timer, deadline), 0);
    cmio_timers_free(here);
    cmio_timers_free(there);
}

static void freeing_the_set_cancels_its_timers(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    struct cmio_timer some[100];
    for (int i = 0; i < 100; i++) {
        assert_int_equal(cmio_timer_init(&some[i], 0), 0);
        assert_int_equal(cmio_timers_set(timers, &some[i], (int64_t)1 << (i % 63)), 0);
    }
    cmio_timers_free(timers);
    for (int i = 0; i < 100; i++)
        assert_false(cmio_timer_is_set(&some[i]));
}

static void a_popped_timer_can_be_set_again_at_once(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    struct cmio_timer timer;
    int64_t deadline = cmio_now();
    assert_int_equal(cmio_timer_init(&timer, 0), 0);
    for (int i = 0; i < 1000; i++) {
        deadline += 10 * CMIO_MILLISECOND;
        assert_int_equal(cmio_timers_set(timers, &timer, deadline), 0);
        assert_null(cmio_timers_pop(timers, deadline - 1));
        assert_ptr_equal(cmio_timers_pop(timers, deadline + CMIO_MILLISECOND), &timer);
    }
    cmio_timers_free(timers);
}

static void a_due_timer_that_is_cancelled_leaves_no_deadline(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    struct cmio_timer pair[2];
    const int64_t now = cmio_now() + CMIO_SECOND;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cmio_timer_init(&pair[i], (cmio_token)i), 0);
        assert_int_equal(cmio_timers_set(timers, &pair[i], i == 0 ? 0 : now - CMIO_MILLISECOND), 0);
    }
    struct cmio_timer *first = cmio_timers_pop(timers, now);
    assert_ptr_equal(first, &pair[0]);
    assert_ptr_equal(cmio_timers_pop(timers, now), &pair[1]);
    assert_int_equal(cmio_timers_next_deadline(timers), CMIO_FOREVER);
    assert_int_equal(cmio_timers_set(timers, &pair[0], 0), 0);
    assert_true(cmio_timers_next_deadline(timers) <= now);
    assert_int_equal(cmio_timers_cancel(timers, &pair[0]), 0);
    assert_int_equal(cmio_timers_next_deadline(timers), CMIO_FOREVER);
    cmio_timers_free(timers);
}

static void a_timer_without_a_neighbour_is_waited_for_to_a_tenth_of_a_millisecond(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    struct cmio_timer pair[2];
    const int64_t deadline = cmio_now() + 5 * CMIO_MILLISECOND;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cmio_timer_init(&pair[i], 0), 0);
        assert_int_equal(cmio_timers_set(timers, &pair[i], deadline + 2 * i * CMIO_MILLISECOND), 0);
    }
    int64_t next;
    while ((next = cmio_timers_next_deadline(timers)) < deadline) /* early, to sort the two */
        assert_null(cmio_timers_pop(timers, next));
    assert_true(next < deadline + 100 * CMIO_MICROSECOND);
    assert_ptr_equal(cmio_timers_pop(timers, next), &pair[0]);
    assert_null(cmio_timers_pop(timers, next));
    cmio_timers_free(timers);
}

static void timers_close_to_each_other_need_one_wait(void **state) {
    (void)state;
    enum { ROUNDS = 1000 };
    struct cmio_timers *timers = new_timers();
    struct cmio_timer list[8];
    int64_t first = cmio_now() + 5 * CMIO_MILLISECOND;
    int waits = 0;
    for (int round = 0; round < ROUNDS; round++, first += 1237 * CMIO_MICROSECOND) {
        for (int i = 0; i < 8; i++) {
            const int64_t deadline = first + 80 * i * CMIO_MICROSECOND;
            assert_int_equal(cmio_timer_init(&list[i], 0), 0);
            assert_int_equal(cmio_timers_set(timers, &list[i], deadline), 0);
        }
        for (int64_t next; (next = cmio_timers_next_deadline(timers)) != CMIO_FOREVER; waits++) {
            assert_true(next < first + CMIO_MILLISECOND);
            while (cmio_timers_pop(timers, next) != NULL)
                ;
        }
    }
    /* A few more, to sort what lies on two levels: that is every 134 ms. */
    assert_in_range(waits, ROUNDS, ROUNDS + ROUNDS / 20);
    cmio_timers_free(timers);
}

enum { CROWD = 400 };

static void what_is_a_millisecond_apart_is_popped_in_order_also_when_late(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    static struct cmio_timer list[CROWD];
    const int64_t begin = cmio_now() + CMIO_SECOND;
    for (size_t i = 0; i < CROWD; i++) { /* in fours, out of order: 7 does not divide CROWD */
        const size_t place = i * 7 % CROWD / 4;
        const int64_t deadline = begin + (int64_t)place * 100 * CMIO_MICROSECOND;
        assert_int_equal(cmio_timer_init(&list[i], (cmio_token)place), 0);
        assert_int_equal(cmio_timers_set(timers, &list[i], deadline), 0);
    }
    const int64_t late = begin + 3600 * CMIO_SECOND;
    size_t latest = 0;
    size_t popped = 0;
    for (struct cmio_timer *timer; (timer = cmio_timers_pop(timers, late)) != NULL; popped++) {
        assert_true(timer->token + 10 > latest); /* ten are a millisecond */
        latest = timer->token > latest ? timer->token : latest;
    }
    assert_int_equal(popped, CROWD);
    cmio_timers_free(timers);
}

static void what_is_due_can_be_cancelled_and_moved_between_two_pops(void **state) {
    (void)state;
    struct cmio_timers *timers = new_timers();
    static struct cmio_timer list[CROWD];
    const int64_t begin = cmio_now() + CMIO_SECOND;
    const int64_t now = begin + CMIO_SECOND;
    for (size_t i = 0; i < CROWD; i++) {
        assert_int_equal(cmio_timer_init(&list[i], 0), 0);
        assert_int_equal(cmio_timers_set(timers, &list[i], begin + (int64_t)i * 2000), 0);
    }
    size_t popped = 0;
    for (size_t i = 0; i < CROWD / 2; i++) {
        struct cmio_timer *timer = cmio_timers_pop(timers, now);
        assert_non_null(timer);
        assert_int_equal(timer->token++, 0);
        popped++;
        struct cmio_timer *other = &list[i * 31 % CROWD];
        if (!cmio_timer_is_set(other) || other->token != 0)
            continue;
        other->token = 1;
        if (i % 2 == 0)
            assert_int_equal(cmio_timers_cancel(timers, other), 0);
        else
            assert_int_equal(cmio_timers_set(timers, other, now + CMIO_SECOND), 0);
        popped += i % 2 == 0;
    }
    for (struct cmio_timer *timer; (timer = cmio_timers_pop(timers, now)) != NULL; popped++)
        assert_int_equal(timer->token, 0);
    while (cmio_timers_pop(timers, now + 2 * CMIO_SECOND) != NULL)
        popped++;
    assert_int_equal(popped, CROWD);
    assert_int_equal(cmio_timers_next_deadline(timers), CMIO_FOREVER);
    cmio_timers_free(timers);
}

enum { MODEL_TIMERS = 300, MODEL_STEPS = 60000 };

struct model {
    struct cmio_timers *timers;
    struct cmio_timer list[MODEL_TIMERS];
    int64_t deadlines[MODEL_TIMERS]; /* CMIO_FOREVER: not set */
    int64_t now;
    uint64_t seed;
};

static int64_t random_span(uint64_t *seed) {
    return (int64_t)(next_random(seed) >> (14 + next_random(seed) % 46));
}

static void check_next_deadline(const struct model *model) {
    int64_t earliest = INT64_MAX;
    int count = 0;
    for (int i = 0; i < MODEL_TIMERS; i++) {
        if (model->deadlines[i] == CMIO_FOREVER)
            continue;
        count++;
        if (model->deadlines[i] < earliest)
            earliest = model->deadlines[i];
    }
    const int64_t next = cmio_timers_next_deadline(model->timers);
    if (count == 0)
        assert_int_equal(next, CMIO_FOREVER);
    else
        assert_true(next < earliest + CMIO_MILLISECOND && next >= 0);
}

static void pop_all(struct model *model) {
    struct cmio_timer *timer;
    while ((timer = cmio_timers_pop(model->timers, model->now)) != NULL) {
        const size_t index = timer->token;
        assert_ptr_equal(timer, &model->list[index]);
        assert_true(model->deadlines[index] != CMIO_FOREVER);
        assert_true(model->deadlines[index] <= model->now);
        model->deadlines[index] = CMIO_FOREVER;
    }
    for (int i = 0; i < MODEL_TIMERS; i++)
        assert_true(model->deadlines[i] == CMIO_FOREVER || model->deadlines[i] > model->now);
}

static void step(struct model *model) {
    const size_t index = (size_t)(next_random(&model->seed) % MODEL_TIMERS);
    struct cmio_timer *timer = &model->list[index];
    switch (next_random(&model->seed) % 10) {
    case 0:
    case 1:
    case 2:
    case 3:
        model->deadlines[index] = model->now + random_span(&model->seed);
        assert_int_equal(cmio_timers_set(model->timers, timer, model->deadlines[index]), 0);
        break;
    case 4:
        assert_int_equal(cmio_timers_cancel(model->timers, timer),
                         model->deadlines[index] == CMIO_FOREVER ? -ENOENT : 0);
        model->deadlines[index] = CMIO_FOREVER;
        break;
    case 5:
        model->now += random_span(&model->seed) / 64;
        pop_all(model);
        break;
    case 7: /* as an idle timeout is moved */
    case 8:
        if (model->deadlines[index] == CMIO_FOREVER)
            break;
        model->deadlines[index] += random_span(&model->seed);
        assert_int_equal(cmio_timers_set(model->timers, timer, model->deadlines[index]), 0);
        break;
    case 6: { /* as a loop does: to the next deadline */
        const int64_t next = cmio_timers_next_deadline(model->timers);
        if (next > model->now)
            model->now = next;
        pop_all(model);
        break;
    }
    default:
        check_next_deadline(model);
    }
}

static void random_use_agrees_with_a_plain_list(void **state) {
    (void)state;
    static struct model model;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        model = (struct model){.timers = new_timers(), .now = cmio_now(), .seed = seed * 7919};
        for (size_t i = 0; i < MODEL_TIMERS; i++) {
            assert_int_equal(cmio_timer_init(&model.list[i], i), 0);
            model.deadlines[i] = CMIO_FOREVER;
        }
        for (int i = 0; i < MODEL_STEPS && model.now < INT64_MAX / 4; i++)
            step(&model);
        cmio_timers_free(model.timers);
    }
}

static void a_timer_that_was_moved_to_later_and_back_expires_at_its_last_deadline(void **state) {
    (void)state;
    static const int64_t spans[] = {
        100 * CMIO_MICROSECOND, 10 * CMIO_MILLISECOND, 200 * CMIO_MILLISECOND,    3 * CMIO_SECOND,
        60 * CMIO_SECOND,       3600 * CMIO_SECOND,    400 * 86400 * CMIO_SECOND,
    };
    enum { SPANS = sizeof spans / sizeof *spans };
    struct cmio_timers *timers = new_timers();
    struct cmio_timer timer = {0};
    int64_t now = cmio_now();
    for (int i = 0; i < SPANS * SPANS * SPANS; i++) {
        const int64_t first = spans[i % SPANS], second = spans[i / SPANS % SPANS];
        const int64_t deadline = now + spans[i / SPANS / SPANS] + 1;
        assert_int_equal(cmio_timers_set(timers, &timer, now + first), 0);
        assert_int_equal(cmio_timers_set(timers, &timer, now + second), 0);
        assert_int_equal(cmio_timers_set(timers, &timer, deadline), 0);
        assert_true(cmio_timers_next_deadline(timers) < deadline + CMIO_MILLISECOND);
        assert_null(cmio_timers_pop(timers, deadline - 1));
        assert_ptr_equal(cmio_timers_pop(timers, deadline), &timer);
        assert_int_equal(cmio_timers_next_deadline(timers), CMIO_FOREVER);
        now = deadline;
    }
    cmio_timers_free(timers);
}

/* How often a loop wakes up for nothing in ten seconds, if each message moves a timer to later. */
static int needless_waits(int64_t message_every, int64_t timeout) {
    struct cmio_timers *timers = new_timers();
    struct cmio_timer timer = {0};
    int waits = 0;
    int64_t now = cmio_now();
    const int64_t end = now + 10 * CMIO_SECOND;
    for (int64_t message = now; message < end; message += message_every) {
        int64_t next;
        while ((next = cmio_timers_next_deadline(timers)) != CMIO_FOREVER && next < message) {
            assert_null(cmio_timers_pop(timers, next));
            waits++;
        }
        now = message;
        assert_null(cmio_timers_pop(timers, now));
        assert_int_equal(cmio_timers_set(timers, &timer, now + timeout), 0);
    }
    cmio_timers_free(timers);
    return waits;
}

static void
a_timer_that_keeps_moving_to_later_wakes_the_loop_less_than_8_times_a_second(void **state) {
    (void)state;
    static const int64_t timeouts[] = {
        2 * CMIO_MILLISECOND, 20 * CMIO_MILLISECOND, 150 * CMIO_MILLISECOND,
        5 * CMIO_SECOND,      60 * CMIO_SECOND,
    };
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        assert_in_range(needless_waits(CMIO_MILLISECOND, timeouts[i]), 0, 79);
        assert_in_range(needless_waits(timeouts[i] / 2, timeouts[i]), 0, 79);
    }
}

static void what_is_due_leaves_no_deadline_once_it_is_all_cancelled(void **state) {
    (void)state;
    enum { COUNT = 16 * 100 };
    static struct cmio_timer list[COUNT];
    struct cmio_timers *timers = new_timers();
    const int64_t begin = (cmio_now() / TICK + 100) * TICK;
    for (int round = 0; round < 2; round++) { /* forwards and backwards */
        int64_t now = begin + round * CMIO_SECOND;
        for (size_t i = 0; i < COUNT; i++) {
            list[i] = (struct cmio_timer){.token = i};
            const int64_t deadline = now + (int64_t)(i % 16) * TICK;
            assert_int_equal(cmio_timers_set(timers, &list[i], deadline), 0);
        }
        now += 17 * TICK;
        struct cmio_timer *first = cmio_timers_pop(timers, now);
        assert_non_null(first);
        for (size_t i = 0; i < COUNT; i++) {
            struct cmio_timer *timer = &list[round == 0 ? i : COUNT - 1 - i];
            assert_true(cmio_timers_next_deadline(timers) <= now || i >= COUNT - 1);
            if (timer != first)
                assert_int_equal(cmio_timers_cancel(timers, timer), 0);
        }
        assert_int_equal(cmio_timers_next_deadline(timers), CMIO_FOREVER);
        assert_null(cmio_timers_pop(timers, now));
    }
    cmio_timers_free(timers);
}

static void a_million_timers_expire_each_once(void **state) {
    (void)state;
    const size_t count = (size_t)test_scale(1000000);
    struct cmio_timers *timers = new_timers();
    struct cmio_timer *list = calloc(count, sizeof *list);
    assert_non_null(list);
    const int64_t start = cmio_now();
    uint64_t seed = 42;
    for (size_t i = 0; i < count; i++) {
        const int64_t span = (int64_t)(next_random(&seed) % (uint64_t)(100 * CMIO_SECOND));
        assert_int_equal(cmio_timer_init(&list[i], i), 0);
        assert_int_equal(cmio_timers_set(timers, &list[i], start + span), 0);
    }
    for (size_t i = 0; i < count; i += 2)
        assert_int_equal(cmio_timers_cancel(timers, &list[i]), 0);
    size_t popped = 0;
    for (int64_t now = start; now <= start + 101 * CMIO_SECOND; now += 10 * CMIO_MILLISECOND)
        for (struct cmio_timer *timer; (timer = cmio_timers_pop(timers, now)) != NULL; popped++)
            assert_true(timer->token % 2 == 1);
    assert_int_equal(popped, count / 2);
    assert_int_equal(cmio_timers_next_deadline(timers), CMIO_FOREVER);
    free(list);
    cmio_timers_free(timers);
}

static void a_timer_takes_40_bytes(void **state) {
    (void)state;
    assert_true(sizeof(void *) != 8 || sizeof(struct cmio_timer) == 40);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(null_arguments_and_negative_deadlines_are_invalid),
    cmocka_unit_test(an_empty_set_has_no_deadline_and_nothing_to_pop),
    cmocka_unit_test(a_timer_is_popped_at_its_deadline_and_not_before),
    cmocka_unit_test(a_timer_of_zeros_may_be_used),
    cmocka_unit_test(the_end_of_time_is_a_deadline),
    cmocka_unit_test(a_deadline_in_the_past_expires_with_the_next_pop),
    cmocka_unit_test(a_timer_is_popped_at_its_deadline_to_the_nanosecond),
    cmocka_unit_test(a_thousand_timers_that_are_a_nanosecond_past_are_all_popped),
    cmocka_unit_test(a_crowd_in_one_tick_expires_nanosecond_by_nanosecond),
    cmocka_unit_test(a_clock_that_was_read_before_the_set_was_made_expires_nothing_early),
    cmocka_unit_test(a_clock_that_runs_backwards_expires_nothing_early_and_loses_nothing),
    cmocka_unit_test(setting_again_moves_the_timer),
    cmocka_unit_test(a_cancelled_timer_does_not_expire_and_leaves_no_deadline),
    cmocka_unit_test(forever_cancels),
    cmocka_unit_test(a_timer_that_is_due_can_still_be_cancelled),
    cmocka_unit_test(a_timer_set_elsewhere_is_refused_and_stays_where_it_is),
    cmocka_unit_test(freeing_the_set_cancels_its_timers),
    cmocka_unit_test(a_popped_timer_can_be_set_again_at_once),
    cmocka_unit_test(a_due_timer_that_is_cancelled_leaves_no_deadline),
    cmocka_unit_test(a_timer_without_a_neighbour_is_waited_for_to_a_tenth_of_a_millisecond),
    cmocka_unit_test(timers_close_to_each_other_need_one_wait),
    cmocka_unit_test(what_is_a_millisecond_apart_is_popped_in_order_also_when_late),
    cmocka_unit_test(what_is_due_can_be_cancelled_and_moved_between_two_pops),
    cmocka_unit_test(random_use_agrees_with_a_plain_list),
    cmocka_unit_test(a_timer_that_was_moved_to_later_and_back_expires_at_its_last_deadline),
    cmocka_unit_test(a_timer_that_keeps_moving_to_later_wakes_the_loop_less_than_8_times_a_second),
    cmocka_unit_test(what_is_due_leaves_no_deadline_once_it_is_all_cancelled),
    cmocka_unit_test(a_million_timers_expire_each_once),
    cmocka_unit_test(a_timer_takes_40_bytes),
};
TEST_GROUP(time_timers, tests)
