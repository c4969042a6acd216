/* SPDX-License-Identifier: MIT */

/* Blocking functions on threads of their own, and what becomes of their arguments. */
#include <cmio/async.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "support/scale.h"
#include "support/test.h"

/* What a job is given: it says how far it is, and waits until it may go on. */
struct argument {
    atomic_int calls, destroyed;
    atomic_bool may_end;
};

static ssize_t count_call(void *argument) {
    return atomic_fetch_add(&((struct argument *)argument)->calls, 1) + 7;
}

static ssize_t wait_for_leave(void *argument) {
    struct argument *job = argument;
    atomic_fetch_add(&job->calls, 1);
    while (!atomic_load(&job->may_end))
        test_pause();
    return 0;
}

static void destroy(void *argument) {
    atomic_fetch_add(&((struct argument *)argument)->destroyed, 1);
}

static struct cmio_executor *new_executor(void **state) {
    struct cmio_executor *executor = NULL;
    TEST_OK(cmio_executor_new(&executor,
                              &(struct cmio_executor_options){.workers = *(const int *)*state,
                                                              .backend = test_backend(),
                                                              .blocking_threads = 2}));
    return executor;
}

static struct cmio_join_handle *spawn(struct cmio_executor *executor,
                                      ssize_t (*function)(void *argument),
                                      struct argument *argument) {
    struct cmio_blocking_future blocking;
    struct cmio_join_handle *handle = NULL;
    TEST_OK(cmio_blocking_future_init(&blocking, function, argument, destroy));
    TEST_OK(cmio_spawn(executor, &blocking.future, sizeof blocking, NULL, &handle));
    return handle;
}

static ssize_t join(struct cmio_executor *executor, struct cmio_join_handle *handle) {
    struct cmio_join_future future;
    TEST_OK(cmio_join_future_init(&future, handle));
    const ssize_t result = cmio_block_on(executor, &future.future);
    cmio_join_handle_drop(handle);
    return result;
}

static void its_result_is_the_functions_and_the_argument_is_the_callers(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct argument argument = {0};
    struct cmio_blocking_future blocking;
    TEST_OK(cmio_blocking_future_init(&blocking, count_call, &argument, destroy));
    TEST_GIVES(cmio_block_on(executor, &blocking.future), 7);
    assert_int_equal(argument.calls, 1);
    assert_int_equal(argument.destroyed, 0);
    cmio_executor_free(executor);
}

static void more_jobs_than_threads_are_all_run(void **state) {
    enum { JOBS = 50 };
    struct cmio_executor *executor = new_executor(state);
    struct argument argument = {0};
    struct cmio_join_handle *handles[JOBS];
    for (int i = 0; i < JOBS; i++)
        handles[i] = spawn(executor, count_call, &argument);
    for (int i = 0; i < JOBS; i++)
        assert_true(join(executor, handles[i]) >= 7);
    assert_int_equal(argument.calls, JOBS);
    cmio_executor_free(executor);
}

static void dropped_before_its_first_poll_it_is_not_called(void **state) {
    (void)state;
    struct argument argument = {0};
    struct cmio_blocking_future blocking;
    TEST_OK(cmio_blocking_future_init(&blocking, count_call, &argument, destroy));
    cmio_future_drop(&blocking.future);
    assert_int_equal(argument.calls, 0);
    assert_int_equal(argument.destroyed, 1);
}

static void dropped_while_it_waits_for_a_thread_it_is_not_called(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct argument busy = {0}, waiting = {0};
    struct cmio_join_handle *first = spawn(executor, wait_for_leave, &busy);
    struct cmio_join_handle *second = spawn(executor, wait_for_leave, &busy);
    struct cmio_sleep_future turn;
    while (atomic_load(&busy.calls) < 2) {
        TEST_OK(cmio_sleep_future_init(&turn, CMIO_MILLISECOND));
        TEST_OK(cmio_block_on(executor, &turn.future));
    }
    struct cmio_join_handle *third = spawn(executor, count_call, &waiting);
    TEST_OK(cmio_sleep_future_init(&turn,
                                   CMIO_MILLISECOND)); /* it is polled in this time, or not yet */
    TEST_OK(cmio_block_on(executor, &turn.future));
    TEST_OK(cmio_join_handle_abort(third));
    TEST_FAILS(join(executor, third), -ECANCELED);
    assert_int_equal(waiting.destroyed, 1);
    atomic_store(&busy.may_end, true);
    TEST_OK(join(executor, first));
    TEST_OK(join(executor, second));
    assert_int_equal(waiting.calls, 0);
    cmio_executor_free(executor);
}

