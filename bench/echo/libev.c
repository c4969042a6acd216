/* SPDX-License-Identifier: MIT */
#include "echo/echo.h"

#include <ev.h>

static struct ev_loop *loop;
static ev_io *watchers;

static void on_readable(struct ev_loop *the_loop, ev_io *watcher, int events) {
    (void)events;
    echo_ready(watcher - watchers);
    if (echo_done())
        ev_break(the_loop, EVBREAK_ALL);
}

static void watch_all(void) {
    loop = ev_loop_new(EVBACKEND_EPOLL);
    watchers = calloc(2 * (size_t)connections, sizeof *watchers);
    BENCH_CHECK(loop != NULL && watchers != NULL);
    for (long end = 0; end < 2 * connections; end++) {
        ev_io_init(&watchers[end], on_readable, ends[end], EV_READ);
        ev_io_start(loop, &watchers[end]);
    }
}

static void run_once(void) {
    ev_run(loop, 0);
}
