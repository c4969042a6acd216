/* SPDX-License-Identifier: MIT */
#ifndef DRILL_REQUEST_H
#define DRILL_REQUEST_H

/*
 * What an item of the plan comes to on the wire: whom to connect to, and the bytes to send (RFC
 * 9112). They are made once, before the run, and shared by all connections. Only the number of the
 * iteration, where the plan asks for it, is written into a copy later.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan.h"
#include "server.h"

/* The most requests that a plan may come to, with all items of with_items. */
enum { REQUESTS_MAX = 1000000 };

/* A place in the bytes at which a number is missing. */
struct hole {
    size_t offset;
    bool is_length; /* of the body, in which numbers are missing too; else it is the iteration's */
};

struct request {
    size_t item;     /* of the plan */
    uint32_t server; /* by its number in the list of servers */
    bool is_delay;   /* nothing is sent, and the next request begins later */
    bool head;       /* its answer has no body, whatever it says */
    bool idempotent; /* may be sent again when a kept connection turns out to be closed */
    bool closes;     /* asks for the connection to be closed after it */
    int64_t delay;   /* nanoseconds */
    char *bytes;
    size_t length;
    struct hole *holes; /* in their order */
    size_t hole_count;
    size_t body_length; /* without the numbers that are missing */
    size_t body_holes;
};

/* The steps of a plan in their order, and the servers that they lead to. */
struct requests {
    struct request *list;
    size_t count;
    size_t sent; /* those that are not delays */
    struct servers servers;
};

/*
 * Makes the requests of all items of the plan, whose urls are completed by base, or by the plan's
 * own where base is NULL. 0, or -1 with the complaint filled and *out untouched. The servers are yet
 * to be looked up. The caller frees the requests.
 */
int requests_make(const struct plan *plan, const char *base, struct requests *out,
                  struct complaint *complaint);

void requests_free(struct requests *requests);

/* How many are sent in so many iterations: UINT64_MAX for any number. */
uint64_t requests_total(const struct requests *requests, uint64_t iterations);

/* How much room request_fill() needs at most. */
size_t request_room(const struct request *request);

/* Writes the bytes with the number of the iteration in all holes, and says how many they are. */
size_t request_fill(const struct request *request, uint64_t iteration, char *out);

#endif
