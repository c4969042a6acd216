/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/join_all.h>
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
    struct cmio_sleep_future sleeps[3];
    struct cmio_future *children[3];
    struct cmio_join_all_future all;
    const int64_t begin = cmio_now();
    for (int i = 0; i < 3; i++) {
        check(cmio_sleep_future_init(&sleeps[i], 20 * CMIO_MILLISECOND));
        children[i] = &sleeps[i].future;
    }
    check(cmio_join_all_future_init(&all, children, 3));
    check(cmio_block_on(NULL, &all.future));
    for (int i = 0; i < 3; i++)
        printf("child %d: %zd\n", i, children[i]->result);
    printf("%lld ms\n",
           (long long)((cmio_now() - begin) / CMIO_MILLISECOND));
    return 0;
}
