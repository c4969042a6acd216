/* SPDX-License-Identifier: MIT */
#ifndef CMIO_REGISTRY_H
#define CMIO_REGISTRY_H

#include <cmio/export.h>
#include <cmio/interest.h>
#include <cmio/source.h>

CMIO_BEGIN_DECLS

/*
 * The half of a poll that sources are registered with. Any thread that holds a reference may use
 * it, also while another thread waits: what it does takes effect on that wait. When the poll is
 * freed the registry is closed: it stays safe to call, and says -EBADF.
 *
 * Misuse is checked in this order and changes nothing: a null argument, an empty or contradictory
 * interest -EINVAL; a closed registry -EBADF; the source registered already, with this registry or
 * another, -EEXIST, or not registered -ENOENT; then the descriptor: a closed one, or one that was
 * opened for its name alone (O_PATH), -EBADF; one that the system cannot watch, such as a regular
 * file or a directory, -EPERM; one that another source has registered here -EEXIST. An interest
 * that the backend cannot watch is -ENOTSUP. A source whose registry is closed counts as
 * unregistered.
 */
struct cmio_registry;

/*
 * Watches the source: events carry the token from now on. Readiness that already holds is reported.
 * Errors: the misuse listed at the top of this file; -ENOMEM; -ENOSPC (epoll_ctl(2): the user's
 * limit of watches); -EMFILE or -ENFILE for a device or a regular file on Linux's poll(2), where a
 * descriptor is opened for a moment to ask whether it can be watched; what the source's own
 * on_register returns. On failure the source is not registered.
 *
 * Registering may hand the source to another thread, the one that waits on the registry's poll: its
 * event may arrive there before this call returns, and that thread may close and free the source.
 * The call does not touch the source after that, and everything the calling thread did before it is
 * visible to the thread that gets the event.
 */
CMIO_API int cmio_registry_register(struct cmio_registry *registry, struct cmio_source *source,
                                    cmio_token token, cmio_interest interest);

/*
 * Replaces the token and interest of a registered source, and reports readiness that already holds:
 * the portable way to re-arm it. A source may be handed to another thread's poll this way, like with
 * cmio_registry_register().
 *
 * Errors: after -EINVAL, -EBADF, -EEXIST, -ENOENT, -EPERM or -ENOTSUP, the misuse listed at the top
 * of this file, nothing has changed: the source stays registered with its old token and interest, if
 * it was. After any other error, such as -ENOMEM, it is registered no more and has no further event:
 * register it again, or close it. What that means for the parts of a source of the program's own is
 * in source.h, at struct cmio_source_ops.
 */
CMIO_API int cmio_registry_reregister(struct cmio_registry *registry, struct cmio_source *source,
                                      cmio_token token, cmio_interest interest);

/*
 * Stops watching the source. After it returned no later wait reports it; one that another thread is
 * in may, once. The batch in hand keeps its events: see cmio_events_purge(). Errors: -EINVAL;
 * -ENOENT if it is not registered; -EEXIST if it is, with another registry. -EBADF reports that the
 * registry is closed or the descriptor gone; the source is released all the same.
 */
CMIO_API int cmio_registry_deregister(struct cmio_registry *registry, struct cmio_source *source);

/*
 * Shares the registry: returns the one it was given, which the caller must unref. Any thread that
 * may use the registry may take a reference. NULL gives NULL.
 */
CMIO_API struct cmio_registry *cmio_registry_ref(struct cmio_registry *registry);

/* Gives a reference back. NULL is allowed. Any thread. */
CMIO_API void cmio_registry_unref(struct cmio_registry *registry);

CMIO_END_DECLS

#endif
