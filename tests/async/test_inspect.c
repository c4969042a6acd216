/* SPDX-License-Identifier: MIT */

/* What an executor tells about itself. */
#include <cmio/async.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "support/test.h"

static struct cmio_executor *new_executor(void **state) {
    struct cmio_executor *executor = NULL;
    TEST_OK(cmio_executor_new(&executor,
                              &(struct cmio_executor_options){.workers = *(const int *)*state,
                                                              .backend = test_backend()}));
    return executor;
}

static void spawn_sleep(struct cmio_executor *executor, const char *name) {
    struct cmio_sleep_future sleep;
    TEST_OK(cmio_sleep_future_init(&sleep, CMIO_FOREVER));
    TEST_OK(cmio_spawn(executor, &sleep.future, sizeof sleep,
                       &(struct cmio_spawn_options){.name = name}, NULL));
}

/* Has the tasks run, where only this thread does that. */
static void run_tasks(struct cmio_executor *executor) {
    for (int i = 0; i < 3; i++) {
        struct cmio_yield_future yield;
        TEST_OK(cmio_yield_future_init(&yield));
        TEST_OK(cmio_block_on(executor, &yield.future));
    }
}

static struct cmio_executor_counts counts_of(struct cmio_executor *executor) {
    struct cmio_executor_counts counts;
    TEST_OK(cmio_executor_count(executor, &counts));
    return counts;
}

static void counts_say_what_there_is(void **state) {
    struct cmio_executor *executor = new_executor(state);
    assert_int_equal(counts_of(executor).tasks, 0);
    for (int i = 0; i < 10; i++)
        spawn_sleep(executor, NULL);
    assert_int_equal(counts_of(executor).tasks, 10);
    assert_int_equal(counts_of(executor).spawned, 10);
    run_tasks(executor);
    TEST_EVENTUALLY(counts_of(executor).tasks == 10); /* the last one to be awaited ends soon */
    const struct cmio_executor_counts counts = counts_of(executor);
    const int workers = *(const int *)*state;
    assert_int_equal(counts.workers, workers < 1 ? 1 : workers);
    assert_int_equal(counts.spawned, 13);
    assert_int_equal(counts.bindings, 0);
    assert_true(counts.wakes >= 3);
    TEST_EVENTUALLY(workers < 1 || counts_of(executor).polls >= 16);
    TEST_EVENTUALLY(workers < 1 || counts_of(executor).parked == counts.workers);
    cmio_executor_free(executor);
}

static void a_wake_from_outside_is_counted(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handle = NULL;
    struct cmio_sleep_future sleep;
    TEST_OK(cmio_sleep_future_init(&sleep, CMIO_FOREVER));
    TEST_OK(cmio_spawn(executor, &sleep.future, sizeof sleep, NULL, &handle));
    const uint64_t before = counts_of(executor).wakes;
    TEST_OK(cmio_join_handle_abort(handle));
    assert_int_equal(counts_of(executor).wakes, before + 1);
    cmio_join_handle_drop(handle);
    cmio_executor_free(executor);
}

static void the_list_names_what_tasks_wait_for(void **state) {
    struct cmio_executor *executor = new_executor(state);
    spawn_sleep(executor, "first");
    spawn_sleep(executor,
                "a name that is longer than what is kept of it, which is 63 bytes of text");
    spawn_sleep(executor, NULL);
    run_tasks(executor);
    struct cmio_task_info tasks[4] = {{.id = 0}};
    TEST_EVENTUALLY(cmio_executor_tasks(executor, tasks, 4) == 3 &&
                    tasks[0].state == CMIO_TASK_WAITING && tasks[1].state == CMIO_TASK_WAITING &&
                    tasks[2].state == CMIO_TASK_WAITING);
    int first = 0, longer = 0, nameless = 0;
    for (int i = 0; i < 3; i++) {
        assert_string_equal(tasks[i].awaiting, "sleep");
        first += strcmp(tasks[i].name, "first") == 0;
        longer += strlen(tasks[i].name) == 63 && strncmp(tasks[i].name, "a name that", 11) == 0;
        nameless += tasks[i].name[0] == '\0';
        assert_true(tasks[i].id != tasks[(i + 1) % 3].id);
    }
    assert_int_equal(first, 1);
    assert_int_equal(longer, 1);
    assert_int_equal(nameless, 1);
    cmio_executor_free(executor);
}

static void a_short_array_takes_what_fits(void **state) {
    struct cmio_executor *executor = new_executor(state);
    for (int i = 0; i < 5; i++)
        spawn_sleep(executor, "sleeper");
    run_tasks(executor);
    TEST_EVENTUALLY(cmio_executor_tasks(executor, NULL, 0) == 5);
    struct cmio_task_info tasks[3] = {{.id = 0}};
    TEST_GIVES(cmio_executor_tasks(executor, tasks, 2), 5);
    assert_string_equal(tasks[1].name, "sleeper");
    assert_int_equal(tasks[2].id, 0);
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    TEST_OK(cmio_executor_tasks(executor, tasks, 2));
    cmio_executor_free(executor);
}

