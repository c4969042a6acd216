/* SPDX-License-Identifier: MIT */
#include "common/numbers.h"

#include "support/test.h"

static const struct {
    const char *text;
    int64_t milliseconds;
} durations[] = {
    {"0", 0},
    {"10", 10000},
    {"10s", 10000},
    {"500ms", 500},
    {"0.5", 500},
    {"0.5ms", 0}, /* half of one */
    {"1.25s", 1250},
    {"2m", 120000},
    {"1.5m", 90000},
    {"1h", 3600000},
    {"0.0000000000000000001h", 0},
    {"8760h", INT64_C(31536000000)},
};

static void durations_have_units(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        int64_t out = -7;
        if (!duration_parse(durations[i].text, &out))
            fail_msg("refused: %s", durations[i].text);
        assert_int_equal(out / 1000000, durations[i].milliseconds);
    }
}

static void decimals_are_exact(void **state) {
    (void)state;
    int64_t out;
    assert_true(duration_parse("0.123456789", &out));
    assert_int_equal(out, 123456789);
    assert_true(duration_parse("0.5ms", &out));
    assert_int_equal(out, 500000);
}

static void what_is_no_duration_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        " 1",
        "1 ",
        "-1",
        "+1",
        "s",
        "ms",
        ".5",
        "5.",
        "1.s",
        "1,5",
        "1x",
        "1sec",
        "1 s",
        "1e3",
        "0x10",
        "1.2.3",
        "8761h",
        "99999999999999999999",
        "31536001",
        "1.5d",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t out = -7;
        if (duration_parse(texts[i], &out))
            fail_msg("taken: '%s'", texts[i]);
        assert_int_equal(out, -7);
    }
}

static void numbers_are_digits_up_to_a_limit(void **state) {
    (void)state;
    uint64_t out = 7;
    assert_true(number_parse("0", 0, &out));
    assert_int_equal(out, 0);
    assert_true(number_parse("65535", 65535, &out));
    assert_int_equal(out, 65535);
    assert_true(number_parse("0018446744073709551615", UINT64_MAX, &out));
    assert_true(out == UINT64_MAX);
    out = 7;
    assert_false(number_parse("65536", 65535, &out));
    assert_false(number_parse("1", 0, &out));
    assert_false(number_parse("18446744073709551616", UINT64_MAX, &out));
    assert_false(number_parse("", 10, &out));
    assert_false(number_parse("-1", 10, &out));
    assert_false(number_parse("+1", 10, &out));
    assert_false(number_parse(" 1", 10, &out));
    assert_false(number_parse("1 ", 10, &out));
    assert_false(number_parse("1x", 10, &out));
    assert_int_equal(out, 7);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(durations_have_units),
    cmocka_unit_test(decimals_are_exact),
    cmocka_unit_test(what_is_no_duration_is_refused),
    cmocka_unit_test(numbers_are_digits_up_to_a_limit),
};

TEST_GROUP(numbers, tests)
