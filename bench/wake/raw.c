/* SPDX-License-Identifier: MIT */
/*
 * The yardstick: an eventfd(2) in epoll(7), edge-triggered. Each write is an edge, so it need not
 * be read.
 */
#include "wake/wake.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct loop {
    int set;
    int wakes;
    bool stop;
    void (*seen)(struct loop *);
};

static struct loop *loop_new(void (*seen)(struct loop *)) {
    struct loop *loop = calloc(1, sizeof *loop);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = loop};
    BENCH_CHECK(loop != NULL);
    loop->seen = seen;
    loop->set = epoll_create1(EPOLL_CLOEXEC);
    loop->wakes = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    BENCH_CHECK(epoll_ctl(loop->set, EPOLL_CTL_ADD, loop->wakes, &event) == 0);
    return loop;
}

static void loop_wake(struct loop *loop) {
    const uint64_t one = 1;
    BENCH_CHECK(write(loop->wakes, &one, sizeof one) == sizeof one);
}

static void loop_run(struct loop *loop) {
    struct epoll_event events[64];
    while (!loop->stop) {
        const int ready = epoll_wait(loop->set, events, 64, -1);
        for (int i = 0; i < ready; i++)
            loop->seen(events[i].data.ptr);
    }
}

static void loop_stop(struct loop *loop) {
    loop->stop = true;
}
