/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_CHANNEL_H
#define CMIO_ASYNC_CHANNEL_H

/**
 * @file
 * Channels: bounded queues of messages between tasks, and between tasks and threads.
 *
 * Messages are bytes of a size that is fixed when the channel is made. They are copied in and out,
 * and come out in the order in which they went in. Senders wait while the channel is full, so a
 * slow receiver slows them down.
 *
 * All kinds of channels of cmio (this one, oneshot, broadcast and watch) keep these rules. A
 * message that was not sent stays the sender's. If no message is received, the memory for it is
 * untouched. The try_ functions never wait. The _until functions block a plain thread until a
 * deadline, and are refused on a worker, whose other tasks would wait too. Each side has handles,
 * which are counted, and the channel is freed with its last handle. A handle must not be dropped
 * while a future that uses it is pending.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmio/async/future.h>
#include <cmio/async/waiter.h>
#include <cmio/export.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/**
 * The end of a channel at which messages go in.
 *
 * Handles of it are counted. Whoever makes a handle with cmio_channel_new() or
 * cmio_channel_sender_clone() drops it once with cmio_channel_sender_drop(). The drop of the last
 * sender closes the channel. A handle must not be dropped while a future that uses it is pending.
 *
 * **Threads**: any thread, and any number of tasks and threads at once.
 */
struct cmio_channel_sender;

/**
 * The end of a channel at which messages come out.
 *
 * Handles of it are counted. Whoever makes a handle with cmio_channel_new() or
 * cmio_channel_receiver_clone() drops it once with cmio_channel_receiver_drop(). The drop of the
 * last receiver closes the channel. A handle must not be dropped while a future that uses it is
 * pending. If several tasks receive, each message goes to one of them.
 *
 * **Threads**: any thread, and any number of tasks and threads at once.
 */
struct cmio_channel_receiver;

/**
 * Makes a channel with one sender and one receiver.
 *
 * @param sender    Where the sender is stored. The caller drops it with cmio_channel_sender_drop().
 * @param receiver  Where the receiver is stored. The caller drops it with
 *                  cmio_channel_receiver_drop().
 * @param size      The size of a message in bytes, at least 1.
 * @param capacity  How many messages the channel has room for, at least 1.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the outputs are untouched:
 * - -EINVAL: sender or receiver is NULL, or size or capacity is 0.
 * - -ENOMEM: memory is short.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_channel_new(struct cmio_channel_sender **sender,
                              struct cmio_channel_receiver **receiver, size_t size,
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
CMIO_API struct cmio_channel_sender *cmio_channel_sender_clone(struct cmio_channel_sender *sender);

/**
 * Makes one more handle of a receiver.
 *
 * @param receiver  The receiver. Borrowed. NULL is allowed.
 *
 * **Returns** receiver, which has to be dropped once more, or NULL for NULL.
 *
 * **Threads**: any thread.
 */
CMIO_API struct cmio_channel_receiver *
cmio_channel_receiver_clone(struct cmio_channel_receiver *receiver);

/**
 * Drops a handle of a sender.
 *
 * After the last handle was dropped, receivers get the messages that are left, and then 0.
 *
 * @param sender  The handle, which must not be used afterwards. No future that uses it may be
 *                pending. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread.
 */
CMIO_API void cmio_channel_sender_drop(struct cmio_channel_sender *sender);

/**
 * Drops a handle of a receiver.
 *
 * After the last handle was dropped, sends fail with -EPIPE, and messages that nobody received are
 * lost. If messages own anything, call cmio_channel_receiver_close() first and receive what is
 * left.
 *
 * @param receiver  The handle, which must not be used afterwards. No future that uses it may be
 *                  pending. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread.
 */
CMIO_API void cmio_channel_receiver_drop(struct cmio_channel_receiver *receiver);

/**
 * Closes a channel from its receiving side.
 *
 * All sends that wait, and all later ones, fail with -EPIPE. Messages that were sent before can
 * still be received. To close a closed channel does nothing.
 *
 * @param receiver  A receiver of the channel. Borrowed. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread.
 */
CMIO_API void cmio_channel_receiver_close(struct cmio_channel_receiver *receiver);

/**
 * Tells whether a channel is closed, so that sends fail with -EPIPE.
 *
 * @param sender  A sender of the channel. Borrowed. NULL is allowed.
 *
 * **Returns** true if the channel is closed, and for NULL.
 *
 * **Threads**: any thread. Another thread may close the channel at any time.
 */
CMIO_API bool cmio_channel_sender_is_closed(struct cmio_channel_sender *sender);

/**
 * Sends a message if the channel has room.
 *
 * It never waits, so it may be called on a plain thread and in a task.
 *
 * @param sender   The sender. Borrowed.
 * @param message  The message, whose size was given to cmio_channel_new(). It is copied.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the message was not sent:
 * - -EINVAL: sender or message is NULL.
 * - -EAGAIN: the channel is full.
 * - -EPIPE: the channel is closed.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_channel_try_send(struct cmio_channel_sender *sender, const void *message);

/**
 * Receives a message if the channel has one.
 *
 * It never waits, so it may be called on a plain thread and in a task.
 *
 * @param receiver  The receiver. Borrowed.
 * @param message   Where the message is copied to. It is untouched unless the call returns 1.
 *
 * **Returns** 1 with a message, or 0 if the channel is closed and empty.
 *
 * **Errors**:
 * - -EINVAL: receiver or message is NULL.
 * - -EAGAIN: the channel is empty.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_channel_try_receive(struct cmio_channel_receiver *receiver, void *message);

/**
 * Sends a message from a plain thread, which waits for room until a deadline.
 *
 * In a task, await cmio_send_future_init() instead.
 *
 * The call is a cancellation point (pthread_cancel(3), deferred) while it waits. The message of a
 * cancelled call is either sent or not, never both or half.
 *
 * @param sender    The sender. Borrowed.
 * @param message   The message, whose size was given to cmio_channel_new(). It is copied.
 * @param deadline  When to give up, in nanoseconds on the clock of cmio_now(). A deadline in the
 *                  past does not wait. CMIO_FOREVER: never.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the message was not sent:
 * - -EINVAL: sender or message is NULL, or deadline is negative and not CMIO_FOREVER.
 * - -ETIMEDOUT: the channel is full at the deadline.
 * - -EPIPE: the channel is closed.
 * - -EDEADLK: the call is made on a worker, which means in a task.
 * - -ENOMEM, -EAGAIN: the system has no more condition variables.
 *
 * **Threads**: any thread that is not a worker.
 */
