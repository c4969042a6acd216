/* SPDX-License-Identifier: MIT */
#include <cmio/cmio.h>

typedef int64_t timers_delay;
#include "timers/timers.h"

static struct cmio_poll *poll;
static struct cmio_events *events;
static struct cmio_timers *wheel;
static struct cmio_timer *all;
static int64_t now;

static timers_delay timers_convert(int64_t nanoseconds) {
    return nanoseconds;
}

static void timers_open(void) {
    all = calloc((size_t)timers, sizeof *all);
    BENCH_CHECK(all != NULL && cmio_timers_new(&wheel) == 0);
    BENCH_CHECK(cmio_poll_new(&poll) == 0 && cmio_events_new(&events, 64) == 0);
    for (long i = 0; i < timers; i++)
        BENCH_CHECK(cmio_timer_init(&all[i], (cmio_token)i) == 0);
}

static void timers_inside(void (*what)(void)) {
    now = cmio_now();
    what();
}

static int64_t timers_clock(void) {
    return now;
}

static inline void timers_set(long i, timers_delay delay) {
    BENCH_CHECK(cmio_timers_set(wheel, &all[i], now + delay) == 0);
}

static inline void timers_reset(long i, timers_delay delay) {
    BENCH_CHECK(cmio_timers_set(wheel, &all[i], now + delay) == 0);
}

static inline void timers_cancel(long i) {
    BENCH_CHECK(cmio_timers_cancel(wheel, &all[i]) == 0);
}

static bool timers_is_set(long i) {
    return cmio_timer_is_set(&all[i]);
}

static void timers_run(void) {
    BENCH_CHECK_WAIT(cmio_poll_wait_until(poll, events, cmio_timers_next_deadline(wheel)));
    now = cmio_now();
    for (struct cmio_timer *timer; (timer = cmio_timers_pop(wheel, now)) != NULL;)
        timers_fired((long)timer->token);
}
