/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async.h>
#include <cmio/error.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* Two green threads that run at once and talk through a channel. */
static ssize_t produce(void *sender) {
    for (int number = 1; number <= 3; number++) {
        struct cmio_send_future send;
        check(cmio_send_future_init(&send, sender, &number));
        check(cmio_await(&send.future));
    }
    cmio_channel_sender_drop(sender);
    return 0;
}

static ssize_t consume(void *receiver) {
    int number, sum = 0;
    struct cmio_receive_future receive;
    do {
        check(cmio_receive_future_init(&receive, receiver, &number));
        sum += check(cmio_await(&receive.future)) == 1 ? number : 0;
    } while (receive.future.result == 1);
    cmio_channel_receiver_drop(receiver);
    return sum;
}

int main(void) {
    struct cmio_executor *executor;
    struct cmio_channel_sender *sender;
    struct cmio_channel_receiver *receiver;
    struct cmio_join_handle *handle;
    struct cmio_join_future join;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_channel_new(&sender, &receiver, sizeof(int), 2));
    check(cmio_green_spawn(executor, produce, sender, NULL, NULL));
    check(cmio_green_spawn(executor, consume, receiver, NULL, &handle));
    check(cmio_join_future_init(&join, handle));
    printf("the sum is %zd\n",
           check(cmio_block_on(executor, &join.future)));
    cmio_join_handle_drop(handle);
    cmio_executor_free(executor);
    return 0;
}
