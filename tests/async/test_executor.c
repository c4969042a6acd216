/* SPDX-License-Identifier: MIT */

/* Tasks and executors as a program sees them, on each backend and with one worker, none and several. */
#include <cmio/async.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmio/pipe.h>

#include "support/scale.h"
#include "support/test.h"

/* A future that is pending a number of times, waking itself, and ends with 42. */
struct turns {
    struct cmio_future future;
    int left;
    atomic_int *polls, *drops;
};

static enum cmio_future_state poll_turns(struct cmio_future *future, struct cmio_context *context) {
    struct turns *turns = (struct turns *)future;
    if (turns->polls != NULL)
        atomic_fetch_add(turns->polls, 1);
    if (turns->left-- == 0) {
        future->result = 42;
        return CMIO_READY;
    }
    cmio_task_waker_wake(cmio_context_waker(context));
    return CMIO_PENDING;
}

static void drop_turns(struct cmio_future *future) {
    struct turns *turns = (struct turns *)future;
    if (turns->drops != NULL)
        atomic_fetch_add(turns->drops, 1);
}

static const struct cmio_future_ops turns_ops = {"turns", poll_turns, drop_turns};

static struct turns turns_of(int left) {
    return (struct turns){.future.ops = &turns_ops, .left = left};
}

static struct cmio_executor *new_executor(void **state) {
    struct cmio_executor *executor = NULL;
    TEST_OK(cmio_executor_new(&executor,
                              &(struct cmio_executor_options){.workers = *(const int *)*state,
                                                              .backend = test_backend()}));
    return executor;
}

static ssize_t join(struct cmio_executor *executor, struct cmio_join_handle *handle) {
    struct cmio_join_future future;
    TEST_OK(cmio_join_future_init(&future, handle));
    const ssize_t result = cmio_block_on(executor, &future.future);
    cmio_join_handle_drop(handle);
    return result;
}

static void a_future_runs_to_its_end(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct turns turns = turns_of(1000);
    TEST_GIVES(cmio_block_on(executor, &turns.future), 42);
    assert_true(cmio_future_has_ended(&turns.future));
    cmio_executor_free(executor);
}

static void a_task_gives_its_result_to_who_joins_it(void **state) {
    struct cmio_executor *executor = new_executor(state);
    for (int i = 0; i < 100; i++) {
        struct cmio_join_handle *handle = NULL;
        struct turns turns = turns_of(i);
        TEST_OK(cmio_spawn(executor, &turns.future, sizeof turns,
                           &(struct cmio_spawn_options){.name = "turns"}, &handle));
        TEST_GIVES(join(executor, handle), 42);
    }
    cmio_executor_free(executor);
}

static void a_sleep_is_not_early(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_sleep_future sleep;
    const int64_t begin = cmio_now();
    TEST_OK(cmio_sleep_future_init(&sleep, 20 * CMIO_MILLISECOND));
    TEST_OK(cmio_block_on(executor, &sleep.future));
    assert_true(cmio_now() - begin >= 20 * CMIO_MILLISECOND);
    cmio_executor_free(executor);
}

static void shutdown_drops_what_waits(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[100];
    for (int i = 0; i < 100; i++) {
        struct cmio_sleep_future sleep;
        TEST_OK(cmio_sleep_future_init(&sleep, CMIO_FOREVER));
        TEST_OK(cmio_spawn(executor, &sleep.future, sizeof sleep, NULL, &handles[i]));
    }
    struct turns turns = turns_of(200);
    TEST_GIVES(cmio_block_on(executor, &turns.future), 42);
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    struct turns late = turns_of(0);
    TEST_FAILS(cmio_spawn(executor, &late.future, sizeof late, NULL, NULL), -ESHUTDOWN);
    for (int i = 0; i < 100; i++) {
        assert_true(cmio_join_handle_is_finished(handles[i]));
        cmio_join_handle_drop(handles[i]);
    }
    cmio_executor_free(executor);
}

/* A future whose poll does not return until it is told to. */
static enum cmio_future_state poll_stubborn(struct cmio_future *future,
                                            struct cmio_context *context) {
    struct turns *turns = (struct turns *)future;
    (void)context;
    atomic_store(turns->polls, 1);
    while (atomic_load(turns->drops) == 0)
        test_pause();
    return CMIO_READY;
}

static const struct cmio_future_ops stubborn_ops = {"stubborn", poll_stubborn, drop_turns};

static void shutdown_does_not_wait_for_a_task_that_it_refused(void **state) {
    struct cmio_executor *executor = new_executor(state);
    atomic_int polls = 0, may_end = 0;
    const struct turns stubborn = {.future.ops = &stubborn_ops, .polls = &polls, .drops = &may_end};
    TEST_OK(cmio_spawn(executor, &stubborn.future, sizeof stubborn, NULL, NULL));
    TEST_EVENTUALLY(atomic_load(&polls) != 0);
    TEST_FAILS(cmio_executor_shutdown(executor, 0), -ETIMEDOUT);
    struct turns late = turns_of(0);
    TEST_FAILS(cmio_spawn(executor, &late.future, sizeof late, NULL, NULL), -ESHUTDOWN);
    atomic_store(&may_end, 1);
    TEST_OK(cmio_executor_shutdown(executor, cmio_now() + 30 * CMIO_SECOND));
    cmio_executor_free(executor);
}

