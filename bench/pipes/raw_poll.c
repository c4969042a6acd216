/* SPDX-License-Identifier: MIT */
/* The yardstick of the poll backend: poll(2) by hand. */
#include "pipes/pipes.h"

#include <poll.h>

static struct pollfd *set;

static void watch_all(void) {
    set = calloc((size_t)pairs, sizeof *set);
    BENCH_CHECK(set != NULL);
    for (long i = 0; i < pairs; i++)
        set[i] = (struct pollfd){.fd = readers[i], .events = POLLIN};
}

static void run_once(void) {
    int left = poll(set, (nfds_t)pairs, -1);
    for (long i = 0; left > 0; i++) {
        if (set[i].revents == 0)
            continue;
        left--;
        pipes_read(i);
    }
}
