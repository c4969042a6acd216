/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/cmio.h>

enum { PIPE = 7 };

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

static void read_all(struct cmio_pipe_receiver *receiver) {
    char text[64];
    ssize_t n;
    while ((n = cmio_pipe_receiver_read(receiver, text, sizeof text)) >
           0)
        printf("received %.*s\n", (int)n, text);
    if (n != -EAGAIN)
        check(n);
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    int n;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 64));
    check(cmio_pipe_new(&sender, &receiver));
    check(
        cmio_poll_register(poll, &receiver.source, PIPE, CMIO_READABLE));
    check(cmio_pipe_sender_write(&sender, "hello", 5));

    while ((n = cmio_poll_wait(poll, events, CMIO_FOREVER)) == -EINTR)
        continue;
    printf("%zd event\n", check(n));
    CMIO_EVENTS_FOREACH (event, events)
        if (event->token == PIPE)
            read_all(&receiver);

    check(cmio_poll_deregister(poll, &receiver.source));
    (void)cmio_pipe_receiver_close(&receiver);
    (void)cmio_pipe_sender_close(&sender);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
