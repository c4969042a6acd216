/* SPDX-License-Identifier: MIT */
#ifndef DRILL_REQUEST_H
#define DRILL_REQUEST_H

/*
 * What an item of the plan comes to on the wire: where to connect, and the bytes to send (RFC
 * 9112). They are made once, before the run, and shared by all connections.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan.h"
#include "server.h"

struct request {
    uint32_t server; /* by its number in the list of servers */
    bool head;       /* its answer has no body, whatever it says */
    bool idempotent; /* may be sent again when a kept connection turns out to be closed */
    bool closes;     /* asks for the connection to be closed after it */
    char *bytes;
    size_t length;
};

/*
 * The requests of a plan in their order, and the servers that they lead to.
 */
struct requests {
    struct request *list;
    size_t count;
    struct servers servers;
};

/*
 * Makes a request of every item of the plan, whose urls are completed by base, or by the plan's own
 * where base is NULL. 0, or -1 with the complaint filled and *out untouched. The servers are yet to
 * be looked up. The caller frees the requests.
 */
int requests_make(const struct plan *plan, const char *base, struct requests *out,
                  struct complaint *complaint);

void requests_free(struct requests *requests);

#endif
