/* SPDX-License-Identifier: MIT */
#include "memory/memory.h"

#include <cmio/cmio.h>

static struct cmio_poll *poll;
static struct cmio_events *events;
static struct cmio_timers *wheel;
static struct cmio_fd_source *sources;
static struct cmio_timer *timers;

static void memory_open(void) {
    BENCH_CHECK(cmio_poll_new(&poll) == 0 && cmio_events_new(&events, 64) == 0);
    BENCH_CHECK(cmio_timers_new(&wheel) == 0);
    BENCH_CHECK(cmio_poll_wait(poll, events, 0) == 0);
}

static void memory_watch(void) {
    sources = memory_allocate(sizeof *sources);
    for (long i = 0; i < count; i++) {
        BENCH_CHECK(cmio_fd_source_init(&sources[i], fds[i]) == 0);
        BENCH_CHECK(cmio_registry_register(cmio_poll_registry(poll), &sources[i].source,
                                           (cmio_token)i, CMIO_READABLE) == 0);
    }
    BENCH_CHECK(cmio_poll_wait(poll, events, 0) == 0);
}

static void memory_set(void) {
    const int64_t now = cmio_now();
    timers = memory_allocate(sizeof *timers);
    for (long i = 0; i < count; i++) {
        BENCH_CHECK(cmio_timer_init(&timers[i], (cmio_token)i) == 0);
        BENCH_CHECK(cmio_timers_set(wheel, &timers[i], now + memory_delay() * CMIO_MILLISECOND) ==
                    0);
    }
}

static void memory_run(void) {
    BENCH_CHECK_WAIT(cmio_poll_wait(poll, events, CMIO_FOREVER));
    CMIO_EVENTS_FOREACH (event, events)
        memory_ready((long)event->token);
}
