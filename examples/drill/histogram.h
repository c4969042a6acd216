/* SPDX-License-Identifier: MIT */
#ifndef DRILL_HISTOGRAM_H
#define DRILL_HISTOGRAM_H

/*
 * Any number of values in bounded memory, as counts by size. Each power of two is divided into 1024
 * buckets of equal width, so the middle of a bucket is within 0.05 % of all values in it. Each
 * value below 2048 has a bucket of its own. Figures that do not depend on order, and the extremes,
 * are exact.
 */

#include <stdint.h>

enum {
    HISTOGRAM_PARTS = 1024, /* of each power of two */
    HISTOGRAM_POWERS = 40,  /* beyond 2^50 ns, which is 13 days, all share the last bucket */
    HISTOGRAM_BUCKETS = HISTOGRAM_PARTS * (HISTOGRAM_POWERS + 1),
};

/* All zeros means empty. */
struct histogram {
    uint64_t count;
    int64_t minimum;
    int64_t maximum;
    double average;
    double squares; /* the sum of the squared distances from the average */
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* Counts a value, which may not be negative. */
void histogram_add(struct histogram *histogram, int64_t value);

/* Counts all values of from. */
void histogram_merge(struct histogram *histogram, const struct histogram *from);

/* The value that represents a bucket: its middle. */
int64_t histogram_value(int bucket);

/* The value at a rank from 1 to count: that of its bucket, but never beyond the extremes. */
int64_t histogram_at_rank(const struct histogram *histogram, uint64_t rank);

#endif
