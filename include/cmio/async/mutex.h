/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_MUTEX_H
#define CMIO_ASYNC_MUTEX_H

/**
 * @file
 * A mutex that a task can hold while it awaits something.
 */

#include <stdbool.h>

#include <cmio/async/future.h>
#include <cmio/async/waiter.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * A lock that a task can hold while it awaits something.
 *
 * If nothing is awaited while the lock is held, a pthread mutex does as well and costs less. The
 * lock is fair: an unlock hands it to the future that has waited longest. It belongs to the holder
 * of the lock and not to a thread or a task, so another thread or task may unlock it.
 *
 * It lies in the caller's memory. Zeroed memory is an unlocked mutex that is ready for use. It must
 * not be moved while it is locked or a future that uses it is pending. Call cmio_mutex_destroy()
 * before its memory is used for anything else.
 *
 * **Threads**: any thread may call any function, except for cmio_mutex_init(), which comes first,
 * and cmio_mutex_destroy(), which comes last.
 */
struct cmio_mutex {
    /** Internal, together with the members after it. */
    unsigned char lock;
    bool locked;
    struct cmio__waiters waiters;
};

/**
 * Makes an unlocked mutex.
 *
 * Zeroed memory need not be initialised.
 *
 * @param mutex  The mutex to initialise. It stays the caller's.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: mutex is NULL.
 *
 * **Threads**: any thread, before all other calls with the mutex.
 */
CMIO_API int cmio_mutex_init(struct cmio_mutex *mutex);

/**
 * Ends the use of a mutex.
 *
 * It must be called before the memory is used for anything else: it waits until an unlock on
 * another thread is over.
 *
 * @param mutex  The mutex, which must be unlocked.
 *
 * **Returns** 0.
 *
 * **Errors**, after which nothing has changed:
 * - -EINVAL: mutex is NULL.
 * - -EBUSY: the mutex is locked.
 *
 * **Threads**: any thread, after all other calls with the mutex.
 */
CMIO_API int cmio_mutex_destroy(struct cmio_mutex *mutex);

/**
 * Locks a mutex if that needs no waiting.
 *
 * @param mutex  The mutex. Borrowed. On success the caller unlocks it with cmio_mutex_unlock().
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: mutex is NULL.
 * - -EBUSY: the mutex is locked.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_mutex_try_lock(struct cmio_mutex *mutex);

/**
 * Unlocks a mutex.
 *
 * If futures wait for it, it stays locked and belongs to the first of them.
 *
 * @param mutex  The mutex. Borrowed.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: mutex is NULL.
 * - -EPERM: the mutex is not locked.
 *
 * **Threads**: any thread, also another than the thread that locked it.
 */
CMIO_API int cmio_mutex_unlock(struct cmio_mutex *mutex);

/**
 * A future that locks a mutex. cmio_lock_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_lock_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio_mutex *mutex;
    struct cmio__waiter waiter;
};

/**
 * Makes a future that locks a mutex.
 *
 * @param lock   The future to initialise. It stays the caller's.
 * @param mutex  The mutex. Borrowed until the future has ended. When the future is ready, the task
 *               unlocks the mutex with cmio_mutex_unlock().
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once the mutex is locked.
 *
 * **Errors** of this call. The future has none:
 * - -EINVAL: lock or mutex is NULL.
 *
 * **Cancellation**: dropping the pending future loses nothing. If it was handed the mutex and has
 * not seen that yet, the mutex is passed on to the next future, or unlocked. A future that was
 * ready has locked the mutex: look at its result before you forget it.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_lock_future_init(struct cmio_lock_future *lock, struct cmio_mutex *mutex);

CMIO_END_DECLS

#endif
