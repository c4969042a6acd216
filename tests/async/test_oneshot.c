/* SPDX-License-Identifier: MIT */

/* Channels for one message. */
#include <cmio/async/oneshot.h>

#include <errno.h>
#include <pthread.h>

#include "support/scale.h"
#include "tasks.h"

static struct cmio_oneshot_sender *sender;
static struct cmio_oneshot_receiver *receiver;
static struct cmio_oneshot_receive_future receive, later;
static struct cmio_oneshot_closed_future closed;
static int answer = 42, in;

static void prepare(void) {
    TEST_OK(cmio_oneshot_new(&sender, &receiver, sizeof(int)));
    TEST_OK(cmio_oneshot_receive_future_init(&receive, receiver, &in));
    TEST_OK(cmio_oneshot_receive_future_init(&later, receiver, &in));
    TEST_OK(cmio_oneshot_closed_future_init(&closed, sender));
    in = -1;
}

static void finish(void) {
    cmio_oneshot_sender_drop(sender);
    cmio_oneshot_receiver_drop(receiver);
}

SCRIPT(one_message_is_sent_and_received) {
    prepare();
    TEST_FAILS(cmio_oneshot_try_receive(receiver, &in), -EAGAIN);
    WAITS(&receive);
    TEST_OK(cmio_oneshot_send(sender, &answer));
    ENDS(&receive, 1);
    assert_int_equal(in, 42);
    ENDS(&later, 0);
    TEST_FAILS(cmio_oneshot_send(sender, &answer), -EALREADY);
    finish();
}

SCRIPT(a_message_is_received_after_its_sender_is_gone) {
    prepare();
    TEST_OK(cmio_oneshot_send(sender, &answer));
    cmio_oneshot_sender_drop(sender);
    ENDS(&receive, 1);
    assert_int_equal(in, 42);
    cmio_oneshot_receiver_drop(receiver);
}

SCRIPT(a_sender_dropped_without_a_message_ends_the_receive) {
    prepare();
    WAITS(&receive);
    cmio_oneshot_sender_drop(sender);
    ENDS(&receive, 0);
    ENDS(&later, 0);
    TEST_OK(cmio_oneshot_try_receive(receiver, &in));
    assert_int_equal(in, -1);
    cmio_oneshot_receiver_drop(receiver);
}

SCRIPT(a_sender_hears_that_its_receiver_is_gone) {
    prepare();
    WAITS(&closed);
    assert_false(cmio_oneshot_sender_is_closed(sender));
    cmio_oneshot_receiver_drop(receiver);
    ENDS(&closed, 0);
    assert_true(cmio_oneshot_sender_is_closed(sender));
    TEST_FAILS(cmio_oneshot_send(sender, &answer), -EPIPE);
    cmio_oneshot_sender_drop(sender);
}

SCRIPT(a_receiver_that_closes_gets_what_was_sent_before) {
    prepare();
    TEST_OK(cmio_oneshot_send(sender, &answer));
    cmio_oneshot_receiver_close(receiver);
    ENDS(&receive, 1);
    finish();
    prepare();
    WAITS(&receive);
    cmio_oneshot_receiver_close(receiver);
    ENDS(&receive, 0);
    ENDS(&closed, 0);
    finish();
}

SCRIPT(a_receive_dropped_before_its_first_poll_takes_nothing) {
    prepare();
    TEST_OK(cmio_oneshot_send(sender, &answer));
    DROP(&receive);
    ENDS(&later, 1);
    finish();
}

SCRIPT(a_receive_dropped_while_it_waits_leaves_the_line) {
    prepare();
    WAITS(&receive);
    DROP(&receive);
    TEST_OK(cmio_oneshot_send(sender, &answer));
    ENDS(&later, 1);
    finish();
}

SCRIPT(a_receive_dropped_after_it_was_woken_leaves_the_message) {
    prepare();
    WAITS(&receive);
    TEST_OK(cmio_oneshot_send(sender, &answer));
    DROP(&receive);
    assert_int_equal(in, -1);
    ENDS(&later, 1);
    assert_int_equal(in, 42);
    finish();
}

SCRIPT(a_dropped_wait_for_the_close_leaves_nothing) {
    prepare();
    WAITS(&closed);
    DROP(&closed);
    cmio_oneshot_receiver_close(receiver);
    TEST_OK(cmio_oneshot_closed_future_init(&closed, sender));
    DROP(&closed);
    finish();
}

