/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>

#include <cmio/async/write.h>
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
    struct cmio_write_all_future write;
    struct cmio_writev_all_future writev;
    struct cmio_shutdown_future shutdown;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_unix_stream_pair(&ours, &theirs));
    check(cmio_io_bind_unix_stream(&io, executor, &ours));

    check(cmio_write_all_future_init(&write, &io, "hello", 5));
    check(cmio_block_on(executor, &write.future));
    char comma[] = ", ", world[] = "world";
    struct iovec buffers[] = {{comma, 2}, {world, 5}}; /* changed */
    check(cmio_writev_all_future_init(&writev, &io, buffers, 2));
    check(cmio_block_on(executor, &writev.future));
    printf("wrote %zu and %zu\n", write.done, writev.done);
    check(cmio_shutdown_future_init(&shutdown, &io));
    check(cmio_block_on(executor, &shutdown.future));

    char text[64];
    ssize_t n;
    while ((n = check(
                cmio_unix_stream_read(&theirs, text, sizeof text))) > 0)
        printf("the peer has %.*s\n", (int)n, text);
    check(cmio_io_close(&io));
    check(cmio_unix_stream_close(&ours));
    check(cmio_unix_stream_close(&theirs));
    cmio_executor_free(executor);
    return 0;
}
