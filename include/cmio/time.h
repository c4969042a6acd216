/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TIME_H
#define CMIO_TIME_H

/**
 * @file
 * Time, which is int64_t nanoseconds: the clock, the units, and the value for waits without end.
 *
 * A timeout is a span that begins now. A deadline is a moment on the clock that cmio_now() reads.
 */

#include <stdint.h>

#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * The values of this header as constants of an enumeration.
 *
 * Programs in C and C++ see the macros of these names, which are int64_t. Tools that read C but no
 * macros (LuaJIT, cffi, generators of bindings) see the enumeration.
 */
enum {
    CMIO_FOREVER = -1,          /**< The timeout or deadline that never comes. */
    CMIO_MICROSECOND = 1000,    /**< Nanoseconds in a microsecond. */
    CMIO_MILLISECOND = 1000000, /**< Nanoseconds in a millisecond. */
    CMIO_SECOND = 1000000000,   /**< Nanoseconds in a second. */
};

/**
 * The timeout or deadline that never comes: a wait with it has no end.
 *
 * Functions that take a timeout or a deadline refuse every other negative value with -EINVAL.
 */
#define CMIO_FOREVER INT64_C(-1)

/** A microsecond in nanoseconds: multiply by it to make a timeout. */
#define CMIO_MICROSECOND INT64_C(1000)

/** A millisecond in nanoseconds: multiply by it to make a timeout. */
#define CMIO_MILLISECOND INT64_C(1000000)

/** A second in nanoseconds: multiply by it to make a timeout. */
#define CMIO_SECOND INT64_C(1000000000)

/**
 * Reads the monotonic clock.
 *
 * The clock never runs backwards, nobody can set it, and it has no relation to the time of day.
 * Deadlines are moments on this clock.
 *
 * **Returns** the time in nanoseconds, which is never negative.
 *
 * **Threads**: any thread, and a signal handler.
 *
 * **Source**: clock_gettime(2) with CLOCK_MONOTONIC.
 */
CMIO_API int64_t cmio_now(void);

CMIO_END_DECLS

#endif
