/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/channel.h>
#include <cmio/async/executor.h>
#include <cmio/async/green.h>
#include <cmio/error.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* One of two producers, each with a handle of its own. */
static ssize_t produce(void *sender) {
    for (int number = 1; number <= 3; number++) {
        struct cmio_send_future send;
        check(cmio_send_future_init(&send, sender, &number));
        if (cmio_await(&send.future) < 0)
            break; /* nobody receives any more */
    }
    cmio_channel_sender_drop(sender);
    return 0;
}

static ssize_t consume(void *receiver) {
    ssize_t sum = 0;
    for (;;) {
        struct cmio_receive_future receive;
        int number;
        check(cmio_receive_future_init(&receive, receiver, &number));
        if (cmio_await(&receive.future) != 1)
            break; /* closed and empty */
        sum += number;
    }
    cmio_channel_receiver_drop(receiver);
    return sum;
}

int main(void) {
    struct cmio_channel_sender *sender;
    struct cmio_channel_receiver *receiver;
    struct cmio_executor *executor;
    struct cmio_join_handle *handle;
    struct cmio_join_future join;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_channel_new(&sender, &receiver, sizeof(int), 2));
    check(cmio_green_spawn(executor, produce,
                           cmio_channel_sender_clone(sender), NULL,
                           NULL));
    check(cmio_green_spawn(executor, produce, sender, NULL, NULL));
    check(cmio_green_spawn(executor, consume, receiver, NULL, &handle));
    check(cmio_join_future_init(&join, handle));
    printf("sum: %zd\n", check(cmio_block_on(executor, &join.future)));
    cmio_join_handle_drop(handle);
    cmio_executor_free(executor);
    return 0;
}
