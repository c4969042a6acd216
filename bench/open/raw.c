/* SPDX-License-Identifier: MIT */
/* The yardstick: an eventfd(2) in epoll(7). */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct loop {
    int set;
    int wakes;
};

#include "open/open.h"

static void open_loop(struct loop *loop) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    loop->set = epoll_create1(EPOLL_CLOEXEC);
    loop->wakes = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    BENCH_CHECK(epoll_ctl(loop->set, EPOLL_CTL_ADD, loop->wakes, &event) == 0);
}

static void close_loop(struct loop *loop) {
    close(loop->wakes);
    close(loop->set);
}
