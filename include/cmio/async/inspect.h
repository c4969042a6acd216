/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_INSPECT_H
#define CMIO_ASYNC_INSPECT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmio/async/executor.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/*
 * What an executor is doing: for logs, for monitoring, and to ask a server that hangs why it does.
 * All of it may be called from any thread, in a task too, at any time before cmio_executor_free():
 * also while a worker is stuck in a task, and after a shutdown that gave up, to see who is left.
 */

/* Counts since the executor was made, unless they say otherwise. */
struct cmio_executor_counts {
    size_t workers;
    size_t parked;    /* workers that wait for something to do, now */
    size_t tasks;     /* that live now: spawned, and not ended */
    size_t bindings;  /* sources that are bound to it now, or were closed an instant ago */
    uint64_t spawned; /* tasks, those that cmio_block_on() makes among them */
    uint64_t polls;   /* of tasks */
    uint64_t wakes;   /* of tasks, those that made no difference among them */
    uint64_t steals;  /* times that a worker took tasks from another one's queue */
    uint64_t parks;   /* times that a worker began to wait */
};

/*
 * Counts. Each number is true for itself: while the workers go on, they need not fit one another.
 * Costs a few loads a worker. Returns 0; -EINVAL for a null argument.
 */
CMIO_API int cmio_executor_count(struct cmio_executor *executor, struct cmio_executor_counts *out);

/* What a task does. */
enum cmio_task_state {
    CMIO_TASK_WAITING, /* for something to wake it */
    CMIO_TASK_QUEUED,  /* to be polled: it was woken */
    CMIO_TASK_RUNNING, /* a worker polls it */
};

/* A task, as it was when the list was made. */
struct cmio_task_info {
    uint64_t id;   /* no other task that lives has the same */
    char name[64]; /* what it was spawned with, or "" */
    enum cmio_task_state state;
    /* The kind of future that it last waited for, "sleep" for example; NULL: a kind that does not say. */
    const char *awaiting;
};

/*
 * Lists the living tasks, in no order: fills tasks, an array of the given capacity, and returns how
 * many there are, which may be more. tasks may be NULL if the capacity is 0. A task with a name is
 * listed from its first poll on, and one without from the end of that poll on: before that, tasks
 * are in the count of cmio_executor_count() alone, so name those that you may look for. A worker that
 * begins or ends a task meanwhile waits for the walk through its tasks.
 *
 * Errors: -EINVAL for a null executor, or null tasks with a capacity.
 */
CMIO_API ssize_t cmio_executor_tasks(struct cmio_executor *executor, struct cmio_task_info *tasks,
                                     size_t capacity);

CMIO_END_DECLS

#endif
