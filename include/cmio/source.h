/* SPDX-License-Identifier: MIT */
#ifndef CMIO_SOURCE_H
#define CMIO_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include <cmio/export.h>
#include <cmio/interest.h>

CMIO_BEGIN_DECLS

struct cmio_registry;
struct cmio_source;

/*
 * What a source of the program's own does when it is registered, reregistered and deregistered:
 * mostly, call the registry's function of that name for the sources that it is made of. Each returns
 * 0 or a negative errno, which the registry's function passes on. cmio calls them on the thread that
 * called the registry, after its own checks. What a failure leaves behind:
 *
 * - on_register must leave nothing registered. The source is not registered, and no other operation
 *   is called.
 * - on_reregister with -EINVAL, -EBADF, -EEXIST, -ENOENT, -EPERM or -ENOTSUP is a refusal: the
 *   source stays registered, and no other operation is called. cmio undoes nothing, so the operation
 *   must have changed nothing: if it changed one part and the next refuses, it must change the first
 *   one back, or return another error.
 * - on_reregister with any other error: cmio calls on_deregister once, ignores what it returns, and
 *   gives the first error to the caller. The source is not registered, and may be registered again.
 * - on_deregister must let go of every part, also when it reports an error. The source is not
 *   registered, whatever it returns.
 */
struct cmio_source_ops {
    int (*on_register)(struct cmio_source *source, struct cmio_registry *registry, cmio_token token,
                       cmio_interest interest);
    int (*on_reregister)(struct cmio_source *source, struct cmio_registry *registry,
                         cmio_token token, cmio_interest interest);
    int (*on_deregister)(struct cmio_source *source, struct cmio_registry *registry);
};

/*
 * Something that can be registered. Every source type begins with a member
 * `struct cmio_source source`, so what the registry takes is always &thing.source. The caller
 * allocates it; its members are private. A source belongs to one thread at a time; but while it stays
 * registered, or stays unregistered, one thread may read from a stream or receive from a datagram
 * socket, and another write or send. It may be moved in memory, registered or not, if one copy alone
 * is used afterwards.
 */
struct cmio_source {
    const struct cmio_source_ops *ops;
    struct cmio_registry *registry;
    int fd;
    uint16_t needs_rearm;
    uint16_t connect_error;
};

/*
 * Makes a source that uses the given operations; ops must outlive it. For source types of the
 * program's own: the types of cmio have initialisers of theirs. What closes such a type deregisters
 * the source itself, not only its parts: while it is registered it holds its registry. Errors:
 * -EINVAL for a null argument or operation.
 */
CMIO_API int cmio_source_init(struct cmio_source *source, const struct cmio_source_ops *ops);

/* Whether the source is registered with a registry whose poll still lives. NULL: false. */
CMIO_API bool cmio_source_is_registered(const struct cmio_source *source);

/*
 * Arms the edge of the given directions (CMIO_READABLE, CMIO_WRITABLE, CMIO_PRIORITY) again, for
 * I/O that was done on the descriptor behind cmio's back and came to -EAGAIN: if the source is
 * ready all the same, or becomes so, the event comes. Backends with edges of their own (epoll,
 * kqueue) have nothing to do. Errors: -EINVAL for a null source, one that is not a descriptor's, or
 * other or no directions; -ENOENT when it is not registered; -EBADF for a descriptor that was
 * closed, where the backend looks.
 */
CMIO_API int cmio_source_rearm(struct cmio_source *source, cmio_interest directions);

CMIO_END_DECLS

#endif
