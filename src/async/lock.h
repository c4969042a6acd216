/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_LOCK_H
#define CMIO_ASYNC_LOCK_H

/*
 * A lock of one word, for the few instructions that keep a list or a queue in order: one atomic
 * exchange to take it, one store to release it. Nothing blocks, calls into the program or allocates
 * while it is held. A thread that finds it taken spins for a moment and then gives its processor to
 * others, because the holder may have been preempted.
 *
 * A thread that holds several takes them in this order: task lists; slots, timers and the objects
 * where tasks meet (channels and the like); a join set, then the set of which its task is a child;
 * the executor's injected tasks.
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

/* A lock that is a plain byte in a public struct. 0 means that it is not taken. */
CMIO__INLINE struct cmio__lock *cmio__lock_at(unsigned char *byte) {
    return (struct cmio__lock *)byte;
}

#endif
