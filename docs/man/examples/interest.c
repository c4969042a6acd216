/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <cmio/cmio.h>

/* How many of three waits report a pipe that nobody reads. */
static int count_events(struct cmio_poll *poll,
                        struct cmio_events *events,
                        struct cmio_pipe_receiver *receiver,
                        cmio_interest interest) {
    const cmio_token token =
        (cmio_token)receiver; /* may be a pointer */
    int count = 0;
    const int error =
        cmio_poll_register(poll, &receiver->source, token, interest);
    if (error < 0)
        return error;
    for (int i = 0; i < 3; i++) {
        (void)cmio_poll_wait(poll, events, 0);
        CMIO_EVENTS_FOREACH (event, events)
            count += event->token == token;
    }
    (void)cmio_poll_deregister(poll, &receiver->source);
    return count;
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    if (cmio_poll_new(&poll) < 0 ||
        cmio_events_new(&events, 8) < 0 ||
        cmio_pipe_new(&sender, &receiver) < 0 ||
        cmio_pipe_sender_write(&sender, "x", 1) < 0) {
        fputs("no poll or no pipe\n", stderr);
        return 1;
    }
    printf("edge: %d\n",
           count_events(poll, events, &receiver, CMIO_READABLE));
    printf("level: %d\n", count_events(poll, events, &receiver,
                                       CMIO_READABLE | CMIO_LEVEL));
    printf("one-shot: %d\n",
           count_events(poll, events, &receiver,
                        CMIO_READABLE | CMIO_ONESHOT));
    (void)cmio_pipe_sender_close(&sender);
    (void)cmio_pipe_receiver_close(&receiver);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
