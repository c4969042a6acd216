/* SPDX-License-Identifier: MIT */
#include "results.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int results_init(struct results *results, size_t item_count, uint64_t iterations) {
    *results = (struct results){.item_count = item_count};
    if (iterations > SIZE_MAX / sizeof *results->latencies / item_count)
        return -ENOMEM;
    results->iterations = (size_t)iterations;
    results->items = calloc(item_count, sizeof *results->items);
    results->latencies = malloc(item_count * results->iterations * sizeof *results->latencies);
    if (results->items != NULL && results->latencies != NULL)
        return 0;
    results_free(results);
    return -ENOMEM;
}

void results_free(struct results *results) {
    free(results->items);
    free(results->latencies);
    *results = (struct results){0};
}

void results_add(struct results *results, size_t item, enum outcome outcome, int status,
                 int64_t latency) {
    results->outcomes[outcome]++;
    if (outcome == OUTCOME_SUCCESS) {
        results_of_item(results, item)[results->items[item].succeeded++] = latency;
        results->succeeded++;
        return;
    }
    results->items[item].failed++;
    results->failed++;
    if (outcome == OUTCOME_STATUS)
        results->statuses[status]++;
}

int64_t *results_of_item(struct results *results, size_t item) {
    return results->latencies + item * results->iterations;
}

int64_t *results_of_all(struct results *results) {
    size_t moved = 0;
    for (size_t i = 0; i < results->item_count; i++) {
        size_t count = results->items[i].succeeded;
        memmove(results->latencies + moved, results_of_item(results, i),
                count * sizeof *results->latencies);
        moved += count;
    }
    return results->latencies;
}
