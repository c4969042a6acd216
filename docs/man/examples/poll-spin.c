/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/cmio.h>

enum { ROUNDS = 1000 };

/* Two loops that wake each other in turn. */
struct side {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_waker *waker;
    struct side *other;
};

/* Ends the program if a call failed. */
static void check(int result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
}

static void side_open(struct side *side) {
    check(cmio_poll_new(&side->poll));
    check(cmio_events_new(&side->events, 4));
    check(
        cmio_waker_new(&side->waker, cmio_poll_registry(side->poll), 0));
    /* The answer comes soon: look for it before going to sleep. */
    check(cmio_poll_set_spin(side->poll, 50 * CMIO_MICROSECOND));
}

static void side_close(struct side *side) {
    cmio_waker_free(side->waker);
    cmio_events_free(side->events);
    cmio_poll_free(side->poll);
}

static void side_wait(struct side *side) {
    int count;
    do
        count = cmio_poll_wait(side->poll, side->events, CMIO_FOREVER);
    while (count == -EINTR);
    check(count);
}

static void *answer(void *argument) {
    struct side *side = argument;
    for (int i = 0; i < ROUNDS; i++) {
        side_wait(side);
        check(cmio_waker_wake(side->other->waker));
    }
    return NULL;
}

int main(void) {
    struct side asking, answering;
    pthread_t thread;
    side_open(&asking);
    side_open(&answering);
    asking.other = &answering;
    answering.other = &asking;
    check(-pthread_create(&thread, NULL, answer, &answering));
    for (int i = 0; i < ROUNDS; i++) {
        check(cmio_waker_wake(answering.waker));
        side_wait(&asking);
    }
    (void)pthread_join(thread, NULL);
    printf("%d questions were answered\n", ROUNDS);
    side_close(&asking);
    side_close(&answering);
    return 0;
}
