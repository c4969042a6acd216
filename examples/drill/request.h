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

#include <cmio/address.h>

#include "plan.h"

struct request {
    struct cmio_address address;
    uint32_t server; /* the same for requests to the same address */
    bool head;       /* its answer has no body, whatever it says */
    bool idempotent; /* may be sent again when a kept connection turns out to be closed */
    bool closes;     /* asks for the connection to be closed after it */
    char *bytes;
    size_t length;
};

/*
 * Makes a request of every item of the plan, whose urls are completed by base, or by the plan's own
 * where base is NULL. 0, or -1 with the complaint filled and *out untouched. The caller frees the
 * array, which has as many elements as the plan has items.
 */
int requests_make(const struct plan *plan, const char *base, struct request **out,
                  struct complaint *complaint);

void requests_free(struct request *requests, size_t count);

#endif
