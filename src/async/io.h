/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_IO_INTERNAL_H
#define CMIO_ASYNC_IO_INTERNAL_H

/*
 * How the futures that do I/O use a bound source: how to make a call on each type of source, and
 * how to note its result. Each of these futures loops:
 *
 *     wait until the source may be ready, or an error (cmio__io_wait_poll)
 *     make one call
 *     repeat if it would have blocked (cmio__io_is_to_wait)
 *
 * So an operation on a source that is ready costs one system call, and no lock.
 */

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <cmio/async/io.h>

#include "async/context.h"
#include "async/io_slot.h"
#include "async/worker.h"

struct iovec;

/* One non-blocking call each; NULL if the type has no such call. */
struct cmio__io_ops {
    ssize_t (*read)(struct cmio_source *source, void *buffer, size_t length);
    ssize_t (*write)(struct cmio_source *source, const void *buffer, size_t length);
    ssize_t (*writev)(struct cmio_source *source, const struct iovec *buffers, int count);
    int (*shutdown_write)(struct cmio_source *source);
    /* For datagrams. address, peer and truncated may be NULL. */
    ssize_t (*receive)(struct cmio_source *source, void *buffer, size_t length,
                       struct cmio_address *peer, bool *truncated);
    ssize_t (*send)(struct cmio_source *source, const void *buffer, size_t length,
                    const struct cmio_address *address);
    int (*accept)(struct cmio_source *source, void *stream, struct cmio_address *peer);
    /*
     * Whether a read that returns less than it was asked for has emptied the source, so that the
     * next read need not be tried (see the type's read call).
     */
    bool short_read_empties;
    /* Whether a short write has filled the source. An event comes when there is room again. */
    bool short_write_fills;
    /* A send to an address may give -EAGAIN because of the receiver, which no event reports. */
    bool send_to_may_stall;
};

/* The types that only some futures accept. */
extern const struct cmio__io_ops cmio__io_tcp_listener, cmio__io_unix_listener, cmio__io_signals,
    cmio__io_child;

/* Whether io was bound for the direction and is of a type that has the call. */
#define CMIO__IO_HAS(io, call, bits)                                                               \
    ((io) != NULL && (io)->ops != NULL && (io)->ops->call != NULL && ((io)->interest & (bits)) != 0)

/* Initialises a future's wait for the binding that it was given. */
void cmio__io_wait_init(struct cmio__io_wait *wait, struct cmio_io *io, cmio_interest direction);

/* The slow path of cmio__io_wait_poll(), for a source that is not known to be ready. */
enum cmio_future_state cmio__io_wait_slowly(struct cmio__io_wait *wait,
                                            struct cmio_context *context, const char *name,
                                            ssize_t *result);

/*
 * READY with *result 0: try the operation now. READY with an error: the future ends with that
 * error. PENDING: the task is woken when the source may be ready. name is the name of the future.
 */
CMIO__INLINE enum cmio_future_state cmio__io_wait_poll(struct cmio__io_wait *wait,
                                                       struct cmio_context *context,
                                                       const char *name, ssize_t *result) {
    const struct cmio__io_slot *slot = wait->slot;
    if (CMIO__UNLIKELY(slot == NULL || wait->waits || context->budget == 0 ||
                       !cmio__io_slot_is_open(slot, wait->generation)))
        return cmio__io_wait_slowly(wait, context, name, result);
    wait->seen = atomic_load_explicit(&slot->readiness, memory_order_acquire);
    if ((wait->seen & cmio__io_bits(wait->direction)) == 0)
        return cmio__io_wait_slowly(wait, context, name, result);
    context->budget--;
    *result = 0;
    return CMIO_READY;
}

/* Whether the call that gave this result must be made again, after a wait or at once. */
CMIO__INLINE bool cmio__io_is_to_wait(const struct cmio__io_wait *wait, ssize_t result) {
    if (result == -EAGAIN || result == -EWOULDBLOCK)
        cmio__io_slot_clear(wait);
    return result == -EAGAIN || result == -EWOULDBLOCK || result == -EINTR;
}

/*
 * Notes a read that gave less than it was asked for. If that means that nothing is left, the next
 * read waits for an event. It does not mean that if the end was already there, for which no event
 * comes any more, or if there is urgent data, at which reads stop.
 */
CMIO__INLINE void cmio__io_note_read(const struct cmio__io_wait *wait, ssize_t count,
                                     size_t wanted) {
    if (count > 0 && (size_t)count < wanted && wait->io->ops->short_read_empties &&
        (wait->seen & (CMIO_READ_CLOSED | CMIO_PRIORITY | CMIO_ERROR)) == 0)
        cmio__io_slot_clear(wait);
}

/* Notes a short write in the same way, unless an event showed that the next one fails at once. */
CMIO__INLINE void cmio__io_note_write(const struct cmio__io_wait *wait, ssize_t count,
                                      size_t wanted) {
    if (count > 0 && (size_t)count < wanted && wait->io->ops->short_write_fills &&
        (wait->seen & (CMIO_WRITE_CLOSED | CMIO_ERROR)) == 0)
        cmio__io_slot_clear(wait);
}

/* Ends the wait. */
CMIO__INLINE void cmio__io_wait_drop(struct cmio__io_wait *wait) {
    cmio__io_slot_forget(wait);
}

#endif
