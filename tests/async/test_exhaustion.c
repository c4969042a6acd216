/* SPDX-License-Identifier: MIT */

/*
 * Memory and threads that are not to be had: each allocation of a call, and each thread that it
 * starts, fails in turn. The call then fails whole. It returns -ENOMEM or -EAGAIN, leaves its
 * outputs untouched and nothing open, and can be made again. AddressSanitizer and valgrind see to it
 * that no memory is lost.
 */
#include <cmio/async.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/test.h"

/* The number of calls until one fails; 0: none does. Counted in the test's own thread alone. */
static _Thread_local int countdown;
static _Thread_local bool failed;

static bool must_fail(void) {
    if (countdown == 0 || --countdown > 0)
        return false;
    failed = true;
    return true;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size) {
    return must_fail() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size) {
    return must_fail() ? NULL : __real_calloc(count, size);
}

int __real_posix_memalign(void **out, size_t alignment, size_t size);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size) {
    return must_fail() ? ENOMEM : __real_posix_memalign(out, alignment, size);
}

typedef void *thread_function(void *argument);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          thread_function *function, void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          thread_function *function, void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          thread_function *function, void *argument) {
    return must_fail() ? EAGAIN : __real_pthread_create(thread, attributes, function, argument);
}

/* Something to make, and to get rid of. The outputs point here before, and after a failure. */
static char untouched;
#define UNTOUCHED ((void *)&untouched)

static struct cmio_executor *executor;
static void *made[2];

static ssize_t return_seven(void *argument) {
    (void)argument;
    return 7;
}

static int make_channel(void) {
    return cmio_channel_new((struct cmio_channel_sender **)&made[0],
                            (struct cmio_channel_receiver **)&made[1], 8, 4);
}

static void end_channel(void) {
    cmio_channel_sender_drop(made[0]);
    cmio_channel_receiver_drop(made[1]);
}

static int make_broadcast(void) {
    return cmio_broadcast_new((struct cmio_broadcast_sender **)&made[0],
                              (struct cmio_broadcast_receiver **)&made[1], 8, 4);
}

static void end_broadcast(void) {
    cmio_broadcast_sender_drop(made[0]);
    cmio_broadcast_receiver_drop(made[1]);
}

static int make_oneshot(void) {
    return cmio_oneshot_new((struct cmio_oneshot_sender **)&made[0],
                            (struct cmio_oneshot_receiver **)&made[1], 8);
}

static void end_oneshot(void) {
    cmio_oneshot_sender_drop(made[0]);
    cmio_oneshot_receiver_drop(made[1]);
}

static int make_watch(void) {
    const uint64_t first = 1;
    return cmio_watch_new((struct cmio_watch_sender **)&made[0],
                          (struct cmio_watch_receiver **)&made[1], sizeof first, &first);
}

static void end_watch(void) {
    cmio_watch_sender_drop(made[0]);
    cmio_watch_receiver_drop(made[1]);
}

static int make_join_set(void) {
    return cmio_join_set_new((struct cmio_join_set **)&made[0], 8);
}

static void end_join_set(void) {
    cmio_join_set_free(made[0]);
}

static int make_executor(int workers) {
    return cmio_executor_new((struct cmio_executor **)&made[0],
                             &(struct cmio_executor_options){.workers = workers,
                                                             .backend = test_backend(),
                                                             .slow_poll = 10 * CMIO_SECOND});
}

static int make_executor_without_threads(void) {
    return make_executor(CMIO_CURRENT_THREAD);
}

static int make_executor_with_threads(void) {
    return make_executor(3);
}

static void end_executor(void) {
    cmio_executor_free(made[0]);
}

static void end_task(void) {
    struct cmio_join_future join;
    TEST_OK(cmio_join_future_init(&join, made[0]));
    TEST_GIVES(cmio_block_on(executor, &join.future), 7);
    cmio_join_handle_drop(made[0]);
}

static enum cmio_future_state poll_seven(struct cmio_future *future, struct cmio_context *context) {
    (void)context;
    future->result = 7;
    return CMIO_READY;
}

static void drop_nothing(struct cmio_future *future) {
    (void)future;
}

static const struct cmio_future_ops seven = {"seven", poll_seven, drop_nothing};

static int make_task(void) {
    struct cmio_future future;
    TEST_OK(cmio_future_init(&future, &seven));
    return cmio_spawn(executor, &future, sizeof future, NULL, (struct cmio_join_handle **)&made[0]);
}

static int make_green_thread(void) {
    return cmio_green_spawn(executor, return_seven, NULL, NULL,
                            (struct cmio_join_handle **)&made[0]);
}

static int make_blocking(void) {
    static struct cmio_blocking_future blocking;
    const int error = cmio_blocking_future_init(&blocking, return_seven, NULL, NULL);
    if (error == 0)
        made[0] = &blocking;
    return error;
}

static void end_blocking(void) {
    TEST_GIVES(cmio_block_on(executor, &((struct cmio_blocking_future *)made[0])->future), 7);
}

/* Each call fails in turn, until one has no more calls that could. */
static void expect_whole_failures(int (*make)(void), void (*end)(void)) {
    const int open = test_count_descriptors();
    int failures = 0;
    for (bool again = true; again;) {
        made[0] = made[1] = UNTOUCHED;
        failed = false;
        countdown = failures + 1;
        const int error = make();
        countdown = 0;
        again = failed;
        failures += failed;
        if (error == 0) {
            end();
            continue;
        }
        assert_true(failed);
        assert_true(error == -ENOMEM || error == -EAGAIN);
        assert_ptr_equal(made[0], UNTOUCHED);
        assert_ptr_equal(made[1], UNTOUCHED);
        assert_int_equal(test_count_descriptors(), open);
    }
    assert_true(failures > 0);
}

static void expect_whole_failures_on(int workers, int (*make)(void), void (*end)(void)) {
    made[0] = NULL;
    TEST_OK(make_executor(workers));
    executor = made[0];
    expect_whole_failures(make, end);
    cmio_executor_free(executor);
}

static void channels_fail_whole(void **state) {
    (void)state;
    expect_whole_failures(make_channel, end_channel);
    expect_whole_failures(make_broadcast, end_broadcast);
    expect_whole_failures(make_oneshot, end_oneshot);
    expect_whole_failures(make_watch, end_watch);
}

static void join_sets_fail_whole(void **state) {
    (void)state;
    expect_whole_failures(make_join_set, end_join_set);
}

static void executors_fail_whole(void **state) {
    (void)state;
    expect_whole_failures(make_executor_without_threads, end_executor);
    expect_whole_failures(make_executor_with_threads, end_executor);
}

static void tasks_fail_whole(void **state) {
    (void)state;
    expect_whole_failures_on(CMIO_CURRENT_THREAD, make_task, end_task);
    expect_whole_failures_on(2, make_task, end_task);
}

static void green_threads_fail_whole(void **state) {
    (void)state;
    expect_whole_failures_on(CMIO_CURRENT_THREAD, make_green_thread, end_task);
}

static void blocking_functions_fail_whole(void **state) {
    (void)state;
    expect_whole_failures_on(CMIO_CURRENT_THREAD, make_blocking, end_blocking);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(channels_fail_whole),      cmocka_unit_test(join_sets_fail_whole),
    cmocka_unit_test(executors_fail_whole),     cmocka_unit_test(tasks_fail_whole),
    cmocka_unit_test(green_threads_fail_whole), cmocka_unit_test(blocking_functions_fail_whole),
};

TEST_GROUP(async_exhaustion, tests)
