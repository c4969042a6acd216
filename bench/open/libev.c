/* SPDX-License-Identifier: MIT */
#include <ev.h>

struct loop {
    struct ev_loop *loop;
    ev_async waker;
};

#include "open/open.h"

static void on_wake(struct ev_loop *loop, ev_async *waker, int events) {
    (void)loop;
    (void)waker;
    (void)events;
}

static void open_loop(struct loop *loop) {
    loop->loop = ev_loop_new(EVBACKEND_EPOLL);
    BENCH_CHECK(loop->loop != NULL);
    ev_async_init(&loop->waker, on_wake);
    ev_async_start(loop->loop, &loop->waker);
}

static void close_loop(struct loop *loop) {
    ev_async_stop(loop->loop, &loop->waker);
    ev_loop_destroy(loop->loop);
}
