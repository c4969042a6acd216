/* SPDX-License-Identifier: MIT */
#define PIPES_OWN_SOCKETS
#include "pipes/pipes.h"

#include <cmio/cmio.h>

static struct cmio_poll *poll;
static struct cmio_events *events;
static struct cmio_unix_stream *reading;
static struct cmio_unix_stream *writing;

static inline ssize_t pipes_send(long i, const void *buffer, size_t length) {
    return cmio_unix_stream_write(&writing[i], buffer, length);
}

static inline ssize_t pipes_receive(long i, void *buffer, size_t length) {
    return cmio_unix_stream_read(&reading[i], buffer, length);
}

static void watch_all(void) {
    reading = calloc((size_t)pairs, sizeof *reading);
    writing = calloc((size_t)pairs, sizeof *writing);
    BENCH_CHECK(reading != NULL && writing != NULL);
    BENCH_CHECK(cmio_poll_new(&poll) == 0 && cmio_events_new(&events, 1024) == 0);
    for (long i = 0; i < pairs; i++) {
        BENCH_CHECK(cmio_unix_stream_from_fd(&reading[i], readers[i]) == 0);
        BENCH_CHECK(cmio_unix_stream_from_fd(&writing[i], writers[i]) == 0);
        BENCH_CHECK(cmio_registry_register(cmio_poll_registry(poll), &reading[i].source,
                                           (cmio_token)i, CMIO_READABLE) == 0);
    }
}

static void run_once(void) {
    BENCH_CHECK_WAIT(cmio_poll_wait(poll, events, CMIO_FOREVER));
    CMIO_EVENTS_FOREACH (event, events)
        pipes_read((long)event->token);
}
