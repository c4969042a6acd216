/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_HTTP_REQUEST_LINE_H
#define SLEEP_HTTP_REQUEST_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The request line as the client sent it, for the log. It is separate because the parser keeps no
 * bytes, and a server without a log needs none. Of a long line only the beginning is kept. All
 * zeros means empty.
 */
enum { REQUEST_LINE_KEPT = 900 };

struct request_line {
    char *text; /* not terminated */
    uint16_t length;
    bool is_complete;
    bool is_cut; /* the line was longer */
};

/*
 * Takes received bytes up to the end of the line; more may follow it. Empty lines before it are
 * skipped. Without memory the kept line is cut.
 */
void request_line_feed(struct request_line *line, const char *bytes, size_t length);

/* Frees the text. The line is empty again. */
void request_line_free(struct request_line *line);

#endif
