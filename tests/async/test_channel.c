/* SPDX-License-Identifier: MIT */

/* Bounded channels: order, back-pressure, closing from either end, and what a drop leaves. */
#include <cmio/async/channel.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "support/scale.h"
#include "tasks.h"

static struct cmio_channel_sender *sender;
static struct cmio_channel_receiver *receiver;
static struct cmio_send_future sa, sb;
static struct cmio_receive_future ra, rb;
static int one_message = 1, two = 2, in_a, in_b;

static void prepare(size_t capacity) {
    TEST_OK(cmio_channel_new(&sender, &receiver, sizeof(int), capacity));
    TEST_OK(cmio_send_future_init(&sa, sender, &one_message));
    TEST_OK(cmio_send_future_init(&sb, sender, &two));
    TEST_OK(cmio_receive_future_init(&ra, receiver, &in_a));
    TEST_OK(cmio_receive_future_init(&rb, receiver, &in_b));
    in_a = in_b = -1;
}

static void finish(void) {
    cmio_channel_sender_drop(sender);
    cmio_channel_receiver_drop(receiver);
}

static void fill(int messages) {
    for (int i = 0; i < messages; i++)
        TEST_OK(cmio_channel_try_send(sender, &(int){100 + i}));
}

static void expect(int message) {
    int got = -1;
    TEST_GIVES(cmio_channel_try_receive(receiver, &got), 1);
    assert_int_equal(got, message);
}

SCRIPT(messages_come_out_in_the_order_in_which_they_went_in) {
    prepare(3);
    for (int round = 0; round < 5; round++) {
        fill(2);
        expect(100);
        expect(101);
    }
    TEST_FAILS(cmio_channel_try_receive(receiver, &in_a), -EAGAIN);
    assert_int_equal(in_a, -1);
    finish();
}

SCRIPT(messages_of_any_size_arrive_whole) {
    static const size_t sizes[] = {1, 3, 4, 8, 12, 16, 17, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        TEST_OK(cmio_channel_new(&sender, &receiver, sizes[i], 3));
        char *out = malloc(sizes[i]), *in = malloc(sizes[i]);
        for (int round = 0; round < 7; round++) {
            memset(out, 'a' + round, sizes[i]);
            TEST_OK(cmio_channel_try_send(sender, out));
            TEST_GIVES(cmio_channel_try_receive(receiver, in), 1);
            assert_memory_equal(in, out, sizes[i]);
        }
        free(out);
        free(in);
        finish();
    }
}

SCRIPT(a_full_channel_makes_senders_wait_in_order) {
    prepare(1);
    fill(1);
    TEST_FAILS(cmio_channel_try_send(sender, &two), -EAGAIN);
    WAITS(&sa);
    WAITS(&sb);
    expect(100);
    WAITS(&sb);
    ENDS(&sa, 0);
    expect(1);
    ENDS(&sb, 0);
    expect(2);
    finish();
}

SCRIPT(an_empty_channel_makes_receivers_wait_in_order) {
    prepare(4);
    WAITS(&ra);
    WAITS(&rb);
    fill(2);
    ENDS(&ra, 1);
    ENDS(&rb, 1);
    assert_int_equal(in_a, 100);
    assert_int_equal(in_b, 101);
    finish();
}

SCRIPT(the_last_sender_closes_and_what_was_sent_is_received) {
    prepare(4);
    assert_ptr_equal(cmio_channel_sender_clone(sender), sender);
    WAITS(&ra);
    cmio_channel_sender_drop(sender);
    WAITS(&ra);
    DROP(&ra);
    fill(1);
    cmio_channel_sender_drop(sender);
    ENDS(&rb, 1);
    TEST_OK(cmio_receive_future_init(&ra, receiver, &in_a));
    ENDS(&ra, 0);
    TEST_OK(cmio_channel_try_receive(receiver, &in_a));
    assert_int_equal(in_a, -1);
    cmio_channel_receiver_drop(receiver);
}

SCRIPT(waiting_receivers_hear_of_the_close) {
    prepare(4);
    WAITS(&ra);
    WAITS(&rb);
    cmio_channel_sender_drop(sender);
    ENDS(&ra, 0);
    ENDS(&rb, 0);
    cmio_channel_receiver_drop(receiver);
}

