/* SPDX-License-Identifier: MIT */
#include "document.h"

#include <stdlib.h>
#include <string.h>

static struct place place_of(yaml_mark_t mark) {
    return (struct place){.line = mark.line + 1, .column = mark.column + 1};
}

/* The place of a byte in the file, which libyaml does not report for bytes that are no text. */
static struct place place_of_byte(const struct document *document, size_t offset) {
    struct place place = {.line = 1, .column = 1};
    for (size_t i = 0; i < offset && i < document->length; i++) {
        unsigned char byte = (unsigned char)document->bytes[i];
        bool continues_character = (byte & 0xc0) == 0x80;
        place.column += !continues_character;
        if (byte == '\n')
            place = (struct place){.line = place.line + 1, .column = 1};
    }
    return place;
}

/* Turns libyaml's error into a complaint. */
static int complain_of_parser(struct document *document) {
    const yaml_parser_t *parser = &document->parser;
    switch (parser->error) {
    case YAML_MEMORY_ERROR:
        return complain(document->complaint, place_of(parser->mark), "out of memory");
    case YAML_READER_ERROR:
        return complain(document->complaint, place_of_byte(document, parser->problem_offset),
                        "not text: %s", parser->problem);
    default:
        return complain(document->complaint, place_of(parser->problem_mark), "not YAML: %s%s%s",
                        parser->problem, parser->context == NULL ? "" : " ",
                        parser->context == NULL ? "" : parser->context);
    }
}

/* Refuses what would give a document more meaning than its plain text. */
static int check_event(struct document *document) {
    const yaml_event_t *event = &document->event;
    const yaml_char_t *anchor = NULL;
    const yaml_char_t *tag = NULL;
    if (event->type == YAML_ALIAS_EVENT) {
        anchor = event->data.alias.anchor;
    } else if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (anchor != NULL)
        return complain(document->complaint, document_place(document),
                        "anchors and aliases are not supported");
    if (tag != NULL)
        return complain(document->complaint, document_place(document), "tags are not supported");
    return 0;
}

int document_next(struct document *document) {
    yaml_event_delete(&document->event);
    if (!yaml_parser_parse(&document->parser, &document->event))
        return complain_of_parser(document);
    return check_event(document);
}

int document_open(struct document *document, const char *bytes, size_t length,
                  struct complaint *complaint) {
    *document = (struct document){.bytes = bytes, .length = length, .complaint = complaint};
    if (!yaml_parser_initialize(&document->parser))
        return complain(complaint, (struct place){1, 1}, "out of memory");
    yaml_parser_set_input_string(&document->parser, (const unsigned char *)bytes, length);
    /* The stream begins, then the document, then its node. */
    if (document_next(document) != 0)
        return -1;
    if (document_next(document) != 0)
        return -1;
    if (document->event.type == YAML_STREAM_END_EVENT)
        return complain(complaint, (struct place){1, 1}, "the file is empty");
    return document_next(document);
}

int document_finish(struct document *document) {
    /* The document ends, then the stream. */
    if (document_next(document) != 0)
        return -1;
    if (document_next(document) != 0)
        return -1;
    if (document->event.type != YAML_STREAM_END_EVENT)
        return complain(document->complaint, document_place(document),
                        "the file has more than one document");
    return 0;
}

void document_close(struct document *document) {
    yaml_event_delete(&document->event);
    yaml_parser_delete(&document->parser);
}

struct place document_place(const struct document *document) {
    return place_of(document->event.start_mark);
}

const char *document_plain(const struct document *document) {
    const yaml_event_t *event = &document->event;
    bool plain =
        event->type == YAML_SCALAR_EVENT && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return plain ? (const char *)event->data.scalar.value : NULL;
}

/* The spellings that YAML 1.2's core schema has for nothing. */
static bool is_null(const struct document *document) {
    static const char *const spellings[] = {"", "~", "null", "Null", "NULL"};
    const char *plain = document_plain(document);
    for (size_t i = 0; plain != NULL && i < sizeof spellings / sizeof *spellings; i++)
        if (strcmp(plain, spellings[i]) == 0)
            return true;
    return false;
}

