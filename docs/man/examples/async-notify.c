/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/green.h>
#include <cmio/async/notify.h>
#include <cmio/error.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

static ssize_t tell(void *notify) {
    cmio_notify_one(notify); /* is kept if nobody waits yet */
    return 0;
}

int main(void) {
    struct cmio_executor *executor;
    struct cmio_notify notify;
    struct cmio_notify_future told;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_notify_init(&notify));
    check(cmio_green_spawn(executor, tell, &notify, NULL, NULL));
    check(cmio_notify_future_init(&told, &notify));
    check(cmio_block_on(executor, &told.future));
    puts("told");

    cmio_notify_all(&notify); /* nobody waits, and nothing is kept */
    cmio_executor_free(executor);
    return cmio_notify_destroy(&notify) < 0;
}