SCRIPT(waiting_senders_hear_that_the_receivers_are_gone) {
    prepare(1);
    assert_ptr_equal(cmio_channel_receiver_clone(receiver), receiver);
    fill(1);
    WAITS(&sa);
    cmio_channel_receiver_drop(receiver);
    WAITS(&sa);
    assert_false(cmio_channel_sender_is_closed(sender));
    cmio_channel_receiver_drop(receiver);
    ENDS(&sa, -EPIPE);
    assert_false(cmio_send_future_is_sent(&sa));
    ENDS(&sb, -EPIPE);
    TEST_FAILS(cmio_channel_try_send(sender, &two), -EPIPE);
    assert_true(cmio_channel_sender_is_closed(sender));
    cmio_channel_sender_drop(sender);
}

SCRIPT(an_idle_sender_hears_of_the_close) {
    prepare(1);
    struct cmio_channel_closed_future closed, dropped;
    TEST_OK(cmio_channel_closed_future_init(&closed, sender));
    TEST_OK(cmio_channel_closed_future_init(&dropped, sender));
    WAITS(&closed);
    WAITS(&dropped);
    DROP(&dropped);
    WAITS(&closed);
    cmio_channel_receiver_drop(receiver);
    ENDS(&closed, 0);
    cmio_channel_sender_drop(sender);
}

SCRIPT(a_receiver_that_closes_gets_what_was_sent_before) {
    prepare(2);
    fill(2);
    WAITS(&sa);
    cmio_channel_receiver_close(receiver);
    cmio_channel_receiver_close(receiver);
    ENDS(&sa, -EPIPE);
    expect(100);
    expect(101);
    TEST_OK(cmio_channel_try_receive(receiver, &in_a));
    finish();
}

/* Cancel-safety */

SCRIPT(a_send_dropped_before_its_first_poll_sends_nothing) {
    prepare(2);
    DROP(&sa);
    assert_false(cmio_send_future_is_sent(&sa));
    TEST_FAILS(cmio_channel_try_receive(receiver, &in_a), -EAGAIN);
    finish();
}

SCRIPT(a_send_dropped_while_it_waits_sends_nothing) {
    prepare(1);
    fill(1);
    WAITS(&sa);
    WAITS(&sb);
    DROP(&sa);
    TEST_GIVES(sa.future.result, -ECANCELED);
    assert_false(cmio_send_future_is_sent(&sa));
    expect(100);
    ENDS(&sb, 0);
    expect(2);
    finish();
}

SCRIPT(a_send_dropped_after_its_turn_came_is_sent_and_says_so) {
    prepare(1);
    fill(1);
    WAITS(&sa);
    expect(100);
    assert_false(cmio_send_future_is_sent(&sa));
    DROP(&sa);
    TEST_OK(sa.future.result);
    assert_true(cmio_send_future_is_sent(&sa));
    expect(1);
    finish();
}

SCRIPT(a_send_dropped_after_the_close_is_not_sent) {
    prepare(1);
    fill(1);
    WAITS(&sa);
    cmio_channel_receiver_close(receiver);
    DROP(&sa);
    TEST_GIVES(sa.future.result, -EPIPE);
    assert_false(cmio_send_future_is_sent(&sa));
    finish();
}

SCRIPT(a_receive_dropped_before_its_first_poll_takes_nothing) {
    prepare(1);
    fill(1);
    DROP(&ra);
    ENDS(&rb, 1);
    finish();
}

SCRIPT(a_receive_dropped_while_it_waits_leaves_the_line) {
    prepare(1);
    WAITS(&ra);
    WAITS(&rb);
    DROP(&ra);
    fill(1);
    ENDS(&rb, 1);
    finish();
}

SCRIPT(a_receive_dropped_after_it_was_woken_leaves_the_message) {
    prepare(1);
    WAITS(&ra);
    fill(1);
    DROP(&ra);
    assert_int_equal(in_a, -1);
    expect(100);
    finish();
}

SCRIPT(a_send_counts_as_a_leaf_of_the_turn) {
    prepare(1000);
    int sent = 0;
    for (; cmio_future_poll(&sa.future, context) == CMIO_READY; sent++)
        TEST_OK(cmio_send_future_init(&sa, sender, &two));
    assert_int_equal(sent, 128);
    DROP(&sa);
    assert_false(cmio_send_future_is_sent(&sa));
    finish();
}

