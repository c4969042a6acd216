/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/sleep.h>
#include <cmio/async/task.h>
#include <cmio/error.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

static struct cmio_join_handle *
spawn_sleep(struct cmio_executor *executor, int64_t duration) {
    const struct cmio_spawn_options options = {.name = "sleeper"};
    struct cmio_sleep_future sleep;
    struct cmio_join_handle *handle;
    check(cmio_sleep_future_init(&sleep, duration));
    /* The future moves into the task: this one is not used again. */
    check(cmio_spawn(executor, &sleep.future, sizeof sleep, &options,
                     &handle));
    return handle;
}

static ssize_t join(struct cmio_executor *executor,
                    struct cmio_join_handle *handle) {
    struct cmio_join_future join;
    check(cmio_join_future_init(&join, handle));
    return cmio_block_on(executor, &join.future);
}

int main(void) {
    struct cmio_executor *executor;
    check(cmio_executor_new(&executor, NULL));
    struct cmio_join_handle *quick =
        spawn_sleep(executor, CMIO_MILLISECOND);
    struct cmio_join_handle *endless =
        spawn_sleep(executor, CMIO_FOREVER);

    printf("quick: %s\n", cmio_strerror(join(executor, quick)));
    printf("endless has ended: %d\n",
           cmio_join_handle_is_finished(endless));
    check(cmio_join_handle_abort(endless));
    printf("aborted: %s\n", cmio_strerror(join(executor, endless)));

    cmio_join_handle_drop(quick);
    cmio_join_handle_drop(endless);
    cmio_executor_free(executor);
    return 0;
}
