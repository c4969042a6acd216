/* SPDX-License-Identifier: MIT */
#ifndef DRILL_REQUEST_H
#define DRILL_REQUEST_H

/*
 * An item of the plan as it is sent: the server to connect to, and the bytes to send (RFC 9112).
 * Requests are made once, before the run, and shared by all connections. Only the number of the
 * iteration, if the plan asks for it, is written into a copy later.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan.h"
#include "server.h"

/* The most requests that a plan may have, with all repetitions of its items. */
enum { REQUESTS_MAX = 1000000 };

/* A place in the bytes where a number must be inserted. */
struct hole {
    size_t offset;
    bool is_length; /* the number is the length of a body with holes; else the iteration's */
};

struct request {
    size_t item;     /* of the plan */
    uint32_t server; /* by its number in the list of servers */
    bool is_delay;   /* nothing is sent, and the next request begins later */
    bool head;       /* its answer has no body, even with a Content-Length */
    bool idempotent; /* may be sent again if a kept connection turns out to be closed */
    bool closes;     /* asks the server to close the connection */
    int64_t delay;   /* nanoseconds */
    char *bytes;
    size_t length;
    struct hole *holes; /* in order */
    size_t hole_count;
    size_t body_length; /* without the numbers in its holes */
    size_t body_holes;
};

/* The steps of a plan in order, and the servers that they lead to. */
struct requests {
    struct request *list;
    size_t count;
    size_t sent; /* how many of them are not delays */
    struct servers servers;
};

/*
 * Makes the requests of all items of the plan. base completes their urls; if it is NULL, the plan's
 * own base does. Returns 0, or -1 with the complaint filled and *out untouched. The servers are not
 * looked up yet. The caller frees the requests.
 */
int requests_make(const struct plan *plan, const char *base, struct requests *out,
                  struct complaint *complaint);

void requests_free(struct requests *requests);

/* How many are sent in so many iterations. UINT64_MAX means no limit, for both numbers. */
uint64_t requests_total(const struct requests *requests, uint64_t iterations);

/* The most room that request_fill() needs. */
size_t request_room(const struct request *request);

/* Writes the bytes, with all holes filled for the iteration. Returns how many there are. */
size_t request_fill(const struct request *request, uint64_t iteration, char *out);

#endif