static void dropped_while_it_runs_it_ends_by_itself_and_destroys_the_argument(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct argument argument = {0};
    struct cmio_join_handle *handle = spawn(executor, wait_for_leave, &argument);
    struct cmio_sleep_future turn;
    while (atomic_load(&argument.calls) < 1) {
        TEST_OK(cmio_sleep_future_init(&turn, CMIO_MILLISECOND));
        TEST_OK(cmio_block_on(executor, &turn.future));
    }
    TEST_OK(cmio_join_handle_abort(handle));
    TEST_FAILS(join(executor, handle), -ECANCELED);
    assert_int_equal(argument.destroyed, 0);
    atomic_store(&argument.may_end, true);
    TEST_EVENTUALLY(atomic_load(&argument.destroyed) == 1);
    cmio_executor_free(executor);
}

/* A worker that stands still may not have ended the tasks by the deadline. */
static bool shut_down_in_vain(struct cmio_executor *executor) {
    const int64_t deadline = cmio_now() + 5 * CMIO_MILLISECOND;
    TEST_FAILS(cmio_executor_shutdown(executor, deadline), -ETIMEDOUT);
    assert_true(cmio_now() >= deadline);
    return true;
}

static void shutdown_waits_for_a_job_until_its_deadline(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct argument argument = {0};
    struct cmio_join_handle *handle = spawn(executor, wait_for_leave, &argument);
    struct cmio_sleep_future turn;
    while (atomic_load(&argument.calls) < 1) {
        TEST_OK(cmio_sleep_future_init(&turn, CMIO_MILLISECOND));
        TEST_OK(cmio_block_on(executor, &turn.future));
    }
    TEST_EVENTUALLY(shut_down_in_vain(executor) && cmio_join_handle_is_finished(handle));
    cmio_join_handle_drop(handle);
    atomic_store(&argument.may_end, true);
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    assert_int_equal(argument.destroyed, 1);
    cmio_executor_free(executor);
}

static void freeing_the_executor_does_not_wait_for_a_job(void **state) {
    struct cmio_executor *executor = new_executor(state);
    static struct argument argument;
    argument = (struct argument){0};
    cmio_join_handle_drop(spawn(executor, wait_for_leave, &argument));
    struct cmio_sleep_future turn;
    while (atomic_load(&argument.calls) < 1) {
        TEST_OK(cmio_sleep_future_init(&turn, CMIO_MILLISECOND));
        TEST_OK(cmio_block_on(executor, &turn.future));
    }
    cmio_executor_free(executor);
    assert_int_equal(argument.destroyed, 0);
    atomic_store(&argument.may_end, true);
    TEST_EVENTUALLY(atomic_load(&argument.destroyed) == 1);
}

/* Has the argument destroyed when the thread ends, by the destructor of a key. */
static pthread_key_t thread_end;

static ssize_t note_end_of_thread(void *argument) {
    return pthread_setspecific(thread_end, argument);
}

static void a_thread_that_was_idle_ends(void **state) {
    struct cmio_executor *executor = NULL;
    TEST_OK(cmio_executor_new(&executor,
                              &(struct cmio_executor_options){.workers = *(const int *)*state,
                                                              .backend = test_backend(),
                                                              .blocking_idle = CMIO_MILLISECOND}));
    struct argument argument = {0};
    assert_int_equal(pthread_key_create(&thread_end, destroy), 0);
    TEST_GIVES(join(executor, spawn(executor, note_end_of_thread, &argument)), 0);
    TEST_EVENTUALLY(atomic_load(&argument.destroyed) == 1);
    assert_int_equal(pthread_key_delete(thread_end), 0);
    cmio_executor_free(executor);
}

static ssize_t is_noted_thread(void *argument) {
    (void)argument;
    return pthread_getspecific(thread_end) != NULL;
}

static void the_longest_idle_time_keeps_the_thread(void **state) {
    struct cmio_executor *executor = NULL;
    TEST_OK(cmio_executor_new(&executor,
                              &(struct cmio_executor_options){.workers = *(const int *)*state,
                                                              .backend = test_backend(),
                                                              .blocking_threads = 1,
                                                              .blocking_idle = INT64_MAX}));
    struct argument argument = {0};
    assert_int_equal(pthread_key_create(&thread_end, NULL), 0);
    TEST_GIVES(join(executor, spawn(executor, note_end_of_thread, &argument)), 0);
    for (int i = 0; i < 50; i++)
        TEST_GIVES(join(executor, spawn(executor, is_noted_thread, &argument)), 1);
    assert_int_equal(pthread_key_delete(thread_end), 0);
    cmio_executor_free(executor);
}

/* Waits until as many jobs as are to meet have come. */
static ssize_t meet_another(void *argument) {
    struct argument *job = argument;
    const int64_t give_up = test_now() + 30 * CMIO_SECOND;
    atomic_fetch_add(&job->calls, 1);
    while (atomic_load(&job->calls) < 2 && test_now() < give_up)
        test_pause();
    return atomic_load(&job->calls) == 2;
}

