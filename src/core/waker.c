/* SPDX-License-Identifier: MIT */
/*
 * Wakers. Each has a flag, pending: a wake is in progress, and its event is still to come. The
 * registry has one flag for all of them, woken: some waker may be pending.
 *
 *     wake:  W1  was = exchange(pending, true); if was, done
 *            W2  woken = true
 *            W3  make the event in the kernel
 *     wait:  K   ask the kernel for events
 *            R1  if woken is not set, return
 *            R2  woken = false
 *            R3  exchange(pending, false) of every waker
 *
 * No wake is lost. A wake that finds pending set (W1) relies on the event of an earlier wake, whose
 * W1 set it; call that wake the leader. Only R3 clears the leader's pending, and the later wake
 * came before that R3, or it would have found the flag clear and become a leader itself.
 *
 *   - If the leader's W3 comes after K of that wait, its event is still in the kernel and comes
 *     with a later wait. The same holds if it came before K and did not fit the batch.
 *   - If the leader's event is in the batch of that wait, it is delivered after the wake.
 *   - The leader's event cannot have been in the batch of an earlier wait that left pending set. W2
 *     comes before W3, so that wait's R1 saw woken and its R3 cleared pending.
 *
 * No pending stays set forever. W1 sets it and W2 follows. Whoever clears woken after that W2 (R2)
 * then clears pending (R3). Until then woken stays set, and the next wait's R1 finds it.
 *
 * What the thread did before a wake is visible to the thread that gets the event, because R3 reads,
 * through a chain of exchanges, what W1 wrote. If W1 used a plain load instead of the exchange, the
 * load could be carried out before earlier stores of the program, and the wake that announces them
 * could be lost.
 *
 * A wait that is cancelled between K and R3 may lose the events of wakes and leave pending set. It
 * repeats W2 and W3 for every waker that is pending. At worst there is one event too many.
 *
 * A wait may spin before it asks the kernel, and make the events of wakes itself: see spin.c.
 *
 * Waits read the list without a lock, so a waker is never unlinked: free leaves it in the list, new
 * reuses a free one before it makes another, and all are freed with the registry.
 */
#include "core/waker.h"

#include <errno.h>
#include <stdlib.h>

#include "core/spin.h"

_Static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "a signal handler, which may wake, can take no lock");

/* A waker that is a descriptor registered like any other, for backends with nothing better. */

static int open_descriptor(struct cmio_registry *registry, cmio_token token,
                           struct cmio__wake *out) {
    struct cmio__wake wake = {.token = token};
    int error = cmio__wake_fd_open(&wake.fd);
    if (error < 0)
        return error;
    error = registry->backend->register_fd(registry->selector, wake.fd.read_fd, token,
                                           CMIO_READABLE | CMIO__WAKER);
    if (error < 0) {
        cmio__wake_fd_close(&wake.fd);
        return error;
    }
    *out = wake;
    return 0;
}

static void close_descriptor(struct cmio_registry *registry, struct cmio__wake *wake) {
    /* cannot fail: the descriptor is ours, open and registered */
    (void)registry->backend->deregister_fd(registry->selector, wake->fd.read_fd);
    cmio__wake_fd_close(&wake->fd);
}

static int wake_open(struct cmio_registry *registry, cmio_token token, struct cmio__wake *out) {
    const struct cmio__waking *waking = registry->backend->waking;
    return waking != NULL ? waking->open(registry->selector, token, out)
                          : open_descriptor(registry, token, out);
}

static int wake_signal(struct cmio_registry *registry, const struct cmio__wake *wake) {
    const struct cmio__waking *waking = registry->backend->waking;
    return waking != NULL ? waking->wake(registry->selector, wake)
                          : cmio__wake_fd_signal(&wake->fd);
}

static void wake_close(struct cmio_registry *registry, struct cmio__wake *wake) {
    const struct cmio__waking *waking = registry->backend->waking;
    if (waking != NULL)
        waking->close(registry->selector, wake);
    else
        close_descriptor(registry, wake);
}

void cmio__wakers_lock(struct cmio_registry *registry) {
    (void)pthread_mutex_lock(&registry->wakers_lock); /* an ordinary mutex: cannot fail */
}

void cmio__wakers_unlock(struct cmio_registry *registry) {
    (void)pthread_mutex_unlock(&registry->wakers_lock);
}

/*
 * Takes a free waker from the list or adds a new one, and marks it as in use. NULL without memory.
 * Under the lock.
 */
