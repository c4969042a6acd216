/* SPDX-License-Identifier: MIT */

/*
 * The wait of the poll(2) backend, with poll(2) and the clock turned to the test by the linker:
 * what is asked of poll(2) after each of its answers.
 */
#include "support/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/backend.h"
#include "core/events.h"
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

/* For tests of many sources: poll(2) itself answers, and the test keeps what it was asked for. */
static struct {
    bool is_on;
    bool fails; /* the next call */
    int calls;
    size_t counts[MOST_CALLS]; /* of entries, of the first calls */
} crowd_calls;

int __real_cmio__poll_wait_entries(struct pollfd *entries, size_t count, int64_t timeout);
static int ask_for_crowd(struct pollfd *entries, size_t count, int64_t timeout) {
    if (crowd_calls.calls < MOST_CALLS)
        crowd_calls.counts[crowd_calls.calls] = count;
    crowd_calls.calls++;
    if (!crowd_calls.fails)
        return __real_cmio__poll_wait_entries(entries, count, timeout);
    crowd_calls.fails = false;
    return answer(entries, count, FAILED);
}

int __wrap_cmio__poll_wait_entries(struct pollfd *entries, size_t count, int64_t timeout);
int __wrap_cmio__poll_wait_entries(struct pollfd *entries, size_t count, int64_t timeout) {
    if (crowd_calls.is_on)
        return ask_for_crowd(entries, count, timeout);
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

/*
 * Many sources. Source i is the reading end of a pipe, with i as its token, and is ready while the
 * pipe holds a byte. The selector has these entries alone, in an order that the tests know.
 */
enum { CROWD = 100, ROOM = 10, NONE = -1 };

struct crowd {
    struct cmio__selector *selector;
    struct cmio_events *events;
    int fds[CROWD][2];
    bool is_ready[CROWD];
    int places[CROWD]; /* the source at each place of the list */
    int count;         /* of places */
};

static void crowd_register(struct crowd *crowd, int source, cmio_interest interest) {
    assert_int_equal(cmio__poll_backend.register_fd(crowd->selector, crowd->fds[source][0],
                                                    (cmio_token)source, interest),
                     0);
    crowd->places[crowd->count++] = source;
}

/* The last one takes the place. */
static void crowd_deregister(struct crowd *crowd, int place) {
    const int fd = crowd->fds[crowd->places[place]][0];
    assert_int_equal(cmio__poll_backend.deregister_fd(crowd->selector, fd), 0);
    crowd->places[place] = crowd->places[--crowd->count];
}

static void crowd_set_ready(struct crowd *crowd, int source, bool ready) {
    char byte = 0;
    if (ready && !crowd->is_ready[source])
        assert_int_equal(write(crowd->fds[source][1], &byte, 1), 1);
    if (!ready && crowd->is_ready[source])
        assert_int_equal(read(crowd->fds[source][0], &byte, 1), 1);
    crowd->is_ready[source] = ready;
}

/* All sources are ready. */
static struct crowd *crowd_open(size_t room, cmio_interest interest) {
    struct crowd *crowd = calloc(1, sizeof *crowd);
    assert_non_null(crowd);
    memset(&crowd_calls, 0, sizeof crowd_calls);
    crowd_calls.is_on = true;
    assert_int_equal(cmio__poll_backend.open(&crowd->selector), 0);
    assert_int_equal(cmio_events_new(&crowd->events, room), 0);
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(pipe(crowd->fds[i]), 0);
        crowd_set_ready(crowd, i, true);
        crowd_register(crowd, i, interest);
    }
    return crowd;
}

static void crowd_close(struct crowd *crowd) {
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(close(crowd->fds[i][0]), 0);
        assert_int_equal(close(crowd->fds[i][1]), 0);
    }
    cmio_events_free(crowd->events);
    cmio__poll_backend.close(crowd->selector);
    free(crowd);
    crowd_calls.is_on = false;
}

static int crowd_wait(struct crowd *crowd) {
    return cmio__poll_backend.wait(crowd->selector, crowd->events, 0);
}

/* The batch holds these sources and the ones that follow them, in turn. */
static void expect_batch(struct crowd *crowd, int first, int count) {
    assert_int_equal(crowd_wait(crowd), count);
    for (int i = 0; i < count; i++)
        assert_int_equal(crowd->events->list[i].token, first + i);
}

static void expect_counts(int calls, const size_t *counts) {
    assert_int_equal(crowd_calls.calls, calls);
    for (int i = 0; i < calls; i++)
        assert_int_equal(crowd_calls.counts[i], counts[i]);
}

static void what_did_not_fit_is_asked_for_alone(void **state) {
    (void)state;
    struct crowd *crowd = crowd_open(20, CMIO_READABLE);
    for (int first = 0; first < CROWD; first += 20)
        expect_batch(crowd, first, 20);
    const size_t all = crowd_calls.counts[0];
    assert_in_range(all, CROWD, CROWD + 1); /* perhaps with the selector's own */
    expect_counts(5, (const size_t[]){all, 20, 20, 20, 20});
    assert_int_equal(crowd_wait(crowd), 0); /* each came once */
    assert_int_equal(crowd_calls.counts[5], all);
    crowd_close(crowd);
}

