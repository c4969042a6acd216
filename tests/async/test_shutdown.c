/* SPDX-License-Identifier: MIT */

/* How executors begin and end: what is refused, what is waited for, and what may outlive them. */
#include <cmio/async.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "support/scale.h"
#include "support/test.h"

static struct cmio_executor *new_executor(int workers) {
    struct cmio_executor *executor = NULL;
    TEST_OK(cmio_executor_new(
        &executor, &(struct cmio_executor_options){.workers = workers, .backend = test_backend()}));
    return executor;
}

/* A future that calls a function at its poll, which says whether it is ready, and one at its drop. */
struct call {
    struct cmio_future future;
    bool (*poll)(void *argument, struct cmio_context *context);
    void (*drop)(void *argument);
    void *argument;
};

static enum cmio_future_state poll_call(struct cmio_future *future, struct cmio_context *context) {
    struct call *call = (struct call *)future;
    return call->poll(call->argument, context) ? CMIO_READY : CMIO_PENDING;
}

static void drop_call(struct cmio_future *future) {
    struct call *call = (struct call *)future;
    if (call->drop != NULL)
        call->drop(call->argument);
}

static const struct cmio_future_ops call_ops = {"call", poll_call, drop_call};

static struct call call_of(bool (*poll)(void *, struct cmio_context *), void *argument) {
    return (struct call){.future.ops = &call_ops, .poll = poll, .argument = argument};
}

static bool is_ready(void *argument, struct cmio_context *context) {
    (void)argument, (void)context;
    return true;
}

static bool waits(void *argument, struct cmio_context *context) {
    (void)argument, (void)context;
    return false;
}

/* Runs until it may end, without awaiting anything. */
struct spin {
    atomic_bool runs, may_end;
};

static bool spins(void *argument, struct cmio_context *context) {
    struct spin *spin = argument;
    (void)context;
    atomic_store(&spin->runs, true);
    while (!atomic_load(&spin->may_end))
        test_pause();
    return true;
}

/* Refusals */

static void an_unknown_backend_is_refused(void **state) {
    const int workers = *(const int *)*state;
    struct cmio_executor *executor = NULL;
    TEST_FAILS(cmio_executor_new(&executor, &(struct cmio_executor_options){.workers = workers,
                                                                            .backend = "none"}),
               -ENOTSUP);
    assert_null(executor);
}

static void options_that_name_a_backend_weigh_more_than_the_environment(void **state) {
    const int workers = *(const int *)*state;
    const char *named = test_backend() != NULL ? test_backend() : "poll";
    const struct cmio_executor_options options = {.workers = workers, .backend = named};
    struct cmio_executor *executor = NULL;
    char *before = getenv("CMIO_BACKEND") == NULL ? NULL : strdup(getenv("CMIO_BACKEND"));
    assert_int_equal(setenv("CMIO_BACKEND", "none", 1), 0);
    const int error = cmio_executor_new(&executor, &options);
    assert_int_equal(before == NULL ? unsetenv("CMIO_BACKEND") : setenv("CMIO_BACKEND", before, 1),
                     0);
    free(before);
    TEST_OK(error);
    cmio_executor_free(executor);
}

static void an_executor_that_finds_no_descriptor_leaves_nothing(void **state) {
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int open = test_count_descriptors();
    for (int more = 0; more < 12; more++) {
        struct rlimit limit = before;
        limit.rlim_cur = (rlim_t)(open + more);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        struct cmio_executor *executor = NULL;
        const int error = cmio_executor_new(
            &executor, &(struct cmio_executor_options){.workers = 8, .backend = test_backend()});
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        TEST_FAILS(error, -EMFILE);
        assert_null(executor);
    }
}

static void a_future_without_operations_is_no_task(void **state) {
    struct cmio_executor *executor = new_executor(*(const int *)*state);
    static const struct cmio_future_ops no_poll = {"none", NULL, drop_call};
    static const struct cmio_future_ops no_drop = {"none", poll_call, NULL};
    TEST_FAILS(cmio_spawn(executor, &(struct cmio_future){.ops = &no_poll},
                          sizeof(struct cmio_future), NULL, NULL),
               -EINVAL);
    TEST_FAILS(cmio_spawn(executor, &(struct cmio_future){.ops = &no_drop},
                          sizeof(struct cmio_future), NULL, NULL),
               -EINVAL);
    cmio_executor_free(executor);
}

