/* SPDX-License-Identifier: MIT */
#include "async/executor.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "async/cancel.h"
#include "async/debug.h"
#include "async/processors.h"
#include "async/signal_mask.h"
#include "async/signal_stack.h"

#define BLOCKING_IDLE (10 * CMIO_SECOND)

enum {
    MAX_WORKERS = 1024,
    BLOCKING_THREADS = 64,
    ORPHANED = 1, /* a bit of `blocks`, which counts in steps of BLOCK: the executor was freed */
    BLOCK = 2,
};

/* Counting tasks */

/* For a spawn by a task of this worker. That task lives, so nobody waits for this count to drop. */
static bool admit_own(struct cmio_executor *executor, struct cmio__worker *worker) {
    cmio__count(&worker->blocks);
    if (atomic_load_explicit(&executor->closing, memory_order_relaxed))
        return false;
    cmio__count(&worker->spawned);
    return true;
}

bool cmio__executor_admit(struct cmio_executor *executor, struct cmio__worker *worker) {
    if (worker != NULL && worker->executor == executor)
        return admit_own(executor, worker);
    (void)atomic_fetch_add_explicit(&executor->blocks, BLOCK, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&executor->spawned, 1, memory_order_seq_cst);
    if (!atomic_load_explicit(&executor->closing, memory_order_seq_cst))
        return true;
    /* Shutdown may have counted this task, which never begins, and may wait for it. */
    (void)atomic_fetch_sub_explicit(&executor->spawned, 1, memory_order_seq_cst);
    (void)cmio_waker_wake(executor->ended);
    cmio__unpark_all(executor);
    return false;
}

/*
 * Finished tasks are counted before spawned ones. If a task is spawned and finishes in between, the
 * result is too big, never too small. A worker stores its count of finished tasks with release, so
 * whoever sees a task's end in it also sees that the task was spawned, even if another worker did
 * that.
 */
size_t cmio__executor_living(struct cmio_executor *executor) {
    size_t finished = 0;
    for (unsigned i = 0; i < executor->count; i++)
        finished += atomic_load_explicit(&executor->workers[i].finished, memory_order_acquire);
    size_t spawned = atomic_load_explicit(&executor->spawned, memory_order_seq_cst);
    for (unsigned i = 0; i < executor->count; i++)
        spawned += atomic_load_explicit(&executor->workers[i].spawned, memory_order_acquire);
    return spawned - finished;
}

/* Wakes the thread that is in shutdown if no task lives any more. */
static CMIO__COLD void tell_if_ended(struct cmio_executor *executor) {
    atomic_thread_fence(memory_order_seq_cst); /* after this worker's count */
    if (cmio__executor_living(executor) == 0)
        (void)cmio_waker_wake(executor->ended);
}

void cmio__executor_task_finished(struct cmio_executor *executor) {
    if (CMIO__UNLIKELY(atomic_load_explicit(&executor->closing, memory_order_seq_cst)))
        tell_if_ended(executor);
}

void cmio__executor_block_freed(struct cmio_executor *executor) {
    struct cmio__worker *worker = cmio__worker_current;
    if (worker != NULL && worker->executor == executor)
        atomic_store_explicit(&worker->blocks,
                              atomic_load_explicit(&worker->blocks, memory_order_relaxed) - 1,
                              memory_order_relaxed);
    else if (atomic_fetch_sub_explicit(&executor->blocks, BLOCK, memory_order_acq_rel) ==
             BLOCK + ORPHANED)
        free(executor);
}

/* Frees the struct once no block needs it. The workers have ended; other threads free blocks. */
static void free_when_unused(struct cmio_executor *executor) {
    size_t blocks = 0;
    for (unsigned i = 0; i < executor->count; i++)
        blocks += atomic_load_explicit(&executor->workers[i].blocks, memory_order_relaxed);
    free(executor->workers);
    const size_t change = blocks * BLOCK + ORPHANED;
    if (atomic_fetch_add_explicit(&executor->blocks, change, memory_order_acq_rel) + change ==
        ORPHANED)
        free(executor);
}

