/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_SELECT_H
#define CMIO_ASYNC_SELECT_H

#include <stddef.h>

#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/* Waits until one of several futures has ended. Its members are private. */
struct cmio_select_future {
    struct cmio_future future;
    struct cmio_future **children;
    size_t count;
};

/*
 * A future that is ready once one child has ended. Its result is the index of that child in the
 * array; the child has its own result. Each poll polls the children in the order of the array and
 * stops at the first that is ready, so where several are ready the first one wins, every time: put
 * the one that matters most in front.
 *
 * The other children are left as they are, and none of them loses what it has done. They are the
 * caller's, who selects over them again, awaits them, or drops them; those that were polled must come
 * to their end before the task does. A null entry in the array is passed over, so that a loop can
 * set the entry of a child that has ended to NULL and go on with the rest. Dropping the select
 * future drops all children that have not ended.
 *
 * children is an array of count pointers. The array and the children must stay where they are until
 * the future has ended. The calls are for one thread at a time. Errors: -EINVAL for a null future or
 * array, or an array without any child.
 */
CMIO_API int cmio_select_future_init(struct cmio_select_future *select,
                                     struct cmio_future **children, size_t count);

CMIO_END_DECLS

#endif
