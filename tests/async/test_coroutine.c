/* SPDX-License-Identifier: MIT */
#include <cmio/async/coroutine.h>

#include <errno.h>
#include <stdatomic.h>

#include "async/gate.h"

enum { STEPS = 3 };

static struct gate gates[STEPS];

/* Awaits the gates one after the other; the result is the sum of theirs, or the first failure. */
struct adder {
    struct cmio_coroutine coroutine;
    struct gate *gates;
    int step;
    ssize_t sum;
    int *begun, *finished;
    ssize_t *last; /* the result as the clean-up sees it */
};

static enum cmio_future_state add(struct cmio_coroutine *coroutine, struct cmio_context *context) {
    struct adder *adder = (struct adder *)coroutine;
    CMIO_BEGIN(coroutine, context);
    ++*adder->begun;
    for (adder->step = 0; adder->step < STEPS; adder->step++) {
        CMIO_AWAIT(&adder->gates[adder->step].future);
        const ssize_t result = adder->gates[adder->step].future.result;
        if (result < 0)
            CMIO_RETURN(result);
        adder->sum += result;
    }
    CMIO_RETURN(adder->sum);
    CMIO_FINALLY;
    ++*adder->finished;
    *adder->last = coroutine->future.result;
    CMIO_END;
}

static int begun, finished;
static ssize_t last;

static struct adder make(void) {
    struct adder adder = {.gates = gates, .begun = &begun, .finished = &finished, .last = &last};
    for (int i = 0; i < STEPS; i++)
        gate_init(&gates[i]);
    begun = finished = 0;
    last = 99;
    TEST_OK(cmio_coroutine_init(&adder.coroutine, add));
    return adder;
}

static void add_up(struct cmio_context *context) {
    struct adder adder = make();
    struct cmio_future *future = &adder.coroutine.future;
    for (int i = 0; i < STEPS; i++) {
        assert_int_equal(cmio_future_poll(future, context), CMIO_PENDING);
        assert_int_equal(cmio_future_poll(future, context), CMIO_PENDING); /* spurious */
        assert_int_equal(gates[i].polls, 2);
        gate_open(&gates[i], i + 1);
    }
    assert_int_equal(cmio_future_poll(future, context), CMIO_READY);
    TEST_GIVES(future->result, 6);
    TEST_GIVES(last, 6);
    cmio_future_drop(future);
    assert_int_equal(cmio_future_poll(future, context), CMIO_READY);
    assert_int_equal(begun, 1);
    assert_int_equal(finished, 1);
}

static void a_coroutine_goes_on_where_it_awaited(void **state) {
    (void)state;
    play(add_up);
}

static void fail_midway(struct cmio_context *context) {
    struct adder adder = make();
    gate_open(&gates[0], 1);
    gate_open(&gates[1], -EIO);
    assert_int_equal(cmio_future_poll(&adder.coroutine.future, context), CMIO_READY);
    TEST_FAILS(adder.coroutine.future.result, -EIO);
    TEST_FAILS(last, -EIO);
    assert_int_equal(finished, 1);
    assert_int_equal(gates[2].polls, 0);
}

static void return_ends_it_by_way_of_the_clean_up(void **state) {
    (void)state;
    play(fail_midway);
}

static void drop_at_each_await(struct cmio_context *context) {
    for (int point = 0; point < STEPS; point++)
        for (int woken = 0; woken < 2; woken++) {
            struct adder adder = make();
            for (int i = 0; i < point; i++)
                gate_open(&gates[i], 1);
            assert_int_equal(cmio_future_poll(&adder.coroutine.future, context), CMIO_PENDING);
            if (woken)
                gate_open(&gates[point], 1); /* and the poll that this asks for does not come */
            cmio_future_drop(&adder.coroutine.future);
            cmio_future_drop(&adder.coroutine.future);
            for (int i = 0; i < STEPS; i++)
                assert_int_equal(gates[i].drops, i == point);
            assert_int_equal(finished, 1);
            TEST_FAILS(last, -ECANCELED);
            TEST_FAILS(adder.coroutine.future.result, -ECANCELED);
        }
}

static void a_drop_at_any_await_drops_the_awaited_and_cleans_up_once(void **state) {
    (void)state;
    play(drop_at_each_await);
}

static void a_drop_before_the_first_poll_cleans_up_too(void **state) {
    (void)state;
    struct adder adder = make();
    cmio_future_drop(&adder.coroutine.future);
    assert_int_equal(begun, 0);
    assert_int_equal(finished, 1);
    TEST_FAILS(last, -ECANCELED);
}

