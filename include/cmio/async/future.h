/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_FUTURE_H
#define CMIO_ASYNC_FUTURE_H

/**
 * @file
 * Futures: values that may not be there yet, and the two operations on them, poll and drop.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <cmio/export.h>

CMIO_BEGIN_DECLS

struct cmio_context;
struct cmio_future;

/** What a poll of a future finds. */
enum cmio_future_state {
    /** There is no result yet. The future wakes the task when another poll is worthwhile. */
    CMIO_PENDING,
    /** The future has ended. Its result is in the member `result`. */
    CMIO_READY,
};

/**
 * The operations of one kind of future.
 *
 * A program that writes a kind of its own defines one such struct in static storage and passes it
 * to cmio_future_init(). Call the operations through cmio_future_poll() and cmio_future_drop()
 * only. These keep the rules for a future that has ended. All members must be set: zeroed memory is
 * not usable.
 *
 * **Threads**: a constant struct may be read by any thread. The operations of one future run on one
 * thread at a time.
 */
struct cmio_future_ops {
    /**
     * The name of this kind of future in introspection, for example "sleep". It must be in static
     * storage.
     */
    const char *name;

    /**
     * Goes on as far as it can without blocking.
     *
     * It sets `future->result` and returns CMIO_READY. Or it arranges that the waker of the context
     * is woken, and returns CMIO_PENDING. See cmio_context_waker().
     *
     * A poll that nothing woke (a spurious poll) is allowed at any time, so each poll has to look
     * again. A later poll may bring another waker.
     *
     * @param future   The future. Borrowed.
     * @param context  The context of the task that is polled. Borrowed until the poll returns.
     *
     * **Returns** CMIO_READY or CMIO_PENDING.
     *
     * **Threads**: the library calls it on the thread that polls the task. One thread polls a task
     * at a time, and each poll sees what the polls before it did.
     */
    enum cmio_future_state (*poll)(struct cmio_future *future, struct cmio_context *context);

    /**
     * Gives the future up before its result is there.
     *
     * It drops the futures that this one awaits and releases what it holds. It is called at most
     * once, never after CMIO_READY, and perhaps without a poll before it. It must not block. The
     * result is -ECANCELED when it is called. It may set another result.
     *
     * @param future  The future. Borrowed. It counts as ended already: its member `ops` is NULL.
     *
     * **Threads**: the library calls it on the thread that calls cmio_future_drop(), never while a
     * poll of the future runs.
     */
    void (*drop)(struct cmio_future *future);
};

/**
 * A future: a value that may not be there yet.
 *
 * A future does nothing until it is polled. Each poll does as much as it can at once. A future lies
 * in the caller's memory and is the first member of the struct of its kind, so futures are made of
 * futures without any allocation. It may be moved until its first poll, and never between that poll
 * and its end.
 *
 * A future that is ready or was dropped has ended. Another poll then returns CMIO_READY with the
 * result that it has. Another drop does nothing. An ended future may be awaited, joined or spawned.
 * A zeroed future is an ended future with the result 0.
 *
 * A future that was polled must come to its end (be ready or be dropped) before its memory goes
 * away, and before the task that polled it ends. If a join set polled it, or polled a future that
 * contains it, it must come to its end before the set is freed.
 *
 * **Threads**: a future belongs to one task at a time. No two threads may use it at once.
 */
struct cmio_future {
    /** The operations of its kind, or NULL once it has ended. */
    const struct cmio_future_ops *ops;
    /**
     * What the future ended with: 0 or more on success, a negative errno on failure. It is valid
     * once the future has ended.
     */
    ssize_t result;
};

/**
 * Makes a future of the given operations that has not been polled yet.
 *
 * The _init function of a kind calls it before it sets the rest of its struct.
 *
 * @param future  The future to initialise. What was in it before is overwritten. It stays the
 *                caller's.
 * @param ops     The operations of its kind. Borrowed: they must outlive the future.
 *
 * **Returns** 0.
 *
 * **Result** of the future: what its operations set.
 *
 * **Errors**, after which the future is untouched:
 * - -EINVAL: future or ops is NULL, or the name, the poll or the drop of ops is NULL.
 *
 * **Cancellation**: the drop of ops decides what a dropped future loses.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_future_init(struct cmio_future *future, const struct cmio_future_ops *ops);

/**
 * Polls a future.
 *
 * A future that has ended is not polled again: the function returns CMIO_READY, and the result
 * stays.
 *
 * @param future   The future. Borrowed. It must not be NULL.
 * @param context  The context that the poll of the calling future was given. Borrowed.
 *
 * **Returns** CMIO_READY once the result is there, otherwise CMIO_PENDING. The future then wakes
 * the task of the context when another poll is worthwhile.
 *
 * **Threads**: call it only in the poll of another future, on the thread that runs that poll.
 */
CMIO_API CMIO_INLINE enum cmio_future_state cmio_future_poll(struct cmio_future *future,
                                                             struct cmio_context *context);

/**
 * Gives a future up, if it has not ended.
 *
 * What the future waits for is called off. When the call returns, nothing refers to the future any
 * more. Its result is -ECANCELED, or another one that its kind documents. A future that has ended
 * keeps its result: the call does nothing.
 *
 * @param future  The future. Borrowed. NULL and a zeroed future are allowed: nothing happens.
 *
 * **Threads**: any thread, but never while another thread polls or drops the future, and not in the
 * future's own poll.
 */
CMIO_API void cmio_future_drop(struct cmio_future *future);

/**
 * Tells whether a future has ended.
 *
 * @param future  The future. Borrowed. It must not be NULL.
 *
 * **Returns** true if the future was ready, was dropped or is zeroed.
 *
 * **Threads**: any thread, but not while another thread polls or drops the future.
 */
CMIO_API CMIO_INLINE bool cmio_future_has_ended(const struct cmio_future *future);

#ifndef CMIO_NO_INLINE

CMIO_INLINE enum cmio_future_state cmio_future_poll(struct cmio_future *future,
                                                    struct cmio_context *context) {
    if (future->ops == NULL)
        return CMIO_READY;
    if (future->ops->poll(future, context) == CMIO_PENDING)
        return CMIO_PENDING;
    future->ops = NULL;
    return CMIO_READY;
}

CMIO_INLINE bool cmio_future_has_ended(const struct cmio_future *future) {
    return future->ops == NULL;
}

#endif

CMIO_END_DECLS

#endif
