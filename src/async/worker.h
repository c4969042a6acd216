/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_WORKER_H
#define CMIO_ASYNC_WORKER_H

/*
 * A worker: a thread that polls tasks, and the poll and timers where it looks for events. The
 * executor owns it.
 *
 * It runs the tasks of its queue in turn. Every CMIO__LOOK polls it looks at its poll, its timers
 * and the tasks that other threads injected. When it has nothing to run, it looks there first, then
 * takes tasks from another worker, and at last waits in its poll.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmio/events.h>
#include <cmio/poll.h>
#include <cmio/waker.h>

#include "async/context.h"
#include "async/io_slot.h"
#include "async/lock.h"
#include "async/run_queue.h"
#include "async/wheel.h"

struct cmio__green;

enum {
    CMIO__LOOK = 61,     /* polls of tasks between two looks at events */
    CMIO__FULL_TURN = 8, /* as how many of them a poll counts that has used its whole budget */
    CMIO__EVENTS = 256,  /* events that a look takes at once */
};

struct cmio__worker {
    struct cmio_executor *executor;
    uint16_t index; /* in executor->workers */
    bool searching; /* it looks for other workers' tasks; for its own thread only */
    const struct cmio__task *_Atomic running; /* polled now, or until just now */
    unsigned since_look;
    int64_t deadline; /* of a shutdown that runs on this thread; 0: none */

    /* The tasks to run if this is the only worker. Otherwise those whose home this is. */
    struct cmio__task_list list;

    /* If there are others: the queue from which they steal. */
    struct cmio__run_queue queue;
    /* And the task woken here last. It runs next, because what it needs is in the cache. */
    struct cmio__task *_Atomic next;
    unsigned in_a_row; /* tasks that ran from `next` without one from the queue */
    bool list_is_due;  /* it comes before the queue when both have tasks */

    /* Tasks at home here that other threads have woken, on their way to `list`. */
    struct cmio__lock sent_lock;
    struct cmio__task_list sent;
    atomic_bool has_sent;
    atomic_bool parked; /* or about to be: a sender wakes it */

    struct cmio__green *green; /* the one that runs here and may await */
    int *error;                /* the address of errno on the worker's thread */

    struct cmio__wheel wheel;
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_waker *waker;
    struct cmio__io_slots slots;

    /* Its place in the executor's idle list, under the lock of that list. */
    struct cmio__worker *next_idle;
    atomic_bool idle; /* others look at it without the lock */

    /* Under the executor's relief_lock: its polls at the last look, and since when unchanged. */
    size_t seen_polls;
    int64_t seen_since;

    /* The living tasks that it was the first to poll, for introspection and shutdown. */
    struct cmio__lock tasks_lock;
    struct cmio__task *tasks;

    /* Counts that only this worker changes. Other threads may read them. */
    atomic_size_t spawned, finished, blocks, polls, wakes, steals, parks;

    pthread_t thread;
};

/* The worker whose thread this is, or NULL. */
extern CMIO__THREAD_LOCAL struct cmio__worker *cmio__worker_current;

/* Adds one to a count of the worker's own. */
CMIO__INLINE void cmio__count(atomic_size_t *count) {
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* Counts a task that has ended; see cmio__executor_living(). */
CMIO__INLINE void cmio__count_finished(struct cmio__worker *worker) {
    atomic_store_explicit(&worker->finished,
                          atomic_load_explicit(&worker->finished, memory_order_relaxed) + 1,
                          memory_order_release);
}

int cmio__worker_init(struct cmio__worker *worker, struct cmio_executor *executor, unsigned index,
                      const char *backend);
void cmio__worker_destroy(struct cmio__worker *worker);

/* Polls tasks until done(argument), which is called between tasks, returns true. */
void cmio__worker_run(struct cmio__worker *worker, bool (*done)(void *argument), void *argument);

/*
 * Waits for events until the deadline (0: does not wait), and wakes the tasks of the events and of
 * timers that are due. Returns how many events there were, or a negative errno.
 */
int cmio__worker_look(struct cmio__worker *worker, int64_t deadline);

/* Wakes the tasks that wait for the events. Returns whether the poll's own waker had an event. */
bool cmio__worker_dispatch(struct cmio_events *events);

/* Notes for introspection what a task waits for. Returns CMIO_PENDING. */
CMIO__INLINE enum cmio_future_state cmio__context_awaits(struct cmio_context *context,
                                                         const char *name) {
    atomic_store_explicit(&context->task->awaiting, name, memory_order_relaxed);
    return CMIO_PENDING;
}

#endif
