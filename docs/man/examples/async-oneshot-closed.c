/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/oneshot.h>
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
    struct cmio_oneshot_sender *sender;
    struct cmio_oneshot_receiver *receiver;
    struct cmio_oneshot_closed_future closed;
    int answer = 0;
    check(cmio_oneshot_new(&sender, &receiver, sizeof answer));
    int result = cmio_oneshot_try_receive(receiver, &answer);
    printf("not yet: %d\n", result == -EAGAIN);
    result = cmio_oneshot_receive_until(receiver, &answer,
                                        cmio_now() + CMIO_MILLISECOND);
    printf("still not: %d\n", result == -ETIMEDOUT);

    cmio_oneshot_receiver_close(receiver); /* it is too late now */
    check(cmio_oneshot_closed_future_init(&closed, sender));
    check(cmio_block_on(NULL, &closed.future)); /* the sender's side */
    result = cmio_oneshot_send(sender, &answer);
    printf("nobody waits: %s\n", cmio_strerror(result));
    cmio_oneshot_sender_drop(sender);
    cmio_oneshot_receiver_drop(receiver);
    return 0;
}
