/* SPDX-License-Identifier: MIT */
#include "churn/churn.h"

#include <cmio/cmio.h>

enum { LISTENER = -1, CONNECTION = -2 };

static struct cmio_poll *poll;
static struct cmio_registry *registry;
static struct cmio_events *events;
static struct cmio_fd_source *all;
static struct cmio_tcp_listener listener;
static struct cmio_tcp_stream connection;

static void churn_open(void) {
    all = calloc((size_t)fds_count, sizeof *all);
    BENCH_CHECK(all != NULL);
    BENCH_CHECK(cmio_poll_new(&poll) == 0 && cmio_events_new(&events, 64) == 0);
    registry = cmio_poll_registry(poll);
    for (long i = 0; i < fds_count; i++)
        BENCH_CHECK(cmio_fd_source_init(&all[i], fds[i]) == 0);
}

static inline void churn_register(long i) {
    BENCH_CHECK(cmio_registry_register(registry, &all[i].source, (cmio_token)i, CMIO_READABLE) ==
                0);
}

static inline void churn_deregister(long i) {
    BENCH_CHECK(cmio_registry_deregister(registry, &all[i].source) == 0);
}

static inline void churn_widen(long i) {
    BENCH_CHECK(cmio_registry_reregister(registry, &all[i].source, (cmio_token)i,
                                         CMIO_READABLE | CMIO_WRITABLE) == 0);
}

static inline void churn_narrow(long i) {
    BENCH_CHECK(cmio_registry_reregister(registry, &all[i].source, (cmio_token)i, CMIO_READABLE) ==
                0);
}

static void churn_listen(int fd) {
    BENCH_CHECK(cmio_tcp_listener_from_fd(&listener, fd) == 0);
    BENCH_CHECK(cmio_registry_register(registry, &listener.source, (cmio_token)LISTENER,
                                       CMIO_READABLE) == 0);
}

static inline bool churn_accept(void) {
    if (cmio_tcp_listener_accept(&listener, &connection, NULL) < 0)
        return false;
    BENCH_CHECK(cmio_registry_register(registry, &connection.source, (cmio_token)CONNECTION,
                                       CMIO_READABLE) == 0);
    return true;
}

static inline ssize_t churn_receive(void *buffer, size_t length) {
    return cmio_tcp_stream_read(&connection, buffer, length);
}

static inline void churn_close(void) {
    BENCH_CHECK(cmio_tcp_stream_close(&connection) == 0);
}

static void churn_run(bool wait) {
    BENCH_CHECK_WAIT(cmio_poll_wait(poll, events, wait ? CMIO_FOREVER : 0));
    CMIO_EVENTS_FOREACH (event, events) {
        if (event->token == (cmio_token)LISTENER)
            churn_on_listener();
        else if (event->token == (cmio_token)CONNECTION)
            churn_on_connection();
        else
            churn_ready((long)event->token);
    }
}
