/* SPDX-License-Identifier: MIT */

/* Deferred cancellation (pthread_cancel(3)) of threads that are in a call of an executor. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "async/tasks.h"

/* A thread in a call, and what the call gave. */
struct caller {
    struct cmio_executor *executor;
    struct cmio_notify notify;
    atomic_bool is_in_task, has_returned;
    ssize_t result;
};

static void note_return(struct caller *caller, ssize_t result) {
    caller->result = result;
    atomic_store(&caller->has_returned, true);
}

struct noted {
    struct cmio_future future;
    struct caller *caller;
    struct cmio_notify_future notify;
};

static enum cmio_future_state poll_noted(struct cmio_future *future, struct cmio_context *context) {
    struct noted *noted = (struct noted *)future;
    atomic_store(&noted->caller->is_in_task, true);
    return cmio_future_poll(&noted->notify.future, context);
}

static void drop_noted(struct cmio_future *future) {
    cmio_future_drop(&((struct noted *)future)->notify.future);
}

__attribute__((noinline)) static void block_on(struct caller *caller) {
    static const struct cmio_future_ops ops = {"noted", poll_noted, drop_noted};
    struct noted noted = {.future.ops = &ops, .caller = caller};
    (void)cmio_notify_future_init(&noted.notify, &caller->notify);
    note_return(caller, cmio_block_on(caller->executor, &noted.future));
}

/*
 * The thread is cancelled at last where the call has returned. AddressSanitizer takes what is on the
 * stack there for what is on it for ever: nothing that it watches.
 */
static void *run_block_on(void *argument) {
    block_on(argument);
    pthread_testcancel();
    return NULL;
}

static void *shut_down(void *argument) {
    struct caller *caller = argument;
    note_return(caller, cmio_executor_shutdown(caller->executor, CMIO_FOREVER));
    pthread_testcancel();
    return NULL;
}

static void join_cancelled(pthread_t thread, const struct caller *caller) {
    void *end = NULL;
    assert_int_equal(pthread_join(thread, &end), 0);
    assert_true(atomic_load(&caller->has_returned));
    TEST_OK(caller->result);
    assert_ptr_equal(end, PTHREAD_CANCELED);
}

static void block_on_and_cancel(struct caller *caller) {
    pthread_t thread;
    TEST_OK(cmio_notify_init(&caller->notify));
    assert_int_equal(pthread_create(&thread, NULL, run_block_on, caller), 0);
    TEST_EVENTUALLY(atomic_load(&caller->is_in_task));
    assert_int_equal(pthread_cancel(thread), 0);
    cmio_notify_one(&caller->notify);
    join_cancelled(thread, caller);
}

static void a_thread_that_is_cancelled_in_block_on_ends_after_it(void **state) {
    struct caller caller = {.executor = new_executor(state)};
    block_on_and_cancel(&caller);
    let_tasks_run(caller.executor); /* which is as good as before */
    cmio_executor_free(caller.executor);
}

static void so_does_one_with_an_executor_for_the_call(void **state) {
    (void)state;
    struct caller caller = {.executor = NULL};
    block_on_and_cancel(&caller);
}

struct job {
    atomic_bool runs, may_end;
};

static ssize_t run_job(void *argument) {
    struct job *job = argument;
    atomic_store(&job->runs, true);
    while (!atomic_load(&job->may_end))
        test_pause();
    return 0;
}

static void a_thread_that_is_cancelled_in_shutdown_completes_it(void **state) {
    struct caller caller = {.executor = new_executor(state)};
    struct cmio_blocking_future blocking;
    struct cmio_join_handle *handle = NULL;
    struct job job = {false, false};
    pthread_t thread;
    TEST_OK(cmio_blocking_future_init(&blocking, run_job, &job, NULL));
    spawn(caller.executor, &blocking.future, sizeof blocking, &handle);
    let_tasks_run(caller.executor);
    TEST_EVENTUALLY(atomic_load(&job.runs));
    assert_int_equal(pthread_create(&thread, NULL, shut_down, &caller), 0);
    TEST_EVENTUALLY(cmio_join_handle_is_finished(handle));
    assert_int_equal(pthread_cancel(thread), 0);
    atomic_store(&job.may_end, true);
    join_cancelled(thread, &caller);
    cmio_join_handle_drop(handle);
    cmio_executor_free(caller.executor);
}

static void cancel_this_thread(struct cmio_context *context) {
    (void)context;
    assert_int_equal(pthread_cancel(pthread_self()), 0);
}

static void a_worker_cannot_be_cancelled(void **state) {
    struct cmio_executor *executor = new_executor(state);
    run_body(executor, cancel_this_thread);
    let_tasks_run(executor);
    cmio_executor_free(executor);
}

static const struct CMUnitTest tests[] = {
    ROWS(a_thread_that_is_cancelled_in_block_on_ends_after_it),
    cmocka_unit_test(so_does_one_with_an_executor_for_the_call),
    ROWS(a_thread_that_is_cancelled_in_shutdown_completes_it),
    TEST_ROW(one, a_worker_cannot_be_cancelled, &one),
    TEST_ROW(four, a_worker_cannot_be_cancelled, &four),
};

TEST_GROUP(async_thread_cancel, tests)
