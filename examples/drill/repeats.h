/* SPDX-License-Identifier: MIT */
#ifndef DRILL_REPEATS_H
#define DRILL_REPEATS_H

/*
 * The values of the variable item, one for each repetition of an item of the plan: a list of texts
 * or of mappings (with_items), or a range of numbers (with_items_range).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "document.h"
#include "pairs.h"

/* Either a text or, if text.data is NULL, pairs. */
struct repeat {
    struct text text;
    struct pairs pairs;
};

/* All zeros if an item is not repeated. */
struct repeats {
    struct place place;
    struct repeat *list; /* NULL for a range */
    uint64_t count;
    uint64_t start; /* of the range */
    uint64_t step;
};

/*
 * Reads a list, or a mapping with start, stop and an optional step. Returns 0, or -1 with the
 * complaint filled. target is the repeats, which the caller frees in either case.
 */
int repeats_read(struct document *document, const char *name, void *target);

/* Reads a mapping only. */
int repeats_read_range(struct document *document, const char *name, void *target);

void repeats_free(struct repeats *repeats);

#endif
