/* SPDX-License-Identifier: MIT */

/* From inside: calls of cmio_waker_wake() are turned to the test by the linker, which makes them slow. */
#include <cmio/async.h>

#include <pthread.h>
#include <stdatomic.h>

#include <cmio/waker.h>

#include "support/test.h"

int __real_cmio_waker_wake(struct cmio_waker *waker);
int __wrap_cmio_waker_wake(struct cmio_waker *waker);

static _Thread_local bool is_slow;
static atomic_bool is_waking, is_freed, was_freed_first;

/* On the slow thread: waits a while for the executor to be freed, which must wait for the thread. */
int __wrap_cmio_waker_wake(struct cmio_waker *waker) {
    if (!is_slow)
        return __real_cmio_waker_wake(waker);
    atomic_store(&is_waking, true);
    const int64_t end = test_now() + 500 * CMIO_MILLISECOND;
    while (!atomic_load(&is_freed) && test_now() < end)
        test_pause();
    if (!atomic_load(&is_freed))
        return __real_cmio_waker_wake(waker);
    atomic_store(&was_freed_first, true);
    return 0;
}

struct keeper {
    struct cmio_future future;
    struct cmio_task_waker *waker;
    atomic_bool *is_kept;
};

static enum cmio_future_state poll_keeper(struct cmio_future *future,
                                          struct cmio_context *context) {
    struct keeper *keeper = (struct keeper *)future;
    if (!atomic_load(keeper->is_kept))
        TEST_OK(cmio_task_waker_clone(cmio_context_waker(context), keeper->waker));
    atomic_store(keeper->is_kept, true);
    return CMIO_PENDING;
}

static void drop_keeper(struct cmio_future *future) {
    (void)future;
}

static const struct cmio_future_ops keeper_ops = {"keeper", poll_keeper, drop_keeper};

/* A worker that is not yet asleep finds the task without being woken: again, until one is. */
static void *wake_slowly(void *argument) {
    is_slow = true;
    while (!atomic_load(&is_waking)) {
        cmio_task_waker_wake(argument);
        test_pause();
    }
    return NULL;
}

static size_t parked(struct cmio_executor *executor) {
    struct cmio_executor_counts counts;
    TEST_OK(cmio_executor_count(executor, &counts));
    return counts.parked;
}

static void an_executor_is_not_freed_while_a_thread_is_about_to_wake_a_worker(void **state) {
    (void)state;
    struct cmio_executor *executor = NULL;
    struct cmio_task_waker waker = {0};
    atomic_bool is_kept = false;
    TEST_OK(cmio_executor_new(&executor, &(struct cmio_executor_options){.workers = 2}));
    const struct keeper keeper = {.future.ops = &keeper_ops, .waker = &waker, .is_kept = &is_kept};
    TEST_OK(cmio_spawn(executor, &keeper.future, sizeof keeper, NULL, NULL));
    TEST_EVENTUALLY(atomic_load(&is_kept) && parked(executor) == 2);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wake_slowly, &waker), 0);
    TEST_EVENTUALLY(atomic_load(&is_waking));
    cmio_executor_free(executor);
    atomic_store(&is_freed, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    cmio_task_waker_drop(&waker);
    assert_false(atomic_load(&was_freed_first));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_executor_is_not_freed_while_a_thread_is_about_to_wake_a_worker),
};

TEST_GROUP(async_unpark, tests)
