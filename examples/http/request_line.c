/* SPDX-License-Identifier: MIT */
#include "http/request_line.h"

#include <stdlib.h>
#include <string.h>

static size_t count_empty(const char *bytes, size_t length) {
    size_t count = 0;
    while (count < length && (bytes[count] == '\r' || bytes[count] == '\n'))
        count++;
    return count;
}

static void keep(struct request_line *line, const char *bytes, size_t length) {
    size_t room = (size_t)REQUEST_LINE_KEPT - line->length;
    size_t kept = length < room ? length : room;
    char *text = kept == 0 ? NULL : realloc(line->text, line->length + kept);
    line->is_cut |= length > room || (kept > 0 && text == NULL);
    if (text == NULL)
        return;
    memcpy(text + line->length, bytes, kept);
    line->text = text;
    line->length = (uint16_t)(line->length + kept);
}

void request_line_feed(struct request_line *line, const char *bytes, size_t length) {
    if (line->is_complete)
        return;
    size_t skipped = line->length == 0 ? count_empty(bytes, length) : 0;
    bytes += skipped;
    length -= skipped;
    const char *end = memchr(bytes, '\n', length);
    keep(line, bytes, end == NULL ? length : (size_t)(end - bytes));
    line->is_complete = end != NULL;
    if (line->is_complete && line->length > 0 && line->text[line->length - 1] == '\r')
        line->length--;
}

void request_line_free(struct request_line *line) {
    free(line->text);
    *line = (struct request_line){.text = NULL};
}
