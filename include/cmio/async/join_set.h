/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_JOIN_SET_H
#define CMIO_ASYNC_JOIN_SET_H

#include <stddef.h>
#include <sys/types.h>

#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/*
 * Many futures, run by one task: thousands of connections, requests or sleeps. Each child has a
 * place in the set with a waker of its own, so that a wake polls the child that was woken and none
 * of the others.
 *
 *     while (more to do or cmio_join_set_count(set) > 0) {
 *         while (more to do and there is room)
 *             place = cmio_join_set_add(set, &job[...].future);
 *         cmio_join_set_future_init(&ended, set);
 *         await ended; its result is the place of a child that has ended
 *     }
 *
 * A set belongs to one task at a time, and its functions must not be called from two threads at
 * once; wakers of its children may be woken from any thread.
 */
struct cmio_join_set;

/*
 * Makes an empty set with room for capacity children at once, the one allocation that it needs; the
 * caller frees it. Errors: -EINVAL for a null out, or a capacity of 0 or more than 2^31 - 1;
 * -ENOMEM.
 */
CMIO_API int cmio_join_set_new(struct cmio_join_set **out, size_t capacity);

/*
 * Drops all children and frees the set. A future of the set that is pending must not be used any more,
 * neither polled nor dropped. Wakers of children that were cloned may outlive the set. NULL is
 * allowed.
 */
CMIO_API void cmio_join_set_free(struct cmio_join_set *set);

/*
 * Adds a child, which the next poll of the set's future polls for the first time. Returns its place,
 * from 0 to capacity - 1: a free one, so places are used again once their child's end was reported.
 * The child is the caller's, and must stay where it is from its first poll to its end. It may be
 * called while a future of the set is pending, and in the poll of a child. Errors: -EINVAL for a
 * null argument; -ENOSPC when every place is taken.
 */
CMIO_API ssize_t cmio_join_set_add(struct cmio_join_set *set, struct cmio_future *child);

/*
 * Drops the child at a place, if it has not ended, and has its end reported like that of the others:
 * the place is free after that. Must not be called in the poll of that child. Returns 0; -ENOENT
 * when there is no child at the place; -EINVAL for a null set.
 */
CMIO_API int cmio_join_set_cancel(struct cmio_join_set *set, size_t place);

/* How many children have not been reported yet. NULL: 0. */
CMIO_API size_t cmio_join_set_count(const struct cmio_join_set *set);

/* Waits for a child of a set to end. Its members are private. */
struct cmio_join_set_future {
    struct cmio_future future;
    struct cmio_join_set *set;
};

/*
 * A future that polls the children that were woken, and is ready once one of them has ended. Its
 * result is the place of that child, which is free from now on; the child has its own result. Where
 * several have ended, each future tells of one, in the order in which they were woken. The result is
 * -ECHILD when the set is empty, and -EBUSY when another future of the set is pending.
 *
 * Dropping it drops every child of the set: the set is empty then, and may be used again. To wait for
 * other things as well without losing the children, select over this future and those
 * (cmio/async/select.h), and leave this one pending. Errors of init: -EINVAL for a null argument.
 */
CMIO_API int cmio_join_set_future_init(struct cmio_join_set_future *ended,
                                       struct cmio_join_set *set);

CMIO_END_DECLS

#endif
