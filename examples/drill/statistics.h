/* SPDX-License-Identifier: MIT */
#ifndef DRILL_STATISTICS_H
#define DRILL_STATISTICS_H

/*
 * What is said of a set of latencies. They are computed from all values, kept exactly: nothing is
 * rounded into a bucket.
 */

#include <stddef.h>
#include <stdint.h>

/* All zeros where there were no values. Units are those of the values. */
struct statistics {
    size_t count;
    int64_t minimum;
    int64_t maximum;
    int64_t median; /* of an even count: midway between the two in the middle */
    double average;
    double deviation;        /* of the sample, with count - 1 below the line; 0 for one value */
    int64_t percentile_99_0; /* nearest rank: the least value that 99 % of all do not exceed */
    int64_t percentile_99_5;
    int64_t percentile_99_9;
};

/* Sorts the values, in place, and says what there is to say. No value may be negative. */
struct statistics statistics_of(int64_t *values, size_t count);

#endif
