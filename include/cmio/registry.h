/* SPDX-License-Identifier: MIT */
#ifndef CMIO_REGISTRY_H
#define CMIO_REGISTRY_H

/**
 * @file
 * Registries, which sources are registered with, and the order in which misuse is checked.
 */

#include <cmio/export.h>
#include <cmio/interest.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

/**
 * A registry is the half of a poll that sources are registered with.
 *
 * cmio_poll_registry() returns the registry of a poll. The poll, every registered source, every
 * waker and every holder of a reference keep it alive. When the poll is freed, the registry is
 * closed. It stays safe to call, and calls fail with -EBADF. A source whose registry is closed
 * counts as unregistered.
 *
 * Misuse changes nothing and is checked in this order:
 * -# A null argument, or an empty or contradictory interest: -EINVAL.
 * -# A closed registry: -EBADF.
 * -# A source that is registered, with this registry or another one: -EEXIST. For reregister and
 *    deregister, a source that is registered with another registry: -EEXIST, or with none: -ENOENT.
 * -# A descriptor that is closed, or that was opened for its name alone (O_PATH): -EBADF.
 * -# A descriptor that the system cannot watch, such as a regular file or a directory: -EPERM.
 * -# A descriptor that another source has registered with this registry: -EEXIST. An interest that
 *    the backend cannot watch for: -ENOTSUP.
 *
 * **Threads**: any thread that holds a reference may use a registry, also while another thread
 * waits on its poll. What a call does takes effect on that wait.
 */
struct cmio_registry;

/**
 * Registers a source, so that waits on the registry's poll report its events.
 *
 * Readiness that already holds is reported by the next wait.
 *
 * Registering may hand the source to another thread, which waits on the poll. The event may arrive
 * there before this call returns, and that thread may close and free the source at once. This call
 * does not touch the source after that point. Everything that the calling thread did before the
 * call is visible to the thread that gets the event.
 *
 * @param registry  The registry. Borrowed. The source keeps it alive while it is registered.
 * @param source    The source: the member `source` of a source type. Borrowed. It must live until
 *                  it is deregistered, which closing it does.
 * @param token     The number that the source's events carry. Any value is allowed.
 * @param interest  What to watch for: one or more of CMIO_READABLE, CMIO_WRITABLE and
 *                  CMIO_PRIORITY, and at most one of CMIO_LEVEL and CMIO_ONESHOT.
 *
 * **Returns** 0.
 *
 * **Errors**, after which the source is not registered, unless it was registered before the call:
 * - -EINVAL: registry or source is NULL, the source was never initialised, or the interest is empty
 *   or contradictory.
 * - -EEXIST: the source is registered already, with this registry or another one, or another source
 *   has registered this descriptor with this registry.
 * - -EBADF: the registry is closed, the source is closed, its descriptor is not open, or the
 *   descriptor was opened with O_PATH.
 * - -EPERM: the system cannot watch the descriptor: a regular file or a directory, for example.
 * - -ENOTSUP: the backend cannot watch for the interest: CMIO_PRIORITY on kqueue. See
 *   cmio_poll_supports().
 * - -ENOMEM: memory is short.
 * - -ENOSPC: the user has reached the system's limit of watches (epoll(7)).
 * - -EMFILE, -ENFILE: no descriptor is left. Only poll(2) on Linux needs one, for a moment, to ask
 *   whether a device or a regular file can be watched.
 * - Other errors of epoll_ctl(2) or kevent(2), or of the on_register of a source type of the
 *   program's own.
 *
 * **Threads**: any thread, also while another one waits on the poll.
 *
 * **Source**: epoll_ctl(2), kevent(2).
 */
CMIO_API int cmio_registry_register(struct cmio_registry *registry, struct cmio_source *source,
                                    cmio_token token, cmio_interest interest);

