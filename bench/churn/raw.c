/* SPDX-License-Identifier: MIT */
/* The yardstick: epoll(7) by hand, edge-triggered. It deletes a descriptor before closing it. */
#include "churn/churn.h"

#include <sys/epoll.h>

enum { LISTENER = -1, CONNECTION = -2 };

static int set;
static int listener;
static int connection;
static struct epoll_event events[64];

static inline void control(int operation, int fd, uint32_t interest, long token) {
    struct epoll_event event = {.events = interest | EPOLLET, .data.u64 = (uint64_t)token};
    BENCH_CHECK(epoll_ctl(set, operation, fd, &event) == 0);
}

static void churn_open(void) {
    set = epoll_create1(EPOLL_CLOEXEC);
    BENCH_CHECK(set >= 0);
}

static inline void churn_register(long i) {
    control(EPOLL_CTL_ADD, fds[i], EPOLLIN, i);
}

static inline void churn_deregister(long i) {
    BENCH_CHECK(epoll_ctl(set, EPOLL_CTL_DEL, fds[i], NULL) == 0);
}

static inline void churn_widen(long i) {
    control(EPOLL_CTL_MOD, fds[i], EPOLLIN | EPOLLOUT, i);
}

static inline void churn_narrow(long i) {
    control(EPOLL_CTL_MOD, fds[i], EPOLLIN, i);
}

static void churn_listen(int fd) {
    listener = fd;
    control(EPOLL_CTL_ADD, fd, EPOLLIN, LISTENER);
}

static inline bool churn_accept(void) {
    const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return false;
    connection = fd;
    control(EPOLL_CTL_ADD, fd, EPOLLIN, CONNECTION);
    return true;
}

static inline ssize_t churn_receive(void *buffer, size_t length) {
    return recv(connection, buffer, length, 0);
}

static inline void churn_close(void) {
    BENCH_CHECK(epoll_ctl(set, EPOLL_CTL_DEL, connection, NULL) == 0);
    BENCH_CHECK(close(connection) == 0);
}

static void churn_run(bool wait) {
    const int ready = epoll_wait(set, events, 64, wait ? -1 : 0);
    for (int i = 0; i < ready; i++) {
        const long token = (long)events[i].data.u64;
        if (token == LISTENER)
            churn_on_listener();
        else if (token == CONNECTION)
            churn_on_connection();
        else
            churn_ready(token);
    }
}
