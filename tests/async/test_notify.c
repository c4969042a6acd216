/* SPDX-License-Identifier: MIT */

/* Notifications: what is stored, who is woken, and what a dropped future passes on. */
#include <cmio/async/notify.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "support/scale.h"
#include "tasks.h"

static struct cmio_notify notify;
static struct cmio_notify_future a, b;

static void prepare(void) {
    TEST_OK(cmio_notify_init(&notify));
    TEST_OK(cmio_notify_future_init(&a, &notify));
    TEST_OK(cmio_notify_future_init(&b, &notify));
}

static void again(struct cmio_notify_future *future) {
    TEST_OK(cmio_notify_future_init(future, &notify));
}

SCRIPT(a_notification_comes_before_its_future) {
    prepare();
    cmio_notify_one(&notify);
    ENDS(&a, 0);
    WAITS(&b);
    DROP(&b);
    TEST_OK(cmio_notify_destroy(&notify));
}

SCRIPT(at_most_one_notification_is_stored) {
    prepare();
    for (int i = 0; i < 3; i++)
        cmio_notify_one(&notify);
    ENDS(&a, 0);
    WAITS(&b);
    DROP(&b);
}

SCRIPT(notify_one_ends_the_longest_wait) {
    prepare();
    WAITS(&a);
    WAITS(&b);
    cmio_notify_one(&notify);
    WAITS(&b);
    ENDS(&a, 0);
    cmio_notify_one(&notify);
    ENDS(&b, 0);
}

SCRIPT(notify_all_ends_the_waits_there_are_and_no_later_one) {
    prepare();
    WAITS(&a);
    WAITS(&b);
    cmio_notify_all(&notify);
    ENDS(&a, 0);
    ENDS(&b, 0);
    again(&a);
    WAITS(&a);
    DROP(&a);
    again(&a);
    cmio_notify_all(&notify);
    WAITS(&a);
    DROP(&a);
}

SCRIPT(a_wait_dropped_before_its_first_poll_takes_nothing) {
    prepare();
    cmio_notify_one(&notify);
    DROP(&a);
    TEST_GIVES(a.future.result, -ECANCELED);
    ENDS(&b, 0);
}

SCRIPT(a_wait_dropped_while_it_waits_leaves_the_line) {
    prepare();
    WAITS(&a);
    WAITS(&b);
    DROP(&a);
    cmio_notify_one(&notify);
    ENDS(&b, 0);
}

SCRIPT(a_notified_wait_that_is_dropped_passes_it_to_the_next) {
    prepare();
    WAITS(&a);
    WAITS(&b);
    cmio_notify_one(&notify);
    DROP(&a);
    ENDS(&b, 0);
}

SCRIPT(a_notified_wait_that_is_dropped_stores_it_where_nobody_waits) {
    prepare();
    WAITS(&a);
    cmio_notify_one(&notify);
    DROP(&a);
    ENDS(&b, 0);
}

SCRIPT(a_wait_notified_with_all_passes_nothing_on) {
    prepare();
    WAITS(&a);
    cmio_notify_all(&notify);
    WAITS(&b);
    DROP(&a);
    WAITS(&b);
    DROP(&b);
}

SCRIPT(a_notify_with_waits_is_not_destroyed) {
    prepare();
    WAITS(&a);
    TEST_FAILS(cmio_notify_destroy(&notify), -EBUSY);
    DROP(&a);
    TEST_OK(cmio_notify_destroy(&notify));
}

static void waiting_tasks_are_woken(void **state) {
    struct cmio_executor *executor = new_executor(state);
    prepare();
    struct cmio_join_handle *handle = await_in_task(executor, &a.future);
    cmio_notify_one(&notify);
    TEST_OK(join(executor, handle));
    again(&a);
    struct cmio_join_handle *first = await_in_task(executor, &a.future);
    struct cmio_join_handle *second = await_in_task(executor, &b.future);
    TEST_EVENTUALLY(cmio_notify_destroy(&notify) == -EBUSY);
    while (!cmio_join_handle_is_finished(first) || !cmio_join_handle_is_finished(second)) {
        cmio_notify_all(&notify); /* perhaps before one of them waits */
        let_tasks_run(executor);
    }
    TEST_OK(join(executor, first));
    TEST_OK(join(executor, second));
    cmio_executor_free(executor);
    TEST_OK(cmio_notify_destroy(&notify));
}

static void *notify_on_thread(void *argument) {
    cmio_notify_one(argument);
    return NULL;
}

