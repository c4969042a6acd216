/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/inspect.h>
#include <cmio/async/sleep.h>
#include <cmio/async/task.h>
#include <cmio/error.h>

enum { ROOM = 16 };

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

static const char *name_of(enum cmio_task_state state) {
    switch (state) {
    case CMIO_TASK_WAITING:
        return "waiting";
    case CMIO_TASK_QUEUED:
        return "queued";
    case CMIO_TASK_RUNNING:
        return "running";
    }
    return "unknown";
}

int main(void) {
    struct cmio_executor *executor;
    struct cmio_sleep_future sleep;
    struct cmio_executor_counts counts;
    struct cmio_task_info tasks[ROOM];
    check(cmio_executor_new(&executor, NULL));
    check(cmio_sleep_future_init(&sleep, CMIO_FOREVER));
    check(cmio_spawn(executor, &sleep.future, sizeof sleep,
                     &(struct cmio_spawn_options){.name = "idler"},
                     NULL));
    check(cmio_sleep_future_init(&sleep, 10 * CMIO_MILLISECOND));
    check(cmio_block_on(executor, &sleep.future));

    check(cmio_executor_count(executor, &counts));
    printf("workers: %zu, tasks: %zu, polls: %" PRIu64 "\n",
           counts.workers, counts.tasks, counts.polls);
    const ssize_t count =
        check(cmio_executor_tasks(executor, tasks, ROOM));
    for (ssize_t i = 0; i < count && i < ROOM; i++)
        printf("%s: %s for %s\n", tasks[i].name, name_of(tasks[i].state),
               tasks[i].awaiting != NULL ? tasks[i].awaiting
                                         : "something");
    cmio_executor_free(executor);
    return 0;
}