/*
 * Two tasks wait for a message; the one that is woken is aborted before its turn. Only if the drop
 * passes the wake on does the other one get the message.
 */
struct receiving {
    struct cmio_future future;
    struct cmio_receive_future receive;
    int message;
    bool initialized;
    struct cmio_channel_receiver *receiver;
};

static enum cmio_future_state poll_receiving(struct cmio_future *future,
                                             struct cmio_context *context) {
    struct receiving *self = (struct receiving *)future;
    if (!self->initialized)
        TEST_OK(cmio_receive_future_init(&self->receive, self->receiver, &self->message));
    self->initialized = true;
    if (cmio_future_poll(&self->receive.future, context) == CMIO_PENDING)
        return CMIO_PENDING;
    future->result = self->receive.future.result == 1 ? self->message : 0;
    return CMIO_READY;
}

static void drop_receiving(struct cmio_future *future) {
    DROP(&((struct receiving *)future)->receive);
}

static const struct cmio_future_ops receiving_ops = {"receiving", poll_receiving, drop_receiving};

static void spawn_two_receiving(struct cmio_executor *executor, struct cmio_join_handle **handles) {
    for (int i = 0; i < 2; i++) {
        const struct receiving receiving = {.future.ops = &receiving_ops, .receiver = receiver};
        spawn(executor, &receiving.future, sizeof receiving, &handles[i]);
    }
    let_tasks_run(executor);
}

static struct cmio_join_handle *first_handle;

static void send_and_abort(struct cmio_context *context) {
    (void)context;
    fill(1);
    TEST_OK(cmio_join_handle_abort(first_handle));
}

static void the_wake_of_an_aborted_receiver_goes_to_the_next(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[2];
    const int rounds = test_scale(200);
    for (int round = 0; round < rounds; round++) {
        prepare(1);
        spawn_two_receiving(executor, handles);
        first_handle = handles[0];
        run_body(executor, send_and_abort);
        /* With several workers, the first may have its turn before the abort. */
        if (join(executor, handles[0]) == 100)
            fill(1);
        TEST_GIVES(join(executor, handles[1]), 100);
        TEST_FAILS(cmio_channel_try_receive(receiver, &in_a), -EAGAIN);
        finish();
    }
    cmio_executor_free(executor);
}

static void send_and_take_back(struct cmio_context *context) {
    (void)context;
    fill(1);
    expect(100);
}

static void a_receiver_that_came_too_late_keeps_its_place(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[2];
    prepare(1);
    spawn_two_receiving(executor, handles);
    run_body(executor, send_and_take_back);
    let_tasks_run(executor);
    fill(1);
    TEST_GIVES(join(executor, handles[0]), 100);
    fill(1);
    TEST_GIVES(join(executor, handles[1]), 100);
    finish();
    cmio_executor_free(executor);
}

/* Many producers and consumers */

struct load {
    struct cmio_channel_sender *sender;
    struct cmio_channel_receiver *receiver;
    int each, drop_one_in; /* 0: none */
    atomic_uchar *seen;
    atomic_int received;
};

struct producer {
    struct cmio_future future;
    struct cmio_send_future send;
    struct load *load;
    bool sends;
    unsigned seed;
    uint64_t next, end;
};

static bool gives_up(const struct load *load, unsigned *seed) {
    return load->drop_one_in != 0 && next_random(seed) % (unsigned)load->drop_one_in == 0;
}

static enum cmio_future_state poll_producer(struct cmio_future *future,
                                            struct cmio_context *context) {
    struct producer *self = (struct producer *)future;
    while (self->next < self->end) {
        if (!self->sends)
            TEST_OK(cmio_send_future_init(&self->send, self->load->sender, &self->next));
        self->sends = true;
        if (gives_up(self->load, &self->seed))
            DROP(&self->send);
        else if (cmio_future_poll(&self->send.future, context) == CMIO_PENDING)
            return CMIO_PENDING;
        self->sends = false;
        if (cmio_send_future_is_sent(&self->send))
            self->next++;
        else
            assert_int_equal(self->send.future.result, -ECANCELED);
    }
    cmio_channel_sender_drop(self->load->sender);
    return CMIO_READY;
}

