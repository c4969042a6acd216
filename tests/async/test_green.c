/* SPDX-License-Identifier: MIT */

/* Green threads as a program sees them, with one worker, none and several. */
#include <cmio/async.h>

#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/scale.h"
#include "support/test.h"

static struct cmio_executor *new_executor(void **state) {
    struct cmio_executor *executor = NULL;
    TEST_OK(cmio_executor_new(&executor,
                              &(struct cmio_executor_options){.workers = *(const int *)*state,
                                                              .backend = test_backend()}));
    return executor;
}

static struct cmio_join_handle *start(struct cmio_executor *executor,
                                      ssize_t (*function)(void *argument), void *argument) {
    struct cmio_join_handle *handle = NULL;
    TEST_OK(cmio_green_spawn(executor, function, argument, NULL, &handle));
    return handle;
}

static ssize_t join(struct cmio_executor *executor, struct cmio_join_handle *handle) {
    struct cmio_join_future future;
    TEST_OK(cmio_join_future_init(&future, handle));
    const ssize_t result = cmio_block_on(executor, &future.future);
    cmio_join_handle_drop(handle);
    return result;
}

static ssize_t run(struct cmio_executor *executor, ssize_t (*function)(void *argument),
                   void *argument) {
    return join(executor, start(executor, function, argument));
}

/* In a green thread. Asserts there would leave its stack by longjmp(3), so it returns what it saw. */

static ssize_t sleep_for(int64_t duration) {
    struct cmio_sleep_future sleep;
    const int error = cmio_sleep_future_init(&sleep, duration);
    return error != 0 ? error : cmio_await(&sleep.future);
}

static ssize_t give_way(void) {
    struct cmio_yield_future yield;
    const int error = cmio_yield_future_init(&yield);
    return error != 0 ? error : cmio_await(&yield.future);
}

/* Lets the executor run until the condition holds. */
static ssize_t until(atomic_int *flag) {
    ssize_t result = 0;
    while (result == 0 && atomic_load(flag) == 0)
        result = sleep_for(CMIO_MILLISECOND);
    return result;
}

struct flag_future {
    struct cmio_future future;
    atomic_int *flag;
};

static enum cmio_future_state poll_flag(struct cmio_future *future, struct cmio_context *context) {
    if (atomic_load(((struct flag_future *)future)->flag) != 0)
        return CMIO_READY;
    cmio_task_waker_wake(cmio_context_waker(context));
    return CMIO_PENDING;
}

static void drop_nothing(struct cmio_future *future) {
    (void)future;
}

static const struct cmio_future_ops flag_ops = {"flag", poll_flag, drop_nothing};

/* Runs the executor from a plain thread until the flag is set. */
static void run_until(struct cmio_executor *executor, atomic_int *flag) {
    struct flag_future future = {.future.ops = &flag_ops, .flag = flag};
    TEST_OK(cmio_block_on(executor, &future.future));
}

/* Waiting and results */

static ssize_t sleep_three_times(void *argument) {
    int *steps = argument;
    for (int i = 0; i < 3; i++) {
        const ssize_t error = sleep_for(5 * CMIO_MILLISECOND);
        if (error != 0)
            return error;
        ++*steps;
    }
    return 42;
}

static void code_that_awaits_goes_on_where_it_was(void **state) {
    struct cmio_executor *executor = new_executor(state);
    int steps = 0;
    const int64_t begin = cmio_now();
    TEST_GIVES(run(executor, sleep_three_times, &steps), 42);
    assert_int_equal(steps, 3);
    assert_true(cmio_now() - begin >= 15 * CMIO_MILLISECOND);
    cmio_executor_free(executor);
}

static ssize_t fail_at_once(void *argument) {
    (void)argument;
    return -EPROTO;
}

static void what_the_function_returns_is_the_result(void **state) {
    struct cmio_executor *executor = new_executor(state);
    TEST_FAILS(run(executor, fail_at_once, NULL), -EPROTO);
    cmio_executor_free(executor);
}

