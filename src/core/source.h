/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CORE_SOURCE_H
#define CMIO_CORE_SOURCE_H

/*
 * What the typed sources are built on: a descriptor that is registered, closed and given away with
 * its source, and the one function that the result of every I/O call goes through.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmio/source.h>

#include "posix/inline.h"

/* The operations of every source that is one descriptor. */
extern const struct cmio_source_ops cmio__descriptor_ops;

/* The member io: what an I/O call on a source does besides its system call. */
enum {
    /* There is nothing to call: no descriptor, or operations of the program's own. Zero, so that
     * zeroed memory is a closed source. */
    CMIO__IO_CLOSED,
    /* Nothing: the source is not registered, or the kernel makes its edges. */
    CMIO__IO_DIRECT,
    /* It reports its result, of which the backend makes the next edge. */
    CMIO__IO_REPORTED,
};

/* Whether the source is one descriptor, which core registers without a call of its operations. */
CMIO__INLINE bool cmio__source_is_plain(const struct cmio_source *source) {
    return source->ops == &cmio__descriptor_ops;
}

/* Makes an unregistered source of a descriptor. */
static inline void cmio__source_set_fd(struct cmio_source *source, int fd) {
    const uint16_t io = fd < 0 ? CMIO__IO_CLOSED : CMIO__IO_DIRECT;
    *source = (struct cmio_source){.ops = &cmio__descriptor_ops, .fd = fd, .io = io};
}

/* What closing leaves behind. For a source that is not registered. */
CMIO__INLINE void cmio__source_forget_fd(struct cmio_source *source) {
    source->fd = -1;
    source->io = CMIO__IO_CLOSED;
}

CMIO__INLINE bool cmio__source_reports(const struct cmio_source *source) {
    return source->io == CMIO__IO_REPORTED;
}

/* The descriptor, or -EBADF for a closed or zeroed source. */
CMIO__INLINE int cmio__source_fd(const struct cmio_source *source) {
    return source->ops == NULL || source->fd < 0 ? -EBADF : source->fd;
}

/* Deregisters, even from a closed registry. Returns 0 if the source was not registered. */
int cmio__source_release(struct cmio_source *source);

/* Deregisters the source and hands its descriptor to the caller. Returns -EBADF if closed. */
int cmio__source_take_fd(struct cmio_source *source);

/* Deregisters, then closes the descriptor. Returns 0 for a closed or zeroed source. */
int cmio__source_close(struct cmio_source *source);

/* Reports I/O that ended an edge to the backend. For a source that needs it. */
void cmio__source_note(struct cmio_source *source, cmio_interest direction, ssize_t result,
                       size_t wanted);

/* Reports a call that reads but leaves the data in place: MSG_PEEK. */
void cmio__source_note_peek(struct cmio_source *source, ssize_t result, size_t wanted);

/* Reports a call that cleared the pending error: SO_ERROR. */
void cmio__source_note_error_taken(struct cmio_source *source);

/*
 * Every call that reads or writes passes its result (a count or -errno) and the length asked for
 * through here. It does nothing if the kernel makes edges, so the quick paths in net/socket.h skip
 * it then: what is added here must be added there.
 */
CMIO__INLINE ssize_t cmio__source_io(struct cmio_source *source, cmio_interest direction,
                                     ssize_t result, size_t wanted) {
    if (cmio__source_reports(source))
        cmio__source_note(source, direction, result, wanted);
    return result;
}

#endif
