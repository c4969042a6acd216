/* SPDX-License-Identifier: MIT */

/*
 * The wait between the program and a backend, with a backend and a clock of the test's own, so that
 * days pass in no time.
 */
#include <cmio/poll.h>

#include <errno.h>
#include <string.h>

#include "core/backend.h"
#include "core/backends.h"
#include "support/test.h"

enum { MOST_WAITS = 32 };

#define DAY (86400 * CMIO_SECOND)

/* What the waits do in turn, and what they were asked for. */
static struct {
    int64_t now;
    int waits;
    int64_t asked[MOST_WAITS];
    int64_t lasts[MOST_WAITS]; /* how long each takes; 0: as long as it was asked to */
    int results[MOST_WAITS];
} script;

int64_t cmio_now(void) {
    return script.now;
}

static int fake_open(struct cmio__selector **out) {
    *out = NULL;
    return 0;
}

static void fake_close(struct cmio__selector *selector) {
    (void)selector;
}

static int fake_wait(struct cmio__selector *selector, struct cmio_events *events, int64_t timeout) {
    (void)selector, (void)events;
    assert_true(script.waits < MOST_WAITS);
    const int number = script.waits++;
    script.asked[number] = timeout;
    script.now += script.lasts[number] > 0 ? script.lasts[number] : timeout;
    return script.results[number];
}

static const struct cmio__backend fake = {
    .name = "fake",
    .open = fake_open,
    .close = fake_close,
    .wait = fake_wait,
};

const struct cmio__backend *cmio__backends_find(const char *name) {
    (void)name;
    return &fake;
}

size_t cmio__backends_record_size(void) {
    return 0;
}

struct setting {
    struct cmio_poll *poll;
    struct cmio_events *events;
};

static void setting_open(struct setting *setting, int64_t now) {
    memset(&script, 0, sizeof script);
    script.now = now;
    assert_int_equal(cmio_poll_new_with(&setting->poll, NULL), 0);
    assert_int_equal(cmio_events_new(&setting->events, 4), 0);
}

static void setting_close(struct setting *setting) {
    cmio_events_free(setting->events);
    cmio_poll_free(setting->poll);
}

static void expect_asked(int number, int64_t timeout) {
    assert_true(number < script.waits);
    assert_true(script.asked[number] == timeout);
}

static void a_wait_of_a_day_is_one_piece(void **state) {
    (void)state;
    static const int64_t timeouts[] = {CMIO_FOREVER, 0, 1, DAY - 1, DAY};
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        struct setting setting;
        setting_open(&setting, 5 * DAY);
        assert_int_equal(cmio_poll_wait(setting.poll, setting.events, timeouts[i]), 0);
        assert_int_equal(script.waits, 1);
        expect_asked(0, timeouts[i]);
        setting_close(&setting);
    }
}

static void a_wait_of_more_than_a_day_goes_on_until_its_time_is_up(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, 5 * DAY);
    assert_int_equal(cmio_poll_wait(setting.poll, setting.events, 2 * DAY + 7), 0);
    assert_int_equal(script.waits, 3);
    expect_asked(0, DAY);
    expect_asked(1, DAY);
    expect_asked(2, 7);
    assert_true(script.now == 7 * DAY + 7);
    setting_close(&setting);
}

static void a_day_and_a_nanosecond_is_more_than_a_day(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, 0);
    assert_int_equal(cmio_poll_wait(setting.poll, setting.events, DAY + 1), 0);
    assert_int_equal(script.waits, 2);
    expect_asked(0, DAY);
    expect_asked(1, 1);
    setting_close(&setting);
}

static void what_a_piece_took_too_long_is_not_waited_for_again(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, 3);
    script.lasts[0] = DAY + CMIO_SECOND;
    assert_int_equal(cmio_poll_wait(setting.poll, setting.events, 2 * DAY), 0);
    assert_int_equal(script.waits, 2);
    expect_asked(1, DAY - CMIO_SECOND);
    setting_close(&setting);

    setting_open(&setting, 3);
    script.lasts[0] = 3 * DAY;
    assert_int_equal(cmio_poll_wait(setting.poll, setting.events, 2 * DAY), 0);
    assert_int_equal(script.waits, 1);
    setting_close(&setting);
}