SCRIPT(blocking_calls_are_refused_on_a_worker) {
    prepare();
    TEST_FAILS(cmio_oneshot_receive_until(receiver, &in, CMIO_FOREVER), -EDEADLK);
    finish();
}

static void a_blocking_call_ends_at_its_deadline(void **state) {
    (void)state;
    prepare();
    TEST_FAILS(cmio_oneshot_receive_until(receiver, &in, cmio_now() + CMIO_MILLISECOND),
               -ETIMEDOUT);
    TEST_OK(cmio_oneshot_send(sender, &answer));
    TEST_GIVES(cmio_oneshot_receive_until(receiver, &in, 0), 1);
    TEST_OK(cmio_oneshot_receive_until(receiver, &in, 0));
    finish();
}

static void waiting_tasks_are_woken(void **state) {
    struct cmio_executor *executor = new_executor(state);
    prepare();
    struct cmio_join_handle *handle = await_in_task(executor, &receive.future);
    TEST_OK(cmio_oneshot_send(sender, &answer));
    TEST_GIVES(join(executor, handle), 1);
    finish();
    prepare();
    handle = await_in_task(executor, &receive.future);
    cmio_oneshot_sender_drop(sender);
    TEST_OK(join(executor, handle));
    cmio_oneshot_receiver_drop(receiver);
    prepare();
    handle = await_in_task(executor, &closed.future);
    cmio_oneshot_receiver_drop(receiver);
    TEST_OK(join(executor, handle));
    cmio_oneshot_sender_drop(sender);
    cmio_executor_free(executor);
}

static void misuse_of_a_oneshot_is_an_error(void **state) {
    (void)state;
    struct cmio_oneshot_sender *no_sender = NULL;
    struct cmio_oneshot_receiver *no_receiver = NULL;
    TEST_FAILS(cmio_oneshot_new(NULL, &no_receiver, 1), -EINVAL);
    TEST_FAILS(cmio_oneshot_new(&no_sender, NULL, 1), -EINVAL);
    TEST_FAILS(cmio_oneshot_new(&no_sender, &no_receiver, 0), -EINVAL);
    TEST_FAILS(cmio_oneshot_new(&no_sender, &no_receiver, SIZE_MAX), -ENOMEM);
    assert_null(no_sender);
    assert_null(no_receiver);
    prepare();
    TEST_FAILS(cmio_oneshot_send(NULL, &answer), -EINVAL);
    TEST_FAILS(cmio_oneshot_send(sender, NULL), -EINVAL);
    TEST_FAILS(cmio_oneshot_try_receive(NULL, &in), -EINVAL);
    TEST_FAILS(cmio_oneshot_try_receive(receiver, NULL), -EINVAL);
    TEST_FAILS(cmio_oneshot_receive_until(receiver, NULL, 0), -EINVAL);
    TEST_FAILS(cmio_oneshot_receive_until(receiver, &in, -2), -EINVAL);
    TEST_FAILS(cmio_oneshot_receive_future_init(NULL, receiver, &in), -EINVAL);
    TEST_FAILS(cmio_oneshot_receive_future_init(&receive, NULL, &in), -EINVAL);
    TEST_FAILS(cmio_oneshot_receive_future_init(&receive, receiver, NULL), -EINVAL);
    TEST_FAILS(cmio_oneshot_closed_future_init(NULL, sender), -EINVAL);
    TEST_FAILS(cmio_oneshot_closed_future_init(&closed, NULL), -EINVAL);
    assert_true(cmio_oneshot_sender_is_closed(NULL));
    cmio_oneshot_receiver_close(NULL);
    cmio_oneshot_sender_drop(NULL);
    cmio_oneshot_receiver_drop(NULL);
    finish();
}

/* Requests whose answers come from other tasks; both sides drop what they hold at any time. */
struct answering {
    struct cmio_future future;
    struct cmio_oneshot_sender *sender;
    bool answers;
    int turns;
};

static enum cmio_future_state poll_answering(struct cmio_future *future,
                                             struct cmio_context *context) {
    struct answering *self = (struct answering *)future;
    if (self->turns-- > 0) {
        cmio_task_waker_wake(cmio_context_waker(context));
        return CMIO_PENDING;
    }
    const int error = self->answers ? cmio_oneshot_send(self->sender, &answer) : 0;
    assert_true(error == 0 || error == -EPIPE);
    cmio_oneshot_sender_drop(self->sender);
    return CMIO_READY;
}

