/* SPDX-License-Identifier: MIT */
/*
 * ev_timer_again moves a timer in the heap; ev_timer_stop and start would take it out first.
 */
#include <ev.h>

typedef ev_tstamp timers_delay;
#include "timers/timers.h"

static struct ev_loop *loop;
static ev_timer *all;

static void on_expired(struct ev_loop *the_loop, ev_timer *timer, int events) {
    (void)events;
    timers_fired(timer - all);
    if (timers_done())
        ev_break(the_loop, EVBREAK_ALL);
}

static timers_delay timers_convert(int64_t nanoseconds) {
    return (ev_tstamp)nanoseconds * 1e-9;
}

static void timers_open(void) {
    loop = ev_loop_new(EVBACKEND_EPOLL);
    all = calloc((size_t)timers, sizeof *all);
    BENCH_CHECK(loop != NULL && all != NULL);
    for (long i = 0; i < timers; i++)
        ev_init(&all[i], on_expired);
}

static void timers_inside(void (*what)(void)) {
    ev_now_update(loop);
    what();
}

static int64_t timers_clock(void) {
    return (int64_t)(ev_now(loop) * 1e9);
}

static inline void timers_set(long i, timers_delay delay) {
    ev_timer_set(&all[i], delay, 0.);
    ev_timer_start(loop, &all[i]);
}

static inline void timers_reset(long i, timers_delay delay) {
    all[i].repeat = delay;
    ev_timer_again(loop, &all[i]);
}

static inline void timers_cancel(long i) {
    ev_timer_stop(loop, &all[i]);
}

static bool timers_is_set(long i) {
    return ev_is_active(&all[i]);
}

static void timers_run(void) {
    ev_run(loop, 0);
}
