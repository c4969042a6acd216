/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CORE_REGISTRY_H
#define CMIO_CORE_REGISTRY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmio/registry.h>
#include <cmio/waker.h>

#include "core/backend.h"
#include "posix/inline.h"
#include "posix/threads.h"

/*
 * A registry holds the selector and lives as long as anyone refers to it: its poll, callers of
 * cmio_registry_ref(), each registered source and each waker. So a source or a waker that outlives
 * the poll finds a closed registry and a descriptor that still belongs to the selector, never one
 * that the system gave to someone else.
 */
struct cmio_registry {
    const struct cmio__backend *backend;
    struct cmio__selector *selector;
    atomic_size_t references;
    atomic_bool closed;

    /* See waker.c. */
    atomic_bool woken;
    atomic_bool spinning; /* this and offers: see spin.c */
    atomic_bool offers;
    _Atomic(struct cmio_waker *) wakers;
    pthread_mutex_t wakers_lock;
};

/* Makes a registry with one reference, which belongs to its poll. */
int cmio__registry_new(struct cmio_registry **out, const struct cmio__backend *backend);

CMIO__INLINE bool cmio__registry_is_closed(const struct cmio_registry *registry) {
    return atomic_load_explicit(&registry->closed, memory_order_acquire);
}

/* Whether the interest is valid and the backend can watch all of it. */
bool cmio__registry_supports(const struct cmio_registry *registry, cmio_interest interest);

/*
 * The operations of a source that is one descriptor: cmio__descriptor_ops. The registry does the
 * same without the table. The source is not read after publishing: see registry.c.
 */
CMIO__INLINE int cmio__registry_register_fd(struct cmio_source *source,
                                            struct cmio_registry *registry, cmio_token token,
                                            cmio_interest interest) {
    const int fd = source->fd;
    cmio__references_publish(&registry->references);
    return registry->backend->register_fd(registry->selector, fd, token, interest);
}

CMIO__INLINE int cmio__registry_reregister_fd(struct cmio_source *source,
                                              struct cmio_registry *registry, cmio_token token,
                                              cmio_interest interest) {
    const int fd = source->fd;
    cmio__references_publish(&registry->references);
    return registry->backend->reregister_fd(registry->selector, fd, token, interest);
}

CMIO__INLINE int cmio__registry_deregister_fd(struct cmio_source *source,
                                              struct cmio_registry *registry) {
    return registry->backend->deregister_fd(registry->selector, source->fd);
}

/* Whether the source is registered with an open registry. */
CMIO__INLINE bool cmio__source_is_registered(const struct cmio_source *source) {
    return source->registry != NULL && !cmio__registry_is_closed(source->registry);
}

#endif