static void an_event_or_an_error_ends_a_wait_of_days_in_any_piece(void **state) {
    (void)state;
    static const int results[] = {1, 4, -EINTR, -EMFILE};
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        struct setting setting;
        setting_open(&setting, 0);
        script.results[2] = results[i];
        script.lasts[2] = 1;
        assert_int_equal(cmio_poll_wait(setting.poll, setting.events, 20 * DAY), results[i]);
        assert_int_equal(script.waits, 3);
        assert_int_equal(cmio_events_count(setting.events), results[i] > 0 ? results[i] : 0);
        setting_close(&setting);
    }
}

static void the_longest_wait_overflows_no_deadline(void **state) {
    (void)state;
    static const int64_t timeouts[] = {INT64_MAX, INT64_MAX - 1, INT64_MAX - 9 * DAY};
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        struct setting setting;
        setting_open(&setting, 10 * DAY);
        script.results[20] = 1;
        assert_int_equal(cmio_poll_wait(setting.poll, setting.events, timeouts[i]), 1);
        assert_int_equal(script.waits, 21);
        for (int number = 0; number < script.waits; number++)
            expect_asked(number, DAY);
        setting_close(&setting);
    }
}

static void a_wait_near_the_end_of_the_clock_ends_with_it(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, INT64_MAX - DAY - 5);
    assert_int_equal(cmio_poll_wait(setting.poll, setting.events, 3 * DAY), 0);
    assert_int_equal(script.waits, 2);
    expect_asked(0, DAY);
    expect_asked(1, 5);
    setting_close(&setting);
}

static void a_deadline_is_waited_for_from_now_on(void **state) {
    (void)state;
    static const struct {
        int64_t deadline;
        int64_t asked;
    } rows[] = {
        {1000, 0},
        {999, 0},
        {0, 0},
        {1001, 1},
        {1000 + CMIO_SECOND, CMIO_SECOND},
        {CMIO_FOREVER, CMIO_FOREVER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setting setting;
        setting_open(&setting, 1000);
        assert_int_equal(cmio_poll_wait_until(setting.poll, setting.events, rows[i].deadline), 0);
        assert_int_equal(script.waits, 1);
        expect_asked(0, rows[i].asked);
        setting_close(&setting);
    }
}

static void a_wait_that_failed_may_be_followed_by_another(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting, 0);
    script.results[0] = -EINTR;
    script.results[1] = 2;
    assert_int_equal(cmio_poll_wait(setting.poll, setting.events, 1), -EINTR);
    assert_int_equal(cmio_events_count(setting.events), 0);
    assert_int_equal(cmio_poll_wait(setting.poll, setting.events, 1), 2);
    assert_int_equal(cmio_events_count(setting.events), 2);
    assert_int_equal(cmio_poll_wait(setting.poll, setting.events, CMIO_FOREVER - 1), -EINVAL);
    assert_int_equal(cmio_events_count(setting.events), 0);
    assert_int_equal(script.waits, 2);
    setting_close(&setting);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_wait_of_a_day_is_one_piece),
    cmocka_unit_test(a_wait_of_more_than_a_day_goes_on_until_its_time_is_up),
    cmocka_unit_test(a_day_and_a_nanosecond_is_more_than_a_day),
    cmocka_unit_test(what_a_piece_took_too_long_is_not_waited_for_again),
    cmocka_unit_test(an_event_or_an_error_ends_a_wait_of_days_in_any_piece),
    cmocka_unit_test(the_longest_wait_overflows_no_deadline),
    cmocka_unit_test(a_wait_near_the_end_of_the_clock_ends_with_it),
    cmocka_unit_test(a_deadline_is_waited_for_from_now_on),
    cmocka_unit_test(a_wait_that_failed_may_be_followed_by_another),
};

TEST_GROUP(core_poll, tests)
