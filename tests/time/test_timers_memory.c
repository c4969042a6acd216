/* SPDX-License-Identifier: MIT */
/*
 * What timers cost in memory accesses. Timers are far apart in memory, so each timer that a call
 * touches may be a cache miss. The tests compare the timers before and after a call: a timer whose
 * members are unchanged was not written.
 */
#include "support/scale.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include <cmio/time.h>
#include <cmio/timers.h>

enum {
    COUNT = 512,
    TICK = 1 << 16,   /* nanoseconds; */
    WINDOW = 1 << 27, /* where slots above the ticks begin */
};

struct crowd {
    struct cmio_timers *timers;
    struct cmio_timer list[COUNT];
    struct cmio_timer before[COUNT];
    int64_t begin;
};

/* A crowd whose timers are set a span apart, from an hour after now on. */
static void set_up(struct crowd *crowd, int64_t span) {
    assert_int_equal(cmio_timers_new(&crowd->timers), 0);
    crowd->begin = (cmio_now() / WINDOW + 3600 * 8) * WINDOW; /* an hour from now, more or less */
    for (size_t i = 0; i < COUNT; i++) {
        const int64_t deadline = crowd->begin + (int64_t)i * span;
        assert_int_equal(cmio_timer_init(&crowd->list[i], i), 0);
        assert_int_equal(cmio_timers_set(crowd->timers, &crowd->list[i], deadline), 0);
    }
    memcpy(crowd->before, crowd->list, sizeof crowd->list);
}

/* How many timers were written since before was copied, other than one. */
static int others_touched(struct crowd *crowd, size_t except) {
    int touched = 0;
    for (size_t i = 0; i < COUNT; i++)
        if (i != except)
            touched += memcmp(&crowd->list[i], &crowd->before[i], sizeof crowd->list[i]) != 0;
    memcpy(crowd->before, crowd->list, sizeof crowd->list);
    return touched;
}

static void setting_a_timer_touches_at_most_one_other(void **state) {
    (void)state;
    static struct crowd crowd;
    set_up(&crowd, 0);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(cmio_timers_cancel(crowd.timers, &crowd.list[i]), 0);
        assert_in_range(others_touched(&crowd, i), 0, 2);
        assert_int_equal(cmio_timers_set(crowd.timers, &crowd.list[i], crowd.begin), 0);
        assert_in_range(others_touched(&crowd, i), 0, 1);
    }
    cmio_timers_free(crowd.timers);
}

static void moving_a_timer_to_later_touches_no_other(void **state) {
    (void)state;
    static struct crowd crowd;
    set_up(&crowd, CMIO_MILLISECOND);
    int64_t later = crowd.begin + COUNT * CMIO_MILLISECOND;
    for (size_t i = 0; i < 10 * COUNT; i++, later += CMIO_SECOND) {
        struct cmio_timer *timer = &crowd.list[i * 7 % COUNT];
        assert_int_equal(cmio_timers_set(crowd.timers, timer, later), 0);
        assert_int_equal(cmio_timer_deadline(timer), later);
        assert_int_equal(others_touched(&crowd, i * 7 % COUNT), 0);
    }
    cmio_timers_free(crowd.timers);
}

static void moving_a_timer_within_its_slot_touches_no_other(void **state) {
    (void)state;
    static struct crowd crowd;
    set_up(&crowd, 0);
    const int64_t tick = crowd.begin + WINDOW / 2 + TICK;
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(cmio_timers_set(crowd.timers, &crowd.list[i], tick + (int64_t)i), 0);
    assert_null(cmio_timers_pop(crowd.timers, crowd.begin + WINDOW / 2)); /* in ticks now */
    (void)others_touched(&crowd, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        const int64_t deadline = tick + TICK - 1 - (int64_t)i;
        assert_int_equal(cmio_timers_set(crowd.timers, &crowd.list[i], deadline), 0);
        assert_int_equal(others_touched(&crowd, i), 0);
    }
    for (int64_t now = tick + TICK - COUNT; now < tick + TICK; now++) {
        assert_non_null(cmio_timers_pop(crowd.timers, now));
        assert_null(cmio_timers_pop(crowd.timers, now));
    }
    cmio_timers_free(crowd.timers);
}

