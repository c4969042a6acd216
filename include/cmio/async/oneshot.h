/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_ONESHOT_H
#define CMIO_ASYNC_ONESHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/async/waiter.h>
#include <cmio/export.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/*
 * A channel for a single message, such as the answer to a request. cmio/async/channel.h has the
 * rules that all channels keep. It has one sender and one receiver, which are not cloned.
 */
struct cmio_oneshot_sender;
struct cmio_oneshot_receiver;

/*
 * Makes a channel for one message of size bytes. Errors, which leave the outputs untouched: -EINVAL
 * for a null argument or a size of 0; -ENOMEM.
 */
CMIO_API int cmio_oneshot_new(struct cmio_oneshot_sender **sender,
                              struct cmio_oneshot_receiver **receiver, size_t size);

/* Drops the sender. If it did not send, the receive gives 0. NULL is allowed. */
CMIO_API void cmio_oneshot_sender_drop(struct cmio_oneshot_sender *sender);

/* Drops the receiver. A message that it did not receive is gone. NULL is allowed. */
CMIO_API void cmio_oneshot_receiver_drop(struct cmio_oneshot_receiver *receiver);

/*
 * Closes it from the receiving side: a later send gives -EPIPE. A message that was sent before can
 * still be received. NULL: nothing.
 */
CMIO_API void cmio_oneshot_receiver_close(struct cmio_oneshot_receiver *receiver);

/* Whether a send would give -EPIPE. NULL: true. */
CMIO_API bool cmio_oneshot_sender_is_closed(struct cmio_oneshot_sender *sender);

/*
 * Sends the message; it never waits. The sender remains, to be dropped. Returns 0. Errors: -EPIPE;
 * -EALREADY when a message was sent before; -EINVAL for a null argument.
 */
CMIO_API int cmio_oneshot_send(struct cmio_oneshot_sender *sender, const void *message);

/*
 * Receives the message if it is there. Returns 1, or 0 when there is none and there will be none.
 * Errors: -EAGAIN when it may still come; -EINVAL for a null argument.
 */
CMIO_API int cmio_oneshot_try_receive(struct cmio_oneshot_receiver *receiver, void *message);

/*
 * Receives the message on a plain thread, which waits until the deadline. Returns 1 or 0. Errors:
 * -ETIMEDOUT; -EDEADLK on a worker; -EINVAL for a null argument or a negative deadline other than
 * CMIO_FOREVER; -ENOMEM and -EAGAIN when the system has no more condition variables.
 */
CMIO_API int cmio_oneshot_receive_until(struct cmio_oneshot_receiver *receiver, void *message,
                                        int64_t deadline);

/* Receives the message. Its members are private. */
struct cmio_oneshot_receive_future {
    struct cmio_future future;
    struct cmio__waiter waiter;
    struct cmio_oneshot_receiver *receiver;
    void *message;
};

/*
 * A future that is ready, with 1, once the message was copied to message; with 0 when there is none
 * and there will be none. It takes the message only when it becomes ready: after a drop, it can
 * still be received. Errors of init: -EINVAL for a null argument. The future has no errors.
 */
CMIO_API int cmio_oneshot_receive_future_init(struct cmio_oneshot_receive_future *receive,
                                              struct cmio_oneshot_receiver *receiver,
                                              void *message);

/* Waits until nobody can receive the message. Its members are private. */
struct cmio_oneshot_closed_future {
    struct cmio_future future;
    struct cmio__waiter waiter;
    struct cmio_oneshot_sender *sender;
};

/*
 * A future that is ready, with 0, once the receiver was closed or dropped: the work for its message
 * may be given up. Dropping it changes nothing. Errors of init: -EINVAL for a null argument. The
 * future has no errors.
 */
CMIO_API int cmio_oneshot_closed_future_init(struct cmio_oneshot_closed_future *closed,
                                             struct cmio_oneshot_sender *sender);

CMIO_END_DECLS

#endif
