/* SPDX-License-Identifier: MIT */
#include "complaint.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int complain(struct complaint *complaint, struct place place, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    complaint->place = place;
    (void)vsnprintf(complaint->message, sizeof complaint->message, format, arguments);
    va_end(arguments);
    return -1;
}

const char *quoted(const char *text, size_t length, char buffer[QUOTED_MAX]) {
    static const char ellipsis[] = "...";
    size_t room = QUOTED_MAX - sizeof "''";
    bool cut = length > room;
    size_t shown = cut ? room - (sizeof ellipsis - 1) : length;
    char *place = buffer;
    *place++ = '\'';
    for (size_t i = 0; i < shown; i++)
        *place++ = text[i] < ' ' || text[i] > '~' ? '?' : text[i];
    if (cut) {
        memcpy(place, ellipsis, sizeof ellipsis - 1);
        place += sizeof ellipsis - 1;
    }
    *place++ = '\'';
    *place = '\0';
    return buffer;
}
