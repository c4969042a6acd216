/* SPDX-License-Identifier: MIT */
/* Applies changes with EV_RECEIPT: one call, which answers each change with an event. */
#include "kqueue/kqueue.h"

#include <errno.h>

#include "posix/cancel.h"

enum { RECEIPTS_MAX = 8 };

/* Applying one of our changes twice has the same effect as once, so EINTR does no harm. */
static int receive_receipts(int fd, const struct kevent *changes, int count,
                            struct kevent *receipts) {
    const struct timespec at_once = {.tv_sec = 0};
    int received;
    do {
        received = kevent(fd, changes, (CMIO__KEVENT_COUNT)count, receipts,
                          (CMIO__KEVENT_COUNT)count, &at_once);
    } while (received < 0 && errno == EINTR);
    return received < 0 ? -errno : 0;
}

/* A receipt is an event with EV_ERROR whose data is 0 or an errno. */
static int error_of(const struct kevent *receipt) {
    return (receipt->flags & EV_ERROR) != 0 ? (int)-(long)receipt->data : 0;
}

void cmio__kqueue_apply(int fd, struct kevent *changes, int count, int *errors) {
    struct kevent receipts[RECEIPTS_MAX] = {{.ident = 0}};
    for (int i = 0; i < count; i++)
        changes[i].flags |= EV_RECEIPT;
    const int state = cmio__cancel_disable();
    const int error = receive_receipts(fd, changes, count, receipts);
    cmio__cancel_restore(state);
    for (int i = 0; i < count; i++)
        errors[i] = error < 0 ? error : error_of(&receipts[i]);
}
