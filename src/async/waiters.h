/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_WAITERS_H
#define CMIO_ASYNC_WAITERS_H

/*
 * Lines of waiters, which notify, semaphore, mutex and the channels have in common.
 *
 * A waiter lies in a future and is in at most one line, under the lock of the object that it waits
 * for. Whoever serves it takes it out of the line, wakes it, and then stores in `state` how it was
 * served. After that store the waiter belongs to its future alone, so the future may look at
 * `state` without the lock, and end if it was served. It must not end sooner, because until then
 * the borrowed waker is in use. A future that is woken before the store sees QUEUED and takes the
 * lock, which the other side holds until after the store.
 *
 * A leaf is an attempt. That is a function that does the work of the future and returns true, or
 * puts the waiter of the attempting party into the line and returns false. The poll of the future
 * attempts for its task, and cmio__attempt_until() for a plain thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/async/waiter.h>

#include "async/context.h"
#include "async/inline.h"
#include "async/lock.h"
#include "async/parker.h"
#include "async/worker.h"

/* GRANTED and the states after it are final. */
enum cmio__waiter_state {
    CMIO__NEW,     /* in no line yet */
    CMIO__QUEUED,  /* in the line */
    CMIO__HINTED,  /* woken to look again: nothing is set aside for it */
    CMIO__GRANTED, /* has what it waited for */
    CMIO__REFUSED, /* will not get it: closed */
};

/* Who attempts: a task, or a plain thread. */
struct cmio__party {
    struct cmio_task_waker waker;
    struct cmio__parker *thread;
};

CMIO__INLINE enum cmio__waiter_state cmio__waiter_state(const struct cmio__waiter *waiter) {
    return (enum cmio__waiter_state)__atomic_load_n(&waiter->state, __ATOMIC_ACQUIRE);
}

CMIO__INLINE void cmio__waiter_set_state(struct cmio__waiter *waiter,
                                         enum cmio__waiter_state state) {
    __atomic_store_n(&waiter->state, (uint32_t)state, __ATOMIC_RELEASE);
}

/* A future's waiter before its first poll. Its other members are set when it enters a line. */
CMIO__INLINE void cmio__waiter_init(struct cmio__waiter *waiter) {
    waiter->state = CMIO__NEW;
}

/* What follows requires the lock. */

/* Sets whom to wake from now on. */
CMIO__INLINE void cmio__waiter_set_party(struct cmio__waiter *waiter, struct cmio__party party) {
    waiter->waker = party.waker;
    waiter->thread = party.thread;
}

CMIO__INLINE void cmio__waiters_add(struct cmio__waiters *line, struct cmio__waiter *waiter,
                                    struct cmio__party party) {
    cmio__waiter_set_party(waiter, party);
    waiter->next = NULL;
    waiter->previous = line->last;
    if (line->last == NULL)
        line->first = waiter;
    else
        line->last->next = waiter;
    line->last = waiter;
    cmio__waiter_set_state(waiter, CMIO__QUEUED);
}

/* Puts a waiter back at the front, after it had its turn in vain. */
CMIO__INLINE void cmio__waiters_add_first(struct cmio__waiters *line, struct cmio__waiter *waiter,
                                          struct cmio__party party) {
    cmio__waiter_set_party(waiter, party);
    waiter->previous = NULL;
    waiter->next = line->first;
    if (line->first == NULL)
        line->last = waiter;
    else
        line->first->previous = waiter;
    line->first = waiter;
    cmio__waiter_set_state(waiter, CMIO__QUEUED);
}

CMIO__INLINE void cmio__waiters_remove(struct cmio__waiters *line, struct cmio__waiter *waiter) {
    if (waiter->previous == NULL)
        line->first = waiter->next;
    else
        waiter->previous->next = waiter->next;
    if (waiter->next == NULL)
        line->last = waiter->previous;
    else
        waiter->next->previous = waiter->previous;
}

/* Serves the first in line. The line must not be empty. */
CMIO__INLINE void cmio__waiters_serve(struct cmio__waiters *line, enum cmio__waiter_state state) {
    struct cmio__waiter *waiter = line->first;
    line->first = waiter->next;
    if (waiter->next == NULL)
        line->last = NULL;
    else
        waiter->next->previous = NULL;
    if (CMIO__UNLIKELY(waiter->thread != NULL))
        cmio__parker_unpark(waiter->thread);
    else
        cmio_task_waker_wake(&waiter->waker);
    cmio__waiter_set_state(waiter, state); /* the last touch */
}

/* Serves the first in line, if there is one. Returns whether there was. */
CMIO__INLINE bool cmio__waiters_serve_first(struct cmio__waiters *line,
                                            enum cmio__waiter_state state) {
    if (line->first == NULL)
        return false;
    cmio__waiters_serve(line, state);
    return true;
}

CMIO__INLINE void cmio__waiters_serve_all(struct cmio__waiters *line,
                                          enum cmio__waiter_state state) {
    while (cmio__waiters_serve_first(line, state))
        continue;
}

/*
 * Waits on. For waiters that are only ever hinted, all in a line at once, and whenever what they
 * wait for may have come. So nothing is lost if one of them leaves.
 */
CMIO__INLINE void cmio__waiters_wait(struct cmio__waiters *line, struct cmio__waiter *waiter,
                                     struct cmio__party party) {
    if (cmio__waiter_state(waiter) == CMIO__QUEUED)
        cmio__waiter_set_party(waiter, party);
    else
        cmio__waiters_add(line, waiter, party);
}

/* Leaves such a line if the waiter is in it. Takes the lock. */
void cmio__waiters_leave(struct cmio__waiters *line, struct cmio__waiter *waiter,
                         struct cmio__lock *lock);

/* Attempts */

typedef bool cmio__attempt(struct cmio_future *future, struct cmio__party party);

/* The poll of a leaf: attempts it, unless the task's turn is over. */
CMIO__INLINE enum cmio_future_state cmio__attempt_in_task(struct cmio_future *future,
                                                          cmio__attempt *attempt,
                                                          struct cmio_context *context,
                                                          const char *name) {
    if (CMIO__UNLIKELY(!cmio__context_spend(context)))
        return CMIO_PENDING;
    if (attempt(future, (struct cmio__party){.waker = context->waker}))
        return CMIO_READY;
    context->budget++; /* it waits, so it does not count */
    return cmio__context_awaits(context, name);
}

/*
 * Runs a leaf to its end on a plain thread, and drops it at the deadline. Returns its result, or an
 * error: -ETIMEDOUT, -EDEADLK on a worker, -EINVAL for a negative deadline other than CMIO_FOREVER,
 * -ENOMEM, -EAGAIN.
 */
int cmio__attempt_until(struct cmio_future *future, cmio__attempt *attempt, int64_t deadline);

#endif
