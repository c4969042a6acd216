/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_TASK_H
#define CMIO_ASYNC_TASK_H

/**
 * @file
 * Tasks: contexts, wakers, spawn, join and abort.
 *
 * A task is a future that an executor polls. One worker at a time polls it, each time after it was
 * woken, until it is ready. Its result is then kept for whoever joins the task.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

struct cmio_executor;

/**
 * The context of one poll of a task.
 *
 * The library makes it for each poll and lends it to the polled future until the poll returns. A
 * future passes it on to the futures that it polls. Its contents are private to the library.
 *
 * **Threads**: the thread that runs the poll.
 */
struct cmio_context;

/**
 * A handle that wakes a task: it makes the task's executor poll the task again.
 *
 * It is a small value. A waker of cmio_context_waker() is borrowed. A waker of
 * cmio_task_waker_clone() is kept, and its holder drops it with cmio_task_waker_drop(). A kept
 * waker keeps the memory of the task, but not its future, which ends with the task. Zeroed memory
 * is an empty waker: it wakes nothing and need not be dropped.
 *
 * Wakes coalesce: any number of them before the next poll make one poll. No wake is lost. What a
 * thread did before it woke the task is visible to the next poll.
 *
 * **Threads**: any thread may wake, clone and drop, but no function is async-signal-safe. To wait
 * for a signal, use cmio_signals and cmio_signal_future_init().
 */
struct cmio_task_waker {
    /** Internal. */
    uintptr_t target;
};

/**
 * Lends the waker of the task that is polled.
 *
 * The waker is valid until the poll returns. To keep it longer, clone it with
 * cmio_task_waker_clone(). A later poll of the future may bring another waker.
 *
 * @param context  The context of the poll. Borrowed. NULL is allowed.
 *
 * **Returns** the waker, which is borrowed, or NULL for NULL.
 *
 * **Threads**: the thread that runs the poll.
 */
CMIO_API const struct cmio_task_waker *cmio_context_waker(const struct cmio_context *context);

/**
 * Copies a waker, so that it can be kept after the poll.
 *
 * @param waker  The waker to copy. Borrowed.
 * @param out    The copy. What was in it before is overwritten. The caller drops it with
 *               cmio_task_waker_drop().
 *
 * **Returns** 0.
 *
 * **Errors**, after which out is untouched:
 * - -EINVAL: waker or out is NULL, or waker is empty.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_task_waker_clone(const struct cmio_task_waker *waker,
                                   struct cmio_task_waker *out);

/**
 * Wakes a task, so that its executor polls it again.
 *
 * What the calling thread did before is visible to that poll. If the task has finished, nothing
 * happens.
 *
 * @param waker  A waker of the task. Borrowed. NULL and an empty waker are allowed: nothing
 *               happens.
 *
 * **Threads**: any thread. It is not async-signal-safe.
 */
CMIO_API void cmio_task_waker_wake(const struct cmio_task_waker *waker);

/**
 * Gives a cloned waker back and empties it.
 *
 * @param waker  A waker that cmio_task_waker_clone() filled. It is empty afterwards. NULL and an
 *               empty waker are allowed: nothing happens. A borrowed waker must not be dropped.
 *
 * **Threads**: any thread.
 */
CMIO_API void cmio_task_waker_drop(struct cmio_task_waker *waker);

/**
 * Tells whether two wakers have one target.
 *
 * A future that kept a clone need not replace it if the waker of a later poll is equal.
 *
 * @param a  A waker. Borrowed. NULL is allowed.
 * @param b  Another waker. Borrowed. NULL is allowed.
 *
 * **Returns** true if both wake one target, or both are empty. False if either is NULL.
 *
 * **Threads**: any thread.
 */
CMIO_API bool cmio_task_waker_equal(const struct cmio_task_waker *a,
                                    const struct cmio_task_waker *b);

/**
 * Counts one leaf against the 128 leaves that a task may complete in a single poll.
 *
 * A leaf is a future that does its work itself and awaits no other. If it can be ready again and
 * again without waiting, it calls this function in its poll before it does its work. So no task
 * starves the others. Every leaf of cmio does so.
 *
 * @param context  The context of the poll. Borrowed. NULL is allowed.
 *
 * **Returns** true if the leaf may go on. False if the turn of the task is over: the task was woken
 * for its next turn, and the poll of the leaf must return CMIO_PENDING. False for NULL, and then no
 * task was woken.
 *
 * **Threads**: the thread that runs the poll.
 */
CMIO_API bool cmio_context_spend(struct cmio_context *context);

/**
 * How to spawn a task. Zeroed memory holds the defaults.
 *
 * cmio_spawn() reads the struct and copies what it needs: it may go away afterwards.
 *
 * **Threads**: no thread may change it during cmio_spawn().
 */
