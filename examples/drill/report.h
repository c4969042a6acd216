/* SPDX-License-Identifier: MIT */
#ifndef DRILL_REPORT_H
#define DRILL_REPORT_H

/*
 * The figures of a run: for people, in units that fit, and for machines, as JSON in units that its
 * keys name. docs/drill.md explains each figure.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "plan.h"
#include "results.h"
#include "statistics.h"

struct report {
    const char *plan_path;
    const char *backend;
    uint64_t concurrency;
    uint64_t iterations; /* UINT64_MAX: no limit */
    int64_t duration;    /* requested, or 0 */
    int64_t rate;        /* requested, in parts of RATE_UNIT, or 0 */
    const struct plan *plan;
    const struct results *results;
    struct statistics all;
    struct statistics *items; /* one for each item of the plan */
};

/*
 * Computes the figures; the other members of the report must be set already. Returns 0, after which
 * the caller frees the report, or -ENOMEM.
 */
int report_compute(struct report *report, const struct results *results);

void report_free(struct report *report);

/* Prints for people: the totals, and the latencies if requested. */
void report_print(const struct report *report, bool with_latencies, FILE *stream);

/* Prints one JSON object with all figures, and a newline. */
void report_print_json(const struct report *report, FILE *stream);

/* The count per second, over the duration of the run. */
double report_rate(const struct report *report, uint64_t count);

/* The room that format_duration() and format_bytes() need. */
enum { FORMATTED_MAX = 32 };

/* Writes nanoseconds with the unit that fits: us below 1 ms, ms below 10 s, s above. */
const char *format_duration(double nanoseconds, char buffer[FORMATTED_MAX]);

/* Writes bytes with the unit that fits: B, kB, MB or GB, of 1000 each. */
const char *format_bytes(double bytes, char buffer[FORMATTED_MAX]);

#endif
