/* SPDX-License-Identifier: MIT */
/* Tasks: how they are made, woken, polled and joined. async/task.h has the protocol. */
#include "async/task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "async/debug.h"
#include "async/executor.h"
#include "async/join_set.h"

enum { NAME_MAX_KEPT = 63 }; /* bytes of a name */

/* Frees a block. The last block to go also frees the struct of an executor that was freed. */
static void free_task(struct cmio__task *task) {
    struct cmio_executor *executor = task->executor;
    free((char *)task - task->prefix);
    cmio__executor_block_freed(executor);
}

static void drop_reference(struct cmio__task *task) {
    /* The holder of the only reference needs no locked instruction to give it back. */
    const unsigned references = atomic_load_explicit(&task->references, memory_order_acquire);
    if (references != 1 && CMIO__IS_SINGLE_THREADED) {
        atomic_store_explicit(&task->references, references - 1, memory_order_relaxed);
        return;
    }
    if (references == 1 ||
        atomic_fetch_sub_explicit(&task->references, 1, memory_order_acq_rel) == 1)
        free_task(task);
}

static void add_reference(struct cmio__task *task) {
    if (!CMIO__IS_SINGLE_THREADED)
        (void)atomic_fetch_add_explicit(&task->references, 1, memory_order_relaxed);
    else
        atomic_store_explicit(&task->references,
                              atomic_load_explicit(&task->references, memory_order_relaxed) + 1,
                              memory_order_relaxed);
}

/* Waking */

static struct cmio__task *task_of(const struct cmio_task_waker *waker) {
    return (struct cmio__task *)waker->target; /* NOLINT(performance-no-int-to-ptr) */
}

void cmio__task_wake_local(struct cmio__task *task) {
    const unsigned wakes = atomic_load_explicit(&task->wakes, memory_order_relaxed);
    if (wakes >= CMIO__ENDED / 2) /* ended, or woken so often that no more need be counted */
        return;
    if (wakes == 0)
        cmio__task_list_push(&task->executor->alone->list, task);
    atomic_store_explicit(&task->wakes, wakes + 1, memory_order_relaxed);
}

/* Called on a thread other than that of the executor's only worker. */
static void wake_remote(struct cmio__task *task) {
    if (atomic_exchange_explicit(&task->remote, true, memory_order_acq_rel))
        return;
    add_reference(task); /* the list's */
    if (!cmio__schedule_remote(task)) {
        atomic_store_explicit(&task->remote, false, memory_order_release);
        drop_reference(task);
    }
}

void cmio__task_woken_remotely(struct cmio__task *task) {
    (void)atomic_exchange_explicit(&task->remote, false, memory_order_acq_rel);
    cmio__task_wake_local(task);
    drop_reference(task);
}

static void wake_shared(struct cmio__task *task) {
    const unsigned wakes = atomic_load_explicit(&task->wakes, memory_order_relaxed);
    if (wakes >= CMIO__ENDED)
        return;
    /* If there are too many to add another, what this thread did must still be published. */
    const unsigned more = wakes < CMIO__ENDED / 2 ? 1 : 0;
    if (atomic_fetch_add_explicit(&task->wakes, more, memory_order_acq_rel) == 0)
        cmio__schedule(task);
}

void cmio__task_wake(struct cmio__task *task) {
    struct cmio__worker *alone = task->executor->alone;
    struct cmio__worker *current = cmio__worker_current;
    if (current != NULL && current->executor == task->executor)
        cmio__count(&current->wakes);
    else
        (void)atomic_fetch_add_explicit(&task->executor->wakes, 1, memory_order_relaxed);
    if (alone == NULL)
        wake_shared(task);
    else if (alone == current)
        cmio__task_wake_local(task);
    else
        wake_remote(task);
}

void cmio_task_waker_wake(const struct cmio_task_waker *waker) {
    if (waker == NULL || waker->target == 0)
        return;
    if (cmio__waker_is_place(waker))
        cmio__place_wake(waker);
    else
        cmio__task_wake(task_of(waker));
}

static void keep_task(struct cmio__task *task) {
    add_reference(task);
    cmio__debug_waker_cloned(task->executor);
}

static void release_task(struct cmio__task *task) {
    cmio__debug_waker_dropped(task->executor);
    drop_reference(task);
}

