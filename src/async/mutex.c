/* SPDX-License-Identifier: MIT */
#include <cmio/async/mutex.h>

#include <errno.h>

#include "async/waiters.h"

/* Somebody waits only while it is locked. */

int cmio_mutex_init(struct cmio_mutex *mutex) {
    if (mutex == NULL)
        return -EINVAL;
    *mutex = (struct cmio_mutex){0};
    return 0;
}

static void begin_mutex(struct cmio_mutex *mutex) {
    cmio__lock_take(cmio__lock_at(&mutex->lock));
}

static void end_mutex(struct cmio_mutex *mutex) {
    cmio__lock_release(cmio__lock_at(&mutex->lock));
}

int cmio_mutex_destroy(struct cmio_mutex *mutex) {
    if (mutex == NULL)
        return -EINVAL;
    begin_mutex(mutex);
    const bool locked = mutex->locked;
    end_mutex(mutex);
    return locked ? -EBUSY : 0;
}

int cmio_mutex_try_lock(struct cmio_mutex *mutex) {
    if (mutex == NULL)
        return -EINVAL;
    begin_mutex(mutex);
    const bool locked = mutex->locked;
    mutex->locked = true;
    end_mutex(mutex);
    return locked ? -EBUSY : 0;
}

static void hand_over(struct cmio_mutex *mutex) {
    mutex->locked = cmio__waiters_serve_first(&mutex->waiters, CMIO__GRANTED);
}

int cmio_mutex_unlock(struct cmio_mutex *mutex) {
    if (mutex == NULL)
        return -EINVAL;
    begin_mutex(mutex);
    const bool locked = mutex->locked;
    if (locked)
        hand_over(mutex);
    end_mutex(mutex);
    return locked ? 0 : -EPERM;
}

static struct cmio_lock_future *lock_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_lock_future, future);
}

CMIO__INLINE bool attempt_lock(struct cmio_future *future, struct cmio__party party) {
    struct cmio_lock_future *lock = lock_of(future);
    struct cmio_mutex *mutex = lock->mutex;
    const enum cmio__waiter_state state = cmio__waiter_state(&lock->waiter);
    if (state == CMIO__GRANTED)
        return true;
    begin_mutex(mutex);
    bool done;
    if (state == CMIO__NEW) {
        done = !mutex->locked;
        mutex->locked = true;
        if (!done)
            cmio__waiters_add(&mutex->waiters, &lock->waiter, party);
    } else {
        done = cmio__waiter_state(&lock->waiter) == CMIO__GRANTED;
        if (!done)
            cmio__waiter_set_party(&lock->waiter, party);
    }
    end_mutex(mutex);
    return done;
}

static enum cmio_future_state poll_lock(struct cmio_future *future, struct cmio_context *context) {
    return cmio__attempt_in_task(future, attempt_lock, context, "lock");
}

static void drop_lock(struct cmio_future *future) {
    struct cmio_lock_future *lock = lock_of(future);
    if (cmio__waiter_state(&lock->waiter) == CMIO__NEW)
        return;
    begin_mutex(lock->mutex);
    if (cmio__waiter_state(&lock->waiter) == CMIO__QUEUED)
        cmio__waiters_remove(&lock->mutex->waiters, &lock->waiter);
    else
        hand_over(lock->mutex);
    end_mutex(lock->mutex);
}

static const struct cmio_future_ops lock_ops = {
    .name = "lock",
    .poll = poll_lock,
    .drop = drop_lock,
};

int cmio_lock_future_init(struct cmio_lock_future *lock, struct cmio_mutex *mutex) {
    if (lock == NULL || mutex == NULL)
        return -EINVAL;
    lock->future = (struct cmio_future){.ops = &lock_ops};
    lock->mutex = mutex;
    cmio__waiter_init(&lock->waiter);
    return 0;
}
