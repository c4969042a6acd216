/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_HTTP_ANSWERS_H
#define SLEEP_HTTP_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "http/page.h"
#include "http/request.h"
#include "http/response.h"

/*
 * Responses that go out together, in order, with one system call: those to requests that arrived
 * together. The heads of a page that is served again and again are made once a second and copied. A
 * small body is copied behind its head, a large one stays where it is, shared.
 */
enum {
    ANSWERS_MOST = 64,
    ANSWERS_LENGTH = 64 * 1024, /* if there are so many bytes, none is added before they are sent */
    ANSWERS_BUFFER = 32 * 1024,
    ANSWERS_COPIED = 1024,   /* the longest body that is copied */
    ANSWERS_HEAD_MOST = 512, /* the longest head */
};

struct answers_head {
    size_t length;
    char bytes[ANSWERS_HEAD_MOST];
};

/* Of one thread. One of zeros is empty. */
struct answers {
    uint32_t count;   /* of them, without 100 (Continue) */
    uint32_t refused; /* those among them whose status is not 200 */
    size_t length;    /* of all that is to be sent */
    size_t used;      /* of buffer */
    int part_count;
    struct iovec parts[2 * ANSWERS_MOST + 2];
    struct http_date date;
    const struct http_page *page; /* that the heads are made for, in this second */
    time_t second;
    struct answers_head heads[3];
    char buffer[ANSWERS_BUFFER];
};

/* Whether one more may be added. */
bool answers_have_room(const struct answers *answers);

/* Adds the response to a request that is complete: see http_response_make(). */
void answers_add(struct answers *answers, const struct http_request *request,
                 const struct http_page *page, bool close);

/* Adds the interim response 100 (Continue). */
void answers_add_continue(struct answers *answers);

/* They are sent, or will never be. */
void answers_clear(struct answers *answers);

/*
 * What a slow reader has not taken yet. It needs the answers no more, but the page. Each holds at
 * most a copy of their buffer.
 */
struct unsent {
    uint32_t count, refused; /* of the answers that it is from */
    int begin, end;          /* of parts: those that are still to be sent */
    struct iovec parts[];
};

/* What is left after so many bytes, which are not all; NULL without memory. free(3) frees it. */
struct unsent *answers_keep_unsent(const struct answers *answers, size_t sent);

/* Takes off what was sent; says whether that was all. */
bool unsent_sent(struct unsent *unsent, size_t count);

#endif
