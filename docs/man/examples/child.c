/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/cmio.h>

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_child child;
    const pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            (void)pause();
    }
    int error, status;
    if (pid < 0 || (error = cmio_child_init(&child, pid)) < 0 ||
        (error = cmio_poll_new(&poll)) < 0 ||
        (error = cmio_events_new(&events, 8)) < 0 ||
        (error = cmio_poll_register(poll, &child.source, 0,
                                    CMIO_READABLE)) < 0 ||
        (error = cmio_child_kill(&child, SIGTERM)) < 0) {
        fputs("cannot watch a child\n", stderr);
        return 1;
    }
    printf("its number is right: %d; descriptor: %s\n",
           cmio_child_pid(&child) == pid,
           cmio_child_fd(&child) >= 0 ? "yes" : "no");
    while ((error = cmio_child_status(&child, &status)) == -EAGAIN) {
        const int n = cmio_poll_wait(poll, events, CMIO_FOREVER);
        if (n < 0 && n != -EINTR)
            return 1;
    }
    if (error == 0 && WIFSIGNALED(status))
        printf("ended by signal %d\n", WTERMSIG(status));
    (void)cmio_child_close(&child);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return error < 0;
}
