/* SPDX-License-Identifier: MIT */
#include <cmio/async/join_set.h>

#include <errno.h>
#include <stdlib.h>

#include "async/gate.h"
#include "support/scale.h"

enum { FEW = 4, MANY = 5000 };

static struct gate gates[MANY];
static struct cmio_join_set *set;
static struct cmio_join_set_future ended;

static void add(int count) {
    for (int i = 0; i < count; i++) {
        gate_init(&gates[i]);
        TEST_GIVES(cmio_join_set_add(set, &gates[i].future), i);
    }
}

static void make(int count) {
    TEST_OK(cmio_join_set_new(&set, (size_t)count));
    add(count);
    TEST_OK(cmio_join_set_future_init(&ended, set));
}

/* How many polls all gates have had. */
static int polls(int count) {
    int all = 0;
    for (int i = 0; i < count; i++)
        all += gate_polls(&gates[i]);
    return all;
}

static enum cmio_future_state poll_new(struct cmio_context *context) {
    TEST_OK(cmio_join_set_future_init(&ended, set));
    return cmio_future_poll(&ended.future, context);
}

static void wake_one_by_one(struct cmio_context *context) {
    make(MANY);
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_PENDING);
    assert_int_equal(polls(MANY), MANY);
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_PENDING); /* spurious */
    assert_int_equal(polls(MANY), MANY);
    for (int i = 0; i < 100; i++) {
        gate_wake(&gates[i * 37 % MANY]);
        assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_PENDING);
        assert_int_equal(polls(MANY), MANY + i + 1);
        assert_int_equal(gate_polls(&gates[i * 37 % MANY]), 2);
    }
    gate_open(&gates[4321], 6);
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_READY);
    TEST_GIVES(ended.future.result, 4321);
    TEST_GIVES(gates[4321].future.result, 6);
    assert_int_equal(polls(MANY), MANY + 101);
    cmio_join_set_free(set);
}

static void a_wake_polls_the_child_that_was_woken_and_no_other(void **state) {
    (void)state;
    play(wake_one_by_one);
}

static void take_in_order(struct cmio_context *context) {
    make(FEW);
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_PENDING);
    gate_open(&gates[2], -EIO);
    gate_open(&gates[0], 5);
    gate_open(&gates[3], 5);
    static const int order[] = {2, 0, 3};
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_READY);
    for (int i = 0; i < 3; i++) {
        TEST_GIVES(ended.future.result, order[i]);
        assert_int_equal(cmio_join_set_count(set), FEW - i - 1);
        assert_int_equal(poll_new(context), i < 2 ? CMIO_READY : CMIO_PENDING);
    }
    TEST_FAILS(gates[2].future.result, -EIO);
    gate_open(&gates[1], 0);
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_READY);
    TEST_GIVES(ended.future.result, 1);
    assert_int_equal(poll_new(context), CMIO_READY);
    TEST_FAILS(ended.future.result, -ECHILD);
    cmio_join_set_free(set);
}

static void children_are_reported_in_the_order_in_which_they_were_woken(void **state) {
    (void)state;
    play(take_in_order);
}

static void reuse(struct cmio_context *context) {
    struct gate late;
    make(FEW);
    gate_init(&late);
    TEST_FAILS(cmio_join_set_add(set, &late.future), -ENOSPC);
    gate_open(&gates[2], 1);
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_READY);
    TEST_GIVES(ended.future.result, 2);
    assert_int_equal(poll_new(context), CMIO_PENDING);
    TEST_GIVES(cmio_join_set_add(set, &late.future), 2); /* while a future of it is pending */
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_PENDING);
    assert_int_equal(late.polls, 1);
    gate_open(&late, 1);
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_READY);
    TEST_GIVES(ended.future.result, 2);
    cmio_join_set_free(set);
    for (int i = 0; i < FEW; i++)
        assert_int_equal(gates[i].drops, i != 2);
}

static void a_place_is_used_again_once_its_child_was_reported(void **state) {
    (void)state;
    play(reuse);
}

