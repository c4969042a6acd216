/* SPDX-License-Identifier: MIT */

/* Channels whose every receiver gets every message. */
#include <cmio/async/broadcast.h>

#include <errno.h>
#include <pthread.h>

#include "support/scale.h"
#include "tasks.h"

static struct cmio_broadcast_sender *sender;
static struct cmio_broadcast_receiver *first, *second;
static struct cmio_broadcast_receive_future a, b;
static int in_a, in_b;

static void prepare(size_t capacity) {
    TEST_OK(cmio_broadcast_new(&sender, &first, sizeof(int), capacity));
    TEST_OK(cmio_broadcast_subscribe(sender, &second));
    TEST_OK(cmio_broadcast_receive_future_init(&a, first, &in_a));
    TEST_OK(cmio_broadcast_receive_future_init(&b, second, &in_b));
    in_a = in_b = -1;
}

static void finish(void) {
    cmio_broadcast_sender_drop(sender);
    cmio_broadcast_receiver_drop(first);
    cmio_broadcast_receiver_drop(second);
}

static void say(int message) {
    TEST_OK(cmio_broadcast_send(sender, &message));
}

static void expect(struct cmio_broadcast_receiver *receiver, int message) {
    int got = -1;
    TEST_GIVES(cmio_broadcast_try_receive(receiver, &got), 1);
    assert_int_equal(got, message);
}

SCRIPT(every_receiver_gets_every_message) {
    prepare(2);
    WAITS(&a);
    WAITS(&b);
    say(1);
    say(2);
    ENDS(&a, 1);
    ENDS(&b, 1);
    assert_int_equal(in_a, 1);
    assert_int_equal(in_b, 1);
    expect(first, 2);
    expect(second, 2);
    TEST_FAILS(cmio_broadcast_try_receive(first, &in_a), -EAGAIN);
    finish();
}

SCRIPT(a_receiver_gets_what_is_sent_after_it_was_made) {
    prepare(4);
    say(1);
    struct cmio_broadcast_receiver *third = NULL;
    TEST_OK(cmio_broadcast_subscribe(sender, &third));
    TEST_FAILS(cmio_broadcast_try_receive(third, &in_a), -EAGAIN);
    say(2);
    expect(third, 2);
    expect(first, 1);
    expect(first, 2);
    cmio_broadcast_receiver_drop(third);
    finish();
}

SCRIPT(a_slow_receiver_is_told_how_many_it_missed) {
    prepare(3);
    assert_int_equal(cmio_broadcast_receiver_missed(first), 0);
    for (int i = 0; i < 8; i++)
        say(i);
    ENDS(&a, -EOVERFLOW);
    assert_int_equal(in_a, -1);
    assert_int_equal(cmio_broadcast_receiver_missed(first), 5);
    for (int i = 5; i < 8; i++)
        expect(first, i);
    TEST_FAILS(cmio_broadcast_try_receive(first, &in_a), -EAGAIN);
    assert_int_equal(cmio_broadcast_receiver_missed(second), 0);
    TEST_FAILS(cmio_broadcast_try_receive(second, &in_b), -EOVERFLOW);
    finish();
}

SCRIPT(a_receiver_that_is_full_to_the_last_place_misses_nothing) {
    prepare(3);
    for (int i = 0; i < 3; i++)
        say(i);
    for (int i = 0; i < 3; i++)
        expect(first, i);
    finish();
}

SCRIPT(the_last_sender_closes_and_what_was_sent_is_received) {
    prepare(4);
    assert_ptr_equal(cmio_broadcast_sender_clone(sender), sender);
    WAITS(&a);
    cmio_broadcast_sender_drop(sender);
    WAITS(&a);
    say(1);
    cmio_broadcast_sender_drop(sender);
    ENDS(&a, 1);
    TEST_OK(cmio_broadcast_receive_future_init(&a, first, &in_a));
    ENDS(&a, 0);
    ENDS(&b, 1);
    TEST_OK(cmio_broadcast_try_receive(second, &in_b));
    cmio_broadcast_receiver_drop(first);
    cmio_broadcast_receiver_drop(second);
}

SCRIPT(waiting_receivers_hear_of_the_close) {
    prepare(4);
    WAITS(&a);
    WAITS(&b);
    cmio_broadcast_sender_drop(sender);
    ENDS(&a, 0);
    ENDS(&b, 0);
    cmio_broadcast_receiver_drop(first);
    cmio_broadcast_receiver_drop(second);
}

