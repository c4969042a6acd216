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
 *
 * What a thread did before it registered or reregistered is visible to the thread that gets the
 * event. The kernel orders the two, but the rules of C do not know that. So the one publishes and
 * the other sees, through the count of references, which a register changes anyway:
 * cmio__references_publish(). From then on the caller does not read the source, not even for its
 * descriptor.
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

struct cmio_registry *cmio_registry_ref(struct cmio_registry *registry) {
    if (registry != NULL)
        cmio__references_add(&registry->references);
    return registry;
}

/* Frees a registry without references. Returns the result, so that callers need not keep it. */
CMIO__COLD static int free_registry(struct cmio_registry *registry, int result) {
    registry->backend->close(registry->selector);
    cmio__wakers_free(registry);
    (void)pthread_mutex_destroy(&registry->wakers_lock); /* not locked: cannot fail */
    free(registry);
    return result;
}

/* Drops a reference, which may be the last one. Returns the result. */
CMIO__INLINE int return_reference(struct cmio_registry *registry, int result) {
    return cmio__references_drop(&registry->references) > 0 ? result
                                                            : free_registry(registry, result);
}

void cmio_registry_unref(struct cmio_registry *registry) {
    if (registry != NULL)
        (void)return_reference(registry, 0);
}

/* The modes are the highest bits of a valid interest, so the comparison finds both at once. */
CMIO__INLINE bool is_valid_interest(cmio_interest interest) {
    const cmio_interest directions = CMIO_READABLE | CMIO_WRITABLE | CMIO_PRIORITY;
    const cmio_interest modes = CMIO_LEVEL | CMIO_ONESHOT;
    return (interest & directions) != 0 && interest < modes &&
           (interest & ~(directions | modes)) == 0;
}

bool cmio__registry_supports(const struct cmio_registry *registry, cmio_interest interest) {
    return is_valid_interest(interest) && (interest & registry->backend->unwatchable) == 0;
}

/* How I/O on an open source is done once it is registered with a backend that makes edges. */
CMIO__INLINE uint16_t io_of(cmio_interest interest) {
    return (interest & (CMIO_LEVEL | CMIO_ONESHOT)) == 0 ? CMIO__IO_REPORTED : CMIO__IO_DIRECT;
}

/* Writes what a registered source knows, and publishes it. Called before the backend. */
CMIO__INLINE void associate(struct cmio_source *source, struct cmio_registry *registry,
                            cmio_interest interest) {
    source->registry = registry;
    if (CMIO__UNLIKELY(registry->backend->rearm != NULL) && source->io == CMIO__IO_DIRECT)
        source->io = io_of(interest);
    cmio__references_add(&registry->references);
}

/* Makes a source unregistered after the backend let go of it. Returns the result. */
CMIO__INLINE int dissociate(struct cmio_source *source, int result) {
    struct cmio_registry *registry = source->registry;
    source->registry = NULL;
    if (CMIO__UNLIKELY(source->io == CMIO__IO_REPORTED))
        source->io = CMIO__IO_DIRECT;
    return return_reference(registry, result);
}

/* Undoes associate() when the backend failed to register. Returns the error. */
CMIO__COLD static int register_failed(struct cmio_source *source, int error) {
    return dissociate(source, error);
}

CMIO__INLINE int release_plain(struct cmio_source *source, struct cmio_registry *registry) {
    return dissociate(source, cmio__registry_deregister_fd(source, registry));
}

