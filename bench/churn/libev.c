/* SPDX-License-Identifier: MIT */
/*
 * Two watchers per descriptor, as is usual with libev. Starting or stopping one is a single call.
 */
#include "churn/churn.h"

#include <ev.h>

static struct ev_loop *loop;
static ev_io *readers;
static ev_io *writers;
static ev_io listener;
static ev_io connection;

static void on_readable(struct ev_loop *the_loop, ev_io *watcher, int events) {
    (void)the_loop;
    (void)events;
    churn_ready(watcher - readers);
}

static void on_writable(struct ev_loop *the_loop, ev_io *watcher, int events) {
    (void)the_loop;
    (void)events;
    churn_ready(watcher - writers);
}

static void on_listener(struct ev_loop *the_loop, ev_io *watcher, int events) {
    (void)the_loop;
    (void)watcher;
    (void)events;
    churn_on_listener();
}

static void on_connection(struct ev_loop *the_loop, ev_io *watcher, int events) {
    (void)the_loop;
    (void)watcher;
    (void)events;
    churn_on_connection();
}

static void churn_open(void) {
    loop = ev_loop_new(EVBACKEND_EPOLL);
    readers = calloc((size_t)fds_count, sizeof *readers);
    writers = calloc((size_t)fds_count, sizeof *writers);
    BENCH_CHECK(loop != NULL && readers != NULL && writers != NULL);
    for (long i = 0; i < fds_count; i++) {
        ev_io_init(&readers[i], on_readable, fds[i], EV_READ);
        ev_io_init(&writers[i], on_writable, fds[i], EV_WRITE);
    }
}

static inline void churn_register(long i) {
    ev_io_start(loop, &readers[i]);
}

static inline void churn_deregister(long i) {
    ev_io_stop(loop, &readers[i]);
}

static inline void churn_widen(long i) {
    ev_io_start(loop, &writers[i]);
}

static inline void churn_narrow(long i) {
    ev_io_stop(loop, &writers[i]);
}

static void churn_listen(int fd) {
    ev_io_init(&listener, on_listener, fd, EV_READ);
    ev_io_start(loop, &listener);
}

static inline bool churn_accept(void) {
    const int fd = accept4(listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return false;
    ev_io_init(&connection, on_connection, fd, EV_READ);
    ev_io_start(loop, &connection);
    return true;
}

static inline ssize_t churn_receive(void *buffer, size_t length) {
    return recv(connection.fd, buffer, length, 0);
}

static inline void churn_close(void) {
    ev_io_stop(loop, &connection);
    BENCH_CHECK(close(connection.fd) == 0);
}

static void churn_run(bool wait) {
    ev_run(loop, wait ? EVRUN_ONCE : EVRUN_NOWAIT);
}
