/* SPDX-License-Identifier: MIT */

/* Semaphores: permits go out in order, and none is lost or made by a drop. */
#include <cmio/async/semaphore.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "support/scale.h"
#include "tasks.h"

static struct cmio_semaphore semaphore;
static struct cmio_acquire_future a, b;

static void prepare(size_t permits, size_t wanted_by_a, size_t wanted_by_b) {
    TEST_OK(cmio_semaphore_init(&semaphore, permits));
    TEST_OK(cmio_acquire_future_init(&a, &semaphore, wanted_by_a));
    TEST_OK(cmio_acquire_future_init(&b, &semaphore, wanted_by_b));
}

SCRIPT(permits_that_are_free_are_acquired_at_once) {
    prepare(3, 2, 1);
    ENDS(&a, 0);
    ENDS(&b, 0);
    assert_int_equal(cmio_semaphore_permits(&semaphore), 0);
    TEST_FAILS(cmio_semaphore_try_acquire(&semaphore, 1), -EAGAIN);
    TEST_OK(cmio_semaphore_release(&semaphore, 3));
    TEST_OK(cmio_semaphore_try_acquire(&semaphore, 3));
}

SCRIPT(a_wait_for_many_is_not_overtaken) {
    prepare(1, 2, 1);
    WAITS(&a);
    WAITS(&b);
    TEST_FAILS(cmio_semaphore_try_acquire(&semaphore, 1), -EAGAIN);
    TEST_OK(cmio_semaphore_release(&semaphore, 1));
    WAITS(&b);
    ENDS(&a, 0);
    TEST_OK(cmio_semaphore_release(&semaphore, 1));
    ENDS(&b, 0);
}

SCRIPT(a_release_serves_all_that_it_suffices_for) {
    prepare(0, 2, 1);
    WAITS(&a);
    WAITS(&b);
    TEST_OK(cmio_semaphore_release(&semaphore, 4));
    ENDS(&a, 0);
    ENDS(&b, 0);
    assert_int_equal(cmio_semaphore_permits(&semaphore), 1);
}

SCRIPT(an_acquire_dropped_before_its_first_poll_takes_nothing) {
    prepare(1, 1, 1);
    DROP(&a);
    ENDS(&b, 0);
}

SCRIPT(an_acquire_dropped_while_it_waits_makes_way) {
    prepare(1, 2, 1);
    WAITS(&a);
    WAITS(&b);
    DROP(&a);
    ENDS(&b, 0);
}

SCRIPT(granted_permits_that_are_dropped_go_to_the_next) {
    prepare(0, 1, 1);
    WAITS(&a);
    WAITS(&b);
    TEST_OK(cmio_semaphore_release(&semaphore, 1));
    DROP(&a);
    TEST_GIVES(a.future.result, -ECANCELED);
    ENDS(&b, 0);
    assert_int_equal(cmio_semaphore_permits(&semaphore), 0);
}

SCRIPT(granted_permits_that_are_dropped_are_free_where_nobody_waits) {
    prepare(0, 1, 1);
    WAITS(&a);
    TEST_OK(cmio_semaphore_release(&semaphore, 1));
    DROP(&a);
    assert_int_equal(cmio_semaphore_permits(&semaphore), 1);
}

SCRIPT(a_closed_semaphore_ends_every_acquire) {
    prepare(1, 2, 1);
    WAITS(&a);
    cmio_semaphore_close(&semaphore);
    ENDS(&a, -ECANCELED);
    ENDS(&b, -ECANCELED);
    TEST_FAILS(cmio_semaphore_try_acquire(&semaphore, 1), -ECANCELED);
    TEST_OK(cmio_semaphore_release(&semaphore, 1));
    TEST_OK(cmio_semaphore_destroy(&semaphore));
}

SCRIPT(permits_granted_before_the_close_are_kept) {
    prepare(0, 1, 1);
    WAITS(&a);
    TEST_OK(cmio_semaphore_release(&semaphore, 1));
    cmio_semaphore_close(&semaphore);
    ENDS(&a, 0);
}

SCRIPT(a_semaphore_with_waits_is_not_destroyed) {
    prepare(0, 1, 1);
    WAITS(&a);
    TEST_FAILS(cmio_semaphore_destroy(&semaphore), -EBUSY);
    DROP(&a);
    TEST_OK(cmio_semaphore_destroy(&semaphore));
}

