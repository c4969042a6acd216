/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_WATCH_H
#define CMIO_ASYNC_WATCH_H

/**
 * @file
 * Watched values: values that some tasks set and others watch, such as a configuration.
 */

#include <stddef.h>
#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/async/waiter.h>
#include <cmio/export.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/**
 * The end of a watched value at which it is set.
 *
 * Handles of a sender are counted. Whoever makes a handle with cmio_watch_new() or
 * cmio_watch_sender_clone() drops it once with cmio_watch_sender_drop(). The value is freed with
 * the last handle of either side.
 *
 * **Threads**: any thread, and any number of tasks and threads at once.
 */
struct cmio_watch_sender;

/**
 * A receiver of a watched value, which remembers the value that it saw last.
 *
 * Receivers see the latest value, not every value. cmio_watch_new() or cmio_watch_subscribe() makes
 * a receiver, and its owner drops it with cmio_watch_receiver_drop(). It must not be dropped while
 * a future that uses it is pending.
 *
 * **Threads**: any thread, and any number of tasks and threads at once.
 */
struct cmio_watch_receiver;

/**
 * Makes a watched value with one sender and one receiver.
 *
 * The receiver counts as having seen the first value.
 *
 * @param sender    Where the sender is stored. The caller drops it with cmio_watch_sender_drop().
 * @param receiver  Where the receiver is stored. The caller drops it with
 *                  cmio_watch_receiver_drop().
 * @param size      The size of the value in bytes, at least 1.
 * @param value     The first value. It is copied.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the outputs are untouched:
 * - -EINVAL: sender, receiver or value is NULL, or size is 0.
 * - -ENOMEM: memory is short.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_watch_new(struct cmio_watch_sender **sender,
                            struct cmio_watch_receiver **receiver, size_t size, const void *value);

/**
 * Makes one more handle of a sender.
 *
 * @param sender  The sender. Borrowed. NULL is allowed.
 *
 * **Returns** sender, which has to be dropped once more, or NULL for NULL.
 *
 * **Threads**: any thread.
 */
CMIO_API struct cmio_watch_sender *cmio_watch_sender_clone(struct cmio_watch_sender *sender);

/**
 * Makes another receiver, which counts as having seen the present value.
 *
 * @param sender  A sender of the value. Borrowed.
 * @param out     Where the receiver is stored. The caller drops it with cmio_watch_receiver_drop().
 *
 * **Returns** 0.
 *
 * **Errors**, after which out is untouched:
 * - -EINVAL: sender or out is NULL.
 * - -ENOMEM: memory is short.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_watch_subscribe(struct cmio_watch_sender *sender,
                                  struct cmio_watch_receiver **out);

/**
 * Drops a handle of a sender.
 *
 * After the last handle was dropped, the value does not change any more. It can still be read.
 *
 * @param sender  The handle, which must not be used afterwards. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread.
 */
CMIO_API void cmio_watch_sender_drop(struct cmio_watch_sender *sender);

/**
 * Drops a receiver.
 *
 * While the value has no receiver, setting it fails with -EPIPE.
 *
 * @param receiver  The receiver, which must not be used afterwards. No future that uses it may be
 *                  pending. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread.
 */
CMIO_API void cmio_watch_receiver_drop(struct cmio_watch_receiver *receiver);

/**
 * Sets the value and tells all receivers.
 *
 * To set equal bytes again is a change too. The call never waits, so it may be made on a plain
 * thread and in a task.
 *
 * @param sender  The sender. Borrowed.
 * @param value   The new value, whose size was given to cmio_watch_new(). It is copied.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the value has not changed:
 * - -EINVAL: sender or value is NULL.
 * - -EPIPE: there is no receiver now. A later cmio_watch_subscribe() makes one.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_watch_send(struct cmio_watch_sender *sender, const void *value);

/**
 * Copies the latest value, which the receiver has then seen.
 *
 * It never waits, and works also after the senders are gone.
 *
 * @param receiver  The receiver. Borrowed.
 * @param value     Where the value is copied to.
 *
 * **Returns** 1 if the receiver had not seen the value before, or 0 if it had. The value is copied
 * in both cases.
 *
 * **Errors**, after which nothing was copied:
 * - -EINVAL: receiver or value is NULL.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_watch_read(struct cmio_watch_receiver *receiver, void *value);

/**
 * Waits on a plain thread, until a deadline, for a value that the receiver has not seen.
 *
 * The value counts as seen afterwards. cmio_watch_read() copies it, or a later one. In a task,
 * await cmio_watch_changed_future_init() instead.
 *
 * The call is a cancellation point (pthread_cancel(3), deferred) while it waits. After a cancelled
 * call the change is still to be seen.
 *
 * @param receiver  The receiver. Borrowed.
 * @param deadline  When to give up, in nanoseconds on the clock of cmio_now(). A deadline in the
 *                  past does not wait. CMIO_FOREVER: never.
 *
 * **Returns** 1 if there is a value that the receiver had not seen, or 0 if all senders are gone
 * and the last value was seen.
 *
 * **Errors**:
 * - -EINVAL: receiver is NULL, or deadline is negative and not CMIO_FOREVER.
 * - -ETIMEDOUT: the value has not changed at the deadline.
 * - -EDEADLK: the call is made on a worker, which means in a task.
 * - -ENOMEM, -EAGAIN: the system has no more condition variables.
 *
 * **Threads**: any thread that is not a worker.
 */
CMIO_API int cmio_watch_changed_until(struct cmio_watch_receiver *receiver, int64_t deadline);

/**
 * A future that waits for a value that the receiver has not seen. cmio_watch_changed_future_init()
 * makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_watch_changed_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio__waiter waiter;
    struct cmio_watch_receiver *receiver;
};

/**
 * Makes a future that is ready once there is a value that the receiver has not seen.
 *
 * The value counts as seen when the future is ready. cmio_watch_read() copies it, or a later one.
 *
 * @param changed   The future to initialise. It stays the caller's.
 * @param receiver  The receiver. Borrowed until the future has ended.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 1 if there is a value that the receiver had not seen, or 0 if all
 * senders are gone and the last value was seen.
 *
 * **Errors** of this call. The future has none:
 * - -EINVAL: changed or receiver is NULL.
 *
 * **Cancellation**: dropping the pending future loses nothing. The change counts as not seen.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_watch_changed_future_init(struct cmio_watch_changed_future *changed,
                                            struct cmio_watch_receiver *receiver);

CMIO_END_DECLS

#endif
