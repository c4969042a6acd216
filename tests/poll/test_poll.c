/* SPDX-License-Identifier: MIT */

/*
 * The wait of the poll(2) backend, with poll(2) and the clock turned to the test by the linker:
 * what is asked of poll(2) after each of its answers.
 */
#include "support/test.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "core/backend.h"
#include "poll/wait.h"

extern const struct cmio__backend cmio__poll_backend;

enum { MOST_CALLS = 8, CAPACITY = 4, TOKEN = 7 };

/* What poll(2) answers in turn. */
enum answer { TIME_IS_UP, INTERRUPTED, READY, BOTH, FAILED, ERROR_HOLDS };

static struct {
    int64_t now;
    int calls;
    int64_t asked[MOST_CALLS];
    int64_t lasts[MOST_CALLS];
    enum answer answers[MOST_CALLS];
} script;

int64_t __wrap_cmio_now(void);
int64_t __wrap_cmio_now(void) {
    return script.now;
}

/* The last entry is the selector's own, by which changes interrupt it. */
static int answer(struct pollfd *entries, size_t count, enum answer with) {
    const bool is_interrupted = with == INTERRUPTED || with == BOTH;
    const bool is_ready = with == READY || with == BOTH;
    for (size_t i = 0; i < count; i++)
        entries[i].revents = 0;
    if (is_ready)
        entries[0].revents = POLLIN;
    if (with == ERROR_HOLDS) {
        assert_true(entries[0].fd >= 0); /* it is asked for */
        entries[0].revents = POLLERR;
        return 1;
    }
    if (is_interrupted)
        entries[count - 1].revents = POLLIN;
    return with == FAILED ? -EINTR : is_ready + is_interrupted;
}

int __wrap_cmio__poll_wait_entries(struct pollfd *entries, size_t count, int64_t timeout);
int __wrap_cmio__poll_wait_entries(struct pollfd *entries, size_t count, int64_t timeout) {
    assert_true(script.calls < MOST_CALLS);
    const int number = script.calls++;
    script.asked[number] = timeout;
    assert_int_equal(count, 2); /* the pipe's, and the selector's own */
    script.now += script.lasts[number];
    return answer(entries, count, script.answers[number]);
}

struct setting {
    struct cmio__selector *selector;
    struct cmio_events *events;
    int fds[2];
    pthread_t other;
};

/* A second thread, which does nothing: without one, nobody could interrupt a wait. */
static void *read_until_the_end(void *argument) {
    char byte;
    while (read(*(int *)argument, &byte, 1) > 0)
        ;
    return NULL;
}

/* With the reading end of a pipe registered, so that there is more than the selector's own entry.
 */
static void setting_open(struct setting *setting) {
    memset(&script, 0, sizeof script);
    script.now = 1000;
    assert_int_equal(cmio__poll_backend.open(&setting->selector), 0);
    assert_int_equal(cmio_events_new(&setting->events, CAPACITY), 0);
    assert_int_equal(pipe(setting->fds), 0);
    assert_int_equal(pthread_create(&setting->other, NULL, read_until_the_end, setting->fds), 0);
    assert_int_equal(cmio__poll_backend.register_fd(setting->selector, setting->fds[0], TOKEN,
                                                    CMIO_READABLE | CMIO_LEVEL),
                     0);
}

static void setting_close(struct setting *setting) {
    assert_int_equal(close(setting->fds[1]), 0);
    assert_int_equal(pthread_join(setting->other, NULL), 0);
    assert_int_equal(close(setting->fds[0]), 0);
    cmio_events_free(setting->events);
    cmio__poll_backend.close(setting->selector);
}

static void script_call(int number, enum answer with, int64_t lasts) {
    script.answers[number] = with;
    script.lasts[number] = lasts;
}

static int wait_for(struct setting *setting, int64_t timeout) {
    return cmio__poll_backend.wait(setting->selector, setting->events, timeout);
}

static void expect_asked(int calls, const int64_t *timeouts) {
    assert_int_equal(script.calls, calls);
    for (int i = 0; i < calls; i++)
        assert_true(script.asked[i] == timeouts[i]);
}

static void an_interruption_does_not_begin_the_timeout_again(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    script_call(0, INTERRUPTED, 150);
    script_call(1, INTERRUPTED, 49);
    script_call(2, TIME_IS_UP, 1);
    assert_int_equal(wait_for(&setting, 200), 0);
    expect_asked(3, (const int64_t[]){200, 50, 1});
    setting_close(&setting);
}

static void an_interruption_after_the_time_is_up_ends_the_wait(void **state) {
    (void)state;
    for (int64_t late = 0; late < 2; late++) {
        struct setting setting;
        setting_open(&setting);
        script_call(0, INTERRUPTED, 200 + late);
        assert_int_equal(wait_for(&setting, 200), 0);
        expect_asked(1, (const int64_t[]){200});
        setting_close(&setting);
    }
}

