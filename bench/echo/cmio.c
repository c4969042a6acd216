/* SPDX-License-Identifier: MIT */
#define ECHO_OWN_SOCKETS
#include "echo/echo.h"

#include <cmio/cmio.h>

static struct cmio_poll *poll;
static struct cmio_events *events;
static struct cmio_tcp_stream *streams;

static inline ssize_t echo_send(long end, const void *buffer, size_t length) {
    return cmio_tcp_stream_write(&streams[end], buffer, length);
}

static inline ssize_t echo_receive(long end, void *buffer, size_t length) {
    return cmio_tcp_stream_read(&streams[end], buffer, length);
}

static void watch_all(void) {
    streams = calloc(2 * (size_t)connections, sizeof *streams);
    BENCH_CHECK(streams != NULL);
    BENCH_CHECK(cmio_poll_new(&poll) == 0 && cmio_events_new(&events, 1024) == 0);
    for (long end = 0; end < 2 * connections; end++) {
        BENCH_CHECK(cmio_tcp_stream_from_fd(&streams[end], ends[end]) == 0);
        BENCH_CHECK(cmio_registry_register(cmio_poll_registry(poll), &streams[end].source,
                                           (cmio_token)end, CMIO_READABLE) == 0);
    }
}

static void run_once(void) {
    BENCH_CHECK_WAIT(cmio_poll_wait(poll, events, CMIO_FOREVER));
    CMIO_EVENTS_FOREACH (event, events)
        echo_ready((long)event->token);
}
