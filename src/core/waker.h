/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CORE_WAKER_H
#define CMIO_CORE_WAKER_H

#include <stdatomic.h>
#include <stdbool.h>

#include <cmio/waker.h>

#include "core/registry.h"

/* See waker.c for the meaning of pending and woken, and spin.c for that of offered. */
struct cmio_waker {
    atomic_bool pending;
    atomic_bool offered;
    bool in_use; /* under the registry's wakers_lock */
    struct cmio__wake wake;
    struct cmio_registry *registry;
    struct cmio_waker *next; /* set once, before the waker is in the list */
};

/* Clears the flags of pending wakes. A wait calls it between the kernel's answer and its own. */
void cmio__wakers_collect_pending(struct cmio_registry *registry);

/* Whether it must do so. */
CMIO__INLINE bool cmio__wakers_are_woken(const struct cmio_registry *registry) {
    return atomic_load_explicit(&registry->woken, memory_order_acquire);
}

CMIO__INLINE void cmio__wakers_collect(struct cmio_registry *registry) {
    if (cmio__wakers_are_woken(registry))
        cmio__wakers_collect_pending(registry);
}

/* For what reads or changes the list or a waker's token. Wakes do not take it. */
void cmio__wakers_lock(struct cmio_registry *registry);
void cmio__wakers_unlock(struct cmio_registry *registry);

/* Makes the event of a waker whose offer a spinning wait took but has no room for. Under the lock. */
void cmio__waker_pass_on(struct cmio_waker *waker);

/* Repeats the event of every pending wake, for a cancelled wait that may have lost some. */
void cmio__wakers_repeat(struct cmio_registry *registry);

/* Frees the list, with the registry. */
void cmio__wakers_free(struct cmio_registry *registry);

#endif