static void drop_answering(struct cmio_future *future) {
    cmio_oneshot_sender_drop(((struct answering *)future)->sender);
}

struct asking {
    struct cmio_future future;
    struct cmio_oneshot_receiver *receiver;
    struct cmio_oneshot_receive_future receive;
    bool asked, answered;
    int left, message;
    unsigned seed;
};

static void ask(struct asking *self) {
    static const struct cmio_future_ops ops = {"answering", poll_answering, drop_answering};
    struct answering answering = {.future.ops = &ops,
                                  .answers = next_random(&self->seed) % 4 != 0,
                                  .turns = (int)(next_random(&self->seed) % 3)};
    self->answered = answering.answers;
    TEST_OK(cmio_oneshot_new(&answering.sender, &self->receiver, sizeof(int)));
    TEST_OK(cmio_spawn(NULL, &answering.future, sizeof answering, NULL, NULL));
    TEST_OK(cmio_oneshot_receive_future_init(&self->receive, self->receiver, &self->message));
    self->asked = true;
}

static enum cmio_future_state poll_asking(struct cmio_future *future,
                                          struct cmio_context *context) {
    struct asking *self = (struct asking *)future;
    while (self->left > 0) {
        if (!self->asked)
            ask(self);
        if (next_random(&self->seed) % 4 == 0)
            DROP(&self->receive);
        else if (cmio_future_poll(&self->receive.future, context) == CMIO_PENDING)
            return CMIO_PENDING;
        else
            assert_int_equal(self->receive.future.result, self->answered ? 1 : 0);
        cmio_oneshot_receiver_drop(self->receiver);
        self->asked = false;
        self->left--;
    }
    return CMIO_READY;
}

static void every_answer_arrives_or_its_end_does(void **state) {
    enum { TASKS = 4 };
    static const struct cmio_future_ops ops = {"asking", poll_asking, drop_nothing};
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[TASKS];
    for (unsigned i = 0; i < TASKS; i++) {
        const struct asking asking = {.future.ops = &ops, .left = test_scale(5000), .seed = i};
        spawn(executor, &asking.future, sizeof asking, &handles[i]);
    }
    for (int i = 0; i < TASKS; i++)
        TEST_OK(join(executor, handles[i]));
    cmio_executor_free(executor);
}

static void *send_late(void *argument) {
    test_pause();
    TEST_OK(cmio_oneshot_send(argument, &answer));
    cmio_oneshot_sender_drop(argument);
    return NULL;
}

static void a_plain_thread_waits_for_an_answer(void **state) {
    (void)state;
    for (int i = 0; i < test_scale(200); i++) {
        prepare();
        pthread_t thread;
        TEST_OK(pthread_create(&thread, NULL, send_late, sender));
        TEST_GIVES(cmio_oneshot_receive_until(receiver, &in, CMIO_FOREVER), 1);
        assert_int_equal(in, 42);
        cmio_oneshot_receiver_drop(receiver);
        TEST_OK(pthread_join(thread, NULL));
    }
}

static const struct CMUnitTest tests[] = {
    ROWS(waiting_tasks_are_woken),
    ROWS(one_message_is_sent_and_received),
    ROWS(a_message_is_received_after_its_sender_is_gone),
    ROWS(a_sender_dropped_without_a_message_ends_the_receive),
    ROWS(a_sender_hears_that_its_receiver_is_gone),
    ROWS(a_receiver_that_closes_gets_what_was_sent_before),
    ROWS(a_receive_dropped_before_its_first_poll_takes_nothing),
    ROWS(a_receive_dropped_while_it_waits_leaves_the_line),
    ROWS(a_receive_dropped_after_it_was_woken_leaves_the_message),
    ROWS(a_dropped_wait_for_the_close_leaves_nothing),
    ROWS(blocking_calls_are_refused_on_a_worker),
    ROWS(every_answer_arrives_or_its_end_does),
    cmocka_unit_test(a_blocking_call_ends_at_its_deadline),
    cmocka_unit_test(a_plain_thread_waits_for_an_answer),
    cmocka_unit_test(misuse_of_a_oneshot_is_an_error),
};

TEST_GROUP(async_oneshot, tests)
