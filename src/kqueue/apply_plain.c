/* SPDX-License-Identifier: MIT */
/*
 * Changes where there is no EV_RECEIPT, as in NetBSD before 8: a call for each, without room for
 * events, which then fails with the error of its change.
 */
#include "kqueue/kqueue.h"

#include <errno.h>

#include "posix/cancel.h"

/* A change of ours has the same effect when it is applied twice, so EINTR is no matter. */
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
