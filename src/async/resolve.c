/* SPDX-License-Identifier: MIT */
#include <cmio/async/resolve.h>

#include <errno.h>

#include "async/context.h"
#include "async/lookup.h"

static struct cmio_resolve_future *resolve_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_resolve_future, future);
}

static enum cmio_future_state poll_resolve(struct cmio_future *future,
                                           struct cmio_context *context) {
    struct cmio_resolve_future *resolve = resolve_of(future);
    if (cmio_future_poll(&resolve->job.future, context) == CMIO_PENDING)
        return CMIO_PENDING;
    if (!cmio__context_spend(context)) /* a number needs no waiting */
        return CMIO_PENDING;
    future->result = resolve->job.future.result;
    if (future->result == 0)
        future->result =
            cmio__lookup_addresses(resolve->lookup, resolve->addresses, resolve->capacity);
    cmio__lookup_free(resolve->lookup);
    return CMIO_READY;
}

static void drop_resolve(struct cmio_future *future) {
    struct cmio_resolve_future *resolve = resolve_of(future);
    if (cmio_future_has_ended(&resolve->job.future))
        cmio__lookup_free(resolve->lookup);
    else
        cmio_future_drop(&resolve->job.future); /* frees the lookup when it is over */
}

static const struct cmio_future_ops resolve_ops = {
    .name = "resolve",
    .poll = poll_resolve,
    .drop = drop_resolve,
};

int cmio_resolve_future_init(struct cmio_resolve_future *resolve, const char *host, uint16_t port,
                             struct cmio_address *addresses, size_t capacity) {
    if (resolve == NULL || addresses == NULL || capacity == 0)
        return -EINVAL;
    struct cmio_resolve_future made = {
        .future.ops = &resolve_ops, .addresses = addresses, .capacity = capacity};
    const int error = cmio__lookup_begin(host, port, &made.lookup, &made.job);
    if (error == 0)
        *resolve = made;
    return error;
}
