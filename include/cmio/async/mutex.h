/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_MUTEX_H
#define CMIO_ASYNC_MUTEX_H

#include <stdbool.h>

#include <cmio/async/future.h>
#include <cmio/async/waiter.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/*
 * A lock that a task can hold while it awaits something. Where nothing is awaited while it is held,
 * a pthread mutex does as well and costs less. It is fair: unlocking hands it to the future that has
 * waited longest. It belongs to whoever locked it, not to a thread or a task: another may unlock it.
 * It lies in the caller's memory; its members are private, and a zeroed one is unlocked and ready
 * for use.
 *
 * All calls may be made from any thread, but for destroy, which comes last.
 */
struct cmio_mutex {
    unsigned char lock;
    bool locked;
    struct cmio__waiters waiters;
};

/* Makes an unlocked mutex. Errors: -EINVAL for NULL. */
CMIO_API int cmio_mutex_init(struct cmio_mutex *mutex);

/*
 * Ends its use. Must be called before its memory is used for anything else: it waits until an unlock
 * on another thread is over. Errors: -EINVAL for NULL; -EBUSY while it is locked, and then nothing
 * has changed.
 */
CMIO_API int cmio_mutex_destroy(struct cmio_mutex *mutex);

/* Locks it if that needs no waiting. Returns 0. Errors: -EINVAL for NULL; -EBUSY when locked. */
CMIO_API int cmio_mutex_try_lock(struct cmio_mutex *mutex);

/*
 * Unlocks it; if futures wait, it stays locked and is now the first one's. Returns 0. Errors:
 * -EINVAL for NULL; -EPERM when it is not locked.
 */
CMIO_API int cmio_mutex_unlock(struct cmio_mutex *mutex);

/* Locks a mutex. Its members are private. */
struct cmio_lock_future {
    struct cmio_future future;
    struct cmio_mutex *mutex;
    struct cmio__waiter waiter;
};

/*
 * A future that is ready, with 0, once the mutex is locked for whoever awaited it, who unlocks it.
 * If it is dropped after it was handed the mutex and before it saw that, the mutex is passed on to
 * the next future, or unlocked. Errors of init: -EINVAL for a null argument. The future has no
 * errors.
 */
CMIO_API int cmio_lock_future_init(struct cmio_lock_future *lock, struct cmio_mutex *mutex);

CMIO_END_DECLS

#endif
