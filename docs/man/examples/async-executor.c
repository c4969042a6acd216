/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
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

int main(void) {
    /* Zeros are the defaults, and so is NULL for the options. */
    const struct cmio_executor_options options = {.workers = 2,
                                                  .blocking_threads = 4};
    struct cmio_executor *executor;
    struct cmio_sleep_future sleep;
    check(cmio_executor_new(&executor, &options));

    /* A worker polls the future while this thread sleeps. */
    check(cmio_sleep_future_init(&sleep, 10 * CMIO_MILLISECOND));
    printf("result: %zd\n",
           check(cmio_block_on(executor, &sleep.future)));

    /* Ends tasks that are left, for a second at most. */
    check(cmio_executor_shutdown(executor, cmio_now() + CMIO_SECOND));
    cmio_executor_free(executor);

    /* An executor without threads, made for this call alone. */
    check(cmio_sleep_future_init(&sleep, 10 * CMIO_MILLISECOND));
    printf("result: %zd\n", check(cmio_block_on(NULL, &sleep.future)));
    return 0;
}
