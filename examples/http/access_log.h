/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_HTTP_ACCESS_LOG_H
#define SLEEP_HTTP_ACCESS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/address.h>

#include "common/lines.h"
#include "http/request_line.h"

/*
 * One line for each request, in the common log format, followed by the latency:
 *
 *     127.0.0.1 - - [05/Mar/2025:14:03:59 +0000] "GET /1000 HTTP/1.1" 200 612 1000.213ms
 *
 * The request line is logged as the client sent it. Quotes, backslashes and bytes that are not
 * visible ASCII characters are written as \x22, and "..." replaces the rest of a long line. "-"
 * stands for what is unknown: the request line if none of it arrived, and the status if the client
 * left before the answer.
 *
 * Writing never waits (see common/lines.h). A line that the log does not take at once is dropped,
 * and a later line states how many were dropped.
 */
struct access_log {
    struct lines *lines; /* own, or the lines of standard error; NULL: nothing is logged */
    struct lines own;
    const char *path; /* of own */
};

/*
 * Opens the log. If path is NULL, nothing is logged; "-" logs to standard error; anything else
 * appends to the file of that name, which may be a FIFO without a reader. program begins the line
 * that states how many were dropped. Both strings are borrowed. Returns 0 or a negative errno of
 * open(2).
 */
int access_log_open(struct access_log *log, const char *program, const char *path);

/* Whether the log is a file, which can be opened anew. */
bool access_log_is_file(const struct access_log *log);

/*
 * Opens the log's path anew, because log rotation may have moved the file away. If that fails, the
 * log goes on in the present file. Returns 0 or a negative errno. Async-signal-safe; other threads
 * may write meanwhile.
 */
int access_log_reopen(struct access_log *log);

/* Closes the file. Standard error stays open. */
void access_log_close(struct access_log *log);

/* How many lines have been dropped so far. */
uint64_t access_log_dropped(const struct access_log *log);

/* Writes a line. status 0 means that the client left; peer may be NULL. Any thread. */
void access_log_write(const struct access_log *log, const struct cmio_address *peer,
                      const struct request_line *request, uint16_t status, size_t body_length,
                      int64_t latency);

#endif
