/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_SLEEP_H
#define CMIO_ASYNC_SLEEP_H

/**
 * @file
 * Futures that wait for a time to come, and a future that gives way to other tasks.
 */

#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/export.h>
#include <cmio/time.h>
#include <cmio/timers.h>

CMIO_BEGIN_DECLS

struct cmio__wheel;

/**
 * A future that waits for a time to come. cmio_sleep_future_init() or
 * cmio_sleep_until_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_sleep_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio_timer timer;
    struct cmio__wheel *wheel;
    int64_t deadline;
};

/**
 * Makes a future that is ready after a duration.
 *
 * The duration begins with this call, not with the first poll. The future is never early. It is
 * about a millisecond late at most if the worker is idle.
 *
 * @param sleep     The future to initialise. It stays the caller's.
 * @param duration  How long to wait, in nanoseconds. CMIO_FOREVER: the future never becomes ready.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once the duration has passed.
 *
 * **Errors** of this call. The future has none:
 * - -EINVAL: sleep is NULL, or duration is negative and not CMIO_FOREVER.
 *
 * **Cancellation**: dropping the pending future cancels the timer. Nothing is lost.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_sleep_future_init(struct cmio_sleep_future *sleep, int64_t duration);

/**
 * Makes a future that is ready at a deadline.
 *
 * If the deadline has passed, the future is ready at its first poll. It is never early. It is about
 * a millisecond late at most if the worker is idle.
 *
 * @param sleep     The future to initialise. It stays the caller's.
 * @param deadline  When the future becomes ready, in nanoseconds on the clock of cmio_now().
 *                  CMIO_FOREVER: never.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once cmio_now() has reached the deadline.
 *
 * **Errors** of this call. The future has none:
 * - -EINVAL: sleep is NULL, or deadline is negative and not CMIO_FOREVER.
 *
 * **Cancellation**: dropping the pending future cancels the timer. Nothing is lost.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_sleep_until_future_init(struct cmio_sleep_future *sleep, int64_t deadline);

/**
 * A future that gives way to other tasks once. cmio_yield_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_yield_future {
    /** The future to await, and its result. */
    struct cmio_future future;
};

/**
 * Makes a future that gives way to other tasks once.
 *
 * It is pending at its first poll and wakes its task at once. It is ready at its next poll, after
 * the tasks that were queued before it had their turn.
 *
 * @param yield  The future to initialise. It stays the caller's.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0.
 *
 * **Errors** of this call. The future has none:
 * - -EINVAL: yield is NULL.
 *
 * **Cancellation**: dropping the pending future loses nothing. The task is polled once for no
 * reason.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_yield_future_init(struct cmio_yield_future *yield);

CMIO_END_DECLS

#endif
