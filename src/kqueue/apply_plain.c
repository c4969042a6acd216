/* SPDX-License-Identifier: MIT */
/*
 * Applies changes without EV_RECEIPT, as on NetBSD before 8. Each change is a call without room for
 * events, which fails with the error of its change.
 */
#include "kqueue/kqueue.h"

#include <errno.h>

#include "posix/cancel.h"

/* Applying one of our changes twice has the same effect as once, so EINTR does no harm. */
static int apply_change(int fd, const struct kevent *change) {
    const struct timespec at_once = {.tv_sec = 0};
    int result;
    do {
        result = kevent(fd, change, 1, NULL, 0, &at_once);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

void cmio__kqueue_apply(int fd, struct kevent *changes, int count, int *errors) {
    const int state = cmio__cancel_disable();
    for (int i = 0; i < count; i++)
        errors[i] = apply_change(fd, &changes[i]);
    cmio__cancel_restore(state);
}
