/* SPDX-License-Identifier: MIT */
/*
 * A job lies on the heap. Its future and the pool share it, and its state, under the pool's lock,
 * tells who has it: the future alone while NEW, the pool's queue while QUEUED, a thread while
 * RUNNING, and the future alone again once DONE. If its future is dropped while the job runs, the
 * job is ABANDONED and the thread frees it.
 *
 * A thread has ended only when the destructors of its thread-specific data have run, in which the C
 * library frees what getaddrinfo(3) keeps for it. So threads are joined: each thread that ends joins
 * the one that ended before it, and the executor joins the last one. Threads that still run jobs
 * when the executor is freed detach themselves.
 */
#include "async/blocking.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include <cmio/async/blocking.h>
#include <cmio/time.h>

#include "async/cancel.h"
#include "async/executor.h"
#include "async/signal_mask.h"

enum job_state { NEW, QUEUED, RUNNING, DONE, ABANDONED };

struct cmio__job {
    ssize_t (*function)(void *argument);
    void (*destroy)(void *argument);
    void *argument;
    struct cmio__blocking *pool; /* from QUEUED on; only the future looks at it */
    enum job_state state;
    ssize_t result;
    struct cmio_task_waker waker; /* borrowed: dropping the future removes it */
    struct cmio__job *next, **previous;
};

struct cmio__blocking {
    pthread_mutex_t lock;
    pthread_cond_t queued; /* for a thread: there is a job, or the pool is closed */
    pthread_cond_t quiet;  /* for shutdown: no job runs, or a thread has ended */
    struct cmio__job *first;
    struct cmio__job **last;
    unsigned limit, threads, idle, running;
    unsigned waiting;    /* jobs in the queue */
    unsigned references; /* the executor's and each thread's */
    int64_t idle_ns;
    pthread_t ended; /* to be joined, if has_ended */
    bool has_ended;
    bool closed;
    bool deserted; /* by the executor: nobody joins a thread any more */
};

static void lock_pool(struct cmio__blocking *pool) {
    (void)pthread_mutex_lock(&pool->lock); /* cannot fail: initialised, and not held */
}

static void unlock_pool(struct cmio__blocking *pool) {
    (void)pthread_mutex_unlock(&pool->lock);
}

/* The pool */

struct cmio__blocking *cmio__blocking_new(unsigned limit, int64_t idle_ns) {
    struct cmio__blocking *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return NULL;
    (void)pthread_mutex_init(&pool->lock, NULL); /* without attributes these cannot fail */
    (void)pthread_cond_init(&pool->queued, NULL);
    (void)pthread_cond_init(&pool->quiet, NULL);
    pool->last = &pool->first;
    pool->limit = limit;
    pool->idle_ns = idle_ns;
    pool->references = 1;
    return pool;
}

/* Releases the lock, and frees the pool with its last reference. */
static void unref_locked(struct cmio__blocking *pool) {
    const bool last = --pool->references == 0;
    unlock_pool(pool);
    if (!last)
        return;
    (void)pthread_cond_destroy(&pool->quiet);
    (void)pthread_cond_destroy(&pool->queued);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* Releases the lock, gives up a reference, and joins the thread that ended last. */
static void leave_locked(struct cmio__blocking *pool, bool has_ended, pthread_t ended) {
    unref_locked(pool);
    if (has_ended)
        (void)pthread_join(ended, NULL);
}

void cmio__blocking_unref(struct cmio__blocking *pool) {
    lock_pool(pool);
    while (pool->closed && pool->threads > pool->running)
        (void)pthread_cond_wait(&pool->quiet, &pool->lock);
    pool->deserted = true;
    leave_locked(pool, pool->has_ended, pool->ended);
}

unsigned cmio__blocking_threads(struct cmio__blocking *pool) {
    lock_pool(pool);
    const unsigned threads = pool->threads;
    unlock_pool(pool);
    return threads;
}

/* The queue */

static void append_job(struct cmio__blocking *pool, struct cmio__job *job) {
    job->state = QUEUED;
    job->next = NULL;
    job->previous = pool->last;
    *pool->last = job;
    pool->last = &job->next;
    pool->waiting++;
}

static void take_job_out(struct cmio__blocking *pool, struct cmio__job *job) {
    *job->previous = job->next;
    if (job->next != NULL)
        job->next->previous = job->previous;
    else
        pool->last = job->previous;
    pool->waiting--;
}

/* For a single wait: its end fits a 32-bit time_t, and setting the clock does little harm. */
#define LONGEST_WAIT (60 * CMIO_SECOND)

/*
 * Waits for the condition or the deadline, and may return early. Returns whether the deadline is
 * still to come. The wait follows the system's clock, so setting that makes it longer or shorter.
 */
static bool wait_for(pthread_cond_t *condition, struct cmio__blocking *pool, int64_t deadline) {
    const int64_t now = cmio_now();
    if (deadline != CMIO_FOREVER && deadline <= now)
        return false;
    const bool is_long = deadline == CMIO_FOREVER || deadline - now > LONGEST_WAIT;
    const int64_t left = is_long ? LONGEST_WAIT : deadline - now;
    struct timespec end;
    (void)clock_gettime(CLOCK_REALTIME, &end); /* cannot fail */
    const int64_t nanoseconds = end.tv_nsec + left % CMIO_SECOND;
    end.tv_sec += (time_t)(left / CMIO_SECOND + nanoseconds / CMIO_SECOND);
    end.tv_nsec = (long)(nanoseconds % CMIO_SECOND);
    (void)pthread_cond_timedwait(condition, &pool->lock, &end); /* 0 or ETIMEDOUT */
    return true;
}

/* The threads */

static void destroy_job(struct cmio__job *job) {
    if (job->destroy != NULL)
        job->destroy(job->argument);
    free(job);
}

/* The caller holds the lock. It is released while the function runs. */
static void run_job(struct cmio__blocking *pool, struct cmio__job *job) {
    take_job_out(pool, job);
    job->state = RUNNING;
    pool->running++;
    unlock_pool(pool);
    const ssize_t result = job->function(job->argument);
    lock_pool(pool);
    if (job->state == ABANDONED) {
        unlock_pool(pool);
        destroy_job(job);
        lock_pool(pool);
    } else {
        job->result = result;
        job->state = DONE;
        cmio_task_waker_wake(&job->waker);
    }
    if (--pool->running == 0)
        (void)pthread_cond_broadcast(&pool->quiet);
}

/* Waits for a job. Returns NULL if none came in time, or none will come. */
static struct cmio__job *await_job(struct cmio__blocking *pool) {
    const int64_t now = cmio_now();
    const int64_t deadline = pool->idle_ns < INT64_MAX - now ? now + pool->idle_ns : INT64_MAX;
    pool->idle++;
    while (pool->first == NULL && !pool->closed && wait_for(&pool->queued, pool, deadline))
        continue;
    pool->idle--;
    return pool->first;
}

/* Releases the lock. */
static void end_thread_locked(struct cmio__blocking *pool) {
    const pthread_t before = pool->ended;
    const bool has_before = pool->has_ended;
    pool->threads--;
    (void)pthread_cond_broadcast(&pool->quiet);
    if (pool->deserted) {
        (void)pthread_detach(pthread_self());
        unref_locked(pool);
        return;
    }
    pool->ended = pthread_self();
    pool->has_ended = true;
    leave_locked(pool, has_before, before);
}

static void *run_jobs(void *argument) {
    struct cmio__blocking *pool = argument;
    struct cmio__job *job;
    (void)cmio__cancellation_disable(); /* or the job's task would wait for ever */
    lock_pool(pool);
    while ((job = await_job(pool)) != NULL)
        run_job(pool, job);
    end_thread_locked(pool);
    return NULL;
}

/* Starts a thread for a job that is about to be queued. */
static int start_job_thread(struct cmio__blocking *pool) {
    sigset_t all, before;
    pthread_t thread;
    cmio__signal_mask_fill(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&thread, NULL, run_jobs, pool);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        pool->threads++;
        pool->references++;
    }
    return -error;
}

