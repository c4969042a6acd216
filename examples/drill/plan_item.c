/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "list.h"
#include "number.h"

/* Refuses control characters, because the text is printed on terminals. */
static int check_printable(struct document *document, const char *name, const struct text *text) {
    if (text->length == 0)
        return document_reject(document, name, "a text that is not empty");
    for (size_t i = 0; i < text->length; i++) {
        unsigned char byte = (unsigned char)text->data[i];
        if (byte < ' ' || byte == 0x7f)
            return complain(document->complaint, text->place, "%s contains a control character",
                            name);
    }
    return 0;
}

static int read_name(struct document *document, const char *name, void *target) {
    struct plan_item *item = target;
    if (document_read_text(document, name, &item->name) != 0)
        return -1;
    return check_printable(document, name, &item->name);
}

static int read_url(struct document *document, const char *name, void *target) {
    struct plan_item *item = target;
    return document_read_text(document, name, &item->url);
}

static int read_method(struct document *document, const char *name, void *target) {
    struct plan_item *item = target;
    return document_read_text(document, name, &item->method);
}

static int read_body(struct document *document, const char *name, void *target) {
    struct plan_item *item = target;
    return document_read_bytes(document, name, &item->body);
}

/* Field names do not differ by case. */
static int read_headers(struct document *document, const char *name, void *target) {
    static const struct pairs_kind kind = {.noun = "header", .compare = strcasecmp};
    struct plan_item *item = target;
    return pairs_read(document, name, &kind, &item->headers);
}

static int read_request(struct document *document, const char *name, void *target) {
    static const struct field fields[] = {
        {.name = "url", .required = true, .read = read_url},
        {.name = "method", .read = read_method},
        {.name = "headers", .read = read_headers},
        {.name = "body", .read = read_body},
        {.name = "auth"},
        {.name = "cookies"},
    };
    struct plan_item *item = target;
    item->has_request = true;
    return document_read_mapping(document, name, fields, sizeof fields / sizeof *fields, target);
}

static int read_seconds(struct document *document, const char *name, void *target) {
    struct plan_item *item = target;
    const char *plain = document_plain(document);
    if (plain == NULL || !seconds_parse(plain, &item->delay))
        return document_reject(document, name, "a number of seconds, such as 2 or 0.5");
    return 0;
}

/* A mapping with seconds, or just the seconds. */
static int read_delay(struct document *document, const char *name, void *target) {
    static const struct field fields[] = {
        {.name = "seconds", .required = true, .read = read_seconds},
    };
    struct plan_item *item = target;
    item->has_delay = true;
    if (document->event.type == YAML_SCALAR_EVENT)
        return read_seconds(document, name, target);
    return document_read_mapping(document, name, fields, sizeof fields / sizeof *fields, target);
}

static int refuse_second_repeats(struct document *document, const struct plan_item *item) {
    if (item->repeats.count == 0)
        return 0;
    return complain(document->complaint, document_place(document),
                    "an item cannot have both with_items and with_items_range");
}

static int read_with_items(struct document *document, const char *name, void *target) {
    struct plan_item *item = target;
    if (refuse_second_repeats(document, item) != 0)
        return -1;
    return repeats_read(document, name, &item->repeats);
}

static int read_with_items_range(struct document *document, const char *name, void *target) {
    struct plan_item *item = target;
    if (refuse_second_repeats(document, item) != 0)
        return -1;
    return repeats_read_range(document, name, &item->repeats);
}

/* A tag has no comma, because the command line has lists of tags with commas. */
static int read_tag(struct document *document, struct text *tag) {
    if (document_read_text(document, "a tag", tag) != 0)
        return -1;
    if (check_printable(document, "a tag", tag) != 0)
        return -1;
    if (strchr(tag->data, ',') == NULL)
        return 0;
    return complain(document->complaint, tag->place, "a tag must not contain a comma");
}

static int read_tags(struct document *document, const char *name, void *target) {
    struct plan_item *item = target;
    if (document->event.type != YAML_SEQUENCE_START_EVENT)
        return document_reject(document, name, "a list");
    for (;;) {
        if (document_next(document) != 0)
            return -1;
        if (document->event.type == YAML_SEQUENCE_END_EVENT)
            return 0;
        void *list = list_grow(item->tags.list, item->tags.count, sizeof *item->tags.list);
        if (list == NULL)
            return complain(document->complaint, document_place(document), "out of memory");
        item->tags.list = list;
        item->tags.list[item->tags.count] = (struct text){0};
        if (read_tag(document, &item->tags.list[item->tags.count++]) != 0)
            return -1;
    }
}

/* Checks the keys of an item against each other. */
static int check_item(struct complaint *complaint, const struct plan_item *item) {
    static const char missing[] = "%s is missing in an item of the plan";
    if (item->has_request && item->has_delay)
        return complain(complaint, item->place, "an item cannot be both a request and a delay");
    if (item->has_delay && item->repeats.count > 0)
        return complain(complaint, item->repeats.place, "only a request can be repeated");
    if (item->name.data == NULL && !item->has_delay)
        return complain(complaint, item->place, missing, "name");
    if (!item->has_request && !item->has_delay)
        return complain(complaint, item->place, missing, "request");
    return 0;
}

int plan_item_read(struct document *document, struct plan_item *item) {
    static const struct field fields[] = {
        {.name = "name", .read = read_name},
        {.name = "request", .read = read_request},
        {.name = "delay", .read = read_delay},
        {.name = "with_items", .read = read_with_items},
        {.name = "with_items_range", .read = read_with_items_range},
        {.name = "tags", .read = read_tags},
        {.name = "with_items_from_csv"},
        {.name = "with_items_from_file"},
        {.name = "shuffle"},
        {.name = "pick"},
        {.name = "assign"},
        {.name = "assert"},
        {.name = "exec"},
        {.name = "include"},
        {.name = "for_each"},
        {.name = "save"},
        {.name = "weight"},
    };
    item->place = document_place(document);
    if (document_read_mapping(document, "an item of the plan", fields,
                              sizeof fields / sizeof *fields, item) != 0)
        return -1;
    return check_item(document->complaint, item);
}

void plan_item_free(struct plan_item *item) {
    for (size_t i = 0; i < item->tags.count; i++)
        free(item->tags.list[i].data);
    free(item->tags.list);
    repeats_free(&item->repeats);
    pairs_free(&item->headers);
    free(item->name.data);
    free(item->url.data);
    free(item->method.data);
    free(item->body.data);
}
