/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_DEBUG_H
#define CMIO_ASYNC_DEBUG_H

/*
 * What a debug build (the option async_debug) tells on standard error, where the library otherwise
 * never prints: a poll of a task that took longer than the executor's slow_poll, or that goes on for
 * longer than that, which a thread of its own watches; and how many cloned wakers were left when the
 * executor was shut down. In any other build the functions are empty, and debug.c is no part of it.
 */

#include <stdint.h>

#include "async/inline.h"

struct cmio_executor;
struct cmio__task;
struct cmio__worker;

#if defined(CMIO__ASYNC_DEBUG)

/* Watches the executor, whose workers are made and have yet to run. Returns 0, -ENOMEM or -EAGAIN. */
int cmio__debug_begin(struct cmio_executor *executor, int64_t slow_poll);

/* Watches it no longer. Its workers do not run any more. */
void cmio__debug_end(struct cmio_executor *executor);

/* Around each poll, on the worker's thread. */
void cmio__debug_poll_begins(struct cmio__worker *worker, struct cmio__task *task);
void cmio__debug_poll_ends(struct cmio__worker *worker);

/* Counts wakers that are kept. */
void cmio__debug_waker_cloned(struct cmio_executor *executor);
void cmio__debug_waker_dropped(struct cmio_executor *executor);

/* All tasks have ended, and so have the workers' threads: tells of the wakers that are left. */
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
