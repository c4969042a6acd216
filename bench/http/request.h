/* SPDX-License-Identifier: MIT */
#ifndef CMIO_BENCH_HTTP_REQUEST_H
#define CMIO_BENCH_HTTP_REQUEST_H

/* Requests and responses of the servers of bench/http, however they wait. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#define HTTP_RESPONSE                                                                              \
    "HTTP/1.1 200 OK\r\n"                                                                          \
    "Content-Type: text/plain\r\n"                                                                 \
    "Content-Length: 13\r\n"                                                                       \
    "Connection: keep-alive\r\n"                                                                   \
    "\r\n"                                                                                         \
    "Hello, world\n"

enum {
    HTTP_INPUT = 16384,
    HTTP_HEAD_MOST = 8192,  /* a request with a longer one is bad */
    HTTP_AHEAD_MOST = 8192, /* at most read behind a request that sleeps */
    HTTP_SLEEP_MOST = 100000000,
    HTTP_RESPONSE_SIZE = sizeof HTTP_RESPONSE - 1,
    HTTP_AT_ONCE = 64, /* responses that one send takes */
};

/* All responses are the same bytes. The program fills this with them. */
static char http_output[HTTP_AT_ONCE * HTTP_RESPONSE_SIZE];

/* The length of the head that begins here, its end included; 0 while there is no end. */
static size_t http_head_length(const char *text, size_t length) {
    const char *end = text + length;
    for (const char *line = text; (line = memchr(line, '\n', (size_t)(end - line))) != NULL;) {
        line++;
        if (end - line >= 2 && line[0] == '\r' && line[1] == '\n')
            return (size_t)(line + 2 - text);
    }
    return 0;
}

/*
 * Parses the request that begins here. Returns the length of its head and sets milliseconds;
 * returns 0 if it is not complete, -1 if it is bad.
 */
static ssize_t http_parse(const char *text, size_t length, uint32_t *milliseconds) {
    static const char method[] = "GET /", version[] = " HTTP/1.";
    const size_t head = http_head_length(text, length);
    if (head == 0)
        return length < HTTP_HEAD_MOST ? 0 : -1;
    if (memcmp(text, method, head < sizeof method - 1 ? head : sizeof method - 1) != 0)
        return -1;
    const char *digit = text + sizeof method - 1;
    uint32_t value = 0;
    if (*digit < '0' || *digit > '9')
        return -1;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        value = value * 10 + (uint32_t)(*digit - '0');
        if (value > HTTP_SLEEP_MOST)
            return -1;
    }
    if (text + head - digit < (ptrdiff_t)sizeof version ||
        memcmp(digit, version, sizeof version - 1) != 0)
        return -1;
    *milliseconds = value;
    return (ssize_t)head;
}

#endif
