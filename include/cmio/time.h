/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TIME_H
#define CMIO_TIME_H

#include <stdint.h>

#include <cmio/export.h>

CMIO_BEGIN_DECLS

/*
 * Time is int64_t nanoseconds. A timeout is a span from now; a deadline is a moment on the clock
 * that cmio_now() reads. As either, CMIO_FOREVER waits without end; other negatives are -EINVAL.
 */
enum { /* for bindings: see interest.h */
       CMIO_FOREVER = -1,
       CMIO_MICROSECOND = 1000,
       CMIO_MILLISECOND = 1000000,
       CMIO_SECOND = 1000000000,
};

#define CMIO_FOREVER INT64_C(-1)
#define CMIO_MICROSECOND INT64_C(1000)
#define CMIO_MILLISECOND INT64_C(1000000)
#define CMIO_SECOND INT64_C(1000000000)

/*
 * The monotonic clock, clock_gettime(CLOCK_MONOTONIC), in nanoseconds: never negative, never
 * running backwards, not set by anyone, and without relation to the time of day. Cannot fail. Any
 * thread, and signal handlers.
 */
CMIO_API int64_t cmio_now(void);

CMIO_END_DECLS

#endif
