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

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_unix_stream ours, theirs;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_unix_stream_pair(&ours, &theirs));
    check(cmio_poll_register(poll, &ours.source, 0, CMIO_READABLE));
    check(cmio_unix_stream_write(&theirs, "hello", 5));
    check(cmio_unix_stream_shutdown(&theirs, CMIO_SHUTDOWN_WRITE));

    char text[64];
    ssize_t n;
    while ((n = cmio_unix_stream_read(&ours, text, sizeof text)) != 0)
        if (n == -EAGAIN)
            (void)cmio_poll_wait(poll, events, CMIO_FOREVER);
        else
            printf("received %.*s\n", (int)check(n), text);
    puts("the end");
    (void)cmio_unix_stream_close(&ours);
    (void)cmio_unix_stream_close(&theirs);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