static void drop_at_each_point(struct cmio_context *context) {
    for (int point = 0; point < 3; point++) {
        make(FEW);
        if (point > 0)
            assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_PENDING);
        if (point > 1)
            gate_open(&gates[1], 1); /* and the poll that this asks for does not come */
        cmio_future_drop(&ended.future);
        for (int i = 0; i < FEW; i++)
            assert_int_equal(gates[i].drops, 1);
        assert_int_equal(cmio_join_set_count(set), 0);

        /* It is as good as new. */
        for (int i = 0; i < FEW; i++)
            gate_init(&gates[i]);
        const ssize_t place = cmio_join_set_add(set, &gates[0].future);
        gate_open(&gates[0], 3);
        assert_int_equal(poll_new(context), CMIO_READY);
        TEST_GIVES(ended.future.result, place);
        cmio_join_set_free(set);
    }
}

static void dropping_the_future_drops_all_children(void **state) {
    (void)state;
    play(drop_at_each_point);
}

static void drop_with_ended(struct cmio_context *context) {
    make(FEW);
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_PENDING);
    gate_open(&gates[0], 1);
    gate_open(&gates[1], 2);
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_READY);
    cmio_join_set_free(set); /* with the second one ready, but neither polled nor reported */
    for (int i = 0; i < FEW; i++)
        assert_int_equal(gates[i].drops, i != 0);
}

static void freeing_the_set_drops_all_children(void **state) {
    (void)state;
    play(drop_with_ended);
}

static void cancel_some(struct cmio_context *context) {
    make(FEW);
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_PENDING);
    TEST_OK(cmio_join_set_cancel(set, 3));
    assert_int_equal(gates[3].drops, 1);
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_READY);
    TEST_GIVES(ended.future.result, 3);
    TEST_FAILS(gates[3].future.result, -ECANCELED);
    TEST_FAILS(cmio_join_set_cancel(set, 3), -ENOENT);
    TEST_FAILS(cmio_join_set_cancel(set, FEW), -ENOENT);
    TEST_FAILS(cmio_join_set_cancel(NULL, 0), -EINVAL);
    cmio_join_set_free(set);
}

static void a_cancelled_child_is_dropped_and_reported(void **state) {
    (void)state;
    play(cancel_some);
}

static void wait_twice(struct cmio_context *context) {
    struct cmio_join_set_future second;
    make(FEW);
    TEST_OK(cmio_join_set_future_init(&second, set));
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_PENDING);
    assert_int_equal(cmio_future_poll(&second.future, context), CMIO_READY);
    TEST_FAILS(second.future.result, -EBUSY);
    TEST_OK(cmio_join_set_future_init(&second, set));
    cmio_future_drop(&second.future);
    assert_int_equal(gates[0].drops, 0);
    gate_open(&gates[0], 1);
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_READY);
    cmio_join_set_free(set);
}

static void one_future_at_a_time_waits_for_a_set(void **state) {
    (void)state;
    play(wait_twice);
}

static struct cmio_task_waker kept;

static enum cmio_future_state poll_keeper(struct cmio_future *future,
                                          struct cmio_context *context) {
    TEST_OK(cmio_task_waker_clone(cmio_context_waker(context), &kept));
    future->result = 7;
    return CMIO_READY;
}

static const struct cmio_future_ops keeper_ops = {"keeper", poll_keeper, scene_drop};

static void keep_a_waker(struct cmio_context *context) {
    struct cmio_future keeper = {.ops = &keeper_ops};
    TEST_OK(cmio_join_set_new(&set, 1));
    TEST_GIVES(cmio_join_set_add(set, &keeper), 0);
    assert_int_equal(poll_new(context), CMIO_READY);
    TEST_GIVES(keeper.result, 7);
    cmio_task_waker_wake(&kept); /* a free place */
    assert_int_equal(poll_new(context), CMIO_READY);
    TEST_FAILS(ended.future.result, -ECHILD);

    gate_init(&gates[0]);
    TEST_GIVES(cmio_join_set_add(set, &gates[0].future), 0);
    assert_int_equal(poll_new(context), CMIO_PENDING);
    cmio_task_waker_wake(&kept); /* a place with another child */
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_PENDING);
    assert_int_equal(gates[0].polls, 2);
    cmio_join_set_free(set);
}

