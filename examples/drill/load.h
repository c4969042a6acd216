/* SPDX-License-Identifier: MIT */
#ifndef DRILL_LOAD_H
#define DRILL_LOAD_H

/*
 * A run: the loop that drives the users of a crew. It has one thread and one poll, and takes all
 * its memory before the first request.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "request.h"
#include "results.h"

struct load_options {
    const char *backend;  /* NULL: the default of cmio_poll_new() */
    uint64_t concurrency; /* at most iterations */
    uint64_t iterations;  /* UINT64_MAX: no limit, until the duration is over */
    int64_t duration;     /* nanoseconds after which no request begins; 0: no limit */
    int64_t rate;         /* iterations per second, in parts of RATE_UNIT; 0: a closed loop */
    int64_t rampup;       /* nanoseconds over which the users begin, or the rate rises */
    int64_t timeout;      /* nanoseconds for a request, or CMIO_FOREVER */
    bool shows_progress;
};

/*
 * Runs the requests of the plan and fills results. The servers must be looked up, and results made
 * for these numbers. SIGINT and SIGTERM end the run early. *backend_out is set to the name of the
 * poll's backend. Returns 0, or a negative errno if the run could not begin or go on.
 */
int load_run(const struct load_options *options, const struct requests *requests,
             struct results *results, const char **backend_out);

/*
 * Raises the limit on descriptors as far as the process may. Returns how many connections there can
 * be at once.
 */
uint64_t load_connections_max(void);

#endif
