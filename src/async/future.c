/* SPDX-License-Identifier: MIT */
#include <cmio/async/future.h>

#include <errno.h>
#include <stddef.h>

static enum cmio_future_state poll_ended(struct cmio_future *future, struct cmio_context *context) {
    (void)future, (void)context;
    return CMIO_READY;
}

static void drop_ended(struct cmio_future *future) {
    (void)future; /* it holds nothing any more */
}

const struct cmio_future_ops cmio_future_ended_ops = {
    .name = "ended",
    .poll = poll_ended,
    .drop = drop_ended,
};

int cmio_future_init(struct cmio_future *future, const struct cmio_future_ops *ops) {
    if (future == NULL || ops == NULL)
        return -EINVAL;
    if (ops->name == NULL || ops->poll == NULL || ops->drop == NULL)
        return -EINVAL;
    *future = (struct cmio_future){.ops = ops};
    return 0;
}

void cmio_future_drop(struct cmio_future *future) {
    if (future == NULL || future->ops == NULL || future->ops == &cmio_future_ended_ops)
        return;
    const struct cmio_future_ops *ops = future->ops;
    future->ops = &cmio_future_ended_ops;
    future->result = -ECANCELED;
    ops->drop(future);
}

bool cmio_future_has_ended(const struct cmio_future *future) {
    return future != NULL && future->ops == &cmio_future_ended_ops;
}
