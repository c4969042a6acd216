/* SPDX-License-Identifier: MIT */
/* The calls of kqueue(2) that fail in test_exhaustion.c: a whole one, or one change of it. */
#include "backend/exhaustion.h"

#include <errno.h>
#include <stddef.h>
#include <sys/types.h>

#include <sys/event.h>

void (*exhaustion_after_wait)(void);
int exhaustion_change_error = ENOMEM;

int __real_kqueue(void);
int __wrap_kqueue(void);
int __real_kevent(int fd, const struct kevent *changes, int change_count, struct kevent *events,
                  int event_count, const struct timespec *timeout);
int __wrap_kevent(int fd, const struct kevent *changes, int change_count, struct kevent *events,
                  int event_count, const struct timespec *timeout);

int __wrap_kqueue(void) {
    if (exhaustion_must_fail(EMFILE)) {
        errno = EMFILE;
        return -1;
    }
    const bool kept = exhaustion_counts;
    exhaustion_counts = false;
    const int fd = __real_kqueue();
    exhaustion_counts = kept;
    return fd;
}

/* The number of the change that must fail, or -1. To delete takes no memory. */
static int failing_change(const struct kevent *changes, int count) {
    for (int i = 0; i < count; i++)
        if ((changes[i].flags & EV_DELETE) == 0 && exhaustion_must_fail(exhaustion_change_error))
            return i;
    return -1;
}

/* With receipts each change has its answer, in its place; without, the first that fails is it. */
int __wrap_kevent(int fd, const struct kevent *changes, int change_count, struct kevent *events,
                  int event_count, const struct timespec *timeout) {
    if (exhaustion_must_fail(ENOMEM)) {
        errno = ENOMEM;
        return -1;
    }
    const int failing = failing_change(changes, change_count);
    if (failing >= 0 && event_count == 0) {
        errno = exhaustion_change_error;
        return -1;
    }
    const bool kept = exhaustion_counts;
    exhaustion_counts = false;
    int result = 0;
    if (failing < 0) {
        result = __real_kevent(fd, changes, change_count, events, event_count, timeout);
    } else {
        for (int i = 0; i < change_count; i++) {
            if (i != failing)
                result += __real_kevent(fd, &changes[i], 1, &events[result], 1, timeout);
            else {
                events[result] = changes[i];
                events[result].flags = EV_ERROR;
                events[result++].data = exhaustion_change_error;
            }
        }
    }
    exhaustion_counts = kept;
    if (change_count == 0 && exhaustion_after_wait != NULL)
        exhaustion_after_wait();
    return result;
}
