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
 * The Date of responses. Its text is made anew when the second changes, not for each response. One
 * for each thread; zeros are a good beginning.
 */
struct http_date {
    time_t second;
    char text[32];
};

/*
 * One HTTP response on its way out (RFC 9112, 4): the head and a small page in bytes, so that one
 * send(2) takes both; a larger page stays where it is, shared. It holds no pointer to itself and
 * may be copied: what a slow reader has not yet taken is kept that way, and is never more than
 * this.
 */
struct http_response {
    const char *rest; /* what follows bytes, borrowed from the page */
    size_t rest_length;
    size_t body_length;
    uint32_t begin, end; /* what of bytes is still to be sent */
    char bytes[4064];
};

/*
 * Makes the response to a request that is complete: the page where its status is 200, else a line
 * about what was wrong. close says that it is the last on its connection.
 */
void http_response_make(struct http_response *response, const struct http_request *request,
                        const struct http_page *page, struct http_date *date, bool close);

/* Its parts alone: the head, of which the length is returned, and the body. */
size_t http_response_head(char *buffer, size_t size, const struct http_request *request,
                          const struct http_page *page, struct http_date *date, bool close);
const char *http_response_body(const struct http_request *request, const struct http_page *page,
                               size_t *length);

/* Makes the interim response 100 (Continue): RFC 9110, 15.2.1. */
void http_response_make_continue(struct http_response *response);

/* What is left to be sent: fills parts and returns how many there are, 0 to 2. */
int http_response_parts(const struct http_response *response, struct iovec parts[2]);

/* Takes off what was sent; says whether that was all. */
bool http_response_sent(struct http_response *response, size_t count);

#endif
