/* SPDX-License-Identifier: MIT */

/* Mutexes of tasks: one holder at a time, in the order of the line, and a drop passes it on. */
#include <cmio/async/mutex.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "support/scale.h"
#include "tasks.h"

static struct cmio_mutex mutex;
static struct cmio_lock_future a, b;

static void prepare(void) {
    TEST_OK(cmio_mutex_init(&mutex));
    TEST_OK(cmio_lock_future_init(&a, &mutex));
    TEST_OK(cmio_lock_future_init(&b, &mutex));
}

SCRIPT(a_mutex_is_handed_to_who_waits_longest) {
    prepare();
    TEST_OK(cmio_mutex_try_lock(&mutex));
    WAITS(&a);
    WAITS(&b);
    TEST_OK(cmio_mutex_unlock(&mutex));
    TEST_FAILS(cmio_mutex_try_lock(&mutex), -EBUSY);
    WAITS(&b);
    ENDS(&a, 0);
    WAITS(&b);
    TEST_OK(cmio_mutex_unlock(&mutex));
    ENDS(&b, 0);
    TEST_OK(cmio_mutex_unlock(&mutex));
    TEST_OK(cmio_mutex_destroy(&mutex));
}

SCRIPT(a_lock_dropped_before_its_first_poll_takes_nothing) {
    prepare();
    DROP(&a);
    ENDS(&b, 0);
    TEST_OK(cmio_mutex_unlock(&mutex));
}

SCRIPT(a_lock_dropped_while_it_waits_leaves_the_line) {
    prepare();
    TEST_OK(cmio_mutex_try_lock(&mutex));
    WAITS(&a);
    WAITS(&b);
    DROP(&a);
    TEST_OK(cmio_mutex_unlock(&mutex));
    ENDS(&b, 0);
}

SCRIPT(a_mutex_granted_to_a_dropped_lock_goes_to_the_next) {
    prepare();
    TEST_OK(cmio_mutex_try_lock(&mutex));
    WAITS(&a);
    WAITS(&b);
    TEST_OK(cmio_mutex_unlock(&mutex));
    DROP(&a);
    TEST_GIVES(a.future.result, -ECANCELED);
    ENDS(&b, 0);
}

SCRIPT(a_mutex_granted_to_a_dropped_lock_is_unlocked_where_nobody_waits) {
    prepare();
    TEST_OK(cmio_mutex_try_lock(&mutex));
    WAITS(&a);
    TEST_OK(cmio_mutex_unlock(&mutex));
    DROP(&a);
    TEST_OK(cmio_mutex_try_lock(&mutex));
}

SCRIPT(a_locked_mutex_is_not_destroyed) {
    prepare();
    ENDS(&a, 0);
    TEST_FAILS(cmio_mutex_destroy(&mutex), -EBUSY);
    TEST_OK(cmio_mutex_unlock(&mutex));
    TEST_OK(cmio_mutex_destroy(&mutex));
}

static void waiting_tasks_are_woken(void **state) {
    struct cmio_executor *executor = new_executor(state);
    prepare();
    TEST_OK(cmio_mutex_try_lock(&mutex));
    struct cmio_join_handle *handle = await_in_task(executor, &a.future);
    TEST_OK(cmio_mutex_unlock(&mutex));
    TEST_OK(join(executor, handle));
    TEST_FAILS(cmio_mutex_try_lock(&mutex), -EBUSY);
    TEST_OK(cmio_mutex_unlock(&mutex));
    cmio_executor_free(executor);
    TEST_OK(cmio_mutex_destroy(&mutex));
}

static void *unlock_on_thread(void *argument) {
    TEST_OK(cmio_mutex_unlock(argument));
    return NULL;
}

/* The other thread may still be about to leave the call when the task has what it waited for. */
static void a_mutex_may_be_freed_once_it_is_destroyed(void **state) {
    struct cmio_executor *executor = new_executor(state);
    const int rounds = test_scale(1000);
    for (int round = 0; round < rounds; round++) {
        struct cmio_mutex *own = malloc(sizeof *own);
        TEST_OK(cmio_mutex_init(own));
        TEST_OK(cmio_mutex_try_lock(own));
        TEST_OK(cmio_lock_future_init(&a, own));
        struct cmio_join_handle *handle = await_in_task(executor, &a.future);
        pthread_t thread;
        TEST_OK(pthread_create(&thread, NULL, unlock_on_thread, own));
        TEST_OK(join(executor, handle));
        TEST_OK(cmio_mutex_unlock(own));
        TEST_OK(cmio_mutex_destroy(own));
        free(own);
        TEST_OK(pthread_join(thread, NULL));
    }
    cmio_executor_free(executor);
}