static void popping_a_timer_touches_no_other(void **state) {
    (void)state;
    static struct crowd crowd;
    set_up(&crowd, 0);
    const int64_t now = crowd.begin + CMIO_SECOND;
    struct cmio_timer *timer = cmio_timers_pop(crowd.timers, now); /* may sort the others */
    (void)others_touched(&crowd, COUNT);
    for (size_t popped = 1; popped < COUNT; popped++) {
        timer = cmio_timers_pop(crowd.timers, now);
        assert_non_null(timer);
        assert_int_equal(others_touched(&crowd, timer->token), 0);
    }
    assert_null(cmio_timers_pop(crowd.timers, now));
    cmio_timers_free(crowd.timers);
}

/* It has time to arrive from memory while timers of other lists are popped. */
static void the_timer_behind_a_popped_one_is_not_popped_next(void **state) {
    (void)state;
    static struct crowd crowd;
    set_up(&crowd, 0);
    const int64_t now = crowd.begin + CMIO_SECOND;
    const struct cmio_timer *behind = NULL;
    for (size_t popped = 0; popped < COUNT; popped++) {
        struct cmio_timer *timer = cmio_timers_pop(crowd.timers, now);
        assert_non_null(timer);
        assert_ptr_not_equal(timer, behind);
        behind = popped < COUNT - 4 ? timer->next : NULL; /* at last, one list may be left */
    }
    cmio_timers_free(crowd.timers);
}

static uint64_t next_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Overwritten first, so that whatever still leads to it goes astray. */
static void dispose(struct cmio_timer **timer) {
    memset(*timer, 0x5a, sizeof **timer);
    free(*timer);
    *timer = NULL;
}

static struct cmio_timer *make(struct cmio_timers *timers, size_t token, int64_t deadline) {
    struct cmio_timer *timer = calloc(1, sizeof *timer);
    assert_non_null(timer);
    timer->token = token;
    assert_int_equal(cmio_timers_set(timers, timer, deadline), 0);
    return timer;
}

/* Deadlines crowd at few instants, so that lists are long, and one instant is always due. */
static void a_timer_may_be_freed_once_it_is_popped_or_cancelled(void **state) {
    (void)state;
    static struct cmio_timer *list[COUNT];
    struct cmio_timers *timers;
    uint64_t seed = 5;
    int64_t now = cmio_now();
    const int steps = test_scale(200000);
    assert_int_equal(cmio_timers_new(&timers), 0);
    for (int i = 0; i < steps; i++) {
        const size_t index = next_random(&seed) % COUNT;
        const int64_t deadline = now + (int64_t)(next_random(&seed) % 8) * 30 * CMIO_MILLISECOND;
        struct cmio_timer *timer = NULL;
        if (i % 16 == 0 && (timer = cmio_timers_pop(timers, now)) != NULL)
            dispose(&list[timer->token]);
        else if (i % 256 == 1)
            now += 10 * CMIO_MILLISECOND;
        else if (list[index] == NULL)
            list[index] = make(timers, index, deadline);
        else if (i % 2 == 0)
            assert_int_equal(cmio_timers_set(timers, list[index], deadline), 0);
        else if (cmio_timers_cancel(timers, list[index]) == 0)
            dispose(&list[index]);
    }
    cmio_timers_free(timers);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(list[i] == NULL || !cmio_timer_is_set(list[i]));
        free(list[i]);
        list[i] = NULL;
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(setting_a_timer_touches_at_most_one_other),
    cmocka_unit_test(moving_a_timer_to_later_touches_no_other),
    cmocka_unit_test(moving_a_timer_within_its_slot_touches_no_other),
    cmocka_unit_test(popping_a_timer_touches_no_other),
    cmocka_unit_test(the_timer_behind_a_popped_one_is_not_popped_next),
    cmocka_unit_test(a_timer_may_be_freed_once_it_is_popped_or_cancelled),
};
TEST_GROUP(time_timers_memory, tests)
