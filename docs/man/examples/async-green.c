/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/green.h>
#include <cmio/async/sleep.h>
#include <cmio/error.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

static ssize_t work(void *argument) {
    struct cmio_sleep_future sleep;
    int *rounds = argument;
    do { /* until it is aborted */
        ++*rounds;
        check(cmio_sleep_future_init(&sleep, CMIO_MILLISECOND));
    } while (cmio_await(&sleep.future) != -ECANCELED);

    check(cmio_shield_begin()); /* to wait nevertheless */
    check(cmio_sleep_future_init(&sleep, CMIO_MILLISECOND));
    check(cmio_await(&sleep.future));
    check(cmio_shield_end());
    return 7;
}

int main(void) {
    const struct cmio_green_options options = {.name = "worker",
                                               .stack_size = 128 * 1024};
    struct cmio_executor *executor;
    struct cmio_join_handle *handle;
    struct cmio_join_future join;
    struct cmio_sleep_future sleep;
    int rounds = 0;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_green_spawn(executor, work, &rounds, &options, &handle));
    check(cmio_sleep_future_init(&sleep, 20 * CMIO_MILLISECOND));
    check(cmio_block_on(executor, &sleep.future));

    check(cmio_join_handle_abort(handle));
    check(cmio_join_future_init(&join, handle));
    const ssize_t result = cmio_block_on(executor, &join.future);
    printf("%d rounds, result %zd\n", rounds, result);
    cmio_join_handle_drop(handle);
    cmio_executor_free(executor);
    return 0;
}
