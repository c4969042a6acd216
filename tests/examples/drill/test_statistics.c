/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <math.h>
#include <stdlib.h>

#include "statistics.h"

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
    assert_int_equal(statistics.percentile_99_0, 42);
    assert_int_equal(statistics.percentile_99_9, 42);
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
        int64_t at_99_0;
        int64_t at_99_5;
        int64_t at_99_9;
    } cases[] = {
        {2, 2, 2, 2},
        {99, 99, 99, 99},
        {100, 99, 100, 100},
        {101, 100, 101, 101},
        {150, 149, 150, 150},
        {200, 198, 199, 200},
        {1000, 990, 995, 999},
        {1001, 991, 996, 1000},
        {12345, 12222, 12284, 12333},
        {100000, 99000, 99500, 99900},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t *values = malloc(cases[i].count * sizeof *values);
        assert_non_null(values);
        for (size_t j = 0; j < cases[i].count; j++)
            values[j] = (int64_t)(cases[i].count - j);
        struct statistics statistics = statistics_of(values, cases[i].count);
        assert_int_equal(statistics.percentile_99_0, cases[i].at_99_0);
        assert_int_equal(statistics.percentile_99_5, cases[i].at_99_5);
        assert_int_equal(statistics.percentile_99_9, cases[i].at_99_9);
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_values_have_no_figures),
    cmocka_unit_test(one_value_is_every_figure_and_does_not_deviate),
    cmocka_unit_test(known_data_has_its_known_figures),
    cmocka_unit_test(the_median_of_an_even_count_is_midway),
    cmocka_unit_test(percentiles_are_those_of_the_nearest_rank),
    cmocka_unit_test(small_deviations_of_large_values_are_kept),
    cmocka_unit_test(zeros_are_values_too),
};

TEST_GROUP(drill_statistics, tests)
