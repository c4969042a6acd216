/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/signal.h>
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
    static const int numbers[] = {SIGINT, SIGTERM};
    struct cmio_executor *executor;
    struct cmio_signals signals;
    struct cmio_signal_future next;
    struct cmio_io io;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_signals_init(&signals, numbers, 2));
    check(cmio_io_bind_signals(&io, executor, &signals));

    (void)raise(SIGTERM); /* stands for what others send */
    check(cmio_signal_future_init(&next, &io));
    const ssize_t number = check(cmio_block_on(executor, &next.future));
    printf("signal %zd: time to stop\n", number);
    check(cmio_io_close(&io));
    check(cmio_signals_close(&signals));
    cmio_executor_free(executor);
    return 0;
}
