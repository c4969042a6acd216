/* SPDX-License-Identifier: MIT */
#ifndef DRILL_STATISTICS_H
#define DRILL_STATISTICS_H

/*
 * What is said of a set of latencies: computed from all values where they were kept, which is exact,
 * or from a histogram, whose percentiles and bars are within 0.1 %.
 */

#include <stddef.h>
#include <stdint.h>

#include "histogram.h"

/* The percentiles that are reported, in thousandths, and their number. */
enum { PERCENTILES = 7 };
extern const unsigned percentile_ranks[PERCENTILES];

/* How many bars show the distribution. Each is as many times as wide as the one before it. */
enum { BARS = 10 };

struct bar {
    double from; /* included, but for the last bar's */
    double to;   /* not included, but for the last bar's */
    uint64_t count;
};

/* All zeros where there were no values. Units are those of the values. */
struct statistics {
    uint64_t count;
    int64_t minimum;
    int64_t maximum;
    int64_t median; /* of an even count: midway between the two in the middle */
    double average;
    double deviation; /* of the sample, with count - 1 below the line; 0 for one value */
    int64_t percentiles[PERCENTILES]; /* nearest rank: the least value that so many do not exceed */
    struct bar bars[BARS];            /* from the minimum to the maximum */
};

/* Sorts the values, in place, and says what there is to say. No value may be negative. */
struct statistics statistics_of(int64_t *values, size_t count);

/* The same of values that were counted. */
struct statistics statistics_of_histogram(const struct histogram *histogram);

#endif
