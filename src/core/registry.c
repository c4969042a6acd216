/* SPDX-License-Identifier: MIT */
/*
 * Registration: the checks common to all backends, in the order given in cmio/registry.h, and the
 * association of sources with registries. A source points to the registry that it is registered
 * with and holds a reference to it.
 *
 * Registering a source may hand it to the waiting thread: its event can arrive there, and the
 * source be closed and freed, before the backend's call has returned here. So everything that the
 * source must know is written before that call, and undone if the call fails. After success the
 * source is neither read nor written.
 */
#include "core/registry.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/source.h"
#include "core/waker.h"
#include "posix/threads.h"

int cmio__registry_new(struct cmio_registry **out, const struct cmio__backend *backend) {
    struct cmio_registry *registry = malloc(sizeof *registry);
    if (registry == NULL)
        return -ENOMEM;
    *registry = (struct cmio_registry){.backend = backend};
    atomic_init(&registry->references, 1);
    int error = -pthread_mutex_init(&registry->wakers_lock, NULL);
    if (error < 0)
        goto free_registry;
    error = backend->open(&registry->selector);
    if (error < 0)
        goto destroy_lock;
    *out = registry;
    return 0;

destroy_lock:
    (void)pthread_mutex_destroy(&registry->wakers_lock); /* not locked: cannot fail */
free_registry:
    free(registry);
    return error;
}

CMIO__INLINE struct cmio_registry *take_reference(struct cmio_registry *registry) {
    cmio__references_add(&registry->references);
    return registry;
}

struct cmio_registry *cmio_registry_ref(struct cmio_registry *registry) {
    return registry == NULL ? NULL : take_reference(registry);
}

void cmio_registry_unref(struct cmio_registry *registry) {
    if (registry == NULL || cmio__references_drop(&registry->references) > 0)
        return;
    registry->backend->close(registry->selector);
    cmio__wakers_free(registry);
    (void)pthread_mutex_destroy(&registry->wakers_lock); /* not locked: cannot fail */
    free(registry);
}

CMIO__INLINE bool is_valid_interest(cmio_interest interest) {
    const cmio_interest directions = CMIO_READABLE | CMIO_WRITABLE | CMIO_PRIORITY;
    const cmio_interest modes = CMIO_LEVEL | CMIO_ONESHOT;
    return (interest & directions) != 0 && (interest & modes) != modes &&
           (interest & ~(directions | modes)) == 0;
}

bool cmio__registry_supports(const struct cmio_registry *registry, cmio_interest interest) {
    return is_valid_interest(interest) && (interest & registry->backend->unwatchable) == 0;
}

CMIO__INLINE bool is_callable(const struct cmio_registry *registry,
                              const struct cmio_source *source) {
    return registry != NULL && source != NULL && source->ops != NULL;
}

/* Whether I/O on a source must report its outcome for the backend to make the next edge. */
CMIO__INLINE bool must_rearm(const struct cmio_registry *registry, cmio_interest interest) {
    return registry->backend->rearm != NULL && (interest & (CMIO_LEVEL | CMIO_ONESHOT)) == 0;
}

/* Writes what a registered source knows. register and reregister call it before the backend. */
CMIO__INLINE void associate(struct cmio_source *source, struct cmio_registry *registry,
                            cmio_interest interest) {
    source->registry = registry;
    source->needs_rearm = must_rearm(registry, interest);
}

/* Undoes associate() after a failed register. */
CMIO__COLD static void dissociate(struct cmio_source *source, struct cmio_registry *registry) {
    source->registry = NULL;
    source->needs_rearm = 0;
    cmio_registry_unref(registry);
}

int cmio_registry_register(struct cmio_registry *registry, struct cmio_source *source,
                           cmio_token token, cmio_interest interest) {
    if (!is_callable(registry, source) || !is_valid_interest(interest))
        return -EINVAL;
    if (cmio__registry_is_closed(registry))
        return -EBADF;
    if (source->registry == registry || cmio__source_is_registered(source))
        return -EEXIST;
    if (source->registry != NULL)
        (void)cmio__source_release(source); /* its registry is closed: no other error is possible */
    associate(source, take_reference(registry), interest);
    const int error = source->ops->on_register(source, registry, token, interest);
    if (error != 0)
        dissociate(source, registry);
    return error;
}

/*
 * Whether the source is registered here, for reregister and deregister. The caller has checked that
 * the registry is open. This must not check again: another thread may close it at any time, and the
 * call would then treat a source as unregistered that it must release.
 */
CMIO__INLINE int check_association(const struct cmio_registry *registry,
                                   const struct cmio_source *source) {
    if (source->registry == registry)
        return 0;
    return cmio__source_is_registered(source) ? -EEXIST : -ENOENT;
}

/*
 * Whether a reregister was refused because of what the caller asked for, so that nothing has
 * changed. After any other error the backend no longer watches the source.
 */
static bool is_refusal(int error) {
    switch (error) {
    case -EINVAL:
    case -EBADF:
    case -EEXIST:
    case -ENOENT:
    case -EPERM:
    case -ENOTSUP:
        return true;
    default:
        return false;
    }
}

int cmio_registry_reregister(struct cmio_registry *registry, struct cmio_source *source,
                             cmio_token token, cmio_interest interest) {
    if (!is_callable(registry, source) || !is_valid_interest(interest))
        return -EINVAL;
    if (cmio__registry_is_closed(registry))
        return -EBADF;
    int error = check_association(registry, source);
    if (error < 0)
        return error;
    const __typeof__(source->needs_rearm) needed_rearm = source->needs_rearm;
    associate(source, registry, interest);
    error = source->ops->on_reregister(source, registry, token, interest);
    if (error == 0)
        return 0;
    if (is_refusal(error))
        source->needs_rearm = needed_rearm;
    else
        (void)cmio__source_release(source); /* the first error is returned */
    return error;
}

int cmio_registry_deregister(struct cmio_registry *registry, struct cmio_source *source) {
    if (!is_callable(registry, source))
        return -EINVAL;
    if (cmio__registry_is_closed(registry)) {
        if (source->registry == registry)
            (void)cmio__source_release(source); /* the closed registry's -EBADF is returned */
        return -EBADF;
    }
    int error = check_association(registry, source);
    return error < 0 ? error : cmio__source_release(source);
}
