/* SPDX-License-Identifier: MIT */

/* Watched values. */
#include <cmio/async/watch.h>

#include <errno.h>
#include <pthread.h>

#include "support/scale.h"
#include "tasks.h"

static struct cmio_watch_sender *sender;
static struct cmio_watch_receiver *first, *second;
static struct cmio_watch_changed_future a, b;
static int value;

static void prepare(void) {
    TEST_OK(cmio_watch_new(&sender, &first, sizeof(int), &(int){7}));
    TEST_OK(cmio_watch_subscribe(sender, &second));
    TEST_OK(cmio_watch_changed_future_init(&a, first));
    TEST_OK(cmio_watch_changed_future_init(&b, second));
    value = -1;
}

static void finish(void) {
    cmio_watch_sender_drop(sender);
    cmio_watch_receiver_drop(first);
    cmio_watch_receiver_drop(second);
}

static void set(int to) {
    TEST_OK(cmio_watch_send(sender, &to));
}

static void expect(struct cmio_watch_receiver *receiver, int wanted, int is_new) {
    TEST_GIVES(cmio_watch_read(receiver, &value), is_new);
    assert_int_equal(value, wanted);
}

SCRIPT(the_first_value_is_there_and_counts_as_seen) {
    prepare();
    expect(first, 7, 0);
    WAITS(&a);
    DROP(&a);
    finish();
}

SCRIPT(every_receiver_sees_the_latest_value_once) {
    prepare();
    WAITS(&a);
    WAITS(&b);
    set(8);
    set(9);
    ENDS(&a, 1);
    ENDS(&b, 1);
    expect(first, 9, 0);
    expect(second, 9, 0);
    TEST_OK(cmio_watch_changed_future_init(&a, first));
    WAITS(&a);
    set(9);
    ENDS(&a, 1);
    finish();
}

SCRIPT(what_was_read_is_no_change) {
    prepare();
    set(8);
    expect(first, 8, 1);
    WAITS(&a);
    DROP(&a);
    ENDS(&b, 1);
    finish();
}

SCRIPT(a_receiver_made_later_has_seen_the_present_value) {
    prepare();
    set(8);
    struct cmio_watch_receiver *third = NULL;
    TEST_OK(cmio_watch_subscribe(sender, &third));
    expect(third, 8, 0);
    TEST_OK(cmio_watch_changed_future_init(&a, third));
    WAITS(&a);
    DROP(&a);
    cmio_watch_receiver_drop(third);
    finish();
}

SCRIPT(the_last_value_is_seen_before_the_close) {
    prepare();
    assert_ptr_equal(cmio_watch_sender_clone(sender), sender);
    WAITS(&a);
    cmio_watch_sender_drop(sender);
    WAITS(&a);
    set(8);
    cmio_watch_sender_drop(sender);
    ENDS(&a, 1);
    TEST_OK(cmio_watch_changed_future_init(&a, first));
    ENDS(&a, 0);
    expect(first, 8, 0);
    ENDS(&b, 1);
    cmio_watch_receiver_drop(first);
    cmio_watch_receiver_drop(second);
}

SCRIPT(waiting_receivers_hear_of_the_close) {
    prepare();
    WAITS(&a);
    WAITS(&b);
    cmio_watch_sender_drop(sender);
    ENDS(&a, 0);
    ENDS(&b, 0);
    cmio_watch_receiver_drop(first);
    cmio_watch_receiver_drop(second);
}

SCRIPT(a_send_without_receivers_changes_nothing) {
    prepare();
    cmio_watch_receiver_drop(first);
    cmio_watch_receiver_drop(second);
    TEST_FAILS(cmio_watch_send(sender, &(int){8}), -EPIPE);
    TEST_OK(cmio_watch_subscribe(sender, &first));
    expect(first, 7, 0);
    cmio_watch_receiver_drop(first);
    cmio_watch_sender_drop(sender);
}

SCRIPT(a_wait_dropped_at_any_point_leaves_the_change) {
    prepare();
    set(8);
    DROP(&a); /* before its first poll */
    expect(first, 8, 1);
    TEST_OK(cmio_watch_changed_future_init(&a, first));
    WAITS(&a);
    DROP(&a); /* while it waits */
    TEST_OK(cmio_watch_changed_future_init(&a, first));
    WAITS(&a);
    set(9);
    DROP(&a); /* between its wake and its next poll */
    TEST_OK(cmio_watch_changed_future_init(&a, first));
    ENDS(&a, 1);
    finish();
}

SCRIPT(blocking_calls_are_refused_on_a_worker) {
    prepare();
    TEST_FAILS(cmio_watch_changed_until(first, CMIO_FOREVER), -EDEADLK);
    finish();
}

static void a_blocking_call_ends_at_its_deadline(void **state) {
    (void)state;
    prepare();
    TEST_FAILS(cmio_watch_changed_until(first, cmio_now() + CMIO_MILLISECOND), -ETIMEDOUT);
    set(8);
    TEST_GIVES(cmio_watch_changed_until(first, 0), 1);
    TEST_FAILS(cmio_watch_changed_until(first, 0), -ETIMEDOUT);
    finish();
}

static void waiting_tasks_are_woken(void **state) {
    struct cmio_executor *executor = new_executor(state);
    prepare();
    struct cmio_join_handle *handle_a = await_in_task(executor, &a.future);
    struct cmio_join_handle *handle_b = await_in_task(executor, &b.future);
    set(8);
    TEST_GIVES(join(executor, handle_a), 1);
    TEST_GIVES(join(executor, handle_b), 1);
    TEST_OK(cmio_watch_changed_future_init(&a, first));
    handle_a = await_in_task(executor, &a.future);
    cmio_watch_sender_drop(sender);
    TEST_OK(join(executor, handle_a));
    cmio_watch_receiver_drop(first);
    cmio_watch_receiver_drop(second);
    cmio_executor_free(executor);
}

