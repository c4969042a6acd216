/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_WHEEL_H
#define CMIO_ASYNC_WHEEL_H

/*
 * The timers of a worker, behind a lock. The worker that polls a sleep sets its timer, and any
 * worker may cancel it, because the task may have moved on. A timer's token is the waker of the
 * task, which is borrowed: whoever set the timer cancels it before the task ends.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cmio/async/task.h>
#include <cmio/timers.h>

#include "async/lock.h"

struct cmio__wheel {
    struct cmio__lock lock;
    struct cmio_timers *timers;
};

int cmio__wheel_init(struct cmio__wheel *wheel);
void cmio__wheel_destroy(struct cmio__wheel *wheel);

/* Sets or moves the timer, so that it wakes the waker's task at the deadline. */
void cmio__wheel_set(struct cmio__wheel *wheel, struct cmio_timer *timer, int64_t deadline,
                     const struct cmio_task_waker *waker);

/* Whether the timer still waits. If so, it wakes this waker's task from now on. */
bool cmio__wheel_rewake(struct cmio__wheel *wheel, struct cmio_timer *timer,
                        const struct cmio_task_waker *waker);

void cmio__wheel_cancel(struct cmio__wheel *wheel, struct cmio_timer *timer);

/* Wakes the tasks whose timers are due. */
void cmio__wheel_expire(struct cmio__wheel *wheel, int64_t now);

int64_t cmio__wheel_next_deadline(struct cmio__wheel *wheel);

#endif
