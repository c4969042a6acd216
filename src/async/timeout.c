/* SPDX-License-Identifier: MIT */
#include <cmio/async/timeout.h>

#include <errno.h>
#include <stddef.h>

#include "async/context.h"

static struct cmio_timeout_future *timeout_of(struct cmio_future *future) {
    return CMIO__CONTAINER(future, struct cmio_timeout_future, future);
}

/*
 * The clock costs the turn nothing: a child that spends every turn could otherwise keep a deadline
 * that has passed from being seen.
 */
static enum cmio_future_state poll_clock(struct cmio_timeout_future *timeout,
                                         struct cmio_context *context) {
    const unsigned budget = context->budget;
    context->budget = budget + 1;
    const enum cmio_future_state state = cmio_future_poll(&timeout->sleep.future, context);
    context->budget = budget;
    return state;
}

/*
 * The last poll of a child whose time is up. In a turn that is over, its leaves may have been ready
 * but for the turn: they get one more, once, so that a child that is ready wins, and one that is
 * never done with its turn does not keep the time from running out.
 */
static enum cmio_future_state poll_at_last(struct cmio_future *child,
                                           struct cmio_context *context) {
    if (context->budget > 0)
        return CMIO_PENDING; /* it was asked just now */
    context->budget = CMIO__TURN;
    const enum cmio_future_state state = cmio_future_poll(child, context);
    context->budget = 0;
    return state;
}

static enum cmio_future_state poll_timeout(struct cmio_future *future,
                                           struct cmio_context *context) {
    struct cmio_timeout_future *timeout = timeout_of(future);
    enum cmio_future_state child = cmio_future_poll(timeout->child, context);
    if (child == CMIO_PENDING) {
        if (poll_clock(timeout, context) == CMIO_PENDING)
            return CMIO_PENDING;
        child = poll_at_last(timeout->child, context);
    }
    if (child == CMIO_READY) {
        future->result = timeout->child->result;
        cmio_future_drop(&timeout->sleep.future);
    } else {
        future->result = -ETIMEDOUT;
        cmio_future_drop(timeout->child);
    }
    return CMIO_READY;
}

static void drop_timeout(struct cmio_future *future) {
    struct cmio_timeout_future *timeout = timeout_of(future);
    cmio_future_drop(timeout->child);
    cmio_future_drop(&timeout->sleep.future);
}

static const struct cmio_future_ops timeout_ops = {
    .name = "timeout",
    .poll = poll_timeout,
    .drop = drop_timeout,
};

/* With a sleep that was made, or the error that says why it was not. */
static int init(struct cmio_timeout_future *timeout, struct cmio_future *child,
                const struct cmio_sleep_future *sleep, int error) {
    if (error != 0)
        return error;
    if (timeout == NULL || child == NULL)
        return -EINVAL;
    *timeout =
        (struct cmio_timeout_future){.future.ops = &timeout_ops, .child = child, .sleep = *sleep};
    return 0;
}

int cmio_timeout_future_init(struct cmio_timeout_future *timeout, struct cmio_future *child,
                             int64_t duration) {
    struct cmio_sleep_future sleep;
    const int error = cmio_sleep_future_init(&sleep, duration);
    return init(timeout, child, &sleep, error);
}

int cmio_timeout_until_future_init(struct cmio_timeout_future *timeout, struct cmio_future *child,
                                   int64_t deadline) {
    struct cmio_sleep_future sleep;
    const int error = cmio_sleep_until_future_init(&sleep, deadline);
    return init(timeout, child, &sleep, error);
}