/* The other thread may still be about to leave the call when the task has what it waited for. */
static void a_notify_may_be_freed_once_it_is_destroyed(void **state) {
    struct cmio_executor *executor = new_executor(state);
    const int rounds = test_scale(1000);
    for (int round = 0; round < rounds; round++) {
        struct cmio_notify *own = malloc(sizeof *own);
        TEST_OK(cmio_notify_init(own));
        TEST_OK(cmio_notify_future_init(&a, own));
        struct cmio_join_handle *handle = await_in_task(executor, &a.future);
        pthread_t thread;
        TEST_OK(pthread_create(&thread, NULL, notify_on_thread, own));
        TEST_OK(join(executor, handle));
        TEST_OK(cmio_notify_destroy(own));
        free(own);
        TEST_OK(pthread_join(thread, NULL));
    }
    cmio_executor_free(executor);
}

static void misuse_of_notify_is_an_error(void **state) {
    (void)state;
    TEST_FAILS(cmio_notify_init(NULL), -EINVAL);
    TEST_FAILS(cmio_notify_destroy(NULL), -EINVAL);
    TEST_FAILS(cmio_notify_future_init(NULL, &notify), -EINVAL);
    TEST_FAILS(cmio_notify_future_init(&a, NULL), -EINVAL);
    cmio_notify_one(NULL);
    cmio_notify_all(NULL);
}

/*
 * A baton: whoever is notified notifies the next one. Each waits with futures that it drops at
 * random, so the baton is lost if a drop loses it. A turn counts the passes.
 */
struct baton {
    struct cmio_future future;
    struct cmio_notify_future wait;
    bool waits;
    unsigned seed;
};

static atomic_int passes;
static int passes_wanted;

static enum cmio_future_state poll_baton(struct cmio_future *future, struct cmio_context *context) {
    struct baton *self = (struct baton *)future;
    for (;;) {
        if (!self->waits)
            again(&self->wait);
        self->waits = true;
        if (cmio_future_poll(&self->wait.future, context) == CMIO_READY) {
            self->waits = false;
            const bool done = atomic_fetch_add(&passes, 1) >= passes_wanted;
            cmio_notify_one(&notify);
            if (done)
                return CMIO_READY;
        } else if (next_random(&self->seed) % 4 == 0) {
            DROP(&self->wait);
            self->waits = false;
        } else {
            return CMIO_PENDING;
        }
    }
}

static void drop_baton(struct cmio_future *future) {
    DROP(&((struct baton *)future)->wait);
}

/* Wakes tasks without cause, so that their next polls come between a notification and its wake. */
static enum cmio_future_state poll_baton_twice(struct cmio_future *future,
                                               struct cmio_context *context) {
    struct baton *self = (struct baton *)future;
    if (self->waits && next_random(&self->seed) % 8 == 0) {
        DROP(&self->wait); /* perhaps it is notified */
        self->waits = false;
    }
    return poll_baton(future, context);
}

static void a_notification_is_never_lost(void **state) {
    enum { TASKS = 8 };
    static const struct cmio_future_ops ops = {"baton", poll_baton_twice, drop_baton};
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[TASKS];
    prepare();
    atomic_store(&passes, 0);
    passes_wanted = test_scale(200000);
    for (unsigned i = 0; i < TASKS; i++) {
        const struct baton baton = {.future.ops = &ops, .seed = i};
        spawn(executor, &baton.future, sizeof baton, &handles[i]);
    }
    cmio_notify_one(&notify);
    for (int i = 0; i < TASKS; i++)
        TEST_OK(join(executor, handles[i]));
    cmio_executor_free(executor);
    TEST_OK(cmio_notify_destroy(&notify));
}

static const struct CMUnitTest tests[] = {
    ROWS(waiting_tasks_are_woken),
    ROWS(a_notification_comes_before_its_future),
    ROWS(at_most_one_notification_is_stored),
    ROWS(notify_one_ends_the_longest_wait),
    ROWS(notify_all_ends_the_waits_there_are_and_no_later_one),
    ROWS(a_wait_dropped_before_its_first_poll_takes_nothing),
    ROWS(a_wait_dropped_while_it_waits_leaves_the_line),
    ROWS(a_notified_wait_that_is_dropped_passes_it_to_the_next),
    ROWS(a_notified_wait_that_is_dropped_stores_it_where_nobody_waits),
    ROWS(a_wait_notified_with_all_passes_nothing_on),
    ROWS(a_notify_with_waits_is_not_destroyed),
    ROWS(a_notification_is_never_lost),
    ROWS(a_notify_may_be_freed_once_it_is_destroyed),
    cmocka_unit_test(misuse_of_notify_is_an_error),
};

TEST_GROUP(async_notify, tests)
