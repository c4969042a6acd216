/* SPDX-License-Identifier: MIT */
/* Two events per descriptor, as is usual with libevent. Adding one is one change of interest. */
#include "churn/churn.h"

#include <event2/event.h>
#include <event2/event_struct.h>

static struct event_base *base;
static struct event *readers;
static struct event *writers;
static struct event listener;
static struct event connection;

static void on_readable(evutil_socket_t fd, short events, void *argument) {
    (void)fd;
    (void)events;
    churn_ready((struct event *)argument - readers);
}

static void on_writable(evutil_socket_t fd, short events, void *argument) {
    (void)fd;
    (void)events;
    churn_ready((struct event *)argument - writers);
}

static void on_listener(evutil_socket_t fd, short events, void *argument) {
    (void)fd;
    (void)events;
    (void)argument;
    churn_on_listener();
}

static void on_connection(evutil_socket_t fd, short events, void *argument) {
    (void)fd;
    (void)events;
    (void)argument;
    churn_on_connection();
}

static void churn_open(void) {
    base = event_base_new();
    readers = calloc((size_t)fds_count, sizeof *readers);
    writers = calloc((size_t)fds_count, sizeof *writers);
    BENCH_CHECK(base != NULL && readers != NULL && writers != NULL);
    for (long i = 0; i < fds_count; i++) {
        BENCH_CHECK(event_assign(&readers[i], base, fds[i], EV_READ | EV_PERSIST | EV_ET,
                                 on_readable, &readers[i]) == 0);
        BENCH_CHECK(event_assign(&writers[i], base, fds[i], EV_WRITE | EV_PERSIST | EV_ET,
                                 on_writable, &writers[i]) == 0);
    }
}

static inline void churn_register(long i) {
    BENCH_CHECK(event_add(&readers[i], NULL) == 0);
}

static inline void churn_deregister(long i) {
    BENCH_CHECK(event_del(&readers[i]) == 0);
}

static inline void churn_widen(long i) {
    BENCH_CHECK(event_add(&writers[i], NULL) == 0);
}

static inline void churn_narrow(long i) {
    BENCH_CHECK(event_del(&writers[i]) == 0);
}

static void churn_listen(int fd) {
    BENCH_CHECK(
        event_assign(&listener, base, fd, EV_READ | EV_PERSIST | EV_ET, on_listener, NULL) == 0);
    BENCH_CHECK(event_add(&listener, NULL) == 0);
}

static inline bool churn_accept(void) {
    const int fd = accept4(event_get_fd(&listener), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return false;
    BENCH_CHECK(event_assign(&connection, base, fd, EV_READ | EV_PERSIST | EV_ET, on_connection,
                             NULL) == 0);
    BENCH_CHECK(event_add(&connection, NULL) == 0);
    return true;
}

static inline ssize_t churn_receive(void *buffer, size_t length) {
    return recv(event_get_fd(&connection), buffer, length, 0);
}

static inline void churn_close(void) {
    BENCH_CHECK(event_del(&connection) == 0);
    BENCH_CHECK(close(event_get_fd(&connection)) == 0);
}

static void churn_run(bool wait) {
    BENCH_CHECK(event_base_loop(base, wait ? EVLOOP_ONCE : EVLOOP_NONBLOCK) >= 0);
}
