/* SPDX-License-Identifier: MIT */

/* Signals that tasks wait for. */
#include "async/io_support.h"

#include <signal.h>
#include <unistd.h>

struct bound {
    struct cmio_executor *executor;
    struct cmio_signals signals;
    struct cmio_io io;
};

static void bound_open(void **state, struct bound *bound) {
    const int numbers[] = {SIGUSR1, SIGUSR2};
    bound->executor = new_executor(SUBJECT(state)->workers);
    TEST_OK(cmio_signals_init(&bound->signals, numbers, 2));
    TEST_OK(cmio_io_bind_signals(&bound->io, bound->executor, &bound->signals));
}

static void bound_close(struct bound *bound) {
    TEST_OK(cmio_io_close(&bound->io));
    TEST_OK(cmio_signals_close(&bound->signals));
    cmio_executor_free(bound->executor);
}

static ssize_t next(struct bound *bound) {
    struct cmio_signal_future signal;
    TEST_OK(cmio_signal_future_init(&signal, &bound->io));
    return cmio_block_on(bound->executor, &signal.future);
}

static void a_signal_that_was_delivered_is_told_once(void **state) {
    struct bound bound;
    bound_open(state, &bound);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(raise(SIGUSR1), 0);
        assert_int_equal(raise(SIGUSR2), 0);
        const ssize_t first = next(&bound);
        assert_true(first == SIGUSR1 || first == SIGUSR2);
        TEST_GIVES(next(&bound), SIGUSR1 + SIGUSR2 - first);
    }
    bound_close(&bound);
}

static void a_task_waits_for_a_signal(void **state) {
    struct bound bound;
    bound_open(state, &bound);
    for (int i = 0; i < 10; i++) {
        atomic_int pending = 0;
        struct cmio_signal_future signal;
        TEST_OK(cmio_signal_future_init(&signal, &bound.io));
        struct giving_up waiting = giving_up_after(&signal.future, 1 << 20, &pending);
        struct cmio_join_handle *handle = SPAWN(bound.executor, &waiting);
        await_pending(bound.executor, &pending, 1);
        assert_int_equal(kill(getpid(), SIGUSR1), 0);
        TEST_GIVES(join(bound.executor, handle), SIGUSR1);
    }
    bound_close(&bound);
}

static void drop_after(struct bound *bound, int polls) {
    atomic_int pending = 0;
    struct cmio_signal_future signal;
    TEST_OK(cmio_signal_future_init(&signal, &bound->io));
    struct giving_up giving_up = giving_up_after(&signal.future, polls, &pending);
    struct cmio_join_handle *handle = SPAWN(bound->executor, &giving_up);
    await_pending(bound->executor, &pending, polls);
    assert_int_equal(raise(SIGUSR2), 0);
    TEST_FAILS(join(bound->executor, handle), -ECANCELED);
    TEST_GIVES(next(bound), SIGUSR2);
}

static void a_wait_that_is_dropped_loses_no_signal(void **state) {
    struct bound bound;
    struct cmio_signal_future signal;
    bound_open(state, &bound);
    drop_after(&bound, 0);
    drop_after(&bound, 1);
    TEST_OK(cmio_signal_future_init(&signal, &bound.io));
    abort_waiting(bound.executor, &signal.future);
    drop_after(&bound, 1);
    bound_close(&bound);
}

static void what_has_no_signals_is_refused(void **state) {
    struct bound bound;
    struct cmio_io unbound = {0};
    struct cmio_signal_future signal;
    bound_open(state, &bound);
    TEST_FAILS(cmio_signal_future_init(&signal, &unbound), -EINVAL);
    TEST_FAILS(cmio_signal_future_init(&signal, NULL), -EINVAL);
    TEST_FAILS(cmio_signal_future_init(NULL, &bound.io), -EINVAL);
    bound_close(&bound);
}

static void no_bytes_go_through_a_binding_of_signals(void **state) {
    struct bound bound;
    bound_open(state, &bound);
    expect_no_bytes(&bound.io);
    bound_close(&bound);
}

static const struct CMUnitTest tests[] = {
    WORKERS_ROWS(a_signal_that_was_delivered_is_told_once),
    WORKERS_ROWS(a_task_waits_for_a_signal),
    WORKERS_ROWS(a_wait_that_is_dropped_loses_no_signal),
    WORKERS_ROWS(what_has_no_signals_is_refused),
    WORKERS_ROWS(no_bytes_go_through_a_binding_of_signals),
};

TEST_GROUP(async_signal, tests)
