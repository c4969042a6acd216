/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/green.h>
#include <cmio/async/watch.h>
#include <cmio/error.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* Follows a level; it sees the latest, perhaps not every one. */
static ssize_t follow(void *receiver) {
    struct cmio_watch_changed_future changed;
    int level = 0;
    do {
        check(cmio_watch_read(receiver, &level));
        check(cmio_watch_changed_future_init(&changed, receiver));
    } while (check(cmio_await(&changed.future)) == 1);
    cmio_watch_receiver_drop(receiver);
    return level; /* the last, once all senders are gone */
}

int main(void) {
    struct cmio_executor *executor;
    struct cmio_watch_sender *sender, *second;
    struct cmio_watch_receiver *receiver, *other;
    struct cmio_join_handle *handle;
    struct cmio_join_future join;
    int level = 1;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_watch_new(&sender, &receiver, sizeof level, &level));
    check(cmio_watch_subscribe(sender, &other));
    check(cmio_green_spawn(executor, follow, receiver, NULL, &handle));

    second = cmio_watch_sender_clone(sender);
    for (level = 2; level < 5; level++)
        check(cmio_watch_send(level % 2 ? sender : second, &level));
    check(cmio_watch_changed_until(other, CMIO_FOREVER)); /* a thread */
    cmio_watch_sender_drop(sender);
    cmio_watch_sender_drop(second);
    check(cmio_join_future_init(&join, handle));
    printf("last: %zd\n", check(cmio_block_on(executor, &join.future)));
    cmio_watch_receiver_drop(other);
    cmio_join_handle_drop(handle);
    cmio_executor_free(executor);
    return 0;
}
