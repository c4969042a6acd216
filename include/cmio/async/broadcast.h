/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_BROADCAST_H
#define CMIO_ASYNC_BROADCAST_H

/**
 * @file
 * Broadcast channels: channels that deliver each message to every receiver.
 */

#include <stddef.h>
#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/async/waiter.h>
#include <cmio/export.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/**
 * The end of a broadcast channel at which messages go in.
 *
 * Senders never wait. The channel keeps the latest messages. A slower receiver misses the oldest
 * ones and is told how many.
 *
 * Handles of a sender are counted. Whoever makes a handle with cmio_broadcast_new() or
 * cmio_broadcast_sender_clone() drops it once with cmio_broadcast_sender_drop(). The channel is
 * freed with its last handle of either side.
 *
 * **Threads**: any thread, and any number of tasks and threads at once.
 */
struct cmio_broadcast_sender;

/**
 * A receiver of a broadcast channel, which has its own place in the messages.
 *
 * cmio_broadcast_new() or cmio_broadcast_subscribe() makes it, and its owner drops it with
 * cmio_broadcast_receiver_drop(). It must not be dropped while a future that uses it is pending. If
 * the futures of several tasks share a receiver, each message goes to one of them.
 *
 * **Threads**: any thread, and any number of tasks and threads at once.
 */
struct cmio_broadcast_receiver;

/**
 * Makes a broadcast channel with one sender and one receiver.
 *
 * @param sender    Where the sender is stored. The caller drops it with
 *                  cmio_broadcast_sender_drop().
 * @param receiver  Where the receiver is stored. The caller drops it with
 *                  cmio_broadcast_receiver_drop().
 * @param size      The size of a message in bytes, at least 1.
 * @param capacity  How many of the latest messages the channel keeps, at least 1.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the outputs are untouched:
 * - -EINVAL: sender or receiver is NULL, or size or capacity is 0.
 * - -ENOMEM: memory is short.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_broadcast_new(struct cmio_broadcast_sender **sender,
                                struct cmio_broadcast_receiver **receiver, size_t size,
                                size_t capacity);

/**
 * Makes one more handle of a sender.
 *
 * @param sender  The sender. Borrowed. NULL is allowed.
 *
 * **Returns** sender, which has to be dropped once more, or NULL for NULL.
 *
 * **Threads**: any thread.
 */
CMIO_API struct cmio_broadcast_sender *
cmio_broadcast_sender_clone(struct cmio_broadcast_sender *sender);

/**
 * Makes another receiver, which gets the messages that are sent from now on.
 *
 * @param sender  A sender of the channel. Borrowed.
 * @param out     Where the receiver is stored. The caller drops it with
 *                cmio_broadcast_receiver_drop().
 *
 * **Returns** 0.
 *
 * **Errors**, after which out is untouched:
 * - -EINVAL: sender or out is NULL.
 * - -ENOMEM: memory is short.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_broadcast_subscribe(struct cmio_broadcast_sender *sender,
                                      struct cmio_broadcast_receiver **out);

/**
 * Drops a handle of a sender.
 *
 * After the last handle was dropped, each receiver gets the messages that it has not got yet, and
 * then 0.
 *
 * @param sender  The handle, which must not be used afterwards. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread.
 */
CMIO_API void cmio_broadcast_sender_drop(struct cmio_broadcast_sender *sender);

/**
 * Drops a receiver.
 *
 * While the channel has no receiver, sends fail with -EPIPE.
 *
 * @param receiver  The receiver, which must not be used afterwards. No future that uses it may be
 *                  pending. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread.
 */
CMIO_API void cmio_broadcast_receiver_drop(struct cmio_broadcast_receiver *receiver);

