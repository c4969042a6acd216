/* SPDX-License-Identifier: MIT */
#include <cmio/async/semaphore.h>

#include <errno.h>

#include "async/waiters.h"

/* Whenever the lock is free, the first waiter in line wants more permits than there are. */

int cmio_semaphore_init(struct cmio_semaphore *semaphore, size_t permits) {
    if (semaphore == NULL || permits > CMIO_SEMAPHORE_MAX)
        return -EINVAL;
    *semaphore = (struct cmio_semaphore){.permits = permits};
    return 0;
}

static void lock(struct cmio_semaphore *semaphore) {
    cmio__lock_take(cmio__lock_at(&semaphore->lock));
}

static void unlock_semaphore(struct cmio_semaphore *semaphore) {
    cmio__lock_release(cmio__lock_at(&semaphore->lock));
}

int cmio_semaphore_destroy(struct cmio_semaphore *semaphore) {
    if (semaphore == NULL)
        return -EINVAL;
    lock(semaphore);
    const bool waits = semaphore->waiters.first != NULL;
    unlock_semaphore(semaphore);
    return waits ? -EBUSY : 0;
}

/* Hands permits to the first waiter in line, as long as they suffice. */
static void serve(struct cmio_semaphore *semaphore) {
    struct cmio__waiter *first;
    while ((first = semaphore->waiters.first) != NULL) {
        const size_t wanted = CMIO__CONTAINER(first, struct cmio_acquire_future, waiter)->permits;
        if (wanted > semaphore->permits)
            return;
        semaphore->permits -= wanted;
        cmio__waiters_serve(&semaphore->waiters, CMIO__GRANTED);
    }
}

/* Returns 0, -EAGAIN or -ECANCELED. */
CMIO__INLINE int acquire_now(struct cmio_semaphore *semaphore, size_t permits) {
    if (semaphore->closed)
        return -ECANCELED;
    if (semaphore->waiters.first != NULL || semaphore->permits < permits)
        return -EAGAIN;
    semaphore->permits -= permits;
    return 0;
}

int cmio_semaphore_try_acquire(struct cmio_semaphore *semaphore, size_t permits) {
    if (semaphore == NULL || permits == 0 || permits > CMIO_SEMAPHORE_MAX)
        return -EINVAL;
    lock(semaphore);
    const int result = acquire_now(semaphore, permits);
    unlock_semaphore(semaphore);
    return result;
}

int cmio_semaphore_release(struct cmio_semaphore *semaphore, size_t permits) {
    if (semaphore == NULL || permits == 0)
        return -EINVAL;
    lock(semaphore);
    const bool fits =
        permits <= CMIO_SEMAPHORE_MAX && semaphore->permits <= CMIO_SEMAPHORE_MAX - permits;
    if (fits) {
        semaphore->permits += permits;
        serve(semaphore);
    }
    unlock_semaphore(semaphore);
    return fits ? 0 : -EOVERFLOW;
}

void cmio_semaphore_close(struct cmio_semaphore *semaphore) {
    if (semaphore == NULL)
        return;
    lock(semaphore);
    semaphore->closed = true;
    cmio__waiters_serve_all(&semaphore->waiters, CMIO__REFUSED);
    unlock_semaphore(semaphore);
}

size_t cmio_semaphore_permits(struct cmio_semaphore *semaphore) {
    if (semaphore == NULL)
        return 0;
    lock(semaphore);
    const size_t permits = semaphore->permits;
    unlock_semaphore(semaphore);
    return permits;
}

static struct cmio_acquire_future *acquire_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_acquire_future, future);
}

/* Whether it was served. If so, the result tells how. */
CMIO__INLINE bool is_served(struct cmio_acquire_future *acquire) {
    const enum cmio__waiter_state state = cmio__waiter_state(&acquire->waiter);
    if (state == CMIO__REFUSED)
        acquire->future.result = -ECANCELED;
    return state >= CMIO__GRANTED;
}

/* Acquires or begins to wait, for a future that has not waited yet. */
CMIO__INLINE bool begin_acquire(struct cmio_acquire_future *acquire, struct cmio__party party) {
    const int result = acquire_now(acquire->semaphore, acquire->permits);
    if (result == -EAGAIN)
        cmio__waiters_add(&acquire->semaphore->waiters, &acquire->waiter, party);
    else
        acquire->future.result = result;
    return result != -EAGAIN;
}

CMIO__INLINE bool attempt_acquire(struct cmio_future *future, struct cmio__party party) {
    struct cmio_acquire_future *acquire = acquire_of(future);
    const bool is_new = cmio__waiter_state(&acquire->waiter) == CMIO__NEW;
    if (is_served(acquire))
        return true;
    lock(acquire->semaphore);
    const bool done = is_new ? begin_acquire(acquire, party) : is_served(acquire);
    if (!done && !is_new)
        cmio__waiter_set_party(&acquire->waiter, party);
    unlock_semaphore(acquire->semaphore);
    return done;
}

static enum cmio_future_state poll_acquire(struct cmio_future *future,
                                           struct cmio_context *context) {
    return cmio__attempt_in_task(future, attempt_acquire, context, "acquire");
}

/* If the first in line gives up, the next may want fewer permits and get them. */
static void drop_acquire(struct cmio_future *future) {
    struct cmio_acquire_future *acquire = acquire_of(future);
    struct cmio_semaphore *semaphore = acquire->semaphore;
    if (cmio__waiter_state(&acquire->waiter) == CMIO__NEW)
        return;
    lock(semaphore);
    if (cmio__waiter_state(&acquire->waiter) == CMIO__QUEUED)
        cmio__waiters_remove(&semaphore->waiters, &acquire->waiter);
    else if (cmio__waiter_state(&acquire->waiter) == CMIO__GRANTED)
        semaphore->permits += acquire->permits;
    serve(semaphore);
    unlock_semaphore(semaphore);
}

static const struct cmio_future_ops acquire_ops = {
    .name = "acquire",
    .poll = poll_acquire,
    .drop = drop_acquire,
};

int cmio_acquire_future_init(struct cmio_acquire_future *acquire, struct cmio_semaphore *semaphore,
                             size_t permits) {
    if (acquire == NULL || semaphore == NULL || permits == 0 || permits > CMIO_SEMAPHORE_MAX)
        return -EINVAL;
    acquire->future = (struct cmio_future){.ops = &acquire_ops};
    acquire->semaphore = semaphore;
    acquire->permits = permits;
    cmio__waiter_init(&acquire->waiter);
    return 0;
}
