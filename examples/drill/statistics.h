/* SPDX-License-Identifier: MIT */
#ifndef DRILL_STATISTICS_H
#define DRILL_STATISTICS_H

/*
 * The figures for a set of latencies. They are exact if all values were kept. Otherwise they come
 * from a histogram, with percentiles and bars within 0.1 %.
 */

#include <stddef.h>
#include <stdint.h>

#include "histogram.h"

/* The reported percentiles, in thousandths, and their number. */
enum { PERCENTILES = 7 };
extern const unsigned percentile_ranks[PERCENTILES];

/* How many bars show the distribution. Each is wider than the one before by the same factor. */
enum { BARS = 10 };

struct bar {
    double from; /* included, except for the last bar */
    double to;   /* not included, except for the last bar */
    uint64_t count;
};

/* All zeros if there are no values. In the unit of the values. */
struct statistics {
    uint64_t count;
    int64_t minimum;
    int64_t maximum;
    int64_t median; /* for an even count, midway between the middle two */
    double average;
    double deviation; /* of the sample, with count - 1 as the divisor; 0 for one value */
    int64_t percentiles[PERCENTILES]; /* nearest rank: the least value that so many do not exceed */
    struct bar bars[BARS];            /* from the minimum to the maximum */
};

/* Sorts the values in place and computes the figures. No value may be negative. */
struct statistics statistics_of(int64_t *values, size_t count);

/* Computes the figures of counted values. */
struct statistics statistics_of_histogram(const struct histogram *histogram);

#endif