int cmio_task_waker_clone(const struct cmio_task_waker *waker, struct cmio_task_waker *out) {
    if (waker == NULL || waker->target == 0 || out == NULL)
        return -EINVAL;
    if (cmio__waker_is_place(waker))
        cmio__place_keep(waker);
    else
        keep_task(task_of(waker));
    *out = *waker;
    return 0;
}

void cmio_task_waker_drop(struct cmio_task_waker *waker) {
    if (waker == NULL || waker->target == 0)
        return;
    const struct cmio_task_waker dropped = *waker;
    *waker = (struct cmio_task_waker){0};
    if (cmio__waker_is_place(&dropped))
        cmio__place_release(&dropped);
    else
        release_task(task_of(&dropped));
}

bool cmio_task_waker_equal(const struct cmio_task_waker *a, const struct cmio_task_waker *b) {
    return a != NULL && b != NULL && a->target == b->target;
}

const struct cmio_task_waker *cmio_context_waker(const struct cmio_context *context) {
    return context == NULL ? NULL : &context->waker;
}

bool cmio_context_spend(struct cmio_context *context) {
    return context != NULL && cmio__context_spend(context);
}

/* Polling */

/*
 * Puts a task into its worker's list. Shutdown sets `closing` before it goes through the lists. So
 * a task that shutdown does not find there sees `closing` here.
 */
static CMIO__COLD void list_task(struct cmio__task *task, struct cmio__worker *worker) {
    cmio__lock_take(&worker->tasks_lock);
    task->listed = true;
    task->list = worker->index;
    task->newer = worker->tasks;
    task->older = &worker->tasks;
    if (task->newer != NULL)
        task->newer->older = &task->newer;
    worker->tasks = task;
    cmio__lock_release(&worker->tasks_lock);
    if (atomic_load_explicit(&worker->executor->closing, memory_order_seq_cst))
        cmio__task_abort(task);
}

static void unlist_task(struct cmio__task *task) {
    struct cmio__worker *worker = &task->executor->workers[task->list];
    cmio__lock_take(&worker->tasks_lock);
    *task->older = task->newer;
    if (task->newer != NULL)
        task->newer->older = task->older;
    cmio__lock_release(&worker->tasks_lock);
}

/*
 * Announces the result at the meeting place. Returns the waker of whoever waits for it, which the
 * caller must drop. From here on the task belongs to the join handle. If that was dropped, the task
 * is gone.
 */
static struct cmio_task_waker meet_as_task(struct cmio__task *task) {
    struct cmio_task_waker joiner = {0};
    unsigned char met = atomic_load_explicit(&task->meeting, memory_order_acquire);
    for (;;) {
        if (met == CMIO__DETACHED) {
            drop_reference(task);
            return joiner;
        }
        const unsigned char next = met == CMIO__JOINING ? CMIO__TAKEN : CMIO__FINISHED;
        if (!atomic_compare_exchange_weak_explicit(&task->meeting, &met, next, memory_order_acq_rel,
                                                   memory_order_acquire))
            continue;
        if (next == CMIO__FINISHED)
            return joiner;
        joiner = task->joiner;
        met = CMIO__TAKEN;
    }
}

static void finish_task(struct cmio__task *task, struct cmio__worker *worker) {
    if (task->listed)
        unlist_task(task);
    atomic_store_explicit(&task->wakes, CMIO__ENDED, memory_order_release);
    struct cmio_task_waker joiner = meet_as_task(task);
    cmio_task_waker_wake(&joiner);
    cmio_task_waker_drop(&joiner);
    cmio__count_finished(worker);
    cmio__executor_task_finished(worker->executor);
}

static bool is_to_end(struct cmio__task *task) {
    return atomic_load_explicit(&task->aborted, memory_order_relaxed) ||
           atomic_load_explicit(&task->executor->closing, memory_order_relaxed);
}

