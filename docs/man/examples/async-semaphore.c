/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/green.h>
#include <cmio/async/semaphore.h>
#include <cmio/async/sleep.h>
#include <cmio/error.h>

static struct cmio_semaphore slots;

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* Of ten, no more than three do this at once. */
static ssize_t work(void *argument) {
    struct cmio_acquire_future acquire;
    struct cmio_sleep_future sleep;
    (void)argument;
    check(cmio_acquire_future_init(&acquire, &slots, 1));
    check(cmio_await(&acquire.future));
    check(cmio_sleep_future_init(&sleep, CMIO_MILLISECOND));
    check(cmio_await(&sleep.future));
    return cmio_semaphore_release(&slots, 1);
}

int main(void) {
    struct cmio_executor *executor;
    struct cmio_join_handle *handles[10];
    struct cmio_join_future join;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_semaphore_init(&slots, 3));
    for (int i = 0; i < 10; i++)
        check(cmio_green_spawn(executor, work, NULL, NULL, &handles[i]));
    for (int i = 0; i < 10; i++) {
        check(cmio_join_future_init(&join, handles[i]));
        check(cmio_block_on(executor, &join.future));
        cmio_join_handle_drop(handles[i]);
    }
    printf("all done, %zu free\n", cmio_semaphore_permits(&slots));
    check(cmio_semaphore_try_acquire(&slots, 2));
    cmio_semaphore_close(&slots); /* nobody acquires after this */
    printf("then: %s\n",
           cmio_strerror(cmio_semaphore_try_acquire(&slots, 1)));
    check(cmio_semaphore_destroy(&slots));
    cmio_executor_free(executor);
    return 0;
}
