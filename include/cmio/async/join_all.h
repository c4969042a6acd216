/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_JOIN_ALL_H
#define CMIO_ASYNC_JOIN_ALL_H

#include <stddef.h>

#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/* Waits until all of several futures have ended. Its members are private. */
struct cmio_join_all_future {
    struct cmio_future future;
    struct cmio_future **children;
    size_t count;
};

/*
 * A future that is ready once every child has ended. Each poll polls all children that are left, in
 * the order of the array: for a handful of them. For many, use a join set (cmio/async/join_set.h).
 *
 * Its result is 0, or the first negative result in the order of the array. A child that fails does
 * not end the others, and every child keeps its own result, to be read from the child. Dropping the
 * future drops all children that have not ended.
 *
 * children is an array of count pointers. The array and the children are the caller's, and must stay
 * where they are until the future has ended. With a count of 0 it is ready at once. The calls are
 * for one thread at a time. Errors: -EINVAL for a null future, a null array with a count, or a null
 * child.
 */
CMIO_API int cmio_join_all_future_init(struct cmio_join_all_future *all,
                                       struct cmio_future **children, size_t count);

CMIO_END_DECLS

#endif
