/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
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

static int answer; /* written before the wake, read after the event */

static void *work(void *argument) {
    answer = 42;
    const int error = cmio_waker_wake(argument);
    if (error < 0)
        fprintf(stderr, "wake: %s\n", cmio_strerror(error));
    return NULL;
}

int main(void) {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_waker *waker;
    pthread_t thread;
    int n;
    check(cmio_poll_new(&poll));
    check(cmio_events_new(&events, 8));
    check(cmio_waker_new(&waker, cmio_poll_registry(poll), 0));
    check(-pthread_create(&thread, NULL, work, waker));
    while ((n = cmio_poll_wait(poll, events, CMIO_FOREVER)) == -EINTR)
        continue;
    printf("%zd event; the thread's answer is %d\n", check(n), answer);

    (void)pthread_join(thread,
                       NULL); /* it may be in cmio_waker_wake() */
    cmio_waker_free(waker);
    cmio_events_free(events);
    cmio_poll_free(poll);
    return 0;
}
