/* SPDX-License-Identifier: MIT */
#include "statistics.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b) {
    const int64_t *left = a;
    const int64_t *right = b;
    return (*left > *right) - (*left < *right);
}

static int64_t median_of(const int64_t *sorted, size_t count) {
    int64_t above = sorted[count / 2];
    int64_t below = sorted[(count - 1) / 2];
    return below + (above - below) / 2;
}

/* The value whose rank is the part, in thousandths, of the count, rounded up. */
static int64_t percentile(const int64_t *sorted, size_t count, size_t thousandths) {
    size_t whole = count / 1000 * thousandths;
    size_t rest = (count % 1000 * thousandths + 999) / 1000;
    return sorted[whole + rest - 1];
}

/* Welford's recurrence: one pass, and no difference of two large sums. */
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

struct statistics statistics_of(int64_t *values, size_t count) {
    struct statistics statistics = {.count = count};
    if (count == 0)
        return statistics;
    qsort(values, count, sizeof *values, compare);
    statistics.minimum = values[0];
    statistics.maximum = values[count - 1];
    statistics.median = median_of(values, count);
    statistics.percentile_99_0 = percentile(values, count, 990);
    statistics.percentile_99_5 = percentile(values, count, 995);
    statistics.percentile_99_9 = percentile(values, count, 999);
    take_moments(&statistics, values);
    return statistics;
}
