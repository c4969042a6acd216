/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <errno.h>
#include <stdlib.h>

/* Computes from the kept latencies, in the order of their items and then of their size. */
static int compute_exactly(struct report *report) {
    const struct results *results = report->results;
    size_t *ends = calloc(results->item_count, sizeof *ends);
    int64_t *values = calloc(results->kept + 1, sizeof *values); /* calloc(0) may be NULL */
    bool has_memory = ends != NULL && values != NULL;
    if (has_memory) {
        for (size_t i = 1; i < results->item_count; i++)
            ends[i] = ends[i - 1] + results->items[i - 1].succeeded;
        for (size_t i = 0; i < results->kept; i++)
            values[ends[results->owners[i]]++] = results->latencies[i];
        for (size_t i = 0; i < results->item_count; i++) {
            size_t count = results->items[i].succeeded;
            report->items[i] = statistics_of(values + ends[i] - count, count);
        }
        report->all = statistics_of(values, results->kept);
    }
    free(ends);
    free(values);
    return has_memory ? 0 : -ENOMEM;
}

static int compute_from_histograms(struct report *report) {
    const struct results *results = report->results;
    struct histogram *all = calloc(1, sizeof *all);
    if (all == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < results->item_count; i++) {
        report->items[i] = statistics_of_histogram(&results->histograms[i]);
        histogram_merge(all, &results->histograms[i]);
    }
    report->all = statistics_of_histogram(all);
    free(all);
    return 0;
}

int report_compute(struct report *report, const struct results *results) {
    report->results = results;
    report->items = calloc(results->item_count, sizeof *report->items);
    if (report->items == NULL)
        return -ENOMEM;
    int result = results->is_counting ? compute_from_histograms(report) : compute_exactly(report);
    if (result < 0)
        report_free(report);
    return result;
}

void report_free(struct report *report) {
    free(report->items);
    report->items = NULL;
}

double report_rate(const struct report *report, uint64_t count) {
    int64_t duration = report->results->duration;
    return duration > 0 ? (double)count * 1e9 / (double)duration : 0;
}

const char *format_duration(double nanoseconds, char buffer[FORMATTED_MAX]) {
    /* Each unit ends where its last decimal would be rounded up into the next one. */
    if (nanoseconds < 999950)
        (void)snprintf(buffer, FORMATTED_MAX, "%.1f us", nanoseconds / 1e3);
    else if (nanoseconds < 9999995e3)
        (void)snprintf(buffer, FORMATTED_MAX, "%.2f ms", nanoseconds / 1e6);
    else
        (void)snprintf(buffer, FORMATTED_MAX, "%.2f s", nanoseconds / 1e9);
    return buffer;
}

const char *format_bytes(double bytes, char buffer[FORMATTED_MAX]) {
    if (bytes < 999.5)
        (void)snprintf(buffer, FORMATTED_MAX, "%.0f B", bytes);
    else if (bytes < 999995)
        (void)snprintf(buffer, FORMATTED_MAX, "%.2f kB", bytes / 1e3);
    else if (bytes < 999995e3)
        (void)snprintf(buffer, FORMATTED_MAX, "%.2f MB", bytes / 1e6);
    else
        (void)snprintf(buffer, FORMATTED_MAX, "%.2f GB", bytes / 1e9);
    return buffer;
}
