/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/datagram.h>
#include <cmio/async/executor.h>
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
    struct cmio_unix_datagram ours, theirs;
    struct cmio_send_to_future send;
    struct cmio_io io;
    char text[64];
    check(cmio_executor_new(&executor, NULL));
    check(cmio_unix_datagram_pair(&ours, &theirs));
    check(cmio_io_bind_unix_datagram(&io, executor, &ours));

    /* To the peer. It waits while the peer has no room. */
    check(cmio_send_to_future_init(&send, &io, "hello", 5, NULL));
    check(cmio_block_on(executor, &send.future));
    const ssize_t n =
        check(cmio_unix_datagram_recv(&theirs, text, sizeof text, NULL));
    printf("the peer has %.*s\n", (int)n, text);
    check(cmio_io_close(&io));
    check(cmio_unix_datagram_close(&ours));
    check(cmio_unix_datagram_close(&theirs));
    cmio_executor_free(executor);
    return 0;
}
