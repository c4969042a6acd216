/* SPDX-License-Identifier: MIT */
/* Waiting for a bound source. async/io_slot.h has the protocol. */
#include "async/io.h"

void cmio__io_wait_init(struct cmio__io_wait *wait, struct cmio_io *io, cmio_interest direction) {
    *wait = (struct cmio__io_wait){
        .io = io, .slot = io->slot, .generation = io->generation, .direction = direction};
}

enum cmio_future_state cmio__io_wait_slowly(struct cmio__io_wait *wait,
                                            struct cmio_context *context, const char *name,
                                            ssize_t *result) {
    int error = 0;
    if (wait->slot == NULL) {
        *result = -EBADF;
        return CMIO_READY;
    }
    if (!cmio__context_spend(context))
        return CMIO_PENDING;
    if (cmio__io_slot_poll(wait, &context->waker, &error) == CMIO_PENDING)
        return cmio__context_awaits(context, name);
    *result = error;
    return CMIO_READY;
}

static struct cmio_ready_future *ready_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_ready_future, future);
}

static enum cmio_future_state poll_ready(struct cmio_future *future, struct cmio_context *context) {
    struct cmio__io_wait *wait = &ready_of(future)->wait;
    const enum cmio_future_state state =
        cmio__io_wait_poll(wait, context, "ready", &future->result);
    if (state == CMIO_READY && future->result == 0)
        future->result = (ssize_t)(wait->seen & CMIO__READINESS);
    return state;
}

static void drop_ready(struct cmio_future *future) {
    cmio__io_wait_drop(&ready_of(future)->wait);
}

static const struct cmio_future_ops ready_ops = {
    .name = "ready",
    .poll = poll_ready,
    .drop = drop_ready,
};

int cmio_ready_future_init(struct cmio_ready_future *ready, struct cmio_io *io,
                           cmio_interest direction) {
    if (ready == NULL || io == NULL || (direction != CMIO_READABLE && direction != CMIO_WRITABLE))
        return -EINVAL;
    if (io->ops != NULL && (io->interest & cmio__io_bits(direction)) == 0)
        return -EINVAL;
    *ready = (struct cmio_ready_future){.future.ops = &ready_ops};
    cmio__io_wait_init(&ready->wait, io, direction);
    return 0;
}

ssize_t cmio_io_note(struct cmio_ready_future *ready, ssize_t result) {
    if (ready == NULL)
        return -EINVAL;
    if (ready->wait.slot != NULL && result < 0)
        (void)cmio__io_is_to_wait(&ready->wait, result);
    return result;
}
