/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_TIMEOUT_H
#define CMIO_ASYNC_TIMEOUT_H

#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/async/sleep.h>
#include <cmio/export.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/* Waits for another future, but not for ever. Its members are private. */
struct cmio_timeout_future {
    struct cmio_future future;
    struct cmio_future *child;
    struct cmio_sleep_future sleep;
};

/*
 * A future that is ready when the child is, with the child's result; or, once duration nanoseconds
 * have passed from this call on, with -ETIMEDOUT, after it has dropped the child. The child is
 * polled first: if it is ready when the time is up, its result counts. What the child has done when
 * it is dropped is told by the child: see its type. A child whose own result is -ETIMEDOUT was not
 * dropped by the time running out: the child's result (the other is -ECANCELED, unless its type
 * documents another one) tells the two apart.
 *
 * With CMIO_FOREVER there is no limit. Dropping the future drops the child. The child is the
 * caller's, and must stay where it is until the future has ended. The calls are for one thread at a
 * time. Errors: -EINVAL for a null argument or another negative
 * duration.
 */
CMIO_API int cmio_timeout_future_init(struct cmio_timeout_future *timeout,
                                      struct cmio_future *child, int64_t duration);

/*
 * Like cmio_timeout_future_init(), with a moment on the clock of cmio_now() in place of a duration:
 * several futures in a row can share one deadline. A deadline that has passed gives the child one
 * poll. Errors: -EINVAL for a null argument or a negative deadline
 * other than CMIO_FOREVER.
 */
CMIO_API int cmio_timeout_until_future_init(struct cmio_timeout_future *timeout,
                                            struct cmio_future *child, int64_t deadline);

CMIO_END_DECLS

#endif
