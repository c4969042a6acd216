/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CORE_WAKER_H
#define CMIO_CORE_WAKER_H

#include <stdatomic.h>
#include <stdbool.h>

#include <cmio/waker.h>

#include "core/registry.h"

/* See waker.c for the meaning of pending and woken. */
struct cmio_waker {
    atomic_bool pending;
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

/* Repeats the event of every pending wake, for a cancelled wait that may have lost some. */
void cmio__wakers_repeat(struct cmio_registry *registry);

/* Frees the list, with the registry. */
void cmio__wakers_free(struct cmio_registry *registry);

#endif