SCRIPT(a_send_without_receivers_is_refused_until_there_is_one) {
    prepare(4);
    cmio_broadcast_receiver_drop(first);
    say(1);
    cmio_broadcast_receiver_drop(second);
    TEST_FAILS(cmio_broadcast_send(sender, &in_a), -EPIPE);
    TEST_OK(cmio_broadcast_subscribe(sender, &first));
    say(2);
    expect(first, 2);
    cmio_broadcast_receiver_drop(first);
    cmio_broadcast_sender_drop(sender);
}

SCRIPT(a_receive_dropped_at_any_point_loses_no_message) {
    prepare(4);
    DROP(&a); /* before its first poll */
    TEST_OK(cmio_broadcast_receive_future_init(&a, first, &in_a));
    WAITS(&a);
    DROP(&a); /* while it waits */
    say(1);
    TEST_OK(cmio_broadcast_receive_future_init(&a, first, &in_a));
    ENDS(&a, 1);
    TEST_OK(cmio_broadcast_receive_future_init(&a, first, &in_a));
    WAITS(&a);
    say(2);
    DROP(&a); /* between its wake and its next poll */
    assert_int_equal(in_a, 1);
    expect(first, 2);
    finish();
}

SCRIPT(blocking_calls_are_refused_on_a_worker) {
    prepare(1);
    TEST_FAILS(cmio_broadcast_receive_until(first, &in_a, CMIO_FOREVER), -EDEADLK);
    finish();
}

static void a_blocking_call_ends_at_its_deadline(void **state) {
    (void)state;
    prepare(1);
    TEST_FAILS(cmio_broadcast_receive_until(first, &in_a, cmio_now() + CMIO_MILLISECOND),
               -ETIMEDOUT);
    say(1);
    TEST_GIVES(cmio_broadcast_receive_until(first, &in_a, 0), 1);
    finish();
}

static void waiting_tasks_are_woken(void **state) {
    struct cmio_executor *executor = new_executor(state);
    prepare(2);
    struct cmio_join_handle *handle_a = await_in_task(executor, &a.future);
    struct cmio_join_handle *handle_b = await_in_task(executor, &b.future);
    say(1);
    TEST_GIVES(join(executor, handle_a), 1);
    TEST_GIVES(join(executor, handle_b), 1);
    TEST_OK(cmio_broadcast_receive_future_init(&a, first, &in_a));
    handle_a = await_in_task(executor, &a.future);
    cmio_broadcast_sender_drop(sender);
    TEST_OK(join(executor, handle_a));
    cmio_broadcast_receiver_drop(first);
    cmio_broadcast_receiver_drop(second);
    cmio_executor_free(executor);
}

static void misuse_of_a_broadcast_is_an_error(void **state) {
    (void)state;
    struct cmio_broadcast_sender *no_sender = NULL;
    struct cmio_broadcast_receiver *no_receiver = NULL;
    TEST_FAILS(cmio_broadcast_new(NULL, &no_receiver, 1, 1), -EINVAL);
    TEST_FAILS(cmio_broadcast_new(&no_sender, NULL, 1, 1), -EINVAL);
    TEST_FAILS(cmio_broadcast_new(&no_sender, &no_receiver, 0, 1), -EINVAL);
    TEST_FAILS(cmio_broadcast_new(&no_sender, &no_receiver, 1, 0), -EINVAL);
    TEST_FAILS(cmio_broadcast_new(&no_sender, &no_receiver, SIZE_MAX, 2), -ENOMEM);
    assert_null(no_sender);
    assert_null(no_receiver);
    prepare(1);
    TEST_FAILS(cmio_broadcast_subscribe(NULL, &no_receiver), -EINVAL);
    TEST_FAILS(cmio_broadcast_subscribe(sender, NULL), -EINVAL);
    TEST_FAILS(cmio_broadcast_send(NULL, &in_a), -EINVAL);
    TEST_FAILS(cmio_broadcast_send(sender, NULL), -EINVAL);
    TEST_FAILS(cmio_broadcast_try_receive(NULL, &in_a), -EINVAL);
    TEST_FAILS(cmio_broadcast_try_receive(first, NULL), -EINVAL);
    TEST_FAILS(cmio_broadcast_receive_until(first, NULL, 0), -EINVAL);
    TEST_FAILS(cmio_broadcast_receive_until(first, &in_a, -2), -EINVAL);
    TEST_FAILS(cmio_broadcast_receive_future_init(NULL, first, &in_a), -EINVAL);
    TEST_FAILS(cmio_broadcast_receive_future_init(&a, NULL, &in_a), -EINVAL);
    TEST_FAILS(cmio_broadcast_receive_future_init(&a, first, NULL), -EINVAL);
    assert_int_equal(cmio_broadcast_receiver_missed(NULL), 0);
    assert_null(cmio_broadcast_sender_clone(NULL));
    cmio_broadcast_sender_drop(NULL);
    cmio_broadcast_receiver_drop(NULL);
    finish();
}

