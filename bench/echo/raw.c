/* SPDX-License-Identifier: MIT */
/* The yardstick: epoll(7) by hand, edge-triggered. */
#include "echo/echo.h"

#include <sys/epoll.h>

static int set;
static struct epoll_event events[1024];

static void watch_all(void) {
    set = epoll_create1(EPOLL_CLOEXEC);
    BENCH_CHECK(set >= 0);
    for (long end = 0; end < 2 * connections; end++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = (uint64_t)end};
        BENCH_CHECK(epoll_ctl(set, EPOLL_CTL_ADD, ends[end], &event) == 0);
    }
}

static void run_once(void) {
    const int count = epoll_wait(set, events, 1024, -1);
    for (int i = 0; i < count; i++)
        echo_ready((long)events[i].data.u64);
}
