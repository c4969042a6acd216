/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

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
    struct cmio_child child;
    const pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            (void)pause();
    }
    check(cmio_child_init(&child, pid));
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_poll_register(poll, &child.source, 0, CMIO_READABLE));
    check(cmio_child_kill(&child, SIGTERM));
    printf("process %ld, descriptor %zd\n", (long)cmio_child_pid(&child),
           check(cmio_child_fd(&child)));

    int status, error;
    while ((error = cmio_child_status(&child, &status)) == -EAGAIN)
        (void)cmio_poll_wait(poll, events, CMIO_FOREVER);
    check(error);
    if (WIFSIGNALED(status))
        printf("ended by signal %d\n", WTERMSIG(status));
    else
        printf("ended with status %d\n", WEXITSTATUS(status));
    (void)cmio_child_close(&child);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
