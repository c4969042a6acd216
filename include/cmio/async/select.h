/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_SELECT_H
#define CMIO_ASYNC_SELECT_H

/**
 * @file
 * A future that waits until one of several futures has ended.
 */

#include <stddef.h>

#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * A future that waits until one of several futures, its children, has ended.
 * cmio_select_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_select_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio_future **children;
    size_t count;
};

/**
 * Makes a future that is ready once one of several children has ended.
 *
 * Each poll polls the children in the order of the array, and stops at the first child that is
 * ready. If several are ready, the first of them wins, every time: put the most important child in
 * front.
 *
 * The other children are left as they are, and none of them loses what it has done. The caller may
 * select over them again, await them or drop them. A child that was polled must come to its end
 * before the task ends. With cmio_block_on() the task ends with that call: drop the other children
 * in the future that the call is given.
 *
 * An entry of NULL is passed over. A loop can set the entry of an ended child to NULL and go on
 * with the rest.
 *
 * @param select    The future to initialise. It stays the caller's.
 * @param children  An array of pointers to the children, at least one of them not NULL. The array
 *                  and the children stay the caller's. They must stay in place until the select
 *                  future has ended.
 * @param count     The number of pointers in the array.
 *
 * **Returns** 0.
 *
 * **Result** of the future: the index of the child in the array. The child has its own result.
 *
 * **Errors** of this call. The future has none:
 * - -EINVAL: select or children is NULL, count is 0, or all entries are NULL.
 *
 * **Cancellation**: dropping the pending future drops all children that have not ended, and loses
 * what that loses.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_select_future_init(struct cmio_select_future *select,
                                     struct cmio_future **children, size_t count);

CMIO_END_DECLS

#endif