struct consumer {
    struct cmio_future future;
    struct cmio_receive_future receive;
    struct load *load;
    bool receives;
    unsigned seed;
    uint64_t message;
};

static void note(struct load *load, uint64_t message) {
    assert_int_equal(atomic_fetch_add(&load->seen[message], 1), 0);
    atomic_fetch_add(&load->received, 1);
}

static enum cmio_future_state poll_consumer(struct cmio_future *future,
                                            struct cmio_context *context) {
    struct consumer *self = (struct consumer *)future;
    for (;;) {
        if (!self->receives)
            TEST_OK(cmio_receive_future_init(&self->receive, self->load->receiver, &self->message));
        self->receives = true;
        if (gives_up(self->load, &self->seed))
            DROP(&self->receive);
        else if (cmio_future_poll(&self->receive.future, context) == CMIO_PENDING)
            return CMIO_PENDING;
        self->receives = false;
        if (self->receive.future.result == 0)
            break;
        if (self->receive.future.result == 1)
            note(self->load, self->message);
    }
    cmio_channel_receiver_drop(self->load->receiver);
    return CMIO_READY;
}

static const struct cmio_future_ops producer_ops = {"producer", poll_producer, drop_nothing};
static const struct cmio_future_ops consumer_ops = {"consumer", poll_consumer, drop_nothing};

static void spawn_producers(struct cmio_executor *executor, struct load *load, int count,
                            struct cmio_join_handle **handles) {
    for (int i = 0; i < count; i++) {
        const uint64_t first = (uint64_t)i * (uint64_t)load->each;
        const struct producer producer = {.future.ops = &producer_ops,
                                          .load = load,
                                          .seed = (unsigned)i,
                                          .next = first,
                                          .end = first + (uint64_t)load->each};
        (void)cmio_channel_sender_clone(load->sender);
        spawn(executor, &producer.future, sizeof producer, handles == NULL ? NULL : &handles[i]);
    }
    cmio_channel_sender_drop(load->sender);
}

static void spawn_consumers(struct cmio_executor *executor, struct load *load, int count,
                            struct cmio_join_handle **handles) {
    for (int i = 0; i < count; i++) {
        const struct consumer consumer = {
            .future.ops = &consumer_ops, .load = load, .seed = 1000u + (unsigned)i};
        (void)cmio_channel_receiver_clone(load->receiver);
        spawn(executor, &consumer.future, sizeof consumer, &handles[i]);
    }
    cmio_channel_receiver_drop(load->receiver);
}

enum { CONSUMERS_MAX = 5 };

static void run_load(void **state, int producers, int consumers, size_t capacity, int drops) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[CONSUMERS_MAX];
    struct load load = {.each = test_scale(20000) / producers + 1, .drop_one_in = drops};
    load.seen = calloc((size_t)(producers * load.each), 1);
    TEST_OK(cmio_channel_new(&load.sender, &load.receiver, sizeof(uint64_t), capacity));
    spawn_consumers(executor, &load, consumers, handles);
    spawn_producers(executor, &load, producers, NULL);
    for (int i = 0; i < consumers; i++)
        TEST_OK(join(executor, handles[i]));
    cmio_executor_free(executor);
    assert_int_equal(load.received, producers * load.each);
    free(load.seen);
}

static void every_message_arrives_once(void **state) {
    run_load(state, 1, 1, 1, 0);
    run_load(state, 1, 1, 100, 0);
    run_load(state, 8, 1, 1, 0);
    run_load(state, 8, 1, 16, 0);
    run_load(state, 8, CONSUMERS_MAX, 3, 0);
    run_load(state, 1, CONSUMERS_MAX, 200, 0);
}

static void every_message_arrives_once_although_futures_are_dropped(void **state) {
    run_load(state, 1, 1, 1, 3);
    run_load(state, 8, 1, 2, 4);
    run_load(state, 8, CONSUMERS_MAX, 1, 4);
    run_load(state, 8, CONSUMERS_MAX, 16, 8);
}

/* Plain threads */