static void a_kept_waker_outlives_the_child_and_the_set(void **state) {
    (void)state;
    play(keep_a_waker);
    struct cmio_task_waker copy;
    TEST_OK(cmio_task_waker_clone(&kept, &copy));
    assert_true(cmio_task_waker_equal(&kept, &copy));
    cmio_task_waker_wake(&kept);
    cmio_task_waker_drop(&kept);
    cmio_task_waker_wake(&copy);
    cmio_task_waker_drop(&copy);
}

static void nest(struct cmio_context *context) {
    struct cmio_join_set *outer = NULL;
    struct cmio_join_set_future outer_ended;
    make(FEW);
    TEST_OK(cmio_join_set_new(&outer, 2));
    TEST_GIVES(cmio_join_set_add(outer, &ended.future), 0);
    TEST_OK(cmio_join_set_future_init(&outer_ended, outer));
    assert_int_equal(cmio_future_poll(&outer_ended.future, context), CMIO_PENDING);
    gate_wake(&gates[3]);
    assert_int_equal(cmio_future_poll(&outer_ended.future, context), CMIO_PENDING);
    assert_int_equal(polls(FEW), FEW + 1);
    gate_open(&gates[2], 1);
    assert_int_equal(cmio_future_poll(&outer_ended.future, context), CMIO_READY);
    TEST_GIVES(outer_ended.future.result, 0);
    TEST_GIVES(ended.future.result, 2);
    assert_int_equal(polls(FEW), FEW + 2);
    cmio_join_set_free(outer);
    cmio_join_set_free(set);
}

static void a_wake_goes_through_a_set_in_a_set(void **state) {
    (void)state;
    play(nest);
}

static struct cmio_future keeper;

static void end_with_a_kept_waker(struct cmio_context *context) {
    keeper = (struct cmio_future){.ops = &keeper_ops};
    gate_init(&gates[0]);
    TEST_OK(cmio_join_set_new(&set, 2));
    TEST_GIVES(cmio_join_set_add(set, &gates[0].future), 0);
    assert_int_equal(poll_new(context), CMIO_PENDING); /* so that the task's waker is there */
    TEST_GIVES(cmio_join_set_add(set, &keeper), 1);
    assert_int_equal(cmio_future_poll(&ended.future, context), CMIO_READY);
}

static void drop_with_a_kept_waker(struct cmio_context *context) {
    end_with_a_kept_waker(context);
    assert_int_equal(poll_new(context), CMIO_PENDING);
    cmio_future_drop(&ended.future);
}

static void a_set_keeps_no_waker_of_a_task_that_waits_no_longer(void **state) {
    (void)state;
    void (*const scenes[])(struct cmio_context *) = {end_with_a_kept_waker, drop_with_a_kept_waker};
    for (int i = 0; i < 2; i++) {
        play(scenes[i]);
        cmio_task_waker_wake(&kept); /* the task is gone: AddressSanitizer sees a touch of it */
        cmio_task_waker_drop(&kept);
        cmio_join_set_free(set);
    }
}

static enum cmio_future_state poll_spender(struct cmio_future *future,
                                           struct cmio_context *context) {
    (void)future;
    return cmio_context_spend(context) ? CMIO_READY : CMIO_PENDING;
}

static const struct cmio_future_ops spender_ops = {"spender", poll_spender, scene_drop};

static void spend_all(struct cmio_context *context) {
    static struct cmio_future spenders[1000];
    int reported = 0;
    TEST_OK(cmio_join_set_new(&set, 1000));
    for (int i = 0; i < 1000; i++) {
        spenders[i] = (struct cmio_future){.ops = &spender_ops};
        TEST_GIVES(cmio_join_set_add(set, &spenders[i]), i);
    }
    while (poll_new(context) == CMIO_READY)
        TEST_GIVES(ended.future.result, reported++);
    assert_int_equal(reported, 128);
    assert_false(cmio_context_spend(context));
    cmio_future_drop(&ended.future);
    cmio_join_set_free(set);
}

