/* SPDX-License-Identifier: MIT */
#ifndef CHAT_LINE_H
#define CHAT_LINE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A line that a client types. It arrives in any pieces and ends with LF or CR LF. Bytes beyond
 * LINE_LENGTH are dropped, and control characters, which could steer the readers' terminals, become
 * question marks. All zeros is an empty line.
 */
enum { LINE_LENGTH = 500 };

struct line {
    size_t length;
    bool is_complete;
    char text[LINE_LENGTH + 1]; /* when complete: without its end, terminated */
};

/*
 * Takes bytes up to the end of the line, or all of them if the line goes on. Returns how many were
 * taken. After a complete line the next call begins a new one.
 */
size_t line_feed(struct line *line, const char *bytes, size_t length);

#endif
