/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_LOOKUP_H
#define CMIO_ASYNC_LOOKUP_H

/* One lookup of a host name: what getaddrinfo(3) is asked, and its answer. */

#include <netdb.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmio/address.h>
#include <cmio/async/resolve.h>

struct cmio__lookup {
    struct addrinfo *found;
    uint16_t port;
    char host[CMIO_HOST_NAME_MAX + 1];
};

/*
 * Looks it up, with the flags of getaddrinfo(3): AI_NUMERICHOST does not block. Returns 0 or a
 * negative errno.
 */
int cmio__lookup_run(struct cmio__lookup *lookup, int flags);

/* Writes up to capacity of the addresses that were found. Returns how many there are. */
ssize_t cmio__lookup_addresses(const struct cmio__lookup *lookup, struct cmio_address *addresses,
                               size_t capacity);

/* Frees the lookup and its answer. NULL is allowed. */
void cmio__lookup_free(struct cmio__lookup *lookup);

#endif
