/* SPDX-License-Identifier: MIT */
#include "async/waiters.h"

#include <errno.h>

#include <cmio/time.h>

void cmio__waiters_leave(struct cmio__waiters *line, struct cmio__waiter *waiter,
                         struct cmio__lock *lock) {
    if (cmio__waiter_state(waiter) == CMIO__NEW)
        return;
    cmio__lock_take(lock);
    if (cmio__waiter_state(waiter) == CMIO__QUEUED)
        cmio__waiters_remove(line, waiter);
    cmio__lock_release(lock);
}

int cmio__attempt_until(struct cmio_future *future, cmio__attempt *attempt, int64_t deadline) {
    if (deadline < 0 && deadline != CMIO_FOREVER)
        return -EINVAL;
    if (cmio__worker_current != NULL)
        return -EDEADLK;
    struct cmio__parker parker;
    const int error = cmio__parker_init(&parker);
    if (error != 0)
        return error;
    bool done = attempt(future, (struct cmio__party){.thread = &parker});
    while (!done && cmio__parker_park(&parker, deadline))
        done = attempt(future, (struct cmio__party){.thread = &parker});
    if (!done) {
        cmio_future_drop(future);
        if (future->result == -ECANCELED)
            future->result = -ETIMEDOUT;
    }
    cmio__parker_destroy(&parker);
    return (int)future->result;
}
