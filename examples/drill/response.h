/* SPDX-License-Identifier: MIT */
#ifndef DRILL_RESPONSE_H
#define DRILL_RESPONSE_H

/*
 * An HTTP answer as it arrives (RFC 9112), in pieces of any size: status line, fields, and where
 * the body ends by Content-Length, the last chunk or the end of the connection. Interim answers
 * (1xx) are passed over. The content itself is counted, not kept; nothing is allocated, and nothing
 * of what was fed is needed again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most bytes of one head, and of what frames one chunk of a body. */
enum { RESPONSE_HEAD_MAX = 64 * 1024 };

/* Longer than every word that matters: a coding, an option of the connection, a length. */
enum { RESPONSE_WORD_MAX = 20 };

/* Caller-allocated; private but for status. */
struct response {
    uint64_t remaining; /* bytes to come of the content, or of the chunk at hand */
    uint32_t framing;   /* bytes so far of the head, or of what frames the chunk at hand */
    uint16_t status;    /* 100 to 999 once the status line is complete */
    uint8_t state;      /* enum state in response.c */
    uint8_t field;      /* enum field in response.c */
    uint8_t digits;     /* how many of what is counted: version, status, chunk size */
    uint8_t word_length;
    char word[RESPONSE_WORD_MAX]; /* the name or list element at hand, in lower case */
    bool has_begun : 1;
    bool for_head : 1;       /* the answer to HEAD */
    bool is_old : 1;         /* HTTP/1.0 */
    bool has_gap : 1;        /* white space followed the word at hand */
    bool has_length : 1;     /* Content-Length; the length itself is in remaining */
    bool has_coding : 1;     /* Transfer-Encoding */
    bool is_chunked : 1;     /* the last coding is chunked */
    bool was_chunked : 1;    /* one of the codings is */
    bool wants_close : 1;    /* Connection: close */
    bool wants_keep : 1;     /* Connection: keep-alive */
    bool is_until_close : 1; /* the content ends with the connection */
};

enum response_result {
    RESPONSE_MORE,      /* all was taken, and more belongs to it */
    RESPONSE_COMPLETE,  /* this was its last byte */
    RESPONSE_MALFORMED, /* this is no answer: the connection is of no more use */
};

/* Begins to expect an answer, to a HEAD request or to another. */
void response_init(struct response *response, bool head_request);

/*
 * Takes the next bytes and says in *used how many of them belong to the answer: all, unless it is
 * complete or malformed. Nothing is to be fed after either.
 */
enum response_result response_feed(struct response *response, const char *bytes, size_t length,
                                   size_t *used);

/* What the end of the connection makes of it: RESPONSE_COMPLETE or RESPONSE_MALFORMED. */
enum response_result response_end(const struct response *response);

/* Whether any byte has been fed. */
bool response_has_begun(const struct response *response);

/* Whether the connection can be used again once the answer is complete. */
bool response_keeps_connection(const struct response *response);

#endif
