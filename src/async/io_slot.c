/* SPDX-License-Identifier: MIT */
#include "async/io_slot.h"

#include <errno.h>
#include <stdlib.h>

#include "async/worker.h"

enum {
    TICK = 0x100, /* one event */
    CHUNK = 64,   /* slots allocated together */
};

struct cmio__io_chunk {
    struct cmio__io_chunk *next;
    struct cmio__io_slot slots[CHUNK];
};

/* The bits to clear when an operation in the direction found nothing. */
static uint32_t bits_of(cmio_interest direction) {
    return direction == CMIO_READABLE
               ? CMIO_READABLE | CMIO_READ_CLOSED | CMIO_PRIORITY | CMIO_ERROR
               : CMIO_WRITABLE | CMIO_WRITE_CLOSED | CMIO_ERROR;
}

static bool add_chunk(struct cmio__worker *worker) {
    struct cmio__io_chunk *chunk = calloc(1, sizeof *chunk);
    if (chunk == NULL)
        return false;
    chunk->next = worker->slots.chunks;
    worker->slots.chunks = chunk;
    for (int i = CHUNK - 1; i >= 0; i--) {
        chunk->slots[i].worker = worker;
        chunk->slots[i].next = worker->slots.unused;
        worker->slots.unused = &chunk->slots[i];
    }
    return true;
}

struct cmio__io_slot *cmio__io_slot_take(struct cmio__worker *worker, cmio_interest interest) {
    struct cmio__io_slots *slots = &worker->slots;
    struct cmio__io_slot *slot = NULL;
    cmio__lock_take(&slots->lock);
    if (slots->unused != NULL || add_chunk(worker)) {
        slot = slots->unused;
        slots->unused = slot->next;
        (void)atomic_fetch_add_explicit(&slots->in_use, 1, memory_order_relaxed);
    }
    cmio__lock_release(&slots->lock);
    if (slot == NULL)
        return NULL;
    const uint32_t tick =
        atomic_load_explicit(&slot->readiness, memory_order_relaxed) & ~CMIO__READINESS;
    atomic_store_explicit(&slot->readiness,
                          (tick + TICK) | (interest & (CMIO_READABLE | CMIO_WRITABLE)),
                          memory_order_relaxed);
    return slot;
}

static void wake_waiter(struct cmio__io_waiter *waiter) {
    if (waiter->who == NULL)
        return;
    waiter->who = NULL;
    cmio_task_waker_wake(&waiter->waker);
}

void cmio__io_slot_close(struct cmio__io_slot *slot) {
    struct cmio__io_slots *slots = &slot->worker->slots;
    cmio__lock_take(&slot->lock);
    (void)atomic_fetch_add_explicit(&slot->generation, 1, memory_order_relaxed);
    wake_waiter(&slot->reader);
    wake_waiter(&slot->writer);
    cmio__lock_release(&slot->lock);
    cmio__lock_take(&slots->lock);
    slot->next = slots->closed;
    slots->closed = slot;
    cmio__lock_release(&slots->lock);
}

struct cmio__io_slot *cmio__io_slots_before_wait(struct cmio__io_slots *slots) {
    cmio__lock_take(&slots->lock);
    struct cmio__io_slot *closed = NULL;
    if (slots->visitors == 0) {
        closed = slots->closed;
        slots->closed = NULL;
    }
    cmio__lock_release(&slots->lock);
    return closed;
}

void cmio__io_slots_after_wait(struct cmio__io_slots *slots, struct cmio__io_slot *closed) {
    if (closed == NULL)
        return;
    struct cmio__io_slot *last = closed;
    size_t count = 1;
    for (; last->next != NULL; count++)
        last = last->next;
    cmio__lock_take(&slots->lock);
    last->next = slots->unused;
    slots->unused = closed;
    (void)atomic_fetch_sub_explicit(&slots->in_use, count, memory_order_relaxed);
    cmio__lock_release(&slots->lock);
}

