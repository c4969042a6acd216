/* SPDX-License-Identifier: MIT */
#include "tags.h"

#include <stdlib.h>
#include <string.h>

/* The next element of the list, without the spaces around it. NULL behind the last one. */
static const char *next_tag(const char **list, size_t *length) {
    const char *tag = *list;
    if (tag == NULL)
        return NULL;
    size_t whole = strcspn(tag, ",");
    *list = tag[whole] == ',' ? tag + whole + 1 : NULL;
    while (whole > 0 && tag[0] == ' ') {
        tag++;
        whole--;
    }
    while (whole > 0 && tag[whole - 1] == ' ')
        whole--;
    *length = whole;
    return tag;
}

static bool list_has(const char *list, const char *tag, size_t length) {
    size_t other_length = 0;
    const char *other;
    while ((other = next_tag(&list, &other_length)) != NULL)
        if (other_length == length && memcmp(other, tag, length) == 0)
            return true;
    return false;
}

static bool list_has_any(const char *list, const struct texts *tags) {
    for (size_t i = 0; i < tags->count; i++)
        if (list_has(list, tags->list[i].data, tags->list[i].length))
            return true;
    return false;
}

static bool have(const struct texts *tags, const char *tag) {
    for (size_t i = 0; i < tags->count; i++)
        if (strcmp(tags->list[i].data, tag) == 0)
            return true;
    return false;
}

bool tags_select(const struct tag_filter *filter, const struct texts *tags) {
    bool never = have(tags, "never") && !list_has(filter->wanted, "never", strlen("never"));
    if (list_has_any(filter->skipped, tags))
        return false;
    if (filter->wanted != NULL && never)
        return false;
    if (list_has_any(filter->wanted, tags) || have(tags, "always"))
        return true;
    return filter->wanted == NULL && !never;
}

bool plan_select(struct plan *plan, const struct tag_filter *filter) {
    size_t kept = 0;
    for (size_t i = 0; i < plan->item_count; i++) {
        if (tags_select(filter, &plan->items[i].tags))
            plan->items[kept++] = plan->items[i];
        else
            plan_item_free(&plan->items[i]);
    }
    plan->item_count = kept;
    return kept > 0;
}

bool tags_conflict(const struct tag_filter *filter, const char **tag, size_t *length) {
    const char *list = filter->wanted;
    while ((*tag = next_tag(&list, length)) != NULL)
        if (list_has(filter->skipped, *tag, *length))
            return true;
    return false;
}

static int compare_tags(const void *left, const void *right) {
    const char *const *a = left;
    const char *const *b = right;
    return strcmp(*a, *b);
}

bool tags_print(const struct plan *plan, FILE *stream) {
    size_t count = 0;
    for (size_t i = 0; i < plan->item_count; i++)
        count += plan->items[i].tags.count;
    const char **all = calloc(count + 1, sizeof *all); /* calloc(0) may be NULL */
    if (all == NULL)
        return false;
    count = 0;
    for (size_t i = 0; i < plan->item_count; i++)
        for (size_t j = 0; j < plan->items[i].tags.count; j++)
            all[count++] = plan->items[i].tags.list[j].data;
    qsort(all, count, sizeof *all, compare_tags);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(all[i], all[i - 1]) != 0)
            fprintf(stream, "%s\n", all[i]);
    free(all);
    return true;
}