void cmio__task_run(struct cmio__task *task, struct cmio__worker *worker) {
    struct cmio_executor *executor = worker->executor;
    const unsigned answered = atomic_load_explicit(&task->wakes, memory_order_acquire);
    struct cmio_context context = {
        .waker = {(uintptr_t)task}, .task = task, .worker = worker, .budget = CMIO__TURN};
    struct cmio_future *future = cmio__task_future(task);
    atomic_store_explicit(&worker->running, task, memory_order_relaxed);
    cmio__count(&worker->polls);
    if (CMIO__UNLIKELY(is_to_end(task)) && task->home == NULL) {
        cmio_future_drop(future);
        finish_task(task, worker);
        return;
    }
    if (CMIO__UNLIKELY(!task->listed) && task->prefix > 0)
        list_task(task, worker); /* it has a name: visible even if this poll does not return */
    cmio__debug_poll_begins(worker, task); /* NOLINT: clang-tidy does not count references */
    const enum cmio_future_state state = cmio_future_poll(future, &context);
    cmio__debug_poll_ends(worker);
    if (state == CMIO_READY) {
        finish_task(task, worker);
        return;
    }
    if (CMIO__UNLIKELY(!task->listed))
        list_task(task, worker);
    if (CMIO__UNLIKELY(context.budget == 0))
        worker->since_look += CMIO__FULL_TURN - 1;
    unsigned woken;
    if (executor->alone != NULL) {
        woken = atomic_load_explicit(&task->wakes, memory_order_relaxed);
        atomic_store_explicit(&task->wakes, woken - answered, memory_order_relaxed);
    } else {
        woken = atomic_fetch_sub_explicit(&task->wakes, answered, memory_order_acq_rel);
    }
    if (woken != answered)
        cmio__schedule_again(worker, task); /* NOLINT: as above */
}

void cmio__task_abort(struct cmio__task *task) {
    atomic_store_explicit(&task->aborted, true, memory_order_release);
    cmio__task_wake(task);
}

void cmio__worker_abort_all(struct cmio__worker *worker) {
    cmio__lock_take(&worker->tasks_lock);
    for (struct cmio__task *task = worker->tasks; task != NULL; task = task->newer) /* NOLINT */
        cmio__task_abort(task);
    cmio__lock_release(&worker->tasks_lock);
}

/* Spawning */

static struct cmio__task *new_task(const struct cmio_future *future, size_t size,
                                   const char *name) {
    const size_t length = name == NULL ? 0 : strnlen(name, NAME_MAX_KEPT) + 1;
    const size_t unit = alignof(max_align_t);
    const size_t prefix = (length + unit - 1) / unit * unit;
    if (size > SIZE_MAX - prefix - sizeof(struct cmio__task))
        return NULL;
    char *block = malloc(prefix + sizeof(struct cmio__task) + size);
    if (block == NULL)
        return NULL;
    if (length > 0) {
        memcpy(block, name, length - 1);
        block[length - 1] = '\0';
    }
    struct cmio__task *task = (struct cmio__task *)(void *)(block + prefix);
    *task = (struct cmio__task){.prefix = (uint16_t)prefix};
    memcpy(cmio__task_future(task), future, size);
    return task;
}

/* For an executor with one worker, which alone changes `wakes`: the first wake is a remote one. */
static void spawn_remotely(struct cmio__task *task) {
    atomic_store_explicit(&task->wakes, 0, memory_order_relaxed);
    wake_remote(task);
}

int cmio_spawn(struct cmio_executor *executor, const struct cmio_future *future, size_t size,
               const struct cmio_spawn_options *options, struct cmio_join_handle **out) {
    if (future == NULL || size < sizeof *future)
        return -EINVAL;
    const struct cmio_future_ops *ops = future->ops;
    if (ops != NULL && (ops->poll == NULL || ops->drop == NULL))
        return -EINVAL;
    struct cmio__worker *worker = cmio__worker_current;
    if (executor == NULL && worker == NULL)
        return -EPERM;
    if (executor == NULL)
        executor = worker->executor;
    struct cmio__task *task = new_task(future, size, options == NULL ? NULL : options->name);
    if (task == NULL)
        return -ENOMEM;
    task->executor = executor;
    atomic_init(&task->wakes, 1);
    atomic_init(&task->references, 1);
    atomic_init(&task->meeting, out == NULL ? CMIO__DETACHED : CMIO__RUNNING);
    if (!cmio__executor_admit(executor, worker)) {
        free_task(task);
        return -ESHUTDOWN;
    }
    if (out != NULL)
        *out = (struct cmio_join_handle *)task;
    if (executor->alone == NULL || executor->alone == worker)
        cmio__schedule(task);
    else
        spawn_remotely(task);
    return 0;
}

