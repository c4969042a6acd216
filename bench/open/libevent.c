/* SPDX-License-Identifier: MIT */
/* With thread support, event_active(3) can wake a base. */
#include <event2/event.h>
#include <event2/thread.h>

struct loop {
    struct event_base *base;
};

#include "open/open.h"

static void open_loop(struct loop *loop) {
    BENCH_CHECK(evthread_use_pthreads() == 0);
    loop->base = event_base_new();
    BENCH_CHECK(loop->base != NULL);
}

static void close_loop(struct loop *loop) {
    event_base_free(loop->base);
}
