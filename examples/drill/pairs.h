/* SPDX-License-Identifier: MIT */
#ifndef DRILL_PAIRS_H
#define DRILL_PAIRS_H

/* Names and texts that a plan gives them, in the order of the file: a mapping of any keys. */

#include <stddef.h>

#include "document.h"

struct pair {
    struct text name;
    struct text value;
};

/* All zeros where there are none. */
struct pairs {
    struct pair *list;
    size_t count;
};

/* What a mapping is called in complaints, and how its names are told apart. */
struct pairs_kind {
    const char *noun;                                    /* "header" */
    int (*compare)(const char *left, const char *right); /* 0 for the same name */
};

/*
 * Reads a mapping of names to texts. 0, or -1 with the complaint filled. The caller frees the pairs
 * in either case.
 */
int pairs_read(struct document *document, const char *name, const struct pairs_kind *kind,
               struct pairs *pairs);

/* The pair of that name, or NULL. compare is that of the kind. */
const struct pair *pairs_find(const struct pairs *pairs, const char *name,
                              int (*compare)(const char *left, const char *right));

void pairs_free(struct pairs *pairs);

#endif