static void *receive_on_thread(void *argument) {
    struct load *load = argument;
    uint64_t message;
    while (cmio_channel_receive_until(load->receiver, &message, CMIO_FOREVER) == 1)
        note(load, message);
    cmio_channel_receiver_drop(load->receiver);
    return NULL;
}

static void *send_on_thread(void *argument) {
    struct load *load = argument;
    for (uint64_t i = 0; i < (uint64_t)load->each; i++)
        TEST_OK(cmio_channel_send_until(load->sender, &i, CMIO_FOREVER));
    cmio_channel_sender_drop(load->sender);
    return NULL;
}

static void tasks_send_to_plain_threads(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct load load = {.each = test_scale(5000)};
    load.seen = calloc(4 * (size_t)load.each, 1);
    TEST_OK(cmio_channel_new(&load.sender, &load.receiver, sizeof(uint64_t), 4));
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        (void)cmio_channel_receiver_clone(load.receiver);
        TEST_OK(pthread_create(&threads[i], NULL, receive_on_thread, &load));
    }
    cmio_channel_receiver_drop(load.receiver);
    struct cmio_join_handle *handles[4];
    spawn_producers(executor, &load, 4, handles);
    for (int i = 0; i < 4; i++)
        TEST_OK(join(executor, handles[i]));
    for (int i = 0; i < 2; i++)
        TEST_OK(pthread_join(threads[i], NULL));
    cmio_executor_free(executor);
    assert_int_equal(load.received, 4 * load.each);
    free(load.seen);
}

static void plain_threads_send_to_tasks(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[2];
    struct load load = {.each = test_scale(5000)};
    load.seen = calloc((size_t)load.each, 1);
    TEST_OK(cmio_channel_new(&load.sender, &load.receiver, sizeof(uint64_t), 2));
    spawn_consumers(executor, &load, 2, handles);
    pthread_t thread;
    TEST_OK(pthread_create(&thread, NULL, send_on_thread, &load));
    for (int i = 0; i < 2; i++)
        TEST_OK(join(executor, handles[i]));
    TEST_OK(pthread_join(thread, NULL));
    cmio_executor_free(executor);
    assert_int_equal(load.received, load.each);
    free(load.seen);
}

static void a_blocking_call_ends_at_its_deadline(void **state) {
    (void)state;
    prepare(1);
    const int64_t begin = cmio_now();
    TEST_FAILS(cmio_channel_receive_until(receiver, &in_a, begin + 5 * CMIO_MILLISECOND),
               -ETIMEDOUT);
    fill(1);
    TEST_FAILS(cmio_channel_send_until(sender, &two, begin + 10 * CMIO_MILLISECOND), -ETIMEDOUT);
    assert_true(cmio_now() >= begin + 10 * CMIO_MILLISECOND);
    TEST_FAILS(cmio_channel_send_until(sender, &two, 0), -ETIMEDOUT);
    TEST_GIVES(cmio_channel_receive_until(receiver, &in_a, 0), 1);
    TEST_FAILS(cmio_channel_receive_until(receiver, &in_a, 0), -ETIMEDOUT);
    TEST_OK(cmio_channel_send_until(sender, &two, 0));
    cmio_channel_sender_drop(sender);
    TEST_GIVES(cmio_channel_receive_until(receiver, &in_a, CMIO_FOREVER), 1);
    TEST_OK(cmio_channel_receive_until(receiver, &in_a, CMIO_FOREVER));
    cmio_channel_receiver_drop(receiver);
}

static atomic_bool waits_soon;

static void *wait_for_message(void *argument) {
    int message;
    atomic_store(&waits_soon, true);
    (void)cmio_channel_receive_until(argument, &message, CMIO_FOREVER);
    return NULL;
}

static void *wait_for_room(void *argument) {
    atomic_store(&waits_soon, true);
    (void)cmio_channel_send_until(argument, &two, CMIO_FOREVER);
    return NULL;
}

static void cancel_blocked(void *(*call)(void *argument), void *argument) {
    pthread_t thread;
    void *result = NULL;
    atomic_store(&waits_soon, false);
    TEST_OK(pthread_create(&thread, NULL, call, argument));
    TEST_EVENTUALLY(atomic_load(&waits_soon));
    test_pause();
    TEST_OK(pthread_cancel(thread));
    TEST_OK(pthread_join(thread, &result));
    assert_ptr_equal(result, PTHREAD_CANCELED);
}

