/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/cmio.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* What a loop does with an event, one question after another. */
static void handle(const struct cmio_event *event) {
    char text[128];
    (void)cmio_event_format(event, text, sizeof text);
    printf("%s\n", text);
    if (cmio_event_is_readable(event))
        puts("  read until -EAGAIN");
    if (cmio_event_is_writable(event))
        puts("  write what is left to write");
    if (cmio_event_is_priority(event))
        puts("  receive with MSG_OOB");
    if (cmio_event_is_error(event))
        puts("  hint: the next I/O returns an error");
    if (cmio_event_is_read_closed(event))
        puts("  hint: read on until 0, nothing arrives after that");
    if (cmio_event_is_write_closed(event))
        puts("  hint: writing fails with -EPIPE");
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_unix_stream ours, theirs;
    int n;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_unix_stream_pair(&ours, &theirs));
    check(cmio_poll_register(poll, &ours.source, 7,
                             CMIO_READABLE | CMIO_WRITABLE));
    (void)cmio_unix_stream_close(
        &theirs); /* so that there is something to see */
    while ((n = cmio_poll_wait(poll, events, CMIO_FOREVER)) == -EINTR)
        continue;
    check(n);
    CMIO_EVENTS_FOREACH (event, events)
        handle(event);
    (void)cmio_unix_stream_close(&ours);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
