/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_FUTURE_H
#define CMIO_ASYNC_FUTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <cmio/export.h>

CMIO_BEGIN_DECLS

struct cmio_context;
struct cmio_future;

/* What a poll of a future finds. */
enum cmio_future_state {
    CMIO_PENDING, /* there is no result yet; the future wakes the task when polling is worthwhile */
    CMIO_READY,   /* the result is in future->result */
};

/*
 * The operations of one kind of future. Call them through cmio_future_poll() and
 * cmio_future_drop(), which keep the rules for what comes after the end.
 */
struct cmio_future_ops {
    /* What introspection calls this kind of future, for example "sleep". Static storage. */
    const char *name;
    /*
     * Goes on as far as it can without blocking. It returns CMIO_READY with future->result set; or
     * CMIO_PENDING after it has arranged for the context's waker to be woken. A poll that nothing
     * woke (a spurious one) is allowed at any time.
     */
    enum cmio_future_state (*poll)(struct cmio_future *future, struct cmio_context *context);
    /*
     * Gives up before the result is there: drops the futures that this one awaits and releases what
     * it holds. It is called at most once, never after CMIO_READY, and perhaps without a poll
     * before it. It must not block. It may set result; it is -ECANCELED otherwise.
     */
    void (*drop)(struct cmio_future *future);
};

/*
 * A future: a value that may not be there yet. It does nothing until it is polled, and its poll
 * does as much as it can at once. It lies in the caller's memory and is the first member of
 * whatever it is part of, so that futures are made of futures without any allocation. It may be
 * moved until its first poll, and never between that and its end.
 *
 * result is valid once a poll returned CMIO_READY: 0 or more on success, a negative errno on
 * failure. A future that is ready or dropped has ended: polling it again returns CMIO_READY with the
 * same result, and dropping it does nothing. It may be awaited, joined or spawned like any other.
 *
 * A future belongs to one task at a time. A future that was polled must come to its end (be ready or
 * dropped) before its memory, or the task that polled it, goes away.
 */
struct cmio_future {
    const struct cmio_future_ops *ops; /* NULL once it has ended */
    ssize_t result;
};

/*
 * Makes a future of the given operations, to be polled: what the _init function of every kind does
 * first. Errors: -EINVAL for a null argument, or operations without name, poll or drop.
 */
CMIO_API int cmio_future_init(struct cmio_future *future, const struct cmio_future_ops *ops);

/*
 * Polls the future. Returns CMIO_READY once its result is there. Call it only from the poll of
 * another future, with the context that it was given.
 */
static inline enum cmio_future_state cmio_future_poll(struct cmio_future *future,
                                                      struct cmio_context *context) {
    if (future->ops == NULL)
        return CMIO_READY;
    if (future->ops->poll(future, context) == CMIO_PENDING)
        return CMIO_PENDING;
    future->ops = NULL;
    return CMIO_READY;
}

/*
 * Gives the future up if it has not ended: what it waits for is called off, and its result is
 * -ECANCELED, or what the kind of future documents. NULL is allowed. A zeroed future has ended.
 */
CMIO_API void cmio_future_drop(struct cmio_future *future);

/* Whether the future has ended: it was ready or was dropped. */
static inline bool cmio_future_has_ended(const struct cmio_future *future) {
    return future->ops == NULL;
}

CMIO_END_DECLS

#endif
