/* SPDX-License-Identifier: MIT */
#ifndef DRILL_RESPONSE_H
#define DRILL_RESPONSE_H

/*
 * An HTTP answer as it arrives (RFC 9112), in pieces of any size: status line, fields, and a body
 * that ends by Content-Length, with the last chunk or with the connection. Interim answers (1xx)
 * are skipped. The content is not kept, nothing is allocated, and bytes that were fed are not
 * needed again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most bytes of one head, and of the framing of one chunk. */
enum { RESPONSE_HEAD_MAX = 64 * 1024 };

/* At least as long as every word that matters: a coding, a connection option, a length. */
enum { RESPONSE_WORD_MAX = 20 };

/* Caller-allocated. Private, except for status. */
struct response {
    uint64_t remaining; /* bytes to come of the content or of the current chunk */
    uint32_t framing;   /* bytes so far of the head or of the current chunk's framing */
    uint16_t status;    /* 100 to 999 once the status line is complete */
    uint8_t state;      /* enum state in response.c */
    uint8_t field;      /* enum field in response.c */
    uint8_t digits;     /* how many so far, of the version, status or chunk size */
    uint8_t word_length;
    char word[RESPONSE_WORD_MAX]; /* the current name or list element, in lower case */
    bool has_begun : 1;
    bool for_head : 1;       /* the answer to HEAD */
    bool is_old : 1;         /* HTTP/1.0 */
    bool has_gap : 1;        /* white space followed the current word */
    bool has_length : 1;     /* Content-Length; the length itself is in remaining */
    bool has_coding : 1;     /* Transfer-Encoding */
    bool is_chunked : 1;     /* the last coding is chunked */
    bool was_chunked : 1;    /* one of the codings is chunked */
    bool wants_close : 1;    /* Connection: close */
    bool wants_keep : 1;     /* Connection: keep-alive */
    bool is_until_close : 1; /* the content ends with the connection */
};

enum response_result {
    RESPONSE_MORE,      /* all was taken, and more must follow */
    RESPONSE_COMPLETE,  /* the answer's last byte was taken */
    RESPONSE_MALFORMED, /* not a valid answer; the connection cannot be used again */
};

/* Begins to expect an answer. head_request tells whether the request was HEAD. */
void response_init(struct response *response, bool head_request);

/*
 * Takes the next bytes and sets *used to how many of them belong to the answer: all, unless it is
 * complete or malformed. Do not feed anything after either of these.
 */
enum response_result response_feed(struct response *response, const char *bytes, size_t length,
                                   size_t *used);

/* The result if the connection ends now: RESPONSE_COMPLETE or RESPONSE_MALFORMED. */
enum response_result response_end(const struct response *response);

/* Whether any byte has been fed. */
bool response_has_begun(const struct response *response);

/* Whether the connection can be used again once the answer is complete. */
bool response_keeps_connection(const struct response *response);

#endif
