/* SPDX-License-Identifier: MIT */
/*
 * The yardstick: epoll(7), which keeps the index of a source itself, and a heap. The heap is not
 * sorted, because only its size matters: a deadline and a place for each timer, and a node that
 * repeats the deadline.
 */
#include "memory/memory.h"

#include <sys/epoll.h>

struct timer {
    int64_t deadline;
    long place;
};

struct node {
    int64_t deadline;
    struct timer *timer;
};

static int set;
static struct timer *all;
static struct node *heap;

static void memory_open(void) {
    struct epoll_event event;
    set = epoll_create1(EPOLL_CLOEXEC);
    BENCH_CHECK(set >= 0);
    BENCH_CHECK(epoll_wait(set, &event, 1, 0) == 0);
}

static void memory_watch(void) {
    for (long i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = (uint64_t)i};
        BENCH_CHECK(epoll_ctl(set, EPOLL_CTL_ADD, fds[i], &event) == 0);
    }
}

static void memory_set(void) {
    const int64_t now = bench_now();
    all = memory_allocate(sizeof *all);
    heap = memory_allocate(sizeof *heap);
    for (long i = 0; i < count; i++) {
        all[i] = (struct timer){.deadline = now + memory_delay() * 1000000, .place = i};
        heap[i] = (struct node){.deadline = all[i].deadline, .timer = &all[i]};
    }
}

static void memory_run(void) {
    struct epoll_event events[64];
    const int ready = epoll_wait(set, events, 64, -1);
    for (int i = 0; i < ready; i++)
        memory_ready((long)events[i].data.u64);
}