void cmio__io_slots_visit(struct cmio__io_slots *slots) {
    cmio__lock_take(&slots->lock);
    slots->visitors++;
    cmio__lock_release(&slots->lock);
}

void cmio__io_slots_leave(struct cmio__io_slots *slots) {
    cmio__lock_take(&slots->lock);
    slots->visitors--;
    cmio__lock_release(&slots->lock);
}

void cmio__io_slots_destroy(struct cmio__io_slots *slots) {
    while (slots->chunks != NULL) {
        struct cmio__io_chunk *chunk = slots->chunks;
        slots->chunks = chunk->next;
        free(chunk);
    }
}

void cmio__io_slot_event(struct cmio__io_slot *slot, uint32_t ready) {
    uint32_t was = atomic_load_explicit(&slot->readiness, memory_order_relaxed);
    uint32_t now;
    do
        now = (was + TICK) | (ready & CMIO__READINESS);
    while (!atomic_compare_exchange_weak_explicit(&slot->readiness, &was, now, memory_order_seq_cst,
                                                  memory_order_relaxed));
    cmio__lock_take(&slot->lock);
    if ((ready & cmio__io_bits(CMIO_READABLE)) != 0)
        wake_waiter(&slot->reader);
    if ((ready & cmio__io_bits(CMIO_WRITABLE)) != 0)
        wake_waiter(&slot->writer);
    cmio__lock_release(&slot->lock);
}

static struct cmio__io_waiter *waiter_of(const struct cmio__io_wait *wait) {
    return wait->direction == CMIO_READABLE ? &wait->slot->reader : &wait->slot->writer;
}

/* Leaves the waker, unless the slot is closed or another future waits there. */
static int leave_waker(struct cmio__io_wait *wait, const struct cmio_task_waker *waker) {
    struct cmio__io_waiter *waiter = waiter_of(wait);
    int error = 0;
    cmio__lock_take(&wait->slot->lock);
    if (!cmio__io_slot_is_open(wait->slot, wait->generation))
        error = -ECANCELED;
    else if (waiter->who != NULL)
        error = -EBUSY;
    else
        *waiter = (struct cmio__io_waiter){wait, *waker};
    cmio__lock_release(&wait->slot->lock);
    wait->waits = error == 0;
    return error;
}

/* Notes the present readiness. Returns whether the operation is worth trying. */
static bool is_ready(struct cmio__io_wait *wait) {
    wait->seen = atomic_load_explicit(&wait->slot->readiness, memory_order_seq_cst);
    return (wait->seen & cmio__io_bits(wait->direction)) != 0;
}

enum cmio_future_state cmio__io_slot_poll(struct cmio__io_wait *wait,
                                          const struct cmio_task_waker *waker, int *error) {
    cmio__io_slot_forget(wait);
    *error = cmio__io_slot_is_open(wait->slot, wait->generation) ? 0 : -ECANCELED;
    if (*error != 0 || is_ready(wait))
        return CMIO_READY;
    *error = leave_waker(wait, waker);
    if (*error != 0)
        return CMIO_READY;
    if (!is_ready(wait))
        return CMIO_PENDING;
    cmio__io_slot_forget(wait);
    return CMIO_READY;
}

void cmio__io_slot_clear(const struct cmio__io_wait *wait) {
    atomic_uint *readiness = &wait->slot->readiness;
    uint32_t now = atomic_load_explicit(readiness, memory_order_relaxed);
    while (now / TICK == wait->seen / TICK)
        if (atomic_compare_exchange_weak_explicit(readiness, &now, now & ~bits_of(wait->direction),
                                                  memory_order_relaxed, memory_order_relaxed))
            return;
}

void cmio__io_slot_forget(struct cmio__io_wait *wait) {
    if (!wait->waits)
        return;
    wait->waits = false;
    struct cmio__io_waiter *waiter = waiter_of(wait);
    cmio__lock_take(&wait->slot->lock);
    if (waiter->who == wait)
        waiter->who = NULL;
    cmio__lock_release(&wait->slot->lock);
}
