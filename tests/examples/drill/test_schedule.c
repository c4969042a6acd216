/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include "schedule.h"

#define SECOND INT64_C(1000000000)

static const int64_t began = 5 * SECOND;

static void assert_turn(struct schedule *schedule, int64_t now, enum turn turn, int64_t due) {
    int64_t when = -1;
    assert_int_equal(schedule_take(schedule, began + now, &when), turn);
    if (due >= 0)
        assert_int_equal(when - began, due);
    else
        assert_int_equal(when, -1);
}

static void a_closed_loop_gives_an_iteration_to_whoever_asks(void **state) {
    (void)state;
    struct schedule schedule = {.iterations = 2};
    schedule_start(&schedule, began);
    assert_turn(&schedule, 0, TURN_NOW, -1);
    assert_false(schedule_is_over(&schedule, began));
    assert_turn(&schedule, 0, TURN_NOW, -1);
    assert_true(schedule_is_over(&schedule, began));
    assert_turn(&schedule, 0, TURN_NEVER, -1);
    assert_true(schedule_has_time(&schedule, INT64_MAX - 1));
}

static void a_closed_loop_ends_with_its_duration(void **state) {
    (void)state;
    struct schedule schedule = {.iterations = UINT64_MAX, .duration = SECOND};
    schedule_start(&schedule, began);
    assert_turn(&schedule, SECOND - 1, TURN_NOW, -1);
    assert_true(schedule_has_time(&schedule, began + SECOND - 1));
    assert_false(schedule_has_time(&schedule, began + SECOND));
    assert_turn(&schedule, SECOND, TURN_NEVER, -1);
    assert_int_equal(schedule_overdue(&schedule, began + SECOND), 0);
}

static void an_open_loop_has_iterations_due_at_even_intervals(void **state) {
    (void)state;
    struct schedule schedule = {.iterations = 4, .rate = 4 * RATE_UNIT};
    schedule_start(&schedule, began);
    assert_turn(&schedule, 0, TURN_NOW, 0);
    assert_turn(&schedule, 0, TURN_LATER, SECOND / 4);
    assert_turn(&schedule, SECOND / 4 - 1, TURN_LATER, SECOND / 4);
    assert_turn(&schedule, SECOND / 4, TURN_NOW, SECOND / 4);
    /* Taken late, it was still due then. */
    assert_int_equal(schedule_overdue(&schedule, began + 9 * SECOND), 2);
    assert_turn(&schedule, 9 * SECOND, TURN_NOW, SECOND / 2);
    assert_false(schedule_is_over(&schedule, began + 9 * SECOND));
    assert_turn(&schedule, 9 * SECOND, TURN_NOW, 3 * SECOND / 4);
    assert_true(schedule_is_over(&schedule, began));
    assert_turn(&schedule, 9 * SECOND, TURN_NEVER, -1);
}

static void what_was_due_within_the_duration_is_taken_after_it(void **state) {
    (void)state;
    struct schedule schedule = {
        .iterations = UINT64_MAX, .rate = 10 * RATE_UNIT, .duration = SECOND};
    schedule_start(&schedule, began);
    assert_int_equal(schedule_overdue(&schedule, began + 60 * SECOND), 10);
    for (int i = 0; i < 10; i++)
        assert_turn(&schedule, 60 * SECOND, TURN_NOW, i * SECOND / 10);
    assert_turn(&schedule, 60 * SECOND, TURN_NEVER, -1);
    assert_true(schedule_is_over(&schedule, began));
    assert_int_equal(schedule_overdue(&schedule, began + 60 * SECOND), 0);
}

static void many_iterations_do_not_drift(void **state) {
    (void)state;
    struct schedule schedule = {.iterations = UINT64_MAX, .rate = 3 * RATE_UNIT / 10, .taken = 0};
    schedule_start(&schedule, began);
    schedule.taken = UINT64_C(3000000);
    assert_turn(&schedule, 0, TURN_LATER, INT64_C(10000000) * SECOND);
    schedule.taken = UINT64_MAX - 1; /* no time ever comes, and nothing overflows */
    int64_t due = 0;
    assert_int_equal(schedule_take(&schedule, began, &due), TURN_LATER);
    assert_true(due > INT64_MAX / 8);
}

/* Half of what is due in a time at the full rate is due in the same time of a ramp-up. */
static void a_ramp_up_raises_the_rate_evenly(void **state) {
    (void)state;
    struct schedule schedule = {
        .iterations = UINT64_MAX, .rate = 100 * RATE_UNIT, .rampup = 4 * SECOND};
    schedule_start(&schedule, began);
    assert_turn(&schedule, 0, TURN_NOW, 0);
    schedule.taken = 50;
    assert_turn(&schedule, 0, TURN_LATER, 2 * SECOND);
    schedule.taken = 200;
    assert_turn(&schedule, 0, TURN_LATER, 4 * SECOND);
    schedule.taken = 300;
    assert_turn(&schedule, 0, TURN_LATER, 5 * SECOND);
    schedule.taken = 0;
    assert_int_equal(schedule_overdue(&schedule, began + 2 * SECOND), 50);
    assert_int_equal(schedule_overdue(&schedule, began + 5 * SECOND), 300);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_closed_loop_gives_an_iteration_to_whoever_asks),
    cmocka_unit_test(a_closed_loop_ends_with_its_duration),
    cmocka_unit_test(an_open_loop_has_iterations_due_at_even_intervals),
    cmocka_unit_test(what_was_due_within_the_duration_is_taken_after_it),
    cmocka_unit_test(many_iterations_do_not_drift),
    cmocka_unit_test(a_ramp_up_raises_the_rate_evenly),
};

TEST_GROUP(drill_schedule, tests)
