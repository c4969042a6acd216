/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <math.h>
#include <stdlib.h>

#include "histogram.h"
#include "results.h"
#include "statistics.h"

static struct histogram *make(void) {
    struct histogram *histogram = calloc(1, sizeof *histogram);
    assert_non_null(histogram);
    return histogram;
}

/* Random enough, and the same every time: xorshift64. */
static uint64_t next_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* A value of any size: its number of bits is as random as the bits are. */
static int64_t random_value(uint64_t *seed) {
    uint64_t bits = 1 + next_random(seed) % 49;
    return (int64_t)(next_random(seed) >> (64 - bits));
}

static void assert_within(double value, double expected, double part) {
    if (fabs(value - expected) > part * fabs(expected))
        fail_msg("%.12g is not within %g of %.12g", value, part, expected);
}

static void a_value_comes_back_within_a_thousandth(void **state) {
    (void)state;
    uint64_t seed = 42;
    struct histogram *histogram = make();
    for (int i = 0; i < 2000; i++) {
        int64_t value = random_value(&seed);
        /* Between two extremes, so that it is not one that is known exactly. */
        *histogram = (struct histogram){0};
        histogram_add(histogram, 0);
        histogram_add(histogram, value);
        histogram_add(histogram, INT64_C(1) << 49);
        assert_within((double)histogram_at_rank(histogram, 2), (double)value, 0.0005);
    }
    free(histogram);
}

static void the_buckets_are_in_the_order_of_their_values(void **state) {
    (void)state;
    for (int i = 1; i < HISTOGRAM_BUCKETS; i++)
        assert_true(histogram_value(i - 1) < histogram_value(i));
    for (int i = 0; i < 2 * HISTOGRAM_PARTS; i++)
        assert_int_equal(histogram_value(i), i);
}

static void values_beyond_all_buckets_are_counted_and_the_maximum_is_exact(void **state) {
    (void)state;
    struct histogram *histogram = make();
    histogram_add(histogram, INT64_MAX);
    histogram_add(histogram, (INT64_C(1) << 50) - 1);
    histogram_add(histogram, INT64_C(1) << 50);
    assert_int_equal(histogram->count, 3);
    assert_true(histogram_at_rank(histogram, 3) == INT64_MAX);
    assert_within((double)histogram_at_rank(histogram, 2), (double)(INT64_C(1) << 50), 0.0005);
    free(histogram);
}

static void one_value_is_exact(void **state) {
    (void)state;
    struct histogram *histogram = make();
    histogram_add(histogram, 123456789);
    struct statistics statistics = statistics_of_histogram(histogram);
    assert_int_equal(statistics.count, 1);
    assert_int_equal(statistics.minimum, 123456789);
    assert_int_equal(statistics.maximum, 123456789);
    assert_int_equal(statistics.median, 123456789);
    for (int i = 0; i < PERCENTILES; i++)
        assert_int_equal(statistics.percentiles[i], 123456789);
    assert_true(statistics.deviation == 0);
    free(histogram);
}

static void an_empty_histogram_has_no_figures(void **state) {
    (void)state;
    struct histogram *histogram = make();
    assert_int_equal(statistics_of_histogram(histogram).count, 0);
    assert_int_equal(statistics_of_histogram(histogram).maximum, 0);
    free(histogram);
}

enum { MANY = 100000 };

/* All figures of the histogram beside those of the values themselves. */
static void assert_alike(const struct statistics *counted, const struct statistics *exact) {
    assert_int_equal(counted->count, exact->count);
    assert_int_equal(counted->minimum, exact->minimum);
    assert_int_equal(counted->maximum, exact->maximum);
    assert_within((double)counted->median, (double)exact->median, 0.001);
    assert_within(counted->average, exact->average, 1e-9);
    assert_within(counted->deviation, exact->deviation, 1e-9);
    uint64_t in_bars = 0;
    for (int i = 0; i < PERCENTILES; i++)
        assert_within((double)counted->percentiles[i], (double)exact->percentiles[i], 0.001);
    for (int i = 0; i < BARS; i++) {
        assert_true(counted->bars[i].from == exact->bars[i].from);
        assert_true(counted->bars[i].to == exact->bars[i].to);
        in_bars += counted->bars[i].count;
    }
    assert_int_equal(in_bars, exact->count);
}

