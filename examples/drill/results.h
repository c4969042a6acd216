/* SPDX-License-Identifier: MIT */
#ifndef DRILL_RESULTS_H
#define DRILL_RESULTS_H

/*
 * The results of a run: how each request ended, and the latency of each that succeeded. The first
 * million latencies are kept to the nanosecond. With more, histograms count all of them, so a run
 * of any length takes bounded memory. All of it is allocated before the run; the system backs it
 * with memory as it fills.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"
#include "outcome.h"

enum {
    STATUSES = 1000,
    EXACT_MAX = 1000000, /* how many latencies are kept */
};

/* The end of one request. */
struct ending {
    enum outcome outcome;
    int status;        /* of the answer, if it was complete */
    int64_t latency;   /* nanoseconds */
    uint64_t bytes;    /* received, heads and content */
    uint32_t connects; /* connections made for it: none, one, or two if it was repeated */
    bool reused;       /* a kept connection was used */
};

/* The ends of many requests. */
struct tally {
    uint64_t succeeded;
    uint64_t failed;
    uint64_t bytes;
    uint64_t connects;
    uint64_t reuses;
    uint64_t outcomes[OUTCOMES];
    uint64_t statuses[STATUSES]; /* of complete answers, successful or not */
};

struct results {
    size_t item_count;
    struct tally all;
    struct tally *items;
    uint64_t unfinished; /* in flight or overdue when a signal ended the run */
    int64_t duration;    /* nanoseconds from the first start to the last end */
    int signal;          /* the number of the signal that ended the run, or 0 */
    int error;           /* the last errno among the OUTCOME_ERRORs, negative */
    size_t capacity;     /* at most EXACT_MAX */
    size_t kept;
    int64_t *latencies;           /* the kept ones, in order of arrival */
    uint32_t *owners;             /* the item of each */
    bool is_counting;             /* nothing is kept any more; all are in histograms */
    struct histogram *histograms; /* one for each item; NULL if the capacity is enough */
};

/*
 * Makes room for the items and for that many requests; UINT64_MAX means no limit. Returns 0 or
 * -ENOMEM.
 */
int results_init(struct results *results, size_t item_count, uint64_t requests);

void results_free(struct results *results);

/* Adds the end of one request of the item. */
void results_add(struct results *results, size_t item, const struct ending *ending);

#endif
