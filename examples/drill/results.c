/* SPDX-License-Identifier: MIT */
#include "results.h"

#include <errno.h>
#include <stdlib.h>

int results_init(struct results *results, size_t item_count, uint64_t requests) {
    *results = (struct results){.item_count = item_count};
    results->capacity = requests < EXACT_MAX ? (size_t)requests : EXACT_MAX;
    results->items = calloc(item_count, sizeof *results->items);
    results->latencies = calloc(results->capacity, sizeof *results->latencies);
    results->owners = calloc(results->capacity, sizeof *results->owners);
    if (requests > EXACT_MAX)
        results->histograms = calloc(item_count, sizeof *results->histograms);
    bool is_short = requests > EXACT_MAX && results->histograms == NULL;
    if (results->items != NULL && results->latencies != NULL && results->owners != NULL &&
        !is_short)
        return 0;
    results_free(results);
    return -ENOMEM;
}

void results_free(struct results *results) {
    free(results->items);
    free(results->latencies);
    free(results->owners);
    free(results->histograms);
    *results = (struct results){0};
}

/* The next latency does not fit. Moves the kept ones into histograms. */
static void begin_to_count(struct results *results) {
    for (size_t i = 0; i < results->kept; i++)
        histogram_add(&results->histograms[results->owners[i]], results->latencies[i]);
    results->kept = 0;
    results->is_counting = true;
}

static void add_latency(struct results *results, size_t item, int64_t latency) {
    if (results->kept == results->capacity && !results->is_counting)
        begin_to_count(results);
    if (results->is_counting) {
        histogram_add(&results->histograms[item], latency);
        return;
    }
    results->latencies[results->kept] = latency;
    results->owners[results->kept++] = (uint32_t)item;
}

static void add_to_tally(struct tally *tally, const struct ending *ending) {
    bool succeeded = ending->outcome == OUTCOME_SUCCESS;
    tally->succeeded += succeeded;
    tally->failed += !succeeded;
    tally->bytes += ending->bytes;
    tally->connects += ending->connects;
    tally->reuses += ending->reused;
    tally->outcomes[ending->outcome]++;
    if (succeeded || ending->outcome == OUTCOME_STATUS)
        tally->statuses[ending->status]++;
}

void results_add(struct results *results, size_t item, const struct ending *ending) {
    add_to_tally(&results->all, ending);
    add_to_tally(&results->items[item], ending);
    if (ending->outcome == OUTCOME_SUCCESS)
        add_latency(results, item, ending->latency);
}