static void what_would_not_fill_a_batch_is_asked_for_with_all_others(void **state) {
    (void)state;
    struct crowd *crowd = crowd_open(40, CMIO_READABLE);
    expect_batch(crowd, 0, 40);
    expect_batch(crowd, 40, 40);
    expect_batch(crowd, 80, 20);
    const size_t all = crowd_calls.counts[0];
    expect_counts(3, (const size_t[]){all, 40, all});
    crowd_close(crowd);
}

static void what_is_not_ready_any_more_is_not_told(void **state) {
    (void)state;
    struct crowd *crowd = crowd_open(ROOM, CMIO_READABLE | CMIO_LEVEL);
    expect_batch(crowd, 0, ROOM);
    for (int i = 0; i < CROWD; i++)
        crowd_set_ready(crowd, i, i == 15 || i == 95);
    assert_int_equal(crowd_wait(crowd), 2);
    assert_int_equal(crowd->events->list[0].token, 15);
    assert_int_equal(crowd->events->list[1].token, 95);
    crowd_close(crowd);
}

static void an_error_among_what_did_not_fit_ends_the_wait_and_loses_nothing(void **state) {
    (void)state;
    struct crowd *crowd = crowd_open(ROOM, CMIO_READABLE);
    expect_batch(crowd, 0, ROOM);
    crowd_calls.fails = true;
    assert_int_equal(crowd_wait(crowd), -EINTR);
    for (int first = ROOM; first < CROWD; first += ROOM)
        expect_batch(crowd, first, ROOM);
    assert_int_equal(crowd_wait(crowd), 0);
    crowd_close(crowd);
}

static void *wait_until_cancelled(void *argument) {
    struct crowd *crowd = argument;
    assert_int_equal(pthread_cancel(pthread_self()), 0);
    (void)crowd_wait(crowd);
    return NULL;
}

static void a_wait_cancelled_among_what_did_not_fit_gives_the_entries_back(void **state) {
    (void)state;
    struct crowd *crowd = crowd_open(ROOM, CMIO_READABLE);
    expect_batch(crowd, 0, ROOM);
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, wait_until_cancelled, crowd), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    expect_counts(2, (const size_t[]){crowd_calls.counts[0], ROOM});
    crowd_deregister(crowd, CROWD - 1); /* would wait for ever if the entries were still polled */
    for (int first = ROOM; first < CROWD - ROOM; first += ROOM)
        expect_batch(crowd, first, ROOM);
    expect_batch(crowd, CROWD - ROOM, ROOM - 1);
    crowd_close(crowd);
}

/*
 * The model of a wait: all entries are asked for, and those that are ready come in their order,
 * starting behind the last one of the batch before.
 */
static int ready_after(const struct crowd *crowd, int *next, int *left) {
    for (; *left > 0; --*left) {
        const int source = crowd->places[*next < crowd->count ? *next : (*next = 0)];
        ++*next;
        if (crowd->is_ready[source]) {
            --*left;
            return source;
        }
    }
    return NONE;
}

static void expect_model(struct crowd *crowd, size_t room, int *next) {
    crowd->events->capacity = room;
    const int count = crowd_wait(crowd);
    int left = crowd->count;
    for (int i = 0; i < count; i++)
        assert_int_equal(crowd->events->list[i].token, ready_after(crowd, next, &left));
    if ((size_t)count < room) {
        const int last = *next;
        assert_int_equal(ready_after(crowd, next, &left), NONE);
        *next = last;
    }
}

static uint32_t random_below(uint32_t *seed, uint32_t limit) {
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % limit;
}

/* Makes some sources ready and others not, and registers or deregisters one now and then. */
static void disturb(struct crowd *crowd, uint32_t *seed, bool is_registered[CROWD]) {
    for (uint32_t times = random_below(seed, 8); times > 0; times--)
        crowd_set_ready(crowd, (int)random_below(seed, CROWD), random_below(seed, 3) > 0);
    const int source = (int)random_below(seed, 4 * CROWD);
    if (source < CROWD && !is_registered[source]) {
        crowd_register(crowd, source, CMIO_READABLE | CMIO_LEVEL);
        is_registered[source] = true;
    } else if (source < crowd->count && source < CROWD && crowd->count > CROWD / 2) {
        is_registered[crowd->places[source]] = false;
        crowd_deregister(crowd, source);
    }
}

static void batches_are_as_if_all_entries_were_asked_for_each_time(void **state) {
    (void)state;
    struct crowd *crowd = crowd_open(CROWD, CMIO_READABLE | CMIO_LEVEL);
    bool is_registered[CROWD];
    memset(is_registered, true, sizeof is_registered);
    uint32_t seed = 1;
    int next = 0;
    for (int turn = 0; turn < 20000; turn++) {
        expect_model(crowd, 1 + random_below(&seed, turn % 3 == 0 ? CROWD : 8), &next);
        if (random_below(&seed, 2) == 0)
            disturb(crowd, &seed, is_registered);
    }
    crowd_close(crowd);
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
    cmocka_unit_test(what_did_not_fit_is_asked_for_alone),
    cmocka_unit_test(what_would_not_fill_a_batch_is_asked_for_with_all_others),
    cmocka_unit_test(what_is_not_ready_any_more_is_not_told),
    cmocka_unit_test(an_error_among_what_did_not_fit_ends_the_wait_and_loses_nothing),
    cmocka_unit_test(a_wait_cancelled_among_what_did_not_fit_gives_the_entries_back),
    cmocka_unit_test(batches_are_as_if_all_entries_were_asked_for_each_time),
};

TEST_GROUP(poll_poll, tests)
