/* SPDX-License-Identifier: MIT */
#ifndef DRILL_TAGS_H
#define DRILL_TAGS_H

/* Which items of a plan are run, by their tags, with the rules of fcsonline/drill. */

#include <stdbool.h>
#include <stdio.h>

#include "plan.h"

/* Lists of tags with commas between them, from the command line; NULL: none. */
struct tag_filter {
    const char *wanted;
    const char *skipped;
};

/*
 * Whether an item with these tags is run. One of the wanted tags makes it run; without wanted tags
 * every item runs. The tag "always" makes an item run, too. An item with the tag "never" is run
 * only if "never" is wanted. A skipped tag overrides all of these.
 */
bool tags_select(const struct tag_filter *filter, const struct texts *tags);

/* Removes the items that are not run from the plan. False if none is left. */
bool plan_select(struct plan *plan, const struct tag_filter *filter);

/* Whether both lists have the same tag: then *tag and *length are set to it. */
bool tags_conflict(const struct tag_filter *filter, const char **tag, size_t *length);

/* Prints all tags of the plan, each once, on lines of their own. False if there is no memory. */
bool tags_print(const struct plan *plan, FILE *stream);

#endif
