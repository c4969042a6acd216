/* SPDX-License-Identifier: MIT */
#include "core/source.h"

#include "core/registry.h"
#include "posix/descriptor.h"

static int register_descriptor(struct cmio_source *source, struct cmio_registry *registry,
                               cmio_token token, cmio_interest interest) {
    return registry->backend->register_fd(registry->selector, source->fd, token, interest);
}

static int reregister_descriptor(struct cmio_source *source, struct cmio_registry *registry,
                                 cmio_token token, cmio_interest interest) {
    return registry->backend->reregister_fd(registry->selector, source->fd, token, interest);
}

static int deregister_descriptor(struct cmio_source *source, struct cmio_registry *registry) {
    return registry->backend->deregister_fd(registry->selector, source->fd);
}

const struct cmio_source_ops cmio__descriptor_ops = {
    .on_register = register_descriptor,
    .on_reregister = reregister_descriptor,
    .on_deregister = deregister_descriptor,
};

int cmio_source_init(struct cmio_source *source, const struct cmio_source_ops *ops) {
    if (source == NULL || ops == NULL || ops->on_register == NULL || ops->on_reregister == NULL ||
        ops->on_deregister == NULL)
        return -EINVAL;
    *source = (struct cmio_source){.ops = ops, .fd = -1};
    return 0;
}

bool cmio_source_is_registered(const struct cmio_source *source) {
    return source != NULL && cmio__source_is_registered(source);
}

int cmio_source_rearm(struct cmio_source *source, cmio_interest directions) {
    const cmio_interest known = CMIO_READABLE | CMIO_WRITABLE | CMIO_PRIORITY;
    if (source == NULL || source->ops != &cmio__descriptor_ops)
        return -EINVAL;
    if ((directions & known) == 0 || (directions & ~known) != 0)
        return -EINVAL;
    if (!cmio_source_is_registered(source))
        return -ENOENT;
    const struct cmio_registry *registry = source->registry;
    if (!source->emulated)
        return 0;
    return registry->backend->rearm(registry->selector, source->fd, directions);
}

/*
 * The registry may be closed by now: its selector is still there, since the source refers to it. An
 * error says that the descriptor was closed, which has no next edge.
 */
CMIO__HOT void cmio__source_ended_edge(struct cmio_source *source, cmio_interest direction) {
    const struct cmio_registry *registry = source->registry;
    (void)registry->backend->rearm(registry->selector, source->fd, direction);
}

int cmio__source_release(struct cmio_source *source) {
    struct cmio_registry *registry = source->registry;
    if (registry == NULL)
        return 0;
    int error = source->ops->on_deregister(source, registry);
    source->registry = NULL;
    source->emulated = 0;
    cmio_registry_unref(registry);
    return error;
}

int cmio__source_take_fd(struct cmio_source *source) {
    const int fd = cmio__source_fd(source);
    if (fd < 0)
        return fd;
    (void)cmio__source_release(source); /* a closed registry has let go of it already */
    source->fd = -1;
    return fd;
}

int cmio__source_close(struct cmio_source *source) {
    if (cmio__source_fd(source) < 0)
        return 0;
    const int released = cmio__source_release(source);
    const int closed = cmio__fd_close(source->fd);
    source->fd = -1;
    return released < 0 ? released : closed;
}
