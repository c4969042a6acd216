/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_WAITER_H
#define CMIO_ASYNC_WAITER_H

/**
 * @file
 * Internal: the place of a future in the line of what it waits for.
 *
 * All names that begin with cmio__ are private to the library.
 */

#include <stdint.h>

#include <cmio/async/task.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

struct cmio__parker;

/**
 * Internal: the place of a future in a line of waiters. It lies inside the future, so waiting needs
 * no memory of its own.
 */
struct cmio__waiter {
    /** Internal, together with the members after it. */
    struct cmio__waiter *next, *previous;
    struct cmio_task_waker
        waker; /**< Internal: borrowed. The waiter leaves the line before its task ends. */
    struct cmio__parker
        *thread; /**< Internal: a plain thread that waits in a blocking call, or NULL. */
    uint32_t state;
};

/** Internal: a line of waiters, first come, first served. */
struct cmio__waiters {
    /** Internal, together with the members after it. */
    struct cmio__waiter *first, *last;
};

CMIO_END_DECLS

#endif
