/* SPDX-License-Identifier: MIT */
#ifndef CHAT_LINE_H
#define CHAT_LINE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A line that a client types, as it arrives: in any pieces. It ends with LF or CR LF. What is
 * beyond LINE_LENGTH bytes is dropped, and what would steer the terminals of those who read it
 * becomes a question mark. A line of zeros is empty.
 */
enum { LINE_LENGTH = 500 };

struct line {
    size_t length;
    bool is_complete;
    char text[LINE_LENGTH + 1]; /* when complete: without its end, terminated */
};

/*
 * Takes bytes up to the end of the line and returns how many; all, where the line goes on. When it
 * is complete the next call begins a new one.
 */
size_t line_feed(struct line *line, const char *bytes, size_t length);

#endif