int cmio__source_release(struct cmio_source *source) {
    struct cmio_registry *registry = source->registry;
    if (registry == NULL)
        return 0;
    if (cmio__source_is_plain(source))
        return release_plain(source, registry);
    return dissociate(source, source->ops->on_deregister(source, registry));
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

/* Restores the member io, or releases the source if it is no longer watched. Returns the error. */
CMIO__COLD static int reregister_failed(struct cmio_source *source, int error, uint16_t io) {
    if (is_refusal(error))
        source->io = io;
    else
        (void)cmio__source_release(source); /* the first error is returned */
    return error;
}

/* reregister for a plain source whose results are, or may have to be, reported. */
CMIO__COLD static int reregister_reported(struct cmio_registry *registry,
                                          struct cmio_source *source, cmio_token token,
                                          cmio_interest interest) {
    const uint16_t io = source->io;
    source->io = io_of(interest);
    const int error = cmio__registry_reregister_fd(source, registry, token, interest);
    return error == 0 ? 0 : reregister_failed(source, error, io);
}

/*
 * The general form of each function makes all checks, in their order, and calls the source's
 * operations. The public function in front of it handles the usual case: a plain source, an open
 * registry and no misuse.
 */

CMIO__INLINE bool is_callable(const struct cmio_registry *registry,
                              const struct cmio_source *source) {
    return registry != NULL && source != NULL && source->ops != NULL;
}

CMIO__INLINE bool goes_directly(const struct cmio_registry *registry,
                                const struct cmio_source *source) {
    return registry != NULL && source != NULL && cmio__source_is_plain(source) &&
           !cmio__registry_is_closed(registry);
}

CMIO__COLD static int register_any(struct cmio_registry *registry, struct cmio_source *source,
                                   cmio_token token, cmio_interest interest) {
    if (!is_callable(registry, source) || !is_valid_interest(interest))
        return -EINVAL;
    if (cmio__registry_is_closed(registry))
        return -EBADF;
    if (source->registry == registry || cmio__source_is_registered(source))
        return -EEXIST;
    if (source->registry != NULL)
        (void)cmio__source_release(source); /* its registry is closed: no other error is possible */
    associate(source, registry, interest);
    const int error = source->ops->on_register(source, registry, token, interest);
    return error == 0 ? 0 : register_failed(source, error);
}

CMIO__HOT int cmio_registry_register(struct cmio_registry *registry, struct cmio_source *source,
                                     cmio_token token, cmio_interest interest) {
    if (CMIO__UNLIKELY(!goes_directly(registry, source) || !is_valid_interest(interest) ||
                       source->registry != NULL))
        return register_any(registry, source, token, interest);
    const int fd = source->fd; /* before associate() publishes the source */
    associate(source, registry, interest);
    const int error = registry->backend->register_fd(registry->selector, fd, token, interest);
    return error == 0 ? 0 : register_failed(source, error);
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

CMIO__COLD static int reregister_any(struct cmio_registry *registry, struct cmio_source *source,
                                     cmio_token token, cmio_interest interest) {
    if (!is_callable(registry, source) || !is_valid_interest(interest))
        return -EINVAL;
    if (cmio__registry_is_closed(registry))
        return -EBADF;
    int error = check_association(registry, source);
    if (error < 0)
        return error;
    error = source->ops->on_reregister(source, registry, token, interest);
    return error == 0 ? 0 : reregister_failed(source, error, source->io);
}

CMIO__HOT int cmio_registry_reregister(struct cmio_registry *registry, struct cmio_source *source,
                                       cmio_token token, cmio_interest interest) {
    if (CMIO__UNLIKELY(!goes_directly(registry, source) || !is_valid_interest(interest) ||
                       source->registry != registry))
        return reregister_any(registry, source, token, interest);
    if (registry->backend->rearm != NULL)
        return reregister_reported(registry, source, token, interest);
    const int error = cmio__registry_reregister_fd(source, registry, token, interest);
    return error == 0 ? 0 : reregister_failed(source, error, CMIO__IO_DIRECT);
}

CMIO__COLD static int deregister_any(struct cmio_registry *registry, struct cmio_source *source) {
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

CMIO__HOT int cmio_registry_deregister(struct cmio_registry *registry, struct cmio_source *source) {
    if (CMIO__UNLIKELY(!goes_directly(registry, source) || source->registry != registry))
        return deregister_any(registry, source);
    return release_plain(source, registry);
}
