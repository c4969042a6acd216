/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_BLOCKING_INTERNAL_H
#define CMIO_ASYNC_BLOCKING_INTERNAL_H

/*
 * The threads of an executor that run blocking functions, and the jobs that wait for one.
 *
 * The pool outlives its executor while a job runs: each thread holds a reference, so that shutdown
 * need not wait for a function that does not return.
 */

#include <stdbool.h>
#include <stdint.h>

struct cmio__blocking;

struct cmio__blocking *cmio__blocking_new(unsigned limit, int64_t idle_ns);

/* Accepts no more jobs. The threads end once the queued jobs have run. */
void cmio__blocking_close(struct cmio__blocking *pool);

/* Waits until no job runs or until the deadline. Returns whether no job runs. */
bool cmio__blocking_wait(struct cmio__blocking *pool, int64_t deadline);

/*
 * Drops the executor's reference. After close, it waits until the threads that run no job have left
 * the pool, so that no thread is still leaving when the process ends.
 */
void cmio__blocking_unref(struct cmio__blocking *pool);

/* How many threads there are. */
unsigned cmio__blocking_threads(struct cmio__blocking *pool);

#endif
