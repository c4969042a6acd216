/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/channel.h>
#include <cmio/error.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* Plain threads block until a deadline instead of awaiting. */
static void *produce(void *sender) {
    for (int number = 1; !cmio_channel_sender_is_closed(sender);
         number++)
        if (cmio_channel_send_until(sender, &number, CMIO_FOREVER) < 0)
            break; /* closed meanwhile; this number was not sent */
    cmio_channel_sender_drop(sender);
    return NULL;
}

int main(void) {
    struct cmio_channel_sender *sender;
    struct cmio_channel_receiver *receiver, *other;
    pthread_t thread;
    int number;
    check(cmio_channel_new(&sender, &receiver, sizeof(int), 4));
    other = cmio_channel_receiver_clone(receiver);
    check(-pthread_create(&thread, NULL, produce, sender));
    const int64_t deadline = cmio_now() + 60 * CMIO_SECOND;
    for (int i = 0; i < 3; i++) {
        check(cmio_channel_receive_until(receiver, &number, deadline));
        printf("%d\n", number);
    }
    cmio_channel_receiver_close(receiver); /* for all receivers */
    int left = 0;
    while (check(cmio_channel_try_receive(other, &number)) == 1)
        left++; /* what was sent before */
    check(-pthread_join(thread, NULL));
    printf("closed; none or a few were left: %d\n", left <= 4);
    cmio_channel_receiver_drop(receiver);
    cmio_channel_receiver_drop(other);
    return 0;
}
