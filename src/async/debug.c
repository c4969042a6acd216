/* SPDX-License-Identifier: MIT */
/*
 * The reports of a debug build. A worker notes what it polls under a lock. The watching thread
 * describes the task under the same lock, and so before the poll ends and the task may be gone.
 */
#include "async/debug.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/time.h>

#include "async/executor.h"
#include "async/parker.h"
#include "async/signal_mask.h"

#define SLOW_POLL (100 * CMIO_MILLISECOND)

enum { LINE = 256 }; /* bytes of a report */

/* What a worker is polling. */
struct poll_watch {
    struct cmio__lock lock;
    struct cmio__task *task; /* NULL: nothing */
    const char *kind;        /* of the task's future */
    const char *awaited;     /* what the task waited for before */
    int64_t since;
    bool was_told;
};

struct cmio__debug {
    int64_t slow_poll;
    struct cmio__parker parker; /* of the thread, which ends when unparked */
    pthread_t thread;
    unsigned count;
    struct poll_watch watches[];
};

static const char *or_unknown(const char *text) {
    return text == NULL ? "unknown" : text;
}

/* Describes the task and for how long it has been polled. The caller holds the lock. */
static void describe_poll(const struct poll_watch *watch, const char *how, int64_t now,
                          char line[static LINE]) {
    const struct cmio__task *task = watch->task;
    (void)snprintf(line, LINE, "cmio-async: task \"%s\" (%s) %s %lld ms; last awaited: %s\n",
                   task->prefix > 0 ? (const char *)task - task->prefix : "",
                   or_unknown(watch->kind), how,
                   (long long)((now - watch->since) / CMIO_MILLISECOND),
                   watch->awaited == NULL ? "nothing" : watch->awaited);
}

/* On the worker's thread */

static struct poll_watch *watch_of(struct cmio__worker *worker) {
    struct cmio__debug *debug = worker->executor->debug;
    return debug == NULL ? NULL : &debug->watches[worker->index];
}

void cmio__debug_poll_begins(struct cmio__worker *worker, struct cmio__task *task) {
    struct poll_watch *watch = watch_of(worker);
    const struct cmio_future_ops *ops = cmio__task_future(task)->ops;
    if (watch == NULL)
        return;
    const int64_t now = cmio_now();
    cmio__lock_take(&watch->lock);
    watch->task = task;
    watch->kind = ops == NULL ? NULL : ops->name;
    watch->awaited = atomic_load_explicit(&task->awaiting, memory_order_relaxed);
    watch->since = now;
    watch->was_told = false;
    cmio__lock_release(&watch->lock);
}

void cmio__debug_poll_ends(struct cmio__worker *worker) {
    struct poll_watch *watch = watch_of(worker);
    if (watch == NULL)
        return;
    char line[LINE];
    const int64_t now = cmio_now();
    cmio__lock_take(&watch->lock);
    const bool was_slow = now - watch->since >= worker->executor->debug->slow_poll;
    if (was_slow)
        describe_poll(watch, "did not give way for", now, line);
    watch->task = NULL;
    cmio__lock_release(&watch->lock);
    if (was_slow)
        (void)fputs(line, stderr);
}

/* On the watching thread */

static void look_at(struct poll_watch *watch, int64_t slow_poll) {
    char line[LINE];
    const int64_t now = cmio_now();
    cmio__lock_take(&watch->lock);
    const bool is_slow = watch->task != NULL && !watch->was_told && now - watch->since >= slow_poll;
    if (is_slow) {
        describe_poll(watch, "runs, and has not given way for", now, line);
        watch->was_told = true;
    }
    cmio__lock_release(&watch->lock);
    if (is_slow)
        (void)fputs(line, stderr);
}

static void *look_now_and_then(void *argument) {
    struct cmio__debug *debug = argument;
    const int64_t half = debug->slow_poll / 2;
    const int64_t period = half < CMIO_MILLISECOND ? CMIO_MILLISECOND
                           : half < CMIO_SECOND    ? half
                                                   : CMIO_SECOND;
    while (!cmio__parker_park(&debug->parker, cmio_now() + period))
        for (unsigned i = 0; i < debug->count; i++)
            look_at(&debug->watches[i], debug->slow_poll);
    return NULL;
}

static int start_watching(struct cmio__debug *debug) {
    sigset_t all, before;
    cmio__signal_mask_fill(&all);
    int error = cmio__parker_init(&debug->parker);
    if (error != 0)
        return error;
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    error = -pthread_create(&debug->thread, NULL, look_now_and_then, debug);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        cmio__parker_destroy(&debug->parker);
    return error;
}

int cmio__debug_begin(struct cmio_executor *executor, int64_t slow_poll) {
    if (slow_poll == CMIO_FOREVER)
        return 0;
    struct cmio__debug *debug =
        calloc(1, sizeof *debug + executor->count * sizeof debug->watches[0]);
    if (debug == NULL)
        return -ENOMEM;
    debug->slow_poll = slow_poll == 0 ? SLOW_POLL : slow_poll;
    debug->count = executor->count;
    const int error = start_watching(debug);
    if (error != 0)
        free(debug);
    else
        executor->debug = debug;
    return error;
}

void cmio__debug_end(struct cmio_executor *executor) {
    struct cmio__debug *debug = executor->debug;
    if (debug == NULL)
        return;
    cmio__parker_unpark(&debug->parker);
    (void)pthread_join(debug->thread, NULL);
    cmio__parker_destroy(&debug->parker);
    executor->debug = NULL;
    free(debug);
}

/* Wakers */

void cmio__debug_waker_cloned(struct cmio_executor *executor) {
    (void)atomic_fetch_add_explicit(&executor->kept_wakers, 1, memory_order_relaxed);
}

void cmio__debug_waker_dropped(struct cmio_executor *executor) {
    (void)atomic_fetch_sub_explicit(&executor->kept_wakers, 1, memory_order_relaxed);
}

void cmio__debug_tell_wakers(struct cmio_executor *executor) {
    const size_t kept = atomic_load_explicit(&executor->kept_wakers, memory_order_relaxed);
    if (kept > 0 && !executor->has_told_wakers)
        (void)fprintf(stderr,
                      "cmio-async: the executor was shut down, and of its tasks' wakers "
                      "%zu were cloned and not dropped\n",
                      kept);
    executor->has_told_wakers = true;
}
