/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_THREADS_H
#define CMIO_POSIX_THREADS_H

/*
 * Read-modify-write operations that are atomic among threads, and ordinary ones while the process
 * has one thread: an atomic operation takes some twenty cycles more, and most loops run alone. Not
 * for data that a signal handler changes.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "posix/features.h"
#include "posix/inline.h"

/* Sets a flag and returns its old value. Acquires what was done before the flag was cleared. */
CMIO__INLINE bool cmio__flag_test_and_set(atomic_bool *flag) {
    if (!CMIO__IS_SINGLE_THREADED)
        return atomic_exchange_explicit(flag, true, memory_order_acquire);
    const bool was = atomic_load_explicit(flag, memory_order_relaxed);
    atomic_store_explicit(flag, true, memory_order_relaxed);
    return was;
}

/* Adds a reference, and publishes: see cmio__references_publish(). */
CMIO__INLINE void cmio__references_add(atomic_size_t *references) {
    if (!CMIO__IS_SINGLE_THREADED)
        (void)atomic_fetch_add_explicit(references, 1, memory_order_release);
    else
        atomic_store_explicit(references,
                              atomic_load_explicit(references, memory_order_relaxed) + 1,
                              memory_order_relaxed);
}

/* Drops a reference. Returns how many are left; if 0, all that other owners did is visible. */
CMIO__INLINE size_t cmio__references_drop(atomic_size_t *references) {
    if (!CMIO__IS_SINGLE_THREADED)
        return atomic_fetch_sub_explicit(references, 1, memory_order_acq_rel) - 1;
    const size_t left = atomic_load_explicit(references, memory_order_relaxed) - 1;
    atomic_store_explicit(references, left, memory_order_relaxed);
    return left;
}

/*
 * What a thread did before it published is visible to a thread that calls cmio__references_see()
 * afterwards. The order of the two calls is known from elsewhere, such as the kernel, whose
 * ordering the rules of C do not know. Publishing is an addition, so that every one of several
 * publishing threads is seen.
 */
CMIO__INLINE void cmio__references_publish(atomic_size_t *references) {
    if (!CMIO__IS_SINGLE_THREADED)
        (void)atomic_fetch_add_explicit(references, 0, memory_order_release);
}

CMIO__INLINE void cmio__references_see(atomic_size_t *references) {
    (void)atomic_load_explicit(references, memory_order_acquire);
}

#endif