/* The awaited future is dropped before the clean-up, which may take away what it uses. */
struct order {
    struct cmio_coroutine coroutine;
    struct gate gate;
    int drops_seen;
};

static enum cmio_future_state note_order(struct cmio_coroutine *coroutine,
                                         struct cmio_context *context) {
    struct order *order = (struct order *)coroutine;
    CMIO_BEGIN(coroutine, context);
    CMIO_AWAIT(&order->gate.future);
    CMIO_FINALLY;
    order->drops_seen = order->gate.drops;
    coroutine->future.result = -ESHUTDOWN;
    CMIO_END;
}

static void drop_in_order(struct cmio_context *context) {
    struct order order = {.drops_seen = -1};
    gate_init(&order.gate);
    TEST_OK(cmio_coroutine_init(&order.coroutine, note_order));
    assert_int_equal(cmio_future_poll(&order.coroutine.future, context), CMIO_PENDING);
    cmio_future_drop(&order.coroutine.future);
    assert_int_equal(order.drops_seen, 1);
    TEST_FAILS(order.coroutine.future.result, -ESHUTDOWN); /* the clean-up may say so */
}

static void the_awaited_is_dropped_before_the_clean_up(void **state) {
    (void)state;
    play(drop_in_order);
}

/* Without a clean-up. */
struct plain {
    struct cmio_coroutine coroutine;
    struct gate *gate;
    int leave; /* how it leaves */
};

static enum cmio_future_state run_plain(struct cmio_coroutine *coroutine,
                                        struct cmio_context *context) {
    struct plain *plain = (struct plain *)coroutine;
    CMIO_BEGIN(coroutine, context);
    CMIO_AWAIT(&plain->gate->future);
    if (plain->leave == 1)
        break;
    if (plain->leave == 2)
        CMIO_RETURN(5);
    CMIO_END;
}

static void leave_plainly(struct cmio_context *context) {
    static const ssize_t results[] = {0, 0, 5};
    for (int leave = 0; leave < 3; leave++) {
        struct plain plain = {.gate = &gates[0], .leave = leave};
        gate_init(&gates[0]);
        TEST_OK(cmio_coroutine_init(&plain.coroutine, run_plain));
        assert_int_equal(cmio_future_poll(&plain.coroutine.future, context), CMIO_PENDING);
        gate_open(&gates[0], 1);
        assert_int_equal(cmio_future_poll(&plain.coroutine.future, context), CMIO_READY);
        TEST_GIVES(plain.coroutine.future.result, results[leave]);
    }
    struct plain plain = {.gate = &gates[0]};
    gate_init(&gates[0]);
    TEST_OK(cmio_coroutine_init(&plain.coroutine, run_plain));
    assert_int_equal(cmio_future_poll(&plain.coroutine.future, context), CMIO_PENDING);
    cmio_future_drop(&plain.coroutine.future);
    assert_int_equal(gates[0].drops, 1);
    TEST_FAILS(plain.coroutine.future.result, -ECANCELED);
}

static void a_clean_up_may_be_left_out(void **state) {
    (void)state;
    play(leave_plainly);
}

/* What compilers do not see: a switch of the type that coroutines have for themselves. */
static enum cmio_future_state run_lost(struct cmio_coroutine *coroutine,
                                       struct cmio_context *context) {
    struct order *order = (struct order *)coroutine;
    CMIO_BEGIN(coroutine, context);
    switch (CMIO__COROUTINE_BASE * (order->gate.future.result == 0)) {
    case CMIO__COROUTINE_BASE:
        CMIO_AWAIT(&order->gate.future);
        break;
    default:
        break;
    }
    CMIO_FINALLY;
    order->drops_seen = order->gate.drops;
    CMIO_END;
}

static void lose_the_place(struct cmio_context *context) {
    struct order order = {.drops_seen = -1};
    gate_init(&order.gate);
    TEST_OK(cmio_coroutine_init(&order.coroutine, run_lost));
    assert_int_equal(cmio_future_poll(&order.coroutine.future, context), CMIO_PENDING);
    assert_int_equal(cmio_future_poll(&order.coroutine.future, context), CMIO_READY);
    TEST_FAILS(order.coroutine.future.result, -EINVAL);
    assert_int_equal(order.drops_seen, 1);
}

static void a_place_in_another_switch_ends_it(void **state) {
    (void)state;
    play(lose_the_place);
}

/* A coroutine that awaits others, spawned: its memory moves before the first poll. */
struct countdown {
    struct cmio_coroutine coroutine;
    struct cmio_yield_future yield;
    int left;
    atomic_int *finished;
};

