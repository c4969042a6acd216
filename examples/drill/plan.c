/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "number.h"

/* More than any plan that was written; less than what /dev/zero has to say. */
enum { FILE_MAX = 16 * 1024 * 1024 };

static const struct place file_start = {.line = 1, .column = 1};

static int read_count_key(struct document *document, const char *name, uint64_t most,
                          uint64_t *out) {
    const char *plain = document_plain(document);
    char expected[64];
    (void)snprintf(expected, sizeof expected, "a whole number from 1 to %" PRIu64, most);
    if (plain == NULL || !number_parse(plain, 1, most, out))
        return document_reject(document, name, expected);
    return 0;
}

static int read_concurrency(struct document *document, const char *name, void *target) {
    struct plan *plan = target;
    return read_count_key(document, name, CONCURRENCY_MAX, &plan->concurrency);
}

static int read_iterations(struct document *document, const char *name, void *target) {
    struct plan *plan = target;
    return read_count_key(document, name, ITERATIONS_MAX, &plan->iterations);
}

static int read_rampup(struct document *document, const char *name, void *target) {
    struct plan *plan = target;
    const char *plain = document_plain(document);
    if (plain == NULL || !seconds_parse(plain, &plan->rampup))
        return document_reject(document, name, "seconds, such as 2 or 0.5");
    return 0;
}

static int read_duration(struct document *document, const char *name, void *target) {
    struct plan *plan = target;
    const char *plain = document_plain(document);
    if (plain == NULL || !seconds_parse(plain, &plan->duration) || plan->duration == 0)
        return document_reject(document, name, "seconds above 0, such as 2 or 0.5");
    return 0;
}

/* A rate is written as seconds are. */
static int read_rate(struct document *document, const char *name, void *target) {
    struct plan *plan = target;
    const char *plain = document_plain(document);
    if (plain == NULL || !seconds_parse(plain, &plan->rate) || plan->rate == 0)
        return document_reject(document, name,
                               "a number above 0, at most 1000000, such as 100 or 0.5");
    return 0;
}

static int read_base_key(struct document *document, const char *name, void *target) {
    struct plan *plan = target;
    return document_read_text(document, name, &plan->base);
}

