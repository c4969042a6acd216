/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_IO_SLOT_H
#define CMIO_ASYNC_IO_SLOT_H

/*
 * What is known of a bound source's readiness, and who waits for it. The source's token is the
 * address of its slot, so slots are never freed before their executor: a slot whose source was
 * closed goes back to its worker, and is used again only after the next wait of that worker has
 * begun. An event of the closed source that is still on its way is then a spurious one for the next
 * user, never a touch of freed memory.
 *
 * `readiness` holds the bits of the last events and, above them, a tick that counts events. A future
 * that sees its bit tries its operation. If that says -EAGAIN it clears the bit, unless the tick has
 * moved since it looked: an event that came in between is not lost. A future that does not see its
 * bit leaves its waker under the lock and looks again; an event sets the bit first and takes the
 * wakers afterwards. tests/model/readiness.pml is this protocol for spin.
 *
 * `generation` tells a future whose source was closed from the slot's next user.
 */

#include <stdatomic.h>
#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/async/task.h>
#include <cmio/event.h>

#include "async/lock.h"

/* The bits of an event. */
#define CMIO__READINESS                                                                            \
    (CMIO_READABLE | CMIO_WRITABLE | CMIO_PRIORITY | CMIO_ERROR | CMIO_READ_CLOSED |               \
     CMIO_WRITE_CLOSED)

struct cmio__worker;

struct cmio__io_waiter {
    const void *who;              /* the future, or NULL */
    struct cmio_task_waker waker; /* borrowed: the future takes it away before its task ends */
};

struct cmio__io_slot {
    atomic_uint readiness;
    atomic_uint generation;
    struct cmio__lock lock;
    struct cmio__io_waiter reader, writer;
    struct cmio__worker *worker;
    struct cmio__io_slot *next; /* in a list of unused ones */
};

/* The slots of a worker. Any thread may take one and give one back. */
struct cmio__io_slots {
    struct cmio__lock lock;
    unsigned visitors; /* threads other than the worker's that have events of its poll */
    struct cmio__io_slot *unused;
    struct cmio__io_slot *closed; /* since the last wait began */
    struct cmio__io_chunk *chunks;
    atomic_size_t in_use;
};

/* Takes a slot; NULL without memory. */
struct cmio__io_slot *cmio__io_slot_take(struct cmio__worker *worker);

/* Gives a slot back: who waits on it is woken, and finds it closed. */
void cmio__io_slot_close(struct cmio__io_slot *slot);

/* Around a wait: what was closed before it began may be used again after it. */
struct cmio__io_slot *cmio__io_slots_before_wait(struct cmio__io_slots *slots);
void cmio__io_slots_after_wait(struct cmio__io_slots *slots, struct cmio__io_slot *closed);

/* Around a wait of another thread: closed slots stay closed until it has dispatched its events. */
void cmio__io_slots_visit(struct cmio__io_slots *slots);
void cmio__io_slots_leave(struct cmio__io_slots *slots);

void cmio__io_slots_destroy(struct cmio__io_slots *slots);

/* An event came. */
void cmio__io_slot_event(struct cmio__io_slot *slot, uint32_t ready);

/*
 * Whether the source may be ready in the direction: seen is then what is to be cleared after an
 * -EAGAIN. If not, the waker is woken when it is. error is set, and READY returned, for -EBUSY and
 * -ECANCELED.
 */
enum cmio_future_state cmio__io_slot_poll(struct cmio__io_slot *slot, unsigned generation,
                                          cmio_interest direction, const void *who,
                                          const struct cmio_task_waker *waker, uint32_t *seen,
                                          int *error);

/* The operation found nothing: the direction is not ready until an event after `seen`. */
void cmio__io_slot_clear(struct cmio__io_slot *slot, cmio_interest direction, uint32_t seen);

/* The future waits no longer. */
void cmio__io_slot_forget(struct cmio__io_slot *slot, cmio_interest direction, const void *who);

#endif
