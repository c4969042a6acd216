/* SPDX-License-Identifier: MIT */
#ifndef DRILL_RESULTS_H
#define DRILL_RESULTS_H

/*
 * What a run came to: how each request ended, and the latency of each that succeeded, to the
 * nanosecond. The room for all latencies, 8 bytes each, is taken before the run; the system backs
 * it with memory as it fills.
 */

#include <stddef.h>
#include <stdint.h>

#include "outcome.h"

enum { STATUSES = 1000 };

struct item_results {
    size_t succeeded;
    size_t failed;
};

struct results {
    size_t item_count;
    size_t iterations;
    struct item_results *items;
    int64_t *latencies; /* the succeeded first of iterations places for each item in turn */
    size_t succeeded;
    size_t failed;
    size_t unfinished; /* in flight when a signal ended the run */
    uint64_t outcomes[OUTCOMES];
    uint64_t statuses[STATUSES]; /* of the answers that failed by their status */
    int64_t duration;            /* nanoseconds from the first start to the last end */
    int signal;                  /* the number of the signal that ended the run, or 0 */
    int error;                   /* the last errno among the OUTCOME_ERRORs, negative */
};

/* Makes room for every item run in every iteration. -ENOMEM, also for more than can be counted. */
int results_init(struct results *results, size_t item_count, uint64_t iterations);

void results_free(struct results *results);

/* Adds the end of one request; status is that of its answer, latency in nanoseconds. */
void results_add(struct results *results, size_t item, enum outcome outcome, int status,
                 int64_t latency);

/* The latencies of one item: items[item].succeeded of them. */
int64_t *results_of_item(struct results *results, size_t item);

/* Moves the latencies of all items together: succeeded of them. Those of each item are lost. */
int64_t *results_of_all(struct results *results);

#endif