static ssize_t join_another(void *argument) {
    struct cmio_join_handle *handle = NULL;
    struct cmio_join_future future;
    int error = cmio_green_spawn(NULL, sleep_three_times, argument, NULL, &handle);
    if (error == 0)
        error = cmio_join_future_init(&future, handle);
    const ssize_t result = error == 0 ? cmio_await(&future.future) : error;
    cmio_join_handle_drop(handle);
    return result;
}

static void a_green_thread_starts_and_joins_another(void **state) {
    struct cmio_executor *executor = new_executor(state);
    int steps = 0;
    TEST_GIVES(run(executor, join_another, &steps), 42);
    cmio_executor_free(executor);
}

static ssize_t yield_often(void *argument) {
    atomic_int *turns = argument;
    for (int i = 0; i < 20; i++) {
        const ssize_t error = i % 10 == 0 ? sleep_for(CMIO_MILLISECOND) : give_way();
        if (error != 0)
            return error;
        atomic_fetch_add(turns, 1);
    }
    return 1;
}

static void a_thousand_green_threads_run_together(void **state) {
    enum { THREADS = 1000 };
    struct cmio_executor *executor = new_executor(state);
    static struct cmio_join_handle *handles[THREADS];
    atomic_int turns = 0;
    for (int i = 0; i < THREADS; i++)
        handles[i] = start(executor, yield_often, &turns);
    for (int i = 0; i < THREADS; i++)
        TEST_GIVES(join(executor, handles[i]), 1);
    assert_int_equal(turns, THREADS * 20);
    cmio_executor_free(executor);
}

/* Plain tasks and green threads take turns. */

static void a_future_and_a_green_thread_wake_each_other(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[40];
    atomic_int turns = 0;
    for (int i = 0; i < 40; i += 2) {
        struct cmio_join_future future;
        handles[i] = start(executor, yield_often, &turns);
        TEST_OK(cmio_join_future_init(&future, handles[i]));
        TEST_OK(cmio_spawn(executor, &future.future, sizeof future, NULL, &handles[i + 1]));
    }
    for (int i = 0; i < 40; i += 2) {
        TEST_GIVES(join(executor, handles[i + 1]), 1);
        cmio_join_handle_drop(handles[i]);
    }
    cmio_executor_free(executor);
}

static ssize_t await_what_is_ready(void *argument) {
    atomic_int *turn = argument;
    const int64_t give_up = test_now() + 30 * CMIO_SECOND;
    while (atomic_load(turn) == 0 && test_now() < give_up) {
        struct cmio_sleep_future sleep;
        (void)cmio_sleep_until_future_init(&sleep, 0);
        const ssize_t error = cmio_await(&sleep.future);
        if (error != 0)
            return error;
    }
    return atomic_load(turn);
}

static ssize_t set_flag(void *argument) {
    atomic_store((atomic_int *)argument, 1);
    return 0;
}

static void what_is_always_ready_gives_way(void **state) {
    struct cmio_executor *executor = new_executor(state);
    atomic_int turn = 0;
    struct cmio_join_handle *greedy = start(executor, await_what_is_ready, &turn);
    struct cmio_join_handle *other = start(executor, set_flag, &turn);
    const ssize_t seen = join(executor, greedy);
    TEST_OK(join(executor, other));
    assert_int_equal(seen, 1);
    cmio_executor_free(executor);
}

static ssize_t yield_until_set(void *argument) {
    atomic_int *flag = argument;
    ssize_t error = 0;
    while (error == 0 && atomic_load(flag) == 0)
        error = give_way();
    return error;
}

static enum cmio_future_state poll_setter(struct cmio_future *future,
                                          struct cmio_context *context) {
    (void)context;
    atomic_store(((struct flag_future *)future)->flag, 1);
    return CMIO_READY;
}

static const struct cmio_future_ops setter_ops = {"setter", poll_setter, drop_nothing};

enum { BUSY = 16 }; /* more than workers, so that each of them has some */

static void busy_green_threads_leave_room_for_a_future(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[BUSY];
    atomic_int flag = 0;
    for (int i = 0; i < BUSY; i++)
        handles[i] = start(executor, yield_until_set, &flag);
    struct flag_future setter = {.future.ops = &setter_ops, .flag = &flag};
    TEST_OK(cmio_spawn(executor, &setter.future, sizeof setter, NULL, NULL));
    for (int i = 0; i < BUSY; i++)
        TEST_OK(join(executor, handles[i]));
    cmio_executor_free(executor);
}

