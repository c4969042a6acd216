/* SPDX-License-Identifier: MIT */
#include "histogram.h"

enum { PART_BITS = 10 };

/* How often a value must be halved to be below twice the parts, where it has its own bucket. */
static int halvings_of(int64_t value) {
    int highest = 63 - __builtin_clzll((unsigned long long)value | 1);
    return highest > PART_BITS ? highest - PART_BITS : 0;
}

static int bucket_of(int64_t value) {
    int halvings = halvings_of(value);
    if (halvings > HISTOGRAM_POWERS - 1)
        return HISTOGRAM_BUCKETS - 1;
    return halvings * HISTOGRAM_PARTS + (int)(value >> halvings);
}

int64_t histogram_value(int bucket) {
    int halvings = bucket < 2 * HISTOGRAM_PARTS ? 0 : bucket / HISTOGRAM_PARTS - 1;
    int64_t least = (int64_t)(bucket - halvings * HISTOGRAM_PARTS) << halvings;
    int64_t width = INT64_C(1) << halvings;
    return least + width / 2;
}

/* Welford's recurrence, which avoids the difference of two large sums. */
void histogram_add(struct histogram *histogram, int64_t value) {
    if (histogram->count == 0 || value < histogram->minimum)
        histogram->minimum = value;
    if (value > histogram->maximum)
        histogram->maximum = value;
    histogram->count++;
    double distance = (double)value - histogram->average;
    histogram->average += distance / (double)histogram->count;
    histogram->squares += distance * ((double)value - histogram->average);
    histogram->buckets[bucket_of(value)]++;
}

/* The same recurrence for two sets at once, by Chan, Golub and LeVeque. */
static void merge_moments(struct histogram *histogram, const struct histogram *from) {
    double count = (double)histogram->count;
    double added = (double)from->count;
    double distance = from->average - histogram->average;
    histogram->average += distance * added / (count + added);
    histogram->squares += from->squares + distance * distance * count * added / (count + added);
}

void histogram_merge(struct histogram *histogram, const struct histogram *from) {
    if (from->count == 0)
        return;
    if (histogram->count == 0 || from->minimum < histogram->minimum)
        histogram->minimum = from->minimum;
    if (from->maximum > histogram->maximum)
        histogram->maximum = from->maximum;
    merge_moments(histogram, from);
    histogram->count += from->count;
    for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->buckets[i] += from->buckets[i];
}

int64_t histogram_at_rank(const struct histogram *histogram, uint64_t rank) {
    uint64_t seen = 0;
    int bucket = 0;
    while (bucket < HISTOGRAM_BUCKETS - 1 && (seen += histogram->buckets[bucket]) < rank)
        bucket++;
    int64_t value = histogram_value(bucket);
    if (rank == histogram->count || value > histogram->maximum)
        return histogram->maximum;
    return rank == 1 || value < histogram->minimum ? histogram->minimum : value;
}