static enum cmio_future_state count_down(struct cmio_coroutine *coroutine,
                                         struct cmio_context *context) {
    struct countdown *countdown = (struct countdown *)coroutine;
    CMIO_BEGIN(coroutine, context);
    while (countdown->left > 0) {
        (void)cmio_yield_future_init(&countdown->yield);
        CMIO_AWAIT(&countdown->yield.future);
        countdown->left--;
    }
    CMIO_RETURN(11);
    CMIO_FINALLY;
    atomic_fetch_add(countdown->finished, 1);
    CMIO_END;
}

struct nested {
    struct cmio_coroutine coroutine;
    struct countdown inner[2];
    struct cmio_future *children[2];
    struct cmio_join_all_future all;
    struct cmio_sleep_future sleep;
    atomic_int *finished;
    int left;
};

static enum cmio_future_state run_nested(struct cmio_coroutine *coroutine,
                                         struct cmio_context *context) {
    struct nested *nested = (struct nested *)coroutine;
    CMIO_BEGIN(coroutine, context);
    for (int i = 0; i < 2; i++) {
        nested->inner[i] = (struct countdown){.left = nested->left, .finished = nested->finished};
        (void)cmio_coroutine_init(&nested->inner[i].coroutine, count_down);
        nested->children[i] = &nested->inner[i].coroutine.future;
    }
    (void)cmio_join_all_future_init(&nested->all, nested->children, 2);
    CMIO_AWAIT(&nested->all.future);
    (void)cmio_sleep_future_init(&nested->sleep, CMIO_MICROSECOND);
    CMIO_AWAIT(&nested->sleep.future);
    CMIO_RETURN(nested->inner[0].coroutine.future.result + nested->inner[1].left);
    CMIO_FINALLY;
    atomic_fetch_add(nested->finished, 1);
    CMIO_END;
}

static ssize_t join(struct cmio_executor *executor, struct cmio_join_handle *handle) {
    struct cmio_join_future future;
    TEST_OK(cmio_join_future_init(&future, handle));
    const ssize_t result = cmio_block_on(executor, &future.future);
    cmio_join_handle_drop(handle);
    return result;
}

static struct cmio_join_handle *spawn_nested(struct cmio_executor *executor, atomic_int *count,
                                             int left) {
    struct cmio_join_handle *handle = NULL;
    struct nested nested = {.finished = count, .left = left};
    TEST_OK(cmio_coroutine_init(&nested.coroutine, run_nested));
    TEST_OK(cmio_spawn(executor, &nested.coroutine.future, sizeof nested, NULL, &handle));
    return handle;
}

static void coroutines_await_coroutines(void **state) {
    struct cmio_executor *executor = new_executor(*state);
    atomic_int count = 0;
    struct cmio_join_handle *handles[20];
    for (int i = 0; i < 20; i++)
        handles[i] = spawn_nested(executor, &count, 50);
    for (int i = 0; i < 20; i++)
        TEST_GIVES(join(executor, handles[i]), 11);
    assert_int_equal(count, 60);
    cmio_executor_free(executor);
}

static void abort_reaches_the_innermost(void **state) {
    struct cmio_executor *executor = new_executor(*state);
    atomic_int count = 0;
    struct cmio_join_handle *handle = spawn_nested(executor, &count, INT32_MAX);
    struct cmio_sleep_future pause;
    TEST_OK(cmio_sleep_future_init(&pause, CMIO_MILLISECOND));
    TEST_OK(cmio_block_on(executor, &pause.future));
    TEST_OK(cmio_join_handle_abort(handle));
    TEST_FAILS(join(executor, handle), -ECANCELED);
    assert_true(count == 3 || count == 1); /* 1: it was aborted before it began */
    cmio_executor_free(executor);
}

static void init_refuses_null(void **state) {
    (void)state;
    struct cmio_coroutine coroutine;
    TEST_FAILS(cmio_coroutine_init(NULL, add), -EINVAL);
    TEST_FAILS(cmio_coroutine_init(&coroutine, NULL), -EINVAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_coroutine_goes_on_where_it_awaited),
    cmocka_unit_test(return_ends_it_by_way_of_the_clean_up),
    cmocka_unit_test(a_drop_at_any_await_drops_the_awaited_and_cleans_up_once),
    cmocka_unit_test(a_drop_before_the_first_poll_cleans_up_too),
    cmocka_unit_test(the_awaited_is_dropped_before_the_clean_up),
    cmocka_unit_test(a_clean_up_may_be_left_out),
    cmocka_unit_test(a_place_in_another_switch_ends_it),
    ROWS(coroutines_await_coroutines),
    ROWS(abort_reaches_the_innermost),
    cmocka_unit_test(init_refuses_null),
};

TEST_GROUP(async_coroutine, tests)
