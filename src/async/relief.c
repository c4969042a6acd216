/* SPDX-License-Identifier: MIT */
/*
 * A worker's events, its timers and its `next` task, which nobody steals, are for that worker
 * alone. They wait while it runs a task that does not return. So an idle worker does not simply
 * sleep. It wakes up now and then, and if another worker has been in the same poll of a task for a
 * millisecond, it relieves that worker: it takes the events from its poll, wakes the tasks of its
 * timers, and takes its `next` task. A task woken by this is queued here, and runs here.
 *
 * A worker is held up if it is not idle and its count of polls has not moved for a millisecond. A
 * worker that looks keeps what it saw in the executor, under a lock, for the next one that looks.
 *
 * The first of the idle workers looks every millisecond, the second every two, and so on to 16.
 * While all workers are idle there is nothing to see, and each looks every 16 ms. Once all have
 * been idle for 100 ms the executor is quiet, and they sleep without a time limit: an idle process
 * makes no system calls. A worker that begins to work in a quiet executor wakes one other worker,
 * which looks from then on. That is at most one system call every 100 ms, not one per request. A
 * worker that declares the executor quiet then checks whether all are still idle. A worker that
 * begins to work first leaves the idle list and then checks `quiet`. Both are sequentially
 * consistent, so at least one sees the other.
 *
 * So two threads may meet at a poll and its slots:
 * - A wait in a poll in which another thread waits fails with -EBUSY. The relieving worker leaves
 *   it at that. The owner tries again if it has nothing else to do (cmio__worker_look).
 * - An event of the owner's waker may be meant for a wait that has yet to begin, so it is given
 *   back.
 * - A slot that was closed must not be used again while a batch may hold an event for it. So the
 *   owner keeps its closed slots until no other thread handles its events (cmio__io_slots_visit).
 */
#include "async/relief.h"

#include <cmio/time.h>

#include "async/executor.h"

#define HELD_UP CMIO_MILLISECOND
#define QUIET_AFTER (100 * CMIO_MILLISECOND)

enum { LONGEST = 4 }; /* the longest time between two looks is 1 ms, doubled this many times */

/* When to look at the other workers next. */
static int64_t next_look(struct cmio_executor *executor) {
    if (executor->alone != NULL || atomic_load_explicit(&executor->quiet, memory_order_relaxed))
        return CMIO_FOREVER;
    const unsigned idle = atomic_load_explicit(&executor->idle_count, memory_order_relaxed);
    const bool all = idle >= executor->count;
    const unsigned place = idle == 0 ? 0 : idle - 1;
    return cmio_now() + (CMIO_MILLISECOND << (all || place > LONGEST ? LONGEST : place));
}

static bool all_are_idle(struct cmio_executor *executor) {
    return atomic_load_explicit(&executor->idle_count, memory_order_seq_cst) == executor->count;
}

/* Declares the executor quiet once it has been so for a while. The caller holds the lock. */
static void note_quiet(struct cmio_executor *executor, int64_t now) {
    size_t polls = 0;
    for (unsigned i = 0; i < executor->count; i++)
        polls += atomic_load_explicit(&executor->workers[i].polls, memory_order_relaxed);
    if (polls != executor->seen_polls || !all_are_idle(executor)) {
        executor->seen_polls = polls;
        executor->seen_since = now;
    } else if (now - executor->seen_since >= QUIET_AFTER) {
        atomic_store_explicit(&executor->quiet, true, memory_order_seq_cst);
        if (!all_are_idle(executor))
            atomic_store_explicit(&executor->quiet, false, memory_order_seq_cst);
    }
}

/* Whether the worker is held up. The caller holds the lock. */
static bool is_held_up(struct cmio__worker *worker, int64_t now) {
    const size_t polls = atomic_load_explicit(&worker->polls, memory_order_relaxed);
    if (polls != worker->seen_polls) {
        worker->seen_polls = polls;
        worker->seen_since = now;
    }
    return now - worker->seen_since >= HELD_UP && !worker->idle;
}

/* The first worker from *index on that is held up, or NULL. Moves *index behind it. */
static struct cmio__worker *find_held_up(struct cmio_executor *executor, unsigned *index) {
    const int64_t now = cmio_now();
    struct cmio__worker *found = NULL;
    if (!cmio__lock_try(&executor->relief_lock)) {
        *index = executor->count; /* another worker is looking */
        return NULL;
    }
    if (*index == 0)
        note_quiet(executor, now);
    for (; found == NULL && *index < executor->count; ++*index)
        if (is_held_up(&executor->workers[*index], now))
            found = &executor->workers[*index];
    cmio__lock_release(&executor->relief_lock);
    return found;
}

static void take_events(struct cmio__worker *worker, struct cmio__worker *other) {
    cmio__io_slots_visit(&other->slots);
    const int n = cmio_poll_wait_until(other->poll, worker->events, 0);
    if (n > 0 && cmio__worker_dispatch(worker->events))
        (void)cmio_waker_wake(other->waker); /* fails only if the system is broken */
    cmio__io_slots_leave(&other->slots);
}

static void relieve(struct cmio__worker *worker, struct cmio__worker *other) {
    if (atomic_load_explicit(&other->slots.in_use, memory_order_relaxed) > 0)
        take_events(worker, other);
    if (cmio__wheel_next_deadline(&other->wheel) != CMIO_FOREVER)
        cmio__wheel_expire(&other->wheel, cmio_now());
    struct cmio__task *task = atomic_exchange_explicit(&other->next, NULL, memory_order_acquire);
    if (task != NULL)
        cmio__schedule(task);
}

/* Looks at the other workers. Returns whether there is now something to do here. */
static bool look_at_others(struct cmio__worker *worker) {
    struct cmio__worker *other;
    unsigned index = 0;
    while ((other = find_held_up(worker->executor, &index)) != NULL)
        relieve(worker, other);
    return atomic_load_explicit(&worker->next, memory_order_relaxed) != NULL;
}

void cmio__relief_wait(struct cmio__worker *worker, int64_t deadline) {
    for (;;) {
        const int64_t look = next_look(worker->executor);
        const bool is_last = look == CMIO_FOREVER || (deadline != CMIO_FOREVER && deadline <= look);
        if (cmio__worker_look(worker, is_last ? deadline : look) != 0 || is_last)
            return;
        if (deadline != CMIO_FOREVER && deadline <= cmio_now())
            return; /* the deadline passed during the look */
        if (look_at_others(worker))
            return;
        cmio__count(&worker->parks);
    }
}

/* Wakes the first of the idle workers. It stays idle, but looks at the others. */
static CMIO__COLD void wake_watcher(struct cmio_executor *executor) {
    cmio__lock_take(&executor->idle_lock);
    struct cmio__worker *worker = executor->idle;
    if (worker != NULL)
        (void)atomic_fetch_add_explicit(&executor->unparking, 1, memory_order_relaxed);
    cmio__lock_release(&executor->idle_lock);
    if (worker == NULL)
        return;
    (void)cmio_waker_wake(worker->waker); /* fails only if the system is broken */
    (void)atomic_fetch_sub_explicit(&executor->unparking, 1, memory_order_release);
}

void cmio__relief_begin(struct cmio_executor *executor) {
    if (atomic_load_explicit(&executor->quiet, memory_order_seq_cst) &&
        atomic_exchange_explicit(&executor->quiet, false, memory_order_seq_cst))
        wake_watcher(executor);
}
