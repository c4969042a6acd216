/* SPDX-License-Identifier: MIT */
#include <cmio/async/notify.h>

#include <errno.h>

#include "async/waiters.h"

/*
 * A permit is stored only while nobody waits. A waiter that notify_one() chose is GRANTED, and
 * passes that on if it is dropped. A waiter that notify_all() woke with all others is HINTED, and
 * does not.
 */

int cmio_notify_init(struct cmio_notify *notify) {
    if (notify == NULL)
        return -EINVAL;
    *notify = (struct cmio_notify){0};
    return 0;
}

int cmio_notify_destroy(struct cmio_notify *notify) {
    if (notify == NULL)
        return -EINVAL;
    cmio__lock_take(cmio__lock_at(&notify->lock));
    const bool waits = notify->waiters.first != NULL;
    if (!waits)
        notify->permit = false;
    cmio__lock_release(cmio__lock_at(&notify->lock));
    return waits ? -EBUSY : 0;
}

static void notify_one(struct cmio_notify *notify) {
    if (!cmio__waiters_serve_first(&notify->waiters, CMIO__GRANTED))
        notify->permit = true;
}

void cmio_notify_one(struct cmio_notify *notify) {
    if (notify == NULL)
        return;
    cmio__lock_take(cmio__lock_at(&notify->lock));
    notify_one(notify);
    cmio__lock_release(cmio__lock_at(&notify->lock));
}

void cmio_notify_all(struct cmio_notify *notify) {
    if (notify == NULL)
        return;
    cmio__lock_take(cmio__lock_at(&notify->lock));
    cmio__waiters_serve_all(&notify->waiters, CMIO__HINTED);
    cmio__lock_release(cmio__lock_at(&notify->lock));
}

static struct cmio_notify_future *notify_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_notify_future, future);
}

static bool is_notified(enum cmio__waiter_state state) {
    return state == CMIO__GRANTED || state == CMIO__HINTED;
}

CMIO__INLINE bool attempt_notify(struct cmio_future *future, struct cmio__party party) {
    struct cmio_notify *notify = notify_of(future)->notify;
    struct cmio__waiter *waiter = &notify_of(future)->waiter;
    const enum cmio__waiter_state state = cmio__waiter_state(waiter);
    if (is_notified(state))
        return true;
    cmio__lock_take(cmio__lock_at(&notify->lock));
    bool done;
    if (state == CMIO__NEW) {
        done = notify->permit;
        notify->permit = false;
        if (!done)
            cmio__waiters_add(&notify->waiters, waiter, party);
    } else {
        done = is_notified(cmio__waiter_state(waiter));
        if (!done)
            cmio__waiter_set_party(waiter, party);
    }
    cmio__lock_release(cmio__lock_at(&notify->lock));
    return done;
}

static enum cmio_future_state poll_notify(struct cmio_future *future,
                                          struct cmio_context *context) {
    return cmio__attempt_in_task(future, attempt_notify, context, "notify");
}

static void drop_notify(struct cmio_future *future) {
    struct cmio_notify *notify = notify_of(future)->notify;
    struct cmio__waiter *waiter = &notify_of(future)->waiter;
    if (cmio__waiter_state(waiter) == CMIO__NEW)
        return;
    cmio__lock_take(cmio__lock_at(&notify->lock));
    if (cmio__waiter_state(waiter) == CMIO__QUEUED)
        cmio__waiters_remove(&notify->waiters, waiter);
    else if (cmio__waiter_state(waiter) == CMIO__GRANTED)
        notify_one(notify);
    cmio__lock_release(cmio__lock_at(&notify->lock));
}

static const struct cmio_future_ops notify_ops = {
    .name = "notify",
    .poll = poll_notify,
    .drop = drop_notify,
};

int cmio_notify_future_init(struct cmio_notify_future *future, struct cmio_notify *notify) {
    if (future == NULL || notify == NULL)
        return -EINVAL;
    future->future = (struct cmio_future){.ops = &notify_ops};
    future->notify = notify;
    cmio__waiter_init(&future->waiter);
    return 0;
}
