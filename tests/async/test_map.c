/* SPDX-License-Identifier: MIT */
#include <cmio/async/map.h>

#include <errno.h>

#include "async/gate.h"

static struct gate first, second;
static int calls;

static ssize_t twice(ssize_t result, void *argument) {
    (*(int *)argument)++;
    return 2 * result;
}

static void map_results(struct cmio_context *context) {
    struct cmio_map_future map;
    calls = 0;
    gate_init(&first);
    TEST_OK(cmio_map_future_init(&map, &first.future, twice, &calls));
    assert_int_equal(cmio_future_poll(&map.future, context), CMIO_PENDING);
    gate_open(&first, -3);
    assert_int_equal(cmio_future_poll(&map.future, context), CMIO_READY);
    assert_int_equal(cmio_future_poll(&map.future, context), CMIO_READY);
    TEST_GIVES(map.future.result, -6);
    TEST_GIVES(first.future.result, -3);
    assert_int_equal(calls, 1);
}

static void map_gives_what_the_function_makes_of_the_result(void **state) {
    (void)state;
    play(map_results);
}

static void drop_maps(struct cmio_context *context) {
    for (int polls = 0; polls < 2; polls++) {
        struct cmio_map_future map;
        calls = 0;
        gate_init(&first);
        TEST_OK(cmio_map_future_init(&map, &first.future, twice, &calls));
        if (polls == 1)
            assert_int_equal(cmio_future_poll(&map.future, context), CMIO_PENDING);
        gate_open(&first, 1); /* and the poll that this asks for does not come */
        cmio_future_drop(&map.future);
        assert_int_equal(first.drops, 1);
        assert_int_equal(calls, 0);
    }
}

static void dropping_a_map_drops_the_child_and_calls_nothing(void **state) {
    (void)state;
    play(drop_maps);
}

/* Goes on with the second gate after a success, and ends after a failure. */
static ssize_t go_on(ssize_t result, void *argument, struct cmio_future **next) {
    (*(int *)argument)++;
    if (result < 0)
        return -ENOTCONN;
    gate_init(&second);
    *next = &second.future;
    return 0;
}

static struct cmio_then_future then;

static void make_then(void) {
    calls = 0;
    gate_init(&first);
    gate_init(&second);
    TEST_OK(cmio_then_future_init(&then, &first.future, go_on, &calls));
}

static void follow(struct cmio_context *context) {
    make_then();
    assert_int_equal(cmio_future_poll(&then.future, context), CMIO_PENDING);
    gate_open(&first, 1);
    assert_int_equal(cmio_future_poll(&then.future, context), CMIO_PENDING);
    assert_int_equal(second.polls, 1);
    gate_open(&second, 8);
    assert_int_equal(cmio_future_poll(&then.future, context), CMIO_READY);
    TEST_GIVES(then.future.result, 8);
    assert_int_equal(calls, 1);
}

static void then_waits_for_the_future_that_the_function_makes(void **state) {
    (void)state;
    play(follow);
}

static void stop_short(struct cmio_context *context) {
    make_then();
    gate_open(&first, -EIO);
    assert_int_equal(cmio_future_poll(&then.future, context), CMIO_READY);
    TEST_FAILS(then.future.result, -ENOTCONN);
    assert_int_equal(second.polls, 0);
}

static void then_ends_where_the_function_makes_none(void **state) {
    (void)state;
    play(stop_short);
}

static void drop_thens(struct cmio_context *context) {
    make_then();
    cmio_future_drop(&then.future);
    assert_int_equal(first.drops, 1);

    make_then();
    assert_int_equal(cmio_future_poll(&then.future, context), CMIO_PENDING);
    gate_open(&first, 1);
    cmio_future_drop(&then.future);
    assert_int_equal(first.drops, 1);
    assert_int_equal(calls, 0);

    make_then();
    gate_open(&first, 1);
    assert_int_equal(cmio_future_poll(&then.future, context), CMIO_PENDING);
    gate_open(&second, 1);
    cmio_future_drop(&then.future);
    assert_int_equal(first.drops, 0);
    assert_int_equal(second.drops, 1);
}

static void dropping_a_then_drops_the_one_that_it_waits_for(void **state) {
    (void)state;
    play(drop_thens);
}

static void they_refuse_what_is_no_child_and_no_function(void **state) {
    (void)state;
    struct cmio_map_future map;
    gate_init(&first);
    TEST_FAILS(cmio_map_future_init(NULL, &first.future, twice, NULL), -EINVAL);
    TEST_FAILS(cmio_map_future_init(&map, NULL, twice, NULL), -EINVAL);
    TEST_FAILS(cmio_map_future_init(&map, &first.future, NULL, NULL), -EINVAL);
    TEST_FAILS(cmio_then_future_init(NULL, &first.future, go_on, NULL), -EINVAL);
    TEST_FAILS(cmio_then_future_init(&then, NULL, go_on, NULL), -EINVAL);
    TEST_FAILS(cmio_then_future_init(&then, &first.future, NULL, NULL), -EINVAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(map_gives_what_the_function_makes_of_the_result),
    cmocka_unit_test(dropping_a_map_drops_the_child_and_calls_nothing),
    cmocka_unit_test(then_waits_for_the_future_that_the_function_makes),
    cmocka_unit_test(then_ends_where_the_function_makes_none),
    cmocka_unit_test(dropping_a_then_drops_the_one_that_it_waits_for),
    cmocka_unit_test(they_refuse_what_is_no_child_and_no_function),
};

TEST_GROUP(async_map, tests)
