/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#include <cmio/cmio.h>

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
    int error, status;
    if ((error = cmio_poll_new(&poll)) < 0 ||
        (error = cmio_events_new(&events, 8)) < 0 ||
        (error = cmio_process_spawn(&process, &options)) < 0 ||
        (error = cmio_poll_register(poll, &process.output.source, 0,
                                    CMIO_READABLE)) < 0 ||
        (error = cmio_poll_register(poll, &process.child.source, 1,
                                    CMIO_READABLE)) < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(error));
        return 1;
    }
    (void)cmio_pipe_sender_write(&process.input, "hello\n", 6);
    (void)cmio_pipe_sender_close(
        &process.input); /* the end of its input */
    char text[64];
    ssize_t n;
    while ((n = cmio_pipe_receiver_read(&process.output, text,
                                        sizeof text)) != 0 ||
           cmio_child_status(&process.child, &status) == -EAGAIN) {
        if (n > 0)
            printf("%.*s", (int)n, text);
        else if ((error = cmio_poll_wait(poll, events,
                                         CMIO_FOREVER)) < 0 &&
                 error != -EINTR)
            return 1;
    }
    printf("exit status %d\n", WEXITSTATUS(status));
    (void)cmio_process_close(&process);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
