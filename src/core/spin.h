/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CORE_SPIN_H
#define CMIO_CORE_SPIN_H

/* Waits that look for wakes before they sleep. See spin.c. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/events.h"
#include "core/registry.h"
#include "posix/inline.h"

/* A poll's spinning. All but limit belongs to the thread that waits. */
struct cmio__spin {
    atomic_uint limit;  /* the longest span, in nanoseconds; 0: no wait spins */
    unsigned known;     /* the limit for which it learned the rest */
    unsigned failures;  /* in a row */
    int64_t not_before; /* when the next wait may spin */
    int64_t next_look;  /* when to look for kernel events again */
};

CMIO__INLINE bool cmio__spin_is_on(const struct cmio__spin *spin) {
    return atomic_load_explicit(&spin->limit, memory_order_relaxed) != 0;
}

/* Any thread may change the limit. It is cut to what fits. */
void cmio__spin_limit(struct cmio__spin *spin, int64_t limit);

/*
 * Spins if that promises to pay, and shortens the timeout by the time that it took. Returns the
 * number of events, a negative errno, or 0 if the wait must go on with the timeout that is left.
 */
int cmio__spin_wait(struct cmio__spin *spin, struct cmio_registry *registry,
                    struct cmio_events *events, int64_t *timeout);

/* For a wait that was cancelled: ends its spinning. The wakes that it took over are made events. */
void cmio__spin_abandon(struct cmio_registry *registry);

/*
 * For a wake that saw registry->spinning: offers the event to the wait. Returns false if the waker
 * must make the event itself. Async-signal-safe.
 */
bool cmio__spin_offer(struct cmio_waker *waker);

#endif
