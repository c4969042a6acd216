/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_HTTP_REQUEST_LINE_H
#define SLEEP_HTTP_REQUEST_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The request line as the client sent it, for the log. The parser of requests keeps no bytes, and a
 * server that writes no log needs none. Its beginning is kept if it is long. One of zeros is empty.
 */
enum { REQUEST_LINE_KEPT = 900 };

struct request_line {
    char *text; /* not terminated */
    uint16_t length;
    bool is_complete;
    bool is_cut; /* there was more of it */
};

/*
 * Takes bytes that arrived, as far as the line goes; more may stand behind it. Empty lines before it
 * are skipped. Without memory it stays shorter than it was.
 */
void request_line_feed(struct request_line *line, const char *bytes, size_t length);

/* Frees it. It is empty again. */
void request_line_free(struct request_line *line);

#endif
