/* SPDX-License-Identifier: MIT */
/* The yardstick of the poll backend: poll(2) by hand. */
#include "echo/echo.h"

#include <poll.h>

static struct pollfd *set;

static void watch_all(void) {
    set = calloc(2 * (size_t)connections, sizeof *set);
    BENCH_CHECK(set != NULL);
    for (long end = 0; end < 2 * connections; end++)
        set[end] = (struct pollfd){.fd = ends[end], .events = POLLIN};
}

static void run_once(void) {
    int left = poll(set, 2 * (nfds_t)connections, -1);
    for (long end = 0; left > 0; end++) {
        if (set[end].revents == 0)
            continue;
        left--;
        echo_ready(end);
    }
}