static void percentiles_are_within_a_thousandth_of_the_exact_ones(void **state) {
    (void)state;
    static int64_t values[MANY];
    uint64_t seed = 7;
    struct histogram *histogram = make();
    for (int i = 0; i < MANY; i++) {
        values[i] = random_value(&seed);
        histogram_add(histogram, values[i]);
    }
    struct statistics exact = statistics_of(values, MANY);
    struct statistics counted = statistics_of_histogram(histogram);
    assert_alike(&counted, &exact);
    free(histogram);
}

static void histograms_that_are_merged_have_the_figures_of_all(void **state) {
    (void)state;
    static int64_t values[MANY];
    uint64_t seed = 11;
    struct histogram *parts[] = {make(), make(), make()};
    for (int i = 0; i < MANY; i++) {
        values[i] = 1000000 + (int64_t)(next_random(&seed) % 1000000) * (i % 7 == 0 ? 10 : 1);
        histogram_add(parts[i % 7 == 0], values[i]);
    }
    histogram_merge(parts[0], parts[1]);
    histogram_merge(parts[0], parts[2]); /* which is empty */
    histogram_merge(parts[2], parts[0]);
    struct statistics exact = statistics_of(values, MANY);
    struct statistics counted = statistics_of_histogram(parts[2]);
    assert_alike(&counted, &exact);
    for (int i = 0; i < 3; i++)
        free(parts[i]);
}

static void add_success(struct results *results, size_t item, int64_t latency) {
    const struct ending ending = {.outcome = OUTCOME_SUCCESS, .status = 200, .latency = latency};
    results_add(results, item, &ending);
}

static void a_million_latencies_are_kept_and_one_more_is_counted(void **state) {
    (void)state;
    struct results results;
    assert_int_equal(results_init(&results, 2, UINT64_MAX), 0);
    for (int64_t i = 0; i < EXACT_MAX; i++)
        add_success(&results, (size_t)(i % 2), i);
    assert_false(results.is_counting);
    assert_int_equal(results.kept, EXACT_MAX);
    add_success(&results, 1, EXACT_MAX);
    assert_true(results.is_counting);
    assert_int_equal(results.kept, 0);
    assert_int_equal(results.histograms[0].count, EXACT_MAX / 2);
    assert_int_equal(results.histograms[1].count, EXACT_MAX / 2 + 1);
    assert_int_equal(results.histograms[1].maximum, EXACT_MAX);
    assert_int_equal(results.histograms[0].minimum, 0);
    assert_int_equal(results.all.succeeded, EXACT_MAX + 1);
    results_free(&results);
}

static void as_many_requests_as_are_kept_need_no_histogram(void **state) {
    (void)state;
    struct results results;
    assert_int_equal(results_init(&results, 2, EXACT_MAX), 0);
    assert_null(results.histograms);
    assert_int_equal(results.capacity, EXACT_MAX);
    results_free(&results);
    assert_int_equal(results_init(&results, 2, EXACT_MAX + 1), 0);
    assert_non_null(results.histograms);
    results_free(&results);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_value_comes_back_within_a_thousandth),
    cmocka_unit_test(the_buckets_are_in_the_order_of_their_values),
    cmocka_unit_test(values_beyond_all_buckets_are_counted_and_the_maximum_is_exact),
    cmocka_unit_test(one_value_is_exact),
    cmocka_unit_test(an_empty_histogram_has_no_figures),
    cmocka_unit_test(percentiles_are_within_a_thousandth_of_the_exact_ones),
    cmocka_unit_test(histograms_that_are_merged_have_the_figures_of_all),
    cmocka_unit_test(a_million_latencies_are_kept_and_one_more_is_counted),
    cmocka_unit_test(as_many_requests_as_are_kept_need_no_histogram),
};

TEST_GROUP(drill_histogram, tests)
