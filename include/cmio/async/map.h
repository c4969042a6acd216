/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_MAP_H
#define CMIO_ASYNC_MAP_H

/**
 * @file
 * Futures that wait for another future and go on with its result: map and then.
 */

#include <sys/types.h>

#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * Turns the result of a future into another result.
 *
 * It is called once, during a poll, and must not block.
 *
 * @param result    The result of the child: 0 or more, or a negative errno.
 * @param argument  The argument that cmio_map_future_init() was given.
 *
 * **Returns** the new result: 0 or more, or a negative errno.
 *
 * **Threads**: the library calls it on the thread that polls the task.
 */
typedef ssize_t cmio_map_function(ssize_t result, void *argument);

/**
 * A future that waits for another one, its child, and changes its result. cmio_map_future_init()
 * makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_map_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio_future *child;
    cmio_map_function *function;
    void *argument;
};

/**
 * Makes a future that waits for a child and changes its result with a function.
 *
 * The function is called also if the child fails.
 *
 * @param map       The future to initialise. It stays the caller's.
 * @param child     The future to wait for. It stays the caller's. It must stay in place until the
 *                  map future has ended.
 * @param function  The function.
 * @param argument  The second argument of the function. NULL is allowed. It stays the caller's.
 *
 * **Returns** 0.
 *
 * **Result** of the future: what the function returned.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: map, child or function is NULL.
 * - Other errors that the function returns.
 *
 * **Cancellation**: dropping the pending future drops the child, and loses what that loses. The
 * function is not called.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_map_future_init(struct cmio_map_future *map, struct cmio_future *child,
                                  cmio_map_function *function, void *argument);

/**
 * Decides how to go on after the result of a future.
 *
 * To wait for another future, it initialises that future in memory of the program's, to which the
 * argument can lead, sets `*next` to the future and returns 0. To end, it leaves `*next` alone and
 * returns the result. It is called once, during a poll, and must not block.
 *
 * @param result    The result of the child: 0 or more, or a negative errno.
 * @param argument  The argument that cmio_then_future_init() was given.
 * @param next      Where the function stores the next future. It holds NULL before.
 *
 * **Returns** the result to end with, if `*next` is still NULL. Otherwise the value is ignored.
 *
 * **Threads**: the library calls it on the thread that polls the task.
 */
typedef ssize_t cmio_then_function(ssize_t result, void *argument, struct cmio_future **next);

/**
 * A future that waits for one future and then for another. cmio_then_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_then_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio_future *child;
    cmio_then_function *function;
    void *argument;
};

/**
 * Makes a future that waits for a child, and then for a future that a function makes of the result.
 *
 * The function is called also if the child fails.
 *
 * @param then      The future to initialise. It stays the caller's.
 * @param child     The future to wait for first. It stays the caller's. It and the future that the
 *                  function makes must stay in place until the then future has ended.
 * @param function  The function that makes the second future, or ends the first without one.
 * @param argument  The second argument of the function. NULL is allowed. It stays the caller's.
 *
 * **Returns** 0.
 *
 * **Result** of the future: the result of the future that the function made. If it made none, what
 * the function returned.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: then, child or function is NULL.
 * - Other errors that the second future ends with, or that the function returns.
 *
 * **Cancellation**: dropping the pending future drops the future that it waits for, and loses what
 * that loses. If that is the first one, the function is not called.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_then_future_init(struct cmio_then_future *then, struct cmio_future *child,
                                   cmio_then_function *function, void *argument);

CMIO_END_DECLS

#endif
