/* SPDX-License-Identifier: MIT */
#ifndef DRILL_DOCUMENT_H
#define DRILL_DOCUMENT_H

/*
 * A YAML file as a stream of nodes with places, read through libyaml's events. The file holds one
 * document without anchors, aliases and tags. Such a document means the same to every YAML reader.
 *
 * The reader is at one event at a time. A function that reads a node begins with the reader at the
 * node's first event and leaves it at the last one. Each returns 0, or -1 with the complaint
 * filled.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <yaml.h>

#include "complaint.h"

/*
 * Text from a document: heap memory, with a NUL byte behind it. All zeros if it was not given.
 */
struct text {
    char *data;
    size_t length;
    struct place place;
};

struct document {
    yaml_parser_t parser;
    yaml_event_t event;
    const char *bytes;
    size_t length;
    struct complaint *complaint;
};

/* Begins to read the bytes, which must stay, and goes to the document's first node. */
int document_open(struct document *document, const char *bytes, size_t length,
                  struct complaint *complaint);

/* Checks that only the end of the file follows the node that was read. */
int document_finish(struct document *document);

/* Frees what the reader holds, also after a failure. */
void document_close(struct document *document);

/* Goes to the next event. */
int document_next(struct document *document);

/* Where the reader's current event begins. */
struct place document_place(const struct document *document);

/* Complains about a node of an unexpected kind: "'base' must be text, not a list". */
int document_reject(struct document *document, const char *name, const char *expected);

/*
 * One key of a mapping, and the function that reads its value into target. read is NULL for a key
 * of fcsonline/drill that is refused here by its name.
 */
struct field {
    const char *name;
    bool required;
    int (*read)(struct document *document, const char *name, void *target);
};

enum { FIELDS_MAX = 32 };

/*
 * Reads a mapping of at most FIELDS_MAX known keys, with the refused ones last. where completes the
 * complaint "unknown key 'x' in ...".
 */
int document_read_mapping(struct document *document, const char *where, const struct field *fields,
                          size_t count, void *target);

/*
 * Reads a scalar that is not null, quoted or plain, as written, into *out, which the caller frees.
 * document_read_bytes() allows NUL bytes in it; document_read_text() does not.
 */
int document_read_text(struct document *document, const char *name, struct text *out);
int document_read_bytes(struct document *document, const char *name, struct text *out);

/*
 * The value of a plain, unquoted scalar, borrowed until the reader moves on; NULL for other nodes.
 */
const char *document_plain(const struct document *document);

#endif
