/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_LOCK_H
#define CMIO_ASYNC_LOCK_H

/*
 * A lock of one word, for the few instructions that keep a list or a queue in order: one atomic
 * exchange to take it, one store to release it. Nothing blocks, calls into the program or allocates
 * while it is held. A thread that finds it taken spins for a moment, then gives its processor to
 * others, since the holder may have been preempted.
 *
 * The order in which several may be held: task lists, then slots, timers and what tasks meet at
 * (channels and the like), then a join set and the set that its task is a child of, then the
 * executor's injected tasks.
 */

#include <stdatomic.h>
#include <stdbool.h>

#include "async/inline.h"

struct cmio__lock {
    atomic_bool taken;
};

void cmio__lock_wait(struct cmio__lock *lock);

CMIO__INLINE bool cmio__lock_try(struct cmio__lock *lock) {
    if (!CMIO__IS_SINGLE_THREADED)
        return !atomic_exchange_explicit(&lock->taken, true, memory_order_acquire);
    const bool was = atomic_load_explicit(&lock->taken, memory_order_relaxed);
    atomic_store_explicit(&lock->taken, true, memory_order_relaxed);
    return !was;
}

CMIO__INLINE void cmio__lock_take(struct cmio__lock *lock) {
    if (CMIO__UNLIKELY(!cmio__lock_try(lock)))
        cmio__lock_wait(lock);
}

CMIO__INLINE void cmio__lock_release(struct cmio__lock *lock) {
    atomic_store_explicit(&lock->taken, false, memory_order_release);
}

_Static_assert(sizeof(struct cmio__lock) == 1, "a lock fits where public structs keep one");

/* The lock that a struct in the caller's memory has as a plain byte; 0 is a lock that is not taken. */
CMIO__INLINE struct cmio__lock *cmio__lock_at(unsigned char *byte) {
    return (struct cmio__lock *)byte;
}

#endif