static void children_spend_the_turn_of_the_task(void **state) {
    (void)state;
    play(spend_all);
}

/* A task that runs a set of sleeps to its end, with no more than half of them at a time. */
struct sleepers {
    struct cmio_future future;
    struct cmio_sleep_future *sleeps;
    struct cmio_join_set *set;
    struct cmio_join_set_future ended;
    int left, reported;
};

static void add_sleeper(struct sleepers *sleepers) {
    struct cmio_sleep_future *sleep = &sleepers->sleeps[--sleepers->left];
    (void)cmio_sleep_future_init(sleep, (sleepers->left * 7919 % 50) * (CMIO_MILLISECOND / 10));
    (void)cmio_join_set_add(sleepers->set, &sleep->future);
}

static enum cmio_future_state poll_sleepers(struct cmio_future *future,
                                            struct cmio_context *context) {
    struct sleepers *sleepers = (struct sleepers *)future;
    while (cmio_future_poll(&sleepers->ended.future, context) == CMIO_READY) {
        if (sleepers->ended.future.result < 0) {
            future->result = sleepers->ended.future.result;
            return CMIO_READY;
        }
        sleepers->reported++;
        if (sleepers->left > 0)
            add_sleeper(sleepers);
        (void)cmio_join_set_future_init(&sleepers->ended, sleepers->set);
    }
    return CMIO_PENDING;
}

static void drop_sleepers(struct cmio_future *future) {
    cmio_future_drop(&((struct sleepers *)future)->ended.future);
}

static const struct cmio_future_ops sleepers_ops = {"sleepers", poll_sleepers, drop_sleepers};

static void thousands_of_sleeps_end_in_one_task(void **state) {
    struct cmio_executor *executor = new_executor(*state);
    const int count = 2 * test_scale(MANY);
    struct sleepers sleepers = {.future.ops = &sleepers_ops, .left = count};
    sleepers.sleeps = calloc((size_t)count, sizeof *sleepers.sleeps);
    assert_non_null(sleepers.sleeps);
    TEST_OK(cmio_join_set_new(&sleepers.set, (size_t)count / 2));
    TEST_OK(cmio_join_set_future_init(&sleepers.ended, sleepers.set));
    while (sleepers.left > count / 2)
        add_sleeper(&sleepers);
    TEST_FAILS(cmio_block_on(executor, &sleepers.future), -ECHILD);
    assert_int_equal(sleepers.reported, count);
    cmio_join_set_free(sleepers.set);
    free(sleepers.sleeps);
    cmio_executor_free(executor);
}

/* Gates in a set, which other threads open in an order of their own. */
struct openers {
    int count, step;
};

static void *open_gates(void *argument) {
    const struct openers *openers = argument;
    for (int i = 0, gate = 0; i < openers->count; i++, gate = (gate + openers->step) % MANY) {
        gate_wake(&gates[gate]);
        gate_open(&gates[gate], gate);
    }
    return NULL;
}

/* Awaits the gates of the set, one after the other. */
struct collector {
    struct cmio_future future;
    struct cmio_join_set_future ended;
    int reported;
};

static enum cmio_future_state poll_collector(struct cmio_future *future,
                                             struct cmio_context *context) {
    struct collector *collector = (struct collector *)future;
    while (cmio_future_poll(&collector->ended.future, context) == CMIO_READY) {
        if (collector->ended.future.result == -ECHILD)
            return CMIO_READY;
        collector->reported++;
        (void)cmio_join_set_future_init(&collector->ended, set);
    }
    return CMIO_PENDING;
}

static void drop_collector(struct cmio_future *future) {
    cmio_future_drop(&((struct collector *)future)->ended.future);
}

static const struct cmio_future_ops collector_ops = {"collector", poll_collector, drop_collector};

