/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include <cmio/cmio.h>

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    int error;
    (void)signal(SIGPIPE, SIG_IGN); /* -EPIPE instead */
    if ((error = cmio_poll_new(&poll)) < 0 ||
        (error = cmio_events_new(&events, 8)) < 0 ||
        (error = cmio_pipe_new(&sender, &receiver)) < 0 ||
        (error = cmio_poll_register(poll, &receiver.source, 0,
                                    CMIO_READABLE)) < 0 ||
        (error = (int)cmio_pipe_sender_write(&sender, "hello", 5)) <
            0 ||
        (error = cmio_pipe_sender_close(&sender)) < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(error));
        return 1;
    }
    ssize_t n = -EAGAIN;
    while (n != 0) { /* 0: every sender is closed */
        char text[64];
        n = cmio_pipe_receiver_read(&receiver, text, sizeof text);
        if (n > 0)
            printf("received %.*s\n", (int)n, text);
        if (n == -EAGAIN)
            error = cmio_poll_wait(poll, events, CMIO_FOREVER);
        if ((n < 0 && n != -EAGAIN) ||
            (error < 0 && error != -EINTR))
            return 1;
    }
    puts("the end");
    (void)cmio_pipe_receiver_close(&receiver);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