static struct cmio_waker *take_waker(struct cmio_registry *registry) {
    struct cmio_waker *first = atomic_load_explicit(&registry->wakers, memory_order_relaxed);
    for (struct cmio_waker *waker = first; waker != NULL; waker = waker->next) {
        if (!waker->in_use) {
            waker->in_use = true;
            return waker;
        }
    }
    struct cmio_waker *waker = calloc(1, sizeof *waker);
    if (waker == NULL)
        return NULL;
    waker->in_use = true;
    waker->registry = registry;
    waker->next = first;
    atomic_store_explicit(&registry->wakers, waker, memory_order_release);
    return waker;
}

/* Under the lock. A waker that is not in use is neither pending nor offered. */
static void put_waker(struct cmio_waker *waker) {
    waker->in_use = false;
    atomic_store_explicit(&waker->offered, false, memory_order_relaxed);
    atomic_store_explicit(&waker->pending, false, memory_order_relaxed);
}

int cmio_waker_new(struct cmio_waker **out, struct cmio_registry *registry, cmio_token token) {
    if (out == NULL || registry == NULL)
        return -EINVAL;
    if (cmio__registry_is_closed(registry))
        return -EBADF;
    cmio__wakers_lock(registry);
    struct cmio_waker *waker = take_waker(registry);
    int error = -ENOMEM;
    if (waker != NULL)
        error = wake_open(registry, token, &waker->wake);
    if (waker != NULL && error < 0)
        put_waker(waker);
    cmio__wakers_unlock(registry);
    if (error < 0)
        return error;
    (void)cmio_registry_ref(registry); /* free releases it */
    *out = waker;
    return 0;
}

void cmio_waker_free(struct cmio_waker *waker) {
    if (waker == NULL)
        return;
    struct cmio_registry *registry = waker->registry;
    cmio__wakers_lock(registry);
    wake_close(registry, &waker->wake);
    put_waker(waker);
    cmio__wakers_unlock(registry);
    cmio_registry_unref(registry);
}

/*
 * W2 and W3. Out of line, to keep a coalescing wake short. Not a cancellation point, because other
 * wakes rely on the event.
 */
static int make_event(struct cmio_waker *waker) {
    struct cmio_registry *registry = waker->registry;
    atomic_store_explicit(&registry->woken, true, memory_order_release);
    const int error = wake_signal(registry, &waker->wake);
    if (error < 0)
        atomic_store_explicit(&waker->pending, false, memory_order_release);
    return error;
}

int cmio_waker_wake(struct cmio_waker *waker) {
    if (waker == NULL)
        return -EINVAL;
    if (atomic_exchange_explicit(&waker->pending, true, memory_order_acq_rel))
        return 0;
    if (CMIO__UNLIKELY(atomic_load_explicit(&waker->registry->spinning, memory_order_relaxed)) &&
        cmio__spin_offer(waker))
        return 0;
    return make_event(waker);
}

void cmio__waker_pass_on(struct cmio_waker *waker) {
    atomic_store_explicit(&waker->pending, true, memory_order_release);
    (void)make_event(waker); /* an error clears pending, and a later wake retries */
}

void cmio__wakers_collect_pending(struct cmio_registry *registry) {
    (void)atomic_exchange_explicit(&registry->woken, false, memory_order_acq_rel);
    struct cmio_waker *waker = atomic_load_explicit(&registry->wakers, memory_order_acquire);
    for (; waker != NULL; waker = waker->next)
        (void)atomic_exchange_explicit(&waker->pending, false, memory_order_acq_rel);
}

/* Under the lock, so that no waker's descriptor is closed and its number reused meanwhile. */
void cmio__wakers_repeat(struct cmio_registry *registry) {
    cmio__wakers_lock(registry);
    struct cmio_waker *waker = atomic_load_explicit(&registry->wakers, memory_order_relaxed);
    for (; waker != NULL; waker = waker->next)
        if (waker->in_use && atomic_load_explicit(&waker->pending, memory_order_relaxed))
            (void)make_event(waker); /* an error clears pending, and a later wake retries */
    cmio__wakers_unlock(registry);
}

void cmio__wakers_free(struct cmio_registry *registry) {
    struct cmio_waker *waker = atomic_load_explicit(&registry->wakers, memory_order_relaxed);
    while (waker != NULL) {
        struct cmio_waker *next = waker->next;
        free(waker);
        waker = next;
    }
}
