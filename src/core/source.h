/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CORE_SOURCE_H
#define CMIO_CORE_SOURCE_H

/*
 * What the typed sources are made of: a descriptor that is registered, closed and given away with
 * its source, and the one place that every I/O goes through on its way back to the caller.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <cmio/source.h>

#include "posix/inline.h"

/* The operations of every source that is one descriptor. */
extern const struct cmio_source_ops cmio__descriptor_ops;

/* Makes the source of a descriptor, not registered. */
static inline void cmio__source_set_fd(struct cmio_source *source, int fd) {
    *source = (struct cmio_source){.ops = &cmio__descriptor_ops, .fd = fd};
}

/* The descriptor, or -EBADF of a closed or zeroed source. */
CMIO__INLINE int cmio__source_fd(const struct cmio_source *source) {
    return source->ops == NULL || source->fd < 0 ? -EBADF : source->fd;
}

/* Deregisters, from a closed registry too. 0 when it was not registered. */
int cmio__source_release(struct cmio_source *source);

/* Deregisters and forgets the descriptor, which it returns: the caller's now. -EBADF if closed. */
int cmio__source_take_fd(struct cmio_source *source);

/* Deregisters, then closes the descriptor. 0 for a closed or zeroed source. */
int cmio__source_close(struct cmio_source *source);

/* Tells the backend of a source's I/O, if that ended an edge. For a source that needs it. */
void cmio__source_note(struct cmio_source *source, cmio_interest direction, ssize_t result,
                       size_t wanted);

/* The same for a call that reads and leaves in place what it read: MSG_PEEK. */
void cmio__source_note_peek(struct cmio_source *source, ssize_t result, size_t wanted);

/* The same for a call that took the pending error away: SO_ERROR. */
void cmio__source_note_error_taken(struct cmio_source *source);

/*
 * Every call that reads or writes passes its result (a count or -errno) and the length that it was
 * asked for through here. It does nothing if the kernel makes edges. The quick ways of net/socket.h
 * do without it then: what is added here must be added there.
 */
CMIO__INLINE ssize_t cmio__source_io(struct cmio_source *source, cmio_interest direction,
                                     ssize_t result, size_t wanted) {
    if (source->needs_rearm)
        cmio__source_note(source, direction, result, wanted);
    return result;
}

#endif
