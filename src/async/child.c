/* SPDX-License-Identifier: MIT */
#include <cmio/async/child.h>

#include "async/io.h"

static struct cmio_child_exit_future *child_exit_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_child_exit_future, future);
}

static enum cmio_future_state poll_child_exit(struct cmio_future *future,
                                              struct cmio_context *context) {
    struct cmio_child_exit_future *child_exit = child_exit_of(future);
    struct cmio__io_wait *wait = &child_exit->wait;
    int error;
    do {
        const enum cmio_future_state state =
            cmio__io_wait_poll(wait, context, "child exit", &future->result);
        if (state == CMIO_PENDING || future->result < 0)
            return state;
        error = cmio_child_status(CMIO__CONTAINER(wait->io->source, struct cmio_child, source),
                                  child_exit->status);
    } while (cmio__io_is_to_wait(wait, error));
    future->result = error;
    return CMIO_READY;
}

static void drop_child_exit(struct cmio_future *future) {
    cmio__io_wait_drop(&child_exit_of(future)->wait);
}

static const struct cmio_future_ops child_exit_ops = {
    .name = "child exit",
    .poll = poll_child_exit,
    .drop = drop_child_exit,
};

int cmio_child_exit_future_init(struct cmio_child_exit_future *child_exit, struct cmio_io *io,
                                int *status) {
    if (child_exit == NULL || io == NULL || io->ops != &cmio__io_child || status == NULL)
        return -EINVAL;
    *child_exit = (struct cmio_child_exit_future){.future.ops = &child_exit_ops, .status = status};
    cmio__io_wait_init(&child_exit->wait, io, CMIO_READABLE);
    return 0;
}