static ssize_t give_way_and_set_flag(void *argument) {
    const ssize_t error = give_way();
    atomic_store((atomic_int *)argument, 1);
    return error;
}

static void busy_futures_leave_room_for_a_green_thread(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[BUSY];
    atomic_int flag = 0;
    for (int i = 0; i < BUSY; i++) {
        struct flag_future busy = {.future.ops = &flag_ops, .flag = &flag};
        TEST_OK(cmio_spawn(executor, &busy.future, sizeof busy, NULL, &handles[i]));
    }
    TEST_OK(run(executor, give_way_and_set_flag, &flag));
    for (int i = 0; i < BUSY; i++)
        TEST_OK(join(executor, handles[i]));
    cmio_executor_free(executor);
}

/* Stacks */

static __attribute__((noinline)) ssize_t dig(int depth, volatile char *above) {
    volatile char room[512];
    for (size_t i = 0; i < sizeof room; i++)
        room[i] = (char)depth;
    if (depth % 16 == 0 && give_way() != 0)
        return -ECANCELED;
    const ssize_t below = depth == 0 ? 0 : dig(depth - 1, room);
    if (above != NULL && above[0] != (char)(depth + 1))
        return -EILSEQ;
    return below < 0 ? below : below + room[511] - (char)depth + 1;
}

static ssize_t dig_deep(void *argument) {
    (void)argument;
    return dig(800, NULL);
}

static void a_stack_of_a_megabyte_is_used_to_its_depth(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[4];
    const struct cmio_green_options options = {.name = "digger", .stack_size = 1 << 20};
    for (int i = 0; i < 4; i++)
        TEST_OK(cmio_green_spawn(executor, dig_deep, NULL, &options, &handles[i]));
    for (int i = 0; i < 4; i++)
        TEST_GIVES(join(executor, handles[i]), 801);
    cmio_executor_free(executor);
}

static ssize_t use_twelve_kilobytes(void *argument) {
    (void)argument;
    volatile char room[12 * 1024];
    for (size_t i = 0; i < sizeof room; i += 64)
        room[i] = 1;
    return give_way() == 0 ? room[0] : -1;
}

static void the_smallest_stack_has_room_for_twelve_kilobytes(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handle = NULL;
    TEST_OK(cmio_green_spawn(executor, use_twelve_kilobytes, NULL,
                             &(struct cmio_green_options){.stack_size = 1}, &handle));
    TEST_GIVES(join(executor, handle), 1);
    cmio_executor_free(executor);
}

static void a_stack_beyond_all_memory_is_enomem(void **state) {
    struct cmio_executor *executor = new_executor(state);
    TEST_FAILS(cmio_green_spawn(executor, fail_at_once, NULL,
                                &(struct cmio_green_options){.stack_size = SIZE_MAX / 2}, NULL),
               -ENOMEM);
    cmio_executor_free(executor);
}

static ssize_t overflow_its_stack(void *argument) {
    (void)argument;
    return dig(1 << 20, NULL);
}

