/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_HTTP_REQUEST_H
#define SLEEP_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/host.h"

/*
 * One HTTP request to a sleep server, read as it arrives (RFC 9110, RFC 9112). The parser takes
 * bytes in pieces of any size, keeps none of them, allocates nothing and is small enough to live in
 * every connection. It answers the only questions that the servers have: how long to sleep, what
 * status to answer with, and whether another request may follow.
 *
 * It accepts:
 *   - a target that is a path of digits, the milliseconds to sleep: "/1000", or in the absolute
 *     form "http://host/1000". A query behind it is ignored. Percent-encoding is not decoded.
 *   - a host, in the absolute form and in the field Host, that is a name or an address with or
 *     without a port. An empty Host field is valid, for a target without a host.
 *   - lines that end with CR LF or a bare LF. Empty lines before a request are skipped.
 *   - a body with a Content-Length up to HTTP_BODY_MAX, which is read and discarded.
 *
 * It refuses, with the status
 *   - 400: a malformed request, or a sleep above the limit
 *   - 404: a path that is not a number
 *   - 405: a known method other than GET and HEAD
 *   - 411: a chunked body
 *   - 413: a body that is too long
 *   - 414: a request line that is too long
 *   - 417: an expectation other than 100-continue
 *   - 431: a head that is too long
 *   - 501: an unknown method, or another transfer coding
 *   - 505: a version other than HTTP/1
 */

enum http_request_limits {
    HTTP_REQUEST_LINE_MAX = 8192,
    HTTP_HEAD_MAX = 16384,
    HTTP_BODY_MAX = 65536,
};

enum http_method {
    HTTP_METHOD_OTHER, /* an unknown one */
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_CONNECT, /* this and the following are known, but not served */
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
    HTTP_STAGE_BODY,     /* the head is complete; the body is being discarded */
    HTTP_STAGE_COMPLETE, /* all of it has arrived, or it was refused early */
};

struct http_request {
    /* The outcome, final from HTTP_STAGE_BODY on. */
    uint32_t sleep_ms;
    uint32_t body_left;    /* bytes of the body still to come */
    uint16_t status;       /* 200, or why the request is refused */
    uint8_t method;        /* enum http_method */
    uint8_t minor_version; /* of HTTP/1 */
    uint8_t stage;         /* enum http_stage */
    bool path_is_number;   /* otherwise sleep_ms has no meaning */
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
    } part; /* of the element being read */
};

/* Begins a request. A sleep above sleep_ms_max is refused. */
void http_request_init(struct http_request *request, uint32_t sleep_ms_max);

/*
 * Takes the next bytes of the connection and returns how many of them it used. It uses all of them
 * unless the head or the request becomes complete; the rest then belongs to the body or to the next
 * request. Call it again while there are bytes and the stage is not HTTP_STAGE_COMPLETE. In that
 * stage it uses none.
 */
size_t http_request_feed(struct http_request *request, const void *bytes, size_t length);

/* Ends the request early with the status for its answer. The connection must then close. */
void http_request_refuse(struct http_request *request, uint16_t status);

#endif
