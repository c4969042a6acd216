/* SPDX-License-Identifier: MIT */
#include "memory/memory.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/time.h>

static struct event_base *base;
static struct event *all; /* sources or timers */

static void on_event(evutil_socket_t fd, short events, void *argument) {
    (void)fd;
    (void)events;
    memory_ready((struct event *)argument - all);
}

static void memory_open(void) {
    base = event_base_new();
    BENCH_CHECK(base != NULL);
    BENCH_CHECK(event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_NO_EXIT_ON_EMPTY) >= 0);
}

static void memory_watch(void) {
    all = memory_allocate(sizeof *all);
    for (long i = 0; i < count; i++) {
        BENCH_CHECK(event_assign(&all[i], base, fds[i], EV_READ | EV_PERSIST | EV_ET, on_event,
                                 &all[i]) == 0);
        BENCH_CHECK(event_add(&all[i], NULL) == 0);
    }
    BENCH_CHECK(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
}

static void memory_set(void) {
    all = memory_allocate(sizeof *all);
    for (long i = 0; i < count; i++) {
        const int64_t delay = memory_delay();
        const struct timeval time = {.tv_sec = delay / 1000, .tv_usec = delay % 1000 * 1000};
        BENCH_CHECK(evtimer_assign(&all[i], base, on_event, &all[i]) == 0);
        BENCH_CHECK(event_add(&all[i], &time) == 0);
    }
}

static void memory_run(void) {
    BENCH_CHECK(event_base_loop(base, EVLOOP_ONCE) >= 0);
}
