/* SPDX-License-Identifier: MIT */
#include <cmio/async/inspect.h>

#include <errno.h>
#include <string.h>

#include "async/executor.h"

static size_t load(const atomic_size_t *count) {
    return atomic_load_explicit(count, memory_order_relaxed);
}

static void add_worker(struct cmio_executor_counts *counts, struct cmio__worker *worker) {
    counts->spawned += load(&worker->spawned);
    counts->polls += load(&worker->polls);
    counts->wakes += load(&worker->wakes);
    counts->steals += load(&worker->steals);
    counts->parks += load(&worker->parks);
    counts->bindings += load(&worker->slots.in_use);
}

int cmio_executor_count(struct cmio_executor *executor, struct cmio_executor_counts *out) {
    if (executor == NULL || out == NULL)
        return -EINVAL;
    struct cmio_executor_counts counts = {
        .workers = executor->count,
        .parked = atomic_load_explicit(&executor->idle_count, memory_order_relaxed),
        .tasks = cmio__executor_living(executor),
        .spawned = load(&executor->spawned),
        .wakes = load(&executor->wakes),
    };
    for (unsigned i = 0; i < executor->count; i++)
        add_worker(&counts, &executor->workers[i]);
    *out = counts;
    return 0;
}

/* Whether a worker is polling the task. Only asked about a task that was woken. */
static bool is_running(const struct cmio__task *task) {
    const struct cmio_executor *executor = task->executor;
    for (unsigned i = 0; i < executor->count; i++)
        if (atomic_load_explicit(&executor->workers[i].running, memory_order_relaxed) == task)
            return true;
    return false;
}

static enum cmio_task_state state_of(const struct cmio__task *task) {
    if (atomic_load_explicit(&task->wakes, memory_order_relaxed) > 0)
        return is_running(task) ? CMIO_TASK_RUNNING : CMIO_TASK_QUEUED;
    const bool woken = atomic_load_explicit(&task->remote, memory_order_relaxed);
    return woken ? CMIO_TASK_QUEUED : CMIO_TASK_WAITING;
}

static void describe(struct cmio_task_info *info, const struct cmio__task *task) {
    *info = (struct cmio_task_info){
        .id = (uintptr_t)task,
        .state = state_of(task),
        .awaiting = atomic_load_explicit(&task->awaiting, memory_order_relaxed),
    };
    if (task->prefix > 0) /* the name, which ends with a NUL and fits */
        memcpy(info->name, (const char *)task - task->prefix,
               strlen((const char *)task - task->prefix) + 1);
}

/* A task leaves the list before it is freed, so under the lock every listed task exists. */
static size_t walk(struct cmio__worker *worker, struct cmio_task_info *tasks, size_t capacity) {
    size_t count = 0;
    cmio__lock_take(&worker->tasks_lock);
    for (const struct cmio__task *task = worker->tasks; task != NULL; task = task->newer)
        if (count++ < capacity)
            describe(&tasks[count - 1], task);
    cmio__lock_release(&worker->tasks_lock);
    return count;
}

ssize_t cmio_executor_tasks(struct cmio_executor *executor, struct cmio_task_info *tasks,
                            size_t capacity) {
    if (executor == NULL || (tasks == NULL && capacity > 0))
        return -EINVAL;
    size_t count = 0;
    for (unsigned i = 0; i < executor->count; i++) {
        const size_t room = count < capacity ? capacity - count : 0;
        count += walk(&executor->workers[i], room > 0 ? tasks + count : NULL, room);
    }
    return (ssize_t)count;
}
