/* SPDX-License-Identifier: MIT */
#include "chat/line.h"

#include <string.h>

/*
 * Whether a byte is a control character of ASCII or of ISO 8859, 0x80 to 0x9f. Bytes of the latter
 * are harmless inside a UTF-8 character, but not after 0xc2, where they are control characters too.
 */
static bool is_control(unsigned char before, unsigned char byte) {
    if (byte < 0x80)
        return byte < 0x20 || byte == 0x7f;
    return byte < 0xa0 && (before < 0x80 || before == 0xc2);
}

static void line_complete(struct line *line) {
    if (line->length > 0 && line->text[line->length - 1] == '\r')
        line->length--;
    line->text[line->length] = '\0';
    line->is_complete = true;
    char before = 0;
    for (char *byte = line->text; byte < line->text + line->length; byte++) {
        if (is_control((unsigned char)before, (unsigned char)*byte))
            *byte = '?';
        before = *byte;
    }
}

size_t line_feed(struct line *line, const char *bytes, size_t length) {
    if (line->is_complete)
        *line = (struct line){.length = 0};
    const char *end = memchr(bytes, '\n', length);
    size_t count = end == NULL ? length : (size_t)(end - bytes);
    size_t room = LINE_LENGTH - line->length;
    size_t kept = count < room ? count : room;
    memcpy(line->text + line->length, bytes, kept);
    line->length += kept;
    if (end == NULL)
        return length;
    line_complete(line);
    return count + 1;
}
