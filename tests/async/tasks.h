/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_ASYNC_TASKS_H
#define CMIO_TESTS_ASYNC_TASKS_H

/*
 * What the tests of leaves share: executors of each kind, and scripts. A script polls and drops
 * leaves by hand inside one turn of a task, so that nothing happens between two of its steps.
 */
#include <cmio/async.h>

#include <stdatomic.h>

#include "support/test.h"

static const int none = CMIO_CURRENT_THREAD, one = 1, four = 4;

#define ROWS(test)                                                                                 \
    TEST_ROW(none, test, &none), TEST_ROW(one, test, &one), TEST_ROW(four, test, &four)

static inline struct cmio_executor *new_executor(void **state) {
    struct cmio_executor *executor = NULL;
    TEST_OK(cmio_executor_new(&executor,
                              &(struct cmio_executor_options){.workers = *(const int *)*state,
                                                              .backend = test_backend()}));
    return executor;
}

static inline void drop_nothing(struct cmio_future *future) {
    (void)future;
}

struct script {
    struct cmio_future future;
    void (*body)(struct cmio_context *context);
};

static inline enum cmio_future_state poll_script(struct cmio_future *future,
                                                 struct cmio_context *context) {
    ((struct script *)future)->body(context);
    return CMIO_READY;
}

/* Runs the body in a task of the executor. */
static inline void run_body(struct cmio_executor *executor,
                            void (*body)(struct cmio_context *context)) {
    static const struct cmio_future_ops ops = {"script", poll_script, drop_nothing};
    struct script script = {{.ops = &ops}, body};
    TEST_OK(cmio_block_on(executor, &script.future));
}

static inline void run_script(void **state, void (*body)(struct cmio_context *context)) {
    struct cmio_executor *executor = new_executor(state);
    run_body(executor, body);
    cmio_executor_free(executor);
}

/* Gives tasks a few turns. If the executor has no threads, every woken task has had a turn. */
static inline void let_tasks_run(struct cmio_executor *executor) {
    struct cmio_yield_future yield;
    for (int i = 0; i < 3; i++) {
        TEST_OK(cmio_yield_future_init(&yield));
        TEST_OK(cmio_block_on(executor, &yield.future));
    }
}

#define SCRIPT(name)                                                                               \
    static void name##_script(struct cmio_context *context);                                       \
    static void name(void **state) {                                                               \
        run_script(state, name##_script);                                                          \
    }                                                                                              \
    static void name##_script(__attribute__((unused)) struct cmio_context *context)

/* The steps of a script, and what each expects. */
#define WAITS(leaf) assert_int_equal(cmio_future_poll(&(leaf)->future, context), CMIO_PENDING)
#define ENDS(leaf, value)                                                                          \
    do {                                                                                           \
        assert_int_equal(cmio_future_poll(&(leaf)->future, context), CMIO_READY);                  \
        TEST_GIVES((leaf)->future.result, (value));                                                \
    } while (0)
#define DROP(leaf) cmio_future_drop(&(leaf)->future)

static inline void spawn(struct cmio_executor *executor, const struct cmio_future *future,
                         size_t size, struct cmio_join_handle **handle) {
    TEST_OK(cmio_spawn(executor, future, size, NULL, handle));
}

static inline ssize_t join(struct cmio_executor *executor, struct cmio_join_handle *handle) {
    struct cmio_join_future future;
    TEST_OK(cmio_join_future_init(&future, handle));
    const ssize_t result = cmio_block_on(executor, &future.future);
    cmio_join_handle_drop(handle);
    return result;
}

/* A task that awaits a leaf stored elsewhere, and returns its result. */
struct awaiting {
    struct cmio_future future;
    struct cmio_future *leaf;
};

static inline enum cmio_future_state poll_awaiting(struct cmio_future *future,
                                                   struct cmio_context *context) {
    struct cmio_future *leaf = ((struct awaiting *)future)->leaf;
    if (cmio_future_poll(leaf, context) == CMIO_PENDING)
        return CMIO_PENDING;
    future->result = leaf->result;
    return CMIO_READY;
}

static inline void drop_awaiting(struct cmio_future *future) {
    cmio_future_drop(((struct awaiting *)future)->leaf);
}

/* Awaits the leaf in a task of its own, which waits on return (or soon, with several workers). */
static inline struct cmio_join_handle *await_in_task(struct cmio_executor *executor,
                                                     struct cmio_future *leaf) {
    static const struct cmio_future_ops ops = {"awaiting", poll_awaiting, drop_awaiting};
    const struct awaiting awaiting = {{.ops = &ops}, leaf};
    struct cmio_join_handle *handle = NULL;
    spawn(executor, &awaiting.future, sizeof awaiting, &handle);
    let_tasks_run(executor);
    return handle;
}

/* Random numbers; each task has its own seed. */
static inline unsigned next_random(unsigned *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

#endif