/* Queues a job. -EAGAIN if no thread can run it now, -ESHUTDOWN if none ever will. */
static int submit_job(struct cmio__blocking *pool, struct cmio__job *job) {
    if (pool->closed)
        return -ESHUTDOWN;
    /* Each queued job has been given an idle thread, which may not have woken yet. */
    if (pool->idle <= pool->waiting && pool->threads < pool->limit) {
        const int error = start_job_thread(pool);
        if (error != 0 && pool->threads == 0)
            return error; /* otherwise the job waits for an existing thread */
    }
    job->pool = pool;
    append_job(pool, job);
    (void)pthread_cond_signal(&pool->queued);
    return 0;
}

void cmio__blocking_close(struct cmio__blocking *pool) {
    lock_pool(pool);
    pool->closed = true;
    (void)pthread_cond_broadcast(&pool->queued);
    unlock_pool(pool);
}

bool cmio__blocking_wait(struct cmio__blocking *pool, int64_t deadline) {
    lock_pool(pool);
    while (pool->running > 0 && wait_for(&pool->quiet, pool, deadline))
        continue;
    const bool quiet = pool->running == 0;
    unlock_pool(pool);
    return quiet;
}

/* The future */

static enum cmio_future_state end_blocking(struct cmio_blocking_future *blocking, ssize_t result) {
    free(blocking->job);
    blocking->job = NULL;
    blocking->future.result = result;
    return CMIO_READY;
}

static enum cmio_future_state poll_blocking(struct cmio_future *future,
                                            struct cmio_context *context) {
    struct cmio_blocking_future *blocking =
        CMIO__CONTAINER(future, struct cmio_blocking_future, future);
    struct cmio__job *job = blocking->job;
    struct cmio__blocking *pool =
        job->pool == NULL ? context->worker->executor->blocking : job->pool;
    lock_pool(pool);
    job->waker = context->waker;
    const int error = job->state == NEW ? submit_job(pool, job) : 0;
    const bool done = job->state == DONE;
    unlock_pool(pool);
    if (error != 0)
        return end_blocking(blocking, error);
    return done ? end_blocking(blocking, job->result) : cmio__context_awaits(context, "blocking");
}

static void drop_blocking(struct cmio_future *future) {
    struct cmio__job *job = CMIO__CONTAINER(future, struct cmio_blocking_future, future)->job;
    struct cmio__blocking *pool = job->pool;
    bool runs = false;
    if (pool != NULL) {
        lock_pool(pool);
        if (job->state == QUEUED)
            take_job_out(pool, job);
        runs = job->state == RUNNING;
        if (runs)
            job->state = ABANDONED;
        unlock_pool(pool);
    }
    if (!runs)
        destroy_job(job);
}

static const struct cmio_future_ops blocking_ops = {
    .name = "blocking",
    .poll = poll_blocking,
    .drop = drop_blocking,
};

int cmio_blocking_future_init(struct cmio_blocking_future *blocking,
                              ssize_t (*function)(void *argument), void *argument,
                              void (*destroy)(void *argument)) {
    if (blocking == NULL || function == NULL)
        return -EINVAL;
    struct cmio__job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return -ENOMEM;
    job->function = function;
    job->destroy = destroy;
    job->argument = argument;
    *blocking = (struct cmio_blocking_future){.future.ops = &blocking_ops, .job = job};
    return 0;
}
