/* SPDX-License-Identifier: MIT */
#include <cmio/async/timeout.h>

#include <errno.h>
#include <stddef.h>

#include "async/context.h"

static struct cmio_timeout_future *timeout_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_timeout_future, future);
}

/*
 * Looking at the clock does not use up the turn. Otherwise a child that spends every turn could
 * keep a deadline that has passed from being noticed.
 */
static enum cmio_future_state poll_clock(struct cmio_timeout_future *limited,
                                         struct cmio_context *context) {
    const unsigned budget = context->budget;
    context->budget = budget + 1;
    const enum cmio_future_state state = cmio_future_poll(&limited->sleep.future, context);
    context->budget = budget;
    return state;
}

/*
 * The last poll of a child whose time is up. If the turn is over, only that may have kept its
 * leaves from being ready, so they get one more turn, once. So a child that is ready wins, and a
 * child that never finishes in its turn does not keep the time from running out.
 */
static enum cmio_future_state poll_at_last(struct cmio_future *child,
                                           struct cmio_context *context) {
    if (context->budget > 0)
        return CMIO_PENDING; /* it was polled just now */
    context->budget = CMIO__TURN;
    const enum cmio_future_state state = cmio_future_poll(child, context);
    context->budget = 0;
    return state;
}

static enum cmio_future_state poll_timeout(struct cmio_future *future,
                                           struct cmio_context *context) {
    struct cmio_timeout_future *limited = timeout_of(future);
    enum cmio_future_state child = cmio_future_poll(limited->child, context);
    if (child == CMIO_PENDING) {
        if (poll_clock(limited, context) == CMIO_PENDING)
            return CMIO_PENDING;
        child = poll_at_last(limited->child, context);
    }
    if (child == CMIO_READY) {
        future->result = limited->child->result;
        cmio_future_drop(&limited->sleep.future);
    } else {
        future->result = -ETIMEDOUT;
        cmio_future_drop(limited->child);
    }
    return CMIO_READY;
}

static void drop_timeout(struct cmio_future *future) {
    struct cmio_timeout_future *limited = timeout_of(future);
    cmio_future_drop(limited->child);
    cmio_future_drop(&limited->sleep.future);
}

static const struct cmio_future_ops timeout_ops = {
    .name = "timeout",
    .poll = poll_timeout,
    .drop = drop_timeout,
};

/* error is the result of making the sleep. */
static int init(struct cmio_timeout_future *limited, struct cmio_future *child,
                const struct cmio_sleep_future *sleep, int error) {
    if (error != 0)
        return error;
    if (limited == NULL || child == NULL)
        return -EINVAL;
    *limited =
        (struct cmio_timeout_future){.future.ops = &timeout_ops, .child = child, .sleep = *sleep};
    return 0;
}

int cmio_timeout_future_init(struct cmio_timeout_future *limited, struct cmio_future *child,
                             int64_t duration) {
    struct cmio_sleep_future sleep;
    const int error = cmio_sleep_future_init(&sleep, duration);
    return init(limited, child, &sleep, error);
}

int cmio_timeout_until_future_init(struct cmio_timeout_future *limited, struct cmio_future *child,
                                   int64_t deadline) {
    struct cmio_sleep_future sleep;
    const int error = cmio_sleep_until_future_init(&sleep, deadline);
    return init(limited, child, &sleep, error);
}
