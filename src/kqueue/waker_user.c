/* SPDX-License-Identifier: MIT */
/* Wakers for systems with EVFILT_USER: a filter of the kqueue's own, without a descriptor. */
#include "kqueue/kqueue.h"

#include <errno.h>

static int user_wake_open(struct cmio__selector *opaque, cmio_token token, struct cmio__wake *out) {
    struct cmio__kqueue_selector *selector = cmio__kqueue_selector_of(opaque);
    (void)pthread_mutex_lock(&selector->lock); /* an ordinary mutex: cannot fail */
    const uint32_t number = selector->next_waker++;
    (void)pthread_mutex_unlock(&selector->lock);
    int error = cmio__kqueue_apply_one(
        selector, cmio__kqueue_change(number, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, token));
    if (error == 0)
        *out = (struct cmio__wake){.token = token, .number = number};
    return error;
}

/* Passes the token too, because a trigger replaces the filter's token. */
static int user_wake(struct cmio__selector *opaque, const struct cmio__wake *wake) {
    struct cmio__kqueue_selector *selector = cmio__kqueue_selector_of(opaque);
    const int kept = errno;
    int error = cmio__kqueue_apply_one(
        selector, cmio__kqueue_change(wake->number, EVFILT_USER, 0, NOTE_TRIGGER, 0, wake->token));
    errno = kept;
    return error;
}

static void user_wake_close(struct cmio__selector *opaque, struct cmio__wake *wake) {
    struct cmio__kqueue_selector *selector = cmio__kqueue_selector_of(opaque);
    (void)cmio__kqueue_apply_one(
        selector, cmio__kqueue_change(wake->number, EVFILT_USER, EV_DELETE, 0, 0, wake->token));
}

const struct cmio__waking cmio__kqueue_waking = {
    .open = user_wake_open,
    .wake = user_wake,
    .close = user_wake_close,
};