SCRIPT(an_acquire_counts_as_a_leaf_of_the_turn) {
    prepare(1000, 1, 1);
    int acquired = 0;
    while (cmio_future_poll(&a.future, context) == CMIO_READY) {
        acquired++;
        TEST_OK(cmio_acquire_future_init(&a, &semaphore, 1));
    }
    assert_int_equal(acquired, 128);
    assert_int_equal(cmio_semaphore_permits(&semaphore), 1000 - 128);
    DROP(&a);
}

static void waiting_tasks_are_woken(void **state) {
    struct cmio_executor *executor = new_executor(state);
    prepare(0, 1, 2);
    struct cmio_join_handle *first = await_in_task(executor, &a.future);
    struct cmio_join_handle *second = await_in_task(executor, &b.future);
    TEST_OK(cmio_semaphore_release(&semaphore, 3));
    TEST_OK(join(executor, first));
    TEST_OK(join(executor, second));
    prepare(0, 1, 2);
    first = await_in_task(executor, &a.future);
    second = await_in_task(executor, &b.future);
    cmio_semaphore_close(&semaphore);
    TEST_FAILS(join(executor, first), -ECANCELED);
    TEST_FAILS(join(executor, second), -ECANCELED);
    cmio_executor_free(executor);
    TEST_OK(cmio_semaphore_destroy(&semaphore));
}

static void *release_on_thread(void *argument) {
    TEST_OK(cmio_semaphore_release(argument, 1));
    return NULL;
}

/* The other thread may still be about to leave the call when the task has what it waited for. */
static void a_semaphore_may_be_freed_once_it_is_destroyed(void **state) {
    struct cmio_executor *executor = new_executor(state);
    const int rounds = test_scale(1000);
    for (int round = 0; round < rounds; round++) {
        struct cmio_semaphore *own = malloc(sizeof *own);
        TEST_OK(cmio_semaphore_init(own, 0));
        TEST_OK(cmio_acquire_future_init(&a, own, 1));
        struct cmio_join_handle *handle = await_in_task(executor, &a.future);
        pthread_t thread;
        TEST_OK(pthread_create(&thread, NULL, release_on_thread, own));
        TEST_OK(join(executor, handle));
        TEST_OK(cmio_semaphore_destroy(own));
        free(own);
        TEST_OK(pthread_join(thread, NULL));
    }
    cmio_executor_free(executor);
}

static void misuse_of_a_semaphore_is_an_error(void **state) {
    (void)state;
    TEST_FAILS(cmio_semaphore_init(NULL, 1), -EINVAL);
    TEST_FAILS(cmio_semaphore_init(&semaphore, CMIO_SEMAPHORE_MAX + 1), -EINVAL);
    prepare(CMIO_SEMAPHORE_MAX, 1, 1);
    TEST_FAILS(cmio_semaphore_release(&semaphore, 1), -EOVERFLOW);
    TEST_FAILS(cmio_semaphore_release(&semaphore, (size_t)-1), -EOVERFLOW);
    TEST_FAILS(cmio_semaphore_release(&semaphore, 0), -EINVAL);
    TEST_FAILS(cmio_semaphore_release(NULL, 1), -EINVAL);
    TEST_FAILS(cmio_semaphore_try_acquire(NULL, 1), -EINVAL);
    TEST_FAILS(cmio_semaphore_try_acquire(&semaphore, 0), -EINVAL);
    TEST_FAILS(cmio_semaphore_try_acquire(&semaphore, CMIO_SEMAPHORE_MAX + 1), -EINVAL);
    TEST_FAILS(cmio_semaphore_destroy(NULL), -EINVAL);
    TEST_FAILS(cmio_acquire_future_init(NULL, &semaphore, 1), -EINVAL);
    TEST_FAILS(cmio_acquire_future_init(&a, NULL, 1), -EINVAL);
    TEST_FAILS(cmio_acquire_future_init(&a, &semaphore, 0), -EINVAL);
    TEST_FAILS(cmio_acquire_future_init(&a, &semaphore, CMIO_SEMAPHORE_MAX + 1), -EINVAL);
    assert_int_equal(cmio_semaphore_permits(&semaphore), CMIO_SEMAPHORE_MAX);
    assert_int_equal(cmio_semaphore_permits(NULL), 0);
    cmio_semaphore_close(NULL);
}

