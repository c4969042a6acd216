/* SPDX-License-Identifier: MIT */
#include "async/wheel.h"

int cmio__wheel_init(struct cmio__wheel *wheel) {
    *wheel = (struct cmio__wheel){0};
    return cmio_timers_new(&wheel->timers);
}

void cmio__wheel_destroy(struct cmio__wheel *wheel) {
    cmio_timers_free(wheel->timers);
    wheel->timers = NULL;
}

void cmio__wheel_set(struct cmio__wheel *wheel, struct cmio_timer *timer, int64_t deadline,
                     const struct cmio_task_waker *waker) {
    cmio__lock_take(&wheel->lock);
    timer->token = waker->target;
    /* Cannot fail: the deadline was checked, and the timer is in this wheel or in none. */
    (void)cmio_timers_set(wheel->timers, timer, deadline);
    cmio__lock_release(&wheel->lock);
}

bool cmio__wheel_rewake(struct cmio__wheel *wheel, struct cmio_timer *timer,
                        const struct cmio_task_waker *waker) {
    cmio__lock_take(&wheel->lock);
    const bool waits = cmio_timer_is_set(timer);
    timer->token = waker->target;
    cmio__lock_release(&wheel->lock);
    return waits;
}

void cmio__wheel_cancel(struct cmio__wheel *wheel, struct cmio_timer *timer) {
    cmio__lock_take(&wheel->lock);
    (void)cmio_timers_cancel(wheel->timers, timer); /* -ENOENT: it has expired */
    cmio__lock_release(&wheel->lock);
}

enum { BATCH = 64 }; /* timers that expire under one hold of the lock */

void cmio__wheel_expire(struct cmio__wheel *wheel, int64_t now) {
    bool more = true;
    while (more) {
        cmio__lock_take(&wheel->lock);
        for (int n = 0; more && n < BATCH; n++) {
            struct cmio_timer *timer = cmio_timers_pop(wheel->timers, now);
            more = timer != NULL;
            if (more)
                cmio_task_waker_wake(&(struct cmio_task_waker){timer->token});
        }
        cmio__lock_release(&wheel->lock);
    }
}

int64_t cmio__wheel_next_deadline(struct cmio__wheel *wheel) {
    cmio__lock_take(&wheel->lock);
    const int64_t deadline = cmio_timers_next_deadline(wheel->timers);
    cmio__lock_release(&wheel->lock);
    return deadline;
}
