/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_DEBUG_H
#define CMIO_ASYNC_DEBUG_H

/*
 * What a debug build (the option async_debug) writes to standard error, where the library otherwise
 * never prints:
 * - A poll of a task took longer than the executor's slow_poll.
 * - A poll has already lasted longer than that and goes on. A separate thread watches for this.
 * - Cloned wakers were left when the executor was shut down, and how many.
 * In any other build the functions are empty, and debug.c is not compiled.
 */

#include <stdint.h>

#include "async/inline.h"

struct cmio_executor;
struct cmio__task;
struct cmio__worker;

#if defined(CMIO__ASYNC_DEBUG)

/* Begins to watch an executor whose workers do not run yet. Returns 0, -ENOMEM or -EAGAIN. */
int cmio__debug_begin(struct cmio_executor *executor, int64_t slow_poll);

/* Stops watching an executor whose workers no longer run. */
void cmio__debug_end(struct cmio_executor *executor);

/* Called around each poll, on the worker's thread. */
void cmio__debug_poll_begins(struct cmio__worker *worker, struct cmio__task *task);
void cmio__debug_poll_ends(struct cmio__worker *worker);

/* Counts wakers that are kept. */
void cmio__debug_waker_cloned(struct cmio_executor *executor);
void cmio__debug_waker_dropped(struct cmio_executor *executor);

/* Reports the wakers that are left. All tasks and all threads of workers have ended. */
void cmio__debug_tell_wakers(struct cmio_executor *executor);

#else

CMIO__INLINE int cmio__debug_begin(struct cmio_executor *executor, int64_t slow_poll) {
    (void)executor, (void)slow_poll;
    return 0;
}

CMIO__INLINE void cmio__debug_end(struct cmio_executor *executor) {
    (void)executor;
}

CMIO__INLINE void cmio__debug_poll_begins(struct cmio__worker *worker, struct cmio__task *task) {
    (void)worker, (void)task;
}

CMIO__INLINE void cmio__debug_poll_ends(struct cmio__worker *worker) {
    (void)worker;
}

CMIO__INLINE void cmio__debug_waker_cloned(struct cmio_executor *executor) {
    (void)executor;
}

CMIO__INLINE void cmio__debug_waker_dropped(struct cmio_executor *executor) {
    (void)executor;
}

CMIO__INLINE void cmio__debug_tell_wakers(struct cmio_executor *executor) {
    (void)executor;
}

#endif

#endif
