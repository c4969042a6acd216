/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_SEMAPHORE_H
#define CMIO_ASYNC_SEMAPHORE_H

#include <stdbool.h>
#include <stddef.h>

#include <cmio/async/future.h>
#include <cmio/async/waiter.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/* The largest number of permits that a semaphore can hold. */
#define CMIO_SEMAPHORE_MAX ((size_t)-1 / 2)

/*
 * A number of permits that tasks acquire and release, to bound how many do something at once. It is
 * fair: permits go to futures in the order in which they began to wait, and a future that waits for
 * many is not overtaken by one that wants few. It lies in the caller's memory; its members are
 * private.
 *
 * All calls may be made from any thread, but for init, which comes first, and destroy, which comes
 * last.
 */
struct cmio_semaphore {
    unsigned char lock;
    bool closed;
    size_t permits;
    struct cmio__waiters waiters;
};

/* Makes a semaphore with that many permits. Errors: -EINVAL for NULL or more than the maximum. */
CMIO_API int cmio_semaphore_init(struct cmio_semaphore *semaphore, size_t permits);

/*
 * Ends its use. Must be called before its memory is used for anything else: it waits until a release
 * on another thread is over. Errors: -EINVAL for NULL; -EBUSY while a future waits, and then nothing
 * has changed.
 */
CMIO_API int cmio_semaphore_destroy(struct cmio_semaphore *semaphore);

/*
 * Takes permits if that needs no waiting. Returns 0. Errors: -EAGAIN when there are too few, or
 * others wait; -ECANCELED once it is closed; -EINVAL for NULL, no permits, or more than the maximum.
 */
CMIO_API int cmio_semaphore_try_acquire(struct cmio_semaphore *semaphore, size_t permits);

/*
 * Gives permits back, or adds new ones, and hands them to the futures that wait. Returns 0. Errors,
 * which change nothing: -EINVAL for NULL or no permits; -EOVERFLOW when there would be more than the
 * maximum.
 */
CMIO_API int cmio_semaphore_release(struct cmio_semaphore *semaphore, size_t permits);

/*
 * Closes it: the futures that wait end with -ECANCELED, and so does every later one. Permits that
 * were acquired stay so, and may be released. NULL: nothing.
 */
CMIO_API void cmio_semaphore_close(struct cmio_semaphore *semaphore);

/* How many permits are free. Another thread may take them at any time. NULL: 0. */
CMIO_API size_t cmio_semaphore_permits(struct cmio_semaphore *semaphore);

/* Acquires permits. Its members are private. */
struct cmio_acquire_future {
    struct cmio_future future;
    struct cmio_semaphore *semaphore;
    size_t permits;
    struct cmio__waiter waiter;
};

/*
 * A future that is ready, with 0, once the permits are acquired. Whoever awaited it releases them.
 * If it is dropped after it was given the permits and before it saw that, they are passed on.
 * Errors of init: -EINVAL for a null argument, no permits, or more than the maximum. The future's
 * own: -ECANCELED when the semaphore is closed.
 */
CMIO_API int cmio_acquire_future_init(struct cmio_acquire_future *acquire,
                                      struct cmio_semaphore *semaphore, size_t permits);

CMIO_END_DECLS

#endif
