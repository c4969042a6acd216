/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"
#include "number.h"
#include "template.h"

/* Larger than any written plan, but it stops the reading of endless files like /dev/zero. */
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

/* A rate is written like seconds. */
static int read_rate(struct document *document, const char *name, void *target) {
    struct plan *plan = target;
    const char *plain = document_plain(document);
    if (plain == NULL || !seconds_parse(plain, &plan->rate) || plan->rate == 0)
        return document_reject(document, name,
                               "a number above 0 and at most 1000000, such as 100 or 0.5");
    return 0;
}

static int read_base_key(struct document *document, const char *name, void *target) {
    struct plan *plan = target;
    return document_read_text(document, name, &plan->base);
}

/* Refuses names with another meaning, and names that cannot be written between {{ and }}. */
static int check_variable(struct document *document, const struct text *name) {
    static const char *const taken[] = {"item", "index", "iteration", "base"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(name->data, taken[i]) == 0)
            return complain(document->complaint, name->place, "drill itself sets the variable %s",
                            taken[i]);
    if (template_is_name(name->data, name->length))
        return 0;
    return complain(document->complaint, name->place,
                    "the name of a variable may have only letters, digits, _ and -");
}

static int read_vars(struct document *document, const char *name, void *target) {
    static const struct pairs_kind kind = {.noun = "variable", .compare = strcmp};
    struct plan *plan = target;
    if (pairs_read(document, name, &kind, &plan->vars) != 0)
        return -1;
    for (size_t i = 0; i < plan->vars.count; i++)
        if (check_variable(document, &plan->vars.list[i].name) != 0)
            return -1;
    return 0;
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
        void *items = list_grow(plan->items, plan->item_count, sizeof *plan->items);
        if (items == NULL)
            return complain(document->complaint, start, "out of memory");
        plan->items = items;
        plan->items[plan->item_count] = (struct plan_item){0};
        if (plan_item_read(document, &plan->items[plan->item_count++]) != 0)
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
        {.name = "vars", .read = read_vars},
        {.name = "plan", .required = true, .read = read_items},
        {.name = "threads"},
        {.name = "new_conn_per_iter"},
        {.name = "persist_context"},
        {.name = "run_time"},
        {.name = "success_codes"},
        {.name = "results"},
        {.name = "lifecycle"},
        {.name = "load_shape"},
        {.name = "cookies"},
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

/* Reads at most size bytes of the file. Returns how many, or -errno. */
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
        result = complain(complaint, file_start, "a plan may have at most %d bytes", FILE_MAX);
    else
        result = plan_parse(bytes, (size_t)length, out, complaint);
    free(bytes);
    return result;
}

void plan_free(struct plan *plan) {
    for (size_t i = 0; i < plan->item_count; i++)
        plan_item_free(&plan->items[i]);
    free(plan->items);
    pairs_free(&plan->vars);
    free(plan->base.data);
    *plan = (struct plan){0};
}
