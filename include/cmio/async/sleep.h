/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_SLEEP_H
#define CMIO_ASYNC_SLEEP_H

#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/export.h>
#include <cmio/time.h>
#include <cmio/timers.h>

CMIO_BEGIN_DECLS

struct cmio__wheel;

/* Waits for a time to come. Its members are private. */
struct cmio_sleep_future {
    struct cmio_future future;
    struct cmio_timer timer;
    struct cmio__wheel *wheel;
    int64_t deadline;
};

/*
 * A future that is ready, with 0, once duration nanoseconds have passed from this call on: never
 * early, and about a millisecond late at most on an idle worker (cmio/timers.h). CMIO_FOREVER never
 * ends. Dropping it cancels the timer. Errors: -EINVAL for null or another negative duration.
 */
CMIO_API int cmio_sleep_future_init(struct cmio_sleep_future *sleep, int64_t duration);

/*
 * A future that is ready, with 0, once cmio_now() has reached the deadline; at its first poll where
 * that has passed. CMIO_FOREVER never ends. Errors: -EINVAL for null or another negative deadline.
 */
CMIO_API int cmio_sleep_until_future_init(struct cmio_sleep_future *sleep, int64_t deadline);

/* Gives way once. Its members are private. */
struct cmio_yield_future {
    struct cmio_future future;
};

/*
 * A future that is pending once and ready, with 0, the next time, after the tasks that were queued
 * before it had their turn. Errors: -EINVAL for NULL.
 */
CMIO_API int cmio_yield_future_init(struct cmio_yield_future *yield);

CMIO_END_DECLS

#endif
