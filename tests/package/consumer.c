/* SPDX-License-Identifier: MIT */
/*
 * A program of someone else's, built against an installed or embedded cmio: it makes a loop, wakes
 * it, and sees the event. It prints the version of the library, and fails where that is not the one
 * of the headers.
 */
#include <stdio.h>
#include <string.h>

#include <cmio/cmio.h>

static int wait_for_waker(struct cmio_poll *poll, struct cmio_events *events) {
    struct cmio_waker *waker;
    int error = cmio_waker_new(&waker, cmio_poll_registry(poll), 7);
    if (error < 0)
        return error;
    error = cmio_waker_wake(waker);
    if (error == 0)
        error = cmio_poll_wait(poll, events, CMIO_FOREVER);
    int seen = 0;
    CMIO_EVENTS_FOREACH (event, events)
        seen += event->token == 7 && cmio_event_is_readable(event);
    cmio_waker_free(waker);
    return error < 0 ? error : seen;
}

int main(void) {
    struct cmio_poll *poll = NULL;
    struct cmio_events *events = NULL;
    int result = cmio_poll_new(&poll);
    if (result == 0)
        result = cmio_events_new(&events, 16);
    if (result == 0)
        result = wait_for_waker(poll, events);
    cmio_events_free(events);
    cmio_poll_free(poll);
    if (result != 1) {
        fprintf(stderr, "one event was to come: %d (%s)\n", result, cmio_strerror(result));
        return 1;
    }
    printf("%s\n", cmio_version());
    return strcmp(cmio_version(), CMIO_VERSION_STRING) == 0 ? 0 : 1;
}
