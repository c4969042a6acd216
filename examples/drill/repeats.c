/* SPDX-License-Identifier: MIT */
#include "repeats.h"

#include <stdlib.h>
#include <string.h>

#include "list.h"
#include "number.h"

/* The largest number that a range may have. */
#define NUMBER_MAX UINT64_C(1000000000000000)

struct range {
    uint64_t start;
    uint64_t step;
    uint64_t stop;
};

static int read_number(struct document *document, const char *name, uint64_t least, uint64_t *out) {
    const char *plain = document_plain(document);
    if (plain == NULL || !number_parse(plain, least, NUMBER_MAX, out))
        return document_reject(document, name,
                               least == 0 ? "a whole number" : "a whole number above 0");
    return 0;
}

static int read_start(struct document *document, const char *name, void *range) {
    return read_number(document, name, 0, &((struct range *)range)->start);
}

static int read_step(struct document *document, const char *name, void *range) {
    return read_number(document, name, 1, &((struct range *)range)->step);
}

static int read_stop(struct document *document, const char *name, void *range) {
    return read_number(document, name, 0, &((struct range *)range)->stop);
}

int repeats_read_range(struct document *document, const char *name, void *target) {
    static const struct field fields[] = {
        {.name = "start", .required = true, .read = read_start},
        {.name = "step", .read = read_step},
        {.name = "stop", .required = true, .read = read_stop},
    };
    struct repeats *repeats = target;
    struct range range = {.step = 1};
    repeats->place = document_place(document);
    if (document_read_mapping(document, name, fields, sizeof fields / sizeof *fields, &range) != 0)
        return -1;
    if (range.stop < range.start)
        return complain(document->complaint, repeats->place, "%s stops before it starts", name);
    repeats->start = range.start;
    repeats->step = range.step;
    repeats->count = (range.stop - range.start) / range.step + 1;
    return 0;
}

static int read_repeat(struct document *document, const char *name, struct repeat *repeat) {
    static const struct pairs_kind kind = {.noun = "field", .compare = strcmp};
    if (document->event.type == YAML_MAPPING_START_EVENT)
        return pairs_read(document, name, &kind, &repeat->pairs);
    if (document->event.type != YAML_SCALAR_EVENT)
        return document_reject(document, "an item", "text or a mapping");
    return document_read_text(document, "an item", &repeat->text);
}

int repeats_read(struct document *document, const char *name, void *target) {
    struct repeats *repeats = target;
    if (document->event.type == YAML_MAPPING_START_EVENT)
        return repeats_read_range(document, name, repeats);
    if (document->event.type != YAML_SEQUENCE_START_EVENT)
        return document_reject(document, name, "a list or a range");
    repeats->place = document_place(document);
    for (;;) {
        if (document_next(document) != 0)
            return -1;
        if (document->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        void *list = list_grow(repeats->list, (size_t)repeats->count, sizeof *repeats->list);
        if (list == NULL)
            return complain(document->complaint, document_place(document), "out of memory");
        repeats->list = list;
        repeats->list[repeats->count] = (struct repeat){0};
        if (read_repeat(document, name, &repeats->list[repeats->count++]) != 0)
            return -1;
    }
    if (repeats->count == 0)
        return complain(document->complaint, repeats->place, "%s has no items", name);
    return 0;
}

void repeats_free(struct repeats *repeats) {
    for (uint64_t i = 0; repeats->list != NULL && i < repeats->count; i++) {
        free(repeats->list[i].text.data);
        pairs_free(&repeats->list[i].pairs);
    }
    free(repeats->list);
    *repeats = (struct repeats){0};
}