static void misuse_of_a_mutex_is_an_error(void **state) {
    (void)state;
    TEST_FAILS(cmio_mutex_init(NULL), -EINVAL);
    TEST_FAILS(cmio_mutex_destroy(NULL), -EINVAL);
    TEST_FAILS(cmio_mutex_try_lock(NULL), -EINVAL);
    TEST_FAILS(cmio_mutex_unlock(NULL), -EINVAL);
    TEST_FAILS(cmio_lock_future_init(NULL, &mutex), -EINVAL);
    TEST_FAILS(cmio_lock_future_init(&a, NULL), -EINVAL);
    prepare();
    TEST_FAILS(cmio_mutex_unlock(&mutex), -EPERM);
}

/* Counts without an atomic, over a yield; drops some of its futures. */
struct counter {
    struct cmio_future future;
    struct cmio_lock_future lock;
    struct cmio_yield_future yield;
    enum { START, LOCKING, LOCKED } step;
    int left, read;
    unsigned seed;
};

static int count;

static enum cmio_future_state lock_or_give_up(struct counter *self, struct cmio_context *context) {
    if (next_random(&self->seed) % 4 == 0) {
        DROP(&self->lock); /* perhaps it has been granted */
        self->step = START;
        return CMIO_READY;
    }
    if (cmio_future_poll(&self->lock.future, context) == CMIO_PENDING)
        return CMIO_PENDING;
    self->read = count;
    TEST_OK(cmio_yield_future_init(&self->yield));
    self->step = LOCKED;
    return CMIO_READY;
}

static enum cmio_future_state count_and_unlock(struct counter *self, struct cmio_context *context) {
    if (cmio_future_poll(&self->yield.future, context) == CMIO_PENDING)
        return CMIO_PENDING;
    count = self->read + 1;
    TEST_OK(cmio_mutex_unlock(&mutex));
    self->step = START;
    self->left--;
    return CMIO_READY;
}

static enum cmio_future_state poll_counter(struct cmio_future *future,
                                           struct cmio_context *context) {
    struct counter *self = (struct counter *)future;
    while (self->left > 0) {
        if (self->step == START) {
            TEST_OK(cmio_lock_future_init(&self->lock, &mutex));
            self->step = LOCKING;
        } else if ((self->step == LOCKING ? lock_or_give_up : count_and_unlock)(self, context) ==
                   CMIO_PENDING) {
            return CMIO_PENDING;
        }
    }
    return CMIO_READY;
}

static void one_task_at_a_time_holds_a_mutex(void **state) {
    enum { TASKS = 8 };
    static const struct cmio_future_ops ops = {"counter", poll_counter, drop_nothing};
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[TASKS];
    const int each = test_scale(10000);
    prepare();
    count = 0;
    for (unsigned i = 0; i < TASKS; i++) {
        const struct counter counter = {.future.ops = &ops, .left = each, .seed = i};
        spawn(executor, &counter.future, sizeof counter, &handles[i]);
    }
    for (int i = 0; i < TASKS; i++)
        TEST_OK(join(executor, handles[i]));
    cmio_executor_free(executor);
    assert_int_equal(count, TASKS * each);
    TEST_OK(cmio_mutex_destroy(&mutex));
}

static const struct CMUnitTest tests[] = {
    ROWS(waiting_tasks_are_woken),
    ROWS(a_mutex_is_handed_to_who_waits_longest),
    ROWS(a_lock_dropped_before_its_first_poll_takes_nothing),
    ROWS(a_lock_dropped_while_it_waits_leaves_the_line),
    ROWS(a_mutex_granted_to_a_dropped_lock_goes_to_the_next),
    ROWS(a_mutex_granted_to_a_dropped_lock_is_unlocked_where_nobody_waits),
    ROWS(a_locked_mutex_is_not_destroyed),
    ROWS(one_task_at_a_time_holds_a_mutex),
    ROWS(a_mutex_may_be_freed_once_it_is_destroyed),
    cmocka_unit_test(misuse_of_a_mutex_is_an_error),
};

TEST_GROUP(async_mutex, tests)
