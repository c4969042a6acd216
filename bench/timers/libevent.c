/* SPDX-License-Identifier: MIT */
/*
 * By default libevent uses a clock with the system's ticks and is late by up to one tick, which is
 * 4 milliseconds at 250 per second. EVENT_PRECISE_TIMER=1 in the environment makes it precise to
 * about 0.1 ms, with a timerfd that it sets before each wait. At 1000 timers this takes five times
 * the processor time.
 */
#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/time.h>

typedef struct timeval timers_delay;
#include "timers/timers.h"

static struct event_base *base;
static struct event *all;

static void on_expired(evutil_socket_t fd, short events, void *argument) {
    (void)fd;
    (void)events;
    timers_fired((struct event *)argument - all);
}

static timers_delay timers_convert(int64_t nanoseconds) {
    const int64_t microseconds = (nanoseconds + 999) / 1000;
    return (struct timeval){.tv_sec = microseconds / 1000000, .tv_usec = microseconds % 1000000};
}

static void timers_open(void) {
    base = event_base_new();
    all = calloc((size_t)timers, sizeof *all);
    BENCH_CHECK(base != NULL && all != NULL);
    for (long i = 0; i < timers; i++)
        BENCH_CHECK(evtimer_assign(&all[i], base, on_expired, &all[i]) == 0);
}

static void call(evutil_socket_t fd, short events, void *argument) {
    void (**what)(void) = argument;
    (void)fd;
    (void)events;
    (*what)();
}

static void timers_inside(void (*what)(void)) {
    const struct timeval now = {0};
    BENCH_CHECK(event_base_once(base, -1, EV_TIMEOUT, call, &what, &now) == 0);
    BENCH_CHECK(event_base_loop(base, EVLOOP_ONCE) >= 0);
}

static int64_t timers_clock(void) {
    struct timeval time;
    BENCH_CHECK(event_base_gettimeofday_cached(base, &time) == 0);
    return (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_usec * 1000;
}

static inline void timers_set(long i, timers_delay delay) {
    BENCH_CHECK(event_add(&all[i], &delay) == 0);
}

static inline void timers_reset(long i, timers_delay delay) {
    BENCH_CHECK(event_add(&all[i], &delay) == 0);
}

static inline void timers_cancel(long i) {
    BENCH_CHECK(event_del(&all[i]) == 0);
}

static bool timers_is_set(long i) {
    return evtimer_pending(&all[i], NULL);
}

static void timers_run(void) {
    BENCH_CHECK(event_base_dispatch(base) >= 0);
}
