/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_EXECUTOR_INTERNAL_H
#define CMIO_ASYNC_EXECUTOR_INTERNAL_H

/*
 * What the workers of an executor share: the tasks that other threads injected, and the list of
 * idle workers.
 *
 * No work is left lying while a worker sleeps. A thread that makes work first pushes it where
 * others can take it, then checks whether a worker is idle and none is searching, and if so wakes
 * one. A worker that is about to sleep first announces it (idle, no longer searching), then checks
 * every queue. Both use sequentially consistent operations, so at least one of them sees the other.
 * When the last searcher finds something, it wakes the next, so the number of awake workers grows
 * while there is work. tests/model/parking.pml models this protocol for spin.
 *
 * A task with a home (async/task.h) can run on one worker only, so waking just any worker would not
 * help. Its worker keeps it in a list of its own. Another thread that wakes it puts it into the
 * worker's list of sent tasks, sets `has_sent`, and then checks `parked`. The worker sets `parked`
 * before it waits, and then checks `has_sent`. Again at least one of them sees the other. Only a
 * thread that finds the list of sent tasks empty has to wake the worker. Nobody searches for that.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmio/async/executor.h>

#include "async/blocking.h"
#include "async/lock.h"
#include "async/task.h"
#include "async/worker.h"

struct cmio_executor {
    struct cmio__worker *alone; /* the only worker, or NULL if there are several */
    struct cmio__worker *workers;
    unsigned count;
    unsigned started; /* threads; 0 if the executor has none */
    bool has_threads;
    atomic_bool closing;     /* no new tasks; the existing ones end */
    atomic_bool stopped;     /* no tasks are left: the workers end */
    atomic_bool driven;      /* without threads: some thread is in block_on or shutdown */
    atomic_uint next_worker; /* gets the next source bound from outside */
    atomic_size_t spawned;   /* by threads that are not workers */
    atomic_size_t blocks;    /* of tasks: made minus freed by such threads; see block_freed */

    atomic_size_t wakes; /* by threads that are not its workers */

    struct cmio__lock injected_lock;
    struct cmio__task *injected;
    struct cmio__task **injected_end;
    atomic_size_t injected_count;

    /* See relief.c: the count of polls at the last look, and since when it has not changed. */
    struct cmio__lock relief_lock;
    size_t seen_polls;
    int64_t seen_since;
    atomic_bool quiet;

    struct cmio__lock idle_lock;
    struct cmio__worker *idle;
    atomic_uint unparking; /* threads about to wake a worker, which must not be freed yet */
    atomic_uint idle_count;
    atomic_uint searching;

    struct cmio__blocking *blocking;

    /* Shutdown waits with these. The last task to end wakes it. */
    struct cmio_poll *ends;
    struct cmio_events *ends_events;
    struct cmio_waker *ended;

    /* In a debug build; see debug.h. */
    struct cmio__debug *debug;
    atomic_size_t kept_wakers; /* cloned minus dropped */
    bool has_told_wakers;
};

/* Counts a task before it is spawned. Returns false if the executor is being shut down. */
bool cmio__executor_admit(struct cmio_executor *executor, struct cmio__worker *worker);

/* The number of living tasks. While tasks spawn and end it may be too big, never too small. */
size_t cmio__executor_living(struct cmio_executor *executor);

/*
 * Called when a task has ended on a worker, and before a worker that counted such ends sleeps. The
 * count is a plain store, which this look at `closing` may overtake. If a shutdown begins at that
 * moment, it misses the end and this look misses the shutdown. So a worker looks again, after a
 * fence, before it sleeps.
 */
void cmio__executor_task_finished(struct cmio_executor *executor);

/*
 * A task's block was freed. A waker or a join handle may keep a block for longer than the executor
 * lives. Blocks refer to the executor's struct, which is therefore freed with the last of them.
 */
void cmio__executor_block_freed(struct cmio_executor *executor);

/* Queues a task that was woken or spawned. Any thread may call it. */
void cmio__schedule(struct cmio__task *task);

/* Queues a wake for the only worker, from another thread. False once that worker has ended. */
bool cmio__schedule_remote(struct cmio__task *task);

/* Queues a task that was just polled, behind the worker's other tasks. */
void cmio__schedule_again(struct cmio__worker *worker, struct cmio__task *task);

/* Takes the worker's next task from wherever there is one. NULL if there is none. Does not wait. */
struct cmio__task *cmio__schedule_next(struct cmio__worker *worker);

/*
 * Moves injected tasks, and tasks that were sent to the worker, to its queue. Returns whether there
 * were any.
 */
bool cmio__schedule_injected(struct cmio__worker *worker);

/* Waits in the worker's poll until there may be something to do. */
void cmio__park(struct cmio__worker *worker);

/* Wakes a worker if one is idle and none is searching. */
void cmio__unpark_one(struct cmio_executor *executor);

/* Wakes all workers. */
void cmio__unpark_all(struct cmio_executor *executor);

/* Polls the task once. */
void cmio__task_run(struct cmio__task *task, struct cmio__worker *worker);

/* Wake a task: on the thread of the executor's only worker; there, for a remote wake; anywhere. */
void cmio__task_wake_local(struct cmio__task *task);
void cmio__task_woken_remotely(struct cmio__task *task);
void cmio__task_wake(struct cmio__task *task);

/* Asks a task to end. */
void cmio__task_abort(struct cmio__task *task);

/* Asks every listed task to end. */
void cmio__worker_abort_all(struct cmio__worker *worker);

#endif
