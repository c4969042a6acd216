/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_NOTIFY_H
#define CMIO_ASYNC_NOTIFY_H

/**
 * @file
 * Notifications, which tell tasks that something happened.
 */

#include <stdbool.h>

#include <cmio/async/future.h>
#include <cmio/async/waiter.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * Tells tasks that something happened, without telling what.
 *
 * What a thread did before it notifies is visible to the task that is notified.
 *
 * It lies in the caller's memory. Zeroed memory is ready for use, with no permit stored. It must
 * not be moved while a future that uses it is pending. Call cmio_notify_destroy() before its memory
 * is used for anything else.
 *
 * **Threads**: any thread may call any function, except for cmio_notify_init(), which comes first,
 * and cmio_notify_destroy(), which comes last.
 */
struct cmio_notify {
    /** Internal, together with the members after it. */
    unsigned char lock;
    bool permit;
    struct cmio__waiters waiters;
};

/**
 * Makes a notify that is ready for use, with no permit stored.
 *
 * Zeroed memory need not be initialised.
 *
 * @param notify  The notify to initialise. It stays the caller's.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: notify is NULL.
 *
 * **Threads**: any thread, before all other calls with it.
 */
CMIO_API int cmio_notify_init(struct cmio_notify *notify);

/**
 * Ends the use of a notify.
 *
 * It must be called before the memory is used for anything else: it waits until a notification that
 * another thread has delivered is over.
 *
 * @param notify  The notify, for which no future may wait.
 *
 * **Returns** 0.
 *
 * **Errors**, after which nothing has changed:
 * - -EINVAL: notify is NULL.
 * - -EBUSY: a future waits.
 *
 * **Threads**: any thread, after all other calls with it.
 */
CMIO_API int cmio_notify_destroy(struct cmio_notify *notify);

/**
 * Notifies the future that has waited longest, or stores a permit.
 *
 * If no future waits, a permit is stored, which ends the next future at its first poll. At most one
 * permit is stored, however often the function is called.
 *
 * @param notify  The notify. Borrowed. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread. It is not async-signal-safe.
 */
CMIO_API void cmio_notify_one(struct cmio_notify *notify);

/**
 * Notifies all futures that wait now.
 *
 * These are the futures that were polled and have not ended. No permit is stored.
 *
 * @param notify  The notify. Borrowed. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread. It is not async-signal-safe.
 */
CMIO_API void cmio_notify_all(struct cmio_notify *notify);

/**
 * A future that waits for a notification. cmio_notify_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_notify_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio_notify *notify;
    struct cmio__waiter waiter;
};

/**
 * Makes a future that is ready once it is notified.
 *
 * It waits from its first poll on: cmio_notify_all() does not reach a future that was not polled
 * yet.
 *
 * @param future  The future to initialise. It stays the caller's.
 * @param notify  The notify. Borrowed until the future has ended.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once it is notified.
 *
 * **Errors** of this call. The future has none:
 * - -EINVAL: future or notify is NULL.
 *
 * **Cancellation**: dropping the pending future loses nothing. If cmio_notify_one() chose it and it
 * has not seen that yet, the notification is passed on to the next future that waits, or stored as
 * a permit.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_notify_future_init(struct cmio_notify_future *future, struct cmio_notify *notify);

CMIO_END_DECLS

#endif
