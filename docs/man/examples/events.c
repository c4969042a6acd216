/* SPDX-License-Identifier: MIT */
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
    struct cmio_pipe_sender senders[2];
    struct cmio_pipe_receiver receivers[2];
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 16));
    for (size_t i = 0; i < 2; i++) {
        check(cmio_pipe_new(&senders[i], &receivers[i]));
        check(cmio_poll_register(poll, &senders[i].source, i,
                                 CMIO_WRITABLE));
    }

    check(cmio_poll_wait(poll, events, 0));
    printf("%zu of at most %zu\n", cmio_events_count(events),
           cmio_events_capacity(events));

    /* The first event decides that both pipes are given up. */
    CMIO_EVENTS_FOREACH (event, events) {
        const size_t other = 1 - (size_t)event->token;
        printf("event of %zu: closing both\n", (size_t)event->token);
        cmio_events_purge(events, other); /* the loop skips it */
        for (size_t i = 0; i < 2; i++) {
            (void)cmio_pipe_sender_close(&senders[i]);
            (void)cmio_pipe_receiver_close(&receivers[i]);
        }
    }
    /* A batch is an array. Purged events have nothing ready. */
    const struct cmio_event *end = cmio_events_end(events);
    const struct cmio_event *event = cmio_events_begin(events);
    for (; (event = cmio_events_next_set(event, end)) != end; event++)
        printf("not purged: %zu\n", (size_t)event->token);
    cmio_events_clear(events);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
