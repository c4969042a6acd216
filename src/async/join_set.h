/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_JOIN_SET_INTERNAL_H
#define CMIO_ASYNC_JOIN_SET_INTERNAL_H

/*
 * A join set is one block of memory with its places. A child is polled with the waker of its place,
 * whose target is the place's address with the low bit set. That bit tells it from the address of a
 * task. Waking a place marks it `ready`. Unless it was marked already, it is appended to the list
 * `woken`, and if that list was empty, whoever waits for the set (`parent`) is woken.
 *
 * No wake is lost:
 * - A place is marked while it is in a list: in `woken`, or in `taken`, which belongs to the poll
 *   of the set. The poll clears the mark before it polls the child. So a wake that finds the mark
 *   is answered by a later poll of the child. Marking and clearing are read-modify-writes of one
 *   word, so that poll sees what the waking thread did before.
 * - `woken` and `parent` change under the lock. A poll that is going to be pending sets the parent
 *   and empties the list in one step. A place that is appended later either finds the list empty
 *   and wakes that parent, or follows a place that did.
 * - A poll that is pending with places left, because its turn is over, wakes its task itself.
 *
 * The parent is borrowed: the future that set it removes it, under the lock, before it ends.
 *
 * A cloned waker keeps the block, but no child. Waking a free place makes the next poll of the set
 * look at it. Waking a place that has a new child causes a spurious poll of that child.
 *
 * tests/model/join_set.pml models this protocol for spin.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/async/join_set.h>
#include <cmio/async/task.h>

#include "async/inline.h"

/* The bit of a waker's target that marks a place of a set. Blocks of tasks are aligned. */
#define CMIO__PLACE ((uintptr_t)1)

CMIO__INLINE bool cmio__waker_is_place(const struct cmio_task_waker *waker) {
    return CMIO__UNLIKELY((waker->target & CMIO__PLACE) != 0);
}

/* What cmio_task_waker_wake(), _clone() and _drop() do for the waker of a place. */
void cmio__place_wake(const struct cmio_task_waker *waker);
void cmio__place_keep(const struct cmio_task_waker *waker);
void cmio__place_release(const struct cmio_task_waker *waker);

#endif
