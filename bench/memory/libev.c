/* SPDX-License-Identifier: MIT */
#include "memory/memory.h"

#include <ev.h>

static struct ev_loop *loop;
static ev_io *watchers;
static ev_timer *timers;

static void on_readable(struct ev_loop *the_loop, ev_io *watcher, int events) {
    (void)the_loop;
    (void)events;
    memory_ready(watcher - watchers);
}

static void on_expired(struct ev_loop *the_loop, ev_timer *timer, int events) {
    (void)the_loop;
    (void)timer;
    (void)events;
}

static void memory_open(void) {
    loop = ev_loop_new(EVBACKEND_EPOLL);
    BENCH_CHECK(loop != NULL);
    ev_run(loop, EVRUN_NOWAIT);
}

static void memory_watch(void) {
    watchers = memory_allocate(sizeof *watchers);
    for (long i = 0; i < count; i++) {
        ev_io_init(&watchers[i], on_readable, fds[i], EV_READ);
        ev_io_start(loop, &watchers[i]);
    }
    ev_run(loop, EVRUN_NOWAIT);
}

static void memory_set(void) {
    timers = memory_allocate(sizeof *timers);
    for (long i = 0; i < count; i++) {
        ev_timer_init(&timers[i], on_expired, (ev_tstamp)memory_delay() * 1e-3, 0.);
        ev_timer_start(loop, &timers[i]);
    }
}

static void memory_run(void) {
    ev_run(loop, EVRUN_ONCE);
}