static void spawns_another(void *argument) {
    struct call late = call_of(is_ready, NULL);
    atomic_store((atomic_int *)argument, cmio_spawn(NULL, &late.future, sizeof late, NULL, NULL));
}

static void a_spawn_that_is_refused_does_not_keep_shutdown_waiting(void **state) {
    struct cmio_executor *executor = new_executor(*(const int *)*state);
    atomic_int error = 0;
    struct call call = call_of(waits, NULL);
    call.drop = spawns_another;
    call.argument = &error;
    TEST_OK(cmio_spawn(executor, &call.future, sizeof call, NULL, NULL));
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    TEST_FAILS(atomic_load(&error), -ESHUTDOWN);
    cmio_executor_free(executor);
}

/* On a worker */

static bool misuses(void *argument, struct cmio_context *context) {
    (void)context;
    struct cmio_executor *executor = argument;
    struct call other = call_of(is_ready, NULL);
    TEST_FAILS(cmio_block_on(executor, &other.future), -EDEADLK);
    TEST_FAILS(cmio_block_on(NULL, &other.future), -EDEADLK);
    TEST_FAILS(cmio_executor_shutdown(executor, CMIO_FOREVER), -EDEADLK);
    assert_false(cmio_future_has_ended(&other.future));
    return true;
}

static void a_worker_does_not_block_on_itself(void **state) {
    struct cmio_executor *executor = new_executor(*(const int *)*state);
    struct call call = call_of(misuses, executor);
    TEST_OK(cmio_block_on(executor, &call.future));
    cmio_executor_free(executor);
}

static bool looks_at_signals(void *argument, struct cmio_context *context) {
    (void)context;
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, argument), 0);
    return true;
}

/* Such a signal comes to the thread itself, and to no other. */
static bool is_of_a_fault(int signal) {
    return signal == SIGBUS || signal == SIGFPE || signal == SIGILL || signal == SIGSEGV ||
           signal == SIGSYS || signal == SIGTRAP;
}

static void workers_block_the_signals_of_the_program(void **state) {
    struct cmio_executor *executor = new_executor(*(const int *)*state);
    sigset_t before, mask, after;
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &before), 0);
    struct call call = call_of(looks_at_signals, &mask);
    TEST_OK(cmio_block_on(executor, &call.future));
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &after), 0);
    for (int signal = 1; signal < 32; signal++) {
        if (!is_of_a_fault(signal) && signal != SIGKILL && signal != SIGSTOP)
            assert_int_equal(sigismember(&mask, signal), 1);
        assert_int_equal(sigismember(&before, signal), sigismember(&after, signal));
    }
    cmio_executor_free(executor);
}

/* Deadlines */

static void shutdown_gives_up_at_its_deadline_and_may_be_repeated(void **state) {
    struct cmio_executor *executor = new_executor(*(const int *)*state);
    struct spin spin = {.runs = false};
    struct call call = call_of(spins, &spin);
    struct cmio_join_handle *handle = NULL;
    TEST_OK(cmio_spawn(executor, &call.future, sizeof call, NULL, &handle));
    TEST_EVENTUALLY(atomic_load(&spin.runs)); /* so that the shutdown does not drop it first */
    struct call waiting = call_of(waits, NULL);
    TEST_OK(cmio_spawn(executor, &waiting.future, sizeof waiting, NULL, NULL));
    const int64_t deadline = cmio_now() + CMIO_MILLISECOND;
    TEST_FAILS(cmio_executor_shutdown(executor, deadline), -ETIMEDOUT);
    assert_true(cmio_now() >= deadline);
    assert_false(cmio_join_handle_is_finished(handle));
    struct call late = call_of(is_ready, NULL);
    TEST_FAILS(cmio_spawn(executor, &late.future, sizeof late, NULL, NULL), -ESHUTDOWN);
    TEST_FAILS(cmio_executor_shutdown(executor, cmio_now()), -ETIMEDOUT);
    atomic_store(&spin.may_end, true);
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    assert_true(cmio_join_handle_is_finished(handle));
    cmio_join_handle_drop(handle);
    cmio_executor_free(executor);
}

static void shutdown_sees_tasks_end_at_the_same_time(void **state) {
    (void)state;
    const int rounds = test_scale(1000);
    for (int round = 0; round < rounds; round++) {
        struct cmio_executor *executor = new_executor(2);
        struct spin spin = {.runs = false};
        for (int i = 0; i < 2; i++) {
            struct call call = call_of(spins, &spin);
            TEST_OK(cmio_spawn(executor, &call.future, sizeof call, NULL, NULL));
        }
        atomic_store(&spin.may_end, true);
        TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
        cmio_executor_free(executor);
    }
}

