/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/map.h>
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

static ssize_t add(ssize_t result, void *argument) {
    return result < 0 ? result : result + *(int *)argument;
}

/* Goes on with another sleep, which the argument has room for. */
static ssize_t sleep_again(ssize_t result, void *argument,
                           struct cmio_future **next) {
    struct cmio_sleep_future *again = argument;
    if (result < 0)
        return result; /* ends with this */
    *next = &again->future;
    return cmio_sleep_future_init(again, CMIO_MILLISECOND);
}

int main(void) {
    cmio_map_function *const last = add;
    cmio_then_function *const second = sleep_again;
    struct cmio_sleep_future first, again;
    struct cmio_then_future then;
    struct cmio_map_future map;
    int number = 42;
    check(cmio_sleep_future_init(&first, CMIO_MILLISECOND));
    check(cmio_then_future_init(&then, &first.future, second, &again));
    check(cmio_map_future_init(&map, &then.future, last, &number));
    printf("0 + 42 = %zd\n", check(cmio_block_on(NULL, &map.future)));
    return 0;
}