struct spin {
    struct cmio_future future;
    atomic_bool *flag;
};

static enum cmio_future_state poll_spin(struct cmio_future *future, struct cmio_context *context) {
    (void)context;
    while (!atomic_load(((struct spin *)future)->flag))
        test_pause();
    return CMIO_READY;
}

static void drop_nothing(struct cmio_future *future) {
    (void)future;
}

static const struct cmio_future_ops spin_ops = {"spin", poll_spin, drop_nothing};

static void a_task_that_hangs_is_seen_to_run(void **state) {
    struct cmio_executor *executor = new_executor(state);
    atomic_bool flag = false;
    const struct spin spin = {.future.ops = &spin_ops, .flag = &flag};
    TEST_OK(cmio_spawn(executor, &spin.future, sizeof spin,
                       &(struct cmio_spawn_options){.name = "culprit"}, NULL));
    struct cmio_task_info task = {.id = 0};
    TEST_EVENTUALLY(cmio_executor_tasks(executor, &task, 1) == 1 &&
                    task.state == CMIO_TASK_RUNNING);
    assert_string_equal(task.name, "culprit");
    assert_null(task.awaiting);
    TEST_FAILS(cmio_executor_shutdown(executor, cmio_now()), -ETIMEDOUT);
    task = (struct cmio_task_info){.id = 0};
    TEST_GIVES(cmio_executor_tasks(executor, &task, 1), 1);
    assert_string_equal(task.name, "culprit");
    assert_int_equal(task.state, CMIO_TASK_RUNNING);
    atomic_store(&flag, true);
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    cmio_executor_free(executor);
}

struct self_waker {
    struct cmio_future future;
};

static enum cmio_future_state poll_self_waker(struct cmio_future *future,
                                              struct cmio_context *context) {
    (void)future;
    cmio_task_waker_wake(cmio_context_waker(context));
    return CMIO_PENDING;
}

static const struct cmio_future_ops self_waker_ops = {"self waker", poll_self_waker, drop_nothing};

static void a_task_that_nobody_polls_is_seen_to_be_queued(void **state) {
    struct cmio_executor *executor = new_executor(state);
    const struct self_waker task = {.future.ops = &self_waker_ops};
    TEST_OK(cmio_spawn(executor, &task.future, sizeof task, NULL, NULL));
    run_tasks(executor);
    struct cmio_task_info info;
    TEST_GIVES(cmio_executor_tasks(executor, &info, 1), 1);
    assert_int_equal(info.state, CMIO_TASK_QUEUED);
    cmio_executor_free(executor);
}

/* Whether no worker has begun to wait, or ended to, for half a second. */
static bool is_still(struct cmio_executor *executor) {
    const uint64_t parks = counts_of(executor).parks;
    const int64_t end = test_now() + 500 * CMIO_MILLISECOND;
    TEST_EVENTUALLY(test_now() > end);
    return counts_of(executor).parks == parks;
}

static void an_idle_executor_does_nothing(void **state) {
    struct cmio_executor *executor = new_executor(state);
    run_tasks(executor);
    spawn_sleep(executor, NULL);
    TEST_EVENTUALLY(is_still(executor));
    cmio_executor_free(executor);
}

static void nothing_is_told_of_no_executor(void **state) {
    (void)state;
    struct cmio_executor_counts counts;
    TEST_FAILS(cmio_executor_count(NULL, &counts), -EINVAL);
    TEST_FAILS(cmio_executor_tasks(NULL, NULL, 0), -EINVAL);
    const int workers = 1;
    struct cmio_executor *executor = new_executor(&(void *){(void *)(uintptr_t)&workers});
    TEST_FAILS(cmio_executor_count(executor, NULL), -EINVAL);
    TEST_FAILS(cmio_executor_tasks(executor, NULL, 1), -EINVAL);
    cmio_executor_free(executor);
}

static const int none = CMIO_CURRENT_THREAD, one = 1, four = 4;

#define POOLS(test) TEST_ROW(one, test, &one), TEST_ROW(four, test, &four)
#define ROWS(test) TEST_ROW(none, test, &none), POOLS(test)

static const struct CMUnitTest tests[] = {
    ROWS(counts_say_what_there_is),
    ROWS(a_wake_from_outside_is_counted),
    ROWS(the_list_names_what_tasks_wait_for),
    ROWS(a_short_array_takes_what_fits),
    POOLS(a_task_that_hangs_is_seen_to_run),
    TEST_ROW(none, a_task_that_nobody_polls_is_seen_to_be_queued, &none),
    POOLS(an_idle_executor_does_nothing),
    cmocka_unit_test(nothing_is_told_of_no_executor),
};

TEST_GROUP(async_inspect, tests)
