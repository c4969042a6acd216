/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/sleep.h>
#include <cmio/async/timeout.h>
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
    struct cmio_sleep_future sleep; /* stands for what may take long */
    struct cmio_timeout_future limited;
    check(cmio_sleep_future_init(&sleep, CMIO_FOREVER));
    check(cmio_timeout_future_init(&limited, &sleep.future,
                                   10 * CMIO_MILLISECOND));
    ssize_t result = cmio_block_on(NULL, &limited.future);
    if (result == -ETIMEDOUT) /* and the sleep was dropped */
        printf("too slow; the child: %s\n",
               cmio_strerror(sleep.future.result));

    /* Several futures in a row can share a deadline. */
    const int64_t deadline = cmio_now() + 60 * CMIO_SECOND;
    for (int i = 0; i < 2; i++) {
        check(cmio_sleep_future_init(&sleep, CMIO_MILLISECOND));
        check(cmio_timeout_until_future_init(&limited, &sleep.future,
                                             deadline));
        result = check(cmio_block_on(NULL, &limited.future));
        printf("in time: %zd\n", result);
    }
    return 0;
}
