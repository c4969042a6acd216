/* SPDX-License-Identifier: MIT */
#include "core/source.h"

#include "core/registry.h"
#include "posix/descriptor.h"

const struct cmio_source_ops cmio__descriptor_ops = {
    .on_register = cmio__registry_register_fd,
    .on_reregister = cmio__registry_reregister_fd,
    .on_deregister = cmio__registry_deregister_fd,
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
    if (source == NULL || !cmio__source_is_plain(source))
        return -EINVAL;
    if ((directions & known) == 0 || (directions & ~known) != 0)
        return -EINVAL;
    if (!cmio_source_is_registered(source))
        return -ENOENT;
    const struct cmio_registry *registry = source->registry;
    if (!cmio__source_reports(source))
        return 0;
    return registry->backend->rearm(registry->selector, source->fd, directions, CMIO__PROGRESS);
}

/*
 * The registry may be closed by now, but the source's reference keeps its selector. An error means
 * that the descriptor was closed, so it has no next edge.
 */
CMIO__INLINE void end_edge(struct cmio_source *source, cmio_interest directions,
                           enum cmio__outcome outcome) {
    const struct cmio_registry *registry = source->registry;
    (void)registry->backend->rearm(registry->selector, source->fd, directions, outcome);
}

static const cmio_interest both = CMIO_READABLE | CMIO_WRITABLE;

/*
 * What an error of a reading call means. The kernel reports a network error once, so the call
 * cleared it. EINTR decides nothing, and the caller's turn goes on.
 */
static enum cmio__outcome outcome_of_read_error(int error) {
    switch (error) {
    case -EINTR:
    case -ECONNABORTED:
    case -ECONNREFUSED:
    case -ECONNRESET:
    case -EHOSTDOWN:
    case -EHOSTUNREACH:
    case -EMSGSIZE:
    case -ENETDOWN:
    case -ENETRESET:
    case -ENETUNREACH:
    case -ENOPROTOOPT:
    case -EPROTO:
    case -ETIMEDOUT:
        return CMIO__PROGRESS;
    case -EIO:
        return CMIO__ENDED;
    default: /* also accept's EMFILE, ENFILE, ENOBUFS and ENOMEM */
        return CMIO__HELD;
    }
}

/*
 * A failed write may have cleared an error that was also reported as readable. The error may also
 * be the call's own and come again, so both directions are armed after a pause. A lost reader is
 * final.
 */
CMIO__COLD static void note_error(struct cmio_source *source, cmio_interest direction, int error) {
    if (direction != CMIO_WRITABLE)
        end_edge(source, direction, outcome_of_read_error(error));
    else if (error == -EINTR)
        end_edge(source, direction, CMIO__PROGRESS);
    else if (error != -EPIPE)
        end_edge(source, both, CMIO__HELD);
}

CMIO__HOT void cmio__source_note(struct cmio_source *source, cmio_interest direction,
                                 ssize_t result, size_t wanted) {
    const bool writes = direction == CMIO_WRITABLE;
    if (result == -EAGAIN || result == -EWOULDBLOCK)
        end_edge(source, direction, CMIO__BLOCKED);
    else if (result < 0)
        note_error(source, direction, (int)result);
    else if (writes ? (size_t)result < wanted : result > 0)
        end_edge(source, direction, CMIO__PROGRESS);
    else if (!writes) /* no bytes, none wanted: the call may have consumed a datagram */
        end_edge(source, direction, wanted > 0 ? CMIO__ENDED : CMIO__HELD);
}

CMIO__COLD void cmio__source_note_peek(struct cmio_source *source, ssize_t result, size_t wanted) {
    if (result < 0)
        cmio__source_note(source, CMIO_READABLE, result, wanted);
    else if ((size_t)result < wanted)
        end_edge(source, CMIO_READABLE, CMIO__HELD);
}

CMIO__COLD void cmio__source_note_error_taken(struct cmio_source *source) {
    end_edge(source, both, CMIO__PROGRESS);
}

int cmio__source_take_fd(struct cmio_source *source) {
    const int fd = cmio__source_fd(source);
    if (fd < 0)
        return fd;
    (void)cmio__source_release(source); /* a closed registry has released it already */
    cmio__source_forget_fd(source);
    return fd;
}

int cmio__source_close(struct cmio_source *source) {
    if (cmio__source_fd(source) < 0)
        return 0;
    const int released = cmio__source_release(source);
    const int closed = cmio__fd_close(source->fd);
    cmio__source_forget_fd(source);
    return released < 0 ? released : closed;
}
