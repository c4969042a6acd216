/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_LOOKUP_H
#define CMIO_ASYNC_LOOKUP_H

/* One lookup of a host name: the question to getaddrinfo(3), and its answer. */

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
 * Makes a lookup and the job that runs it. If host is a number, the job has already ended. The job
 * owns the lookup until the job has ended. Returns 0, -EINVAL for a null or empty host,
 * -ENAMETOOLONG or -ENOMEM.
 */
int cmio__lookup_begin(const char *host, uint16_t port, struct cmio__lookup **out,
                       struct cmio_blocking_future *job);

/* Gives one of the addresses found, with the port. Fails for an unsupported family. */
int cmio__lookup_address(const struct cmio__lookup *lookup, const struct addrinfo *info,
                         struct cmio_address *out);

/* Writes up to capacity of the addresses found. Returns how many were found. */
ssize_t cmio__lookup_addresses(const struct cmio__lookup *lookup, struct cmio_address *addresses,
                               size_t capacity);

/* Frees the lookup and its answer. NULL is allowed. */
void cmio__lookup_free(struct cmio__lookup *lookup);

#endif