int document_reject(struct document *document, const char *name, const char *expected) {
    const yaml_event_t *event = &document->event;
    char buffer[QUOTED_MAX];
    const char *found = "a mapping";
    if (event->type == YAML_SEQUENCE_START_EVENT)
        found = "a list";
    else if (is_null(document))
        found = "nothing";
    else if (event->type == YAML_SCALAR_EVENT)
        found = quoted((const char *)event->data.scalar.value, event->data.scalar.length, buffer);
    return complain(document->complaint, document_place(document), "%s must be %s, not %s", name,
                    expected, found);
}

int document_read_bytes(struct document *document, const char *name, struct text *out) {
    const yaml_event_t *event = &document->event;
    if (event->type != YAML_SCALAR_EVENT || is_null(document))
        return document_reject(document, name, "text");
    struct text text = {.length = event->data.scalar.length, .place = document_place(document)};
    text.data = malloc(text.length + 1);
    if (text.data == NULL)
        return complain(document->complaint, text.place, "out of memory");
    memcpy(text.data, event->data.scalar.value, text.length);
    text.data[text.length] = '\0';
    *out = text;
    return 0;
}

int document_read_text(struct document *document, const char *name, struct text *out) {
    const yaml_event_t *event = &document->event;
    if (event->type == YAML_SCALAR_EVENT &&
        memchr(event->data.scalar.value, '\0', event->data.scalar.length) != NULL)
        return complain(document->complaint, document_place(document), "%s contains a NUL byte",
                        name);
    return document_read_bytes(document, name, out);
}

static int complain_of_key(struct document *document, const char *where, const struct field *fields,
                           size_t count) {
    const yaml_event_t *event = &document->event;
    char key[QUOTED_MAX];
    char known[160] = "";
    size_t length = 0;
    while (fields[count - 1].read == NULL) /* refused keys come last */
        count--;
    for (size_t i = 0; i < count; i++) {
        const char *separator = i == 0 ? "" : i + 1 == count ? " and " : ", ";
        int added =
            snprintf(known + length, sizeof known - length, "%s%s", separator, fields[i].name);
        if (added > 0 && (size_t)added < sizeof known - length)
            length += (size_t)added;
    }
    (void)quoted((const char *)event->data.scalar.value, event->data.scalar.length, key);
    return complain(document->complaint, document_place(document),
                    "unknown key %s in %s, which has %s", key, where, known);
}

/* The index of the key at the reader's event, or -1 with the complaint filled. */
static int read_key(struct document *document, const char *where, const struct field *fields,
                    size_t count, uint32_t seen) {
    const yaml_event_t *event = &document->event;
    if (event->type != YAML_SCALAR_EVENT)
        return document_reject(document, "a key", "text");
    for (size_t i = 0; i < count; i++) {
        if (strlen(fields[i].name) != event->data.scalar.length ||
            memcmp(fields[i].name, event->data.scalar.value, event->data.scalar.length) != 0)
            continue;
        if (fields[i].read == NULL)
            return complain(document->complaint, document_place(document),
                            "%s of fcsonline/drill is not supported", fields[i].name);
        if ((seen >> i & 1) != 0)
            return complain(document->complaint, document_place(document), "%s is given twice",
                            fields[i].name);
        return (int)i;
    }
    return complain_of_key(document, where, fields, count);
}

int document_read_mapping(struct document *document, const char *where, const struct field *fields,
                          size_t count, void *target) {
    if (document->event.type != YAML_MAPPING_START_EVENT)
        return document_reject(document, where, "a mapping");
    struct place start = document_place(document);
    uint32_t seen = 0;
    for (;;) {
        if (document_next(document) != 0)
            return -1;
        if (document->event.type == YAML_MAPPING_END_EVENT)
            break;
        int index = read_key(document, where, fields, count, seen);
        if (index < 0 || document_next(document) != 0)
            return -1;
        seen |= UINT32_C(1) << index;
        if (fields[index].read(document, fields[index].name, target) != 0)
            return -1;
    }
    for (size_t i = 0; i < count; i++)
        if (fields[i].required && (seen >> i & 1) == 0)
            return complain(document->complaint, start, "%s is missing in %s", fields[i].name,
                            where);
    return 0;
}
