/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_RESOLVE_H
#define CMIO_ASYNC_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include <cmio/address.h>
#include <cmio/async/blocking.h>
#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

struct cmio__lookup;

/* The longest host name that can be looked up, in bytes without the final NUL (RFC 1035, 2.3.4). */
enum { CMIO_HOST_NAME_MAX = 255 };

/* Looks a host name up. Its members are private. */
struct cmio_resolve_future {
    struct cmio_future future;
    struct cmio_blocking_future job;
    struct cmio__lookup *lookup;
    struct cmio_address *addresses;
    size_t capacity;
};

/*
 * A future that looks up the addresses of a host: getaddrinfo(3), as a blocking function on a thread
 * of the executor's, or at once if host is a number such as "127.0.0.1" or "::1". The first capacity
 * addresses are written to `addresses`, each with the port, in the order in which they should be
 * tried (RFC 6724); its result is how many there are, which may be more than capacity. Both strings
 * are copied; `addresses` must stay in place until the future has ended. It allocates memory here.
 *
 * Dropping it abandons the lookup; nothing is written to `addresses` any more.
 *
 * Errors of init: -EINVAL for a null argument, a capacity of 0 or an empty name; -ENAMETOOLONG for a
 * name above CMIO_HOST_NAME_MAX; -ENOMEM. The future's own: -ENOENT when there is no such host, or it
 * has no address; -EAGAIN when the name server gave no answer, or the system starts no thread: try
 * again later; -ESHUTDOWN after a shutdown of the executor that gave up; -EIO when name service
 * failed for good; -ENOMEM; what the system's error was.
 */
CMIO_API int cmio_resolve_future_init(struct cmio_resolve_future *resolve, const char *host,
                                      uint16_t port, struct cmio_address *addresses,
                                      size_t capacity);

CMIO_END_DECLS

#endif