static void a_cancelled_blocking_call_leaves_nothing(void **state) {
    (void)state;
    if (test_is_under_thread_sanitizer())
        skip();
    for (int round = 0; round < 20; round++) {
        prepare(1);
        cancel_blocked(wait_for_message, receiver);
        fill(1);
        cancel_blocked(wait_for_room, sender);
        expect(100);
        TEST_FAILS(cmio_channel_try_receive(receiver, &in_a), -EAGAIN);
        finish();
    }
}

SCRIPT(blocking_calls_are_refused_on_a_worker) {
    prepare(1);
    TEST_FAILS(cmio_channel_send_until(sender, &two, CMIO_FOREVER), -EDEADLK);
    TEST_FAILS(cmio_channel_receive_until(receiver, &in_a, CMIO_FOREVER), -EDEADLK);
    TEST_FAILS(cmio_channel_try_receive(receiver, &in_a), -EAGAIN);
    finish();
}

static void waiting_tasks_are_woken_for_messages_and_room(void **state) {
    struct cmio_executor *executor = new_executor(state);
    prepare(2);
    struct cmio_join_handle *first = await_in_task(executor, &ra.future);
    struct cmio_join_handle *second = await_in_task(executor, &rb.future);
    fill(2); /* a wake each, though the first has not had its turn */
    TEST_GIVES(join(executor, first), 1);
    TEST_GIVES(join(executor, second), 1);
    fill(2);
    first = await_in_task(executor, &sa.future);
    second = await_in_task(executor, &sb.future);
    expect(100);
    expect(101);
    TEST_OK(join(executor, first));
    TEST_OK(join(executor, second));
    finish();
    cmio_executor_free(executor);
}

static void waiting_tasks_are_woken_by_the_close(void **state) {
    struct cmio_executor *executor = new_executor(state);
    prepare(1);
    struct cmio_join_handle *first = await_in_task(executor, &ra.future);
    struct cmio_join_handle *second = await_in_task(executor, &rb.future);
    cmio_channel_sender_drop(sender);
    TEST_OK(join(executor, first));
    TEST_OK(join(executor, second));
    cmio_channel_receiver_drop(receiver);
    prepare(1);
    fill(1);
    struct cmio_channel_closed_future closed;
    TEST_OK(cmio_channel_closed_future_init(&closed, sender));
    first = await_in_task(executor, &sa.future);
    second = await_in_task(executor, &closed.future);
    cmio_channel_receiver_drop(receiver);
    TEST_FAILS(join(executor, first), -EPIPE);
    TEST_OK(join(executor, second));
    cmio_channel_sender_drop(sender);
    cmio_executor_free(executor);
}

SCRIPT(a_receive_that_ends_without_its_turn_leaves_the_line) {
    prepare(1);
    WAITS(&ra);
    WAITS(&rb);
    fill(1);
    ENDS(&rb, 1); /* ra was woken for it */
    memset(&rb, 0xff, sizeof rb);
    fill(1);
    ENDS(&ra, 1);
    finish();
}

