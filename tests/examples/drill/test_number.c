/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include "number.h"

static void whole_numbers_are_read_within_their_bounds(void **state) {
    (void)state;
    uint64_t value = 0;
    assert_true(number_parse("0", 0, 10, &value) && value == 0);
    assert_true(number_parse("10", 1, 10, &value) && value == 10);
    assert_true(number_parse("18446744073709551615", 0, UINT64_MAX, &value));
    assert_true(value == UINT64_MAX);
    assert_true(number_parse("9", 0, 9, &value) && value == 9);
}

static void what_is_no_whole_number_is_refused_and_changes_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"",    " 1",  "1 ", "+1",  "-1",  "1.",
                                        "1.0", "0x1", "01", "1e3", "one", "18446744073709551616"};
    uint64_t value = 7;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(number_parse(texts[i], 0, UINT64_MAX, &value));
    assert_false(number_parse("0", 1, 10, &value));
    assert_false(number_parse("11", 1, 10, &value));
    assert_false(number_parse("4", 0, 3, &value));
    assert_int_equal(value, 7);
}

static void seconds_are_read_to_the_nanosecond(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"0", 0},
        {"2", 2000000000},
        {"0.5", 500000000},
        {"1.25", 1250000000},
        {"0.000000001", 1},
        {"3.000000000", 3000000000},
        {"999999.999999999", INT64_C(999999999999999)},
        {"1000000", INT64_C(1000000000000000)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = -1;
        assert_true(seconds_parse(cases[i].text, &value));
        assert_true(value == cases[i].value);
    }
}

static void what_is_not_seconds_is_refused_and_changes_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"",   ".5", "1.",  "1.0000000001", "-1",
                                        "1s", "01", "1e3", "1000000.1",    "1000001",
                                        " 1", "1 ", "1,5", "inf",          "nan"};
    int64_t value = 7;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(seconds_parse(texts[i], &value));
    assert_int_equal(value, 7);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(whole_numbers_are_read_within_their_bounds),
    cmocka_unit_test(what_is_no_whole_number_is_refused_and_changes_nothing),
    cmocka_unit_test(seconds_are_read_to_the_nanosecond),
    cmocka_unit_test(what_is_not_seconds_is_refused_and_changes_nothing),
};

TEST_GROUP(drill_number, tests)
