/* SPDX-License-Identifier: MIT */
#include <cmio/async/timeout.h>

#include <errno.h>

#include "async/gate.h"

#define HOUR (3600 * CMIO_SECOND) /* which does not pass, even if the process stands still */

static struct gate gate;
static struct cmio_timeout_future timeout;

static void end_in_time(struct cmio_context *context) {
    gate_init(&gate);
    TEST_OK(cmio_timeout_future_init(&timeout, &gate.future, CMIO_FOREVER));
    assert_int_equal(cmio_future_poll(&timeout.future, context), CMIO_PENDING);
    gate_open(&gate, -EIO);
    assert_int_equal(cmio_future_poll(&timeout.future, context), CMIO_READY);
    TEST_FAILS(timeout.future.result, -EIO);
    assert_int_equal(gate.drops, 0);
}

static void a_child_in_time_gives_its_result(void **state) {
    (void)state;
    play(end_in_time);
}

static void the_child_is_dropped_when_the_time_is_up(void **state) {
    struct cmio_executor *executor = new_executor(*state);
    gate_init(&gate);
    const int64_t begin = cmio_now();
    TEST_OK(cmio_timeout_future_init(&timeout, &gate.future, 5 * CMIO_MILLISECOND));
    TEST_FAILS(cmio_block_on(executor, &timeout.future), -ETIMEDOUT);
    assert_true(cmio_now() - begin >= 5 * CMIO_MILLISECOND);
    assert_int_equal(gate.drops, 1);
    TEST_FAILS(gate.future.result, -ECANCELED);
    cmio_executor_free(executor);
}

static void be_late(struct cmio_context *context) {
    gate_init(&gate);
    TEST_OK(cmio_timeout_until_future_init(&timeout, &gate.future, 0));
    gate_open(&gate, 4);
    assert_int_equal(cmio_future_poll(&timeout.future, context), CMIO_READY);
    TEST_GIVES(timeout.future.result, 4);

    gate_init(&gate);
    TEST_OK(cmio_timeout_until_future_init(&timeout, &gate.future, 0));
    assert_int_equal(cmio_future_poll(&timeout.future, context), CMIO_READY);
    TEST_FAILS(timeout.future.result, -ETIMEDOUT);
    assert_int_equal(gate.polls, 1);
}

static void a_child_that_is_ready_when_the_time_is_up_wins(void **state) {
    (void)state;
    play(be_late);
}

/* A child that is ready whenever it is polled, if the task's turn is not over. */
static enum cmio_future_state poll_spender(struct cmio_future *future,
                                           struct cmio_context *context) {
    (void)future;
    return cmio_context_spend(context) ? CMIO_READY : CMIO_PENDING;
}

static const struct cmio_future_ops spender_ops = {"spender", poll_spender, scene_drop};

static void be_out_of_turn(struct cmio_context *context) {
    struct cmio_future spender = {.ops = &spender_ops};
    while (cmio_context_spend(context))
        continue;
    TEST_OK(cmio_timeout_future_init(&timeout, &spender, CMIO_SECOND));
    cmio_future_drop(&timeout.sleep.future); /* as if the second had passed */
    assert_int_equal(cmio_future_poll(&timeout.future, context), CMIO_READY);
    TEST_GIVES(timeout.future.result, 0);
    assert_false(cmio_context_spend(context)); /* the turn is still over */
}

static void a_child_whose_turn_was_over_wins_too(void **state) {
    (void)state;
    play(be_out_of_turn);
}

/* A child that does work without end. */
static enum cmio_future_state poll_busy(struct cmio_future *future, struct cmio_context *context) {
    (void)future;
    while (cmio_context_spend(context))
        continue;
    return CMIO_PENDING;
}

static const struct cmio_future_ops busy_ops = {"busy", poll_busy, scene_drop};

static void be_busy_and_late(struct cmio_context *context) {
    struct cmio_future busy = {.ops = &busy_ops};
    TEST_OK(cmio_timeout_until_future_init(&timeout, &busy, 0));
    assert_int_equal(cmio_future_poll(&timeout.future, context), CMIO_READY);
    TEST_FAILS(timeout.future.result, -ETIMEDOUT);
}

static void a_child_that_spends_the_turn_does_not_hide_the_time(void **state) {
    (void)state;
    play(be_busy_and_late);
}

static void a_child_that_never_waits_is_dropped_too(void **state) {
    struct cmio_executor *executor = new_executor(*state);
    struct cmio_future busy = {.ops = &busy_ops};
    TEST_OK(cmio_timeout_future_init(&timeout, &busy, 5 * CMIO_MILLISECOND));
    TEST_FAILS(cmio_block_on(executor, &timeout.future), -ETIMEDOUT);
    TEST_FAILS(busy.result, -ECANCELED);
    cmio_executor_free(executor);
}

static void drop_early(struct cmio_context *context) {
    gate_init(&gate);
    TEST_OK(cmio_timeout_future_init(&timeout, &gate.future, HOUR));
    cmio_future_drop(&timeout.future);
    assert_int_equal(gate.drops, 1);

    gate_init(&gate);
    TEST_OK(cmio_timeout_future_init(&timeout, &gate.future, HOUR));
    assert_int_equal(cmio_future_poll(&timeout.future, context), CMIO_PENDING);
    gate_open(&gate, 1); /* and the poll that this asks for does not come */
    cmio_future_drop(&timeout.future);
    assert_int_equal(gate.drops, 1);
    assert_false(cmio_timer_is_set(&timeout.sleep.timer));
}

static void dropping_it_drops_the_child_and_cancels_the_timer(void **state) {
    (void)state;
    play(drop_early);
}

static void end_early(struct cmio_context *context) {
    gate_init(&gate);
    TEST_OK(cmio_timeout_future_init(&timeout, &gate.future, HOUR));
    assert_int_equal(cmio_future_poll(&timeout.future, context), CMIO_PENDING);
    assert_true(cmio_timer_is_set(&timeout.sleep.timer));
    gate_open(&gate, 1);
    assert_int_equal(cmio_future_poll(&timeout.future, context), CMIO_READY);
    assert_false(cmio_timer_is_set(&timeout.sleep.timer));
}

static void the_timer_is_cancelled_when_the_child_is_ready(void **state) {
    (void)state;
    play(end_early);
}

static void it_refuses_what_is_no_child_and_no_time(void **state) {
    (void)state;
    gate_init(&gate);
    TEST_FAILS(cmio_timeout_future_init(NULL, &gate.future, 1), -EINVAL);
    TEST_FAILS(cmio_timeout_future_init(&timeout, NULL, 1), -EINVAL);
    TEST_FAILS(cmio_timeout_future_init(&timeout, &gate.future, -2), -EINVAL);
    TEST_FAILS(cmio_timeout_until_future_init(&timeout, &gate.future, -2), -EINVAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_child_in_time_gives_its_result),
    ROWS(the_child_is_dropped_when_the_time_is_up),
    cmocka_unit_test(a_child_that_is_ready_when_the_time_is_up_wins),
    cmocka_unit_test(a_child_whose_turn_was_over_wins_too),
    cmocka_unit_test(a_child_that_spends_the_turn_does_not_hide_the_time),
    ROWS(a_child_that_never_waits_is_dropped_too),
    cmocka_unit_test(dropping_it_drops_the_child_and_cancels_the_timer),
    cmocka_unit_test(the_timer_is_cancelled_when_the_child_is_ready),
    cmocka_unit_test(it_refuses_what_is_no_child_and_no_time),
};

TEST_GROUP(async_timeout, tests)