static void misuse_of_a_channel_is_an_error(void **state) {
    (void)state;
    struct cmio_channel_sender *no_sender = NULL;
    struct cmio_channel_receiver *no_receiver = NULL;
    TEST_FAILS(cmio_channel_new(NULL, &no_receiver, 1, 1), -EINVAL);
    TEST_FAILS(cmio_channel_new(&no_sender, NULL, 1, 1), -EINVAL);
    TEST_FAILS(cmio_channel_new(&no_sender, &no_receiver, 0, 1), -EINVAL);
    TEST_FAILS(cmio_channel_new(&no_sender, &no_receiver, 1, 0), -EINVAL);
    TEST_FAILS(cmio_channel_new(&no_sender, &no_receiver, SIZE_MAX, 2), -ENOMEM);
    TEST_FAILS(cmio_channel_new(&no_sender, &no_receiver, SIZE_MAX / 2, 2), -ENOMEM);
    assert_null(no_sender);
    assert_null(no_receiver);
    prepare(1);
    TEST_FAILS(cmio_channel_try_send(NULL, &two), -EINVAL);
    TEST_FAILS(cmio_channel_try_send(sender, NULL), -EINVAL);
    TEST_FAILS(cmio_channel_try_receive(NULL, &in_a), -EINVAL);
    TEST_FAILS(cmio_channel_try_receive(receiver, NULL), -EINVAL);
    TEST_FAILS(cmio_channel_send_until(sender, &two, -2), -EINVAL);
    TEST_FAILS(cmio_channel_send_until(sender, NULL, 0), -EINVAL);
    TEST_FAILS(cmio_channel_receive_until(receiver, &in_a, -2), -EINVAL);
    TEST_FAILS(cmio_channel_receive_until(NULL, &in_a, 0), -EINVAL);
    TEST_FAILS(cmio_send_future_init(NULL, sender, &two), -EINVAL);
    TEST_FAILS(cmio_send_future_init(&sa, NULL, &two), -EINVAL);
    TEST_FAILS(cmio_send_future_init(&sa, sender, NULL), -EINVAL);
    TEST_FAILS(cmio_receive_future_init(NULL, receiver, &in_a), -EINVAL);
    TEST_FAILS(cmio_receive_future_init(&ra, NULL, &in_a), -EINVAL);
    TEST_FAILS(cmio_receive_future_init(&ra, receiver, NULL), -EINVAL);
    struct cmio_channel_closed_future closed;
    TEST_FAILS(cmio_channel_closed_future_init(NULL, sender), -EINVAL);
    TEST_FAILS(cmio_channel_closed_future_init(&closed, NULL), -EINVAL);
    assert_false(cmio_send_future_is_sent(NULL));
    assert_true(cmio_channel_sender_is_closed(NULL));
    assert_null(cmio_channel_sender_clone(NULL));
    assert_null(cmio_channel_receiver_clone(NULL));
    cmio_channel_sender_drop(NULL);
    cmio_channel_receiver_drop(NULL);
    cmio_channel_receiver_close(NULL);
    finish();
}

static const struct CMUnitTest tests[] = {
    ROWS(waiting_tasks_are_woken_for_messages_and_room),
    ROWS(waiting_tasks_are_woken_by_the_close),
    ROWS(a_receive_that_ends_without_its_turn_leaves_the_line),
    ROWS(messages_come_out_in_the_order_in_which_they_went_in),
    ROWS(messages_of_any_size_arrive_whole),
    ROWS(a_full_channel_makes_senders_wait_in_order),
    ROWS(an_empty_channel_makes_receivers_wait_in_order),
    ROWS(the_last_sender_closes_and_what_was_sent_is_received),
    ROWS(waiting_receivers_hear_of_the_close),
    ROWS(waiting_senders_hear_that_the_receivers_are_gone),
    ROWS(an_idle_sender_hears_of_the_close),
    ROWS(a_receiver_that_closes_gets_what_was_sent_before),
    ROWS(a_send_dropped_before_its_first_poll_sends_nothing),
    ROWS(a_send_dropped_while_it_waits_sends_nothing),
    ROWS(a_send_dropped_after_its_turn_came_is_sent_and_says_so),
    ROWS(a_send_dropped_after_the_close_is_not_sent),
    ROWS(a_receive_dropped_before_its_first_poll_takes_nothing),
    ROWS(a_receive_dropped_while_it_waits_leaves_the_line),
    ROWS(a_receive_dropped_after_it_was_woken_leaves_the_message),
    ROWS(a_send_counts_as_a_leaf_of_the_turn),
    TEST_ROW(none, a_receiver_that_came_too_late_keeps_its_place, &none),
    ROWS(the_wake_of_an_aborted_receiver_goes_to_the_next),
    ROWS(every_message_arrives_once),
    ROWS(every_message_arrives_once_although_futures_are_dropped),
    ROWS(tasks_send_to_plain_threads),
    ROWS(plain_threads_send_to_tasks),
    ROWS(blocking_calls_are_refused_on_a_worker),
    cmocka_unit_test(a_cancelled_blocking_call_leaves_nothing),
    cmocka_unit_test(a_blocking_call_ends_at_its_deadline),
    cmocka_unit_test(misuse_of_a_channel_is_an_error),
};

TEST_GROUP(async_channel, tests)
