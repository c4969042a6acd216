/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_INSPECT_H
#define CMIO_ASYNC_INSPECT_H

/**
 * @file
 * What an executor is doing: for logs, for monitoring, and to find out why a server hangs.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmio/async/executor.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * Counts of an executor, which cmio_executor_count() fills.
 *
 * Unless a member tells otherwise, it counts from the time at which the executor was made.
 *
 * **Threads**: a plain value of the caller's.
 */
struct cmio_executor_counts {
    /** The number of workers. An executor without threads has one. */
    size_t workers;
    /** The number of workers that wait for something to do now. */
    size_t parked;
    /** The number of tasks that live now: they were spawned and have not ended. */
    size_t tasks;
    /** The number of sources that are bound to the executor now, or were closed an instant ago. */
    size_t bindings;
    /** The number of tasks that were spawned, also by cmio_block_on(). */
    uint64_t spawned;
    /** The number of polls of tasks. */
    uint64_t polls;
    /** The number of wakes of tasks, also of wakes that made no difference. */
    uint64_t wakes;
    /** How many times a worker took tasks from the queue of another worker. */
    uint64_t steals;
    /** How many times a worker began to wait. */
    uint64_t parks;
};

/**
 * Counts what an executor has done and has.
 *
 * Each number is right by itself. While the workers go on, the numbers need not fit one another.
 * The call costs a few loads for each worker.
 *
 * @param executor  The executor. Borrowed.
 * @param out       The counts. What was in it before is overwritten.
 *
 * **Returns** 0.
 *
 * **Errors**, after which out is untouched:
 * - -EINVAL: executor or out is NULL.
 *
 * **Threads**: any thread, in a task too, at any time before cmio_executor_free(). It also works
 * while a worker is stuck in a task, and after a shutdown that gave up.
 */
CMIO_API int cmio_executor_count(struct cmio_executor *executor, struct cmio_executor_counts *out);

/** What a task does. */
enum cmio_task_state {
    CMIO_TASK_WAITING, /**< It waits for something to wake it. */
    CMIO_TASK_QUEUED,  /**< It was woken and is to be polled. */
    CMIO_TASK_RUNNING, /**< A worker polls it. */
};

/**
 * A task as it was when cmio_executor_tasks() listed it.
 *
 * **Threads**: a plain value of the caller's.
 */
struct cmio_task_info {
    /** A number that no other living task of the process has. */
    uint64_t id;
    /** The name that the task was spawned with, at most 63 bytes of it, or "". */
    char name[64];
    /** What the task does. */
    enum cmio_task_state state;
    /**
     * The name of the kind of future that the task last waited for, for example "sleep". NULL: it
     * has not waited yet, or for a kind that does not tell. Static storage.
     */
    const char *awaiting;
};

/**
 * Lists the living tasks of an executor, in no order.
 *
 * A task with a name is listed from its first poll on, and a task without a name from the end of
 * that poll on. Before that, tasks are only in the counts of cmio_executor_count(). So name the
 * tasks that you may have to look for. A worker that begins or ends a task meanwhile waits until
 * its tasks are listed.
 *
 * @param executor  The executor. Borrowed.
 * @param tasks     An array for the tasks. NULL is allowed if capacity is 0.
 * @param capacity  How many tasks the array has room for.
 *
 * **Returns** how many tasks there are, which may be more than capacity. The array then holds
 * capacity of them.
 *
 * **Errors**:
 * - -EINVAL: executor is NULL, or tasks is NULL and capacity is not 0.
 *
 * **Threads**: any thread, in a task too, at any time before cmio_executor_free(). It also works
 * while a worker is stuck in a task, and after a shutdown that gave up, to see which tasks are
 * left.
 */
CMIO_API ssize_t cmio_executor_tasks(struct cmio_executor *executor, struct cmio_task_info *tasks,
                                     size_t capacity);

CMIO_END_DECLS

#endif
