/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/green.h>
#include <cmio/async/select.h>
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

static ssize_t run(void *argument) {
    struct cmio_sleep_future sleeps[3];
    struct cmio_future *children[3];
    struct cmio_select_future select;
    (void)argument;
    for (int i = 0; i < 3; i++) {
        const int64_t duration = (3 - i) * 5 * CMIO_MILLISECOND;
        check(cmio_sleep_future_init(&sleeps[i], duration));
        children[i] = &sleeps[i].future;
    }
    for (int left = 3; left > 1; left--) {
        check(cmio_select_future_init(&select, children, 3));
        const ssize_t index = check(cmio_await(&select.future));
        printf("number %zd has ended\n", index);
        children[index] = NULL; /* go on with the others */
    }
    for (int i = 0; i < 3; i++)
        cmio_future_drop(children[i]); /* the last one */
    return 0;
}

int main(void) {
    struct cmio_executor *executor;
    struct cmio_join_handle *handle;
    struct cmio_join_future join;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_green_spawn(executor, run, NULL, NULL, &handle));
    check(cmio_join_future_init(&join, handle));
    check(cmio_block_on(executor, &join.future));
    cmio_join_handle_drop(handle);
    cmio_executor_free(executor);
    return 0;
}
