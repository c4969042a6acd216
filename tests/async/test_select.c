/* SPDX-License-Identifier: MIT */
#include <cmio/async/select.h>

#include <errno.h>

#include "async/gate.h"

enum { GATES = 3 };

static struct gate gates[GATES];
static struct cmio_future *children[GATES];
static struct cmio_select_future select_;

static void make(void) {
    for (int i = 0; i < GATES; i++) {
        gate_init(&gates[i]);
        children[i] = &gates[i].future;
    }
    TEST_OK(cmio_select_future_init(&select_, children, GATES));
}

static void choose(struct cmio_context *context) {
    make();
    assert_int_equal(cmio_future_poll(&select_.future, context), CMIO_PENDING);
    gate_open(&gates[2], -EIO);
    gate_open(&gates[1], 9);
    assert_int_equal(cmio_future_poll(&select_.future, context), CMIO_READY);
    TEST_GIVES(select_.future.result, 1);
    TEST_GIVES(gates[1].future.result, 9);
    assert_int_equal(gates[0].polls, 2);
    assert_int_equal(gates[2].polls, 1);
    cmio_future_drop(children[0]);
    cmio_future_drop(children[2]);
}

static void the_first_in_the_array_that_is_ready_wins(void **state) {
    (void)state;
    play(choose);
}

static void go_on(struct cmio_context *context) {
    make();
    gate_open(&gates[0], 1);
    assert_int_equal(cmio_future_poll(&select_.future, context), CMIO_READY);
    TEST_GIVES(select_.future.result, 0);
    cmio_future_drop(&select_.future); /* which has ended: the others stay as they are */
    assert_int_equal(gates[1].drops + gates[2].drops, 0);

    children[0] = NULL;
    TEST_OK(cmio_select_future_init(&select_, children, GATES));
    assert_int_equal(cmio_future_poll(&select_.future, context), CMIO_PENDING);
    gate_open(&gates[2], 3);
    assert_int_equal(cmio_future_poll(&select_.future, context), CMIO_READY);
    TEST_GIVES(select_.future.result, 2);
    cmio_future_drop(children[1]);
}

static void the_others_are_left_to_go_on_with(void **state) {
    (void)state;
    play(go_on);
}

static void drop_all(struct cmio_context *context) {
    make();
    cmio_future_drop(&select_.future);
    for (int i = 0; i < GATES; i++)
        assert_int_equal(gates[i].drops, 1);
    make();
    assert_int_equal(cmio_future_poll(&select_.future, context), CMIO_PENDING);
    gate_open(&gates[1], 5); /* and the poll that this asks for does not come */
    cmio_future_drop(&select_.future);
    for (int i = 0; i < GATES; i++)
        assert_int_equal(gates[i].drops, 1);
}

static void dropping_it_drops_all_children(void **state) {
    (void)state;
    play(drop_all);
}

static void it_refuses_what_is_no_child(void **state) {
    (void)state;
    TEST_FAILS(cmio_select_future_init(NULL, children, GATES), -EINVAL);
    TEST_FAILS(cmio_select_future_init(&select_, NULL, 1), -EINVAL);
    TEST_FAILS(cmio_select_future_init(&select_, children, 0), -EINVAL);
    TEST_FAILS(cmio_select_future_init(&select_, (struct cmio_future *[]){NULL}, 1), -EINVAL);
}

/* Ends the one that lost, in the task that polled it. */
static ssize_t drop_loser(ssize_t result, void *loser, struct cmio_future **next) {
    (void)next;
    cmio_future_drop(loser);
    return result;
}

static void the_shorter_sleep_wins(void **state) {
    struct cmio_executor *executor = new_executor(*state);
    struct cmio_sleep_future sleeps[2];
    TEST_OK(cmio_sleep_future_init(&sleeps[0], CMIO_FOREVER));
    TEST_OK(cmio_sleep_future_init(&sleeps[1], CMIO_MILLISECOND));
    struct cmio_future *pointers[] = {&sleeps[0].future, &sleeps[1].future};
    TEST_OK(cmio_select_future_init(&select_, pointers, 2));
    struct cmio_then_future then;
    TEST_OK(cmio_then_future_init(&then, &select_.future, drop_loser, pointers[0]));
    TEST_GIVES(cmio_block_on(executor, &then.future), 1);
    TEST_FAILS(sleeps[0].future.result, -ECANCELED);
    cmio_executor_free(executor);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_first_in_the_array_that_is_ready_wins),
    cmocka_unit_test(the_others_are_left_to_go_on_with),
    cmocka_unit_test(dropping_it_drops_all_children),
    cmocka_unit_test(it_refuses_what_is_no_child),
    ROWS(the_shorter_sleep_wins),
};

TEST_GROUP(async_select, tests)
