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
 * One line for each request, in the common log format with the latency behind it:
 *
 *     127.0.0.1 - - [05/Mar/2025:14:03:59 +0000] "GET /1000 HTTP/1.1" 200 612 1000.213ms
 *
 * The request line is as the client sent it. A byte that is no visible character of ASCII, a quote
 * or a backslash is written as \x22, and "..." stands for the rest of a long one. "-" stands for
 * what is not known: the line of a request of which nothing came, the status of one whose client
 * left before it was answered.
 *
 * Writing holds up nobody (see common/lines.h): a line that the log does not take at once is
 * dropped, and a later line tells how many were.
 */
struct access_log {
    struct lines *lines; /* own, or those of standard error. NULL: nothing is logged */
    struct lines own;
    const char *path; /* of own */
};

/*
 * Opens the log: NULL logs nothing, "-" to standard error, anything else appends to the file of
 * that name, which may be a FIFO that nobody reads yet. program is the name for the line that tells
 * how many were dropped. Both strings are borrowed. Returns 0 or a negative errno of open(2).
 */
int access_log_open(struct access_log *log, const char *program, const char *path);

/* Whether it is a file, which can be opened anew. */
bool access_log_is_file(const struct access_log *log);

/*
 * Opens the file of the log's name anew: the log may have been moved away, as it is when logs are
 * rotated. If it cannot be opened the log goes on where it was. Returns 0 or a negative errno.
 * Async-signal-safe; other threads may write meanwhile.
 */
int access_log_reopen(struct access_log *log);

/* Closes the file. Standard error stays open. */
void access_log_close(struct access_log *log);

/* How many lines were dropped until now. */
uint64_t access_log_dropped(const struct access_log *log);

/* Writes a line. status 0 means that the client left; peer may be NULL. Any thread. */
void access_log_write(const struct access_log *log, const struct cmio_address *peer,
                      const struct request_line *request, uint16_t status, size_t body_length,
                      int64_t latency);

#endif
