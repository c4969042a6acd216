/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <math.h>
#include <stdlib.h>

#include "statistics.h"

/* The places of some percentiles among all. */
enum { AT_50, AT_75, AT_90, AT_95, AT_99_0, AT_99_5, AT_99_9 };

static void assert_near(double value, double expected) {
    if (fabs(value - expected) > 1e-9 * fabs(expected) + 1e-9)
        fail_msg("%.12g is not %.12g", value, expected);
}

static void no_values_have_no_figures(void **state) {
    (void)state;
    struct statistics statistics = statistics_of(NULL, 0);
    assert_int_equal(statistics.count, 0);
    assert_int_equal(statistics.maximum, 0);
    assert_near(statistics.average, 0);
}

static void one_value_is_every_figure_and_does_not_deviate(void **state) {
    (void)state;
    int64_t values[] = {42};
    struct statistics statistics = statistics_of(values, 1);
    assert_int_equal(statistics.count, 1);
    assert_int_equal(statistics.minimum, 42);
    assert_int_equal(statistics.median, 42);
    assert_int_equal(statistics.percentiles[AT_99_0], 42);
    assert_int_equal(statistics.percentiles[AT_99_9], 42);
    assert_int_equal(statistics.maximum, 42);
    assert_near(statistics.average, 42);
    assert_near(statistics.deviation, 0);
}

/*
 * The standard deviation of 2 4 4 4 5 5 7 9 over the whole population is 2: squares sum up to 32.
 */
static void known_data_has_its_known_figures(void **state) {
    (void)state;
    int64_t values[] = {9, 4, 5, 2, 4, 7, 4, 5};
    struct statistics statistics = statistics_of(values, 8);
    assert_int_equal(statistics.minimum, 2);
    assert_int_equal(statistics.maximum, 9);
    assert_int_equal(statistics.median, 4); /* between 4 and 5, and nanoseconds are whole */
    assert_near(statistics.average, 5);
    assert_near(statistics.deviation, sqrt(32.0 / 7.0));
}

static void the_median_of_an_even_count_is_midway(void **state) {
    (void)state;
    int64_t even[] = {40, 10, 30, 20};
    int64_t odd[] = {40, 10, 30};
    int64_t large[] = {INT64_MAX, INT64_MAX - 2};
    assert_int_equal(statistics_of(even, 4).median, 25);
    assert_int_equal(statistics_of(odd, 3).median, 30);
    assert_true(statistics_of(large, 2).median == INT64_MAX - 1);
}

/* With the values 1 to count, the value at a rank is the rank. */
static void percentiles_are_those_of_the_nearest_rank(void **state) {
    (void)state;
    static const struct {
        size_t count;
        int64_t at_50;
        int64_t at_75;
        int64_t at_90;
        int64_t at_95;
        int64_t at_99_0;
        int64_t at_99_5;
        int64_t at_99_9;
    } cases[] = {
        {2, 1, 2, 2, 2, 2, 2, 2},
        {99, 50, 75, 90, 95, 99, 99, 99},
        {100, 50, 75, 90, 95, 99, 100, 100},
        {101, 51, 76, 91, 96, 100, 101, 101},
        {150, 75, 113, 135, 143, 149, 150, 150},
        {200, 100, 150, 180, 190, 198, 199, 200},
        {1000, 500, 750, 900, 950, 990, 995, 999},
        {1001, 501, 751, 901, 951, 991, 996, 1000},
        {12345, 6173, 9259, 11111, 11728, 12222, 12284, 12333},
        {100000, 50000, 75000, 90000, 95000, 99000, 99500, 99900},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t *values = malloc(cases[i].count * sizeof *values);
        assert_non_null(values);
        for (size_t j = 0; j < cases[i].count; j++)
            values[j] = (int64_t)(cases[i].count - j);
        struct statistics statistics = statistics_of(values, cases[i].count);
        assert_int_equal(statistics.percentiles[AT_50], cases[i].at_50);
        assert_int_equal(statistics.percentiles[AT_75], cases[i].at_75);
        assert_int_equal(statistics.percentiles[AT_90], cases[i].at_90);
        assert_int_equal(statistics.percentiles[AT_95], cases[i].at_95);
        assert_int_equal(statistics.percentiles[AT_99_0], cases[i].at_99_0);
        assert_int_equal(statistics.percentiles[AT_99_5], cases[i].at_99_5);
        assert_int_equal(statistics.percentiles[AT_99_9], cases[i].at_99_9);
        assert_int_equal(statistics.maximum, cases[i].count);
        free(values);
    }
}

/* A naive difference of sums of squares would have nothing left of the deviation here. */
static void small_deviations_of_large_values_are_kept(void **state) {
    (void)state;
    int64_t values[] = {INT64_C(4000000000000000), INT64_C(4000000000000001),
                        INT64_C(4000000000000002)};
    struct statistics statistics = statistics_of(values, 3);
    assert_near(statistics.average, 4000000000000001.0);
    assert_near(statistics.deviation, 1);
}

static void zeros_are_values_too(void **state) {
    (void)state;
    int64_t values[] = {0, 0, 0};
    struct statistics statistics = statistics_of(values, 3);
    assert_int_equal(statistics.count, 3);
    assert_int_equal(statistics.maximum, 0);
    assert_near(statistics.deviation, 0);
}

static void bars_go_from_the_minimum_to_the_maximum_and_hold_every_value(void **state) {
    (void)state;
    int64_t values[] = {1, 1, 2, 5, 9, 10, 100, 1000, 9999, 10240, 1024};
    struct statistics statistics = statistics_of(values, 11);
    uint64_t count = 0;
    assert_near(statistics.bars[0].from, 1);
    assert_near(statistics.bars[BARS - 1].to, 10240);
    for (int i = 0; i < BARS; i++) {
        const struct bar *bar = &statistics.bars[i];
        uint64_t expected = 0;
        for (size_t j = 0; j < 11; j++)
            expected += (double)values[j] >= bar->from &&
                        ((double)values[j] < bar->to || (i == BARS - 1 && values[j] == 10240));
        assert_int_equal(bar->count, expected);
        assert_true(bar->from < bar->to);
        assert_true(i == 0 || bar->from == statistics.bars[i - 1].to);
        count += bar->count;
    }
    assert_int_equal(count, 11);
}

static void bars_of_equal_values_have_all_in_the_last(void **state) {
    (void)state;
    int64_t equal[] = {7, 7, 7};
    int64_t zeros[] = {0, 0};
    assert_int_equal(statistics_of(equal, 3).bars[BARS - 1].count, 3);
    assert_near(statistics_of(equal, 3).bars[BARS - 1].to, 7);
    assert_int_equal(statistics_of(zeros, 2).bars[BARS - 1].count, 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(bars_go_from_the_minimum_to_the_maximum_and_hold_every_value),
    cmocka_unit_test(bars_of_equal_values_have_all_in_the_last),
    cmocka_unit_test(no_values_have_no_figures),
    cmocka_unit_test(one_value_is_every_figure_and_does_not_deviate),
    cmocka_unit_test(known_data_has_its_known_figures),
    cmocka_unit_test(the_median_of_an_even_count_is_midway),
    cmocka_unit_test(percentiles_are_those_of_the_nearest_rank),
    cmocka_unit_test(small_deviations_of_large_values_are_kept),
    cmocka_unit_test(zeros_are_values_too),
};

TEST_GROUP(drill_statistics, tests)
