/* SPDX-License-Identifier: MIT */
#include "echo/echo.h"

#include <event2/event.h>
#include <event2/event_struct.h>

static struct event_base *base;
static struct event *watchers;

static void on_readable(evutil_socket_t fd, short events, void *argument) {
    (void)fd;
    (void)events;
    echo_ready((struct event *)argument - watchers);
    if (echo_done())
        event_base_loopbreak(base);
}

static void watch_all(void) {
    base = event_base_new();
    watchers = calloc(2 * (size_t)connections, sizeof *watchers);
    BENCH_CHECK(base != NULL && watchers != NULL);
    for (long end = 0; end < 2 * connections; end++) {
        BENCH_CHECK(event_assign(&watchers[end], base, ends[end], EV_READ | EV_PERSIST | EV_ET,
                                 on_readable, &watchers[end]) == 0);
        BENCH_CHECK(event_add(&watchers[end], NULL) == 0);
    }
}

static void run_once(void) {
    BENCH_CHECK(event_base_dispatch(base) == 0);
}