struct cmio_spawn_options {
    /**
     * The name of the task in introspection. The first 63 bytes are copied. NULL: the task has no
     * name.
     */
    const char *name;
};

/**
 * A spawned task, for the program that spawned it: to wait for its result or to abort it.
 *
 * cmio_spawn() and cmio_green_spawn() make it. Its owner drops it with cmio_join_handle_drop(),
 * after which the task goes on. It may outlive the executor.
 *
 * **Threads**: one thread at a time. cmio_join_handle_abort() and cmio_join_handle_is_finished()
 * may also be called by any thread while a join future of the handle is pending.
 */
struct cmio_join_handle;

/**
 * Makes a task of a future and queues it.
 *
 * The future is moved into memory of the task, which is the one allocation for each task: size
 * bytes are copied from the struct that begins with the future. The original must not be used
 * afterwards, neither polled nor dropped. The memory of the task is aligned as malloc(3) aligns it.
 *
 * @code{.c}
 * struct cmio_sleep_future sleep;
 * cmio_sleep_future_init(&sleep, CMIO_SECOND);
 * int error = cmio_spawn(executor, &sleep.future, sizeof sleep, NULL, &handle);
 * @endcode
 *
 * @param executor  The executor. Borrowed. NULL is allowed in a task: the executor of that task.
 * @param future    The future at the beginning of its struct. It must not have been polled. On
 *                  success it becomes the task's.
 * @param size      The size of the struct in bytes.
 * @param options   How to spawn. Borrowed until the call returns. NULL: the defaults.
 * @param out       Where the join handle is stored. The caller drops it with
 *                  cmio_join_handle_drop(). NULL: the task is detached, and its result is lost.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the future stays the caller's and out is untouched:
 * - -EINVAL: future is NULL, its operations have no poll or no drop, or size is less than the size
 *   of struct cmio_future.
 * - -EPERM: executor is NULL, and the call is not made in a task.
 * - -ENOMEM: memory is short.
 * - -ESHUTDOWN: the executor is being shut down, or was shut down.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_spawn(struct cmio_executor *executor, const struct cmio_future *future,
                        size_t size, const struct cmio_spawn_options *options,
                        struct cmio_join_handle **out);

/**
 * Asks a task to end early.
 *
 * The call only asks and does not wait. A worker drops the future of the task: soon if the task
 * waits, otherwise when its present poll returns. If the task is ready first, it keeps its result.
 * A green thread that runs already is not dropped: its cmio_await() returns -ECANCELED, and its
 * function has to return.
 *
 * @param handle  The join handle of the task. Borrowed.
 *
 * **Returns** 0, also if the task has ended.
 *
 * **Errors**:
 * - -EINVAL: handle is NULL.
 *
 * **Threads**: any thread, also while a join future of the handle is pending, but not while another
 * thread drops the handle.
 */
CMIO_API int cmio_join_handle_abort(struct cmio_join_handle *handle);

/**
 * Tells whether a task has ended, so that joining it does not wait.
 *
 * @param handle  The join handle of the task. Borrowed. NULL is allowed.
 *
 * **Returns** true if the task has ended. False if it has not, and for NULL.
 *
 * **Threads**: any thread, also while a join future of the handle is pending, but not while another
 * thread drops the handle.
 */
CMIO_API bool cmio_join_handle_is_finished(const struct cmio_join_handle *handle);

/**
 * Lets go of a task, which goes on: it is detached.
 *
 * The result of the task is lost. To end the task as well, call cmio_join_handle_abort() first.
 *
 * @param handle  The join handle, which must not be used afterwards. No join future of the handle
 *                may be pending. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread.
 */
CMIO_API void cmio_join_handle_drop(struct cmio_join_handle *handle);

/**
 * A future that waits for a task to end. cmio_join_future_init() makes it.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_join_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    struct cmio_join_handle *handle;
    struct cmio_task_waker waker;
};

/**
 * Makes a future that is ready once a task has ended.
 *
 * A handle takes one join future at a time. The task may be joined again after that future has
 * ended.
 *
 * @param join    The future to initialise. It stays the caller's.
 * @param handle  The join handle of the task. It stays the caller's, who drops it after the future
 *                has ended.
 *
 * **Returns** 0.
 *
 * **Result** of the future: the result of the task, which is what the future of the task ended
 * with, or what the function of the green thread returned.
 *
 * **Errors** of this call (-EINVAL) and of the future (all others):
 * - -EINVAL: join or handle is NULL.
 * - -EBUSY: another join future of the handle is pending.
 * - -ECANCELED: the task was aborted, or its executor was shut down. The kind of its future may
 *   document another result for that.
 * - Other errors that the task ended with.
 *
 * **Cancellation**: dropping the pending future loses nothing. The task goes on, and may be joined
 * again.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_join_future_init(struct cmio_join_future *join, struct cmio_join_handle *handle);

CMIO_END_DECLS

#endif
