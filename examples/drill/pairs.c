/* SPDX-License-Identifier: MIT */
#include "pairs.h"

#include <stdio.h>
#include <stdlib.h>

#include "list.h"

static void free_pair(struct pair *pair) {
    free(pair->name.data);
    free(pair->value.data);
}

/* Reads the pair whose name is the reader's current event. */
static int read_pair(struct document *document, const struct pairs_kind *kind,
                     const struct pairs *pairs, struct pair *pair) {
    char what[64];
    (void)snprintf(what, sizeof what, "the name of a %s", kind->noun);
    if (document_read_text(document, what, &pair->name) != 0)
        return -1;
    if (pairs_find(pairs, pair->name.data, kind->compare) != NULL)
        return complain(document->complaint, pair->name.place, "this %s is given twice",
                        kind->noun);
    if (document_next(document) != 0)
        return -1;
    (void)snprintf(what, sizeof what, "the value of a %s", kind->noun);
    return document_read_text(document, what, &pair->value);
}

int pairs_read(struct document *document, const char *name, const struct pairs_kind *kind,
               struct pairs *pairs) {
    if (document->event.type != YAML_MAPPING_START_EVENT)
        return document_reject(document, name, "a mapping");
    for (;;) {
        if (document_next(document) != 0)
            return -1;
        if (document->event.type == YAML_MAPPING_END_EVENT)
            return 0;
        void *list = list_grow(pairs->list, pairs->count, sizeof *pairs->list);
        if (list == NULL)
            return complain(document->complaint, document_place(document), "out of memory");
        pairs->list = list;
        struct pair pair = {0};
        if (read_pair(document, kind, pairs, &pair) != 0) {
            free_pair(&pair);
            return -1;
        }
        pairs->list[pairs->count++] = pair;
    }
}

const struct pair *pairs_find(const struct pairs *pairs, const char *name,
                              int (*compare)(const char *left, const char *right)) {
    for (size_t i = 0; i < pairs->count; i++)
        if (compare(pairs->list[i].name.data, name) == 0)
            return &pairs->list[i];
    return NULL;
}

void pairs_free(struct pairs *pairs) {
    for (size_t i = 0; i < pairs->count; i++)
        free_pair(&pairs->list[i]);
    free(pairs->list);
    *pairs = (struct pairs){0};
}
