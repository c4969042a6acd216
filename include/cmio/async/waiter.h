/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_WAITER_H
#define CMIO_ASYNC_WAITER_H

#include <stdint.h>

#include <cmio/async/task.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/*
 * The place of a future in the line of whatever it waits for. It lies inside the future, so waiting
 * needs no memory of its own. Private to the library, as are all names that begin with cmio__.
 */

struct cmio__parker;

struct cmio__waiter {
    struct cmio__waiter *next, *previous;
    struct cmio_task_waker waker; /* borrowed: the waiter leaves the line before its task ends */
    struct cmio__parker *thread;  /* a plain thread that waits in a blocking call; or NULL */
    uint32_t state;
};

/* A line of waiters, first come, first served. */
struct cmio__waiters {
    struct cmio__waiter *first, *last;
};

CMIO_END_DECLS

#endif
