/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/broadcast.h>
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
    struct cmio_broadcast_sender *sender, *second;
    struct cmio_broadcast_receiver *early, *late;
    struct cmio_broadcast_receive_future receive;
    int number, result;
    check(cmio_broadcast_new(&sender, &early, sizeof number, 2));
    second = cmio_broadcast_sender_clone(sender);
    for (number = 1; number <= 3; number++)
        check(cmio_broadcast_send(sender, &number)); /* never waits */
    check(cmio_broadcast_subscribe(sender, &late));
    check(cmio_broadcast_send(second, &number));

    check(cmio_broadcast_receive_future_init(&receive, late, &number));
    check(cmio_block_on(NULL, &receive.future));
    printf("late: %d\n", number);

    cmio_broadcast_sender_drop(sender);
    cmio_broadcast_sender_drop(second);
    while ((result = cmio_broadcast_try_receive(early, &number)) != 0)
        if (result == -EOVERFLOW) /* only two are kept */
            printf("early: missed %" PRIu64 "\n",
                   cmio_broadcast_receiver_missed(early));
        else
            printf("early: %d\n", number);

    /* For a plain thread. With no senders left it is 0. */
    result = cmio_broadcast_receive_until(late, &number, CMIO_FOREVER);
    printf("late: the end, %zd\n", check(result));
    cmio_broadcast_receiver_drop(early);
    cmio_broadcast_receiver_drop(late);
    return 0;
}
