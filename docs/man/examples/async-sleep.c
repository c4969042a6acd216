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
    struct cmio_sleep_future sleep;
    struct cmio_yield_future yield;
    const int64_t begin = cmio_now();
    check(cmio_sleep_future_init(&sleep, 5 * CMIO_MILLISECOND));
    check(cmio_block_on(NULL, &sleep.future));

    /* Until a moment: a loop that ticks does not drift. */
    for (int i = 1; i <= 3; i++) {
        const int64_t deadline = begin + i * 10 * CMIO_MILLISECOND;
        check(cmio_sleep_until_future_init(&sleep, deadline));
        check(cmio_block_on(NULL, &sleep.future));
        printf("tick %d\n", i);
    }
    /* Gives the other tasks a turn; here there is none. */
    check(cmio_yield_future_init(&yield));
    check(cmio_block_on(NULL, &yield.future));
    printf("30 ms have passed: %d\n",
           cmio_now() - begin >= 30 * CMIO_MILLISECOND);
    return 0;
}
