/* SPDX-License-Identifier: MIT */
#ifndef DRILL_OPTIONS_H
#define DRILL_OPTIONS_H

/* The command line. docs/drill.md explains each option. */

#include <stdbool.h>
#include <stdint.h>

#include "tags.h"

/* The texts point into argv. */
struct options {
    const char *plan_path;
    const char *base;     /* NULL for the plan's own */
    const char *backend;  /* NULL for the best */
    uint64_t concurrency; /* 0 for the plan's own */
    uint64_t iterations;  /* 0 for the plan's own */
    int64_t duration;     /* nanoseconds, or 0 for the plan's own */
    int64_t rate;    /* iterations per second, in parts of RATE_UNIT, or 0 for the plan's own */
    int64_t timeout; /* nanoseconds, or CMIO_FOREVER */
    struct tag_filter tags;
    bool lists_tags;
    bool stats;
    bool json;
    bool quiet;
};

enum options_result {
    OPTIONS_RUN,  /* there is a plan to run */
    OPTIONS_DONE, /* --help or --version was printed */
    OPTIONS_BAD,  /* the error was printed on stderr */
};

enum options_result options_read(int argc, char **argv, struct options *out);

#endif
