/* SPDX-License-Identifier: MIT */
/*
 * The yardstick: a heap with four children per node, in which timers know their place, and
 * epoll_wait(2) with the remaining time in whole milliseconds, rounded up.
 */
#include <stdint.h>

typedef int64_t timers_delay;
#include "timers/timers.h"

#include <sys/epoll.h>
#include <unistd.h>

struct timer {
    int64_t deadline;
    long place; /* in the heap; 0: not set */
};

struct node {
    int64_t deadline; /* the timer's; here so that comparing nodes finds it nearby */
    struct timer *timer;
};

enum { FIRST = 1 };

static int set;
static struct timer *all;
static struct node *heap; /* from FIRST on */
static long size;
static int64_t now;

static timers_delay timers_convert(int64_t nanoseconds) {
    return nanoseconds;
}

static inline long parent_of(long place) {
    return (place - FIRST + 3) / 4 + FIRST - 1;
}

static inline long child_of(long place) {
    return 4 * (place - FIRST) + FIRST + 1;
}

static inline void put(long place, struct node node) {
    heap[place] = node;
    node.timer->place = place;
}

static inline void sift_up(long place, struct node node) {
    for (; place > FIRST && heap[parent_of(place)].deadline > node.deadline;
         place = parent_of(place))
        put(place, heap[parent_of(place)]);
    put(place, node);
}

static inline long earliest_child(long child) {
    const long end = child + 4 <= FIRST + size ? child + 4 : FIRST + size;
    long earliest = child;
    for (long other = child + 1; other < end; other++)
        if (heap[other].deadline < heap[earliest].deadline)
            earliest = other;
    return earliest;
}

static inline void sift_down(long place, struct node node) {
    for (long child; (child = child_of(place)) < FIRST + size;) {
        child = earliest_child(child);
        if (heap[child].deadline >= node.deadline)
            break;
        put(place, heap[child]);
        place = child;
    }
    put(place, node);
}

static inline void sift(long place, struct node node) {
    if (place > FIRST && heap[parent_of(place)].deadline > node.deadline)
        sift_up(place, node);
    else
        sift_down(place, node);
}

static void timers_open(void) {
    set = epoll_create1(EPOLL_CLOEXEC);
    all = calloc((size_t)timers, sizeof *all);
    heap = calloc((size_t)timers + FIRST, sizeof *heap);
    BENCH_CHECK(set >= 0 && all != NULL && heap != NULL);
    now = bench_now();
}

static void timers_inside(void (*what)(void)) {
    now = bench_now();
    what();
}

static int64_t timers_clock(void) {
    return now;
}

static inline void timers_set(long i, timers_delay delay) {
    all[i].deadline = now + delay;
    sift_up(FIRST + size++, (struct node){all[i].deadline, &all[i]});
}

static inline void timers_reset(long i, timers_delay delay) {
    all[i].deadline = now + delay;
    sift(all[i].place, (struct node){all[i].deadline, &all[i]});
}

static inline void take_out(struct timer *timer) {
    const struct node last = heap[FIRST + --size];
    if (last.timer != timer)
        sift(timer->place, last);
    timer->place = 0;
}

static inline void timers_cancel(long i) {
    take_out(&all[i]);
}

static bool timers_is_set(long i) {
    return all[i].place != 0;
}

static int time_left(void) {
    const int64_t left_over = heap[FIRST].deadline - now;
    return left_over <= 0 ? 0 : (int)((left_over + 999999) / 1000000);
}

static void timers_run(void) {
    struct epoll_event events[64];
    const int ready = epoll_wait(set, events, 64, time_left());
    BENCH_CHECK(ready == 0 || errno == EINTR);
    now = bench_now();
    while (size > 0 && heap[FIRST].deadline <= now) {
        struct timer *timer = heap[FIRST].timer;
        take_out(timer);
        timers_fired(timer - all);
    }
}