/* Each receiver gets or misses each message; what it gets is in order. */
struct listener {
    struct cmio_future future;
    struct cmio_broadcast_receive_future receive;
    struct cmio_broadcast_receiver *receiver;
    bool receives;
    unsigned seed;
    int message, last;
    ssize_t count;
};

static enum cmio_future_state poll_listener(struct cmio_future *future,
                                            struct cmio_context *context) {
    struct listener *self = (struct listener *)future;
    for (;;) {
        if (!self->receives)
            TEST_OK(
                cmio_broadcast_receive_future_init(&self->receive, self->receiver, &self->message));
        self->receives = true;
        if (next_random(&self->seed) % 4 == 0)
            DROP(&self->receive);
        else if (cmio_future_poll(&self->receive.future, context) == CMIO_PENDING)
            return CMIO_PENDING;
        self->receives = false;
        if (self->receive.future.result == 0)
            break;
        if (self->receive.future.result == -EOVERFLOW)
            self->count += (ssize_t)cmio_broadcast_receiver_missed(self->receiver);
        if (self->receive.future.result == 1) {
            assert_true(self->message > self->last);
            self->last = self->message;
            self->count++;
        }
    }
    cmio_broadcast_receiver_drop(self->receiver);
    future->result = self->count;
    return CMIO_READY;
}

static void *say_many(void *argument) {
    const int count = test_scale(20000);
    for (int i = 1; i <= count; i++)
        TEST_OK(cmio_broadcast_send(argument, &i));
    cmio_broadcast_sender_drop(argument);
    return NULL;
}

static void every_message_is_received_or_counted_as_missed(void **state) {
    enum { TASKS = 4 };
    static const struct cmio_future_ops ops = {"listener", poll_listener, drop_nothing};
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[TASKS];
    TEST_OK(cmio_broadcast_new(&sender, &first, sizeof(int), 8));
    for (unsigned i = 0; i < TASKS; i++) {
        struct listener listener = {.future.ops = &ops, .receiver = first, .seed = i};
        if (i > 0)
            TEST_OK(cmio_broadcast_subscribe(sender, &listener.receiver));
        spawn(executor, &listener.future, sizeof listener, &handles[i]);
    }
    pthread_t thread;
    TEST_OK(pthread_create(&thread, NULL, say_many, sender));
    for (int i = 0; i < TASKS; i++)
        TEST_GIVES(join(executor, handles[i]), test_scale(20000));
    TEST_OK(pthread_join(thread, NULL));
    cmio_executor_free(executor);
}

static const struct CMUnitTest tests[] = {
    ROWS(waiting_tasks_are_woken),
    ROWS(every_receiver_gets_every_message),
    ROWS(a_receiver_gets_what_is_sent_after_it_was_made),
    ROWS(a_slow_receiver_is_told_how_many_it_missed),
    ROWS(a_receiver_that_is_full_to_the_last_place_misses_nothing),
    ROWS(the_last_sender_closes_and_what_was_sent_is_received),
    ROWS(waiting_receivers_hear_of_the_close),
    ROWS(a_send_without_receivers_is_refused_until_there_is_one),
    ROWS(a_receive_dropped_at_any_point_loses_no_message),
    ROWS(blocking_calls_are_refused_on_a_worker),
    ROWS(every_message_is_received_or_counted_as_missed),
    cmocka_unit_test(a_blocking_call_ends_at_its_deadline),
    cmocka_unit_test(misuse_of_a_broadcast_is_an_error),
};

TEST_GROUP(async_broadcast, tests)
