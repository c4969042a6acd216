/* SPDX-License-Identifier: MIT */
#ifndef DRILL_LOAD_H
#define DRILL_LOAD_H

/*
 * A run: the loop that drives the users of a crew. One thread, one poll; all memory is taken before
 * the first request.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "request.h"
#include "results.h"

struct load_options {
    const char *backend;  /* NULL for the one that cmio_poll_new() takes */
    uint64_t concurrency; /* at most iterations */
    uint64_t iterations;  /* UINT64_MAX for any number, until the duration is over */
    int64_t duration;     /* nanoseconds after which no request begins; 0 for any time */
    int64_t rate;         /* iterations a second, in parts of RATE_UNIT; 0 for a closed loop */
    int64_t rampup;       /* nanoseconds over which the users begin, or the rate rises */
    int64_t timeout;      /* nanoseconds for a request, or CMIO_FOREVER */
    bool shows_progress;
};

/*
 * Runs the requests of the plan, whose servers were looked up, and fills results, made for these
 * numbers. SIGINT and SIGTERM end the run early. *backend_out is set to the name of the poll's
 * backend. 0, or a negative errno where the run could not begin or go on.
 */
int load_run(const struct load_options *options, const struct requests *requests,
             struct results *results, const char **backend_out);

/*
 * Raises the limit on descriptors as far as the process may, and says how many connections there
 * can be at once.
 */
uint64_t load_connections_max(void);

#endif
