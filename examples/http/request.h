/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_HTTP_REQUEST_H
#define SLEEP_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/host.h"

/*
 * One HTTP request to a sleep server, read as it arrives (RFC 9110, RFC 9112). The parser is handed
 * bytes in pieces of any size, keeps none of them, allocates nothing and is small enough to live in
 * every connection. What it leaves behind is the answer to the only questions that the servers
 * have: how long to sleep, what status to answer with, and whether another request may follow.
 *
 * What it takes:
 *   - the target is a path of digits, the milliseconds to sleep: "/1000", or in the absolute form
 *     "http://host/1000". A query behind it is ignored. Percent-encoding is not undone.
 *   - a host, in the absolute form and in the field Host, is a name or an address with or without a
 *     port. An empty field is one for a target without a host.
 *   - a line may end with CR LF or a bare LF; empty lines before a request are skipped.
 *   - a body with a Content-Length up to HTTP_BODY_MAX is read and thrown away.
 *
 * What it refuses, by status: 400 malformed, or a sleep above the limit; 404 the path is no number;
 * 405 a known method that is neither GET nor HEAD; 411 a chunked body; 413 a body that is too long; 414 a request line
 * that is too long; 417 an expectation other than 100-continue; 431 a head that is too long; 501
 * an unknown method, or another transfer coding; 505 not HTTP/1.
 */

enum http_request_limits {
    HTTP_REQUEST_LINE_MAX = 8192,
    HTTP_HEAD_MAX = 16384,
    HTTP_BODY_MAX = 65536,
};

enum http_method {
    HTTP_METHOD_OTHER, /* one that nobody knows here */
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_CONNECT, /* from here on they are known, but not served */
    HTTP_METHOD_DELETE,
    HTTP_METHOD_OPTIONS,
    HTTP_METHOD_PATCH,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_TRACE,
};

enum http_stage {
    HTTP_STAGE_START,    /* nothing of the request has arrived */
    HTTP_STAGE_HEAD,     /* the request line and the header fields */
    HTTP_STAGE_BODY,     /* the head is complete; the body is being thrown away */
    HTTP_STAGE_COMPLETE, /* all of it has arrived, or what arrived is refused */
};

struct http_request {
    /* The outcome, settled from HTTP_STAGE_BODY on. */
    uint32_t sleep_ms;
    uint32_t body_left;    /* bytes of the body that are still to come */
    uint16_t status;       /* 200, or why the request is refused */
    uint8_t method;        /* enum http_method */
    uint8_t minor_version; /* of HTTP/1 */
    uint8_t stage;         /* enum http_stage */
    bool path_is_number;   /* so that sleep_ms means something */
    bool keep_alive;       /* another request may follow on the connection */
    bool wants_continue;   /* the client waits for 100 (Continue) before it sends the body */

    /* Private to the parser. */
    uint32_t sleep_ms_max;
    uint16_t head_length;
    uint16_t findings;
    uint8_t state;
    uint8_t field;
    union {
        struct {
            uint16_t candidates;
            uint8_t position;
        } match;
        struct http_host host;
    } part; /* of what is being read */
};

/* Begins a request. A sleep above sleep_ms_max is refused. */
void http_request_init(struct http_request *request, uint32_t sleep_ms_max);

/*
 * Takes the next bytes of the connection and returns how many of them it used: all of them, unless
 * the head or the request became complete; what is left then belongs to the body or to the next
 * request. Call it again while there are bytes and the stage is not HTTP_STAGE_COMPLETE, after
 * which it uses none.
 */
size_t http_request_feed(struct http_request *request, const void *bytes, size_t length);

/* Ends the request early, with a status for its answer, after which the connection must close. */
void http_request_refuse(struct http_request *request, uint16_t status);

#endif
