/* SPDX-License-Identifier: MIT */
#include <cmio/async/coroutine.h>

#include <errno.h>
#include <stddef.h>

#include "async/inline.h"

static struct cmio_coroutine *coroutine_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_coroutine, future);
}

/* Drops the future that it still awaits, and enters the body a last time for its clean-up. */
static void finish(struct cmio_coroutine *coroutine) {
    struct cmio_future *awaited = coroutine->awaited;
    coroutine->awaited = NULL;
    cmio_future_drop(awaited);
    coroutine->state = CMIO__COROUTINE_FINALLY;
    (void)coroutine->body(coroutine, NULL);
}

static enum cmio_future_state poll_coroutine(struct cmio_future *future,
                                             struct cmio_context *context) {
    struct cmio_coroutine *coroutine = coroutine_of(future);
    if (coroutine->body(coroutine, context) == CMIO_PENDING)
        return CMIO_PENDING;
    finish(coroutine);
    return CMIO_READY;
}

static void drop_coroutine(struct cmio_future *future) {
    finish(coroutine_of(future));
}

static const struct cmio_future_ops coroutine_ops = {
    .name = "coroutine",
    .poll = poll_coroutine,
    .drop = drop_coroutine,
};

int cmio_coroutine_init(struct cmio_coroutine *coroutine, cmio_coroutine_body *body) {
    if (coroutine == NULL || body == NULL)
        return -EINVAL;
    *coroutine = (struct cmio_coroutine){.future.ops = &coroutine_ops, .body = body};
    return 0;
}
