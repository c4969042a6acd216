/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_ASYNC_GATE_H
#define CMIO_TESTS_ASYNC_GATE_H

/*
 * What the tests of combinators have in common: a future that ends when the test says so and counts
 * its polls and drops, and a way for the test to poll futures step by step.
 */

#include <cmio/async.h>

#include <pthread.h>
#include <stdbool.h>

#include "support/test.h"

struct gate {
    struct cmio_future future;
    pthread_mutex_t lock;
    struct cmio_task_waker waker; /* a clone */
    bool open;
    ssize_t value;
    int polls, drops;
};

static inline void gate_forget(struct gate *gate) {
    cmio_task_waker_drop(&gate->waker);
    (void)pthread_mutex_unlock(&gate->lock);
}

static inline enum cmio_future_state gate_poll(struct cmio_future *future,
                                               struct cmio_context *context) {
    struct gate *gate = (struct gate *)future;
    (void)pthread_mutex_lock(&gate->lock);
    gate->polls++;
    if (gate->open) {
        future->result = gate->value;
        gate_forget(gate);
        return CMIO_READY;
    }
    if (!cmio_task_waker_equal(&gate->waker, cmio_context_waker(context))) {
        cmio_task_waker_drop(&gate->waker);
        (void)cmio_task_waker_clone(cmio_context_waker(context), &gate->waker);
    }
    (void)pthread_mutex_unlock(&gate->lock);
    return CMIO_PENDING;
}

static inline void gate_drop(struct cmio_future *future) {
    struct gate *gate = (struct gate *)future;
    (void)pthread_mutex_lock(&gate->lock);
    gate->drops++;
    gate_forget(gate);
}

static const struct cmio_future_ops gate_ops = {"gate", gate_poll, gate_drop};

static inline void gate_init(struct gate *gate) {
    *gate = (struct gate){.future.ops = &gate_ops, .lock = PTHREAD_MUTEX_INITIALIZER};
}

/* Ends the gate's future with the value, from any thread. */
static inline void gate_open(struct gate *gate, ssize_t value) {
    (void)pthread_mutex_lock(&gate->lock);
    gate->open = true;
    gate->value = value;
    cmio_task_waker_wake(&gate->waker);
    (void)pthread_mutex_unlock(&gate->lock);
}

static inline int gate_polls(struct gate *gate) {
    (void)pthread_mutex_lock(&gate->lock);
    const int polls = gate->polls;
    (void)pthread_mutex_unlock(&gate->lock);
    return polls;
}

/* Wakes whoever polled the gate last, without changing it. */
static inline void gate_wake(struct gate *gate) {
    (void)pthread_mutex_lock(&gate->lock);
    cmio_task_waker_wake(&gate->waker);
    (void)pthread_mutex_unlock(&gate->lock);
}

/* A task whose only poll is a function of the test, which may poll anything. */
struct scene {
    struct cmio_future future;
    void (*play)(struct cmio_context *context);
};

static inline enum cmio_future_state scene_poll(struct cmio_future *future,
                                                struct cmio_context *context) {
    ((struct scene *)future)->play(context);
    return CMIO_READY;
}

static inline void scene_drop(struct cmio_future *future) {
    (void)future;
}

static const struct cmio_future_ops scene_ops = {"scene", scene_poll, scene_drop};

static inline struct cmio_executor *new_executor(const void *workers) {
    struct cmio_executor *executor = NULL;
    TEST_OK(cmio_executor_new(&executor,
                              &(struct cmio_executor_options){.workers = *(const int *)workers,
                                                              .backend = test_backend()}));
    return executor;
}

static const int none = CMIO_CURRENT_THREAD, one = 1, four = 4;

#define ROWS(test)                                                                                 \
    TEST_ROW(none, test, &none), TEST_ROW(one, test, &one), TEST_ROW(four, test, &four)

/* Plays the scene on this thread, where its assertions may fail. */
static inline void play(void (*function)(struct cmio_context *context)) {
    struct scene scene = {.future.ops = &scene_ops, .play = function};
    struct cmio_executor *executor = new_executor(&none);
    TEST_OK(cmio_block_on(executor, &scene.future));
    cmio_executor_free(executor);
}

#endif
