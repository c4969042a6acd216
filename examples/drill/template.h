/* SPDX-License-Identifier: MIT */
#ifndef DRILL_TEMPLATE_H
#define DRILL_TEMPLATE_H

/*
 * Texts with variables, {{ name }}, which are replaced before the run. The number of an iteration
 * is not known by then. It leaves a hole, an offset at which it is written once the iteration
 * begins.
 */

#include <stdbool.h>
#include <stddef.h>

#include "complaint.h"
#include "document.h"
#include "pairs.h"
#include "repeats.h"

/* The values of names. All other names are those of environment variables. */
struct scope {
    const struct pairs *vars;
    const char *base;          /* NULL: none */
    const struct repeat *item; /* NULL outside of with_items */
    const char *index;         /* of the item, NULL outside of with_items */
};

/* A text without its variables: heap memory, with a NUL byte behind it. */
struct expanded {
    char *data;
    size_t length;
    size_t *holes; /* in order */
    size_t hole_count;
};

/*
 * Expands the text. Complaints call it by the name what. Returns 0, after which the caller frees
 * *out, or -1 with the complaint filled.
 */
int template_expand(const struct text *text, const char *what, const struct scope *scope,
                    struct expanded *out, struct complaint *complaint);

void expanded_free(struct expanded *expanded);

/* Whether this may be the name of a variable: a letter or _, then letters, digits, _ and -. */
bool template_is_name(const char *name, size_t length);

#endif
