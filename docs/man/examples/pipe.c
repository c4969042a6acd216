/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
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
    struct cmio_pipe_sender out;
    struct cmio_pipe_receiver in;
    (void)signal(SIGPIPE, SIG_IGN); /* writes return -EPIPE instead */
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_pipe_new(&out, &in));
    check(cmio_poll_register(poll, &in.source, 0, CMIO_READABLE));
    check(cmio_pipe_sender_write(&out, "hello", 5));
    check(cmio_pipe_sender_close(&out));

    char text[64];
    ssize_t n;
    while ((n = cmio_pipe_receiver_read(&in, text, sizeof text)) != 0)
        if (n == -EAGAIN)
            (void)cmio_poll_wait(poll, events, CMIO_FOREVER);
        else
            printf("received %.*s\n", (int)check(n), text);
    puts("the end: every sender is closed");
    (void)cmio_pipe_receiver_close(&in);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
