/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_RUN_QUEUE_H
#define CMIO_ASYNC_RUN_QUEUE_H

/*
 * The tasks that a worker is to run, first in, first out: a ring to which only its worker adds, and
 * from which every worker may take. Adding is two stores; taking is one compare-and-exchange. Tasks
 * that do not fit go to the executor. An executor's only worker has a list instead.
 *
 * head and tail count without wrapping to the ring's size. A thief copies the tasks first and then
 * moves head past them. If the owner had reused a place meanwhile, head would have moved, and the
 * exchange would fail.
 */

#include <stdatomic.h>
#include <stdbool.h>

#include "async/task.h"

enum { CMIO__RING = 256 };

struct cmio__run_queue {
    _Alignas(64) atomic_uint head;
    _Alignas(64) atomic_uint tail;
    struct cmio__task *_Atomic tasks[CMIO__RING];
};

/* Adds a task. Returns false if the ring is full. For the owner only. */
CMIO__INLINE bool cmio__run_queue_push(struct cmio__run_queue *queue, struct cmio__task *task) {
    const unsigned head = atomic_load_explicit(&queue->head, memory_order_acquire);
    const unsigned tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    if (CMIO__UNLIKELY(tail - head >= CMIO__RING))
        return false;
    atomic_store_explicit(&queue->tasks[tail % CMIO__RING], task, memory_order_relaxed);
    atomic_store_explicit(&queue->tail, tail + 1, memory_order_release);
    return true;
}

/* Takes the first task. NULL if there is none. For the owner only. */
CMIO__INLINE struct cmio__task *cmio__run_queue_pop(struct cmio__run_queue *queue) {
    unsigned head = atomic_load_explicit(&queue->head, memory_order_acquire);
    for (;;) {
        if (head == atomic_load_explicit(&queue->tail, memory_order_relaxed))
            return NULL;
        struct cmio__task *task =
            atomic_load_explicit(&queue->tasks[head % CMIO__RING], memory_order_relaxed);
        if (atomic_compare_exchange_weak_explicit(&queue->head, &head, head + 1,
                                                  memory_order_acq_rel, memory_order_acquire))
            return task;
    }
}

/* The number of tasks, or more if some go meanwhile. 0 only if there were none. Any thread. */
CMIO__INLINE unsigned cmio__run_queue_count(struct cmio__run_queue *queue) {
    const unsigned head = atomic_load_explicit(&queue->head, memory_order_seq_cst);
    const unsigned tail = atomic_load_explicit(&queue->tail, memory_order_seq_cst);
    return tail - head;
}

/*
 * Steals half of the tasks in another worker's queue. Returns the first of them and puts the others
 * into `to`. NULL if there are none. For the owner of `to` only, while `to` is empty.
 */
struct cmio__task *cmio__run_queue_steal(struct cmio__run_queue *to, struct cmio__run_queue *from);

/* A list of tasks, first in, first out, for one thread. */
struct cmio__task_list {
    struct cmio__task *first;
    struct cmio__task *last; /* set unless the list is empty */
};

CMIO__INLINE void cmio__task_list_push(struct cmio__task_list *list, struct cmio__task *task) {
    task->next = NULL;
    if (list->first == NULL)
        list->first = task;
    else
        list->last->next = task;
    list->last = task;
}

/* Moves all tasks of another list to the end of this one. */
CMIO__INLINE void cmio__task_list_append(struct cmio__task_list *list,
                                         struct cmio__task_list *other) {
    if (other->first == NULL)
        return;
    if (list->first == NULL)
        list->first = other->first;
    else
        list->last->next = other->first;
    list->last = other->last;
    other->first = NULL;
}

CMIO__INLINE struct cmio__task *cmio__task_list_pop(struct cmio__task_list *list) {
    struct cmio__task *task = list->first;
    if (task != NULL)
        list->first = task->next;
    return task;
}

#endif