static void misuse_of_a_watch_is_an_error(void **state) {
    (void)state;
    struct cmio_watch_sender *no_sender = NULL;
    struct cmio_watch_receiver *no_receiver = NULL;
    TEST_FAILS(cmio_watch_new(NULL, &no_receiver, 1, &value), -EINVAL);
    TEST_FAILS(cmio_watch_new(&no_sender, NULL, 1, &value), -EINVAL);
    TEST_FAILS(cmio_watch_new(&no_sender, &no_receiver, 0, &value), -EINVAL);
    TEST_FAILS(cmio_watch_new(&no_sender, &no_receiver, 1, NULL), -EINVAL);
    TEST_FAILS(cmio_watch_new(&no_sender, &no_receiver, SIZE_MAX, &value), -ENOMEM);
    assert_null(no_sender);
    assert_null(no_receiver);
    prepare();
    TEST_FAILS(cmio_watch_subscribe(NULL, &no_receiver), -EINVAL);
    TEST_FAILS(cmio_watch_subscribe(sender, NULL), -EINVAL);
    TEST_FAILS(cmio_watch_send(NULL, &value), -EINVAL);
    TEST_FAILS(cmio_watch_send(sender, NULL), -EINVAL);
    TEST_FAILS(cmio_watch_read(NULL, &value), -EINVAL);
    TEST_FAILS(cmio_watch_read(first, NULL), -EINVAL);
    TEST_FAILS(cmio_watch_changed_until(NULL, 0), -EINVAL);
    TEST_FAILS(cmio_watch_changed_until(first, -2), -EINVAL);
    TEST_FAILS(cmio_watch_changed_future_init(NULL, first), -EINVAL);
    TEST_FAILS(cmio_watch_changed_future_init(&a, NULL), -EINVAL);
    assert_null(cmio_watch_sender_clone(NULL));
    cmio_watch_sender_drop(NULL);
    cmio_watch_receiver_drop(NULL);
    finish();
}

/* Values grow, and each watcher sees the last one. */
struct watcher {
    struct cmio_future future;
    struct cmio_watch_changed_future changed;
    struct cmio_watch_receiver *receiver;
    bool waits;
    unsigned seed;
    int last;
};

static enum cmio_future_state poll_watcher(struct cmio_future *future,
                                           struct cmio_context *context) {
    struct watcher *self = (struct watcher *)future;
    for (;;) {
        if (!self->waits)
            TEST_OK(cmio_watch_changed_future_init(&self->changed, self->receiver));
        self->waits = true;
        if (next_random(&self->seed) % 4 == 0)
            DROP(&self->changed);
        else if (cmio_future_poll(&self->changed.future, context) == CMIO_PENDING)
            return CMIO_PENDING;
        self->waits = false;
        if (self->changed.future.result == 0)
            break;
        if (self->changed.future.result != 1)
            continue;
        const int before = self->last;
        (void)cmio_watch_read(self->receiver, &self->last);
        assert_true(self->last >= before);
    }
    cmio_watch_receiver_drop(self->receiver);
    future->result = self->last;
    return CMIO_READY;
}

static void *set_many(void *argument) {
    const int count = test_scale(20000);
    for (int i = 1; i <= count; i++)
        TEST_OK(cmio_watch_send(argument, &i));
    cmio_watch_sender_drop(argument);
    return NULL;
}

static void every_watcher_sees_the_last_value(void **state) {
    enum { TASKS = 4 };
    static const struct cmio_future_ops ops = {"watcher", poll_watcher, drop_nothing};
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[TASKS];
    TEST_OK(cmio_watch_new(&sender, &first, sizeof(int), &(int){0}));
    for (unsigned i = 0; i < TASKS; i++) {
        struct watcher watcher = {.future.ops = &ops, .receiver = first, .seed = i};
        if (i > 0)
            TEST_OK(cmio_watch_subscribe(sender, &watcher.receiver));
        spawn(executor, &watcher.future, sizeof watcher, &handles[i]);
    }
    pthread_t thread;
    TEST_OK(pthread_create(&thread, NULL, set_many, sender));
    for (int i = 0; i < TASKS; i++)
        TEST_GIVES(join(executor, handles[i]), test_scale(20000));
    TEST_OK(pthread_join(thread, NULL));
    cmio_executor_free(executor);
}

static const struct CMUnitTest tests[] = {
    ROWS(waiting_tasks_are_woken),
    ROWS(the_first_value_is_there_and_counts_as_seen),
    ROWS(every_receiver_sees_the_latest_value_once),
    ROWS(what_was_read_is_no_change),
    ROWS(a_receiver_made_later_has_seen_the_present_value),
    ROWS(the_last_value_is_seen_before_the_close),
    ROWS(waiting_receivers_hear_of_the_close),
    ROWS(a_send_without_receivers_changes_nothing),
    ROWS(a_wait_dropped_at_any_point_leaves_the_change),
    ROWS(blocking_calls_are_refused_on_a_worker),
    ROWS(every_watcher_sees_the_last_value),
    cmocka_unit_test(a_blocking_call_ends_at_its_deadline),
    cmocka_unit_test(misuse_of_a_watch_is_an_error),
};

TEST_GROUP(async_watch, tests)
