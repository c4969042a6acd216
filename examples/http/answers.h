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
 * The responses to requests that arrived together. They go out in order, with one system call. The
 * heads for a page are made once per second and copied. A small body is copied behind its head; a
 * large one stays where it is, shared.
 */
enum {
    ANSWERS_MOST = 64,
    ANSWERS_LENGTH = 64 * 1024, /* with this many bytes, no answer is added until they are sent */
    ANSWERS_BUFFER = 32 * 1024,
    ANSWERS_COPIED = 1024,   /* the longest body that is copied */
    ANSWERS_HEAD_MOST = 512, /* the longest head */
};

struct answers_head {
    size_t length;
    char bytes[ANSWERS_HEAD_MOST];
};

/* Belongs to one thread. All zeros means empty. */
struct answers {
    uint32_t count;   /* of answers, without 100 (Continue) */
    uint32_t refused; /* answers among them whose status is not 200 */
    size_t length;    /* of all bytes to be sent */
    size_t used;      /* of buffer */
    int part_count;
    struct iovec parts[2 * ANSWERS_MOST + 2];
    struct http_date date;
    const struct http_page *page; /* the heads are made for it, in this second */
    time_t second;
    struct answers_head heads[3];
    char buffer[ANSWERS_BUFFER];
};

/* Whether another answer may be added. */
bool answers_have_room(const struct answers *answers);

/* Adds the response to a complete request; see http_response_make(). */
void answers_add(struct answers *answers, const struct http_request *request,
                 const struct http_page *page, bool close);

/* Adds the interim response 100 (Continue). */
void answers_add_continue(struct answers *answers);

/* Removes all answers: they are sent, or will never be. */
void answers_clear(struct answers *answers);

/*
 * The bytes that a slow reader has not taken yet. They no longer depend on the answers, but still
 * on the page. At most a copy of the answers' buffer is held.
 */
struct unsent {
    uint32_t count, refused; /* of the original answers */
    int begin, end;          /* the range of parts still to be sent */
    struct iovec parts[];
};

/* The rest after the sent bytes, which must not be all. NULL without memory. Free with free(3). */
struct unsent *answers_keep_unsent(const struct answers *answers, size_t sent);

/* Removes the sent bytes. Returns whether nothing is left. */
bool unsent_sent(struct unsent *unsent, size_t count);

#endif
