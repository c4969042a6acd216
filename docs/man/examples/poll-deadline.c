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

/* Waits for an event, but not beyond the deadline. */
static int wait_until(struct cmio_poll *poll, struct cmio_events *events,
                      int64_t deadline) {
    int n;
    do /* the deadline stays as it is */
        n = cmio_poll_wait_until(poll, events, deadline);
    while (n == -EINTR);
    return (int)check(n);
}

int main(void) {
    const cmio_interest interest = CMIO_WRITABLE | CMIO_ONESHOT;
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 1));
    check(cmio_pipe_new(&sender, &receiver));
    check(cmio_poll_register(poll, &sender.source, 1, interest));

    const int64_t deadline = cmio_now() + 50 * CMIO_MILLISECOND;
    printf("events: %d\n", wait_until(poll, events, deadline));
    printf("not armed: %d\n", wait_until(poll, events, deadline));
    check(cmio_poll_reregister(poll, &sender.source, 2, interest));
    printf("armed again: %d\n", wait_until(poll, events, CMIO_FOREVER));

    (void)cmio_pipe_receiver_close(&receiver);
    (void)cmio_pipe_sender_close(&sender);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