/**
 * Sends a message to all receivers.
 *
 * It never waits, so it may be called on a plain thread and in a task.
 *
 * @param sender   The sender. Borrowed.
 * @param message  The message, whose size was given to cmio_broadcast_new(). It is copied.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the message was not sent:
 * - -EINVAL: sender or message is NULL.
 * - -EPIPE: there is no receiver now. A later cmio_broadcast_subscribe() makes one.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_broadcast_send(struct cmio_broadcast_sender *sender, const void *message);

/**
 * Receives the next message if there is one.
 *
 * It never waits, so it may be called on a plain thread and in a task.
 *
 * @param receiver  The receiver. Borrowed.
 * @param message   Where the message is copied to. It is untouched unless the call returns 1.
 *
 * **Returns** 1 with a message, or 0 if all senders are gone and no message is left.
 *
 * **Errors**:
 * - -EINVAL: receiver or message is NULL.
 * - -EAGAIN: there is no message.
 * - -EOVERFLOW: the next message is not kept any more. cmio_broadcast_receiver_missed() tells how
 *   many messages were missed. The next receive gets the oldest message that is kept.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_broadcast_try_receive(struct cmio_broadcast_receiver *receiver, void *message);

/**
 * Receives the next message on a plain thread, which waits for it until a deadline.
 *
 * In a task, await cmio_broadcast_receive_future_init() instead.
 *
 * The call is a cancellation point (pthread_cancel(3), deferred) while it waits. A cancelled call
 * has taken nothing.
 *
 * @param receiver  The receiver. Borrowed.
 * @param message   Where the message is copied to. It is untouched unless the call returns 1.
 * @param deadline  When to give up, in nanoseconds on the clock of cmio_now(). A deadline in the
 *                  past does not wait. CMIO_FOREVER: never.
 *
 * **Returns** 1 with a message, or 0 if all senders are gone and no message is left.
 *
 * **Errors**:
 * - -EINVAL: receiver or message is NULL, or deadline is negative and not CMIO_FOREVER.
 * - -EOVERFLOW: the next message is not kept any more. cmio_broadcast_receiver_missed() tells how
 *   many messages were missed. The next receive gets the oldest message that is kept.
 * - -ETIMEDOUT: there is no message at the deadline.
 * - -EDEADLK: the call is made on a worker, which means in a task.
 * - -ENOMEM, -EAGAIN: the system has no more condition variables.
 *
 * **Threads**: any thread that is not a worker.
 */
CMIO_API int cmio_broadcast_receive_until(struct cmio_broadcast_receiver *receiver, void *message,
                                          int64_t deadline);

/**
 * Tells how many messages a receiver missed at its last -EOVERFLOW.
 *
 * @param receiver  The receiver. Borrowed. NULL is allowed.
 *
 * **Returns** the number of messages, or 0 before the first -EOVERFLOW and for NULL.
 *
 * **Threads**: any thread.
 */
CMIO_API uint64_t cmio_broadcast_receiver_missed(struct cmio_broadcast_receiver *receiver);

/**
 * A future that receives the next message. cmio_broadcast_receive_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_broadcast_receive_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio__waiter waiter;
    struct cmio_broadcast_receiver *receiver;
    void *message;
};

/**
 * Makes a future that receives the next message of a broadcast channel.
 *
 * @param receive   The future to initialise. It stays the caller's.
 * @param receiver  The receiver. Borrowed until the future has ended.
 * @param message   Where the message is copied to. It must stay in place until the future has
 *                  ended. It is untouched unless the future ends with 1.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 1 with a message, or 0 if all senders are gone and no message is left.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: receive, receiver or message is NULL.
 * - -EOVERFLOW: the next message is not kept any more. cmio_broadcast_receiver_missed() tells how
 *   many messages were missed. The next receive gets the oldest message that is kept.
 *
 * **Cancellation**: dropping the pending future loses nothing. It takes the message only when it
 * becomes ready, and the receiver keeps its place.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_broadcast_receive_future_init(struct cmio_broadcast_receive_future *receive,
                                                struct cmio_broadcast_receiver *receiver,
                                                void *message);

CMIO_END_DECLS

#endif
