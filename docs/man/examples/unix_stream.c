/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include <cmio/cmio.h>

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_unix_stream ours, theirs;
    int error;
    if ((error = cmio_poll_new(&poll)) < 0 ||
        (error = cmio_events_new(&events, 8)) < 0 ||
        (error = cmio_unix_stream_pair(&ours, &theirs)) < 0 ||
        (error = cmio_poll_register(poll, &ours.source, 0,
                                    CMIO_READABLE)) < 0 ||
        (error = (int)cmio_unix_stream_write(&theirs, "hello", 5)) <
            0 ||
        (error = cmio_unix_stream_shutdown(
             &theirs, CMIO_SHUTDOWN_WRITE)) < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(error));
        return 1;
    }
    ssize_t n = -EAGAIN;
    while (n != 0) {
        char text[64];
        n = cmio_unix_stream_read(&ours, text, sizeof text);
        if (n > 0)
            printf("received %.*s\n", (int)n, text);
        if (n == -EAGAIN)
            error = cmio_poll_wait(poll, events, CMIO_FOREVER);
        if ((n < 0 && n != -EAGAIN) ||
            (error < 0 && error != -EINTR))
            return 1;
    }
    puts("the end");
    (void)cmio_unix_stream_close(&ours);
    (void)cmio_unix_stream_close(&theirs);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