/* Making and freeing */

static bool is_stopped(void *argument) {
    const struct cmio_executor *executor = argument;
    return atomic_load_explicit(&executor->stopped, memory_order_acquire);
}

static void *run_thread(void *argument) {
    struct cmio__worker *worker = argument;
    struct cmio__signal_stack stack;
    (void)cmio__cancellation_disable(); /* or its tasks would never be polled again */
    cmio__signal_stack_begin(&stack);
    cmio__worker_run(worker, is_stopped, worker->executor);
    cmio__signal_stack_end(&stack);
    return NULL;
}

static int start_threads(struct cmio_executor *executor) {
    sigset_t all, before;
    cmio__signal_mask_fill(&all);
    int error = -pthread_sigmask(SIG_SETMASK, &all, &before);
    if (error != 0)
        return error;
    while (error == 0 && executor->started < executor->count) {
        struct cmio__worker *worker = &executor->workers[executor->started];
        error = -pthread_create(&worker->thread, NULL, run_thread, worker);
        if (error == 0)
            executor->started++;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* Waits for threads that took a worker from the idle list and have yet to wake it. */
static void await_unparking(struct cmio_executor *executor) {
    while (atomic_load_explicit(&executor->unparking, memory_order_acquire) != 0)
        (void)sched_yield(); /* cannot fail */
}

static void stop_threads(struct cmio_executor *executor) {
    cmio__lock_take(&executor->injected_lock); /* nothing is injected from here on */
    atomic_store_explicit(&executor->stopped, true, memory_order_seq_cst);
    cmio__lock_release(&executor->injected_lock);
    cmio__unpark_all(executor);
    for (; executor->started > 0; executor->started--)
        (void)pthread_join(executor->workers[executor->started - 1].thread, NULL);
    await_unparking(executor);
}

/* Drops wakes of ended tasks that came too late for any worker. */
static void drop_injected(struct cmio_executor *executor) {
    while (cmio__schedule_injected(&executor->workers[0]))
        continue;
}

static void destroy(struct cmio_executor *executor, unsigned made) {
    const int cancellation = cmio__cancellation_disable(); /* it waits for threads to end */
    cmio__debug_end(executor);
    cmio__blocking_close(executor->blocking);
    cmio__blocking_unref(executor->blocking);
    cmio__cancellation_restore(cancellation);
    cmio_waker_free(executor->ended);
    cmio_events_free(executor->ends_events);
    cmio_poll_free(executor->ends);
    for (unsigned i = 0; i < made; i++)
        cmio__worker_destroy(&executor->workers[i]);
    free_when_unused(executor);
}

static int make_ends(struct cmio_executor *executor, const char *backend) {
    int error = backend == NULL ? cmio_poll_new(&executor->ends)
                                : cmio_poll_new_with(&executor->ends, backend);
    if (error == 0)
        error = cmio_events_new(&executor->ends_events, 1);
    if (error == 0)
        error = cmio_waker_new(&executor->ended, cmio_poll_registry(executor->ends), 0);
    return error;
}

static struct cmio_executor *allocate(int workers, const struct cmio_executor_options *options) {
    struct cmio_executor *executor = calloc(1, sizeof *executor);
    if (executor == NULL)
        return NULL;
    executor->count = workers == CMIO_CURRENT_THREAD ? 1 : (unsigned)workers;
    executor->has_threads = workers != CMIO_CURRENT_THREAD;
    executor->injected_end = &executor->injected;
    executor->blocking = cmio__blocking_new(
        options->blocking_threads == 0 ? BLOCKING_THREADS : options->blocking_threads,
        options->blocking_idle == 0 ? BLOCKING_IDLE : options->blocking_idle);
    /* Aligned for the run queues, whose two ends lie on cache lines of their own. */
    if (executor->blocking == NULL ||
        posix_memalign((void **)&executor->workers, alignof(struct cmio__worker),
                       executor->count * sizeof *executor->workers) != 0) {
        if (executor->blocking != NULL)
            cmio__blocking_unref(executor->blocking);
        free(executor);
        return NULL;
    }
    executor->alone = executor->count == 1 ? executor->workers : NULL;
    return executor;
}

int cmio_executor_new(struct cmio_executor **out, const struct cmio_executor_options *options) {
    static const struct cmio_executor_options defaults = {0};
    if (options == NULL)
        options = &defaults;
    if (out == NULL || options->workers < CMIO_CURRENT_THREAD || options->workers > MAX_WORKERS ||
        options->blocking_idle < 0 ||
        (options->slow_poll < 0 && options->slow_poll != CMIO_FOREVER))
        return -EINVAL;
    const int workers = options->workers == 0 ? cmio__processors(MAX_WORKERS) : options->workers;
    struct cmio_executor *executor = allocate(workers, options);
    if (executor == NULL)
        return -ENOMEM;
    unsigned made = 0;
    int error = make_ends(executor, options->backend);
    for (; error == 0 && made < executor->count; made++) {
        error = cmio__worker_init(&executor->workers[made], executor, made, options->backend);
        if (error != 0)
            break;
    }
    if (error == 0)
        error = cmio__debug_begin(executor, options->slow_poll);
    if (error == 0 && executor->has_threads)
        error = start_threads(executor);
    if (error != 0) {
        if (made < executor->count)
            executor->count = made; /* the others do not exist, and no thread has begun */
        stop_threads(executor);
        destroy(executor, made);
        return error;
    }
    *out = executor;
    return 0;
}

/* Running */

/* A future that stays with the thread that waits for it. */
struct block {
    struct cmio_future *future;
    bool has_ended;
    pthread_mutex_t lock;
    pthread_cond_t ended;
};

struct block_future {
    struct cmio_future future;
    struct block *block;
};

static struct block *block_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct block_future, future)->block;
}

