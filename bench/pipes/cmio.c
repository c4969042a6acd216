/* SPDX-License-Identifier: MIT */
#include "pipes/pipes.h"

#include <cmio/cmio.h>

static struct cmio_poll *poll;
static struct cmio_events *events;

static void watch_all(void) {
    struct cmio_fd_source *sources = calloc((size_t)pairs, sizeof *sources);
    BENCH_CHECK(sources != NULL);
    BENCH_CHECK(cmio_poll_new(&poll) == 0 && cmio_events_new(&events, 1024) == 0);
    for (long i = 0; i < pairs; i++) {
        BENCH_CHECK(cmio_fd_source_init(&sources[i], readers[i]) == 0);
        BENCH_CHECK(cmio_registry_register(cmio_poll_registry(poll), &sources[i].source,
                                           (cmio_token)i, CMIO_READABLE) == 0);
    }
}

static void run_once(void) {
    BENCH_CHECK(cmio_poll_wait(poll, events, CMIO_FOREVER) >= 0);
    CMIO_EVENTS_FOREACH (event, events)
        pipes_read((long)event->token);
}
