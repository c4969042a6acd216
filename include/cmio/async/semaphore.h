/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_SEMAPHORE_H
#define CMIO_ASYNC_SEMAPHORE_H

/**
 * @file
 * Semaphores, which bound how many tasks do something at once.
 */

#include <stdbool.h>
#include <stddef.h>

#include <cmio/async/future.h>
#include <cmio/async/waiter.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/** The largest number of permits that a semaphore can hold. */
#define CMIO_SEMAPHORE_MAX ((size_t)-1 / 2)

/**
 * A number of permits that tasks acquire and release, to bound how many of them do something at
 * once.
 *
 * It is fair: futures get permits in the order in which they began to wait. A future that waits for
 * many permits is not overtaken by a future that wants few.
 *
 * It lies in the caller's memory. cmio_semaphore_init() must initialise it: do not rely on zeroed
 * memory. It must not be moved while a future that uses it is pending. Call
 * cmio_semaphore_destroy() before its memory is used for anything else.
 *
 * **Threads**: any thread may call any function, except for cmio_semaphore_init(), which comes
 * first, and cmio_semaphore_destroy(), which comes last.
 */
struct cmio_semaphore {
    /** Internal, together with the members after it. */
    unsigned char lock;
    bool closed;
    size_t permits;
    struct cmio__waiters waiters;
};

/**
 * Makes a semaphore with a number of free permits.
 *
 * @param semaphore  The semaphore to initialise. It stays the caller's.
 * @param permits    The number of free permits, at most CMIO_SEMAPHORE_MAX. 0 is allowed.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the semaphore is untouched:
 * - -EINVAL: semaphore is NULL, or permits is greater than CMIO_SEMAPHORE_MAX.
 *
 * **Threads**: any thread, before all other calls with the semaphore.
 */
CMIO_API int cmio_semaphore_init(struct cmio_semaphore *semaphore, size_t permits);

/**
 * Ends the use of a semaphore.
 *
 * It must be called before the memory is used for anything else: it waits until a release on
 * another thread is over.
 *
 * @param semaphore  The semaphore, for which no future may wait.
 *
 * **Returns** 0.
 *
 * **Errors**, after which nothing has changed:
 * - -EINVAL: semaphore is NULL.
 * - -EBUSY: a future waits.
 *
 * **Threads**: any thread, after all other calls with the semaphore.
 */
CMIO_API int cmio_semaphore_destroy(struct cmio_semaphore *semaphore);

/**
 * Acquires permits if that needs no waiting.
 *
 * @param semaphore  The semaphore. Borrowed.
 * @param permits    The number of permits, from 1 to CMIO_SEMAPHORE_MAX. On success the caller
 *                   releases them with cmio_semaphore_release().
 *
 * **Returns** 0.
 *
 * **Errors**, after which no permit is acquired:
 * - -EINVAL: semaphore is NULL, or permits is 0 or greater than CMIO_SEMAPHORE_MAX.
 * - -EAGAIN: there are too few free permits, or a future waits for some.
 * - -ECANCELED: the semaphore is closed.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_semaphore_try_acquire(struct cmio_semaphore *semaphore, size_t permits);

/**
 * Gives permits back, or adds new ones.
 *
 * The futures that wait get them in turn.
 *
 * @param semaphore  The semaphore. Borrowed.
 * @param permits    The number of permits, at least 1.
 *
 * **Returns** 0.
 *
 * **Errors**, after which nothing has changed:
 * - -EINVAL: semaphore is NULL, or permits is 0.
 * - -EOVERFLOW: the semaphore would have more than CMIO_SEMAPHORE_MAX free permits.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_semaphore_release(struct cmio_semaphore *semaphore, size_t permits);

/**
 * Closes a semaphore.
 *
 * The futures that wait end with -ECANCELED, and so does every later one. Permits that were
 * acquired stay acquired, and may be released.
 *
 * @param semaphore  The semaphore. Borrowed. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread.
 */
CMIO_API void cmio_semaphore_close(struct cmio_semaphore *semaphore);

/**
 * Tells how many permits of a semaphore are free.
 *
 * @param semaphore  The semaphore. Borrowed. NULL is allowed.
 *
 * **Returns** the number of free permits, or 0 for NULL.
 *
 * **Threads**: any thread. Another thread may take the permits at any time.
 */
CMIO_API size_t cmio_semaphore_permits(struct cmio_semaphore *semaphore);

/**
 * A future that acquires permits. cmio_acquire_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_acquire_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio_semaphore *semaphore;
    size_t permits;
    struct cmio__waiter waiter;
};

/**
 * Makes a future that acquires permits of a semaphore.
 *
 * @param acquire    The future to initialise. It stays the caller's.
 * @param semaphore  The semaphore. Borrowed until the future has ended.
 * @param permits    The number of permits, from 1 to CMIO_SEMAPHORE_MAX. When the future is ready
 *                   with 0, the task releases them with cmio_semaphore_release().
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once the permits are acquired.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: acquire or semaphore is NULL, or permits is 0 or greater than CMIO_SEMAPHORE_MAX.
 * - -ECANCELED: the semaphore is closed.
 *
 * **Cancellation**: dropping the pending future loses nothing. If it was given the permits and has
 * not seen that yet, they are passed on to the next futures, or are free again. A future that was
 * ready with 0 has acquired its permits: look at its result before you forget it.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_acquire_future_init(struct cmio_acquire_future *acquire,
                                      struct cmio_semaphore *semaphore, size_t permits);

CMIO_END_DECLS

#endif