static void end_block(struct block *block) {
    (void)pthread_mutex_lock(&block->lock);
    block->has_ended = true;
    (void)pthread_cond_signal(&block->ended);
    (void)pthread_mutex_unlock(&block->lock);
}

static enum cmio_future_state poll_block(struct cmio_future *future, struct cmio_context *context) {
    struct block *block = block_of(future);
    if (cmio_future_poll(block->future, context) == CMIO_PENDING)
        return CMIO_PENDING;
    end_block(block);
    return CMIO_READY;
}

static void drop_block(struct cmio_future *future) {
    struct block *block = block_of(future);
    cmio_future_drop(block->future);
    end_block(block);
}

static const struct cmio_future_ops block_ops = {
    .name = "block on",
    .poll = poll_block,
    .drop = drop_block,
};

static bool block_has_ended(void *argument) {
    const struct block *block = argument;
    return block->has_ended;
}

static int begin_driving(struct cmio_executor *executor) {
    return atomic_exchange_explicit(&executor->driven, true, memory_order_acquire) ? -EBUSY : 0;
}

static void end_driving(struct cmio_executor *executor) {
    atomic_store_explicit(&executor->driven, false, memory_order_release);
}

/* Waits for the block to end. Polls tasks meanwhile if nobody else does. */
static void await_block(struct cmio_executor *executor, struct block *block) {
    if (!executor->has_threads) {
        cmio__worker_run(executor->alone, block_has_ended, block);
        return;
    }
    (void)pthread_mutex_lock(&block->lock);
    while (!block->has_ended)
        (void)pthread_cond_wait(&block->ended, &block->lock);
    (void)pthread_mutex_unlock(&block->lock);
}

