/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_IO_SLOT_H
#define CMIO_ASYNC_IO_SLOT_H

/*
 * What is known of a bound source's readiness, and who waits for it. The source's token is the
 * address of its slot, so slots are never freed before their executor. The slot of a closed source
 * goes back to its worker, and is used again only after the next wait of that worker has begun. An
 * event of the closed source that is still on its way is then spurious for the next user, and never
 * touches freed memory.
 *
 * `readiness` holds the bits of the last events and, above them, a tick that counts events. A
 * future that sees its bit tries its operation. If that fails with -EAGAIN, the future clears the
 * bit, unless the tick has moved since it looked. So an event that came in between is not lost. A
 * future that does not see its bit leaves its waker under the lock and looks again. An event sets
 * the bit first and takes the wakers afterwards. tests/model/readiness.pml models this for spin.
 *
 * A waker is borrowed. A future that left one takes it back, under the lock, before it is ready,
 * because the event that set its bit may not have reached the wakers yet. So nobody wakes a task
 * that has ended.
 *
 * `generation` distinguishes a future whose source was closed from the slot's next user.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/async/task.h>
#include <cmio/event.h>

#include "async/inline.h"
#include "async/lock.h"

/* The bits of an event. */
#define CMIO__READINESS                                                                            \
    (CMIO_READABLE | CMIO_WRITABLE | CMIO_PRIORITY | CMIO_ERROR | CMIO_READ_CLOSED |               \
     CMIO_WRITE_CLOSED)

struct cmio__worker;

struct cmio__io_waiter {
    const void *who;              /* the cmio__io_wait of a future, or NULL */
    struct cmio_task_waker waker; /* borrowed: the future removes it before its task ends */
};

struct cmio__io_slot {
    atomic_uint readiness;
    atomic_uint generation;
    struct cmio__lock lock;
    struct cmio__io_waiter reader, writer;
    struct cmio__worker *worker;
    struct cmio__io_slot *next; /* in a list of unused slots */
};

/* The slots of a worker. Any thread may take one and give one back. */
struct cmio__io_slots {
    struct cmio__lock lock;
    unsigned visitors; /* other threads that hold events of the worker's poll */
    struct cmio__io_slot *unused;
    struct cmio__io_slot *closed; /* since the last wait began */
    struct cmio__io_chunk *chunks;
    atomic_size_t in_use; /* open, or closed since the last wait; not unused */
};

/* The bits that make a source ready in a direction. Priority data is read. */
CMIO__INLINE uint32_t cmio__io_bits(cmio_interest direction) {
    return direction == CMIO_READABLE ? CMIO_READABLE | CMIO_PRIORITY : CMIO_WRITABLE;
}

/*
 * Takes a slot for a source with that interest; NULL without memory. Nothing is known of the source
 * yet, so it counts as ready and the first operation finds out.
 */
struct cmio__io_slot *cmio__io_slot_take(struct cmio__worker *worker, cmio_interest interest);

/* Gives a slot back. Futures that wait on it are woken, and find it closed. */
void cmio__io_slot_close(struct cmio__io_slot *slot);

/* Called around a wait. Slots closed before it began may be used again after it. */
struct cmio__io_slot *cmio__io_slots_before_wait(struct cmio__io_slots *slots);
void cmio__io_slots_after_wait(struct cmio__io_slots *slots, struct cmio__io_slot *closed);

/* Called around another thread's wait. Slots stay closed until it has dispatched its events. */
void cmio__io_slots_visit(struct cmio__io_slots *slots);
void cmio__io_slots_leave(struct cmio__io_slots *slots);

void cmio__io_slots_destroy(struct cmio__io_slots *slots);

/* An event came. */
void cmio__io_slot_event(struct cmio__io_slot *slot, uint32_t ready);

/* Whether the slot still belongs to the source that it was taken for. */
CMIO__INLINE bool cmio__io_slot_is_open(const struct cmio__io_slot *slot, unsigned generation) {
    return atomic_load_explicit(&slot->generation, memory_order_relaxed) == generation;
}

/*
 * Whether the source may be ready. If so, wait->seen is what to clear after an -EAGAIN. If not, the
 * waker is woken when it is. For -EBUSY and -ECANCELED it sets error and returns READY.
 */
enum cmio_future_state cmio__io_slot_poll(struct cmio__io_wait *wait,
                                          const struct cmio_task_waker *waker, int *error);

/* The operation found nothing. The direction is not ready until an event newer than wait->seen. */
void cmio__io_slot_clear(const struct cmio__io_wait *wait);

/* The future no longer waits. */
void cmio__io_slot_forget(struct cmio__io_wait *wait);

#endif
