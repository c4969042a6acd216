/* SPDX-License-Identifier: MIT */

/*
 * The least that a scheduler must do, for the modes of bench/tasks/cmio.c that have such a floor. A
 * task is a block of its own with a function to poll it and a state word that any thread may set. A
 * wake is one atomic operation on that word, a poll is two, and the queue is a list of one thread.
 * Nothing is counted, there is no poll for events, and tasks cannot be aborted, named, listed or
 * stolen.
 *
 *     mode 1    allocate a task, queue it, run it, hand its end to the waiting task, free it
 *          2    mode 1 in batches of 1,000
 *          3    two tasks that hand over to each other
 *          5    two tasks that are queued again and again
 *          10   two threads that hand over with an eventfd and epoll each, which nobody reads
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/bench.h"

enum { BATCH = 1000 };
enum { IDLE, QUEUED, RUNNING, ENDED };

static long mode = 1;
static long count = 1000000;
static long pin = 0;

static const struct bench_option options[] = {
    {"mode", &mode, 1, 10},
    {"count", &count, 1, 1000000000},
    {"pin", &pin, 0, 1},
    {NULL, NULL, 0, 0},
};

/* Tasks */

struct task {
    bool (*poll)(struct task *task); /* whether it has ended */
    struct task *next;
    struct task *other; /* the task that it wakes: its partner, or the one that waits for its end */
    _Atomic unsigned state;
    long left;
    char rest[64]; /* a future of medium size */
};

static struct task *first, **last = &first;

static void push(struct task *task) {
    task->next = NULL;
    *last = task;
    last = &task->next;
}

static void wake(struct task *task) {
    if (atomic_exchange_explicit(&task->state, QUEUED, memory_order_acq_rel) != QUEUED)
        push(task);
}

static void run_one(void) {
    struct task *task = first;
    first = task->next;
    if (first == NULL)
        last = &first;
    atomic_store_explicit(&task->state, RUNNING, memory_order_release);
    if (task->poll(task)) {
        atomic_store_explicit(&task->state, ENDED, memory_order_release);
        if (task->other != NULL)
            wake(task->other);
        return;
    }
    unsigned state = RUNNING; /* QUEUED if it was woken meanwhile */
    (void)atomic_compare_exchange_strong_explicit(&task->state, &state, IDLE, memory_order_acq_rel,
                                                  memory_order_acquire);
}

static void run_all(void) {
    while (first != NULL)
        run_one();
}

static struct task *new_task(bool (*poll)(struct task *task), struct task *other) {
    struct task *task = malloc(sizeof *task);
    BENCH_CHECK(task != NULL);
    *task = (struct task){.poll = poll, .other = other, .state = IDLE};
    return task;
}

static struct task *spawn(bool (*poll)(struct task *task), struct task *other) {
    struct task *task = new_task(poll, other);
    task->state = QUEUED;
    push(task);
    return task;
}

/* Spawning, from a task that each end wakes. */

static bool poll_nothing(struct task *task) {
    (void)task;
    return true;
}

static struct task *batch[BATCH];
static long batch_size = 1;

static bool poll_spawner(struct task *task) {
    for (long i = 0; i < batch_size; i++) {
        if (batch[i] != NULL && atomic_load(&batch[i]->state) != ENDED)
            return false;
        free(batch[i]);
        batch[i] = NULL;
    }
    if (task->left <= 0)
        return true;
    for (long i = 0; i < batch_size; i++)
        batch[i] = spawn(poll_nothing, i == batch_size - 1 ? task : NULL);
    task->left -= batch_size;
    return false;
}

static void run_spawns(long size) {
    batch_size = size;
    struct task *spawner = spawn(poll_spawner, NULL);
    spawner->left = count;
    run_all();
    free(spawner);
}

/* Handing over */

static bool poll_player(struct task *task) {
    wake(task->other);
    return --task->left <= 0;
}

static bool poll_yielder(struct task *task) {
    wake(task);
    return --task->left <= 0;
}

static void run_two(struct task *one, struct task *two) {
    one->left = two->left = count / 2;
    while (one->left > 0 || two->left > 0)
        run_one();
    free(one);
    free(two);
}

static void run_players(void) {
    struct task *one = new_task(poll_player, NULL);
    one->other = spawn(poll_player, one);
    run_two(one, one->other);
}

static void run_yielders(void) {
    struct task *one = spawn(poll_yielder, NULL);
    run_two(one, spawn(poll_yielder, NULL));
}

/* Threads apart */

struct side {
    int event, epoll;
};

static struct side sides[2];

static void open_side(struct side *side) {
    struct epoll_event interest = {.events = EPOLLIN | EPOLLET};
    side->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    side->epoll = epoll_create1(EPOLL_CLOEXEC);
    BENCH_CHECK(side->event >= 0 && side->epoll >= 0);
    BENCH_CHECK(epoll_ctl(side->epoll, EPOLL_CTL_ADD, side->event, &interest) == 0);
}

static void await_turn(const struct side *side) {
    struct epoll_event event;
    while (epoll_wait(side->epoll, &event, 1, -1) < 1)
        BENCH_CHECK(errno == EINTR);
}

static void give_turn(const struct side *side) {
    const uint64_t one = 1;
    BENCH_CHECK(write(side->event, &one, sizeof one) == sizeof one);
}

static void play(bool begins) {
    if (pin != 0)
        bench_pin(begins ? 0 : 1);
    for (long left = count / 2; left > 0; left--) {
        if (begins)
            give_turn(&sides[0]);
        await_turn(&sides[begins]);
        if (!begins)
            give_turn(&sides[1]);
    }
}

static void *play_second(void *argument) {
    (void)argument;
    play(false);
    return NULL;
}

static void run_apart(void) {
    pthread_t thread;
    open_side(&sides[0]);
    open_side(&sides[1]);
    BENCH_CHECK(pthread_create(&thread, NULL, play_second, NULL) == 0);
    play(true);
    BENCH_CHECK(pthread_join(thread, NULL) == 0);
}

int main(int argc, char **argv) {
    bench_options(argc, argv, options);
    const struct bench_begin begin = bench_begin();
    switch (mode) {
    case 1:
        run_spawns(1);
        break;
    case 2:
        run_spawns(BATCH);
        break;
    case 3:
        run_players();
        break;
    case 5:
        run_yielders();
        break;
    case 10:
        run_apart();
        break;
    default:
        BENCH_CHECK(!"such a mode");
        break;
    }
    bench_report_each(begin, count);
    return 0;
}
