/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_TIMEOUT_H
#define CMIO_ASYNC_TIMEOUT_H

/**
 * @file
 * Futures that wait for another future, but not longer than a given time.
 */

#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/async/sleep.h>
#include <cmio/export.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/**
 * A future that waits for another one, its child, for a limited time. cmio_timeout_future_init() or
 * cmio_timeout_until_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_timeout_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio_future *child;
    struct cmio_sleep_future sleep;
};

/**
 * Makes a future that waits for a child, but not longer than a duration.
 *
 * The duration begins with this call, not with the first poll. When it has passed, the child is
 * dropped. The child is polled first: if it is ready when the time is up, its result counts. What a
 * dropped child has done before is documented at its kind.
 *
 * A child may end with -ETIMEDOUT itself. The result of the child then tells the two apart: a child
 * that was dropped has the result -ECANCELED, or what its kind documents for a drop.
 *
 * @param limited   The future to initialise. It stays the caller's.
 * @param child     The future to wait for. It stays the caller's. It must stay in place until the
 *                  timeout future has ended.
 * @param duration  How long to wait, in nanoseconds. CMIO_FOREVER: without a limit.
 *
 * **Returns** 0.
 *
 * **Result** of the future: the result of the child.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: limited or child is NULL, or duration is negative and not CMIO_FOREVER.
 * - -ETIMEDOUT: the duration has passed, and the child was dropped.
 * - Other errors that the child ends with.
 *
 * **Cancellation**: dropping the pending future drops the child, and loses what that loses.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_timeout_future_init(struct cmio_timeout_future *limited,
                                      struct cmio_future *child, int64_t duration);

/**
 * Makes a future that waits for a child, but not longer than until a deadline.
 *
 * Several futures in a row can share one deadline. When the deadline has come, the child is
 * dropped. The child is polled first: if it is ready when the time is up, its result counts. So a
 * child has one poll if the deadline has passed already. What a dropped child has done before is
 * documented at its kind.
 *
 * A child may end with -ETIMEDOUT itself. The result of the child then tells the two apart: a child
 * that was dropped has the result -ECANCELED, or what its kind documents for a drop.
 *
 * @param limited   The future to initialise. It stays the caller's.
 * @param child     The future to wait for. It stays the caller's. It must stay in place until the
 *                  timeout future has ended.
 * @param deadline  When to give up, in nanoseconds on the clock of cmio_now(). CMIO_FOREVER: never.
 *
 * **Returns** 0.
 *
 * **Result** of the future: the result of the child.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: limited or child is NULL, or deadline is negative and not CMIO_FOREVER.
 * - -ETIMEDOUT: the deadline has come, and the child was dropped.
 * - Other errors that the child ends with.
 *
 * **Cancellation**: dropping the pending future drops the child, and loses what that loses.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_timeout_until_future_init(struct cmio_timeout_future *limited,
                                            struct cmio_future *child, int64_t deadline);

CMIO_END_DECLS

#endif
