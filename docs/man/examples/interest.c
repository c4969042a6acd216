/* SPDX-License-Identifier: MIT */
#include <cmio/cmio.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* How many of three waits report a pipe that nobody reads. */
static int count_events(struct cmio_poll *poll,
                        struct cmio_events *events,
                        struct cmio_pipe_receiver *receiver,
                        cmio_interest interest) {
    const cmio_token token = (cmio_token)receiver; /* may be a pointer */
    int count = 0;
    check(cmio_poll_register(poll, &receiver->source, token, interest));
    for (int i = 0; i < 3; i++) {
        check(cmio_poll_wait(poll, events, 0));
        CMIO_EVENTS_FOREACH (event, events)
            count += event->token == token;
    }
    check(cmio_poll_deregister(poll, &receiver->source));
    return count;
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_pipe_new(&sender, &receiver));
    check(cmio_pipe_sender_write(&sender, "x", 1));
    printf("edge: %d\n",
           count_events(poll, events, &receiver, CMIO_READABLE));
    printf("level: %d\n", count_events(poll, events, &receiver,
                                       CMIO_READABLE | CMIO_LEVEL));
    printf("one-shot: %d\n", count_events(poll, events, &receiver,
                                          CMIO_READABLE | CMIO_ONESHOT));
    (void)cmio_pipe_sender_close(&sender);
    (void)cmio_pipe_receiver_close(&receiver);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
