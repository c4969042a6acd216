/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_JOIN_SET_INTERNAL_H
#define CMIO_ASYNC_JOIN_SET_INTERNAL_H

/*
 * A join set: one block of memory with its places. A child is polled with the waker of its place: the
 * address of that with its low bit set, which tells it from the address of a task. To wake a place is
 * to mark it `ready`, to append it to the list `woken` unless it was marked already, and to wake
 * whoever waits for the set (`parent`) if the list was empty.
 *
 * No wake is lost:
 * - A place is marked while it is in a list: in `woken`, or in `taken`, which belongs to the poll of
 *   the set. The poll clears the mark before it polls the child. A wake that finds the mark is
 *   therefore answered by a poll of the child that is yet to come; and as mark and clearing are
 *   read-modify-writes of one word, that poll sees what the waking thread did before.
 * - `woken` and `parent` change under the lock. A poll that is going to be pending sets the parent and
 *   empties the list in one go. So a place that is appended later finds an empty list and wakes that
 *   parent; and one that finds others in the list follows one that did.
 * - A poll that is pending with places left, for its turn is over, wakes its task itself.
 *
 * The parent is borrowed: the future that set it takes it away, under the lock, before it ends.
 *
 * A cloned waker keeps the block, and no child: waking a free place costs the next poll of the set a
 * look at it, and waking one that has a new child a spurious poll of that.
 *
 * tests/model/join_set.pml is this protocol for spin.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/async/join_set.h>
#include <cmio/async/task.h>

#include "async/inline.h"

/* The bit of a waker's target that says that it is a place of a set. Blocks of tasks are aligned. */
#define CMIO__PLACE ((uintptr_t)1)

CMIO__INLINE bool cmio__waker_is_place(const struct cmio_task_waker *waker) {
    return CMIO__UNLIKELY((waker->target & CMIO__PLACE) != 0);
}

/* What cmio_task_waker_wake(), _clone() and _drop() do for the waker of a place. */
void cmio__place_wake(const struct cmio_task_waker *waker);
void cmio__place_keep(const struct cmio_task_waker *waker);
void cmio__place_release(const struct cmio_task_waker *waker);

#endif
