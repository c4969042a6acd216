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
    static const int numbers[] = {SIGINT, SIGTERM};
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_signals set;
    int number;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_signals_init(&set, numbers, 2));
    check(cmio_poll_register(poll, &set.source, 0, CMIO_READABLE));
    (void)raise(SIGTERM); /* stands for what others send */

    bool stop = false;
    while (!stop) {
        const int n = cmio_poll_wait(poll, events, CMIO_FOREVER);
        if (n != -EINTR)
            check(n);
        CMIO_EVENTS_FOREACH (event, events)
            while ((number = cmio_signals_next(&set)) > 0) {
                printf("signal %d: time to stop\n", number);
                stop = true;
            }
    }
    check(cmio_signals_close(&set)); /* SIGTERM ends us again */
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
