/* SPDX-License-Identifier: MIT */
#ifndef DRILL_PLAN_H
#define DRILL_PLAN_H

/*
 * A plan as its file gives it: checked for form (keys, types, ranges), not yet for sense: a url is
 * still text. Every text knows its place, so that what is found out later can still name it. See
 * docs/drill.md for the format.
 */

#include <stddef.h>
#include <stdint.h>

#include "complaint.h"
#include "document.h"

enum { CONCURRENCY_MAX = 1000000 };
#define ITERATIONS_MAX UINT64_C(1000000000000)

struct plan_header {
    struct text name;
    struct text value;
};

struct plan_item {
    struct place place;
    struct text name;
    struct text url;
    struct text method; /* GET where the file has none */
    struct text body;
    struct plan_header *headers;
    size_t header_count;
};

struct plan {
    uint64_t concurrency; /* 0 where the file has none */
    uint64_t iterations;  /* 0 where the file has none */
    int64_t rampup;       /* nanoseconds */
    int64_t duration;     /* nanoseconds; 0 where the file has none */
    int64_t rate; /* iterations a second, in parts of RATE_UNIT; 0 where the file has none */
    struct text base;
    struct plan_item *items;
    size_t item_count;
};

/*
 * Reads the file. 0, or -1 with the complaint filled and *out untouched; the caller frees the plan.
 * A file that cannot be read is complained of at line 1, column 1.
 */
int plan_read(const char *path, struct plan *out, struct complaint *complaint);

/* The same from memory. */
int plan_parse(const char *bytes, size_t length, struct plan *out, struct complaint *complaint);

void plan_free(struct plan *plan);

#endif
