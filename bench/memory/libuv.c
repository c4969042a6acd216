/* SPDX-License-Identifier: MIT */
#include "memory/memory.h"

#include <uv.h>

static uv_loop_t loop;
static uv_poll_t *watchers;
static uv_timer_t *timers;

static void on_readable(uv_poll_t *watcher, int status, int events) {
    (void)status;
    (void)events;
    memory_ready(watcher - watchers);
}

static void on_expired(uv_timer_t *timer) {
    (void)timer;
}

static void memory_open(void) {
    BENCH_CHECK(uv_loop_init(&loop) == 0);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
}

static void memory_watch(void) {
    watchers = memory_allocate(sizeof *watchers);
    for (long i = 0; i < count; i++) {
        BENCH_CHECK(uv_poll_init(&loop, &watchers[i], fds[i]) == 0);
        BENCH_CHECK(uv_poll_start(&watchers[i], UV_READABLE, on_readable) == 0);
    }
    (void)uv_run(&loop, UV_RUN_NOWAIT);
}

static void memory_set(void) {
    timers = memory_allocate(sizeof *timers);
    for (long i = 0; i < count; i++) {
        BENCH_CHECK(uv_timer_init(&loop, &timers[i]) == 0);
        BENCH_CHECK(uv_timer_start(&timers[i], on_expired, (uint64_t)memory_delay(), 0) == 0);
    }
}

static void memory_run(void) {
    (void)uv_run(&loop, UV_RUN_ONCE);
}
