/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_JOIN_ALL_H
#define CMIO_ASYNC_JOIN_ALL_H

/**
 * @file
 * A future that waits until all of several futures have ended.
 */

#include <stddef.h>

#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * A future that waits until all of several futures, its children, have ended.
 * cmio_join_all_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_join_all_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio_future **children;
    size_t count;
};

/**
 * Makes a future that is ready once all children have ended.
 *
 * Each poll polls all children that are left, in the order of the array, so it is for a handful of
 * children. For many, use a join set: cmio_join_set_new(). A child that fails does not end the
 * others. Each child keeps its own result.
 *
 * @param all       The future to initialise. It stays the caller's.
 * @param children  An array of pointers to the children. The array and the children stay the
 *                  caller's. They must stay in place until the future has ended. NULL is allowed if
 *                  count is 0.
 * @param count     The number of children. With 0 the future is ready at its first poll.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, or the first negative result in the order of the array.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: all is NULL, children is NULL and count is not 0, or a child is NULL.
 * - Other errors that a child ends with.
 *
 * **Cancellation**: dropping the pending future drops all children that have not ended, and loses
 * what that loses.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_join_all_future_init(struct cmio_join_all_future *all,
                                       struct cmio_future **children, size_t count);

CMIO_END_DECLS

#endif
