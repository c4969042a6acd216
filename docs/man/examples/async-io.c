/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/io.h>
#include <cmio/async/read.h>
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
    struct cmio_executor *executor;
    struct cmio_unix_stream ours, theirs;
    struct cmio_io io;
    struct cmio_read_future read;
    char text[64];
    check(cmio_executor_new(&executor, NULL));
    check(cmio_unix_stream_pair(&ours, &theirs));
    check(cmio_io_bind_unix_stream(&io, executor, &ours));

    check(cmio_unix_stream_write(&theirs, "hello", 5));
    check(cmio_read_future_init(&read, &io, text, sizeof text));
    const ssize_t n = check(cmio_block_on(executor, &read.future));
    printf("received %.*s\n", (int)n, text);

    check(cmio_io_close(&io)); /* first the binding, then the source */
    check(cmio_unix_stream_close(&ours));
    check(cmio_unix_stream_close(&theirs));
    cmio_executor_free(executor);
    return 0;
}
