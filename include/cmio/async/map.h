/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_MAP_H
#define CMIO_ASYNC_MAP_H

#include <sys/types.h>

#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/* Turns a result into another. It is called once, during a poll, and must not block. */
typedef ssize_t cmio_map_function(ssize_t result, void *argument);

/* Waits for another future and changes its result. Its members are private. */
struct cmio_map_future {
    struct cmio_future future;
    struct cmio_future *child;
    cmio_map_function *function;
    void *argument;
};

/*
 * A future that is ready when the child is. Its result is what the function gives for the child's
 * result, errors included, and the argument. Dropping the future drops the child, and the function is
 * not called. The child is the caller's, and must stay where it is until the future has ended. The
 * calls are for one thread at a time. Errors: -EINVAL for a null future, child or function.
 */
CMIO_API int cmio_map_future_init(struct cmio_map_future *map, struct cmio_future *child,
                                  cmio_map_function *function, void *argument);

/*
 * Says how to go on after a result. To wait for another future, it initialises that in memory of the
 * program's (which the argument leads to), sets *next to it and returns 0. To end, it leaves *next
 * alone, and returns the result. It is called once, during a poll, and must not block.
 */
typedef ssize_t cmio_then_function(ssize_t result, void *argument, struct cmio_future **next);

/* Waits for one future and then for another. Its members are private. */
struct cmio_then_future {
    struct cmio_future future;
    struct cmio_future *child;
    cmio_then_function *function;
    void *argument;
};

/*
 * A future that waits for the child, calls the function with its result, errors included, and then
 * waits for the future that the function has made, whose result is its own. If the function made
 * none, it is ready with what the function returned. Dropping it drops whichever of the two it waits
 * for. Both lie in the caller's memory and must stay where they are until the future has ended. The
 * calls are for one thread at a time. Errors: -EINVAL for a null future, child or function.
 */
CMIO_API int cmio_then_future_init(struct cmio_then_future *then, struct cmio_future *child,
                                   cmio_then_function *function, void *argument);

CMIO_END_DECLS

#endif
