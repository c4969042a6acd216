/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include <cmio/cmio.h>

enum { PIPE = 7 };

static void read_all(struct cmio_pipe_receiver *receiver) {
    char text[64];
    ssize_t n;
    while ((n = cmio_pipe_receiver_read(receiver, text,
                                        sizeof text)) > 0)
        printf("received %.*s\n", (int)n, text);
    if (n < 0 && n != -EAGAIN)
        fprintf(stderr, "read: %s\n", cmio_strerror(n));
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    int error;
    if ((error = cmio_poll_new(&poll)) < 0 ||
        (error = cmio_events_new(&events, 64)) < 0 ||
        (error = cmio_pipe_new(&sender, &receiver)) < 0 ||
        (error = cmio_poll_register(poll, &receiver.source, PIPE,
                                    CMIO_READABLE)) < 0 ||
        (error = (int)cmio_pipe_sender_write(&sender, "hello", 5)) <
            0) {
        fprintf(stderr, "%s\n", cmio_strerror(error));
        return 1;
    }
    int n;
    while ((n = cmio_poll_wait(poll, events, CMIO_FOREVER)) ==
           -EINTR)
        continue;
    printf("events: %d\n", n);
    CMIO_EVENTS_FOREACH (event, events)
        if (event->token == PIPE)
            read_all(&receiver);

    error = cmio_poll_deregister(poll, &receiver.source);
    (void)cmio_pipe_receiver_close(&receiver);
    (void)cmio_pipe_sender_close(&sender);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return error < 0 || n < 0;
}
