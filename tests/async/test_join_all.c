/* SPDX-License-Identifier: MIT */
#include <cmio/async/join_all.h>

#include <errno.h>

#include "async/gate.h"

enum { GATES = 3 };

static struct gate gates[GATES];
static struct cmio_future *children[GATES] = {&gates[0].future, &gates[1].future, &gates[2].future};
static struct cmio_join_all_future all;

static void make(void) {
    for (int i = 0; i < GATES; i++)
        gate_init(&gates[i]);
    TEST_OK(cmio_join_all_future_init(&all, children, GATES));
}

static void wait_for_the_last(struct cmio_context *context) {
    make();
    for (int i = GATES - 1; i >= 0; i--) {
        assert_int_equal(cmio_future_poll(&all.future, context), CMIO_PENDING);
        gate_open(&gates[i], i + 10);
    }
    assert_int_equal(cmio_future_poll(&all.future, context), CMIO_READY);
    TEST_GIVES(all.future.result, 0);
    for (int i = 0; i < GATES; i++)
        TEST_GIVES(gates[i].future.result, i + 10);
    assert_int_equal(gates[2].polls, 2); /* it had ended by the third */
}

static void it_is_ready_when_the_last_child_is(void **state) {
    (void)state;
    play(wait_for_the_last);
}

static void fail_twice(struct cmio_context *context) {
    make();
    gate_open(&gates[2], -EPIPE);
    assert_int_equal(cmio_future_poll(&all.future, context), CMIO_PENDING);
    gate_open(&gates[1], -EIO);
    assert_int_equal(cmio_future_poll(&all.future, context), CMIO_PENDING);
    gate_open(&gates[0], 7);
    assert_int_equal(cmio_future_poll(&all.future, context), CMIO_READY);
    TEST_FAILS(all.future.result, -EIO);
    TEST_GIVES(gates[0].future.result, 7);
    TEST_FAILS(gates[2].future.result, -EPIPE);
}

static void its_result_is_the_first_failure_in_the_order_of_the_array(void **state) {
    (void)state;
    play(fail_twice);
}

static void drop_before(struct cmio_context *context) {
    (void)context;
    make();
    cmio_future_drop(&all.future);
    for (int i = 0; i < GATES; i++)
        assert_int_equal(gates[i].drops, 1);
}

static void drop_between(struct cmio_context *context) {
    make();
    assert_int_equal(cmio_future_poll(&all.future, context), CMIO_PENDING);
    gate_open(&gates[1], 5);
    assert_int_equal(cmio_future_poll(&all.future, context), CMIO_PENDING);
    gate_open(&gates[0], 5); /* and the poll that this asks for does not come */
    cmio_future_drop(&all.future);
    assert_int_equal(gates[0].drops, 1);
    assert_int_equal(gates[1].drops, 0);
    assert_int_equal(gates[2].drops, 1);
    TEST_GIVES(gates[1].future.result, 5);
    TEST_FAILS(gates[2].future.result, -ECANCELED);
}

static void dropping_it_drops_the_children_that_are_left(void **state) {
    (void)state;
    play(drop_before);
    play(drop_between);
}

static void no_children_are_ready_at_once(void **state) {
    (void)state;
    struct cmio_executor *executor = new_executor(&none);
    TEST_OK(cmio_join_all_future_init(&all, NULL, 0));
    TEST_OK(cmio_block_on(executor, &all.future));
    cmio_executor_free(executor);
}

static void it_refuses_what_is_no_child(void **state) {
    (void)state;
    TEST_FAILS(cmio_join_all_future_init(NULL, children, GATES), -EINVAL);
    TEST_FAILS(cmio_join_all_future_init(&all, NULL, 1), -EINVAL);
    TEST_FAILS(cmio_join_all_future_init(&all, (struct cmio_future *[]){NULL}, 1), -EINVAL);
}

static void sleeps_are_joined(void **state) {
    struct cmio_executor *executor = new_executor(*state);
    struct cmio_sleep_future sleeps[10];
    struct cmio_future *pointers[10];
    for (int i = 0; i < 10; i++) {
        TEST_OK(cmio_sleep_future_init(&sleeps[i], (10 - i) * CMIO_MILLISECOND));
        pointers[i] = &sleeps[i].future;
    }
    TEST_OK(cmio_join_all_future_init(&all, pointers, 10));
    TEST_OK(cmio_block_on(executor, &all.future));
    for (int i = 0; i < 10; i++)
        assert_true(cmio_future_has_ended(pointers[i]));
    cmio_executor_free(executor);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(it_is_ready_when_the_last_child_is),
    cmocka_unit_test(its_result_is_the_first_failure_in_the_order_of_the_array),
    cmocka_unit_test(dropping_it_drops_the_children_that_are_left),
    cmocka_unit_test(no_children_are_ready_at_once),
    cmocka_unit_test(it_refuses_what_is_no_child),
    ROWS(sleeps_are_joined),
};

TEST_GROUP(async_join_all, tests)
