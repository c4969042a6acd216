/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_TASK_INTERNAL_H
#define CMIO_ASYNC_TASK_INTERNAL_H

/*
 * A task: one block of memory with this header, the future behind it and, if it has one, its name
 * in front.
 *
 * `wakes` counts the wakes that no poll has answered yet. A wake adds one; the wake that finds 0
 * queues the task. The worker that takes the task from a queue reads the count, polls, and then
 * subtracts what it read. If more is left, somebody woke the task meanwhile, and the worker queues
 * it again. So the count is not 0 from when a task is queued until its poll is over, and a task is
 * in one queue, or with one worker, at a time. Each wake is a read-modify-write, so that what the
 * waking thread did before is visible to the poll that follows, even if the wake was merged with
 * others. A finished task keeps CMIO__ENDED in the word, so no wake finds 0 any more.
 *
 * On an executor with a single worker (`alone`), only the worker's own thread changes `wakes`, with
 * plain loads and stores. A wake from another thread sets `remote`. If `remote` was clear, the wake
 * injects the task; the worker then clears `remote` and does the wake itself. That saves two locked
 * instructions in each hand-over between tasks.
 *
 * `meeting` is where the task and its join handle meet. They share one reference, and whichever
 * comes second, the end of the task or the drop of the handle, gives it back. Each kept waker has
 * another reference.
 *
 * A future that leaves its stack halfway through its work (a green thread) sets `home` in its first
 * poll, and never changes it. From then on no other worker polls the task, and the task ends only
 * when its future is ready: an abort or a shutdown polls it instead of dropping it. Whoever finds
 * `wakes` at 0 and queues the task does so after the end of a poll, and so sees the home.
 *
 * tests/model/task_state.pml models this protocol for spin.
 */

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/async/task.h>

#include "async/inline.h"

enum cmio__meeting {
    CMIO__RUNNING,  /* the task goes on, and nobody waits for it */
    CMIO__JOINING,  /* the task goes on, and its `joiner` is to be woken */
    CMIO__TAKEN,    /* the task has ended and takes `joiner`; soon FINISHED */
    CMIO__FINISHED, /* the result is there */
    CMIO__DETACHED, /* the task goes on; the handle was dropped */
};

struct cmio__worker;

struct cmio__task {
    /* In a queue of tasks. Its alignment also aligns the future behind the struct. */
    _Alignas(max_align_t) struct cmio__task *next;
    struct cmio__task *injected_next; /* in the executor's list; with `remote`, beside `next` */
    struct cmio_executor *executor;
    struct cmio__worker *home; /* NULL: any */
    atomic_uint wakes;
    atomic_uint references;
    atomic_uchar meeting; /* enum cmio__meeting */
    atomic_bool remote;
    atomic_bool aborted;
    bool listed;                       /* used by the polling worker, like the next two */
    uint16_t list;                     /* index of the worker whose list of living tasks has it */
    uint16_t prefix;                   /* bytes of the block before the header: the name */
    struct cmio_task_waker joiner;     /* a clone */
    struct cmio__task *newer, **older; /* in that list, while it is listed */
    const char *_Atomic awaiting;      /* the kind of future that it last waited for */
};

/* `wakes` of a task that has ended. */
#define CMIO__ENDED 0x80000000u

/* The future of a task lies behind its header. */
CMIO__INLINE struct cmio_future *cmio__task_future(struct cmio__task *task) {
    return (struct cmio_future *)(void *)(task + 1);
}

#endif
