/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Watches a descriptor that something else owns: a pipe(2) here. */
int main(void) {
    int fds[2];
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_fd_source source;
    if (pipe(fds) != 0 || fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0 ||
        write(fds[1], "hello", 5) != 5) {
        perror("pipe");
        return 1;
    }
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_fd_source_init(&source, fds[0]));
    check(cmio_poll_register(poll, &source.source, 0, CMIO_READABLE));
    check(cmio_poll_wait(poll, events, 0));
    CMIO_EVENTS_FOREACH (event, events) {
        char text[16];
        const int fd = cmio_fd_source_fd(&source);
        ssize_t n;
        while ((n = cmio_fd_source_note_io(&source, CMIO_READABLE,
                                           read(fd, text, sizeof text),
                                           sizeof text)) > 0)
            printf("%zd bytes\n", n);
        printf("then: %s\n", cmio_strerror(n));
    }
    check(cmio_fd_source_close(&source)); /* fds[0] stays open */
    (void)close(fds[0]);
    (void)close(fds[1]);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
