/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_JOIN_SET_H
#define CMIO_ASYNC_JOIN_SET_H

/**
 * @file
 * Join sets: many futures that one task runs.
 */

#include <stddef.h>
#include <sys/types.h>

#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * A set of many futures, its children, that one task runs: thousands of connections, requests or
 * sleeps.
 *
 * Each child has a place in the set with a waker of its own. A wake polls the child that was woken
 * and no other. cmio_join_set_new() makes the set. Its owner frees it with cmio_join_set_free().
 *
 * @code{.c}
 * while (has_more || cmio_join_set_count(set) > 0) {
 *     while (has_more && has_room)
 *         place = cmio_join_set_add(set, &jobs[next].future);
 *     (void)cmio_join_set_future_init(&ended, set);
 *     CMIO_AWAIT(&ended.future); // its result is the place of a child that has ended
 * }
 * @endcode
 *
 * **Threads**: a set belongs to one task at a time. No two threads may call functions with it at
 * once. Any thread may wake the wakers of its children.
 */
struct cmio_join_set;

/**
 * Makes an empty join set.
 *
 * This is the one allocation that the set needs.
 *
 * @param out       Where the set is stored. The caller frees it with cmio_join_set_free().
 * @param capacity  How many children the set has room for at once, from 1 to 2^31 - 1.
 *
 * **Returns** 0.
 *
 * **Errors**, after which out is untouched:
 * - -EINVAL: out is NULL, or capacity is 0 or greater than 2^31 - 1.
 * - -ENOMEM: memory is short.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_join_set_new(struct cmio_join_set **out, size_t capacity);

/**
 * Drops all children of a join set and frees the set.
 *
 * A future of the set that is pending must not be used afterwards, neither polled nor dropped. Kept
 * wakers of children may outlive the set.
 *
 * @param set  The set, which must not be used afterwards. NULL is allowed: nothing happens.
 *
 * **Threads**: one thread at a time for a set.
 */
CMIO_API void cmio_join_set_free(struct cmio_join_set *set);

/**
 * Adds a child to a join set.
 *
 * The next poll of the set's future polls the child for the first time. A child may be added while
 * a future of the set is pending, and in the poll of another child.
 *
 * @param set    The set. Borrowed.
 * @param child  The future to add. It stays the caller's. It must stay in place from its first poll
 *               until its end was reported.
 *
 * **Returns** the place of the child, from 0 to capacity - 1. It is a free place: a place is used
 * again once the end of its child was reported.
 *
 * **Errors**, after which the set has not changed:
 * - -EINVAL: set or child is NULL.
 * - -ENOSPC: all places are taken.
 *
 * **Threads**: one thread at a time for a set.
 */
CMIO_API ssize_t cmio_join_set_add(struct cmio_join_set *set, struct cmio_future *child);

/**
 * Drops a child of a join set.
 *
 * The set's future reports the end of the child, as it does for other children. The place is free
 * after that. A child that has ended already keeps its result.
 *
 * @param set    The set. Borrowed.
 * @param place  The place of the child, which cmio_join_set_add() returned.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: set is NULL.
 * - -ENOENT: there is no child at the place.
 *
 * **Threads**: one thread at a time for a set. It must not be called in the poll of that child.
 */
CMIO_API int cmio_join_set_cancel(struct cmio_join_set *set, size_t place);

/**
 * Counts the children of a join set whose end was not reported yet.
 *
 * @param set  The set. Borrowed. NULL is allowed.
 *
 * **Returns** the number of children, or 0 for NULL.
 *
 * **Threads**: one thread at a time for a set.
 */
CMIO_API size_t cmio_join_set_count(const struct cmio_join_set *set);

/**
 * A future that waits for a child of a join set to end. cmio_join_set_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_join_set_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal. */
    struct cmio_join_set *set;
};

/**
 * Makes a future that is ready once a child of a join set has ended.
 *
 * The future polls the children that were woken. If several children have ended, each future of the
 * set reports one, in the order in which they were woken.
 *
 * @param ended  The future to initialise. It stays the caller's.
 * @param set    The set. Borrowed until the future has ended.
 *
 * **Returns** 0.
 *
 * **Result** of the future: the place of the child that has ended, which is free from then on. The
 * child has its own result.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: ended or set is NULL.
 * - -ECHILD: the set is empty.
 * - -EBUSY: another future of the set is pending.
 *
 * **Cancellation**: dropping the future drops all children of the set, unless another future of the
 * set is pending. The set is empty then, and may be used again. To wait for other things as well
 * without losing the children, select over this future and the others with
 * cmio_select_future_init(), and leave this one pending.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_join_set_future_init(struct cmio_join_set_future *ended,
                                       struct cmio_join_set *set);

CMIO_END_DECLS

#endif
