/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_BLOCKING_H
#define CMIO_ASYNC_BLOCKING_H

/**
 * @file
 * A future that runs a blocking function on a thread of its own.
 */

#include <sys/types.h>

#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

struct cmio__job;

/**
 * A future that runs a blocking function. cmio_blocking_future_init() makes it.
 *
 * It is for a function that blocks: a read from a disk, a long computation, a library without a
 * non-blocking form. The function runs on a thread of the executor, and the task waits without
 * blocking its worker. The options of the executor limit the number of such threads. A thread is
 * started when it is needed, and ends when it was idle for a while. Further functions wait for
 * their turn.
 *
 * The future must be awaited to its end or dropped, because it holds memory. Zeroed memory is an
 * ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_blocking_future {
    /** The future to await, and its result. */
    struct cmio_future future;
    /** Internal. */
    struct cmio__job *job;
};

/**
 * Makes a future that runs a blocking function on a thread of the executor.
 *
 * The call allocates memory for the job. Of the futures of cmio, only this one and those of
 * cmio_resolve_future_init() and cmio_connect_name_future_init(), which use it, allocate memory.
 *
 * The job owns the argument from this call until the future has ended. If the future is ready, the
 * argument is the caller's again, with whatever the function stored there. If the future is
 * dropped, the library calls destroy(argument), at the latest when the function has returned.
 *
 * The function runs with all signals blocked, except for signals of the thread's own faults, such
 * as SIGSEGV. It must return, and must not end its thread. While it runs, cmio_executor_shutdown()
 * waits for it until its deadline, and not longer.
 *
 * @param blocking  The future to initialise. It stays the caller's.
 * @param function  The function. It is called once with the argument, on another thread. What it
 *                  returns is the result: 0 or more, or a negative errno.
 * @param argument  What the function is called with. NULL is allowed. It becomes the job's.
 * @param destroy   What is called with the argument in place of the caller, if the future is
 *                  dropped. It runs on the thread of the function, or on the thread that drops the
 *                  future. NULL: nothing is called.
 *
 * **Returns** 0.
 *
 * **Result** of the future: what the function returned.
 *
 * **Errors** of this call (-EINVAL and -ENOMEM) and of the future (all others), after which the
 * argument is the caller's:
 * - -EINVAL: blocking or function is NULL.
 * - -ENOMEM: memory is short.
 * - -EAGAIN: the system starts no thread, and no thread for blocking functions is running. The
 *   function was not called, unless it returned this error itself.
 * - -ESHUTDOWN: a cmio_executor_shutdown() of the executor has failed with -ETIMEDOUT. The function
 *   was not called, unless it returned this error itself.
 * - Other errors that the function returns.
 *
 * **Cancellation**: if the pending future is dropped before a thread took the job, the function is
 * not called, and destroy(argument) is called. If the function runs, it goes on to its end, its
 * result is lost, and its thread then calls destroy(argument). If the function has returned, its
 * result is lost, and the drop calls destroy(argument).
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_blocking_future_init(struct cmio_blocking_future *blocking,
                                       ssize_t (*function)(void *argument), void *argument,
                                       void (*destroy)(void *argument));

CMIO_END_DECLS

#endif