static void no_wake_of_other_threads_is_lost(void **state) {
    struct cmio_executor *executor = new_executor(*state);
    for (int round = 0; round < test_scale(50) + 1; round++) {
        TEST_OK(cmio_join_set_new(&set, MANY));
        add(MANY);
        struct collector collector = {.future.ops = &collector_ops};
        TEST_OK(cmio_join_set_future_init(&collector.ended, set));
        struct openers openers[2] = {{MANY, 1}, {MANY, MANY - 1}};
        pthread_t threads[2];
        for (int i = 0; i < 2; i++)
            TEST_OK(pthread_create(&threads[i], NULL, open_gates, &openers[i]));
        TEST_OK(cmio_block_on(executor, &collector.future));
        assert_int_equal(collector.reported, MANY);
        for (int i = 0; i < 2; i++)
            TEST_OK(pthread_join(threads[i], NULL));
        cmio_join_set_free(set);
    }
    cmio_executor_free(executor);
}

static void abort_drops_the_children(void **state) {
    struct cmio_executor *executor = new_executor(*state);
    struct cmio_join_handle *handle = NULL;
    make(MANY);
    TEST_OK(cmio_spawn(executor, &ended.future, sizeof ended, NULL, &handle));
    struct cmio_sleep_future pause;
    TEST_OK(cmio_sleep_future_init(&pause, CMIO_MILLISECOND));
    TEST_OK(cmio_block_on(executor, &pause.future));
    TEST_OK(cmio_join_handle_abort(handle));
    struct cmio_join_future join;
    TEST_OK(cmio_join_future_init(&join, handle));
    TEST_FAILS(cmio_block_on(executor, &join.future), -ECANCELED);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(gates[i].drops, 1);
    cmio_join_handle_drop(handle);
    cmio_join_set_free(set);
    cmio_executor_free(executor);
}

static void it_refuses_what_is_no_child_and_no_size(void **state) {
    (void)state;
    gate_init(&gates[0]);
    TEST_FAILS(cmio_join_set_new(NULL, 1), -EINVAL);
    TEST_FAILS(cmio_join_set_new(&set, 0), -EINVAL);
    TEST_FAILS(cmio_join_set_new(&set, (size_t)INT32_MAX + 1), -EINVAL);
    TEST_OK(cmio_join_set_new(&set, 1));
    TEST_FAILS(cmio_join_set_add(NULL, &gates[0].future), -EINVAL);
    TEST_FAILS(cmio_join_set_add(set, NULL), -EINVAL);
    TEST_FAILS(cmio_join_set_future_init(NULL, set), -EINVAL);
    TEST_FAILS(cmio_join_set_future_init(&ended, NULL), -EINVAL);
    assert_int_equal(cmio_join_set_count(NULL), 0);
    cmio_join_set_free(set);
    cmio_join_set_free(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_wake_polls_the_child_that_was_woken_and_no_other),
    cmocka_unit_test(children_are_reported_in_the_order_in_which_they_were_woken),
    cmocka_unit_test(a_place_is_used_again_once_its_child_was_reported),
    cmocka_unit_test(dropping_the_future_drops_all_children),
    cmocka_unit_test(freeing_the_set_drops_all_children),
    cmocka_unit_test(a_cancelled_child_is_dropped_and_reported),
    cmocka_unit_test(one_future_at_a_time_waits_for_a_set),
    cmocka_unit_test(a_kept_waker_outlives_the_child_and_the_set),
    cmocka_unit_test(a_wake_goes_through_a_set_in_a_set),
    cmocka_unit_test(a_set_keeps_no_waker_of_a_task_that_waits_no_longer),
    cmocka_unit_test(children_spend_the_turn_of_the_task),
    ROWS(thousands_of_sleeps_end_in_one_task),
    ROWS(no_wake_of_other_threads_is_lost),
    ROWS(abort_drops_the_children),
    cmocka_unit_test(it_refuses_what_is_no_child_and_no_size),
};

TEST_GROUP(async_join_set, tests)
