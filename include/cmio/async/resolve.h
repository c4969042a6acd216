/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_RESOLVE_H
#define CMIO_ASYNC_RESOLVE_H

/**
 * @file
 * A future that looks up the addresses of a host.
 */

#include <stddef.h>
#include <stdint.h>

#include <cmio/address.h>
#include <cmio/async/blocking.h>
#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

struct cmio__lookup;

/** A limit of host names. */
enum {
    /**
     * The longest host name that can be looked up, in bytes without the final NUL (RFC 1035,
     * 2.3.4).
     */
    CMIO_HOST_NAME_MAX = 255
};

/**
 * A future that looks up a host name. cmio_resolve_future_init() makes it.
 *
 * It must be awaited to its end or dropped, because it holds memory. Zeroed memory is an ended
 * future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_resolve_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio_blocking_future job;
    struct cmio__lookup *lookup;
    struct cmio_address *addresses;
    size_t capacity;
};

/**
 * Makes a future that looks up the addresses of a host.
 *
 * The future calls getaddrinfo(3) on a thread for blocking functions of the executor. If the host
 * is a number such as `127.0.0.1` or `::1`, this call looks it up itself, which does not block. The
 * call allocates memory, which the future frees when it ends.
 *
 * @param resolve    The future to initialise. It stays the caller's.
 * @param host       The name of the host, at most CMIO_HOST_NAME_MAX bytes, or a number. It is
 *                   copied.
 * @param port       The port that each address gets, in the byte order of the host.
 * @param addresses  An array for the addresses, in the order in which they should be tried (RFC
 *                   6724). It must stay in place until the future has ended. An error leaves it
 *                   untouched.
 * @param capacity   How many addresses the array has room for, at least 1.
 *
 * **Returns** 0.
 *
 * **Result** of the future: the number of addresses that the host has, which may be more than
 * capacity. The first capacity of them are in the array.
 *
 * **Errors** of this call (-EINVAL, -ENAMETOOLONG and -ENOMEM, after which resolve is untouched)
 * and of the future (-ENOMEM and all others):
 * - -EINVAL: resolve, host or addresses is NULL, capacity is 0, or host is empty.
 * - -ENAMETOOLONG: host is longer than CMIO_HOST_NAME_MAX bytes.
 * - -ENOMEM: memory is short.
 * - -ENOENT: there is no such host, or it has no address.
 * - -EAGAIN: the name server did not answer, or the system starts no more threads. Try again later.
 * - -EIO: the name service failed for good.
 * - -ESHUTDOWN: a cmio_executor_shutdown() of the executor has failed with -ETIMEDOUT.
 * - Other errors of the system, if getaddrinfo(3) reports one (EAI_SYSTEM).
 *
 * **Cancellation**: dropping the pending future abandons the lookup. The addresses are lost, and
 * nothing is written to the array any more.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 *
 * **Source**: getaddrinfo(3), RFC 6724.
 */
CMIO_API int cmio_resolve_future_init(struct cmio_resolve_future *resolve, const char *host,
                                      uint16_t port, struct cmio_address *addresses,
                                      size_t capacity);

CMIO_END_DECLS

#endif
