/* SPDX-License-Identifier: MIT */
/* With threads switched on, event_active() from another one wakes the loop. */
#include "wake/wake.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/thread.h>

struct loop {
    struct event_base *base;
    struct event waker;
    void (*seen)(struct loop *);
};

static void on_wake(evutil_socket_t fd, short events, void *argument) {
    struct loop *loop = argument;
    (void)fd;
    (void)events;
    loop->seen(loop);
}

static struct loop *loop_new(void (*seen)(struct loop *)) {
    struct loop *loop = calloc(1, sizeof *loop);
    BENCH_CHECK(loop != NULL && evthread_use_pthreads() == 0);
    loop->seen = seen;
    loop->base = event_base_new();
    BENCH_CHECK(loop->base != NULL);
    BENCH_CHECK(event_assign(&loop->waker, loop->base, -1, EV_PERSIST, on_wake, loop) == 0);
    return loop;
}

static void loop_wake(struct loop *loop) {
    event_active(&loop->waker, EV_READ, 0);
}

static void loop_run(struct loop *loop) {
    BENCH_CHECK(event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) == 0);
}

static void loop_stop(struct loop *loop) {
    BENCH_CHECK(event_base_loopbreak(loop->base) == 0);
}
