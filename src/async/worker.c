/* SPDX-License-Identifier: MIT */
#include "async/worker.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

#include "async/executor.h"
#include "async/relief.h"

int cmio__worker_init(struct cmio__worker *worker, struct cmio_executor *executor, unsigned index,
                      const char *backend) {
    *worker = (struct cmio__worker){.executor = executor, .index = (uint16_t)index};
    int error =
        backend == NULL ? cmio_poll_new(&worker->poll) : cmio_poll_new_with(&worker->poll, backend);
    if (error == 0)
        error = cmio_events_new(&worker->events, CMIO__EVENTS);
    if (error == 0)
        error = cmio_waker_new(&worker->waker, cmio_poll_registry(worker->poll), 0);
    if (error == 0)
        error = cmio__wheel_init(&worker->wheel);
    if (error != 0)
        cmio__worker_destroy(worker);
    return error;
}

void cmio__worker_destroy(struct cmio__worker *worker) {
    cmio__wheel_destroy(&worker->wheel);
    cmio_waker_free(worker->waker);
    cmio_events_free(worker->events);
    cmio_poll_free(worker->poll);
    cmio__io_slots_destroy(&worker->slots);
}

/* The token of a source is its slot. The token of the waker is 0: its event only has to come. */
bool cmio__worker_dispatch(struct cmio_events *events) {
    bool woken = false;
    CMIO_EVENTS_FOREACH (event, events) {
        if (event->token == 0)
            woken = true;
        else
            cmio__io_slot_event((struct cmio__io_slot *)event->token, // NOLINT
                                event->ready);
    }
    return woken;
}

/* A wait that failed for lack of memory or descriptors is tried again, but not at full speed. */
static CMIO__COLD void pause_after(int error) {
    if (error != -EINTR && error != -EBUSY)
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000 * 1000}, NULL);
}

/* Waits in the poll. Another worker may be in it to relieve this one, but that does not block. */
static int wait_for_events(struct cmio__worker *worker, int64_t deadline) {
    for (;;) {
        const int n = cmio_poll_wait_until(worker->poll, worker->events, deadline);
        if (n != -EBUSY || deadline == 0)
            return n;
        (void)sched_yield(); /* cannot fail */
    }
}

int cmio__worker_look(struct cmio__worker *worker, int64_t deadline) {
    struct cmio__io_slots *slots = &worker->slots;
    worker->since_look = 0;
    const bool blocks = deadline != 0;
    int n = 0;
    if (blocks || atomic_load_explicit(&slots->in_use, memory_order_relaxed) > 0) {
        struct cmio__io_slot *closed = cmio__io_slots_before_wait(slots);
        n = wait_for_events(worker, deadline);
        cmio__io_slots_after_wait(slots, closed);
        if (n >= 0)
            (void)cmio__worker_dispatch(worker->events);
        else
            pause_after(n);
    }
    if (cmio__wheel_next_deadline(&worker->wheel) != CMIO_FOREVER)
        cmio__wheel_expire(&worker->wheel, cmio_now());
    return n;
}

static void rest(struct cmio__worker *worker) {
    atomic_store_explicit(&worker->running, NULL, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    cmio__executor_task_finished(worker->executor);
    cmio__park(worker);
    cmio__relief_begin(worker->executor);
}

void cmio__worker_run(struct cmio__worker *worker, bool (*done)(void *argument), void *argument) {
    cmio__worker_current = worker;
    worker->error = &errno;
    while (!done(argument)) {
        if (CMIO__UNLIKELY(++worker->since_look >= CMIO__LOOK)) {
            cmio__worker_look(worker, 0);
            if (cmio__schedule_injected(worker))
                cmio__unpark_one(worker->executor); /* this worker has others to run first */
        }
        struct cmio__task *task = cmio__schedule_next(worker);
        if (task != NULL)
            cmio__task_run(task, worker);
        else
            rest(worker);
    }
    atomic_store_explicit(&worker->running, NULL, memory_order_relaxed);
    cmio__worker_current = NULL;
}
