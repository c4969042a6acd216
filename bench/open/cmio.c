/* SPDX-License-Identifier: MIT */
#include <cmio/cmio.h>

struct loop {
    struct cmio_poll *poll;
    struct cmio_waker *waker;
};

#include "open/open.h"

static void open_loop(struct loop *loop) {
    BENCH_CHECK(cmio_poll_new(&loop->poll) == 0);
    BENCH_CHECK(cmio_waker_new(&loop->waker, cmio_poll_registry(loop->poll), 0) == 0);
}

static void close_loop(struct loop *loop) {
    cmio_waker_free(loop->waker);
    cmio_poll_free(loop->poll);
}
