/* SPDX-License-Identifier: MIT */
/*
 * Which task runs next, and on which worker. async/executor.h explains why no work is left lying,
 * and async/worker.h in which order a worker looks for it.
 */
#include "async/executor.h"

#include <cmio/time.h>

#include "async/relief.h"

enum {
    IN_A_ROW = 16, /* tasks that run from `next` while others wait in the queue */
    BULK = 64,     /* injected tasks that are moved at once */
};

CMIO__THREAD_LOCAL struct cmio__worker *cmio__worker_current;

/* Tasks that were injected */

static bool inject(struct cmio_executor *executor, struct cmio__task *task) {
    task->injected_next = NULL;
    cmio__lock_take(&executor->injected_lock);
    const bool stopped = atomic_load_explicit(&executor->stopped, memory_order_relaxed);
    if (!stopped) {
        *executor->injected_end = task;
        executor->injected_end = &task->injected_next;
        (void)atomic_fetch_add_explicit(&executor->injected_count, 1, memory_order_seq_cst);
    }
    cmio__lock_release(&executor->injected_lock);
    if (!stopped)
        cmio__unpark_one(executor);
    return !stopped;
}

bool cmio__schedule_remote(struct cmio__task *task) {
    return inject(task->executor, task);
}

/* Takes up to BULK injected tasks as a list. */
static struct cmio__task *take_injected(struct cmio_executor *executor) {
    if (atomic_load_explicit(&executor->injected_count, memory_order_seq_cst) == 0)
        return NULL;
    cmio__lock_take(&executor->injected_lock);
    struct cmio__task *first = executor->injected;
    struct cmio__task **end = &executor->injected;
    size_t count = 0;
    for (; *end != NULL && count < BULK; count++)
        end = &(*end)->injected_next;
    if (count > 0) {
        executor->injected = *end;
        if (*end == NULL)
            executor->injected_end = &executor->injected;
        *end = NULL;
        (void)atomic_fetch_sub_explicit(&executor->injected_count, count, memory_order_seq_cst);
    }
    cmio__lock_release(&executor->injected_lock);
    return first;
}

/* Tasks that have a home */

/*
 * Called on another thread. The worker is woken under the lock, because it takes the task only
 * after that. If it is the last task, the worker may be gone as soon as it has taken it.
 */
static CMIO__COLD void send_home(struct cmio__worker *worker, struct cmio__task *task) {
    cmio__lock_take(&worker->sent_lock);
    cmio__task_list_push(&worker->sent, task);
    if (!atomic_exchange_explicit(&worker->has_sent, true, memory_order_seq_cst) &&
        atomic_load_explicit(&worker->parked, memory_order_seq_cst))
        (void)cmio_waker_wake(worker->waker); /* fails only if the system is broken */
    cmio__lock_release(&worker->sent_lock);
}

/* Moves the sent tasks to the list. Returns whether there were any. */
static bool take_sent(struct cmio__worker *worker) {
    if (!atomic_load_explicit(&worker->has_sent, memory_order_seq_cst))
        return false;
    cmio__lock_take(&worker->sent_lock);
    cmio__task_list_append(&worker->list, &worker->sent);
    atomic_store_explicit(&worker->has_sent, false, memory_order_seq_cst);
    cmio__lock_release(&worker->sent_lock);
    return true;
}

/* Called on the worker's own thread. */
static void push(struct cmio__worker *worker, struct cmio__task *task) {
    if (worker->executor->alone != NULL || task->home != NULL)
        cmio__task_list_push(&worker->list, task);
    else if (!cmio__run_queue_push(&worker->queue, task))
        (void)inject(worker->executor, task); /* not stopped: this worker runs */
}

bool cmio__schedule_injected(struct cmio__worker *worker) {
    struct cmio_executor *executor = worker->executor;
    struct cmio__task *task = take_injected(executor);
    const bool any = take_sent(worker) || task != NULL;
    while (task != NULL) {
        struct cmio__task *next = task->injected_next;
        if (atomic_load_explicit(&task->remote, memory_order_relaxed))
            cmio__task_woken_remotely(task);
        else
            push(worker, task);
        task = next;
    }
    /* A worker that fell asleep while they were in neither list nor queue did not see them. */
    if (cmio__run_queue_count(&worker->queue) > 1)
        cmio__unpark_one(executor);
    return any;
}

