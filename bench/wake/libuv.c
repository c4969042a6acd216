/* SPDX-License-Identifier: MIT */
#include "wake/wake.h"

#include <uv.h>

struct loop {
    uv_loop_t loop;
    uv_async_t waker;
    void (*seen)(struct loop *);
};

static void on_wake(uv_async_t *waker) {
    struct loop *loop = waker->data;
    loop->seen(loop);
}

static struct loop *loop_new(void (*seen)(struct loop *)) {
    struct loop *loop = calloc(1, sizeof *loop);
    BENCH_CHECK(loop != NULL);
    loop->seen = seen;
    BENCH_CHECK(uv_loop_init(&loop->loop) == 0);
    BENCH_CHECK(uv_async_init(&loop->loop, &loop->waker, on_wake) == 0);
    loop->waker.data = loop;
    return loop;
}

static void loop_wake(struct loop *loop) {
    BENCH_CHECK(uv_async_send(&loop->waker) == 0);
}

static void loop_run(struct loop *loop) {
    (void)uv_run(&loop->loop, UV_RUN_DEFAULT);
}

static void loop_stop(struct loop *loop) {
    uv_stop(&loop->loop);
}
