/* SPDX-License-Identifier: MIT */
#ifndef DRILL_REPORT_H
#define DRILL_REPORT_H

/*
 * What a run came to, in figures: for people, in units that fit, and for machines, as JSON in units
 * that its keys name. docs/drill.md explains each figure.
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
    uint64_t iterations; /* UINT64_MAX for any number of them */
    int64_t duration;    /* that was asked for, or 0 */
    int64_t rate;        /* that was asked for, in parts of RATE_UNIT, or 0 */
    const struct plan *plan;
    const struct results *results;
    struct statistics all;
    struct statistics *items; /* one for each item of the plan */
};

/*
 * Computes the figures; the other members of the report are set already. -ENOMEM, or 0 and the
 * caller frees the report.
 */
int report_compute(struct report *report, const struct results *results);

void report_free(struct report *report);

/* Prints for people: the totals, and the latencies too if they are asked for. */
void report_print(const struct report *report, bool with_latencies, FILE *stream);

/* Prints one JSON object and a newline: all that is known. */
void report_print_json(const struct report *report, FILE *stream);

/* So many a second, over the time that the run took. */
double report_rate(const struct report *report, uint64_t count);

/* The room that format_duration() and format_bytes() need. */
enum { FORMATTED_MAX = 32 };

/* Writes nanoseconds with the unit that fits: us below 1 ms, ms below 10 s, s above. */
const char *format_duration(double nanoseconds, char buffer[FORMATTED_MAX]);

/* Writes bytes with the unit that fits: B, kB, MB or GB, of 1000 each. */
const char *format_bytes(double bytes, char buffer[FORMATTED_MAX]);

#endif
