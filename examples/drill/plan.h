/* SPDX-License-Identifier: MIT */
#ifndef DRILL_PLAN_H
#define DRILL_PLAN_H

/*
 * A plan as read from its file. Its form is checked (keys, types, ranges) but not yet its meaning:
 * a url is still text, with its variables. Every text knows its place, so that later complaints can
 * name it. See docs/drill.md for the format.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "complaint.h"
#include "document.h"
#include "pairs.h"
#include "repeats.h"

enum { CONCURRENCY_MAX = 1000000 };
#define ITERATIONS_MAX UINT64_C(1000000000000)

struct texts {
    struct text *list;
    size_t count;
};

/* An item is a request or a delay. */
struct plan_item {
    struct place place;
    struct text name; /* may be missing for a delay */
    bool has_request;
    struct text url;
    struct text method; /* GET if the file has none */
    struct text body;
    struct pairs headers;
    struct repeats repeats; /* with_items */
    bool has_delay;
    int64_t delay; /* nanoseconds */
    struct texts tags;
};

struct plan {
    uint64_t concurrency; /* 0 if the file has none */
    uint64_t iterations;  /* 0 if the file has none */
    int64_t rampup;       /* nanoseconds */
    int64_t duration;     /* nanoseconds; 0 if the file has none */
    int64_t rate;         /* iterations per second, in parts of RATE_UNIT; 0 if the file has none */
    struct text base;
    struct pairs vars;
    struct plan_item *items;
    size_t item_count;
};

/*
 * Reads the file. Returns 0, or -1 with the complaint filled and *out untouched. The caller frees
 * the plan. If the file cannot be read, the complaint's place is line 1, column 1.
 */
int plan_read(const char *path, struct plan *out, struct complaint *complaint);

/* Like plan_read(), from memory. */
int plan_parse(const char *bytes, size_t length, struct plan *out, struct complaint *complaint);

void plan_free(struct plan *plan);

/* Reads one item. 0, or -1 with the complaint filled. The caller frees the item in either case. */
int plan_item_read(struct document *document, struct plan_item *item);

void plan_item_free(struct plan_item *item);

#endif
