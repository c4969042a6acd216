/* SPDX-License-Identifier: MIT */
#include "template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"

static const char letters[] = "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char others[] = "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

/* A text that is being expanded, and the result so far. */
struct expansion {
    const struct text *text;
    const char *what;
    const struct scope *scope;
    struct complaint *complaint;
    struct expanded *out;
    FILE *stream; /* writes out->data */
};

bool template_is_name(const char *name, size_t length) {
    return length > 0 && strchr(letters, name[0]) != NULL && name[0] != '\0' &&
           strspn(name, others) >= length;
}

static bool is(const char *name, size_t length, const char *expected) {
    return length == strlen(expected) && memcmp(name, expected, length) == 0;
}

static const struct text *find_pair(const struct pairs *pairs, const char *name, size_t length) {
    for (size_t i = 0; i < pairs->count; i++)
        if (is(name, length, pairs->list[i].name.data))
            return &pairs->list[i].value;
    return NULL;
}

static const char *find_environment(const char *name, size_t length) {
    char *copy = strndup(name, length);
    const char *value = copy == NULL ? NULL : getenv(copy);
    free(copy);
    return value;
}

/* The value of item, or of a field of it. */
static const char *find_item(const struct repeat *item, const char *name, size_t length) {
    static const char prefix[] = "item.";
    size_t skipped = sizeof prefix - 1;
    if (is(name, length, "item"))
        return item->text.data;
    if (length <= skipped || memcmp(name, prefix, skipped) != 0)
        return NULL;
    const struct text *field = find_pair(&item->pairs, name + skipped, length - skipped);
    return field == NULL ? NULL : field->data;
}

/* The value of a name, or NULL. */
static const char *find(const struct scope *scope, const char *name, size_t length) {
    const char *value = scope->item == NULL ? NULL : find_item(scope->item, name, length);
    if (value != NULL)
        return value;
    if (is(name, length, "index"))
        return scope->index;
    if (is(name, length, "base"))
        return scope->base;
    const struct text *var = find_pair(scope->vars, name, length);
    return var != NULL ? var->data : find_environment(name, length);
}

static int add_hole(struct expansion *expansion) {
    struct expanded *out = expansion->out;
    size_t *holes = list_grow(out->holes, out->hole_count, sizeof *holes);
    if (holes == NULL || fflush(expansion->stream) != 0)
        return complain(expansion->complaint, expansion->text->place, "out of memory");
    out->holes = holes;
    out->holes[out->hole_count++] = out->length;
    return 0;
}

static int put_variable(struct expansion *expansion, const char *name, size_t length) {
    if (is(name, length, "iteration"))
        return add_hole(expansion);
    const char *value = find(expansion->scope, name, length);
    char shown[QUOTED_MAX];
    if (value == NULL)
        return complain(expansion->complaint, expansion->text->place, "%s: unknown variable %s",
                        expansion->what, quoted(name, length, shown));
    fputs(value, expansion->stream);
    return 0;
}

/* The length of a name with its fields, as in item.id. */
static size_t name_length(const char *name) {
    size_t length = strspn(name, others);
    while (length > 0 && name[length] == '.')
        length += 1 + strspn(name + length + 1, others);
    return length;
}

/* Puts the variable that begins at open, "{{", and sets *rest to the text behind it. */
static int put_braces(struct expansion *expansion, const char *open, const char **rest) {
    const char *name = open + 2 + strspn(open + 2, " ");
    size_t length = name_length(name);
    const char *close = name + length + strspn(name + length, " ");
    if (length == 0 || strchr(letters, name[0]) == NULL || strncmp(close, "}}", 2) != 0)
        return complain(expansion->complaint, expansion->text->place,
                        "%s: {{ must be followed by the name of a variable and }}",
                        expansion->what);
    *rest = close + 2;
    return put_variable(expansion, name, length);
}

/* Text may have NUL bytes, so it is searched for braces between them. */
static int put_all(struct expansion *expansion) {
    const char *place = expansion->text->data;
    const char *end = place + expansion->text->length;
    while (place < end) {
        const char *open = strstr(place, "{{");
        size_t plain = open == NULL ? strlen(place) : (size_t)(open - place);
        (void)fwrite(place, 1, plain, expansion->stream); /* ferror() reports failures */
        place += plain;
        if (open != NULL) {
            if (put_braces(expansion, open, &place) != 0)
                return -1;
        } else if (place < end) {
            fputc(*place++, expansion->stream);
        }
    }
    return 0;
}

int template_expand(const struct text *text, const char *what, const struct scope *scope,
                    struct expanded *out, struct complaint *complaint) {
    struct expanded expanded = {0};
    struct expansion expansion = {
        .text = text, .what = what, .scope = scope, .complaint = complaint, .out = &expanded};
    expansion.stream = open_memstream(&expanded.data, &expanded.length);
    if (expansion.stream == NULL)
        return complain(complaint, text->place, "out of memory");
    int result = put_all(&expansion);
    bool failed = ferror(expansion.stream) != 0;
    if ((fclose(expansion.stream) != 0 || failed) && result == 0)
        result = complain(complaint, text->place, "out of memory");
    if (result == 0)
        *out = expanded;
    else
        expanded_free(&expanded);
    return result;
}

void expanded_free(struct expanded *expanded) {
    free(expanded->data);
    free(expanded->holes);
    *expanded = (struct expanded){0};
}
