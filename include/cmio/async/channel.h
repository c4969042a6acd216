/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_CHANNEL_H
#define CMIO_ASYNC_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmio/async/future.h>
#include <cmio/async/waiter.h>
#include <cmio/export.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/*
 * A bounded queue of messages between tasks, and between tasks and threads. Senders wait while it is
 * full, so that a slow receiver slows them down. Messages are bytes of a size that is fixed when the
 * channel is made. They are copied in and out, and come out in the order in which they went in.
 *
 * All kinds of channels of cmio (this one, oneshot, broadcast, watch) keep these rules:
 * - A send gives 0 once the message is in the channel, and -EPIPE when nobody can receive it any
 *   more. A message that was not sent stays the caller's.
 * - A receive gives 1 with a message, and 0 once the channel is closed and all that was sent has
 *   been received. Without a message, the memory for it is untouched.
 * - The try_ form gives -EAGAIN instead of waiting. The _until form blocks a plain thread until the
 *   deadline (cmio/time.h), and then gives -ETIMEDOUT; on a worker it is always -EDEADLK, because
 *   the worker's other tasks would wait too: await the future there. It is a cancellation point
 *   while it waits; a cancelled receive has taken nothing.
 * - Each side has handles, which are counted. Who copies a handle with _clone drops it once more.
 *   The drop of the last handle of a side closes the channel. The channel is freed with its last
 *   handle. A handle must not be dropped while a future that uses it is pending.
 * - All calls may be made from any thread, and any number of tasks may use one handle at once.
 */

/* The end that messages go in at. */
struct cmio_channel_sender;
/* The end that messages come out of. */
struct cmio_channel_receiver;

/*
 * Makes a channel of messages of size bytes each, with room for capacity of them, and gives one
 * handle for each side. Errors, which leave the outputs untouched: -EINVAL for a null argument, a
 * size or a capacity of 0; -ENOMEM.
 */
CMIO_API int cmio_channel_new(struct cmio_channel_sender **sender,
                              struct cmio_channel_receiver **receiver, size_t size,
                              size_t capacity);

/* One more handle of the side: returns its argument. NULL for NULL. */
CMIO_API struct cmio_channel_sender *cmio_channel_sender_clone(struct cmio_channel_sender *sender);
CMIO_API struct cmio_channel_receiver *
cmio_channel_receiver_clone(struct cmio_channel_receiver *receiver);

/*
 * Drops a sender. After the last, receives give the messages that are left, and then 0. NULL is
 * allowed.
 */
CMIO_API void cmio_channel_sender_drop(struct cmio_channel_sender *sender);

/*
 * Drops a receiver. After the last, sends give -EPIPE, and messages that nobody received are gone:
 * if they own anything, close the channel first and receive what is left. NULL is allowed.
 */
CMIO_API void cmio_channel_receiver_drop(struct cmio_channel_receiver *receiver);

/*
 * Closes the channel from the receiving side: every send that waits and every later one gives
 * -EPIPE. What was sent before can still be received. Closing again does nothing. NULL: nothing.
 */
CMIO_API void cmio_channel_receiver_close(struct cmio_channel_receiver *receiver);

/* Whether sends give -EPIPE. NULL: true. */
CMIO_API bool cmio_channel_sender_is_closed(struct cmio_channel_sender *sender);

/*
 * Sends a message if there is room. Returns 0. Errors: -EAGAIN when the channel is full; -EPIPE;
 * -EINVAL for a null argument.
 */
CMIO_API int cmio_channel_try_send(struct cmio_channel_sender *sender, const void *message);

/*
 * Receives a message if there is one. Returns 1, or 0 once the channel is closed and empty. Errors:
 * -EAGAIN when it is empty; -EINVAL for a null argument.
 */
CMIO_API int cmio_channel_try_receive(struct cmio_channel_receiver *receiver, void *message);

/*
 * Sends a message from a plain thread, which waits for room until the deadline. Returns 0. Errors:
 * -ETIMEDOUT, and then nothing was sent; -EPIPE; -EDEADLK on a worker; -EINVAL for a null argument
 * or a negative deadline other than CMIO_FOREVER; -ENOMEM and -EAGAIN when the system has no more
 * condition variables.
 */
CMIO_API int cmio_channel_send_until(struct cmio_channel_sender *sender, const void *message,
                                     int64_t deadline);

/*
 * Receives a message on a plain thread, which waits for one until the deadline. Returns 1, or 0 once
 * the channel is closed and empty. Errors: as those of cmio_channel_send_until(), but for -EPIPE.
 */
CMIO_API int cmio_channel_receive_until(struct cmio_channel_receiver *receiver, void *message,
                                        int64_t deadline);

/* Sends a message. Its members are private. */
struct cmio_send_future {
    struct cmio_future future;
    struct cmio__waiter waiter;
    struct cmio_channel_sender *sender;
    const void *message;
};

/*
 * A future that is ready, with 0, once the message was copied into the channel: at its first poll if
 * there is room, otherwise when it is its turn. Waiting futures send in the order of their first
 * polls. The memory of the message must stay as it is until the future has ended. Errors of init:
 * -EINVAL for a null argument. The future's own: -EPIPE, and the message was not sent.
 *
 * Dropping it leaves the message either sent or not, never both or half: cmio_send_future_is_sent()
 * says which, and so does its result: 0, or -ECANCELED (-EPIPE).
 */
CMIO_API int cmio_send_future_init(struct cmio_send_future *send,
                                   struct cmio_channel_sender *sender, const void *message);

/* Whether a future that has ended sent its message. False for one that has not ended, and NULL. */
CMIO_API bool cmio_send_future_is_sent(const struct cmio_send_future *send);

/* Receives a message. Its members are private. */
struct cmio_receive_future {
    struct cmio_future future;
    struct cmio__waiter waiter;
    struct cmio_channel_receiver *receiver;
    void *message;
};

/*
 * A future that is ready, with 1, once a message was copied to message; with 0 once the channel is
 * closed and empty. It takes a message only when it becomes ready: dropping it never loses one, and
 * a message that it was woken for goes to the next receiver. Waiting futures are woken in the order
 * of their first polls, but a receiver that runs may take a message before one that was woken for
 * it, which then waits on, first in the line. Errors of init: -EINVAL for a null argument. The
 * future has no errors.
 */
CMIO_API int cmio_receive_future_init(struct cmio_receive_future *receive,
                                      struct cmio_channel_receiver *receiver, void *message);

/* Waits until nobody receives any more. Its members are private. */
struct cmio_channel_closed_future {
    struct cmio_future future;
    struct cmio__waiter waiter;
    struct cmio_channel_sender *sender;
};

/*
 * A future that is ready, with 0, once sends give -EPIPE: for a task that has nothing to send yet,
 * and need not make it. Dropping it changes nothing. Errors of init: -EINVAL for a null argument.
 * The future has no errors.
 */
CMIO_API int cmio_channel_closed_future_init(struct cmio_channel_closed_future *closed,
                                             struct cmio_channel_sender *sender);

CMIO_END_DECLS

#endif