/* Joining */

static struct cmio__task *joined(struct cmio_join_handle *handle) {
    return (struct cmio__task *)handle;
}

int cmio_join_handle_abort(struct cmio_join_handle *handle) {
    if (handle == NULL)
        return -EINVAL;
    cmio__task_abort(joined(handle));
    return 0;
}

bool cmio_join_handle_is_finished(const struct cmio_join_handle *handle) {
    const struct cmio__task *task = (const struct cmio__task *)handle;
    return task != NULL &&
           atomic_load_explicit(&task->meeting, memory_order_acquire) == CMIO__FINISHED;
}

void cmio_join_handle_drop(struct cmio_join_handle *handle) {
    if (handle == NULL)
        return;
    struct cmio__task *task = joined(handle);
    if (cmio_join_handle_is_finished(handle) ||
        atomic_exchange_explicit(&task->meeting, CMIO__DETACHED, memory_order_acq_rel) ==
            CMIO__FINISHED)
        drop_reference(task);
}

/* Takes back the waker that the future left. If the task already has it, the task drops it. */
static void withdraw(struct cmio_join_future *join) {
    struct cmio__task *task = joined(join->handle);
    unsigned char meeting = CMIO__JOINING;
    if (atomic_compare_exchange_strong_explicit(&task->meeting, &meeting, CMIO__RUNNING,
                                                memory_order_acq_rel, memory_order_acquire))
        cmio_task_waker_drop(&join->waker);
    join->waker = (struct cmio_task_waker){0};
}

/* Leaves the waker unless the task has ended. Returns whether the task has ended. */
static bool leave_joiner(struct cmio_join_future *join, const struct cmio_task_waker *waker) {
    struct cmio__task *task = joined(join->handle);
    (void)cmio_task_waker_clone(waker, &join->waker); /* cannot fail: its task is being polled */
    task->joiner = join->waker;
    unsigned char meeting = CMIO__RUNNING;
    if (atomic_compare_exchange_strong_explicit(&task->meeting, &meeting, CMIO__JOINING,
                                                memory_order_acq_rel, memory_order_acquire))
        return false;
    cmio_task_waker_drop(&join->waker);
    return true;
}

static enum cmio_future_state poll_join(struct cmio_future *future, struct cmio_context *context) {
    struct cmio_join_future *join = CMIO__CONTAINER(future, struct cmio_join_future, future);
    struct cmio__task *task = joined(join->handle);
    unsigned char meeting = atomic_load_explicit(&task->meeting, memory_order_acquire);
    const bool waits = join->waker.target != 0;
    if (waits && meeting == CMIO__JOINING) {
        if (cmio_task_waker_equal(&join->waker, &context->waker))
            return cmio__context_awaits(context, "join");
        withdraw(join);
        meeting = atomic_load_explicit(&task->meeting, memory_order_acquire);
    }
    if (meeting == CMIO__JOINING) {
        future->result = -EBUSY; /* another future waits for the task */
        return CMIO_READY;
    }
    if (meeting == CMIO__TAKEN) { /* lasts an instant: the task may have an older waker */
        cmio_task_waker_wake(&context->waker);
        return CMIO_PENDING;
    }
    if (meeting == CMIO__RUNNING && !leave_joiner(join, &context->waker))
        return cmio__context_awaits(context, "join");
    join->waker = (struct cmio_task_waker){0};
    if (!cmio__context_spend(context))
        return CMIO_PENDING;
    future->result = cmio__task_future(task)->result;
    return CMIO_READY;
}

static void drop_join(struct cmio_future *future) {
    struct cmio_join_future *join = CMIO__CONTAINER(future, struct cmio_join_future, future);
    if (join->waker.target != 0)
        withdraw(join);
}

static const struct cmio_future_ops join_ops = {
    .name = "join",
    .poll = poll_join,
    .drop = drop_join,
};

int cmio_join_future_init(struct cmio_join_future *join, struct cmio_join_handle *handle) {
    if (join == NULL || handle == NULL)
        return -EINVAL;
    *join = (struct cmio_join_future){.future.ops = &join_ops, .handle = handle};
    return 0;
}
