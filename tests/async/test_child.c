/* SPDX-License-Identifier: MIT */

/* Child processes whose end tasks wait for. */
#include "async/io_support.h"
#include "support/children.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that ends with 7 when it gets a byte. */
struct bound {
    struct cmio_executor *executor;
    int pipe;
    struct cmio_child child;
    struct cmio_io io;
};

static void start(struct bound *bound) {
    int fds[2];
    char byte;
    assert_int_equal(pipe(fds), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(fds[1]);
        (void)!read(fds[0], &byte, 1);
        _exit(7);
    }
    test_close(fds[0]);
    bound->pipe = fds[1];
    TEST_OK(cmio_child_init(&bound->child, pid));
}

static void bound_open(void **state, struct bound *bound) {
    test_skip_without_children();
    start(bound);
    bound->executor = new_executor(SUBJECT(state)->workers);
    TEST_OK(cmio_io_bind_child(&bound->io, bound->executor, &bound->child));
}

static void bound_close(struct bound *bound) {
    TEST_OK(cmio_io_close(&bound->io));
    TEST_OK(cmio_child_close(&bound->child));
    test_close(bound->pipe);
    cmio_executor_free(bound->executor);
}

static void expect_end(struct bound *bound) {
    int status = -1;
    struct cmio_child_exit_future child_exit;
    TEST_OK(cmio_child_exit_future_init(&child_exit, &bound->io, &status));
    TEST_OK(cmio_block_on(bound->executor, &child_exit.future));
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

static void a_task_waits_for_the_end_of_a_process(void **state) {
    struct bound bound;
    atomic_int pending = 0;
    int status = -1;
    bound_open(state, &bound);
    struct cmio_child_exit_future child_exit;
    TEST_OK(cmio_child_exit_future_init(&child_exit, &bound.io, &status));
    struct giving_up waiting = giving_up_after(&child_exit.future, 1 << 20, &pending);
    struct cmio_join_handle *handle = SPAWN(bound.executor, &waiting);
    await_pending(bound.executor, &pending, 1);
    test_put(bound.pipe, 1);
    TEST_OK(join(bound.executor, handle));
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    expect_end(&bound);
    bound_close(&bound);
}

static void the_signal_that_ended_it_is_told(void **state) {
    struct bound bound;
    int status = -1;
    bound_open(state, &bound);
    struct cmio_child_exit_future child_exit;
    TEST_OK(cmio_child_exit_future_init(&child_exit, &bound.io, &status));
    TEST_OK(cmio_child_kill(&bound.child, SIGKILL));
    TEST_OK(cmio_block_on(bound.executor, &child_exit.future));
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    bound_close(&bound);
}

static void a_wait_that_is_dropped_keeps_the_status(void **state) {
    struct bound bound;
    int status = -1;
    atomic_int pending = 0;
    struct cmio_child_exit_future child_exit;
    bound_open(state, &bound);
    TEST_OK(cmio_child_exit_future_init(&child_exit, &bound.io, &status));
    cmio_future_drop(&child_exit.future);
    TEST_OK(cmio_child_exit_future_init(&child_exit, &bound.io, &status));
    abort_waiting(bound.executor, &child_exit.future);
    TEST_OK(cmio_child_exit_future_init(&child_exit, &bound.io, &status));
    struct giving_up giving_up = giving_up_after(&child_exit.future, 1, &pending);
    struct cmio_join_handle *handle = SPAWN(bound.executor, &giving_up);
    await_pending(bound.executor, &pending, 1);
    test_put(bound.pipe, 1);
    TEST_FAILS(join(bound.executor, handle), -ECANCELED);
    assert_int_equal(status, -1);
    expect_end(&bound);
    bound_close(&bound);
}

static void a_status_that_somebody_else_took_is_an_error(void **state) {
    struct bound bound;
    int status = -1;
    bound_open(state, &bound);
    test_put(bound.pipe, 1);
    const pid_t pid = cmio_child_pid(&bound.child);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    struct cmio_child_exit_future child_exit;
    TEST_OK(cmio_child_exit_future_init(&child_exit, &bound.io, &status));
    TEST_FAILS(cmio_block_on(bound.executor, &child_exit.future), -ECHILD);
    assert_int_equal(status, -1);
    bound_close(&bound);
}

static void what_is_no_process_is_refused(void **state) {
    struct bound bound;
    int status;
    struct cmio_io unbound = {0};
    struct cmio_child_exit_future child_exit;
    bound_open(state, &bound);
    TEST_FAILS(cmio_child_exit_future_init(&child_exit, &unbound, &status), -EINVAL);
    TEST_FAILS(cmio_child_exit_future_init(&child_exit, NULL, &status), -EINVAL);
    TEST_FAILS(cmio_child_exit_future_init(&child_exit, &bound.io, NULL), -EINVAL);
    TEST_FAILS(cmio_child_exit_future_init(NULL, &bound.io, &status), -EINVAL);
    test_put(bound.pipe, 1);
    expect_end(&bound);
    bound_close(&bound);
}

static void no_bytes_go_through_a_binding_of_a_child(void **state) {
    struct bound bound;
    bound_open(state, &bound);
    expect_no_bytes(&bound.io);
    bound_close(&bound);
}

static const struct CMUnitTest tests[] = {
    WORKERS_ROWS(a_task_waits_for_the_end_of_a_process),
    WORKERS_ROWS(the_signal_that_ended_it_is_told),
    WORKERS_ROWS(a_wait_that_is_dropped_keeps_the_status),
    WORKERS_ROWS(a_status_that_somebody_else_took_is_an_error),
    WORKERS_ROWS(what_is_no_process_is_refused),
    WORKERS_ROWS(no_bytes_go_through_a_binding_of_a_child),
};

TEST_GROUP(async_child, tests)