/* What outlives an executor */

struct kept {
    struct cmio_task_waker waker;
    atomic_bool is_kept;
    atomic_bool stops;
    atomic_int wakes;
};

static bool keeps_its_waker(void *argument, struct cmio_context *context) {
    struct kept *kept = argument;
    if (!atomic_load(&kept->is_kept)) {
        TEST_OK(cmio_task_waker_clone(cmio_context_waker(context), &kept->waker));
        atomic_store(&kept->is_kept, true);
    }
    return false;
}

static void *wakes_on_and_on(void *argument) {
    struct kept *kept = argument;
    while (!atomic_load(&kept->stops)) {
        if (!atomic_load(&kept->is_kept))
            continue;
        cmio_task_waker_wake(&kept->waker);
        atomic_fetch_add(&kept->wakes, 1);
    }
    cmio_task_waker_drop(&kept->waker);
    return NULL;
}

static void an_executor_may_be_freed_while_threads_wake_its_tasks(void **state) {
    const int workers = *(const int *)*state;
    const int rounds = test_scale(200);
    for (int round = 0; round < rounds; round++) {
        struct cmio_executor *executor = new_executor(workers);
        struct kept kept = {.is_kept = false};
        struct call call = call_of(keeps_its_waker, &kept);
        struct cmio_join_handle *handle = NULL;
        TEST_OK(cmio_spawn(executor, &call.future, sizeof call, NULL, &handle));
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, wakes_on_and_on, &kept), 0);
        if (workers == CMIO_CURRENT_THREAD) {
            struct call run = call_of(is_ready, NULL);
            TEST_OK(cmio_block_on(executor, &run.future));
        }
        TEST_EVENTUALLY(atomic_load(&kept.wakes) > 0);
        cmio_executor_free(executor);
        const int wakes = atomic_load(&kept.wakes);
        TEST_EVENTUALLY(atomic_load(&kept.wakes) > wakes);
        atomic_store(&kept.stops, true);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_true(cmio_join_handle_is_finished(handle));
        TEST_OK(cmio_join_handle_abort(handle));
        cmio_join_handle_drop(handle);
    }
}

static void executors_come_and_go(void **state) {
    const int rounds = test_scale(1000);
    for (int round = 0; round < rounds; round++) {
        struct cmio_executor *executor = new_executor(*(const int *)*state);
        struct call call = call_of(waits, NULL);
        TEST_OK(cmio_spawn(executor, &call.future, sizeof call, NULL, NULL));
        cmio_executor_free(executor);
    }
}

/* Random tasks */

struct chaos {
    struct cmio_executor *executor;
    atomic_uint seed;
    atomic_int living;
};

struct chaotic {
    struct cmio_future future;
    struct chaos *chaos;
    struct cmio_join_future join; /* of a child, while has_child */
    struct cmio_join_handle *child;
    struct cmio_sleep_future sleep;
    int depth;
    int turns;
};

static unsigned draw(struct chaos *chaos, unsigned below) {
    unsigned x = atomic_fetch_add(&chaos->seed, 0x9e3779b9u);
    x ^= x >> 16;
    x *= 0x85ebca6bu;
    x ^= x >> 13;
    return x % below;
}

static const struct cmio_future_ops chaotic_ops;

static void spawn_chaotic(struct chaos *chaos, int depth, struct cmio_join_handle **out) {
    const struct chaotic task = {
        .future.ops = &chaotic_ops, .chaos = chaos, .depth = depth, .turns = 5};
    atomic_fetch_add(&chaos->living, 1);
    if (cmio_spawn(chaos->executor, &task.future, sizeof task, NULL, out) != 0)
        atomic_fetch_sub(&chaos->living, 1);
}

static void begin_child(struct chaotic *task) {
    spawn_chaotic(task->chaos, task->depth + 1, &task->child);
    if (task->child != NULL)
        TEST_OK(cmio_join_future_init(&task->join, task->child));
}

static void leave_child(struct chaotic *task) {
    cmio_future_drop(&task->join.future);
    cmio_join_handle_drop(task->child);
    task->child = NULL;
}

static void drop_chaotic(struct cmio_future *future) {
    struct chaotic *task = (struct chaotic *)future;
    if (task->child != NULL)
        leave_child(task);
    cmio_future_drop(&task->sleep.future);
    atomic_fetch_sub(&task->chaos->living, 1);
}

