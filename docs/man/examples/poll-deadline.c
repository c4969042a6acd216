/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include <cmio/cmio.h>

/* Waits for an event, but not beyond the deadline. */
static int wait_until(struct cmio_poll *poll,
                      struct cmio_events *events, int64_t deadline) {
    int n;
    do
        n = cmio_poll_wait_until(poll, events, deadline);
    while (
        n ==
        -EINTR); /* with the same deadline: nothing to count down */
    return n;
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    int error;
    if ((error = cmio_poll_new(&poll)) < 0 ||
        (error = cmio_events_new(&events, 1)) < 0 ||
        (error = cmio_pipe_new(&sender, &receiver)) < 0 ||
        (error = cmio_poll_register(poll, &sender.source, 1,
                                    CMIO_WRITABLE | CMIO_ONESHOT)) <
            0) {
        fprintf(stderr, "%s\n", cmio_strerror(error));
        return 1;
    }
    const int64_t deadline = cmio_now() + 50 * CMIO_MILLISECOND;
    printf("first wait: %d event\n",
           wait_until(poll, events, deadline));
    printf("one-shot, not armed: %d events\n",
           wait_until(poll, events, deadline));

    error = cmio_poll_reregister(poll, &sender.source, 2,
                                 CMIO_WRITABLE | CMIO_ONESHOT);
    if (error < 0)
        fprintf(stderr, "reregister: %s\n", cmio_strerror(error));
    else
        printf("armed again: %d event\n",
               wait_until(poll, events, CMIO_FOREVER));
    (void)cmio_pipe_receiver_close(&receiver);
    (void)cmio_pipe_sender_close(&sender);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return error < 0;
}