CMIO_API int cmio_channel_send_until(struct cmio_channel_sender *sender, const void *message,
                                     int64_t deadline);

/**
 * Receives a message on a plain thread, which waits for it until a deadline.
 *
 * In a task, await cmio_receive_future_init() instead.
 *
 * The call is a cancellation point (pthread_cancel(3), deferred) while it waits. A cancelled call
 * has taken nothing.
 *
 * @param receiver  The receiver. Borrowed.
 * @param message   Where the message is copied to. It is untouched unless the call returns 1.
 * @param deadline  When to give up, in nanoseconds on the clock of cmio_now(). A deadline in the
 *                  past does not wait. CMIO_FOREVER: never.
 *
 * **Returns** 1 with a message, or 0 if the channel is closed and empty.
 *
 * **Errors**:
 * - -EINVAL: receiver or message is NULL, or deadline is negative and not CMIO_FOREVER.
 * - -ETIMEDOUT: the channel is empty at the deadline.
 * - -EDEADLK: the call is made on a worker, which means in a task.
 * - -ENOMEM, -EAGAIN: the system has no more condition variables.
 *
 * **Threads**: any thread that is not a worker.
 */
CMIO_API int cmio_channel_receive_until(struct cmio_channel_receiver *receiver, void *message,
                                        int64_t deadline);

/**
 * A future that sends a message to a channel. cmio_send_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_send_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio__waiter waiter;
    struct cmio_channel_sender *sender;
    const void *message;
};

/**
 * Makes a future that sends a message to a channel.
 *
 * It sends the message at its first poll if the channel has room, otherwise when it is its turn.
 * Waiting futures send in the order of their first polls.
 *
 * @param send     The future to initialise. It stays the caller's.
 * @param sender   The sender. Borrowed until the future has ended.
 * @param message  The message, whose size was given to cmio_channel_new(). It must stay unchanged
 *                 until the future has ended.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once the message was copied into the channel.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: send, sender or message is NULL.
 * - -EPIPE: the channel is closed. The message was not sent.
 *
 * **Cancellation**: the message of a dropped future is either sent or not, never both or half. The
 * result tells which: 0 if the message was sent before the drop, otherwise -ECANCELED, or -EPIPE if
 * the channel was closed meanwhile. So does cmio_send_future_is_sent().
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_send_future_init(struct cmio_send_future *send,
                                   struct cmio_channel_sender *sender, const void *message);

/**
 * Tells whether a future that has ended sent its message.
 *
 * @param send  The future. Borrowed. NULL is allowed.
 *
 * **Returns** true if the message was sent. False if it was not, if the future has not ended, and
 * for NULL.
 *
 * **Threads**: the task of the future.
 */
CMIO_API bool cmio_send_future_is_sent(const struct cmio_send_future *send);

/**
 * A future that receives a message from a channel. cmio_receive_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_receive_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio__waiter waiter;
    struct cmio_channel_receiver *receiver;
    void *message;
};

/**
 * Makes a future that receives a message from a channel.
 *
 * Waiting futures are woken in the order of their first polls. A receiver that runs may take a
 * message before a future that was woken for it. That future then waits on, first in the line.
 *
 * @param receive   The future to initialise. It stays the caller's.
 * @param receiver  The receiver. Borrowed until the future has ended.
 * @param message   Where the message is copied to. It must stay in place until the future has
 *                  ended. It is untouched unless the future ends with 1.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 1 with a message, or 0 if the channel is closed and empty.
 *
 * **Errors** of this call. The future has none:
 * - -EINVAL: receive, receiver or message is NULL.
 *
 * **Cancellation**: dropping the pending future loses nothing. It takes a message only when it
 * becomes ready. A message that it was woken for goes to the next receiver.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_receive_future_init(struct cmio_receive_future *receive,
                                      struct cmio_channel_receiver *receiver, void *message);

/**
 * A future that waits until nobody receives from a channel any more.
 * cmio_channel_closed_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_channel_closed_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio__waiter waiter;
    struct cmio_channel_sender *sender;
};

/**
 * Makes a future that is ready once a channel is closed, so that sends fail with -EPIPE.
 *
 * It is for a task that has nothing to send yet, and need not make it if nobody receives it.
 *
 * @param closed  The future to initialise. It stays the caller's.
 * @param sender  A sender of the channel. Borrowed until the future has ended.
 *
 * **Returns** 0.
 *
 * **Result** of the future: 0, once the channel is closed.
 *
 * **Errors** of this call. The future has none:
 * - -EINVAL: closed or sender is NULL.
 *
 * **Cancellation**: dropping the pending future loses nothing. The channel stays as it is.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_channel_closed_future_init(struct cmio_channel_closed_future *closed,
                                             struct cmio_channel_sender *sender);

CMIO_END_DECLS

#endif