/* Queueing */

/* Puts a task where the worker looks first. The task that was there goes to the queue. */
static void run_next(struct cmio__worker *worker, struct cmio__task *task) {
    task = atomic_exchange_explicit(&worker->next, task, memory_order_acq_rel);
    if (task == NULL)
        return;
    push(worker, task);
    cmio__unpark_one(worker->executor);
}

static void schedule_from_outside(struct cmio__task *task) {
    if (task->home != NULL && task->executor->alone == NULL)
        send_home(task->home, task);
    else
        (void)inject(task->executor, task); /* not stopped: the task lives */
}

void cmio__schedule(struct cmio__task *task) {
    struct cmio__worker *worker = cmio__worker_current;
    if (worker == NULL || worker->executor != task->executor)
        schedule_from_outside(task);
    else if (worker->executor->alone != NULL || task->home == worker)
        push(worker, task);
    else if (task->home != NULL)
        send_home(task->home, task);
    else
        run_next(worker, task);
}

void cmio__schedule_again(struct cmio__worker *worker, struct cmio__task *task) {
    /* Once the task is pushed, another worker may take it and end it. */
    const bool is_for_others = worker->executor->alone == NULL && task->home == NULL;
    push(worker, task);
    if (is_for_others)
        cmio__unpark_one(worker->executor);
}

/* Finding a task */

static struct cmio__task *take_next(struct cmio__worker *worker) {
    if (atomic_load_explicit(&worker->next, memory_order_relaxed) == NULL)
        return NULL;
    return atomic_exchange_explicit(&worker->next, NULL, memory_order_acquire);
}

/* Takes from the list and the queue in turn, as long as both have tasks. */
static struct cmio__task *take_queued(struct cmio__worker *worker) {
    struct cmio__task *task = NULL;
    worker->list_is_due = !worker->list_is_due;
    if (worker->list_is_due && (task = cmio__task_list_pop(&worker->list)) != NULL)
        return task;
    task = cmio__run_queue_pop(&worker->queue);
    return task != NULL ? task : cmio__task_list_pop(&worker->list);
}

static struct cmio__task *take_own(struct cmio__worker *worker) {
    if (worker->executor->alone != NULL)
        return cmio__task_list_pop(&worker->list);
    struct cmio__task *task = NULL;
    if (worker->in_a_row < IN_A_ROW && (task = take_next(worker)) != NULL) {
        worker->in_a_row++;
        return task;
    }
    worker->in_a_row = 0;
    task = take_queued(worker);
    return task != NULL ? task : take_next(worker);
}

/* Becomes a searcher unless half of the workers already search. */
static bool begin_search(struct cmio__worker *worker) {
    struct cmio_executor *executor = worker->executor;
    if (worker->searching)
        return true;
    if (2 * atomic_load_explicit(&executor->searching, memory_order_relaxed) >= executor->count)
        return false;
    (void)atomic_fetch_add_explicit(&executor->searching, 1, memory_order_seq_cst);
    worker->searching = true;
    return true;
}

/* Stops searching. Returns whether it was the last searcher. */
static bool end_search(struct cmio__worker *worker) {
    worker->searching = false;
    return atomic_fetch_sub_explicit(&worker->executor->searching, 1, memory_order_seq_cst) == 1;
}

static struct cmio__task *steal(struct cmio__worker *worker) {
    struct cmio_executor *executor = worker->executor;
    if (!begin_search(worker))
        return NULL;
    for (unsigned i = 1; i < executor->count; i++) {
        struct cmio__worker *other = &executor->workers[(worker->index + i) % executor->count];
        struct cmio__task *task = cmio__run_queue_steal(&worker->queue, &other->queue);
        if (task != NULL) {
            cmio__count(&worker->steals);
            return task;
        }
    }
    return NULL;
}

struct cmio__task *cmio__schedule_next(struct cmio__worker *worker) {
    struct cmio__task *task = take_own(worker);
    if (task == NULL && cmio__schedule_injected(worker))
        task = take_own(worker);
    if (task == NULL && worker->executor->alone == NULL)
        task = steal(worker);
    if (task != NULL && CMIO__UNLIKELY(worker->searching) && end_search(worker))
        cmio__unpark_one(worker->executor); /* there may be more: another worker searches on */
    return task;
}