/* What a child process ends with whose green thread overflows. */
static int end_of_overflow(int workers) {
    struct cmio_executor *executor = NULL;
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        (void)close(STDERR_FILENO); /* sanitizers have much to say about it */
        (void)cmio_executor_new(&executor, &(struct cmio_executor_options){.workers = workers});
        (void)run(executor, overflow_its_stack, NULL);
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void a_stack_that_overflows_is_a_fault(void **state) {
    const int status = end_of_overflow(*(const int *)*state);
    if (WIFSIGNALED(status))
        assert_true(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
    else
        assert_int_not_equal(WEXITSTATUS(status), 0); /* a sanitizer reports and exits */
}

static void exit_with_43(int signal_number) {
    (void)signal_number;
    _exit(43);
}

static void a_handler_on_the_alternate_stack_is_told_of_an_overflow(void **state) {
    struct sigaction before[2];
    const struct sigaction action = {.sa_handler = exit_with_43, .sa_flags = SA_ONSTACK};
    assert_int_equal(sigaction(SIGSEGV, &action, &before[0]), 0);
    assert_int_equal(sigaction(SIGBUS, &action, &before[1]), 0);
    const int status = end_of_overflow(*(const int *)*state);
    assert_int_equal(sigaction(SIGSEGV, &before[0], NULL), 0);
    assert_int_equal(sigaction(SIGBUS, &before[1], NULL), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 43);
}

/* The address of a local would not do: AddressSanitizer may keep locals elsewhere. */
static ssize_t tell_its_stack(void *argument) {
    *(uintptr_t *)argument = (uintptr_t)__builtin_frame_address(0);
    return 0;
}

static void a_stack_is_used_again(void **state) {
    struct cmio_executor *executor = new_executor(state);
    uintptr_t first = 0, second = 0;
    TEST_OK(run(executor, tell_its_stack, &first)); /* which gives it back before it is joined */
    TEST_OK(run(executor, tell_its_stack, &second));
    assert_int_equal(first, second);
    cmio_executor_free(executor);
}

/* Abort */

struct cleaner {
    atomic_int started, may_end;
    ssize_t first, second, shielded, after_shield;
};

static ssize_t wait_for_ever(void *argument) {
    struct cleaner *cleaner = argument;
    atomic_store(&cleaner->started, 1);
    cleaner->first = sleep_for(CMIO_FOREVER);
    cleaner->second = sleep_for(CMIO_FOREVER);
    return 7;
}

static void abort_ends_the_present_await_and_all_later_ones(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cleaner cleaner = {0};
    struct cmio_join_handle *handle = start(executor, wait_for_ever, &cleaner);
    run_until(executor, &cleaner.started);
    TEST_OK(cmio_join_handle_abort(handle));
    TEST_GIVES(join(executor, handle), 7);
    TEST_FAILS(cleaner.first, -ECANCELED);
    TEST_FAILS(cleaner.second, -ECANCELED);
    cmio_executor_free(executor);
}

/* A future that counts its polls and drops, and is never ready. */
struct counted {
    struct cmio_future future;
    atomic_int *polls, *drops;
};

static enum cmio_future_state poll_counted(struct cmio_future *future,
                                           struct cmio_context *context) {
    (void)context;
    atomic_fetch_add(((struct counted *)future)->polls, 1);
    return CMIO_PENDING;
}

static void drop_counted(struct cmio_future *future) {
    atomic_fetch_add(((struct counted *)future)->drops, 1);
    future->result = 5;
}

static const struct cmio_future_ops counted_ops = {"counted", poll_counted, drop_counted};

struct counts {
    atomic_int polls, drops;
    ssize_t kept;
};

static ssize_t await_counted(void *argument) {
    struct counts *counts = argument;
    struct counted first = {{.ops = &counted_ops}, &counts->polls, &counts->drops};
    struct counted second = first;
    const ssize_t results = cmio_await(&first.future) + cmio_await(&second.future);
    counts->kept = first.future.result + second.future.result;
    return results == -2 * ECANCELED && cmio_future_has_ended(&second.future) ? 0 : -EPROTO;
}

static void abort_drops_what_is_awaited_once_and_keeps_its_result(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct counts counts = {0};
    struct cmio_join_handle *handle = start(executor, await_counted, &counts);
    run_until(executor, &counts.polls);
    TEST_OK(cmio_join_handle_abort(handle));
    TEST_OK(join(executor, handle));
    assert_int_equal(counts.polls, 1); /* the second one is not even tried */
    assert_int_equal(counts.drops, 2);
    assert_int_equal(counts.kept, 10);
    cmio_executor_free(executor);
}

static void count_drop(void *argument) {
    atomic_fetch_add(&((struct cleaner *)argument)->may_end, 1);
}

static ssize_t hold_the_worker(void *argument) {
    struct cleaner *cleaner = argument;
    atomic_store(&cleaner->started, 1);
    while (atomic_load(&cleaner->may_end) == 0)
        test_pause();
    return 0;
}

static void abort_before_the_first_turn_calls_drop_instead(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cleaner holder = {0}, cleaner = {0};
    const bool is_held = *(const int *)*state == 1;
    struct cmio_join_handle *held = NULL, *handle = NULL;
    if (is_held) { /* so that it cannot begin before it is aborted */
        held = start(executor, hold_the_worker, &holder);
        TEST_EVENTUALLY(atomic_load(&holder.started) != 0);
    }
    TEST_OK(cmio_green_spawn(executor, wait_for_ever, &cleaner,
                             &(struct cmio_green_options){.drop = count_drop}, &handle));
    TEST_OK(cmio_join_handle_abort(handle));
    atomic_store(&holder.may_end, 1);
    TEST_FAILS(join(executor, handle), -ECANCELED);
    assert_int_equal(cleaner.started, 0);
    assert_int_equal(cleaner.may_end, 1);
    if (is_held)
        TEST_OK(join(executor, held));
    cmio_executor_free(executor);
}

static ssize_t clean_up(void *argument) {
    struct cleaner *cleaner = argument;
    atomic_store(&cleaner->started, 1);
    cleaner->first = sleep_for(CMIO_FOREVER);
    if (cmio_shield_begin() != 0 || cmio_shield_begin() != 0 || cmio_shield_end() != 0)
        return -EPROTO;
    cleaner->shielded = sleep_for(CMIO_MILLISECOND);
    if (cleaner->shielded == 0)
        cleaner->shielded = until(&cleaner->may_end);
    if (cmio_shield_end() != 0 || cmio_shield_end() != -EINVAL)
        return -EPROTO;
    cleaner->after_shield = sleep_for(CMIO_FOREVER);
    return 9;
}

static void assert_cleaned_up(const struct cleaner *cleaner) {
    TEST_FAILS(cleaner->first, -ECANCELED);
    TEST_OK(cleaner->shielded);
    TEST_FAILS(cleaner->after_shield, -ECANCELED);
}

static void a_shield_lets_the_clean_up_await(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cleaner cleaner = {.may_end = 1};
    struct cmio_join_handle *handle = start(executor, clean_up, &cleaner);
    run_until(executor, &cleaner.started);
    TEST_OK(cmio_join_handle_abort(handle));
    TEST_GIVES(join(executor, handle), 9);
    assert_cleaned_up(&cleaner);
    cmio_executor_free(executor);
}

static ssize_t await_under_shield(void *argument) {
    struct cleaner *cleaner = argument;
    if (cmio_shield_begin() != 0)
        return -EPROTO;
    atomic_store(&cleaner->started, 1);
    const ssize_t result = until(&cleaner->may_end);
    (void)cmio_shield_end();
    cleaner->after_shield = sleep_for(CMIO_FOREVER);
    return result;
}

static void abort_during_a_shielded_await_comes_after_the_shield(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cleaner cleaner = {0};
    struct cmio_join_handle *handle = start(executor, await_under_shield, &cleaner);
    run_until(executor, &cleaner.started);
    TEST_OK(cmio_join_handle_abort(handle));
    assert_false(cmio_join_handle_is_finished(handle));
    atomic_store(&cleaner.may_end, 1);
    TEST_OK(join(executor, handle));
    TEST_FAILS(cleaner.after_shield, -ECANCELED);
    cmio_executor_free(executor);
}

static void shutdown_waits_for_a_shielded_clean_up_as_long_as_it_may(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cleaner cleaner = {0};
    struct cmio_join_handle *handle = start(executor, clean_up, &cleaner);
    run_until(executor, &cleaner.started);
    TEST_FAILS(cmio_executor_shutdown(executor, cmio_now() + 20 * CMIO_MILLISECOND), -ETIMEDOUT);
    assert_false(cmio_join_handle_is_finished(handle));
    TEST_FAILS(cmio_green_spawn(executor, fail_at_once, NULL, NULL, NULL), -ESHUTDOWN);
    atomic_store(&cleaner.may_end, 1);
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    assert_true(cmio_join_handle_is_finished(handle));
    assert_cleaned_up(&cleaner);
    cmio_join_handle_drop(handle);
    cmio_executor_free(executor);
}

static void shutdown_ends_green_threads_that_wait(void **state) {
    enum { THREADS = 200 };
    struct cmio_executor *executor = new_executor(state);
    static struct cleaner cleaners[THREADS];
    memset(cleaners, 0, sizeof cleaners);
    for (int i = 0; i < THREADS; i++)
        TEST_OK(cmio_green_spawn(executor, wait_for_ever, &cleaners[i],
                                 &(struct cmio_green_options){.drop = count_drop}, NULL));
    run_until(executor, &cleaners[0].started);
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    for (int i = 0; i < THREADS; i++) /* it ran, or its argument was dropped */
        assert_int_equal(cleaners[i].started + cleaners[i].may_end, 1);
    cmio_executor_free(executor);
}

/* Where awaiting is not allowed */

static void await_outside_a_green_thread_is_eperm(void **state) {
    (void)state;
    struct cmio_sleep_future sleep;
    TEST_OK(cmio_sleep_future_init(&sleep, 0));
    TEST_FAILS(cmio_await(&sleep.future), -EPERM);
    assert_false(cmio_future_has_ended(&sleep.future));
    TEST_FAILS(cmio_shield_begin(), -EPERM);
    TEST_FAILS(cmio_shield_end(), -EPERM);
    TEST_FAILS(cmio_green_spawn(NULL, fail_at_once, NULL, NULL, NULL), -EPERM);
    TEST_FAILS(cmio_green_spawn(NULL, NULL, NULL, NULL, NULL), -EINVAL);
}

static enum cmio_future_state poll_awaiting(struct cmio_future *future,
                                            struct cmio_context *context) {
    struct cmio_yield_future yield;
    (void)context;
    (void)cmio_yield_future_init(&yield);
    future->result = cmio_await(&yield.future);
    return CMIO_READY;
}

static const struct cmio_future_ops awaiting_ops = {"awaiting", poll_awaiting, drop_nothing};

static ssize_t await_in_a_poll(void *argument) {
    (void)argument;
    struct cmio_future future = {.ops = &awaiting_ops};
    const ssize_t inside = cmio_await(&future);
    return give_way() == 0 ? inside : -EPROTO; /* outside it works still */
}

static void await_in_a_poll_is_eperm(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_future future = {.ops = &awaiting_ops};
    TEST_FAILS(cmio_block_on(executor, &future), -EPERM);
    TEST_FAILS(run(executor, await_in_a_poll, NULL), -EPERM);
    cmio_executor_free(executor);
}

static ssize_t block_in_a_green_thread(void *argument) {
    struct cmio_executor *executor = argument;
    struct cmio_sleep_future sleep;
    (void)cmio_sleep_future_init(&sleep, 0);
    if (cmio_executor_shutdown(executor, 0) != -EDEADLK)
        return -EPROTO;
    return cmio_block_on(NULL, &sleep.future);
}

static void block_on_in_a_green_thread_is_edeadlk(void **state) {
    struct cmio_executor *executor = new_executor(state);
    TEST_FAILS(run(executor, block_in_a_green_thread, executor), -EDEADLK);
    cmio_executor_free(executor);
}

static ssize_t await_nothing(void *argument) {
    (void)argument;
    struct cmio_future ended = {.result = 7};
    return cmio_await(NULL) == -EINVAL ? cmio_await(&ended) : 0;
}

static void awaiting_null_is_einval_and_what_has_ended_its_result(void **state) {
    struct cmio_executor *executor = new_executor(state);
    TEST_GIVES(run(executor, await_nothing, NULL), 7);
    cmio_executor_free(executor);
}

/* What stays as it was */

static ssize_t keep_errno(void *argument) {
    const int own = *(const int *)argument;
    int *const place = &errno;
    const pthread_t thread = pthread_self();
    for (int i = 0; i < 50; i++) {
        errno = own;
        const ssize_t error = i % 10 == 0 ? sleep_for(CMIO_MILLISECOND) : give_way();
        if (error != 0)
            return error;
        if (errno != own)
            return -EILSEQ;
        if (place != &errno || !pthread_equal(thread, pthread_self()))
            return -EXDEV;
    }
    return 0;
}

static void errno_and_the_thread_are_the_same_after_an_await(void **state) {
    enum { THREADS = 40 };
    struct cmio_executor *executor = new_executor(state);
    static int numbers[THREADS];
    struct cmio_join_handle *handles[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i + 1;
        handles[i] = start(executor, keep_errno, &numbers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        TEST_OK(join(executor, handles[i]));
    cmio_executor_free(executor);
}

static double third(void) {
    volatile double one = 1, three = 3;
    return one / three;
}

static ssize_t round_as_told(void *argument) {
    if (fesetround(*(const int *)argument) != 0)
        return -ENOTSUP;
    const double before = third();
    for (int i = 0; i < 5; i++) {
        const ssize_t error = give_way();
        if (error != 0)
            return error;
    }
    return third() == before && fegetround() == *(const int *)argument;
}

static void the_rounding_mode_is_a_green_threads_own(void **state) {
    static int modes[] = {FE_TONEAREST, FE_UPWARD};
    struct cmio_executor *executor = new_executor(state);
    struct cmio_join_handle *handles[10];
    const double before = third();
    for (int i = 0; i < 10; i++)
        TEST_OK(cmio_green_spawn(executor, round_as_told, &modes[i % 2], NULL, &handles[i]));
    for (int i = 0; i < 10; i++)
        TEST_GIVES(join(executor, handles[i]), 1);
    assert_true(third() == before);
    assert_int_equal(fegetround(), FE_TONEAREST);
    cmio_executor_free(executor);
}

/* Wakes from other workers and from outside */

struct relay {
    struct cmio_join_handle *handle;
    struct relay *next;
    struct cmio_task_waker waker;
    atomic_int tokens, has_waker;
    int rounds;
};

struct token_future {
    struct cmio_future future;
    struct relay *relay;
};

static enum cmio_future_state poll_token(struct cmio_future *future, struct cmio_context *context) {
    struct relay *relay = ((struct token_future *)future)->relay;
    if (atomic_load(&relay->has_waker) == 0) {
        (void)cmio_task_waker_clone(cmio_context_waker(context), &relay->waker);
        atomic_store(&relay->has_waker, 1);
    }
    if (atomic_load(&relay->tokens) == 0)
        return CMIO_PENDING;
    atomic_fetch_sub(&relay->tokens, 1);
    return CMIO_READY;
}

static const struct cmio_future_ops token_ops = {"token", poll_token, drop_nothing};

static void pass(struct relay *relay) {
    atomic_fetch_add(&relay->tokens, 1);
    if (atomic_load(&relay->has_waker) != 0)
        cmio_task_waker_wake(&relay->waker);
}

static ssize_t pass_tokens(void *argument) {
    struct relay *relay = argument;
    for (int i = 0; i < relay->rounds; i++) {
        struct token_future token = {{.ops = &token_ops}, relay};
        const ssize_t error = cmio_await(&token.future);
        if (error != 0)
            return error;
        pass(relay->next);
    }
    return 0;
}

static void a_wake_from_anywhere_reaches_a_green_thread(void **state) {
    enum { RELAYS = 16 };
    struct cmio_executor *executor = new_executor(state);
    static struct relay relays[RELAYS];
    memset(relays, 0, sizeof relays);
    for (int i = 0; i < RELAYS; i++) {
        relays[i].next = &relays[(i + 1) % RELAYS];
        relays[i].rounds = test_scale(1000);
    }
    for (int i = 0; i < RELAYS; i++)
        relays[i].handle = start(executor, pass_tokens, &relays[i]);
    for (int i = 0; i < 3; i++)
        pass(&relays[5 * i]);
    for (int i = 0; i < RELAYS; i++) {
        struct cmio_join_future future;
        TEST_OK(cmio_join_future_init(&future, relays[i].handle));
        TEST_OK(cmio_block_on(executor, &future.future));
    }
    for (int i = 0; i < RELAYS; i++) {
        cmio_task_waker_drop(&relays[i].waker);
        cmio_join_handle_drop(relays[i].handle);
    }
    cmio_executor_free(executor);
}

/* Many at once */

struct crowd {
    atomic_int present, leaving;
};

static ssize_t wait_in_the_crowd(void *argument) {
    struct crowd *crowd = argument;
    atomic_fetch_add(&crowd->present, 1);
    const ssize_t result = sleep_for(CMIO_FOREVER);
    atomic_fetch_add(&crowd->leaving, 1);
    return result;
}

static size_t free_memory(void) {
    const long pages = sysconf(_SC_AVPHYS_PAGES);
    return pages > 0 ? (size_t)pages * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

/*
 * 100,000 where guards take no mapping of their own and there is memory for a page each. Fewer under
 * sanitizers, which know only so many stacks or take long to find them, and under valgrind.
 */
static int size_of_crowd(void) {
    if (test_is_under_thread_sanitizer() || test_is_slow())
        return 1000;
    if (test_is_under_address_sanitizer())
        return 5000;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *memory = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    const bool has_light_guards = madvise(memory, page, 102 /* MADV_GUARD_INSTALL */) == 0 &&
                                  madvise(memory, page, 0x7fffff) != 0; /* qemu knows all */
    assert_int_equal(munmap(memory, page), 0);
    return has_light_guards && free_memory() > (size_t)2 << 30 ? 100000 : 10000;
}

static void a_hundred_thousand_green_threads_are_alive_at_once(void **state) {
    struct cmio_executor *executor = new_executor(state);
    struct crowd crowd = {0};
    const int size = size_of_crowd();
    const struct cmio_green_options options = {.stack_size = 16 * 1024};
    for (int i = 0; i < size; i++)
        TEST_OK(cmio_green_spawn(executor, wait_in_the_crowd, &crowd, &options, NULL));
    TEST_EVENTUALLY(atomic_load(&crowd.present) == size);
    assert_int_equal(crowd.leaving, 0);
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    assert_int_equal(crowd.leaving, size);
    cmio_executor_free(executor);
}

static const int none = CMIO_CURRENT_THREAD, one = 1, four = 4;

#define ROWS(test)                                                                                 \
    TEST_ROW(none, test, &none), TEST_ROW(one, test, &one), TEST_ROW(four, test, &four)

static const struct CMUnitTest tests[] = {
    ROWS(code_that_awaits_goes_on_where_it_was),
    ROWS(what_the_function_returns_is_the_result),
    ROWS(a_green_thread_starts_and_joins_another),
    ROWS(a_thousand_green_threads_run_together),
    ROWS(a_future_and_a_green_thread_wake_each_other),
    ROWS(what_is_always_ready_gives_way),
    ROWS(busy_green_threads_leave_room_for_a_future),
    ROWS(busy_futures_leave_room_for_a_green_thread),
    ROWS(a_stack_of_a_megabyte_is_used_to_its_depth),
    ROWS(the_smallest_stack_has_room_for_twelve_kilobytes),
    TEST_ROW(one, a_stack_beyond_all_memory_is_enomem, &one),
    ROWS(a_stack_that_overflows_is_a_fault),
    TEST_ROW(one, a_handler_on_the_alternate_stack_is_told_of_an_overflow, &one),
    TEST_ROW(four, a_handler_on_the_alternate_stack_is_told_of_an_overflow, &four),
    ROWS(a_stack_is_used_again),
    ROWS(abort_ends_the_present_await_and_all_later_ones),
    ROWS(abort_drops_what_is_awaited_once_and_keeps_its_result),
    TEST_ROW(none, abort_before_the_first_turn_calls_drop_instead, &none),
    TEST_ROW(one, abort_before_the_first_turn_calls_drop_instead, &one),
    ROWS(a_shield_lets_the_clean_up_await),
    ROWS(abort_during_a_shielded_await_comes_after_the_shield),
    ROWS(shutdown_waits_for_a_shielded_clean_up_as_long_as_it_may),
    ROWS(shutdown_ends_green_threads_that_wait),
    cmocka_unit_test(await_outside_a_green_thread_is_eperm),
    ROWS(await_in_a_poll_is_eperm),
    ROWS(block_on_in_a_green_thread_is_edeadlk),
    TEST_ROW(one, awaiting_null_is_einval_and_what_has_ended_its_result, &one),
    ROWS(errno_and_the_thread_are_the_same_after_an_await),
    ROWS(the_rounding_mode_is_a_green_threads_own),
    ROWS(a_wake_from_anywhere_reaches_a_green_thread),
    TEST_ROW(four, a_hundred_thousand_green_threads_are_alive_at_once, &four),
};

TEST_GROUP(async_green, tests)
