/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_EXECUTOR_INTERNAL_H
#define CMIO_ASYNC_EXECUTOR_INTERNAL_H

/*
 * What the workers of an executor share: the tasks that other threads injected, and who is idle.
 *
 * No work is left lying while a worker sleeps. Who makes work (pushes it where others can take it)
 * looks afterwards whether a worker is idle and none is searching, and wakes one. Who is about to
 * sleep says so first (idle, no longer searching) and looks at every queue afterwards. Both do it
 * with sequentially consistent operations, so one of them sees the other. A searcher that finds
 * something and was the last one wakes the next, so that the number of those awake grows while there
 * is work. tests/model/parking.pml is this protocol for spin.
 *
 * A task that has a home (async/task.h) can be run by one worker alone, so to wake just any would not
 * do. Its worker keeps it in a list of its own. Another thread that wakes it puts it into the worker's
 * list of sent tasks, sets `has_sent`, and then looks at `parked`; the worker sets `parked` before it
 * waits, and then looks at `has_sent`. Again one of them sees the other. Only who finds the list of
 * sent tasks empty has to wake the worker; nobody searches on this account.
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
    unsigned started; /* threads; 0 where there are none */
    bool has_threads;
    atomic_bool closing;     /* no new tasks; those that there are end */
    atomic_bool stopped;     /* no tasks any more: the workers end */
    atomic_bool driven;      /* a thread is in block_on or shutdown, where there are no threads */
    atomic_uint next_worker; /* that a source bound from outside goes to */
    atomic_size_t spawned;   /* from threads that are not workers */
    atomic_size_t blocks;    /* of tasks: made less freed by such threads; see block_freed */

    atomic_size_t wakes; /* from threads that are not its workers */

    struct cmio__lock injected_lock;
    struct cmio__task *injected;
    struct cmio__task **injected_end;
    atomic_size_t injected_count;

    /* See relief.c: how many polls of tasks there were when somebody last looked, and since when. */
    struct cmio__lock relief_lock;
    size_t seen_polls;
    int64_t seen_since;
    atomic_bool quiet;

    struct cmio__lock idle_lock;
    struct cmio__worker *idle;
    atomic_uint unparking; /* threads that are about to wake one: it must not be freed yet */
    atomic_uint idle_count;
    atomic_uint searching;

    struct cmio__blocking *blocking;

    /* For shutdown to wait with: the last task to end wakes it. */
    struct cmio_poll *ends;
    struct cmio_events *ends_events;
    struct cmio_waker *ended;
};

/* Counts a task that is to be spawned; false if the executor is being shut down. */
bool cmio__executor_admit(struct cmio_executor *executor, struct cmio__worker *worker);

/* Tasks that have not ended. May say too many, never too few, while others spawn and end. */
size_t cmio__executor_living(struct cmio_executor *executor);

/*
 * A task has ended, on a worker; or a worker that counted such ends is about to sleep. Its count is a
 * plain store, which this look at `closing` may overtake: a shutdown that begins just then misses the
 * end, and is missed. So a worker looks again before it sleeps, after a fence.
 */
void cmio__executor_task_finished(struct cmio_executor *executor);

/*
 * A task's block was freed. A waker or a join handle may keep one for longer than the executor lives,
 * and look at the executor's struct, which is therefore freed with the last of them.
 */
void cmio__executor_block_freed(struct cmio_executor *executor);

/* Queues a task that was woken, or spawned, from whichever thread this is. */
void cmio__schedule(struct cmio__task *task);

/* Queues a wake for the only worker, from another thread. False once that has ended. */
bool cmio__schedule_remote(struct cmio__task *task);

/* Queues a task that was polled, behind the others of the worker. */
void cmio__schedule_again(struct cmio__worker *worker, struct cmio__task *task);

/* The next task of the worker, from wherever there is one, without waiting; or NULL. */
struct cmio__task *cmio__schedule_next(struct cmio__worker *worker);

/*
 * Moves injected tasks, and those that were sent to the worker, to its queue. Returns whether there
 * were any.
 */
bool cmio__schedule_injected(struct cmio__worker *worker);

/* Waits in the worker's poll until there may be something to do. */
void cmio__park(struct cmio__worker *worker);

/* Wakes a worker, if one is idle and none is searching. */
void cmio__unpark_one(struct cmio_executor *executor);

/* Wakes all workers. */
void cmio__unpark_all(struct cmio_executor *executor);

/* Polls the task once. */
void cmio__task_run(struct cmio__task *task, struct cmio__worker *worker);

/* Wakes it: on the thread of the executor's only worker; for a wake from elsewhere; from anywhere. */
void cmio__task_wake_local(struct cmio__task *task);
void cmio__task_woken_remotely(struct cmio__task *task);
void cmio__task_wake(struct cmio__task *task);

/* Asks it to end. */
void cmio__task_abort(struct cmio__task *task);

/* Asks every listed task to end. */
void cmio__worker_abort_all(struct cmio__worker *worker);

#endif
