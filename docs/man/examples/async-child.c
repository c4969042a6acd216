/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmio/async/child.h>
#include <cmio/async/executor.h>
#include <cmio/error.h>
#include <cmio/spawn.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

int main(void) {
    static const char *const arguments[] = {"sh", "-c", "exit 3", NULL};
    struct cmio_executor *executor;
    struct cmio_process process;
    struct cmio_child_exit_future child_exit;
    struct cmio_io io;
    int status;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_process_spawn(
        &process, &(struct cmio_process_options){
                      .program = "sh", .arguments = arguments}));
    check(cmio_io_bind_child(&io, executor, &process.child));
    check(cmio_child_exit_future_init(&child_exit, &io, &status));
    check(cmio_block_on(executor, &child_exit.future));
    printf("exit status %d\n", WEXITSTATUS(status));
    check(cmio_io_close(&io));
    check(cmio_process_close(&process));
    cmio_executor_free(executor);
    return 0;
}
