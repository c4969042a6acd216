/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/green.h>
#include <cmio/async/join_set.h>
#include <cmio/async/sleep.h>
#include <cmio/error.h>

enum { JOBS = 6, ROOM = 3 };

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* Six jobs, of which three run at once. */
static ssize_t run_jobs(void *argument) {
    struct cmio_join_set *set = argument;
    struct cmio_join_set_future ended;
    struct cmio_sleep_future jobs[JOBS], endless;
    size_t begun = 0, done = 0;
    while (begun < JOBS || cmio_join_set_count(set) > 0) {
        while (begun < JOBS && cmio_join_set_count(set) < ROOM) {
            check(
                cmio_sleep_future_init(&jobs[begun], CMIO_MILLISECOND));
            check(cmio_join_set_add(set, &jobs[begun].future));
            begun++;
        }
        check(cmio_join_set_future_init(&ended, set));
        check(cmio_await(&ended.future)); /* the place of one */
        done++;
    }
    printf("jobs done: %zu\n", done);

    check(cmio_sleep_future_init(&endless, CMIO_FOREVER));
    const ssize_t place = check(cmio_join_set_add(set, &endless.future));
    check(cmio_join_set_cancel(set, (size_t)place));
    /* Its end is reported, too. Until then the set knows it. */
    check(cmio_join_set_future_init(&ended, set));
    check(cmio_await(&ended.future));
    printf("given up: %s\n", cmio_strerror(endless.future.result));
    return 0;
}

int main(void) {
    struct cmio_executor *executor;
    struct cmio_join_set *set;
    struct cmio_join_handle *handle;
    struct cmio_join_future join;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_join_set_new(&set, ROOM));
    check(cmio_green_spawn(executor, run_jobs, set, NULL, &handle));
    check(cmio_join_future_init(&join, handle));
    check(cmio_block_on(executor, &join.future));
    cmio_join_handle_drop(handle);
    cmio_join_set_free(set);
    cmio_executor_free(executor);
    return 0;
}
