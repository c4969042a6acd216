/* SPDX-License-Identifier: MIT */
/* Wakes a poll, and waits for that event. */
#include <errno.h>
#include <stdio.h>

#include <cmio/cmio.h>

enum { WAKER = 1 };

static int wake_and_wait(struct cmio_poll *poll, struct cmio_waker *waker,
                         struct cmio_events *events) {
    int error = cmio_waker_wake(waker);
    if (error < 0)
        return error;
    do {
        error = cmio_poll_wait(poll, events, CMIO_FOREVER);
    } while (error == -EINTR);
    if (error < 0)
        return error;
    CMIO_EVENTS_FOREACH (event, events)
        printf("woken with token %d\n", (int)event->token);
    return 0;
}

int main(void) {
    struct cmio_poll *poll = NULL;
    struct cmio_events *events = NULL;
    struct cmio_waker *waker = NULL;
    int error = cmio_poll_new(&poll);
    if (error == 0)
        error = cmio_events_new(&events, 8);
    if (error == 0)
        error = cmio_waker_new(&waker, cmio_poll_registry(poll), WAKER);
    if (error == 0)
        error = wake_and_wait(poll, waker, events);
    if (error < 0)
        fprintf(stderr, "cmio: %s\n", cmio_strerror(error));
    cmio_waker_free(waker);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return error < 0 ? 1 : 0;
}
