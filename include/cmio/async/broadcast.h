/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_BROADCAST_H
#define CMIO_ASYNC_BROADCAST_H

#include <stddef.h>
#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/async/waiter.h>
#include <cmio/export.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/*
 * A channel whose every receiver gets every message. cmio/async/channel.h has the rules that all
 * channels keep. Senders never wait: the channel keeps the latest messages, and a receiver that is
 * slower than that misses the oldest and is told how many.
 */
struct cmio_broadcast_sender;

/* One receiver with its place in the messages. The futures of several tasks may share it. */
struct cmio_broadcast_receiver;

/*
 * Makes a channel that keeps the latest capacity messages of size bytes each. Errors, which leave
 * the outputs untouched: -EINVAL for a null argument, a size or a capacity of 0; -ENOMEM.
 */
CMIO_API int cmio_broadcast_new(struct cmio_broadcast_sender **sender,
                                struct cmio_broadcast_receiver **receiver, size_t size,
                                size_t capacity);

/* One more sender: returns its argument. NULL for NULL. */
CMIO_API struct cmio_broadcast_sender *
cmio_broadcast_sender_clone(struct cmio_broadcast_sender *sender);

/*
 * Makes another receiver, which gets the messages that are sent from now on. Errors, which leave
 * out untouched: -EINVAL for a null argument; -ENOMEM.
 */
CMIO_API int cmio_broadcast_subscribe(struct cmio_broadcast_sender *sender,
                                      struct cmio_broadcast_receiver **out);

/*
 * Drops a sender. After the last, receivers get what they have not got yet, and then 0. NULL is
 * allowed.
 */
CMIO_API void cmio_broadcast_sender_drop(struct cmio_broadcast_sender *sender);

/* Drops a receiver. NULL is allowed. */
CMIO_API void cmio_broadcast_receiver_drop(struct cmio_broadcast_receiver *receiver);

/*
 * Sends a message to all receivers. Returns 0. Errors: -EPIPE while there is no receiver; -EINVAL
 * for a null argument.
 */
CMIO_API int cmio_broadcast_send(struct cmio_broadcast_sender *sender, const void *message);

/*
 * Receives the next message if there is one. Returns 1, or 0 once all senders are gone and nothing
 * is left. Errors: -EAGAIN when there is none; -EOVERFLOW when the next message is not kept any
 * more: cmio_broadcast_receiver_missed() says how many were missed, and the next receive gives the
 * oldest that is kept; -EINVAL for a null argument.
 */
CMIO_API int cmio_broadcast_try_receive(struct cmio_broadcast_receiver *receiver, void *message);

/*
 * Receives the next message on a plain thread, which waits for it until the deadline. Returns 1 or
 * 0. Errors: -EOVERFLOW as cmio_broadcast_try_receive() gives it; -ETIMEDOUT; -EDEADLK on a worker; -EINVAL for a null argument or
 * a negative deadline other than CMIO_FOREVER; -ENOMEM and -EAGAIN when the system has no more
 * condition variables.
 */
CMIO_API int cmio_broadcast_receive_until(struct cmio_broadcast_receiver *receiver, void *message,
                                          int64_t deadline);

/* How many messages the receiver missed at its last -EOVERFLOW; 0 before the first. NULL: 0. */
CMIO_API uint64_t cmio_broadcast_receiver_missed(struct cmio_broadcast_receiver *receiver);

/* Receives the next message. Its members are private. */
struct cmio_broadcast_receive_future {
    struct cmio_future future;
    struct cmio__waiter waiter;
    struct cmio_broadcast_receiver *receiver;
    void *message;
};

/*
 * A future that is ready, with 1, once the receiver's next message was copied to message; with 0
 * once all senders are gone and nothing is left. It takes the message only when it becomes ready: a
 * drop loses none. Errors of init: -EINVAL for a null argument. The future's own: -EOVERFLOW
 * as cmio_broadcast_try_receive() gives it.
 */
CMIO_API int cmio_broadcast_receive_future_init(struct cmio_broadcast_receive_future *receive,
                                                struct cmio_broadcast_receiver *receiver,
                                                void *message);

CMIO_END_DECLS

#endif
