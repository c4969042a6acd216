/* SPDX-License-Identifier: MIT */
#include <uv.h>

typedef uint64_t timers_delay;
#include "timers/timers.h"

static uv_loop_t loop;
static uv_timer_t *all;

static void on_expired(uv_timer_t *timer) {
    timers_fired(timer - all);
}

static timers_delay timers_convert(int64_t nanoseconds) {
    return ((uint64_t)nanoseconds + 999999) / 1000000;
}

static void timers_open(void) {
    all = calloc((size_t)timers, sizeof *all);
    BENCH_CHECK(all != NULL && uv_loop_init(&loop) == 0);
    for (long i = 0; i < timers; i++)
        BENCH_CHECK(uv_timer_init(&loop, &all[i]) == 0);
}

static void timers_inside(void (*what)(void)) {
    uv_update_time(&loop);
    what();
}

static int64_t timers_clock(void) {
    return (int64_t)uv_now(&loop) * 1000000;
}

static inline void timers_set(long i, timers_delay delay) {
    BENCH_CHECK(uv_timer_start(&all[i], on_expired, delay, 0) == 0);
}

static inline void timers_reset(long i, timers_delay delay) {
    BENCH_CHECK(uv_timer_start(&all[i], on_expired, delay, 0) == 0);
}

static inline void timers_cancel(long i) {
    BENCH_CHECK(uv_timer_stop(&all[i]) == 0);
}

static bool timers_is_set(long i) {
    return uv_is_active((const uv_handle_t *)&all[i]);
}

static void timers_run(void) {
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}
