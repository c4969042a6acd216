/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/channel.h>
#include <cmio/async/executor.h>
#include <cmio/error.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

int main(void) {
    struct cmio_channel_sender *sender;
    struct cmio_channel_receiver *receiver;
    struct cmio_send_future send;
    struct cmio_channel_closed_future closed;
    int number = 1;
    check(cmio_channel_new(&sender, &receiver, sizeof(int), 1));
    check(cmio_channel_try_send(sender, &number));
    const int error = cmio_channel_try_send(sender, &number);
    printf("full: %d\n", error == -EAGAIN);

    /* What was given up is either sent or the caller's still. */
    check(cmio_send_future_init(&send, sender, &number));
    cmio_future_drop(&send.future);
    printf("sent: %d\n", cmio_send_future_is_sent(&send));

    /* A task that makes something costly can watch for this. */
    cmio_channel_receiver_drop(receiver);
    check(cmio_channel_closed_future_init(&closed, sender));
    check(cmio_block_on(NULL, &closed.future));
    puts("nobody receives any more");
    cmio_channel_sender_drop(sender);
    return 0;
}
