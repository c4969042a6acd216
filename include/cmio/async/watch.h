/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_WATCH_H
#define CMIO_ASYNC_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/async/waiter.h>
#include <cmio/export.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/*
 * A value that some set and others watch, such as a configuration. Receivers see the latest value,
 * not every one. cmio/async/channel.h has the rules that all channels keep.
 */
struct cmio_watch_sender;

/* One receiver, which remembers the value that it saw last. */
struct cmio_watch_receiver;

/*
 * Makes a watched value of size bytes, which are copied from value. The receiver counts as having
 * seen it. Errors, which leave the outputs untouched: -EINVAL for a null argument or a size of 0;
 * -ENOMEM.
 */
CMIO_API int cmio_watch_new(struct cmio_watch_sender **sender,
                            struct cmio_watch_receiver **receiver, size_t size, const void *value);

/* One more sender: returns its argument. NULL for NULL. */
CMIO_API struct cmio_watch_sender *cmio_watch_sender_clone(struct cmio_watch_sender *sender);

/*
 * Makes another receiver, which counts as having seen the present value. Errors, which leave out
 * untouched: -EINVAL for a null argument; -ENOMEM.
 */
CMIO_API int cmio_watch_subscribe(struct cmio_watch_sender *sender,
                                  struct cmio_watch_receiver **out);

/* Drops a sender. After the last, the value does not change any more. NULL is allowed. */
CMIO_API void cmio_watch_sender_drop(struct cmio_watch_sender *sender);

/* Drops a receiver. NULL is allowed. */
CMIO_API void cmio_watch_receiver_drop(struct cmio_watch_receiver *receiver);

/*
 * Sets the value, and tells all receivers. Setting the same bytes again is a change too. Returns 0.
 * Errors: -EPIPE while there is no receiver, and the value is as before; -EINVAL for a null
 * argument.
 */
CMIO_API int cmio_watch_send(struct cmio_watch_sender *sender, const void *value);

/*
 * Copies the latest value to value; the receiver has then seen it. Never waits, and works after the
 * senders are gone. Returns 1 if the receiver had not seen it before, 0 if it had. Errors: -EINVAL
 * for a null argument.
 */
CMIO_API int cmio_watch_read(struct cmio_watch_receiver *receiver, void *value);

/*
 * Waits on a plain thread, until the deadline, for a value that the receiver has not seen, as
 * cmio_watch_changed_future_init() says. Returns 1 or 0. Errors: -ETIMEDOUT; -EDEADLK on a worker;
 * -EINVAL for a null receiver or a negative deadline other than CMIO_FOREVER; -ENOMEM and -EAGAIN
 * when the system has no more condition variables.
 */
CMIO_API int cmio_watch_changed_until(struct cmio_watch_receiver *receiver, int64_t deadline);

/* Waits for a value that the receiver has not seen. Its members are private. */
struct cmio_watch_changed_future {
    struct cmio_future future;
    struct cmio__waiter waiter;
    struct cmio_watch_receiver *receiver;
};

/*
 * A future that is ready, with 1, once there is a value that the receiver has not seen; it counts as
 * seen then, and cmio_watch_read() copies it, or a later one. It is ready with 0 once all senders
 * are gone and the last value was seen. A drop before it is ready leaves the change to be seen by
 * the next one. Errors of init: -EINVAL for a null argument. The future has no errors.
 */
CMIO_API int cmio_watch_changed_future_init(struct cmio_watch_changed_future *changed,
                                            struct cmio_watch_receiver *receiver);

CMIO_END_DECLS

#endif