/* The destructor of a key that takes its time, as the end of a thread on a busy machine may. */
static void destroy_late(void *argument) {
    const int64_t end = test_now() + 20 * CMIO_MILLISECOND;
    while (test_now() < end)
        test_pause();
    destroy(argument);
}

static ssize_t note_end_and_meet_another(void *argument) {
    (void)note_end_of_thread(argument);
    return meet_another(argument);
}

/* Their memory is then free, such as what getaddrinfo(3) keeps for each thread. */
static void freeing_the_executor_waits_until_its_idle_threads_have_ended(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct argument argument = {0};
    assert_int_equal(pthread_key_create(&thread_end, destroy_late), 0);
    struct cmio_join_handle *first = spawn(executor, note_end_and_meet_another, &argument);
    struct cmio_join_handle *second = spawn(executor, note_end_and_meet_another, &argument);
    TEST_GIVES(join(executor, first), 1);
    TEST_GIVES(join(executor, second), 1);
    cmio_executor_free(executor);
    assert_int_equal(argument.destroyed, 2);
    assert_int_equal(pthread_key_delete(thread_end), 0);
}

static void jobs_run_at_once_also_where_fewer_threads_are_idle(void **state) {
    struct cmio_executor *executor = new_executor(state);
    for (int round = 0; round < 50; round++) {
        struct argument idle = {0}, meeting = {0};
        TEST_GIVES(join(executor, spawn(executor, count_call, &idle)), 7);
        struct cmio_blocking_future jobs[2];
        struct cmio_future *both[] = {&jobs[0].future, &jobs[1].future};
        struct cmio_join_all_future all;
        TEST_OK(cmio_blocking_future_init(&jobs[0], meet_another, &meeting, NULL));
        TEST_OK(cmio_blocking_future_init(&jobs[1], meet_another, &meeting, NULL));
        TEST_OK(cmio_join_all_future_init(&all, both, 2));
        TEST_OK(cmio_block_on(executor, &all.future));
        assert_int_equal(jobs[0].future.result, 1);
        assert_int_equal(jobs[1].future.result, 1);
    }
    cmio_executor_free(executor);
}

static ssize_t signals_that_are_blocked_wrongly(void *argument) {
    static const int faults[] = {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
    sigset_t blocked;
    (void)argument;
    if (pthread_sigmask(SIG_SETMASK, NULL, &blocked) != 0)
        return -1;
    ssize_t wrong = sigismember(&blocked, SIGTERM) == 1 ? 0 : 1;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        wrong += sigismember(&blocked, faults[i]);
    return wrong;
}

static void a_job_blocks_all_signals_but_those_of_its_own_faults(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct argument argument = {0};
    TEST_GIVES(join(executor, spawn(executor, signals_that_are_blocked_wrongly, &argument)), 0);
    cmio_executor_free(executor);
}

static ssize_t cancel_itself(void *argument) {
    (void)argument;
    (void)pthread_cancel(pthread_self());
    pthread_testcancel();
    return 7;
}

static void a_job_that_cancels_its_thread_goes_on(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct argument argument = {0};
    TEST_GIVES(join(executor, spawn(executor, cancel_itself, &argument)), 7);
    TEST_GIVES(join(executor, spawn(executor, count_call, &argument)), 7);
    cmio_executor_free(executor);
}

static const int none = CMIO_CURRENT_THREAD, four = 4;

#define ROWS(test) TEST_ROW(none, test, &none), TEST_ROW(four, test, &four)

static const struct CMUnitTest tests[] = {
    ROWS(its_result_is_the_functions_and_the_argument_is_the_callers),
    ROWS(more_jobs_than_threads_are_all_run),
    cmocka_unit_test(dropped_before_its_first_poll_it_is_not_called),
    ROWS(dropped_while_it_waits_for_a_thread_it_is_not_called),
    ROWS(dropped_while_it_runs_it_ends_by_itself_and_destroys_the_argument),
    ROWS(shutdown_waits_for_a_job_until_its_deadline),
    ROWS(freeing_the_executor_does_not_wait_for_a_job),
    ROWS(a_thread_that_was_idle_ends),
    ROWS(freeing_the_executor_waits_until_its_idle_threads_have_ended),
    ROWS(the_longest_idle_time_keeps_the_thread),
    ROWS(jobs_run_at_once_also_where_fewer_threads_are_idle),
    ROWS(a_job_blocks_all_signals_but_those_of_its_own_faults),
    ROWS(a_job_that_cancels_its_thread_goes_on),
};

TEST_GROUP(async_blocking, tests)
