/* SPDX-License-Identifier: MIT */
#include "pipes/pipes.h"

#include <event2/event.h>
#include <event2/event_struct.h>

static struct event_base *base;
static struct event *watchers;

static void on_readable(evutil_socket_t fd, short events, void *argument) {
    (void)fd;
    (void)events;
    pipes_read((struct event *)argument - watchers);
    if (pipes_done())
        event_base_loopbreak(base);
}

static void watch_all(void) {
    base = event_base_new();
    watchers = calloc((size_t)pairs, sizeof *watchers);
    BENCH_CHECK(base != NULL && watchers != NULL);
    for (long i = 0; i < pairs; i++) {
        BENCH_CHECK(event_assign(&watchers[i], base, readers[i], EV_READ | EV_PERSIST | EV_ET,
                                 on_readable, &watchers[i]) == 0);
        BENCH_CHECK(event_add(&watchers[i], NULL) == 0);
    }
}

static void run_once(void) {
    BENCH_CHECK(event_base_dispatch(base) == 0);
}
