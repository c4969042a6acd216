/* SPDX-License-Identifier: MIT */
#include "pipes/pipes.h"

#include <uv.h>

static uv_loop_t loop;
static uv_poll_t *watchers;

static void on_readable(uv_poll_t *watcher, int status, int events) {
    (void)status;
    (void)events;
    pipes_read(watcher - watchers);
    if (pipes_done())
        uv_stop(&loop);
}

static void watch_all(void) {
    watchers = calloc((size_t)pairs, sizeof *watchers);
    BENCH_CHECK(watchers != NULL && uv_loop_init(&loop) == 0);
    for (long i = 0; i < pairs; i++) {
        BENCH_CHECK(uv_poll_init(&loop, &watchers[i], readers[i]) == 0);
        BENCH_CHECK(uv_poll_start(&watchers[i], UV_READABLE, on_readable) == 0);
    }
}

static void run_once(void) {
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}
