/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_HTTP_RESPONSE_H
#define SLEEP_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <time.h>

#include "http/page.h"
#include "http/request.h"

/*
 * The Date of responses. Its text is made anew when the second changes, not for each response. Each
 * thread has one. All zeros is the initial state.
 */
struct http_date {
    time_t second;
    char text[32];
};

/*
 * One HTTP response on its way out (RFC 9112, 4). bytes holds the head and a small page, so one
 * send(2) takes both. A larger page stays where it is, shared. The struct holds no pointer to
 * itself and may be copied. A copy keeps what a slow reader has not taken yet, never more.
 */
struct http_response {
    const char *rest; /* follows bytes; borrowed from the page */
    size_t rest_length;
    size_t body_length;
    uint32_t begin, end; /* the unsent range of bytes */
    char bytes[4064];
};

/*
 * Makes the response to a complete request: the page if its status is 200, otherwise a line about
 * what was wrong. If close is set, it is the last response on its connection.
 */
void http_response_make(struct http_response *response, const struct http_request *request,
                        const struct http_page *page, struct http_date *date, bool close);

/* The parts of a response: the first writes the head and returns its length, the other the body. */
size_t http_response_head(char *buffer, size_t size, const struct http_request *request,
                          const struct http_page *page, struct http_date *date, bool close);
const char *http_response_body(const struct http_request *request, const struct http_page *page,
                               size_t *length);

/* Makes the interim response 100 (Continue): RFC 9110, 15.2.1. */
void http_response_make_continue(struct http_response *response);

/* Fills parts with the unsent bytes and returns how many parts there are, 0 to 2. */
int http_response_parts(const struct http_response *response, struct iovec parts[2]);

/* Removes the sent bytes. Returns whether nothing is left. */
bool http_response_sent(struct http_response *response, size_t count);

#endif
