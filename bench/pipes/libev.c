/* SPDX-License-Identifier: MIT */
#include "pipes/pipes.h"

#include <ev.h>

static struct ev_loop *loop;
static ev_io *watchers;

static void on_readable(struct ev_loop *the_loop, ev_io *watcher, int events) {
    (void)events;
    pipes_read(watcher - watchers);
    if (pipes_done())
        ev_break(the_loop, EVBREAK_ALL);
}

static void watch_all(void) {
    loop = ev_loop_new(EVBACKEND_EPOLL);
    watchers = calloc((size_t)pairs, sizeof *watchers);
    BENCH_CHECK(loop != NULL && watchers != NULL);
    for (long i = 0; i < pairs; i++) {
        ev_io_init(&watchers[i], on_readable, readers[i], EV_READ);
        ev_io_start(loop, &watchers[i]);
    }
}

static void run_once(void) {
    ev_run(loop, 0);
}