/**
 * Replaces the token and the interest of a registered source.
 *
 * The next wait reports readiness that already holds. So this is the portable way to arm a source
 * again, for example after the event of a CMIO_ONESHOT registration.
 *
 * Reregistering may hand the source to another thread, which waits on the poll. The event may
 * arrive there before this call returns, and that thread may close and free the source at once.
 * This call does not touch the source after that point. Everything that the calling thread did
 * before the call is visible to the thread that gets the event.
 *
 * -EINVAL, -EBADF, -EEXIST, -ENOENT, -EPERM and -ENOTSUP change nothing: a registered source stays
 * registered with its old token and interest. After any other error the source is not registered
 * and has no further event. Register it again, or close it. See struct cmio_source_ops for what
 * this means for the parts of a source type of the program's own.
 *
 * @param registry  The registry that the source is registered with. Borrowed.
 * @param source    The source: the member `source` of a source type. Borrowed. It must live until
 *                  it is deregistered, which closing it does.
 * @param token     The number that the source's events carry from now on. Any value is allowed.
 * @param interest  What to watch for from now on: one or more of CMIO_READABLE, CMIO_WRITABLE and
 *                  CMIO_PRIORITY, and at most one of CMIO_LEVEL and CMIO_ONESHOT.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: registry or source is NULL, the source was never initialised, or the interest is empty
 *   or contradictory.
 * - -EBADF: the registry is closed, or the descriptor is not open any more.
 * - -EEXIST: the source is registered with another registry.
 * - -ENOENT: the source is not registered.
 * - -EPERM: the on_reregister of a source type of the program's own returned it.
 * - -ENOTSUP: the backend cannot watch for the interest: CMIO_PRIORITY on kqueue. See
 *   cmio_poll_supports().
 * - -ENOMEM: memory is short.
 * - Other errors of epoll_ctl(2) or kevent(2), or of the on_reregister of a source type of the
 *   program's own.
 *
 * **Threads**: any thread, also while another one waits on the poll.
 *
 * **Source**: epoll_ctl(2), kevent(2).
 */
CMIO_API int cmio_registry_reregister(struct cmio_registry *registry, struct cmio_source *source,
                                      cmio_token token, cmio_interest interest);

/**
 * Deregisters a source, so that no later wait reports it.
 *
 * A wait that another thread is in during this call may still report the source, once. The current
 * batch keeps its events: see cmio_events_purge(). Closing a source deregisters it, too.
 *
 * @param registry  The registry that the source is registered with. Borrowed.
 * @param source    The source: the member `source` of a source type. Borrowed.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: registry or source is NULL, or the source was never initialised.
 * - -EBADF: the registry is closed, or the descriptor was closed before. A source that was
 *   registered with this registry is deregistered nevertheless.
 * - -EEXIST: the source is registered with another registry. It stays registered there.
 * - -ENOENT: the source is not registered.
 * - Other errors of epoll_ctl(2) or kevent(2), or of the on_deregister of a source type of the
 *   program's own. The source is deregistered nevertheless.
 *
 * **Threads**: any thread, also while another one waits on the poll.
 *
 * **Source**: epoll_ctl(2), kevent(2).
 */
CMIO_API int cmio_registry_deregister(struct cmio_registry *registry, struct cmio_source *source);

/**
 * Takes a reference to a registry, which keeps it alive.
 *
 * A reference does not keep the poll: the registry is closed when its poll is freed.
 *
 * @param registry  The registry. NULL is allowed.
 *
 * **Returns** registry. The caller must give the reference back with cmio_registry_unref().
 *
 * **Threads**: any thread that may use the registry.
 */
CMIO_API struct cmio_registry *cmio_registry_ref(struct cmio_registry *registry);

/**
 * Gives back a reference to a registry.
 *
 * The registry is freed with its last reference. Its poll, registered sources and wakers hold
 * references of their own.
 *
 * @param registry  The registry, from cmio_registry_ref(). The reference ends with this call. NULL
 *                  is allowed.
 *
 * **Threads**: any thread.
 */
CMIO_API void cmio_registry_unref(struct cmio_registry *registry);

CMIO_END_DECLS

#endif
