/* SPDX-License-Identifier: MIT */
#include <cmio/async/sleep.h>

#include <errno.h>
#include <stddef.h>

#include "async/context.h"
#include "async/wheel.h"
#include "async/worker.h"

static struct cmio_sleep_future *sleep_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_sleep_future, future);
}

static enum cmio_future_state poll_sleep(struct cmio_future *future, struct cmio_context *context) {
    struct cmio_sleep_future *sleep = sleep_of(future);
    if (sleep->wheel == NULL) {
        if (sleep->deadline != CMIO_FOREVER && sleep->deadline <= cmio_now())
            return cmio__context_spend(context) ? CMIO_READY : CMIO_PENDING;
        sleep->wheel = &context->worker->wheel;
        cmio__wheel_set(sleep->wheel, &sleep->timer, sleep->deadline, &context->waker);
        return cmio__context_awaits(context, "sleep");
    }
    if (sleep->deadline == CMIO_FOREVER ||
        cmio__wheel_rewake(sleep->wheel, &sleep->timer, &context->waker))
        return cmio__context_awaits(context, "sleep");
    return CMIO_READY;
}

static void drop_sleep(struct cmio_future *future) {
    struct cmio_sleep_future *sleep = sleep_of(future);
    if (sleep->wheel != NULL)
        cmio__wheel_cancel(sleep->wheel, &sleep->timer);
}

static const struct cmio_future_ops sleep_ops = {
    .name = "sleep",
    .poll = poll_sleep,
    .drop = drop_sleep,
};

int cmio_sleep_until_future_init(struct cmio_sleep_future *sleep, int64_t deadline) {
    if (sleep == NULL || (deadline < 0 && deadline != CMIO_FOREVER))
        return -EINVAL;
    *sleep = (struct cmio_sleep_future){.future.ops = &sleep_ops, .deadline = deadline};
    return 0;
}

int cmio_sleep_future_init(struct cmio_sleep_future *sleep, int64_t duration) {
    if (duration < 0)
        return cmio_sleep_until_future_init(sleep, duration);
    const int64_t now = cmio_now();
    const int64_t deadline = duration < INT64_MAX - now ? now + duration : INT64_MAX;
    return cmio_sleep_until_future_init(sleep, deadline);
}

static enum cmio_future_state poll_yield(struct cmio_future *future, struct cmio_context *context) {
    if (future->result != 0) { /* other tasks have had their turn */
        future->result = 0;
        return CMIO_READY;
    }
    future->result = 1;
    cmio_task_waker_wake(&context->waker);
    return cmio__context_awaits(context, "yield");
}

static void drop_yield(struct cmio_future *future) {
    (void)future; /* its wake becomes a spurious one */
}

static const struct cmio_future_ops yield_ops = {
    .name = "yield",
    .poll = poll_yield,
    .drop = drop_yield,
};

int cmio_yield_future_init(struct cmio_yield_future *yield) {
    return cmio_future_init(yield == NULL ? NULL : &yield->future, &yield_ops);
}