/* Idling */

void cmio__unpark_one(struct cmio_executor *executor) {
    atomic_thread_fence(memory_order_seq_cst); /* after the work was pushed */
    if (atomic_load_explicit(&executor->idle_count, memory_order_seq_cst) == 0 ||
        atomic_load_explicit(&executor->searching, memory_order_seq_cst) != 0)
        return;
    cmio__lock_take(&executor->idle_lock);
    struct cmio__worker *worker = executor->idle;
    if (worker != NULL) {
        executor->idle = worker->next_idle;
        worker->idle = false;
        (void)atomic_fetch_add_explicit(&executor->unparking, 1, memory_order_relaxed);
        /* It counts as a searcher from now on, so whoever makes work next need not wake another. */
        (void)atomic_fetch_add_explicit(&executor->searching, 1, memory_order_seq_cst);
        (void)atomic_fetch_sub_explicit(&executor->idle_count, 1, memory_order_seq_cst);
    }
    cmio__lock_release(&executor->idle_lock);
    if (worker == NULL)
        return;
    (void)cmio_waker_wake(worker->waker); /* fails only if the system is broken */
    (void)atomic_fetch_sub_explicit(&executor->unparking, 1, memory_order_release);
}

void cmio__unpark_all(struct cmio_executor *executor) {
    for (unsigned i = 0; i < executor->count; i++)
        (void)cmio_waker_wake(executor->workers[i].waker);
}

static void become_idle(struct cmio__worker *worker) {
    struct cmio_executor *executor = worker->executor;
    cmio__lock_take(&executor->idle_lock);
    worker->idle = true;
    worker->next_idle = executor->idle;
    executor->idle = worker;
    (void)atomic_fetch_add_explicit(&executor->idle_count, 1, memory_order_seq_cst);
    cmio__lock_release(&executor->idle_lock);
}

/* Leaves the idle list. If the thread that woke it has already removed it, it is now a searcher. */
static void become_busy(struct cmio__worker *worker) {
    struct cmio_executor *executor = worker->executor;
    cmio__lock_take(&executor->idle_lock);
    worker->searching = !worker->idle;
    if (worker->idle) {
        struct cmio__worker **link = &executor->idle;
        while (*link != worker)
            link = &(*link)->next_idle;
        *link = worker->next_idle;
        worker->idle = false;
        (void)atomic_fetch_sub_explicit(&executor->idle_count, 1, memory_order_seq_cst);
    }
    cmio__lock_release(&executor->idle_lock);
}

/* Whether there is work that any worker may take, or that this one must. */
static bool there_is_work(struct cmio__worker *worker) {
    struct cmio_executor *executor = worker->executor;
    if (atomic_load_explicit(&worker->has_sent, memory_order_seq_cst) ||
        atomic_load_explicit(&executor->injected_count, memory_order_seq_cst) > 0 ||
        atomic_load_explicit(&executor->stopped, memory_order_seq_cst))
        return true;
    for (unsigned i = 0; i < executor->count; i++)
        if (cmio__run_queue_count(&executor->workers[i].queue) > 0)
            return true;
    return false;
}

/* How long to wait if nothing happens: until the next timer, or the deadline of a shutdown. */
static int64_t wait_until(struct cmio__worker *worker) {
    const int64_t timer = cmio__wheel_next_deadline(&worker->wheel);
    const int64_t limit = worker->deadline;
    if (limit <= 0)
        return timer;
    return timer == CMIO_FOREVER || limit < timer ? limit : timer;
}

void cmio__park(struct cmio__worker *worker) {
    become_idle(worker);
    atomic_store_explicit(&worker->parked, true, memory_order_seq_cst);
    if (worker->searching)
        (void)end_search(worker);
    atomic_thread_fence(memory_order_seq_cst); /* before the queues are looked at */
    if (!there_is_work(worker)) {
        cmio__count(&worker->parks);
        cmio__relief_wait(worker, wait_until(worker));
    }
    atomic_store_explicit(&worker->parked, false, memory_order_relaxed);
    become_busy(worker);
}
