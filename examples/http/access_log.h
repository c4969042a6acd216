/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_HTTP_ACCESS_LOG_H
#define SLEEP_HTTP_ACCESS_LOG_H

#include <stddef.h>
#include <stdint.h>

#include <cmio/address.h>

#include "http/request.h"

/*
 * One line for each request, in the common log format with the latency behind it:
 *
 *     127.0.0.1 - - [05/Mar/2025:14:03:59 +0000] "GET /1000 HTTP/1.1" 200 612 1000.213ms
 *
 * "-" stands for what is not known: the request line of a request that was refused, the status of
 * one whose client left before it was answered. Each line is one write(2) to a descriptor that
 * appends, so the lines of several threads do not mix. A log that cannot be written is not worth
 * stopping for: the line is lost.
 */
struct access_log {
    int fd; /* -1: nothing is logged */
};

/*
 * Opens the log: NULL logs nothing, "-" to standard error, anything else appends to the file of
 * that name. Returns 0 or a negative errno of open(2).
 */
int access_log_open(struct access_log *log, const char *path);

/* Closes the file. Standard error stays open. */
void access_log_close(struct access_log *log);

/* Writes a line. status 0 means that the client left; peer may be NULL. Any thread. */
void access_log_write(const struct access_log *log, const struct cmio_address *peer,
                      const struct http_request *request, uint16_t status, size_t body_length,
                      int64_t latency);

#endif
