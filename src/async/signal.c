/* SPDX-License-Identifier: MIT */
#include <cmio/async/signal.h>

#include "async/io.h"

static struct cmio_signal_future *signal_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_signal_future, future);
}

static enum cmio_future_state poll_signal(struct cmio_future *future,
                                          struct cmio_context *context) {
    struct cmio__io_wait *wait = &signal_of(future)->wait;
    int number;
    do {
        const enum cmio_future_state state =
            cmio__io_wait_poll(wait, context, "signal", &future->result);
        if (state == CMIO_PENDING || future->result < 0)
            return state;
        number = cmio_signals_next(CMIO__CONTAINER(wait->io->source, struct cmio_signals, source));
    } while (cmio__io_is_to_wait(wait, number));
    future->result = number;
    return CMIO_READY;
}

static void drop_signal(struct cmio_future *future) {
    cmio__io_wait_drop(&signal_of(future)->wait);
}

static const struct cmio_future_ops signal_ops = {
    .name = "signal",
    .poll = poll_signal,
    .drop = drop_signal,
};

int cmio_signal_future_init(struct cmio_signal_future *signal, struct cmio_io *io) {
    if (signal == NULL || io == NULL || io->ops != &cmio__io_signals)
        return -EINVAL;
    *signal = (struct cmio_signal_future){.future.ops = &signal_ops};
    cmio__io_wait_init(&signal->wait, io, CMIO_READABLE);
    return 0;
}
