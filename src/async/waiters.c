/* SPDX-License-Identifier: MIT */
#include "async/waiters.h"

#include <errno.h>
#include <pthread.h>

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

struct blocked {
    struct cmio_future *future;
    struct cmio__parker parker;
};

/* The deadline has come, or the thread is being cancelled. */
static void give_waiters_up(void *argument) {
    struct blocked *blocked = argument;
    cmio_future_drop(blocked->future);
    cmio__parker_destroy(&blocked->parker);
}

static bool attempt_and_park(struct blocked *blocked, cmio__attempt *attempt, int64_t deadline) {
    const struct cmio__party party = {.thread = &blocked->parker};
    bool done = attempt(blocked->future, party);
    while (!done && cmio__parker_park(&blocked->parker, deadline))
        done = attempt(blocked->future, party);
    return done;
}

int cmio__attempt_until(struct cmio_future *future, cmio__attempt *attempt, int64_t deadline) {
    if (deadline < 0 && deadline != CMIO_FOREVER)
        return -EINVAL;
    if (cmio__worker_current != NULL)
        return -EDEADLK;
    struct blocked blocked = {.future = future};
    const int error = cmio__parker_init(&blocked.parker);
    if (error != 0)
        return error;
    bool done;
    pthread_cleanup_push(give_waiters_up, &blocked);
    done = attempt_and_park(&blocked, attempt, deadline);
    pthread_cleanup_pop(0);
    if (done)
        cmio__parker_destroy(&blocked.parker);
    else
        give_waiters_up(&blocked);
    /* The drop may have come too late. The result then tells how the future ended. */
    return future->result == -ECANCELED ? -ETIMEDOUT : (int)future->result;
}
