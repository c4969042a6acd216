/* SPDX-License-Identifier: MIT */
#include <uv.h>

struct loop {
    uv_loop_t loop;
    uv_async_t waker;
};

#include "open/open.h"

static void on_wake(uv_async_t *waker) {
    (void)waker;
}

static void open_loop(struct loop *loop) {
    BENCH_CHECK(uv_loop_init(&loop->loop) == 0);
    BENCH_CHECK(uv_async_init(&loop->loop, &loop->waker, on_wake) == 0);
}

static void close_loop(struct loop *loop) {
    uv_close((uv_handle_t *)&loop->waker, NULL);
    BENCH_CHECK(uv_run(&loop->loop, UV_RUN_DEFAULT) == 0);
    BENCH_CHECK(uv_loop_close(&loop->loop) == 0);
}
