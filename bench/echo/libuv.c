/* SPDX-License-Identifier: MIT */
#include "echo/echo.h"

#include <uv.h>

static uv_loop_t loop;
static uv_poll_t *watchers;

static void on_readable(uv_poll_t *watcher, int status, int events) {
    (void)status;
    (void)events;
    echo_ready(watcher - watchers);
    if (echo_done())
        uv_stop(&loop);
}

static void watch_all(void) {
    watchers = calloc(2 * (size_t)connections, sizeof *watchers);
    BENCH_CHECK(watchers != NULL && uv_loop_init(&loop) == 0);
    for (long end = 0; end < 2 * connections; end++) {
        BENCH_CHECK(uv_poll_init(&loop, &watchers[end], ends[end]) == 0);
        BENCH_CHECK(uv_poll_start(&watchers[end], UV_READABLE, on_readable) == 0);
    }
}

static void run_once(void) {
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}