static ssize_t block_on(struct cmio_executor *executor, struct cmio_future *future) {
    struct block block = {.future = future};
    int error = executor->has_threads ? 0 : begin_driving(executor);
    if (error != 0)
        return error;
    (void)pthread_mutex_init(&block.lock, NULL);
    (void)pthread_cond_init(&block.ended, NULL);
    const struct block_future task = {{.ops = &block_ops}, &block};
    error = cmio_spawn(executor, &task.future, sizeof task, NULL, NULL);
    if (error == 0)
        await_block(executor, &block);
    (void)pthread_cond_destroy(&block.ended);
    (void)pthread_mutex_destroy(&block.lock);
    if (!executor->has_threads)
        end_driving(executor);
    return error == 0 ? future->result : error;
}

static ssize_t block_on_any(struct cmio_executor *executor, struct cmio_future *future) {
    if (executor != NULL)
        return block_on(executor, future);
    const int error = cmio_executor_new(
        &executor, &(struct cmio_executor_options){.workers = CMIO_CURRENT_THREAD});
    if (error != 0)
        return error;
    const ssize_t result = block_on(executor, future);
    cmio_executor_free(executor);
    return result;
}

ssize_t cmio_block_on(struct cmio_executor *executor, struct cmio_future *future) {
    if (future == NULL)
        return -EINVAL;
    if (cmio__worker_current != NULL)
        return -EDEADLK;
    const int cancellation = cmio__cancellation_disable();
    const ssize_t result = block_on_any(executor, future);
    cmio__cancellation_restore(cancellation);
    return result;
}

/* Ending */

struct ending {
    struct cmio_executor *executor;
    int64_t deadline;
};

static bool has_no_tasks(void *argument) {
    const struct ending *ending = argument;
    return cmio__executor_living(ending->executor) == 0 ||
           (ending->deadline != CMIO_FOREVER && cmio_now() >= ending->deadline);
}

/* Waits until no task lives or until the deadline. The workers end the tasks, or this thread. */
static void await_ends(struct cmio_executor *executor, int64_t deadline) {
    if (!executor->has_threads) {
        executor->alone->deadline = deadline;
        cmio__worker_run(executor->alone, has_no_tasks, &(struct ending){executor, deadline});
        return;
    }
    while (!has_no_tasks(&(struct ending){executor, deadline}))
        (void)cmio_poll_wait_until(executor->ends, executor->ends_events, deadline);
}

static int end_tasks_and_jobs(struct cmio_executor *executor, int64_t deadline,
                              bool waits_for_jobs) {
    atomic_store_explicit(&executor->closing, true, memory_order_seq_cst);
    for (unsigned i = 0; i < executor->count; i++)
        cmio__worker_abort_all(&executor->workers[i]);
    cmio__unpark_all(executor);
    await_ends(executor, deadline);
    const bool ended = cmio__executor_living(executor) == 0;
    if (ended) {
        stop_threads(executor);
        cmio__debug_tell_wakers(executor);
    }
    cmio__blocking_close(executor->blocking);
    const bool quiet = !waits_for_jobs || cmio__blocking_wait(executor->blocking, deadline);
    return ended && quiet ? 0 : -ETIMEDOUT;
}

static int shut_down(struct cmio_executor *executor, int64_t deadline, bool waits_for_jobs) {
    if (cmio__worker_current != NULL)
        return -EDEADLK;
    if (begin_driving(executor) != 0)
        return -EBUSY;
    const int cancellation = cmio__cancellation_disable();
    const int result = end_tasks_and_jobs(executor, deadline, waits_for_jobs);
    cmio__cancellation_restore(cancellation);
    end_driving(executor);
    return result;
}

int cmio_executor_shutdown(struct cmio_executor *executor, int64_t deadline) {
    if (executor == NULL || (deadline < 0 && deadline != CMIO_FOREVER))
        return -EINVAL;
    return shut_down(executor, deadline, true);
}

void cmio_executor_free(struct cmio_executor *executor) {
    if (executor == NULL)
        return;
    if (!atomic_load_explicit(&executor->stopped, memory_order_acquire))
        (void)shut_down(executor, CMIO_FOREVER, false);
    drop_injected(executor);
    destroy(executor, executor->count);
}