static void a_kernel_that_is_early_is_asked_again_for_what_is_left(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    script_call(0, TIME_IS_UP, 170);
    script_call(1, TIME_IS_UP, 29);
    script_call(2, TIME_IS_UP, 5);
    assert_int_equal(wait_for(&setting, 200), 0);
    expect_asked(3, (const int64_t[]){200, 30, 1});
    setting_close(&setting);
}

static void forever_is_forever_after_an_interruption_too(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    script_call(0, INTERRUPTED, 5 * CMIO_SECOND);
    script_call(1, INTERRUPTED, 5 * CMIO_SECOND);
    script_call(2, READY, 5 * CMIO_SECOND);
    assert_int_equal(wait_for(&setting, CMIO_FOREVER), 1);
    expect_asked(3, (const int64_t[]){CMIO_FOREVER, CMIO_FOREVER, CMIO_FOREVER});
    setting_close(&setting);
}

static void no_timeout_is_one_look_whatever_comes_of_it(void **state) {
    (void)state;
    static const struct {
        enum answer answer;
        int result;
    } rows[] = {{TIME_IS_UP, 0}, {INTERRUPTED, 0}, {READY, 1}, {BOTH, 1}, {FAILED, -EINTR}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setting setting;
        setting_open(&setting);
        script_call(0, rows[i].answer, 1);
        assert_int_equal(wait_for(&setting, 0), rows[i].result);
        expect_asked(1, (const int64_t[]){0});
        setting_close(&setting);
    }
}

static void an_event_beside_an_interruption_ends_the_wait(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    script_call(0, BOTH, 1);
    assert_int_equal(wait_for(&setting, 200), 1);
    expect_asked(1, (const int64_t[]){200});
    assert_int_equal(setting.events->list[0].token, TOKEN);
    assert_int_equal(setting.events->list[0].ready, CMIO_READABLE);
    setting_close(&setting);
}

static void an_error_of_poll_ends_the_wait(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    script_call(0, INTERRUPTED, 1);
    script_call(1, FAILED, 1);
    assert_int_equal(wait_for(&setting, 200), -EINTR);
    expect_asked(2, (const int64_t[]){200, 199});
    setting_close(&setting);
}

/*
 * A source whose error was told and lasts rests. Each look at it is one poll(2) that does not wait,
 * and between the looks poll(2) sleeps.
 */
static void a_wait_sleeps_between_two_looks_at_an_error_that_lasts(void **state) {
    (void)state;
    struct setting setting;
    int pipe_ends[2];
    setting_open(&setting);
    assert_int_equal(cmio__poll_backend.deregister_fd(setting.selector, setting.fds[0]), 0);
    assert_int_equal(pipe(pipe_ends), 0);
    assert_int_equal(close(pipe_ends[0]), 0);
    assert_int_equal(
        cmio__poll_backend.register_fd(setting.selector, pipe_ends[1], TOKEN, CMIO_READABLE), 0);
    script_call(0, ERROR_HOLDS, 0);
    assert_int_equal(wait_for(&setting, CMIO_SECOND), 1);
    assert_int_equal(
        cmio__poll_backend.rearm(setting.selector, pipe_ends[1], CMIO_READABLE, CMIO__BLOCKED), 0);
    script_call(1, TIME_IS_UP, CMIO_MILLISECOND);
    script_call(2, ERROR_HOLDS, 0);
    script_call(3, TIME_IS_UP, 2 * CMIO_MILLISECOND);
    assert_int_equal(wait_for(&setting, 3 * CMIO_MILLISECOND), 0);
    expect_asked(4, (const int64_t[]){CMIO_SECOND, CMIO_MILLISECOND, 0, 2 * CMIO_MILLISECOND});
    assert_int_equal(cmio__poll_backend.deregister_fd(setting.selector, pipe_ends[1]), 0);
    assert_int_equal(close(pipe_ends[1]), 0);
    setting_close(&setting);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_interruption_does_not_begin_the_timeout_again),
    cmocka_unit_test(an_interruption_after_the_time_is_up_ends_the_wait),
    cmocka_unit_test(a_kernel_that_is_early_is_asked_again_for_what_is_left),
    cmocka_unit_test(forever_is_forever_after_an_interruption_too),
    cmocka_unit_test(no_timeout_is_one_look_whatever_comes_of_it),
    cmocka_unit_test(an_event_beside_an_interruption_ends_the_wait),
    cmocka_unit_test(an_error_of_poll_ends_the_wait),
    cmocka_unit_test(a_wait_sleeps_between_two_looks_at_an_error_that_lasts),
};

TEST_GROUP(poll_poll, tests)
