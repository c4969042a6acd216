/* SPDX-License-Identifier: MIT */
#include "wake/wake.h"

#include <ev.h>

struct loop {
    struct ev_loop *loop;
    ev_async waker;
    void (*seen)(struct loop *);
};

static void on_wake(struct ev_loop *the_loop, ev_async *waker, int events) {
    struct loop *loop = waker->data;
    (void)the_loop;
    (void)events;
    loop->seen(loop);
}

static struct loop *loop_new(void (*seen)(struct loop *)) {
    struct loop *loop = calloc(1, sizeof *loop);
    BENCH_CHECK(loop != NULL);
    loop->seen = seen;
    loop->loop = ev_loop_new(EVBACKEND_EPOLL);
    BENCH_CHECK(loop->loop != NULL);
    ev_async_init(&loop->waker, on_wake);
    loop->waker.data = loop;
    ev_async_start(loop->loop, &loop->waker);
    return loop;
}

static void loop_wake(struct loop *loop) {
    ev_async_send(loop->loop, &loop->waker);
}

static void loop_run(struct loop *loop) {
    ev_run(loop->loop, 0);
}

static void loop_stop(struct loop *loop) {
    ev_break(loop->loop, EVBREAK_ALL);
}
