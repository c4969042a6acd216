/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_EXECUTOR_H
#define CMIO_ASYNC_EXECUTOR_H

/**
 * @file
 * Executors, which poll tasks: how they are made, run and shut down.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmio/async/future.h>
#include <cmio/export.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/**
 * An executor, which polls tasks.
 *
 * It has a pool of workers. Each worker is a thread with its own poll, its own timers and its own
 * queue of tasks. A worker without work takes tasks from the queue of another one. An executor may
 * also have no thread of its own (CMIO_CURRENT_THREAD): its tasks then run inside cmio_block_on().
 *
 * cmio_executor_new() makes it. Its owner frees it with cmio_executor_free().
 *
 * A child of fork(2) has none of the threads of its parent's executors. It must not call any
 * function with such an executor, and must not free it.
 *
 * No function of libcmio-async is a point at which a thread is cancelled (pthread_cancel(3),
 * deferred), except for the _until functions of channels. cmio_block_on(), cmio_executor_shutdown()
 * and cmio_executor_free() return before a pending cancellation takes effect. The threads of the
 * library cannot be cancelled.
 *
 * **Threads**: any thread may spawn on it, bind sources to it, count and list its tasks. Each
 * function tells what else holds.
 */
struct cmio_executor;

/** A number of workers that is not a count. */
enum {
    /**
     * No threads: the tasks run on the thread that is in cmio_block_on() or
     * cmio_executor_shutdown(), while it is there.
     */
    CMIO_CURRENT_THREAD = -1
};

/**
 * How to make an executor. Zeroed memory holds the defaults.
 *
 * cmio_executor_new() reads the struct: it may go away afterwards.
 *
 * **Threads**: no thread may change it during cmio_executor_new().
 */
struct cmio_executor_options {
    /**
     * The number of workers, at most 1,024. 0: one for each processor that the process may use.
     * CMIO_CURRENT_THREAD: none.
     */
    int workers;
    /**
     * The name of the backend of the workers' polls, which cmio_poll_new_with() takes. NULL: the
     * backend that cmio_poll_new() chooses.
     */
    const char *backend;
    /** The number of threads that may run blocking functions at once. 0: 64. */
    unsigned blocking_threads;
    /**
     * How long a thread for blocking functions waits for work before it ends, in nanoseconds. 0:
     * ten seconds.
     */
    int64_t blocking_idle;
    /**
     * How long a poll of a task may take before it is reported to standard error, in nanoseconds.
     * 0: 100 milliseconds. CMIO_FOREVER: no poll is reported. Only a debug build of the library
     * (docs/testing.md) watches and reports. Other builds never print.
     */
    int64_t slow_poll;
};

/**
 * Makes an executor and starts its workers.
 *
 * The workers block every signal, so handlers run on the program's own threads. Signals that tell
 * of a fault of the thread itself, such as SIGSEGV, stay unblocked. Each worker has an alternate
 * stack for handlers with SA_ONSTACK.
 *
 * @param out      Where the executor is stored. The caller frees it with cmio_executor_free().
 * @param options  How to make it. Borrowed until the call returns. NULL: the defaults.
 *
 * **Returns** 0.
 *
 * **Errors**, after which out is untouched, nothing runs and nothing is open:
 * - -EINVAL: out is NULL, the number of workers is out of range, or a time is negative (a slow_poll
 *   of CMIO_FOREVER is allowed).
 * - -ENOTSUP: the options, or the environment variable CMIO_BACKEND if the options name none, name a
 *   backend that the library does not have.
 * - -EAGAIN: the system starts no more threads.
 * - -EMFILE, -ENFILE: the process or the system has no descriptor left.
 * - -ENOMEM: memory is short.
 * - -ENOSPC: the user's limit of epoll watches is reached.
 *
 * **Threads**: any thread.
 *
 * **Source**: pthread_create(3), sigaltstack(2), epoll(7), kqueue(2).
 */
CMIO_API int cmio_executor_new(struct cmio_executor **out,
                               const struct cmio_executor_options *options);

/**
 * Ends the tasks of an executor, and then its workers.
 *
 * It refuses new tasks and aborts all tasks. It waits until they have ended and no blocking
 * function runs, or until the deadline. Then it ends the workers. Afterwards the executor can be
 * freed, inspected and shut down again, and is of no other use. On an executor without threads, the
 * calling thread runs the tasks meanwhile.
 *
 * @param executor  The executor. Borrowed.
 * @param deadline  When to give up, in nanoseconds on the clock of cmio_now(). A deadline in the
 *                  past does not wait. CMIO_FOREVER: never.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: executor is NULL, or deadline is negative and not CMIO_FOREVER.
 * - -EDEADLK: the call is made on a worker, which means in a task.
 * - -EBUSY: another thread is in this function or, on an executor without threads, in
 *   cmio_block_on().
 * - -ETIMEDOUT: tasks or blocking functions are left at the deadline. cmio_executor_tasks() lists
 *   the tasks. The call may be repeated.
 *
 * **Threads**: any thread that is not a worker. A blocking function must not call it: the call
 * would wait for the function that makes it.
 */
CMIO_API int cmio_executor_shutdown(struct cmio_executor *executor, int64_t deadline);

/**
 * Frees an executor.
 *
 * If no cmio_executor_shutdown() has ended its tasks, the call shuts the executor down first. It
 * then waits for every task without a deadline, but not for blocking functions: a thread that runs
 * such a function goes on until the function returns. Kept wakers and join handles may outlive the
 * executor.
 *
 * @param executor  The executor, which must not be used afterwards. No other thread may be using
 *                  it. NULL is allowed: nothing happens.
 *
 * **Threads**: any thread that is not a worker. It must not be called in a task.
 */
CMIO_API void cmio_executor_free(struct cmio_executor *executor);

/**
 * Runs a future to its end from a plain thread, which sleeps meanwhile.
 *
 * The future stays in the caller's memory, and a worker polls it. On an executor without threads,
 * the calling thread runs all tasks of the executor until the future has ended.
 *
 * If the executor is shut down meanwhile, the future is dropped. Its result is then -ECANCELED, or
 * what its kind documents for a drop.
 *
 * The future may end with an error that is also an error of this call. If the call failed, the
 * future is untouched: cmio_future_has_ended() tells the two apart.
 *
 * @param executor  The executor. Borrowed. NULL: an executor without threads is made for this call
 *                  and freed at its end. Tasks that were spawned on it are aborted then.
 * @param future    The future. Borrowed until the call returns. It has ended then, unless the call
 *                  failed.
 *
 * **Returns** the result of the future.
 *
 * **Errors** of the call itself, after which the future is untouched:
 * - -EINVAL: future is NULL.
 * - -EDEADLK: the call is made on a worker, which means in a task. Await the future there.
 * - -EBUSY: another thread runs the tasks of an executor without threads.
 * - -ESHUTDOWN: the executor is being shut down, or was shut down.
 * - -ENOMEM: memory is short.
 * - Other errors of cmio_executor_new(), if executor is NULL.
 *
 * **Threads**: any thread that is not a worker. Several threads may be in the call at once on an
 * executor with threads.
 */
CMIO_API ssize_t cmio_block_on(struct cmio_executor *executor, struct cmio_future *future);

CMIO_END_DECLS

#endif
