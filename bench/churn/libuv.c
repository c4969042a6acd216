/* SPDX-License-Identifier: MIT */
#include "churn/churn.h"

#include <uv.h>

static uv_loop_t loop;
static uv_poll_t *all;
static uv_poll_t listener;
static int listener_fd;
static uv_poll_t *connection; /* allocated, because libuv uses it until it reports the close */
static int connection_fd;

static void on_ready(uv_poll_t *watcher, int status, int events) {
    (void)status;
    (void)events;
    churn_ready(watcher - all);
}

static void on_listener(uv_poll_t *watcher, int status, int events) {
    (void)watcher;
    (void)status;
    (void)events;
    churn_on_listener();
}

static void on_connection(uv_poll_t *watcher, int status, int events) {
    (void)watcher;
    (void)status;
    (void)events;
    churn_on_connection();
}

static void churn_open(void) {
    all = calloc((size_t)fds_count, sizeof *all);
    BENCH_CHECK(all != NULL && uv_loop_init(&loop) == 0);
    for (long i = 0; i < fds_count; i++)
        BENCH_CHECK(uv_poll_init(&loop, &all[i], fds[i]) == 0);
}

static inline void churn_register(long i) {
    BENCH_CHECK(uv_poll_start(&all[i], UV_READABLE, on_ready) == 0);
}

static inline void churn_deregister(long i) {
    BENCH_CHECK(uv_poll_stop(&all[i]) == 0);
}

static inline void churn_widen(long i) {
    BENCH_CHECK(uv_poll_start(&all[i], UV_READABLE | UV_WRITABLE, on_ready) == 0);
}

static inline void churn_narrow(long i) {
    BENCH_CHECK(uv_poll_start(&all[i], UV_READABLE, on_ready) == 0);
}

static void churn_listen(int fd) {
    listener_fd = fd;
    BENCH_CHECK(uv_poll_init(&loop, &listener, fd) == 0);
    BENCH_CHECK(uv_poll_start(&listener, UV_READABLE, on_listener) == 0);
}

static inline bool churn_accept(void) {
    const int fd = accept4(listener_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return false;
    connection_fd = fd;
    connection = malloc(sizeof *connection);
    BENCH_CHECK(connection != NULL);
    BENCH_CHECK(uv_poll_init(&loop, connection, fd) == 0);
    BENCH_CHECK(uv_poll_start(connection, UV_READABLE, on_connection) == 0);
    return true;
}

static inline ssize_t churn_receive(void *buffer, size_t length) {
    return recv(connection_fd, buffer, length, 0);
}

static void free_handle(uv_handle_t *handle) {
    free(handle);
}

static inline void churn_close(void) {
    uv_close((uv_handle_t *)connection, free_handle);
    BENCH_CHECK(close(connection_fd) == 0);
}

static void churn_run(bool wait) {
    (void)uv_run(&loop, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
}
