/* SPDX-License-Identifier: MIT */
#include "wake/wake.h"

#include <cmio/cmio.h>

struct loop {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_waker *waker;
    bool stop;
    void (*seen)(struct loop *);
};

static struct loop *loop_new(void (*seen)(struct loop *)) {
    struct loop *loop = calloc(1, sizeof *loop);
    BENCH_CHECK(loop != NULL);
    loop->seen = seen;
    BENCH_CHECK(cmio_poll_new(&loop->poll) == 0 && cmio_events_new(&loop->events, 64) == 0);
    BENCH_CHECK(cmio_poll_set_spin(loop->poll, spin) == 0);
    BENCH_CHECK(cmio_waker_new(&loop->waker, cmio_poll_registry(loop->poll), (cmio_token)loop) ==
                0);
    return loop;
}

static void loop_wake(struct loop *loop) {
    BENCH_CHECK(cmio_waker_wake(loop->waker) == 0);
}

static void loop_run(struct loop *loop) {
    while (!loop->stop) {
        BENCH_CHECK_WAIT(cmio_poll_wait(loop->poll, loop->events, CMIO_FOREVER));
        CMIO_EVENTS_FOREACH (event, loop->events)
            loop->seen((struct loop *)event->token);
    }
}

static void loop_stop(struct loop *loop) {
    loop->stop = true;
}
