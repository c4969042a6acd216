/* SPDX-License-Identifier: MIT */
#ifndef CMIO_SOURCE_H
#define CMIO_SOURCE_H

/**
 * @file
 * Sources: what can be registered, and how a program makes source types of its own.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cmio/export.h>
#include <cmio/interest.h>

CMIO_BEGIN_DECLS

struct cmio_registry;
struct cmio_source;

/**
 * The operations of a source type of the program's own: what it does when it is registered,
 * reregistered and deregistered.
 *
 * Most operations call the registry's function of the corresponding name for each part, which is a
 * source that the type is made of. An operation returns 0 or a negative errno, and the registry's
 * function returns that to its caller. cmio calls an operation on the thread that called the
 * registry, after the checks of its own. All three operations must be set. The struct is usually
 * static and constant. The caller owns it, and it must outlive every source that uses it.
 *
 * **Threads**: several threads may call the operations of different sources at once.
 */
struct cmio_source_ops {
    /**
     * Registers the parts of the source, with the arguments of cmio_registry_register().
     *
     * It returns 0 or a negative errno. If it fails, it must leave no part registered. The source
     * is then not registered, and cmio calls no other operation.
     */
    int (*on_register)(struct cmio_source *source, struct cmio_registry *registry, cmio_token token,
                       cmio_interest interest);

    /**
     * Replaces the token and the interest of the parts of the source, with the arguments of
     * cmio_registry_reregister().
     *
     * It returns 0 or a negative errno.
     *
     * -EINVAL, -EBADF, -EEXIST, -ENOENT, -EPERM and -ENOTSUP are refusals. The source stays
     * registered, and cmio calls no other operation. cmio undoes nothing, so a refusal must have
     * changed nothing: if the operation changed one part and the next part refuses, the operation
     * must change the first part back, or return another error.
     *
     * After any other error cmio calls on_deregister once, ignores its result, and returns the
     * first error to the caller. The source is then not registered, and may be registered again.
     */
    int (*on_reregister)(struct cmio_source *source, struct cmio_registry *registry,
                         cmio_token token, cmio_interest interest);

    /**
     * Deregisters the parts of the source, with the arguments of cmio_registry_deregister().
     *
     * It returns 0 or a negative errno. It must let go of every part, also if it returns an error.
     * The source is not registered afterwards, whatever the operation returns.
     */
    int (*on_deregister)(struct cmio_source *source, struct cmio_registry *registry);
};

/**
 * A source is anything that can be registered with a registry.
 *
 * Every source type begins with a member `struct cmio_source source`, so the argument of a
 * registry's function is always `&thing.source`. The caller allocates the struct, usually as part
 * of a struct of the program's own. While a source is registered, it holds a reference to its
 * registry.
 *
 * A source may be moved in memory, registered or not, if only one copy of it is used afterwards. In
 * zeroed memory it is a closed source: the functions of its type that close it accept it, and
 * registering it fails with -EINVAL.
 *
 * **Threads**: one thread at a time uses a source. While a stream or a datagram socket stays
 * registered, or stays unregistered, one thread may read or receive while another one writes or
 * sends.
 */
struct cmio_source {
    const struct cmio_source_ops *ops; /**< Internal, like all members of this struct. */
    struct cmio_registry *registry;    /**< Internal. */
    int fd;                            /**< Internal. */
    uint16_t io;                       /**< Internal. */
    uint16_t connect_error;            /**< Internal. */
};

/**
 * Makes a source that uses the given operations, for a source type of the program's own.
 *
 * The source is not registered. The source types of cmio have functions of their own that make
 * them. A function that closes a type made with this call must deregister the source itself and not
 * only its parts, because a registered source holds its registry.
 *
 * @param source  Receives the source. The caller owns it. It must not be registered. Untouched on
 *                failure.
 * @param ops     The operations. Borrowed. They must outlive the source.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: source or ops is NULL, or one of the operations is NULL.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_source_init(struct cmio_source *source, const struct cmio_source_ops *ops);

/**
 * Tells whether a source is registered with a registry whose poll still lives.
 *
 * @param source  The source: the member `source` of a source type. Borrowed. NULL is allowed.
 *
 * **Returns** true if the source is registered. Returns false if it is not, if its poll was freed,
 * and if source is NULL.
 *
 * **Threads**: the thread that the source belongs to.
 */
CMIO_API bool cmio_source_is_registered(const struct cmio_source *source);

/**
 * Arms the edges of a source again after I/O that bypassed cmio.
 *
 * Call it after a system call of the program's own on the descriptor failed with EAGAIN. If the
 * source is ready nevertheless, or becomes ready later, its event comes. Backends whose kernel
 * makes edges (epoll, kqueue) have nothing to do, and neither has any backend for a source with
 * CMIO_LEVEL or CMIO_ONESHOT. The call does not check whether the descriptor is still open. I/O
 * through the functions of cmio needs no such call. See cmio_fd_source_note_io(), which covers
 * every result of a system call.
 *
 * @param source      The source: the member `source` of a source type of cmio. Borrowed.
 * @param directions  The directions to arm: one or more of CMIO_READABLE, CMIO_WRITABLE and
 *                    CMIO_PRIORITY.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EINVAL: source is NULL, the source is of a type of the program's own, or directions is 0 or
 *   has other bits.
 * - -ENOENT: the source is not registered.
 * - -EBADF: the source was deregistered through a copy of it. Only the backend on poll(2) notices.
 *
 * **Threads**: the thread that the source belongs to, also while another one waits on the poll.
 */
CMIO_API int cmio_source_rearm(struct cmio_source *source, cmio_interest directions);

CMIO_END_DECLS

#endif