static void abort_drops_the_future_once(void **state) {
    struct cmio_executor *executor = new_executor(state);
    atomic_int drops = 0;
    struct turns turns = turns_of(1 << 30);
    turns.drops = &drops;
    struct cmio_join_handle *handle = NULL;
    TEST_OK(cmio_spawn(executor, &turns.future, sizeof turns, NULL, &handle));
    TEST_OK(cmio_join_handle_abort(handle));
    TEST_FAILS(join(executor, handle), -ECANCELED);
    assert_int_equal(drops, 1);
    cmio_executor_free(executor);
}

/* Spawns many that wake one another across workers. */
struct relay {
    struct cmio_future future;
    struct cmio_task_waker *_Atomic *next; /* whom to wake */
    struct cmio_task_waker *_Atomic *own;
    struct cmio_task_waker waker;
    int left;
};

static enum cmio_future_state poll_relay(struct cmio_future *future, struct cmio_context *context) {
    struct relay *relay = (struct relay *)future;
    if (relay->waker.target == 0) {
        TEST_OK(cmio_task_waker_clone(cmio_context_waker(context), &relay->waker));
        atomic_store(relay->own, &relay->waker);
    }
    struct cmio_task_waker *next = atomic_load(relay->next);
    if (next != NULL)
        cmio_task_waker_wake(next);
    if (relay->left-- > 0) {
        cmio_task_waker_wake(cmio_context_waker(context));
        return CMIO_PENDING;
    }
    return CMIO_READY;
}

static const struct cmio_future_ops relay_ops = {"relay", poll_relay, drop_turns};

static void tasks_that_wake_one_another_end(void **state) {
    enum { TASKS = 20 };
    struct cmio_executor *executor = new_executor(state);
    static struct cmio_task_waker *_Atomic wakers[TASKS];
    struct cmio_join_handle *handles[TASKS];
    for (int i = 0; i < TASKS; i++)
        atomic_store(&wakers[i], NULL);
    for (int i = 0; i < TASKS; i++) {
        const struct relay relay = {.future.ops = &relay_ops,
                                    .next = &wakers[(i + 1) % TASKS],
                                    .own = &wakers[i],
                                    .left = test_scale(1000)};
        TEST_OK(cmio_spawn(executor, &relay.future, sizeof relay, NULL, &handles[i]));
    }
    for (int i = 0; i < TASKS; i++) {
        struct cmio_join_future future;
        TEST_OK(cmio_join_future_init(&future, handles[i]));
        TEST_OK(cmio_block_on(executor, &future.future));
    }
    for (int i = 0; i < TASKS; i++) {
        cmio_task_waker_drop(atomic_load(&wakers[i]));
        cmio_join_handle_drop(handles[i]);
    }
    cmio_executor_free(executor);
}

static void a_future_that_has_ended_gives_its_result_wherever_it_is_awaited(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_future ended = {.result = 7};
    struct cmio_future *children[] = {&ended};
    struct cmio_join_handle *handle = NULL;
    struct cmio_timeout_future timeout;
    struct cmio_join_all_future all;
    struct cmio_select_future select_one;
    TEST_GIVES(cmio_block_on(executor, &ended), 7);
    TEST_OK(cmio_spawn(executor, &ended, sizeof ended, NULL, &handle));
    TEST_GIVES(join(executor, handle), 7);
    TEST_OK(cmio_timeout_future_init(&timeout, &ended, 0));
    TEST_GIVES(cmio_block_on(executor, &timeout.future), 7);
    TEST_OK(cmio_join_all_future_init(&all, children, 1));
    TEST_OK(cmio_block_on(executor, &all.future));
    TEST_OK(cmio_select_future_init(&select_one, children, 1));
    TEST_OK(cmio_block_on(executor, &select_one.future));
    cmio_executor_free(executor);
}

static const int none = CMIO_CURRENT_THREAD, one = 1, four = 4;

#define ROWS(test)                                                                                 \
    TEST_ROW(none, test, &none), TEST_ROW(one, test, &one), TEST_ROW(four, test, &four)

static const struct CMUnitTest tests[] = {
    ROWS(a_future_runs_to_its_end),
    ROWS(a_task_gives_its_result_to_who_joins_it),
    ROWS(a_sleep_is_not_early),
    ROWS(shutdown_drops_what_waits),
    TEST_ROW(one, shutdown_does_not_wait_for_a_task_that_it_refused, &one),
    TEST_ROW(four, shutdown_does_not_wait_for_a_task_that_it_refused, &four),
    ROWS(abort_drops_the_future_once),
    ROWS(tasks_that_wake_one_another_end),
    ROWS(a_future_that_has_ended_gives_its_result_wherever_it_is_awaited),
};

TEST_GROUP(async_executor, tests)
