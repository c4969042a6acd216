/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

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
    static const char *const arguments[] = {"sh", "-c", "tr a-z A-Z",
                                            NULL};
    const struct cmio_process_options options = {
        .program = "sh",
        .arguments = arguments,
        .input = {.kind = CMIO_PROCESS_PIPE},
        .output = {.kind = CMIO_PROCESS_PIPE},
        .errors = {.kind = CMIO_PROCESS_AS_OUTPUT},
    };
    struct cmio_process process;
    struct cmio_poll *poll;
    struct cmio_events *events;
    int status;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_process_spawn(&process, &options));
    check(cmio_poll_register(poll, &process.output.source, 0,
                             CMIO_READABLE));
    check(cmio_poll_register(poll, &process.child.source, 1,
                             CMIO_READABLE));
    (void)cmio_pipe_sender_write(&process.input, "hello\n", 6);
    (void)cmio_pipe_sender_close(&process.input); /* its input ends */
    char text[64];
    ssize_t n;
    while ((n = cmio_pipe_receiver_read(&process.output, text,
                                        sizeof text)) != 0 ||
           cmio_child_status(&process.child, &status) == -EAGAIN) {
        if (n > 0)
            printf("%.*s", (int)n, text);
        else
            (void)cmio_poll_wait(poll, events, CMIO_FOREVER);
    }
    printf("exit status %d\n", WEXITSTATUS(status));
    (void)cmio_process_close(&process);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
