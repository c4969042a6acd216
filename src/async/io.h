/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_IO_INTERNAL_H
#define CMIO_ASYNC_IO_INTERNAL_H

/*
 * What the futures that do I/O need to know of a bound source: how one call on it is made, for each
 * type of source, and how its result is noted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <cmio/async/io.h>

#include "async/context.h"
#include "async/io_slot.h"

struct iovec;

/* One non-blocking call each; NULL where the type has no such call. */
struct cmio__io_ops {
    ssize_t (*read)(struct cmio_source *source, void *buffer, size_t length);
    ssize_t (*write)(struct cmio_source *source, const void *buffer, size_t length);
    ssize_t (*writev)(struct cmio_source *source, const struct iovec *buffers, int count);
    int (*shutdown_write)(struct cmio_source *source);
    /*
     * Whether a read that gives less than it was asked for has emptied the source, so that the next
     * one need not be tried (see the read call of the type).
     */
    bool short_read_empties;
};

/* Makes a waiting future, as part of another one that was given the binding. */
void cmio__ready_init(struct cmio_ready_future *ready, struct cmio_io *io, cmio_interest direction);

/*
 * Whether the operation is to be tried now. If not, future->result is set and READY returned for an
 * error; or the state is PENDING, and the task is woken when it should be.
 */
enum cmio_future_state cmio__ready_poll(struct cmio_ready_future *ready,
                                        struct cmio_context *context, const char *name);

/* The operation found nothing (or all there was): waits again. */
CMIO__INLINE void cmio__ready_clear(struct cmio_ready_future *ready) {
    cmio__io_slot_clear(ready->io->slot, ready->direction, ready->seen);
}

/* Waits no longer. */
void cmio__ready_drop(struct cmio_ready_future *ready);

#endif
