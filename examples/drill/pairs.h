/* SPDX-License-Identifier: MIT */
#ifndef DRILL_PAIRS_H
#define DRILL_PAIRS_H

/* A mapping with any keys: names and their texts, in the order of the file. */

#include <stddef.h>

#include "document.h"

struct pair {
    struct text name;
    struct text value;
};

/* All zeros if there are none. */
struct pairs {
    struct pair *list;
    size_t count;
};

/* How complaints name the entries of a mapping, and how names are compared. */
struct pairs_kind {
    const char *noun;                                    /* "header" */
    int (*compare)(const char *left, const char *right); /* 0 for the same name */
};

/*
 * Reads a mapping of names to texts. Returns 0, or -1 with the complaint filled. The caller frees
 * the pairs in either case.
 */
int pairs_read(struct document *document, const char *name, const struct pairs_kind *kind,
               struct pairs *pairs);

/* The pair of that name, or NULL. Pass the compare of the pairs' kind. */
const struct pair *pairs_find(const struct pairs *pairs, const char *name,
                              int (*compare)(const char *left, const char *right));

void pairs_free(struct pairs *pairs);

#endif
