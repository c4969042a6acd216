/* SPDX-License-Identifier: MIT */
#include <cmio/async/future.h>

#include <errno.h>
#include <stddef.h>

/* Their bodies are in the header. */
extern CMIO_INLINE enum cmio_future_state cmio_future_poll(struct cmio_future *future,
                                                           struct cmio_context *context);
extern CMIO_INLINE bool cmio_future_has_ended(const struct cmio_future *future);

int cmio_future_init(struct cmio_future *future, const struct cmio_future_ops *ops) {
    if (future == NULL || ops == NULL)
        return -EINVAL;
    if (ops->name == NULL || ops->poll == NULL || ops->drop == NULL)
        return -EINVAL;
    *future = (struct cmio_future){.ops = ops};
    return 0;
}

void cmio_future_drop(struct cmio_future *future) {
    if (future == NULL || future->ops == NULL)
        return;
    const struct cmio_future_ops *ops = future->ops;
    future->ops = NULL;
    future->result = -ECANCELED;
    ops->drop(future);
}
