/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_TASK_H
#define CMIO_ASYNC_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/*
 * A task is a future that an executor polls. It is polled by one worker at a time, whenever it was
 * woken, until it is ready; then its result waits for whoever joins it.
 */

struct cmio_executor;

/*
 * What a future is polled with: whose turn it is. Borrowed for the duration of the poll; private to
 * the library. A future passes it on to the futures that it polls.
 */
struct cmio_context;

/*
 * Wakes a task: makes its executor poll it again. A small value; its member is private. Wakes
 * coalesce: any number of them before the next poll are one poll, and none is lost. What the waking
 * thread did before it woke is visible to that poll.
 *
 * A waker that was cloned keeps the memory of the task (not its future, which ends with the task)
 * until it is dropped. All calls may be made from any thread. None of them is async-signal-safe: in
 * a signal handler, use cmio_signals and await it.
 */
struct cmio_task_waker {
    uintptr_t target;
};

/*
 * The waker of the task that is being polled. It is borrowed: valid during this poll and no longer.
 * To keep it, clone it. NULL for NULL.
 */
CMIO_API const struct cmio_task_waker *cmio_context_waker(const struct cmio_context *context);

/*
 * Copies the waker so that it may be kept after the poll, by any thread; the caller drops the copy.
 * Errors: -EINVAL for a null argument or a waker that is empty.
 */
CMIO_API int cmio_task_waker_clone(const struct cmio_task_waker *waker,
                                   struct cmio_task_waker *out);

/* Wakes the task. Waking one that has finished does nothing. NULL or an empty waker: nothing. */
CMIO_API void cmio_task_waker_wake(const struct cmio_task_waker *waker);

/* Gives a cloned waker back and empties it. NULL or an empty waker: nothing. */
CMIO_API void cmio_task_waker_drop(struct cmio_task_waker *waker);

/* Whether both wake the same thing: then a kept clone need not be replaced. */
CMIO_API bool cmio_task_waker_equal(const struct cmio_task_waker *a,
                                    const struct cmio_task_waker *b);

/*
 * Counts one leaf against the 128 that a task may complete in a single poll. Returns true to go on.
 * Returns false when the turn is over: the task has then been woken for its next turn, and the
 * future returns CMIO_PENDING. A future that can be ready again and again without waiting calls it
 * before it does its work, so that no task starves the others. Every leaf of cmio does.
 */
CMIO_API bool cmio_context_spend(struct cmio_context *context);

/* How to spawn. Zeros are the defaults. */
struct cmio_spawn_options {
    /* What introspection calls the task. Copied. NULL: no name. */
    const char *name;
};

/*
 * A spawned task, as seen by whoever spawned it: to wait for its result or to abort it. It may be
 * used by one thread at a time.
 */
struct cmio_join_handle;

/*
 * Makes a task of a future and queues it. The future is moved into the task's own memory, the one
 * allocation per task: size bytes are copied, from the struct that the future begins, and the
 * original must not be used afterwards. Memory from the task is aligned like malloc(3)'s.
 *
 *     struct cmio_sleep_future sleep;
 *     cmio_sleep_future_init(&sleep, CMIO_SECOND);
 *     int error = cmio_spawn(executor, &sleep.future, sizeof sleep, NULL, &handle);
 *
 * executor may be NULL inside a task: the task's own. options may be NULL. out may be NULL: the
 * task is detached, and its result is lost. Any thread. Errors, which leave the future the
 * caller's: -EINVAL for a null future, operations without poll or drop, or a size smaller than
 * struct cmio_future; -EPERM without an executor outside a task; -ESHUTDOWN once the executor is
 * being shut down; -ENOMEM.
 */
CMIO_API int cmio_spawn(struct cmio_executor *executor, const struct cmio_future *future,
                        size_t size, const struct cmio_spawn_options *options,
                        struct cmio_join_handle **out);

/*
 * Asks the task to end early: its future is dropped on a worker, at once if it is waiting, or when
 * its present poll returns. A task that is ready first keeps its result. Any thread. -EINVAL for
 * NULL.
 */
CMIO_API int cmio_join_handle_abort(struct cmio_join_handle *handle);

/* Whether the task has ended, so that joining it does not wait. NULL: false. */
CMIO_API bool cmio_join_handle_is_finished(const struct cmio_join_handle *handle);

/*
 * Lets go of the task, which goes on: it is detached. No join future of the handle may be pending.
 * NULL is allowed. Any thread.
 */
CMIO_API void cmio_join_handle_drop(struct cmio_join_handle *handle);

/* Waits for a task to end. */
struct cmio_join_future {
    struct cmio_future future;
    struct cmio_join_handle *handle;
    struct cmio_task_waker waker;
};

/*
 * A future whose result is the task's result: what its future ended with, or -ECANCELED if it was
 * aborted or its executor shut down. The handle stays the caller's, who drops it after the future
 * has ended. A handle takes one join future at a time; a second one ends with -EBUSY. Dropping it
 * stops the waiting alone: the task goes on, and may be joined again. Errors: -EINVAL for a null
 * argument.
 */
CMIO_API int cmio_join_future_init(struct cmio_join_future *join, struct cmio_join_handle *handle);

CMIO_END_DECLS

#endif