/* A name goes to terminals: it may not steer them. */
static int read_name(struct document *document, const char *name, void *target) {
    struct plan_item *item = target;
    if (document_read_text(document, name, &item->name) != 0)
        return -1;
    if (item->name.length == 0)
        return document_reject(document, name, "a text with something in it");
    for (size_t i = 0; i < item->name.length; i++) {
        unsigned char byte = (unsigned char)item->name.data[i];
        if (byte < ' ' || byte == 0x7f)
            return complain(document->complaint, item->name.place,
                            "%s has a control character in it", name);
    }
    return 0;
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

static void free_header(struct plan_header *header) {
    free(header->name.data);
    free(header->value.data);
}

/* Makes room for one element more in an array that doubles when its count is a power of two. */
static void *grow(void *array, size_t count, size_t size) {
    bool full = (count & (count - 1)) == 0;
    if (!full)
        return array;
    return realloc(array, (count == 0 ? 1 : count * 2) * size);
}

/* Reads the header whose name the reader stands on; field names do not differ by case. */
static int read_header(struct document *document, struct plan_item *item,
                       struct plan_header *header) {
    if (document_read_text(document, "the name of a header", &header->name) != 0)
        return -1;
    for (size_t i = 0; i < item->header_count; i++)
        if (strcasecmp(item->headers[i].name.data, header->name.data) == 0)
            return complain(document->complaint, header->name.place, "this header is given twice");
    if (document_next(document) != 0)
        return -1;
    return document_read_text(document, "the value of a header", &header->value);
}

static int read_headers(struct document *document, const char *name, void *target) {
    struct plan_item *item = target;
    if (document->event.type != YAML_MAPPING_START_EVENT)
        return document_reject(document, name, "a mapping");
    for (;;) {
        if (document_next(document) != 0)
            return -1;
        if (document->event.type == YAML_MAPPING_END_EVENT)
            return 0;
        void *headers = grow(item->headers, item->header_count, sizeof *item->headers);
        if (headers == NULL)
            return complain(document->complaint, document_place(document), "out of memory");
        item->headers = headers;
        struct plan_header header = {0};
        if (read_header(document, item, &header) != 0) {
            free_header(&header);
            return -1;
        }
        item->headers[item->header_count++] = header;
    }
}

static int read_request(struct document *document, const char *name, void *target) {
    static const struct field fields[] = {
        {.name = "url", .required = true, .read = read_url},
        {.name = "method", .read = read_method},
        {.name = "headers", .read = read_headers},
        {.name = "body", .read = read_body},
    };
    return document_read_mapping(document, name, fields, sizeof fields / sizeof *fields, target);
}

static void free_item(struct plan_item *item) {
    for (size_t i = 0; i < item->header_count; i++)
        free_header(&item->headers[i]);
    free(item->headers);
    free(item->name.data);
    free(item->url.data);
    free(item->method.data);
    free(item->body.data);
}

static int read_item(struct document *document, struct plan_item *item) {
    static const struct field fields[] = {
        {.name = "name", .required = true, .read = read_name},
        {.name = "request", .required = true, .read = read_request},
    };
    item->place = document_place(document);
    return document_read_mapping(document, "an item of the plan", fields,
                                 sizeof fields / sizeof *fields, item);
}

static int read_items(struct document *document, const char *name, void *target) {
    struct plan *plan = target;
    if (document->event.type != YAML_SEQUENCE_START_EVENT)
        return document_reject(document, name, "a list");
    struct place start = document_place(document);
    for (;;) {
        if (document_next(document) != 0)
            return -1;
        if (document->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        void *items = grow(plan->items, plan->item_count, sizeof *plan->items);
        if (items == NULL)
            return complain(document->complaint, start, "out of memory");
        plan->items = items;
        plan->items[plan->item_count] = (struct plan_item){0};
        if (read_item(document, &plan->items[plan->item_count++]) != 0)
            return -1;
    }
    if (plan->item_count == 0)
        return complain(document->complaint, start, "%s has no items", name);
    return 0;
}

static int read_document(struct document *document, struct plan *plan) {
    static const struct field fields[] = {
        {.name = "concurrency", .read = read_concurrency},
        {.name = "base", .read = read_base_key},
        {.name = "iterations", .read = read_iterations},
        {.name = "rampup", .read = read_rampup},
        {.name = "duration", .read = read_duration},
        {.name = "rate", .read = read_rate},
        {.name = "plan", .required = true, .read = read_items},
    };
    if (document_read_mapping(document, "the file", fields, sizeof fields / sizeof *fields, plan) !=
        0)
        return -1;
    return document_finish(document);
}

int plan_parse(const char *bytes, size_t length, struct plan *out, struct complaint *complaint) {
    struct document document;
    struct plan plan = {0};
    int result = document_open(&document, bytes, length, complaint);
    if (result == 0)
        result = read_document(&document, &plan);
    document_close(&document);
    if (result == 0)
        *out = plan;
    else
        plan_free(&plan);
    return result;
}

/* Reads at most size bytes of the file; how many, or -errno. */
static ssize_t read_file(const char *path, char *bytes, size_t size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return -errno;
    size_t length = fread(bytes, 1, size, file);
    int error = ferror(file) ? errno : 0;
    (void)fclose(file); /* nothing was written */
    return error != 0 ? -error : (ssize_t)length;
}

int plan_read(const char *path, struct plan *out, struct complaint *complaint) {
    char *bytes = malloc(FILE_MAX);
    if (bytes == NULL)
        return complain(complaint, file_start, "out of memory");
    int result;
    ssize_t length = read_file(path, bytes, FILE_MAX);
    if (length < 0)
        result = complain(complaint, file_start, "cannot be read: %s", strerror((int)-length));
    else if (length == FILE_MAX)
        result = complain(complaint, file_start, "larger than a plan may be: %d bytes", FILE_MAX);
    else
        result = plan_parse(bytes, (size_t)length, out, complaint);
    free(bytes);
    return result;
}

void plan_free(struct plan *plan) {
    for (size_t i = 0; i < plan->item_count; i++)
        free_item(&plan->items[i]);
    free(plan->items);
    free(plan->base.data);
    *plan = (struct plan){0};
}
