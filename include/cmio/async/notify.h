/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_NOTIFY_H
#define CMIO_ASYNC_NOTIFY_H

#include <stdbool.h>

#include <cmio/async/future.h>
#include <cmio/async/waiter.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/*
 * Tells tasks that something happened, without saying what. It lies in the caller's memory; its
 * members are private, and a zeroed one is ready for use. What a thread did before it notifies is
 * visible to the task that is notified.
 *
 * All calls may be made from any thread, but for destroy, which comes last.
 */
struct cmio_notify {
    unsigned char lock;
    bool permit;
    struct cmio__waiters waiters;
};

/* Makes it ready for use, with no permit stored. Errors: -EINVAL for NULL. */
CMIO_API int cmio_notify_init(struct cmio_notify *notify);

/*
 * Ends its use. Must be called before its memory is used for anything else: it waits until a
 * notification that another thread has delivered is over. Errors: -EINVAL for NULL; -EBUSY while a
 * future waits, and then nothing has changed.
 */
CMIO_API int cmio_notify_destroy(struct cmio_notify *notify);

/*
 * Notifies the future that has waited longest. If none waits, stores a permit, which ends the next
 * future at once. At most one permit is stored, however often this is called. NULL: nothing.
 */
CMIO_API void cmio_notify_one(struct cmio_notify *notify);

/*
 * Notifies all futures that wait now, those that were polled and have not ended. Stores no permit.
 * NULL: nothing.
 */
CMIO_API void cmio_notify_all(struct cmio_notify *notify);

/* Waits for a notification. Its members are private. */
struct cmio_notify_future {
    struct cmio_future future;
    struct cmio_notify *notify;
    struct cmio__waiter waiter;
};

/*
 * A future that is ready, with 0, once it is notified. It waits from its first poll on. If it is
 * dropped after cmio_notify_one() chose it and before it saw that, the notification is passed on: to
 * the next future that waits, or it is stored as a permit. Errors of init: -EINVAL for a null
 * argument. The future has no errors.
 */
CMIO_API int cmio_notify_future_init(struct cmio_notify_future *future, struct cmio_notify *notify);

CMIO_END_DECLS

#endif
