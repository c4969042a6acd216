/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_ONESHOT_H
#define CMIO_ASYNC_ONESHOT_H

/**
 * @file
 * Oneshot channels: channels for a single message, such as the answer to a request.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/async/waiter.h>
#include <cmio/export.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/**
 * The end of a oneshot channel at which the message goes in.
 *
 * cmio_oneshot_new() makes it, and its owner drops it with cmio_oneshot_sender_drop(). There is one
 * sender, which cannot be cloned. It must not be dropped while a future that uses it is pending.
 *
 * **Threads**: any thread, and several threads at once.
 */
struct cmio_oneshot_sender;

/**
 * The end of a oneshot channel at which the message comes out.
 *
 * cmio_oneshot_new() makes it, and its owner drops it with cmio_oneshot_receiver_drop(). There is
 * one receiver, which cannot be cloned. It must not be dropped while a future that uses it is
 * pending.
 *
 * **Threads**: any thread, and several threads at once.
 */
struct cmio_oneshot_receiver;

/**
 * Makes a channel for one message.
 *
 * @param sender    Where the sender is stored. The caller drops it with cmio_oneshot_sender_drop().
 * @param receiver  Where the receiver is stored. The caller drops it with
 *                  cmio_oneshot_receiver_drop().
 * @param size      The size of the message in bytes, at least 1.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the outputs are untouched:
 * - -EINVAL: sender or receiver is NULL, or size is 0.
 * - -ENOMEM: memory is short.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_oneshot_new(struct cmio_oneshot_sender **sender,
                              struct cmio_oneshot_receiver **receiver, size_t size);

/**
 * Drops the sender of a oneshot channel.
 *
 * If it did not send, the receiver gets 0. A message that was sent can still be received.
 *
 * @param sender  The sender, which must not be used afterwards. No future that uses it may be
 *                pending. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread.
 */
CMIO_API void cmio_oneshot_sender_drop(struct cmio_oneshot_sender *sender);

/**
 * Drops the receiver of a oneshot channel.
 *
 * A message that it did not receive is lost. A later send fails with -EPIPE.
 *
 * @param receiver  The receiver, which must not be used afterwards. No future that uses it may be
 *                  pending. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread.
 */
CMIO_API void cmio_oneshot_receiver_drop(struct cmio_oneshot_receiver *receiver);

/**
 * Closes a oneshot channel from its receiving side.
 *
 * A later send fails with -EPIPE. A message that was sent before can still be received.
 *
 * @param receiver  The receiver. Borrowed. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread.
 */
CMIO_API void cmio_oneshot_receiver_close(struct cmio_oneshot_receiver *receiver);

/**
 * Tells whether the receiver of a oneshot channel was closed or dropped.
 *
 * If so, a first send fails with -EPIPE.
 *
 * @param sender  The sender. Borrowed. NULL is allowed.
 *
 * **Returns** true if the receiver was closed or dropped, and for NULL.
 *
 * **Threads**: any thread. Another thread may close the channel at any time.
 */
CMIO_API bool cmio_oneshot_sender_is_closed(struct cmio_oneshot_sender *sender);

/**
 * Sends the message of a oneshot channel.
 *
 * It never waits, so it may be called on a plain thread and in a task. The sender remains, to be
 * dropped.
 *
 * @param sender   The sender. Borrowed.
 * @param message  The message, whose size was given to cmio_oneshot_new(). It is copied.
 *
 * **Returns** 0.
 *
 * **Errors**, after which this message was not sent:
 * - -EINVAL: sender or message is NULL.
 * - -EALREADY: a message was sent before.
 * - -EPIPE: the receiver was closed or dropped.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_oneshot_send(struct cmio_oneshot_sender *sender, const void *message);

/**
 * Receives the message of a oneshot channel if it is there.
 *
 * It never waits, so it may be called on a plain thread and in a task.
 *
 * @param receiver  The receiver. Borrowed.
 * @param message   Where the message is copied to. It is untouched unless the call returns 1.
 *
 * **Returns** 1 with the message, or 0 if there is none and there will be none.
 *
 * **Errors**:
 * - -EINVAL: receiver or message is NULL.
 * - -EAGAIN: the message may still come.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_oneshot_try_receive(struct cmio_oneshot_receiver *receiver, void *message);

/**
 * Receives the message of a oneshot channel on a plain thread, which waits for it until a deadline.
 *
 * In a task, await cmio_oneshot_receive_future_init() instead.
 *
 * The call is a cancellation point (pthread_cancel(3), deferred) while it waits. A cancelled call
 * has taken nothing.
 *
 * @param receiver  The receiver. Borrowed.
 * @param message   Where the message is copied to. It is untouched unless the call returns 1.
 * @param deadline  When to give up, in nanoseconds on the clock of cmio_now(). A deadline in the
 *                  past does not wait. CMIO_FOREVER: never.
 *
 * **Returns** 1 with the message, or 0 if there is none and there will be none.
 *
 * **Errors**:
 * - -EINVAL: receiver or message is NULL, or deadline is negative and not CMIO_FOREVER.
 * - -ETIMEDOUT: the message is not there at the deadline.
 * - -EDEADLK: the call is made on a worker, which means in a task.
 * - -ENOMEM, -EAGAIN: the system has no more condition variables.
 *
 * **Threads**: any thread that is not a worker.
 */
CMIO_API int cmio_oneshot_receive_until(struct cmio_oneshot_receiver *receiver, void *message,
                                        int64_t deadline);

/**
 * A future that receives the message of a oneshot channel. cmio_oneshot_receive_future_init() makes
 * it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_oneshot_receive_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio__waiter waiter;
    struct cmio_oneshot_receiver *receiver;
    void *message;
};

/**
 * Makes a future that receives the message of a oneshot channel.
 *
 * @param receive   The future to initialise. It stays the caller's.
 * @param receiver  The receiver. Borrowed until the future has ended.
 * @param message   Where the message is copied to. It must stay in place until the future has
 *                  ended. It is untouched unless the future ends with 1.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 1 with the message, or 0 if there is none and there will be none.
 *
 * **Errors** of this call. The future has none:
 * - -EINVAL: receive, receiver or message is NULL.
 *
 * **Cancellation**: dropping the pending future loses nothing. It takes the message only when it
 * becomes ready, so the message can still be received.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_oneshot_receive_future_init(struct cmio_oneshot_receive_future *receive,
                                              struct cmio_oneshot_receiver *receiver,
                                              void *message);

/**
 * A future that waits until nobody can receive the message of a oneshot channel.
 * cmio_oneshot_closed_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_oneshot_closed_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio__waiter waiter;
    struct cmio_oneshot_sender *sender;
};

/**
 * Makes a future that is ready once the receiver of a oneshot channel was closed or dropped.
 *
 * The work for the message may be given up then.
 *
 * @param closed  The future to initialise. It stays the caller's.
 * @param sender  The sender. Borrowed until the future has ended.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once the receiver was closed or dropped.
 *
 * **Errors** of this call. The future has none:
 * - -EINVAL: closed or sender is NULL.
 *
 * **Cancellation**: dropping the pending future loses nothing. The channel stays as it is.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_oneshot_closed_future_init(struct cmio_oneshot_closed_future *closed,
                                             struct cmio_oneshot_sender *sender);

CMIO_END_DECLS

#endif