/* Acquires, holds over a yield, and releases; drops some of its futures. */
struct holder {
    struct cmio_future future;
    struct cmio_acquire_future acquire;
    struct cmio_yield_future yield;
    enum { START, ACQUIRING, HOLDING } step;
    size_t wanted;
    int left;
    unsigned seed;
};

enum { PERMITS = 5 };
static atomic_int held;

static enum cmio_future_state hold(struct holder *self, struct cmio_context *context) {
    if (cmio_future_poll(&self->yield.future, context) == CMIO_PENDING)
        return CMIO_PENDING;
    atomic_fetch_sub(&held, (int)self->wanted);
    TEST_OK(cmio_semaphore_release(&semaphore, self->wanted));
    self->step = START;
    self->left--;
    return CMIO_READY;
}

static enum cmio_future_state acquire(struct holder *self, struct cmio_context *context) {
    const bool gives_up = next_random(&self->seed) % 4 == 0;
    if (gives_up || cmio_future_poll(&self->acquire.future, context) == CMIO_PENDING) {
        if (!gives_up)
            return CMIO_PENDING;
        DROP(&self->acquire); /* perhaps it has been granted */
        self->step = START;
        return CMIO_READY;
    }
    assert_true(atomic_fetch_add(&held, (int)self->wanted) + (int)self->wanted <= PERMITS);
    TEST_OK(cmio_yield_future_init(&self->yield));
    self->step = HOLDING;
    return CMIO_READY;
}

static enum cmio_future_state poll_holder(struct cmio_future *future,
                                          struct cmio_context *context) {
    struct holder *self = (struct holder *)future;
    while (self->left > 0) {
        if (self->step == START) {
            self->wanted = 1 + next_random(&self->seed) % 3;
            TEST_OK(cmio_acquire_future_init(&self->acquire, &semaphore, self->wanted));
            self->step = ACQUIRING;
        } else if ((self->step == ACQUIRING ? acquire : hold)(self, context) == CMIO_PENDING) {
            return CMIO_PENDING;
        }
    }
    return CMIO_READY;
}

static void permits_are_neither_lost_nor_made(void **state) {
    enum { TASKS = 12 };
    static const struct cmio_future_ops ops = {"holder", poll_holder, drop_nothing};
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[TASKS];
    TEST_OK(cmio_semaphore_init(&semaphore, PERMITS));
    atomic_store(&held, 0);
    for (unsigned i = 0; i < TASKS; i++) {
        const struct holder holder = {.future.ops = &ops, .left = test_scale(10000), .seed = i};
        spawn(executor, &holder.future, sizeof holder, &handles[i]);
    }
    for (int i = 0; i < TASKS; i++)
        TEST_OK(join(executor, handles[i]));
    cmio_executor_free(executor);
    assert_int_equal(cmio_semaphore_permits(&semaphore), PERMITS);
    TEST_OK(cmio_semaphore_destroy(&semaphore));
}

static const struct CMUnitTest tests[] = {
    ROWS(waiting_tasks_are_woken),
    ROWS(permits_that_are_free_are_acquired_at_once),
    ROWS(a_wait_for_many_is_not_overtaken),
    ROWS(a_release_serves_all_that_it_suffices_for),
    ROWS(an_acquire_dropped_before_its_first_poll_takes_nothing),
    ROWS(an_acquire_dropped_while_it_waits_makes_way),
    ROWS(granted_permits_that_are_dropped_go_to_the_next),
    ROWS(granted_permits_that_are_dropped_are_free_where_nobody_waits),
    ROWS(a_closed_semaphore_ends_every_acquire),
    ROWS(permits_granted_before_the_close_are_kept),
    ROWS(a_semaphore_with_waits_is_not_destroyed),
    ROWS(an_acquire_counts_as_a_leaf_of_the_turn),
    ROWS(permits_are_neither_lost_nor_made),
    ROWS(a_semaphore_may_be_freed_once_it_is_destroyed),
    cmocka_unit_test(misuse_of_a_semaphore_is_an_error),
};

TEST_GROUP(async_semaphore, tests)
