/* SPDX-License-Identifier: MIT */

/* What a debug build of libcmio-async reports to standard error. The library here is such a build. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "async/tasks.h"

/* Standard error, which goes into a file meanwhile. */
struct report {
    FILE *file;
    int before;
};

static struct report begin_report(void) {
    struct report report = {tmpfile(), dup(STDERR_FILENO)};
    assert_non_null(report.file);
    assert_true(report.before >= 0);
    assert_int_equal(dup2(fileno(report.file), STDERR_FILENO), STDERR_FILENO);
    return report;
}

/* How often the text was reported so far. */
static int count_in_report(const struct report *report, const char *text) {
    char said[4096];
    int count = 0;
    const ssize_t length = pread(fileno(report->file), said, sizeof said - 1, 0);
    said[length > 0 ? length : 0] = '\0';
    for (const char *at = said; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

static void end_report(const struct report *report) {
    assert_int_equal(dup2(report->before, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(close(report->before), 0);
    assert_int_equal(fclose(report->file), 0);
}

/* A task that yields, and then does not return before it is told to, or the time is up. */
struct hog {
    struct cmio_future future;
    struct cmio_yield_future yield;
    int64_t duration;
    const struct report *until_reported;
};

/* Once it was reported, it goes on for a while, in which it must not be reported again. */
static void spin(const struct hog *hog) {
    int64_t end = test_now() + hog->duration;
    bool was_reported = hog->until_reported == NULL;
    while (test_now() < end)
        if (!was_reported && count_in_report(hog->until_reported, "last awaited: yield") > 0) {
            was_reported = true;
            end = test_now() + 10 * CMIO_MILLISECOND;
        }
}

static enum cmio_future_state poll_hog(struct cmio_future *future, struct cmio_context *context) {
    struct hog *hog = (struct hog *)future;
    if (cmio_future_poll(&hog->yield.future, context) == CMIO_PENDING)
        return CMIO_PENDING;
    spin(hog);
    return CMIO_READY;
}

static void drop_hog(struct cmio_future *future) {
    cmio_future_drop(&((struct hog *)future)->yield.future);
}

static struct cmio_executor *new_watched(void **state, int64_t slow_poll) {
    struct cmio_executor *executor = NULL;
    TEST_OK(cmio_executor_new(&executor,
                              &(struct cmio_executor_options){.workers = *(const int *)*state,
                                                              .backend = test_backend(),
                                                              .slow_poll = slow_poll}));
    return executor;
}

static void run_hog(struct cmio_executor *executor, int64_t duration,
                    const struct report *until_reported) {
    static const struct cmio_future_ops ops = {"of the test", poll_hog, drop_hog};
    struct hog hog = {.future.ops = &ops, .duration = duration, .until_reported = until_reported};
    struct cmio_join_handle *handle = NULL;
    TEST_OK(cmio_yield_future_init(&hog.yield));
    TEST_OK(cmio_spawn(executor, &hog.future, sizeof hog,
                       &(struct cmio_spawn_options){.name = "hog"}, &handle));
    TEST_OK(join(executor, handle));
}

static void a_poll_longer_than_the_threshold_is_reported_with_what_its_task_awaited(void **state) {
    const struct report report = begin_report();
    struct cmio_executor *executor = new_watched(state, 2 * CMIO_MILLISECOND);
    run_hog(executor, 3 * CMIO_MILLISECOND, NULL);
    cmio_executor_free(executor);
    const int named = count_in_report(&report, "task \"hog\" (of the test) did not give way for");
    const int awaited = count_in_report(&report, "last awaited: yield");
    end_report(&report);
    assert_true(named >= 1); /* on a busy machine its first poll may take as long */
    assert_true(awaited >= 1);
}

static void a_poll_that_goes_on_is_reported_once_meanwhile(void **state) {
    const struct report report = begin_report();
    struct cmio_executor *executor = new_watched(state, CMIO_MILLISECOND);
    run_hog(executor, 30 * CMIO_SECOND, &report);
    cmio_executor_free(executor);
    const int named = count_in_report(&report, "task \"hog\" (of the test) runs");
    const int awaited = count_in_report(&report, "last awaited: yield");
    end_report(&report);
    assert_true(named >= 1);
    assert_int_equal(awaited, 2); /* while it runs, and when it has given way */
}

static void without_a_threshold_no_poll_is_reported(void **state) {
    const struct report report = begin_report();
    struct cmio_executor *executor = new_watched(state, CMIO_FOREVER);
    run_hog(executor, 3 * CMIO_MILLISECOND, NULL);
    cmio_executor_free(executor);
    const int said = count_in_report(&report, "cmio-async");
    end_report(&report);
    assert_int_equal(said, 0);
}

static void a_negative_threshold_is_refused(void **state) {
    struct cmio_executor *executor = NULL;
    TEST_FAILS(cmio_executor_new(&executor,
                                 &(struct cmio_executor_options){.workers = *(const int *)*state,
                                                                 .slow_poll = -2}),
               -EINVAL);
}

static struct cmio_task_waker kept[3];

static void keep_wakers(struct cmio_context *context) {
    for (int i = 0; i < 3; i++)
        TEST_OK(cmio_task_waker_clone(cmio_context_waker(context), &kept[i]));
}

static void drop_wakers(int count) {
    for (int i = 0; i < count; i++)
        cmio_task_waker_drop(&kept[i]);
}

static void wakers_that_are_left_at_shutdown_are_counted_once(void **state) {
    const struct report report = begin_report();
    struct cmio_executor *executor = new_watched(state, CMIO_FOREVER);
    run_body(executor, keep_wakers);
    drop_wakers(1);
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    cmio_executor_free(executor);
    const int said = count_in_report(&report, " 2 were cloned and not dropped");
    end_report(&report);
    drop_wakers(3);
    assert_int_equal(said, 1);
}

static void wakers_that_were_dropped_are_not_counted(void **state) {
    const struct report report = begin_report();
    struct cmio_executor *executor = new_watched(state, CMIO_FOREVER);
    run_body(executor, keep_wakers);
    drop_wakers(3);
    run_hog(executor, 0, NULL); /* a join keeps one for a while */
    cmio_executor_free(executor);
    const int said = count_in_report(&report, "cmio-async");
    end_report(&report);
    assert_int_equal(said, 0);
}

static atomic_int handled;

static void note_signal(int number) {
    (void)number;
    atomic_fetch_add(&handled, 1);
}

static void no_thread_of_an_executor_takes_a_signal_of_the_program(void **state) {
    struct cmio_executor *executor = new_watched(state, 10 * CMIO_SECOND);
    struct sigaction before, noting = {.sa_handler = note_signal};
    sigset_t usual, blocked;
    int number = 0;
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGUSR1);
    assert_int_equal(sigaction(SIGUSR1, &noting, &before), 0);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &blocked, &usual), 0);
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    for (int i = 0; i < 20; i++)
        test_pause();
    assert_int_equal(atomic_load(&handled), 0);
    assert_int_equal(sigwait(&blocked, &number), 0); /* it is still the program's */
    assert_int_equal(number, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &usual, NULL), 0);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    cmio_executor_free(executor);
}

static const struct CMUnitTest tests[] = {
    ROWS(a_poll_longer_than_the_threshold_is_reported_with_what_its_task_awaited),
    ROWS(a_poll_that_goes_on_is_reported_once_meanwhile),
    ROWS(without_a_threshold_no_poll_is_reported),
    ROWS(a_negative_threshold_is_refused),
    ROWS(wakers_that_are_left_at_shutdown_are_counted_once),
    ROWS(wakers_that_were_dropped_are_not_counted),
    ROWS(no_thread_of_an_executor_takes_a_signal_of_the_program),
};

TEST_GROUP(async_debug, tests)
