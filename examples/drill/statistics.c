/* SPDX-License-Identifier: MIT */
#include "statistics.h"

#include <math.h>
#include <stdlib.h>

const unsigned percentile_ranks[PERCENTILES] = {500, 750, 900, 950, 990, 995, 999};

static int compare_values(const void *a, const void *b) {
    const int64_t *left = a;
    const int64_t *right = b;
    return (*left > *right) - (*left < *right);
}

/* Sorts the values, unless they are in order already, as they are if there is only one item. */
static void sort(int64_t *values, size_t count) {
    for (size_t i = 1; i < count; i++) {
        if (values[i - 1] > values[i]) {
            qsort(values, count, sizeof *values, compare_values);
            return;
        }
    }
}

static int64_t midway(int64_t below, int64_t above) {
    return below + (above - below) / 2;
}

/* The rank at that part of the count, in thousandths, rounded up. */
static uint64_t rank_of(uint64_t count, unsigned thousandths) {
    return count / 1000 * thousandths + (count % 1000 * thousandths + 999) / 1000;
}

/* Welford's recurrence, which takes one pass and avoids the difference of two large sums. */
static void take_moments(struct statistics *statistics, const int64_t *values) {
    double average = 0;
    double squares = 0;
    for (size_t i = 0; i < statistics->count; i++) {
        double distance = (double)values[i] - average;
        average += distance / (double)(i + 1);
        squares += distance * ((double)values[i] - average);
    }
    statistics->average = average;
    if (statistics->count > 1)
        statistics->deviation = sqrt(squares / (double)(statistics->count - 1));
}

/*
 * The bounds are a geometric sequence, which follows a long tail, and is nearly even if the values
 * are close together.
 */
static void set_bounds(struct statistics *statistics) {
    double least = statistics->minimum > 0 ? (double)statistics->minimum : 1;
    double ratio = (double)statistics->maximum / least;
    for (int i = 0; i < BARS; i++) {
        struct bar *bar = &statistics->bars[i];
        bar->from = i == 0 ? (double)statistics->minimum : statistics->bars[i - 1].to;
        bar->to = ratio > 1 ? least * pow(ratio, (i + 1.0) / BARS) : (double)statistics->maximum;
    }
    statistics->bars[BARS - 1].to = (double)statistics->maximum;
}

/* Adds to the bar that a value belongs to. Values come in order, so bar never goes back. */
static struct bar *count_into(struct statistics *statistics, struct bar *bar, int64_t value,
                              uint64_t count) {
    const struct bar *last = &statistics->bars[BARS - 1];
    while (bar < last && (double)value >= bar->to)
        bar++;
    bar->count += count;
    return bar;
}

struct statistics statistics_of(int64_t *values, size_t count) {
    struct statistics statistics = {.count = count};
    if (count == 0)
        return statistics;
    sort(values, count);
    statistics.minimum = values[0];
    statistics.maximum = values[count - 1];
    statistics.median = midway(values[(count - 1) / 2], values[count / 2]);
    for (int i = 0; i < PERCENTILES; i++)
        statistics.percentiles[i] = values[rank_of(count, percentile_ranks[i]) - 1];
    take_moments(&statistics, values);
    set_bounds(&statistics);
    struct bar *bar = statistics.bars;
    for (size_t i = 0; i < count; i++)
        bar = count_into(&statistics, bar, values[i], 1);
    return statistics;
}

/* The middle of the first and the last bucket may lie outside of the extremes, which are exact. */
static int64_t clamp(const struct statistics *statistics, int64_t value) {
    if (value < statistics->minimum)
        return statistics->minimum;
    return value > statistics->maximum ? statistics->maximum : value;
}

struct statistics statistics_of_histogram(const struct histogram *histogram) {
    struct statistics statistics = {
        .count = histogram->count, .minimum = histogram->minimum, .maximum = histogram->maximum};
    uint64_t count = histogram->count;
    if (count == 0)
        return statistics;
    statistics.median = midway(histogram_at_rank(histogram, (count + 1) / 2),
                               histogram_at_rank(histogram, count / 2 + 1));
    for (int i = 0; i < PERCENTILES; i++)
        statistics.percentiles[i] =
            histogram_at_rank(histogram, rank_of(count, percentile_ranks[i]));
    statistics.average = histogram->average;
    if (count > 1)
        statistics.deviation = sqrt(histogram->squares / (double)(count - 1));
    set_bounds(&statistics);
    struct bar *bar = statistics.bars;
    for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (histogram->buckets[i] > 0)
            bar = count_into(&statistics, bar, clamp(&statistics, histogram_value(i)),
                             histogram->buckets[i]);
    return statistics;
}
