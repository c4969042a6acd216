/* SPDX-License-Identifier: MIT */
#include <cmio/async/resolve.h>

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "async/context.h"
#include "async/lookup.h"

static ssize_t run_lookup(void *argument) {
    return cmio__lookup_run(argument, AI_ADDRCONFIG);
}

static void destroy_lookup(void *argument) {
    cmio__lookup_free(argument);
}

static struct cmio_resolve_future *resolve_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_resolve_future, future);
}

static enum cmio_future_state poll_resolve(struct cmio_future *future,
                                           struct cmio_context *context) {
    struct cmio_resolve_future *resolve = resolve_of(future);
    if (!cmio_future_has_ended(&resolve->job.future) &&
        cmio_future_poll(&resolve->job.future, context) == CMIO_PENDING)
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

static struct cmio__lookup *new_lookup(const char *host, size_t length, uint16_t port) {
    struct cmio__lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL)
        return NULL;
    memcpy(lookup->host, host, length + 1);
    lookup->port = port;
    return lookup;
}

int cmio_resolve_future_init(struct cmio_resolve_future *resolve, const char *host, uint16_t port,
                             struct cmio_address *addresses, size_t capacity) {
    if (resolve == NULL || host == NULL || *host == '\0' || addresses == NULL || capacity == 0)
        return -EINVAL;
    const size_t length = strnlen(host, CMIO_HOST_NAME_MAX + 1);
    if (length > CMIO_HOST_NAME_MAX)
        return -ENAMETOOLONG;
    struct cmio__lookup *lookup = new_lookup(host, length, port);
    if (lookup == NULL)
        return -ENOMEM;
    struct cmio_resolve_future made = {
        .future.ops = &resolve_ops, .lookup = lookup, .addresses = addresses, .capacity = capacity};
    /* A number is known at once: the job is one that has ended. */
    if (cmio__lookup_run(lookup, AI_NUMERICHOST) != 0) {
        const int error = cmio_blocking_future_init(&made.job, run_lookup, lookup, destroy_lookup);
        if (error != 0) {
            cmio__lookup_free(lookup);
            return error;
        }
    }
    *resolve = made;
    return 0;
}
