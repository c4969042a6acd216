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

/* Runs a command with the given output; returns its status. */
static int run(struct cmio_poll *poll, const char *command,
               struct cmio_process_stream output) {
    const char *const arguments[] = {"sh", "-c", command, NULL};
    const struct cmio_process_stream none = {.kind = CMIO_PROCESS_NULL};
    const struct cmio_process_options options = {.program = "sh",
                                                 .arguments = arguments,
                                                 .input = none,
                                                 .output = output};
    struct cmio_process process;
    struct cmio_events *events;
    int status, error;
    check(cmio_events_new(&events, 1));
    check(cmio_process_spawn(&process, &options));
    check(cmio_poll_register(poll, &process.child.source, 0,
                             CMIO_READABLE));
    while ((error = cmio_child_status(&process.child, &status)) ==
           -EAGAIN)
        (void)cmio_poll_wait(poll, events, CMIO_FOREVER);
    check(error);
    check(cmio_process_close(&process));
    cmio_events_free(events);
    return WEXITSTATUS(status);
}

int main(void) {
    static const enum cmio_process_stream_kind kinds[] = {
        CMIO_PROCESS_INHERIT, CMIO_PROCESS_NULL};
    struct cmio_poll *poll;
    check(cmio_poll_new(&poll));
    for (int i = 0; i < 2; i++) { /* only the first is seen */
        const struct cmio_process_stream output = {.kind = kinds[i]};
        (void)run(poll, "echo hello", output);
    }
    FILE *file = tmpfile();
    char line[16];
    if (file == NULL)
        return 1;
    const struct cmio_process_stream output = {.kind = CMIO_PROCESS_FD,
                                               .fd = fileno(file)};
    const int status = run(poll, "echo into a file", output);
    rewind(file);
    if (fgets(line, sizeof line, file) != NULL)
        printf("status %d, %s\n", status, line);
    (void)fclose(file);
    cmio_poll_free(poll);
    return status;
}