/* One step at random. Returns whether the task may go on at once. */
static bool step(struct chaotic *task, struct cmio_context *context) {
    struct chaos *chaos = task->chaos;
    if (task->child != NULL && cmio_future_poll(&task->join.future, context) == CMIO_READY)
        leave_child(task);
    switch (draw(chaos, 7)) {
    case 0:
        cmio_task_waker_wake(cmio_context_waker(context));
        return false;
    case 1:
        if (task->child == NULL && task->depth < 4)
            begin_child(task);
        return true;
    case 2:
        if (task->depth < 4)
            spawn_chaotic(chaos, task->depth + 1, NULL);
        return true;
    case 3:
        if (task->child != NULL)
            TEST_OK(cmio_join_handle_abort(task->child));
        return true;
    case 4:
        if (task->child != NULL)
            leave_child(task);
        return true;
    default:
        cmio_future_drop(&task->sleep.future);
        TEST_OK(cmio_sleep_future_init(&task->sleep, draw(chaos, 300) * 1000));
        return cmio_future_poll(&task->sleep.future, context) == CMIO_READY;
    }
}

static enum cmio_future_state poll_chaotic(struct cmio_future *future,
                                           struct cmio_context *context) {
    struct chaotic *task = (struct chaotic *)future;
    while (task->turns-- > 0)
        if (!step(task, context))
            return CMIO_PENDING;
    drop_chaotic(future);
    return CMIO_READY;
}

static const struct cmio_future_ops chaotic_ops = {"chaotic", poll_chaotic, drop_chaotic};

static bool has_none_left(void *argument, struct cmio_context *context) {
    struct chaos *chaos = argument;
    if (atomic_load(&chaos->living) == 0)
        return true;
    cmio_task_waker_wake(cmio_context_waker(context));
    return false;
}

static void random_tasks_end(void **state) {
    struct cmio_executor *executor = new_executor(*(const int *)*state);
    struct chaos chaos = {.executor = executor, .seed = 1};
    const int roots = test_scale(1000);
    for (int i = 0; i < roots; i++)
        spawn_chaotic(&chaos, 0, NULL);
    struct call call = call_of(has_none_left, &chaos);
    TEST_OK(cmio_block_on(executor, &call.future));
    cmio_executor_free(executor);
}

static void random_tasks_are_shut_down(void **state) {
    const int rounds = test_scale(50);
    for (int round = 0; round < rounds; round++) {
        struct cmio_executor *executor = new_executor(*(const int *)*state);
        struct chaos chaos = {.executor = executor, .seed = (unsigned)round};
        for (int i = 0; i < 50; i++)
            spawn_chaotic(&chaos, 0, NULL);
        struct cmio_yield_future yield;
        TEST_OK(cmio_yield_future_init(&yield));
        TEST_OK(cmio_block_on(executor, &yield.future));
        TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
        assert_int_equal(atomic_load(&chaos.living), 0);
        cmio_executor_free(executor);
    }
}

static const int none = CMIO_CURRENT_THREAD, one = 1, two = 2, four = 4, sixteen = 16;

#define POOLS(test)                                                                                \
    TEST_ROW(one, test, &one), TEST_ROW(two, test, &two), TEST_ROW(four, test, &four),             \
        TEST_ROW(sixteen, test, &sixteen)
#define ROWS(test) TEST_ROW(none, test, &none), POOLS(test)

static const struct CMUnitTest tests[] = {
    ROWS(an_unknown_backend_is_refused),
    ROWS(options_that_name_a_backend_weigh_more_than_the_environment),
    cmocka_unit_test(an_executor_that_finds_no_descriptor_leaves_nothing),
    ROWS(a_future_without_operations_is_no_task),
    ROWS(a_spawn_that_is_refused_does_not_keep_shutdown_waiting),
    ROWS(a_worker_does_not_block_on_itself),
    POOLS(workers_block_the_signals_of_the_program),
    POOLS(shutdown_gives_up_at_its_deadline_and_may_be_repeated),
    cmocka_unit_test(shutdown_sees_tasks_end_at_the_same_time),
    ROWS(an_executor_may_be_freed_while_threads_wake_its_tasks),
    ROWS(executors_come_and_go),
    ROWS(random_tasks_end),
    ROWS(random_tasks_are_shut_down),
};

TEST_GROUP(async_shutdown, tests)
