/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/green.h>
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

/* A task that answers once. */
static ssize_t work(void *sender) {
    const int answer = 42;
    if (!cmio_oneshot_sender_is_closed(sender))
        (void)cmio_oneshot_send(sender, &answer); /* never waits */
    cmio_oneshot_sender_drop(sender);
    return 0;
}

int main(void) {
    struct cmio_oneshot_sender *sender;
    struct cmio_oneshot_receiver *receiver;
    struct cmio_executor *executor;
    struct cmio_oneshot_receive_future receive;
    int answer;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_oneshot_new(&sender, &receiver, sizeof answer));
    check(cmio_green_spawn(executor, work, sender, NULL, NULL));

    check(cmio_oneshot_receive_future_init(&receive, receiver, &answer));
    if (check(cmio_block_on(executor, &receive.future)) == 1)
        printf("the answer is %d\n", answer);
    else
        puts("it was dropped without an answer");
    cmio_oneshot_receiver_drop(receiver);
    cmio_executor_free(executor);
    return 0;
}
