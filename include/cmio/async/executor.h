/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_EXECUTOR_H
#define CMIO_ASYNC_EXECUTOR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmio/async/future.h>
#include <cmio/export.h>
#include <cmio/time.h>

CMIO_BEGIN_DECLS

/*
 * An executor polls tasks. It has a pool of workers, each a thread with its own poll, its own timers
 * and its own queue of tasks; a worker without work takes some of another's. Or it has no thread of
 * its own, and its tasks run inside cmio_block_on().
 */
struct cmio_executor;

/* No threads: the tasks run on the thread that is in cmio_block_on(), while it is. */
#define CMIO_CURRENT_THREAD (-1)

/* How to make an executor. Zeros are the defaults. */
struct cmio_executor_options {
    /*
     * How many workers, at most 1,024. 0: one for each processor that the process may use.
     * CMIO_CURRENT_THREAD: none.
     */
    int workers;
    /* The backend of the workers' polls, as cmio_poll_new_with() takes it. NULL: cmio_poll_new(). */
    const char *backend;
    /* How many threads may run blocking functions at once (cmio/async/blocking.h). 0: 64. */
    unsigned blocking_threads;
    /* For how long such a thread waits for work before it ends, in nanoseconds. 0: ten seconds. */
    int64_t blocking_idle;
};

/*
 * Makes an executor and starts its workers. options may be NULL. The workers block every signal, so
 * that handlers run on the program's own threads. Signals that tell of a fault of the thread itself,
 * such as SIGSEGV, stay unblocked; each worker has an alternate stack for handlers with SA_ONSTACK.
 *
 * Errors: -EINVAL for a null out, a number of workers out of range or a negative blocking_idle;
 * -ENOTSUP for an unknown backend; -EAGAIN when the system starts no more threads; -EMFILE, -ENFILE,
 * -ENOMEM. On failure nothing is left running or open.
 */
CMIO_API int cmio_executor_new(struct cmio_executor **out,
                               const struct cmio_executor_options *options);

/*
 * Ends the executor: refuses new tasks, aborts all that there are, and waits until they have ended
 * and no blocking function runs, or until the deadline (cmio/time.h). Then it ends the workers.
 * Afterwards only cmio_executor_free() is of use.
 *
 * Returns 0. Errors: -ETIMEDOUT when tasks or blocking functions are left: cmio_executor_tasks() lists
 * the tasks, and the call may be repeated; -EDEADLK on a worker; -EBUSY while another thread is in
 * this call, or, for an executor without threads, in cmio_block_on(); -EINVAL for a null executor or
 * a negative deadline other than CMIO_FOREVER.
 */
CMIO_API int cmio_executor_shutdown(struct cmio_executor *executor, int64_t deadline);

/*
 * Frees the executor. If no shutdown was completed, it shuts the executor down first, and waits for
 * every task without a deadline, but not for blocking functions: one that still runs keeps its thread
 * until it returns. No other thread may be using the executor. Must not be called on a worker. Kept
 * wakers and join handles may outlive it. NULL is allowed.
 */
CMIO_API void cmio_executor_free(struct cmio_executor *executor);

/*
 * Runs a future to its end from a plain thread, which sleeps meanwhile, and returns its result. The
 * future stays in the caller's memory; a worker polls it. On an executor without threads, this
 * thread runs all of the executor's tasks until the future has ended. With NULL, such an executor
 * is made for this call alone, and is shut down at its end: tasks that were spawned on it are
 * aborted.
 *
 * If the executor is shut down meanwhile, the future is dropped, and the result is the one that its
 * kind documents for that: -ECANCELED for most.
 *
 * Errors of its own leave the future untouched: -EINVAL for a null future; -EDEADLK on a worker, in
 * a task: await the future there; -EBUSY while another thread runs the tasks of an executor without
 * threads; -ESHUTDOWN once the executor is being shut down; -ENOMEM; and with NULL the errors of
 * cmio_executor_new(). A future may end with the same numbers: cmio_future_has_ended() tells.
 */
CMIO_API ssize_t cmio_block_on(struct cmio_executor *executor, struct cmio_future *future);

CMIO_END_DECLS

#endif
