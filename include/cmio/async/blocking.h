/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_BLOCKING_H
#define CMIO_ASYNC_BLOCKING_H

#include <sys/types.h>

#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

struct cmio__job;

/*
 * Runs a function that blocks (a read from a disk, a long computation, a library without a
 * non-blocking form) on a thread of its own, while the task waits without blocking its worker. Its
 * members are private.
 *
 * The threads are the executor's: at most as many as its options say, started when they are needed
 * and ended when they were idle for a while. Further jobs wait for their turn.
 */
struct cmio_blocking_future {
    struct cmio_future future;
    struct cmio__job *job;
};

/*
 * A future whose result is what function(argument) returns. It allocates memory for the job here:
 * the one exception to the rule that awaiting allocates nothing. The job owns the argument from
 * here on until the future has ended:
 *
 * - The future is ready: the argument is the caller's again, with whatever the function put there.
 * - The future is dropped before a thread took the job: the function is not called, and
 *   destroy(argument) is called in its place.
 * - The future is dropped later: the job is detached. The function runs to its end, its result is
 *   lost, and the thread then calls destroy(argument). If the function has returned already, the drop
 *   itself calls destroy(argument).
 *
 * destroy may be NULL. The function runs on a thread of the pool, with every signal blocked; destroy
 * runs there, or on the thread that drops the future. While a job runs, shutdown of the executor waits
 * for it until its deadline, and not longer.
 *
 * Errors: -EINVAL for a null future or function; -ENOMEM; the argument then stays the caller's. The
 * future itself ends with -EAGAIN, and the argument is the caller's, if the system starts no thread
 * and none is running.
 */
CMIO_API int cmio_blocking_future_init(struct cmio_blocking_future *blocking,
                                       ssize_t (*function)(void *argument), void *argument,
                                       void (*destroy)(void *argument));

CMIO_END_DECLS

#endif
